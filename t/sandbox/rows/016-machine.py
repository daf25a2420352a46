# row: 16
# title: Nothing that changes the machine: kernels, modules, swap, clocks,
#    accounting, quotas.
# tries: kexec, modules, reboot, swap, acct, quotactl, settimeofday, adjtimex,
#    vhangup and relatives, all with arguments that would do nothing
# control: host-safe

from attack import control, held, refused

CALLS = (
    ("swapoff", 168, (1,)), ("delete_module", 176, (1, 0)),
    ("clock_adjtime", 305, (0, 1)), ("init_module", 175, (1, 1, 1)))
MORE = (
    ("kexec_load", 246, (0, 0, 0, 0xffff)),
    ("kexec_file_load", 320, (-1, -1, 0, 0, 0)),
    ("finit_module", 313, (-1, 0, 0)), ("create_module", 174, (1, 1)),
    ("query_module", 178, (1, 0, 0, 0, 0)),
    ("get_kernel_syms", 177, (0,)),
    ("reboot", 169, (0xfee1dead, 672274793, 0, 0)), ("reboot", 169, (0, 0, 0)),
    ("swapon", 167, (1, 0)), ("acct", 163, (1,)),
    ("quotactl", 179, (0, 0, 0, 0)), ("quotactl_fd", 443, (-1, 0, 0, 0)),
    ("nfsservctl", 180, (0, 0, 0)), ("settimeofday", 164, (1, 0)),
    ("clock_settime", 227, (0, 1)), ("adjtimex", 159, (1,)),
    ("vhangup", 153, ()), ("uselib", 134, (1,)), ("ustat", 136, (0, 1)),
    ("sysfs", 139, (3,)), ("_sysctl", 156, (1,)), ("sync", 162, ()),
    ("syncfs", 306, (1,)), ("bdflush", 166, (-1, 0)),
    ("readahead", 187, (0, 0, 0)), ("fanotify_init", 300, (0, 0)),
    ("fanotify_mark", 301, (-1, 0, 0, 0, 0)), ("inotify_init", 253, ()),
    ("inotify_init1", 294, (0,)), ("add_key", 248, (1, 1, 1, 1, -3)),
    ("request_key", 249, (1, 1, 1, -3)), ("keyctl", 250, (0, -3, 0, 0, 0)))

for name, number, args in CALLS + (() if control() else MORE):
    refused(name, number, *args)
held()
