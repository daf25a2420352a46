# row: 4
# title: No userfaultfd, by call or by device.
# tries: userfaultfd with and without USER_MODE_ONLY, /dev/userfaultfd
# control: host-safe

import os
from attack import held, refused, tries

refused("userfaultfd", 323, 0)
refused("userfaultfd", 323, 1)
refused("userfaultfd", 323, 0o2004000)
tries("/dev/userfaultfd", os.open, "/dev/userfaultfd", os.O_RDWR,
      by=("ENOENT",))
held()
