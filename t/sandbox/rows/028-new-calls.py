# row: 28
# title: What this list was not written for is refused.
# tries: each number above 334 that is not on the list, to 4096 and at the
#    ends of the range; memfd_secret, landlock, cachestat, futex_waitv, mseal...
# control: host-safe

import os
import signal
from attack import breach, call, control, held, refused

LISTED = {334, 424, 434, 436, 437, 439, 441}
# uretprobe and uprobe pass every filter (the kernel makes programs call them)
# and end who calls them by himself
UPROBES = {335, 336}
numbers = [444, 449, 451] if control() else \
    [n for n in range(334, 4096) if n not in LISTED | UPROBES] + \
    [1 << 16, 0x3fffffff, 0x7fffffff, 0x80000000, 0xffffffff, 0xffffffff1]
for number in numbers:
    refused("call %#x" % number, number, 0, 0, 0, 0, 0, 0)
for number in UPROBES:
    pid = os.fork()
    if pid == 0:
        os._exit(call(number, 0)[0] != -1)
    status = os.waitpid(pid, 0)[1]
    if status not in (0, signal.SIGILL, signal.SIGSEGV):
        breach("call %d: %#x" % (number, status))
held()
