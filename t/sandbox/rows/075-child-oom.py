# row: 75
# title: The same when only a child is killed for memory and its parent takes no
#    notice.
# tries: a child that grows without end; the parent goes on and ends well
# limits: {"memory_mb": 64, "timeout_ms": 15000}
# expect: status=memory_exceeded, limit=memory
# heavy: yes
# control: nothing limits it outside
# rootless: without a cgroup memory is limited for each process, as address space;
#    files, pipes and sockets are not counted

import os
import time

if os.fork() == 0:
    blocks = []
    while True:
        block = bytearray(4 << 20)
        block[::4096] = b"x" * len(range(0, len(block), 4096))
        blocks.append(block)
os.wait()
time.sleep(0.5)
print("the child is gone, all is well")
