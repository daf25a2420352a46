# row: 87
# title: Exit codes and signals are told as they are; no code, signal or text
#    forges the verdict of a limit.
# tries: all exit codes, all signals by kill; SIGXCPU, SIGSYS and SIGXFSZ by
#    hand; 137; "MemoryError" printed by a program that ends well
# side: outside

import concurrent.futures
import signal


def run(site, host):
    wrong = []
    names = {s.value: s.name for s in signal.Signals}

    def check(code, **want):
        job = site.client.run(code)
        for key, value in want.items():
            if job[key] != value:
                wrong.append("%r: %s is %r, not %r" % (
                    code, key, job[key], value))

    def exits(n):
        check("import os; os._exit(%d)" % n, exit_code=n, signal=None,
              status="succeeded" if n == 0 else "failed", limit=None)

    def signals(n):
        # real-time signals have no name in the job; by number or SIGRTMIN+n
        job = site.client.run("import os; os.kill(os.getpid(), %d); "
                              "import time; time.sleep(0.2)" % n)
        quiet = ("SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH", "SIGPIPE",
                 "SIGXFSZ", "SIGINT", "SIGSTOP", "SIGTSTP", "SIGTTIN",
                 "SIGTTOU")
        name = names.get(n)
        if name in quiet or 32 <= n <= 33:
            return
        if job["status"] != "failed" or job["limit"] is not None \
                or not job["signal"] \
                or (name and n < 32 and job["signal"] != name):
            wrong.append("signal %d: %s %s %s" % (
                n, job["status"], job["signal"], job["limit"]))

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(exits, list(range(0, 256, 5)) + [1, 2, 137, 139, 143,
                                                       124, 159, 255]))
        list(pool.map(signals, range(1, 65)))
    # a program's own words are not a verdict
    check("import sys; print('MemoryError', file=sys.stderr)",
          status="succeeded", limit=None)
    check("import sys; print('MemoryError', file=sys.stderr); sys.exit(3)",
          status="failed", limit=None, exit_code=3)
    check("import sys; print('timed_out'); sys.exit(124)",
          status="failed", limit=None, exit_code=124)
    return wrong
