# row: 105
# title: No hard link to a file outside the job's own tmpfs, and links inside are
#    only links.
# tries: link() of accounts, of programs, of set-uid programs, of /proc files, of
#    descriptors by /proc/self/fd; symlinks to the host's paths
# control: the host's root may

import os
from attack import breach, env, held, tries

for path in ("/etc/passwd", "/usr/bin/env", "/usr/bin/su", "/usr/bin/passwd",
             "/proc/self/exe", "/dev/null", "/usr/bin/python3"):
    if os.path.lexists(path):
        tries(path, os.link, path, "/tmp/link",
              by=("EXDEV", "EPERM", "EACCES", "EROFS"))
fd = os.open("/usr/bin/env", os.O_RDONLY)
tries("/proc/self/fd", lambda: os.link(
    "/proc/self/fd/%d" % fd, "/tmp/link", follow_symlinks=True))
# one tmpfs to the other
with open("/box/a", "w"):
    pass
tries("across", os.link, "/box/a", "/tmp/a", by=("EXDEV",))
for n, path in enumerate(env("FILES").split(":") + ["/etc/shadow"]):
    os.symlink(path, "/tmp/s%d" % n)
    tries("symlink to " + path, os.open, "/tmp/s%d" % n, os.O_RDONLY,
          by=("ENOENT",))
held()
