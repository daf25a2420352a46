# row: 181
# title: A job cannot reach the sandboxes that are built beside it.
# gvisor: each sees the pid 1 of its own sentry
# tries: four jobs that signal, trace, look and lock as fast as they can, while
#    sixty sandboxes are built and used beside them (--full: 6,000)
# side: outside
# rootless: pid 1 has the program's uid; the kernel alone keeps it from signals of
#    its own namespace

import concurrent.futures
import time

ATTACK = """import ctypes, os, time
libc = ctypes.CDLL(None)
end = time.time() + 1.8
mine = {os.getpid()}
while time.time() < end:
    for name in os.listdir('/proc'):
        if name.isdigit() and int(name) not in mine:
            print('BREACH:sees', name, flush=True)
    for pid in range(1, 400):
        if pid in mine:
            continue
        for sig in (0, 9, 19):
            try:
                os.kill(pid, sig)
                print('BREACH:signals', pid, flush=True)
            except OSError:
                pass
        libc.syscall(101, 16, pid, 0, 0)
    try:
        os.kill(-1, 0)
    except OSError:
        pass
print('HELD')
"""


def run(site, host):
    wrong = []
    turns = 100 if site.full else 1
    for _ in range(turns):
        wrong += once(site)
    if site.full:
        wrong.append("FIGURE: %d sandboxes beside %d attacks" % (
            60 * turns, 4 * turns))
    return wrong


def once(site):
    wrong = []
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        attacks = [pool.submit(site.client.run, ATTACK) for _ in range(4)]
        time.sleep(0.2)
        jobs = list(pool.map(lambda n: site.client.run(
            "print(%d * 7)" % n), range(60)))
        for n, job in enumerate(jobs):
            if job["stdout"] != "%d\n" % (n * 7) or job["attempt"] != 1:
                wrong.append("job %d: %s, attempt %s" % (
                    n, job["status"], job["attempt"]))
        for attack in attacks:
            job = attack.result()
            if job["stdout"] != "HELD\n":
                wrong.append("%s %s" % (job["status"],
                                        job["stdout"][:200]))
    return wrong
