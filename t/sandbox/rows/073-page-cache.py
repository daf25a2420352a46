# row: 73
# title: Reading all of /usr charges the job, not its neighbours, and cannot
#    empty the host's cache.
# tries: 300 MB of /usr with a limit of 64 MB; POSIX_FADV_DONTNEED, readahead
# limits: {"memory_mb": 64, "timeout_ms": 20000}
# heavy: yes
# control: host-safe

import os
from attack import breach, held, refused

total = 0
for root, dirs, names in os.walk("/usr/lib"):
    for name in names:
        try:
            with open(os.path.join(root, name), "rb", buffering=0) as f:
                if total == 0:
                    refused("POSIX_FADV_DONTNEED", 221, f.fileno(), 0, 0, 4)
                    refused("readahead", 187, f.fileno(), 0, 1 << 20)
                while total < 300 << 20:
                    part = f.read(1 << 20)
                    if not part:
                        break
                    total += len(part)
        except OSError:
            pass
    if total >= 300 << 20:
        break
held(total)
