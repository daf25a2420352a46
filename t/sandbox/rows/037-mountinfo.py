# row: 37
# title: Mounts and cgroups name nothing of the host but its /usr.
# gvisor: the mount table is the sentry's
# tries: /proc/self/mountinfo, mounts, mountstats, cgroup
# control: host-safe
# rootless: the devices are the host's own, bound read-only

import os
from attack import breach, held

ALLOWED = {"/", "/usr", "/proc", "/box", "/tmp"}
DEVICES = {"/dev/" + n for n in ("null", "zero", "full", "random", "urandom")}
for line in open("/proc/self/mountinfo"):
    word = line.split()
    if word[4] not in ALLOWED | DEVICES:
        breach("mounted: " + word[4])
    if word[3] not in ("/", word[4]):
        breach("a path of the host: " + line.strip())
    if word[4] == "/" and (word[5].split(",")[0] != "ro"
                           or "tmpfs" not in line):
        breach("the root: " + line.strip())
    if word[4] == "/usr" and word[5].split(",")[0] != "ro":
        breach("/usr: " + line.strip())
    if "master:" in line or "shared:" in line or "propagate" in line:
        breach("hears of the host's mounts: " + line.strip())
for line in open("/proc/self/cgroup"):
    if line.strip().rsplit(":", 1)[1] != "/":
        breach("cgroup " + line.strip())
held()
