# row: V2
# title: A limit of processor time is held within 50 ms.
# tries: 12 jobs that burn with one process, with four threads in C, with three
#    processes; limits from 200 to 700 ms; the median, and none over by 250 ms
# side: outside
# rootless: without a cgroup processor time is limited for each process, in whole
#    seconds

CODES = (
    "while True: pass",
    "import hashlib, threading\n"
    "def f():\n    while True: hashlib.sha256(bytes(10**6))\n"
    "for _ in range(4): threading.Thread(target=f).start()",
    "import os\nos.fork(); os.fork()\nwhile True: pass",
)


def run(site, host):
    wrong, over = [], []
    for n in range(12):
        limit = 200 + 45 * n
        job = site.client.run(CODES[n % 3], limits={"cpu_ms": limit,
                                                    "timeout_ms": 20000})
        if (job["status"], job["limit"]) != ("timed_out", "cpu"):
            wrong.append("%s %s after %.0f ms" % (
                job["status"], job["limit"], job["cpu_time_ms"]))
        over.append(job["cpu_time_ms"] - limit)
    over.sort()
    if over[0] < -1:
        wrong.append("%.1f ms too early" % -over[0])
    if over[6] > 50 or over[-1] > 250:
        wrong.append("over by %s ms" % ["%.1f" % x for x in over])
    wrong.append("FIGURE: cpu limit: over by %.1f ms (median), %.1f (worst "
                 "of 12)" % (over[6], over[-1]))
    return wrong
