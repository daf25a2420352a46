# row: 9
# title: No reading, writing or stealing from another process.
# gvisor: /proc/1 is the sentry's: what can be opened there cannot be read
# tries: process_vm_readv and _writev, process_madvise, process_mrelease,
#    kcmp, pidfd_getfd, /proc/PID/mem of pid 1
# control: host-safe

import ctypes
import os
import struct
from attack import breach, call, control, held, refused

data = ctypes.create_string_buffer(64)
iov = ctypes.create_string_buffer(
    struct.pack("QQ", ctypes.addressof(data), 64))
at = ctypes.addressof(iov)
me = os.getpid()
pidfd, _ = call(434, me, 0)
for pid in (me,) if control() else (me, 1, 3, os.getppid()):
    refused("process_vm_readv", 310, pid, at, 1, at, 1, 0)
    refused("process_vm_writev", 311, pid, at, 1, at, 1, 0)
    refused("kcmp", 312, pid, me, 0, 0, 0)
for fd in range(3):
    refused("pidfd_getfd", 438, pidfd, fd, 0)
refused("process_madvise", 440, pidfd, at, 1, 4, 0)
refused("process_mrelease", 448, -1, 0)
for name in ("mem", "environ", "maps", "auxv", "stack", "syscall"):
    try:
        os.close(os.open("/proc/1/" + name, os.O_RDONLY))
        breach("/proc/1/%s can be opened" % name)
    except OSError:
        pass
held()
