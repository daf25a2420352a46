# row: 88, 180
# title: Ends and kills that meet in the same instant hit nobody else, and lose
#    neither a box nor a job.
# tries: 150 jobs that end, fork or exec in the moment of a cancel, of a wall
#    limit or of a kill of their own, six at a time
# side: outside

import concurrent.futures
import json
import random
import time

CODES = (
    "import time; time.sleep(0.02)",
    "import os\nwhile True:\n    if os.fork() == 0: os._exit(0)\n"
    "    os.wait()",
    "import os, sys\n"
    "if len(sys.argv) < 60: os.execv(sys.executable, [sys.executable, '-c',"
    " 'import time; time.sleep(0.01)'])",
    "import os, signal\nfor _ in range(3): os.fork()\n"
    "os.kill(os.getpid(), signal.SIGKILL)",
    "import os\nos.fork()\nos.fork()\nos.abort()",
)
FINAL = {"succeeded", "failed", "timed_out", "cancelled", "memory_exceeded",
         "output_exceeded"}


def run(site, host):
    wrong = []
    rnd = random.Random(180)

    def one(n):
        limit = rnd.choice((20, 30, 50, 100))
        body = {"code": rnd.choice(CODES),
                "limits": {"timeout_ms": max(100, limit)}}
        status, _, raw = site.client.ask("POST", "/execute", body)
        job = json.loads(raw)
        if status != 202:
            wrong.append("%d %s" % (status, raw[:200]))
            return
        if n % 2:
            time.sleep(rnd.random() * 0.05)
            site.client.ask("DELETE", "/jobs/" + job["job_id"])
        end = time.time() + 20
        while time.time() < end:
            job = json.loads(site.client.ask(
                "GET", "/jobs/" + job["job_id"])[2])
            if job["status"] not in ("queued", "running", "starting"):
                break
            time.sleep(0.01)
        if job["status"] not in FINAL:
            wrong.append("%s %s" % (job["status"], job.get("error")))

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(one, range(150)))
    return wrong
