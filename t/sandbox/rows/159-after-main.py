# row: 159
# title: What is left to run after the program ends when the interpreter's own
#    rules say, and no later than the limit.
# tries: atexit without end, __del__ without end, threads that go on, timers
# side: outside

CODES = (
    ("import atexit, time\natexit.register(time.sleep, 100)\nprint(1)",
     "timed_out"),
    ("import atexit\natexit.register(print, 2)\nprint(1)", "succeeded"),
    ("class A:\n def __del__(self):\n  while True: pass\na = A()\nprint(1)",
     "timed_out"),
    ("import threading, time\n"
     "threading.Thread(target=time.sleep, args=(100,)).start()\nprint(1)",
     "timed_out"),
    ("import threading, time\nthreading.Thread(target=time.sleep, "
     "args=(100,), daemon=True).start()\nprint(1)", "succeeded"),
    ("import signal\nsignal.setitimer(signal.ITIMER_REAL, 0.001)\nprint(1)\n"
     "import time; time.sleep(0.5)", "failed"),
    ("import atexit, os\natexit.register(lambda: os.fork() and 0)\nprint(1)",
     "succeeded"),
    ("import sys\nsys.stdout.close()", "succeeded"),
)


def run(site, host):
    wrong = []
    for code, status in CODES:
        job = site.client.run(code, limits={"timeout_ms": 1200,
                                            "cpu_ms": 1000})
        if job["status"] != status or (
                "print(1)" in code and not job["stdout"].startswith("1\n")):
            wrong.append("%s: %s %r %s" % (code, job["status"],
                                           job["stdout"], job["stderr"]))
    return wrong
