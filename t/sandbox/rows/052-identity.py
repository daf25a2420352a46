# row: 52
# title: Nothing tells which machine this is.
# gvisor: the sentry tells a kernel of its own; the processor and the size of
#    memory are the machine's
# tries: uname, /etc/hostname, machine-id, boot_id, DMI, network interfaces,
#    time zone, the environment
# control: host-safe

import glob
import os
import socket
import time
from attack import breach, env, held

if os.uname().nodename != "sandbox" or socket.gethostname() != "sandbox":
    breach("the name is " + os.uname().nodename)
for path in ("/etc/machine-id", "/var/lib/dbus/machine-id",
             "/proc/sys/kernel/random/boot_id", "/sys/class/dmi/id",
             "/proc/cpuinfo", "/proc/version", "/proc/meminfo",
             "/proc/net/dev", "/proc/self/net/dev", "/proc/uptime"):
    if os.path.exists(path) and "self/net" not in path:
        breach("there is " + path)
try:
    for line in open("/proc/self/net/dev"):
        if ":" in line and line.split(":")[0].strip() != "lo":
            breach("an interface: " + line)
except OSError:
    pass
if time.tzname[0] != "UTC":
    breach("time zone " + time.tzname[0])
KNOWN = {"PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR", "PWD", "SHLVL"}
for name, value in os.environ.items():
    if name not in KNOWN and not name.startswith("ATTACK_"):
        breach("the environment has " + name)
host = env("HOST")
for path in glob.glob("/etc/*"):
    try:
        if host and len(host) > 4 and host in open(path).read():
            breach("%s names the host" % path)
    except (OSError, UnicodeDecodeError):
        pass
held()
