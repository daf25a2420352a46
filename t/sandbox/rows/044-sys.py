# row: 44
# title: There is no /sys and no cgroup to write to.
# gvisor: /sys is the sentry's
# tries: /sys, /sys/fs/cgroup, release_agent, uevent_helper, debugfs
# control: host-safe

import os
from attack import breach, held

for path in ("/sys", "/sys/fs/cgroup", "/sys/kernel/debug",
             "/sys/kernel/uevent_helper", "/sys/class/dmi/id/product_uuid",
             "/sys/kernel/security", "/sys/fs/bpf", "/cgroup",
             "/dev/cgroup", "/run/systemd", "/proc/self/root/sys"):
    if os.path.lexists(path):
        breach("there is " + path)
for root, dirs, names in os.walk("/", topdown=True):
    dirs[:] = [d for d in dirs if (root, d) not in (
        ("/", "usr"), ("/", "proc"), ("/", "lib"))]
    for name in names:
        if name in ("release_agent", "cgroup.procs", "notify_on_release"):
            breach("%s/%s" % (root, name))
held()
