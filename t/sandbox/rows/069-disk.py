# row: 69
# title: Disk ends at its size and at its number of files, with ENOSPC.
# gvisor: the number of files is bounded by memory alone
# tries: fill /box and /tmp, 100,000 empty files, long symlinks, extended
#    attributes, unlinked files
# control: it would fill the host's disk

import errno
import os
from attack import breach, held

MB = 1 << 20
for path in ("/box", "/tmp"):
    done = 0
    try:
        with open(path + "/fill", "wb", buffering=0) as f:
            while done < 300 * MB:
                done += f.write(b"x" * MB)
        breach("%d MiB in %s" % (done / MB, path))
    except OSError as e:
        if e.errno not in (errno.ENOSPC, errno.EFBIG):
            breach("%s: %s" % (path, e))
    if done > 65 * MB:
        breach("%d MiB in %s" % (done / MB, path))
    try:
        os.setxattr(path + "/fill", "user.x", b"y" * 60000)
        breach("extended attributes")
    except OSError:
        pass
    os.unlink(path + "/fill")
    made = 0
    try:
        for made in range(100000):
            if made % 2:
                os.symlink("x" * 4000, "%s/%d" % (path, made))
            else:
                os.close(os.open("%s/%d" % (path, made),
                                 os.O_CREAT | os.O_WRONLY))
        breach("100,000 files in " + path)
    except OSError as e:
        if e.errno != errno.ENOSPC:
            breach("%s: %s" % (path, e))
    if made > 5000:
        breach("%d files in %s" % (made, path))
held()
