# row: 8
# title: No tracing, not of itself, of a child, of pid 1 or of a neighbour.
# tries: ptrace TRACEME, ATTACH, SEIZE, GETREGS; PR_SET_PTRACER
# control: host-safe

import os
import signal
from attack import control, held, refused

child = os.fork()
if child == 0:
    signal.pause()
    os._exit(0)
for request in (3, 12, 16, 0x4206, 0x4207, 31):
    for pid in (child,) if control() else (child, 1, os.getpid(), 2, 3):
        refused("ptrace %#x of %d" % (request, pid), 101, request, pid, 0, 0)
if not control():
    refused("ptrace TRACEME", 101, 0, 0, 0, 0)
    refused("PR_SET_PTRACER", 157, 0x59616d61, -1, 0, 0, 0)
os.kill(child, signal.SIGKILL)
os.waitpid(child, 0)
held()
