# row: 83
# title: Zombies and orphans are reaped, with and without a subreaper.
# gvisor: slower, the wall clock ends it
# tries: 40 zombies; orphans two deep; PR_SET_CHILD_SUBREAPER and its death
# expect: status=succeeded, stdout~^HELD
# control: it would leave zombies to the host's init

import ctypes
import os
import time

EAGAIN = BlockingIOError
libc = ctypes.CDLL(None)
for n in range(20):
    if os.fork() == 0:
        os._exit(0)
if os.fork() == 0:
    libc.prctl(36, 1, 0, 0, 0)
    for n in range(10):
        if os.fork() == 0:
            if os.fork() == 0:
                time.sleep(30)
            os._exit(0)
    time.sleep(0.1)
    os._exit(0)
time.sleep(0.3)
# orphans are init's now: it reaps them, so there is room again
made = refused = 0
while made < 300 and refused < 1000:
    try:
        if os.fork() == 0:
            try:
                os.fork()
            finally:
                os._exit(0)
        made += 1
        os.wait()
    except EAGAIN:
        # init has not got round to them yet
        refused += 1
        time.sleep(0.005)
if made < 300:
    print("BREACH:zombies fill the job up after", made)
print("HELD")
