# row: 88, 180
# title: Ends and kills that meet in the same instant hit nobody else, and lose
#    neither a box nor a job.
# tries: 150 jobs that end, fork or exec in the moment of a cancel, of a wall
#    limit or of a kill of their own, six at a time (--full: 100,000 of them, or
#    as many as fit into ATTACK_SECONDS)
# side: outside

import concurrent.futures
import json
import os
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
    wrong, done = [], []
    rnd = random.Random(180)
    stop = time.time() + float(os.environ.get("ATTACK_SECONDS", 1e9))

    def one(n):
        if wrong or time.time() > stop:
            return
        done.append(1)
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
            status, _, raw = site.client.ask("DELETE",
                                             "/jobs/" + job["job_id"])
            # 200 has the whole job, which need not be kept after that
            if status == 200:
                job = json.loads(raw)
        end = time.time() + 20
        while time.time() < end and job["status"] not in FINAL | {"error"}:
            job = json.loads(site.client.ask(
                "GET", "/jobs/" + job["job_id"])[2])
            time.sleep(0.01)
        if job["status"] not in FINAL:
            wrong.append("%s %s" % (job["status"], job.get("error")))

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        list(pool.map(one, range(100000 if site.full else 150)))
    if site.full:
        wrong.append("FIGURE: %d ends" % len(done))
    return wrong
