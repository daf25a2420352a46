# row: 12
# title: No other namespace can be entered.
# gvisor: namespaces are the sentry's, and so is /proc/1/ns
# tries: setns with /proc/self/ns/*, /proc/1/ns/*, a pidfd, a socket
# control: host-safe

import os
from attack import breach, call, control, held, refused

names = ("cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts")
for name in names:
    for who in ("self",) if control() else ("self", "1", "2", "thread-self"):
        try:
            fd = os.open("/proc/%s/ns/%s" % (who, name), os.O_RDONLY)
        except OSError:
            continue
        if who == "1":
            breach("/proc/1/ns/%s can be opened" % name)
        refused("setns " + name, 308, fd, 0)
        os.close(fd)
pidfd, _ = call(434, os.getpid(), 0)
refused("setns pidfd", 308, pidfd, 0x40000000)
refused("setns", 308, -1, 0)
held()
