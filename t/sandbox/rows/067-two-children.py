# row: 67
# title: Memory is summed over the job's processes.
# tries: two children, each at 60 % of the limit
# limits: {"memory_mb": 100}
# expect: status=memory_exceeded, limit=memory
# heavy: yes
# control: nothing limits it outside
# rootless: without a cgroup memory is limited for each process, as address space;
#    files, pipes and sockets are not counted

import os
import time

for _ in range(2):
    if os.fork() == 0:
        block = bytearray(60 << 20)
        block[::4096] = b"x" * len(range(0, len(block), 4096))
        time.sleep(3)
        os._exit(0)
for _ in range(2):
    os.wait()
