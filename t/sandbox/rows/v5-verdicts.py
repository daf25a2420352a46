# row: V5
# title: Each limit ends in its own verdict, with its figures and the output so
#    far.
# tries: wall, cpu, memory (touched, refused, in a child), output, processes,
#    open files, file size, exit codes, signals, cancel
# side: outside
# rootless: without a cgroup memory is limited for each process, as address space;
#    files, pipes and sockets are not counted

import json
import time

BEFORE = "print('before', flush=True)\n"
CASES = (
    ("import time; time.sleep(9)", {"timeout_ms": 300}, "timed_out", "wall",
     "SIGKILL"),
    ("while True: pass", {"cpu_ms": 300, "timeout_ms": 9000}, "timed_out",
     "cpu", "SIGKILL"),
    ("x = []\nwhile True: x.append(b'x' * 10**6)", {"memory_mb": 64},
     "memory_exceeded", "memory", "SIGKILL"),
    ("x = bytearray(1 << 45)", {}, "memory_exceeded", "memory", None),
    ("import os\nif os.fork() == 0:\n    x = []\n"
     "    while True: x.append(b'x' * 10**6)\nos.wait()", {"memory_mb": 64},
     "memory_exceeded", "memory", None),
    ("while True: print('x' * 1000)", {"output_kb": 64}, "output_exceeded",
     "output", "SIGKILL"),
    ("import sys; sys.exit(5)", {}, "failed", None, None),
    ("import os; os.kill(os.getpid(), 11)", {}, "failed", None, "SIGSEGV"),
    ("open('x', 'wb').truncate(1 << 40)", {}, "failed", None, None),
    ("x = [open('/dev/null') for _ in range(2000)]", {}, "failed", None,
     None),
    ("pass", {}, "succeeded", None, None),
)


def run(site, host):
    wrong = []
    for code, limits, status, limit, signal in CASES:
        job = site.client.run(BEFORE + code, limits=limits)
        if (job["status"], job["limit"]) != (status, limit) \
                or (signal and job["signal"] != signal) \
                or not job["stdout"].startswith("before\n"):
            wrong.append("%s: %s %s %s %r" % (
                code, job["status"], job["limit"], job["signal"],
                job["stdout"][:20]))
        for name in ("execution_time_ms", "cpu_time_ms", "memory_peak_kb"):
            if job[name] is None or job[name] < 0:
                wrong.append("%s: %s is %s" % (code, name, job[name]))
    status, _, raw = site.client.ask(
        "POST", "/execute", {"code": BEFORE + "import time; time.sleep(9)"})
    job = json.loads(raw)["job_id"]
    time.sleep(0.5)
    site.client.ask("DELETE", "/jobs/" + job)
    end = time.time() + 5
    answer = {}
    while time.time() < end and answer.get("status") != "cancelled":
        answer = json.loads(site.client.ask("GET", "/jobs/" + job)[2])
    if answer.get("status") != "cancelled" or answer["stdout"] != "before\n":
        wrong.append("cancelled: %s" % answer)
    return wrong
