# row: 31
# title: No priority above the others', no memory policy.
# gvisor: priorities are the sentry's and reach no thread outside
# tries: sched_setscheduler, sched_setattr, setpriority, ioprio_set,
#    set_mempolicy, mbind, migrate_pages, move_pages, affinity
# control: host-safe
# rootless: pid 1 has the program's uid; the kernel alone keeps it from signals of
#    its own namespace

import ctypes
import os
import struct
from attack import breach, call, control, held, refused

param = ctypes.create_string_buffer(struct.pack("i", 1))
at = ctypes.addressof(param)
if control():
    if call(141, 0, os.getpid(), -1)[0] == 0:
        breach("has raised its priority")
    held()
    raise SystemExit
for policy in (1, 2, 3, 5, 6, 7):
    refused("sched_setscheduler", 144, 0, policy, at)
refused("sched_setparam", 142, 0, at)
refused("sched_setattr", 314, 0, at, 0)
refused("ioprio_set", 251, 1, 0, 1 << 13)
refused("set_mempolicy", 238, 1, 0, 0)
refused("mbind", 237, 0, 0, 0, 0, 0, 0)
refused("migrate_pages", 256, 0, 0, 0, 0)
refused("move_pages", 279, 0, 0, 0, 0, 0, 0)
for which in (0, 1, 2):
    for nice in (-20, -1):
        rc, err = call(141, which, 0, nice)
        if rc == 0:
            breach("priority %d of %d" % (nice, which))
for who in (1, 3):
    rc, err = call(141, 0, who, 19)
    if rc == 0:
        breach("has changed the priority of pid %d" % who)
os.sched_setaffinity(0, range(os.cpu_count() or 1))
held()
