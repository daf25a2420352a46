# row: 136
# title: A job has no way to the segment: no descriptor, no mapping, no name.
# tries: /proc/self/fd, maps and map_files, /dev/shm; every descriptor to 4096
# control: outside there is no segment to look for

import os
import re
from attack import breach, held

for fd in range(3, 1024):
    try:
        os.fstat(fd)
        breach("descriptor %d: %s" % (fd, os.readlink(
            "/proc/self/fd/%d" % fd)))
    except OSError:
        pass
for line in open("/proc/self/maps"):
    word = line.split(None, 5)
    name = word[5].strip() if len(word) > 5 else ""
    if "s" in word[1] and not name.startswith("/usr/"):
        breach("shared memory: " + line.strip())
    if re.search("memfd|coderemote|/dev/shm|socket", name):
        breach("mapped: " + line.strip())
if os.listdir("/dev/shm"):
    breach("/dev/shm: %s" % os.listdir("/dev/shm"))
held()
