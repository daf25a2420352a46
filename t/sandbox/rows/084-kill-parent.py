# row: 84
# title: A child that kills all it may ends its job with a truthful verdict.
# tries: kill(-1, SIGKILL) and SIGSEGV from a child
# expect: status=failed, signal=SIGKILL
# control: it would end the host's processes

import os
import time

if os.fork() == 0:
    os.kill(-1, 9)
time.sleep(20)
