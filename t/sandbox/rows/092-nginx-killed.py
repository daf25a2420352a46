# row: 92
# title: An nginx worker that is killed leaves no sandbox and no slot behind; a
#    reload loses no job, and the workers that follow know the pool at once.
# tries: SIGKILL of an nginx worker with twelve jobs in flight, three times; HUP of nginx under load
# side: outside
# needs: root

import concurrent.futures
import http.client
import json
import os
import signal
import time


def workers(site):
    out = []
    for name in os.listdir("/proc/%d/task" % site.nginx.pid):
        with open("/proc/%d/task/%s/children" % (site.nginx.pid, name)) as f:
            out += [int(p) for p in f.read().split()]
    return out


def run(site, host):
    wrong, early = [], []

    def one(_, again=0):
        try:
            return site.client.run("import time; time.sleep(0.4); print(7)")
        except (OSError, ValueError, http.client.HTTPException) as e:
            if "503" in str(e) and again < 20:
                # a new worker that does not meet the pool for a second
                early.append(1)
                time.sleep(0.05)
                return one(_, again + 1)
            return {"stdout": repr(e)}

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        for _ in range(3):
            jobs = list(pool.submit(one, n) for n in range(12))
            time.sleep(0.3)
            os.kill(workers(site)[0], signal.SIGKILL)
            for job in jobs:
                job.result()
            site.wait_ready()

        # a reload: every job that was accepted is there, and ends well
        ids = []
        for n in range(8):
            status, _, raw = site.client.ask(
                "POST", "/execute",
                {"code": "import time; time.sleep(0.8); print(7)"})
            if status == 202:
                ids.append(json.loads(raw)["job_id"])
        site.nginx.send_signal(signal.SIGHUP)
        jobs = list(pool.submit(one, n) for n in range(8))
        end = time.time() + 30
        for job in ids:
            while time.time() < end:
                answer = json.loads(site.client.ask("GET",
                                                    "/jobs/" + job)[2])
                early += [1] if answer["status"] in (404, 503) else []
                if answer["status"] not in ("queued", "running", 404, 503):
                    break
                time.sleep(0.05)
            if answer.get("status") != "succeeded":
                wrong.append("after a reload: %s" % answer)
        for job in jobs:
            if job.result()["stdout"] != "7\n":
                wrong.append("during a reload: " + job.result()["stdout"])
    # the old workers go when their connections have
    time.sleep(1)
    site.wait_ready()
    host.rebase()
    wrong.append("FIGURE: %d answers 503 or 404 of nginx workers that had "
                 "not met the pool yet" % len(early))
    if len(early) > 3:
        wrong.append("%d answers of workers without a pool" % len(early))
    site.victims_excused = True
    return wrong
