# row: 55
# title: So does a tree: processor time is summed over 24 children and their
#    threads, dead ones too.
# gvisor: the sentry's own threads count and end a little later
# tries: children that burn and die, children that burn on, threads
# limits: {"cpu_ms": 1000, "timeout_ms": 30000}
# expect: status=timed_out, limit=cpu, cpu>950, cpu<1500
# heavy: yes
# control: nothing limits it outside
# rootless: without a cgroup processor time is limited for each process, in whole
#    seconds

import os
import threading
import time


def burn(seconds):
    end = time.time() + seconds
    while time.time() < end:
        pass


for n in range(6):
    if os.fork() == 0:
        burn(0.05)
        os._exit(0)
    os.wait()
for n in range(24):
    if os.fork() == 0:
        burn(100)
for n in range(16):
    threading.Thread(target=burn, args=(100,)).start()
