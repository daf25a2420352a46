# row: 25
# title: No terminal to type into, and no ioctl that would.
# gvisor: terminals are the sentry's, made for this job
# tries: TIOCSTI, TIOCLINUX, TIOCSETD, with rubbish above bit 31; /dev/tty,
#    ptmx, pts; the session
# control: host-safe

import os
from attack import breach, call, control, held, refused, tries

for request in (0x5412, 0x541c, 0x5423, 0x540e, 0x5422, 0x5437):
    for fd in (0, 1, 2):
        for high in (0, 1 << 32, 0xdead << 40):
            if control() and (request, high) != (0x5423, 0):
                continue
            refused("ioctl %#x" % (request | high), 16, fd, request | high, 0)
for path in ("/dev/tty", "/dev/ptmx", "/dev/pts/0", "/dev/console",
             "/dev/tty0", "/dev/pts/ptmx"):
    if not control():
        tries(path, os.open, path, os.O_RDWR | os.O_NOCTTY, by=("ENOENT",))
if not control() and os.getsid(0) != os.getpid():
    breach("not a session of its own")
held()
