# row: 59
# title: No limit can be raised, of itself or of pid 1.
# gvisor: message queues do not exist, so their limit bounds nothing
# tries: setrlimit and prlimit of each resource to infinity, prlimit of pid 1
# control: the host's root has no limit that could be raised
# rootless: pid 1 has the program's uid; the kernel alone keeps it from signals of
#    its own namespace

import resource
from attack import breach, control, held, refused

for number in range(16):
    try:
        soft, hard = resource.getrlimit(number)
    except (ValueError, OSError):
        continue
    if hard == resource.RLIM_INFINITY:
        continue
    try:
        resource.setrlimit(number, (hard, hard + 1))
        breach("limit %d raised above %d" % (number, hard))
        resource.setrlimit(number, (soft, hard))
    except (ValueError, OSError):
        pass
if control():
    held()
    raise SystemExit
for number in range(16):
    refused("prlimit of pid 1", 302, 1, number, 0, 0,
            by=("EPERM", "ESRCH", "ENOSYS"))
for name, most in (("RLIMIT_CORE", 0), ("RLIMIT_NOFILE", 1024),
                   ("RLIMIT_MEMLOCK", 65536), ("RLIMIT_SIGPENDING", 1024),
                   ("RLIMIT_NICE", 0), ("RLIMIT_RTPRIO", 0),
                   ("RLIMIT_MSGQUEUE", 262144)):
    hard = resource.getrlimit(getattr(resource, name))[1]
    if hard < 0 or hard > most:
        breach("%s is %d" % (name, hard))
held()
