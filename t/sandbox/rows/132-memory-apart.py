# row: 132
# title: The memory limit is each job's own: three at 60 % of it all end well.
# tries: three jobs, each touches 150 of its 256 MB
# concurrent: 3
# limits: {"memory_mb": 256}
# heavy: yes
# control: nothing limits it outside

import time
from attack import held

block = bytearray(150 << 20)
block[::4096] = b"x" * len(range(0, len(block), 4096))
time.sleep(0.5)
held()
