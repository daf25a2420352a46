# row: 36
# title: /proc shows the job's own processes and nothing else; pid 1 is out of
#    reach.
# gvisor: /proc is the sentry's, of this job alone, with its pid 1
# tries: the list of /proc, signals to pids 1 to 5000, /proc/1/*
# control: host-safe
# rootless: pid 1 has the program's uid; the kernel alone keeps it from signals of
#    its own namespace

import os
import subprocess
from attack import breach, control, env, held, tries

mine = {os.getpid()}
child = subprocess.Popen(["sleep", "5"])
mine.add(child.pid)
for name in os.listdir("/proc"):
    if name.isdigit() and int(name) not in mine:
        breach("/proc shows " + name)
    if not name.isdigit() and name not in ("self", "thread-self"):
        breach("/proc has " + name)
for pid in (int(env("PID")),) if control() else range(1, 5000):
    if pid in mine:
        continue
    try:
        os.kill(pid, 0)
        breach("can signal pid %d" % pid)
    except ProcessLookupError:
        pass
    except PermissionError:
        if pid != 1:
            breach("there is a pid %d" % pid)
if not control():
    for name in ("exe", "cmdline", "environ", "maps", "root", "cwd", "fd",
                 "status", "task/1/mem", "mountinfo"):
        tries("/proc/1/" + name, os.stat, "/proc/1/" + name, by=("ENOENT",))
child.kill()
held()
