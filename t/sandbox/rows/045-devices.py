# row: 45
# title: /dev has null, zero, full, random and urandom; no node can be made.
# gvisor: /dev is the sentry's
# tries: the list of /dev; mknod of disks, memory, kvm, tun, fuse, loop, vsock
# control: host-safe

import os
import stat
import subprocess
from attack import breach, control, held

ALLOWED = {"null", "zero", "full", "random", "urandom"}
LINKS = {"fd", "stdin", "stdout", "stderr", "shm"}
for root, dirs, names in os.walk("/dev"):
    for name in dirs + names:
        path = os.path.join(root, name)
        if os.path.islink(path):
            if name not in LINKS:
                breach("link " + path)
            continue
        if name not in ALLOWED:
            breach("there is " + path)
if control():
    held()
    raise SystemExit
for minor, major in ((0, 259), (1, 1), (2, 1), (4, 1), (232, 10), (200, 10),
                     (229, 10), (0, 7), (0, 254), (0, 8), (237, 10),
                     (241, 10), (3, 1), (0, 0)):
    for kind in (stat.S_IFCHR, stat.S_IFBLK):
        for path in ("/tmp/node", "/box/node"):
            try:
                os.mknod(path, kind | 0o666, os.makedev(major, minor))
                breach("mknod %d:%d" % (major, minor))
            except PermissionError:
                pass
# unlike a device, a socket of the host could be made by mknod, and is not
try:
    os.mknod("/tmp/socket", stat.S_IFSOCK | 0o666)
    breach("mknod of a socket")
except PermissionError:
    pass
for name in ("/dev/kvm", "/dev/vsock", "/dev/vda", "/dev/mem", "/dev/fuse",
             "/dev/net/tun", "/dev/loop0", "/dev/loop-control", "/dev/port",
             "/dev/vhost-vsock", "/dev/mqueue", "/dev/ptmx", "/dev/input"):
    if os.path.lexists(name):
        breach("there is " + name)
held()
