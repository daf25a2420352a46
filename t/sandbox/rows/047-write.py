# row: 47
# title: Nothing can be written but /box and /tmp.
# gvisor: /dev/shm is a tmpfs of the sentry, within its size
# tries: a new file in every directory of the root and of the first levels of
#    /usr; chmod, rename, unlink, truncate, setxattr, utime of what is there
# control: the host's root may

import errno
import os
from attack import breach, held, tries

count = 0
for top in sorted(os.listdir("/")):
    if top in ("box", "tmp", "proc"):
        continue
    for root, dirs, names in os.walk("/" + top, followlinks=False):
        if root.count("/") > 4:
            dirs[:] = []
        path = os.path.join(root, ".attack")
        try:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
            breach("wrote " + path)
        except OSError as e:
            if e.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
                breach("%s: %s" % (path, e))
        count += 1
tries("/", os.open, "/.attack", os.O_CREAT | os.O_WRONLY)
for path in ("/usr/bin/env", "/etc/passwd", "/etc/ld.so.cache", "/usr",
             "/etc", "/dev/null", "/lib"):
    tries("chmod " + path, os.chmod, path, 0o777)
    tries("chown " + path, os.chown, path, 1000, 1000)
    tries("rename " + path, os.rename, path, path + ".x")
    tries("utime " + path, os.utime, path)
    tries("setxattr " + path, os.setxattr, path, "user.x", b"y")
    tries("link " + path, os.link, path, "/tmp/link")
    if os.path.isfile(path):
        tries("truncate " + path, os.truncate, path, 0)
        tries("unlink " + path, os.unlink, path)
for path in ("/var/tmp", "/dev/shm", "/run/lock", "/var/run"):
    if os.path.isdir(path) and os.path.realpath(path) not in ("/tmp",
                                                             "/box"):
        tries(path, os.open, path + "/x", os.O_CREAT | os.O_WRONLY)
if count < 100:
    breach("looked at %d directories only" % count)
held(count)
