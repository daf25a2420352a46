# row: 43, 179
# title: The root has no way up, and no descriptor came along that has one.
# tries: descriptors 0 to 1023, chdir and openat through /proc/self/fd/N/..,
#    openat2, cwd, ../ a hundred times
# control: host-safe

import os
import stat
from attack import breach, call, control, env, held

for fd in range(3, 1024):
    try:
        st = os.fstat(fd)
    except OSError:
        continue
    # the list of /proc/self/fd itself is not open while we ask
    breach("descriptor %d came along: %s" % (
        fd, os.readlink("/proc/self/fd/%d" % fd)))
for fd in range(3):
    if not stat.S_ISFIFO(os.fstat(fd).st_mode):
        breach("descriptor %d is no pipe" % fd)
    for way in ("/proc/self/fd/%d" % fd, "/proc/self/fd/%d/.." % fd,
                "/proc/self/fd/%d/../../.." % fd):
        try:
            os.chdir(way)
            breach("chdir to " + way)
        except OSError:
            pass
if os.getcwd() != "/box":
    breach("starts in " + os.getcwd())
root = os.stat("/")
for path in ("/" + "../" * 100, "../" * 100, "/proc/self/root/../..",
             "/proc/self/cwd/../../..", "/proc/self/root/proc/self/root/.."):
    st = os.stat(path)
    if (st.st_dev, st.st_ino) != (root.st_dev, root.st_ino):
        breach("%s is not the root" % path)
    fd = os.open(path, os.O_PATH)
    for name in ("..", "../..", "../../proc/1/root"):
        try:
            up = os.open(name, os.O_PATH, dir_fd=fd)
            st = os.fstat(up)
            if (st.st_dev, st.st_ino) != (root.st_dev, root.st_ino):
                breach("%s of %s is outside" % (name, path))
            os.close(up)
        except OSError:
            pass
    os.close(fd)
held()
