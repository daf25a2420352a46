# row: 133
# title: Jobs that hang do not take the pool: the queue is bounded, the rest
#    waits its turn, and all recovers alone.
# tries: 40 jobs that sleep to their limit on six boxes
# side: outside

import concurrent.futures
import json
import time


def run(site, host):
    wrong = []
    ids = []
    for n in range(40):
        status, head, raw = site.client.ask("POST", "/execute", {
            "code": "import time; time.sleep(30)",
            "limits": {"timeout_ms": 400}})
        if status == 202:
            ids.append(json.loads(raw)["job_id"])
        elif status not in (429, 503) or "Retry-After" not in head:
            wrong.append("%d %s" % (status, raw[:100]))
    begin = time.time()
    job = site.client.run("print(7)")
    if job["stdout"] != "7\n":
        wrong.append("the next job: %s" % job["status"])
    waited = time.time() - begin
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for _, _, raw in pool.map(
                lambda i: site.client.ask("GET", "/jobs/%s" % i), ids):
            job = json.loads(raw)
            if job["status"] not in ("timed_out", "running", "queued"):
                wrong.append("%s %s" % (job["status"], job.get("error")))
    end = time.time() + 30
    for one in ids:
        while time.time() < end:
            job = json.loads(site.client.ask("GET", "/jobs/" + one)[2])
            if job["status"] == "timed_out":
                break
            time.sleep(0.05)
        if job["status"] != "timed_out" or job.get("limit") != "wall":
            wrong.append("%s: %s" % (one, job))
    wrong.append("FIGURE: 40 jobs at their limit: %d accepted, the next waited"
                 " %.1f s" % (len(ids), waited))
    return wrong
