# row: 39
# title: No setting of the kernel can be written.
# gvisor: /proc/sys is the sentry's
# tries: every file of /proc/sys, core_pattern, modprobe, binfmt_misc, and
#    /proc/sysrq-trigger
# control: on the host as root they can, and it would do harm

import os
from attack import breach, held, tries

for root, _, names in os.walk("/proc/sys"):
    for name in names:
        breach("there is %s/%s" % (root, name))
for name in ("sys/kernel/core_pattern", "sys/kernel/modprobe",
             "sys/vm/drop_caches", "sys/fs/binfmt_misc/register",
             "sys/net/ipv4/ip_forward", "sys/kernel/hostname",
             "sys/kernel/ns_last_pid", "sysrq-trigger", "irq/0/smp_affinity",
             "bus/pci/00", "acpi/wakeup", "mtrr"):
    tries("/proc/" + name, os.open, "/proc/" + name, os.O_WRONLY)
held()
