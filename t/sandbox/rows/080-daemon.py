# row: 80
# title: A daemon dies with its job.
# tries: setsid, double fork, all signals ignored, a new process group, sleep
# control: host processes would be left

import os
import signal
import time

for _ in range(4):
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        for n in range(1, 65):
            try:
                signal.signal(n, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        for fd in range(3):
            os.close(fd)
        os.setpgid(0, 0)
        os.chdir("/")
        while True:
            time.sleep(3600)
time.sleep(0.1)
print("HELD", flush=True)
