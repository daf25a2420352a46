# row: 75
# title: A storm of copies under the memory limit ends as one verdict, with no
#    process left half alive.
# tries: 30 forks of a process of 30 MB that all write to it, limit 100 MB
# limits: {"memory_mb": 100, "timeout_ms": 15000}
# expect: status=memory_exceeded, limit=memory, stdout~^begun
# heavy: yes
# control: nothing limits it outside
# rootless: without a cgroup memory is limited for each process, as address space;
#    files, pipes and sockets are not counted

import os
import time

block = bytearray(30 << 20)
block[::4096] = b"x" * len(range(0, len(block), 4096))
print("begun", flush=True)
for _ in range(30):
    if os.fork() == 0:
        block[::4096] = b"y" * len(range(0, len(block), 4096))
        time.sleep(10)
        os._exit(0)
time.sleep(12)
