# row: 119
# title: No file tells of the load, the pressure or the interrupts of the host.
# gvisor: what /proc tells of load is the sentry's
# tries: /proc/stat, loadavg, schedstat, pressure, interrupts, diskstats, vmstat,
#    /proc/self/sched of others
# control: host-safe

import os
from attack import breach, held

for name in ("stat", "loadavg", "schedstat", "pressure/cpu", "interrupts",
             "diskstats", "vmstat", "meminfo", "uptime", "zoneinfo",
             "slabinfo", "pagetypeinfo", "buddyinfo", "softirqs", "locks",
             "timer_list", "sched_debug", "swaps", "net/unix", "key-users",
             "sysvipc/shm", "driver", "bus", "fs", "tty", "self/pagemap/x"):
    if os.path.exists("/proc/" + name):
        breach("there is /proc/" + name)
if os.path.exists("/proc/1/sched"):
    breach("pid 1's scheduling")
held()
