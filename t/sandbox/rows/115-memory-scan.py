# row: 115, 160
# title: No secret of the pool or of nginx is in a program's memory, environment
#    or objects.
# gvisor: the sentry has no /proc/self/mem
# tries: a scan of /proc/self/mem, of the environment, auxv and command line, and
#    of all objects of the interpreter for what the pool's environment held
# limits: {"timeout_ms": 20000}
# heavy: yes
# control: host-safe

import gc
import os
import sys
from attack import breach, control, env, held

# its complement, so that the scan does not find the scan
needle = bytearray(bytes.fromhex(env("NEEDLE")))
size = len(needle)
seen = 0
first = 255 - needle[0]
with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as mem:
    for line in maps.read().splitlines():
        word = line.split()
        if not word[1].startswith("r") or word[-1] in ("[vvar]", "[vsyscall]",
                                                       "[vvar_vclock]"):
            continue
        start, end = (int(x, 16) for x in word[0].split("-"))
        if end - start > 256 << 20:
            continue
        try:
            mem.seek(start)
            data = mem.read(end - start)
        except (OSError, ValueError, OverflowError):
            continue
        seen += len(data)
        # "canary-" is in this text as well; then the random part decides
        at = data.find(b"canary" + b"-")
        while at >= 0:
            if all(data[at + i] == 255 - needle[i] for i in range(size)
                   if at + i < len(data)) and at + size <= len(data):
                breach("the secret is at %#x of %s" % (start + at, line))
            at = data.find(b"canary" + b"-", at + 1)
for name in ("environ", "cmdline", "auxv", "stack"):
    try:
        data = open("/proc/self/" + name, "rb").read()
    except OSError:
        continue
    if bytes(255 - b for b in needle) in data:
        breach("the secret is in /proc/self/" + name)
    if name == "environ" and b"coderemote" in data:
        breach("an environment of somebody else: %r" % data[:200])
if control():
    held()
    raise SystemExit
for thing in gc.get_objects():
    if isinstance(thing, dict) and "CANARY" in thing:
        breach("an object has it")
frame = sys._getframe()
while frame.f_back:
    frame = frame.f_back
    if any("coderemote" in str(v) for v in frame.f_locals.values()):
        breach("a frame of the pool")
if seen < 5 << 20:
    breach("scanned %d bytes only" % seen)
held(seen)
