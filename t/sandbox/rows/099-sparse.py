# row: 99
# title: Sparse files cost nothing and end at the size of a file.
# gvisor: the sentry counts holes as blocks, and ends at the same size
# tries: truncate to 1 PiB, fallocate, seek and write, copies of holes
# control: it leaves odd files

import os
import signal
from attack import breach, held

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
for size in (1 << 50, 1 << 40, 1 << 33, 200 << 20):
    fd = os.open("/box/sparse", os.O_CREAT | os.O_RDWR)
    for name, do in (
            ("truncate", lambda: os.ftruncate(fd, size)),
            ("fallocate", lambda: os.posix_fallocate(fd, 0, size)),
            ("pwrite", lambda: os.pwrite(fd, b"x", size - 1))):
        try:
            do()
            breach("%s to %d" % (name, size))
        except OSError:
            pass
    os.close(fd)
os.truncate("/box/sparse", 50 << 20)
if os.stat("/box/sparse").st_blocks > 16:
    breach("holes have blocks")
held()
