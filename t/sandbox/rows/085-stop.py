# row: 85
# title: A job that stops itself ends at its wall limit.
# tries: SIGSTOP to itself, a storm of stops and continues to children,
#    SIGTSTP, SIGTTIN
# limits: {"timeout_ms": 1500}
# expect: status=timed_out, limit=wall, stdout~^STOPPED, cpu<1500
# control: it would only wait outside

import os
import signal
import time

child = os.fork()
if child == 0:
    while True:
        time.sleep(0.01)
for n in range(100):
    os.kill(child, signal.SIGSTOP)
    os.kill(child, signal.SIGCONT)
print("STOPPED", flush=True)
for n in (signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGSTOP):
    os.kill(os.getpid(), n)
time.sleep(30)
