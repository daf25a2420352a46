# row: 19
# title: The kernel's log is out of reach.
# gvisor: /proc/cmdline is made up by the sentry
# tries: syslog(2) with every command, /dev/kmsg, /proc/kmsg, dmesg
# control: host-safe

import os
import subprocess
from attack import breach, control, held, refused, tries

for command in (3, 9, 10) if control() else range(11):
    refused("syslog", 103, command, 0, 0)
for path in ("/dev/kmsg", "/proc/kmsg", "/proc/kallsyms", "/proc/kcore",
             "/proc/sysrq-trigger", "/proc/modules", "/proc/cmdline",
             "/proc/keys", "/proc/timer_list", "/proc/iomem"):
    if not control() or path == "/dev/kmsg":
        tries(path, os.open, path, os.O_RDONLY, by=("ENOENT",))
if not control():
    done = subprocess.run(["dmesg"], capture_output=True)
    if done.stdout:
        breach("dmesg says " + done.stdout[:80].decode())
held()
