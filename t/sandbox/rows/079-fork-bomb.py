# row: 79
# title: A fork bomb ends at the number of processes and dies with its job.
# gvisor: each fork takes megabytes of a sentry, so memory may end it first
# tries: while True: fork(), in Python
# limits: {"timeout_ms": 2000, "processes": 32}
# expect: status=timed_out|failed, stdout~COUNT
# heavy: yes
# control: it would do on the host what it does not do here

import os
import sys

made = 0
while True:
    try:
        if os.fork() == 0:
            made = -10000
        made += 1
    except OSError as e:
        if made > 0:
            if made > 33:
                print("BREACH:%d children" % made)
            print("COUNT", made, e.strerror, flush=True)
            made = -10000
