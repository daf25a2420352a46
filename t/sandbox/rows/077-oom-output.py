# row: 77
# title: What a job said before its memory ended is delivered; who delivers it is
#    not in its cgroup.
# tries: 500 kB of output, then memory without end
# limits: {"memory_mb": 64, "timeout_ms": 15000}
# expect: status=memory_exceeded, limit=memory, stdout~x{499}\n$
# heavy: yes
# control: nothing limits it outside

import sys

for _ in range(1000):
    sys.stdout.write("x" * 499 + "\n")
sys.stdout.flush()
blocks = []
while True:
    block = bytearray(4 << 20)
    block[::4096] = b"x" * len(range(0, len(block), 4096))
    blocks.append(block)
