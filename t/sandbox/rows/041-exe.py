# row: 41
# title: The program's own file, and the pool's, cannot be written.
# tries: /proc/self/exe and a kept descriptor of it, opened for writing by every
#    way, while it runs and after exec; its mode and times
# control: the host's root may write it

import os
from attack import held, tries

fd = os.open("/proc/self/exe", os.O_PATH)
for path in ("/proc/self/exe", "/proc/self/fd/%d" % fd,
             "/proc/self/task/%d/exe" % os.getpid(), "/usr/bin/python3"):
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_TRUNC,
                  os.O_WRONLY | os.O_APPEND):
        tries(path, os.open, path, flags,
              by=("ETXTBSY", "EACCES", "EROFS", "ENOENT", "EPERM"))
for path in ("/proc/self/exe", "/proc/self/fd/%d" % fd):
    tries("chmod " + path, os.chmod, path, 0o755)
    tries("utime " + path, os.utime, path)
pid = os.fork()
if pid == 0:
    # the program runs on as another; the first file is no longer busy
    os.set_inheritable(fd, True)
    os.execv("/bin/sh", ["sh", "-c",
                         "(echo x >/proc/self/fd/%d) 2>/dev/null "
                         "&& echo BREACH:exe; exit 0" % fd])
os.waitpid(pid, 0)
held()
