# row: 89
# title: Odd programs and arguments give errors, nothing more.
# gvisor: slower, and the sentry allows longer arguments
# tries: argv and env too big, #! loops, bad ELF headers, an interpreter that
#    is the program itself, 300 execs
# control: it leaves files in /tmp

import errno
import os
import struct
import subprocess
from attack import breach, held


def start(path, argv=None, env=None):
    pid = os.fork()
    if pid == 0:
        try:
            os.execve(path, argv or [path], env or {})
        except OSError as e:
            os._exit(100 + e.errno if e.errno < 100 else 99)
    return os.waitpid(pid, 0)[1]


def put(name, data):
    with open(name, "wb") as f:
        f.write(data)
    os.chmod(name, 0o755)
    return name


if os.waitstatus_to_exitcode(start(
        "/bin/true", ["true"] + ["x" * 100000] * 100)) != 100 + errno.E2BIG:
    breach("10 MB of arguments")
if os.waitstatus_to_exitcode(start(
        "/bin/true", ["true", "x" * 200000])) != 100 + errno.E2BIG:
    breach("an argument of 200 kB")
put("/tmp/a", b"#!/tmp/b\n")
put("/tmp/b", b"#!/tmp/a\n")
for path in (put("/tmp/a", b"#!/tmp/b\n"), put("/tmp/c", b"\x7fELF"),
             put("/tmp/d", b"\x7fELF\x02\x01\x01" + b"\xff" * 2000),
             put("/tmp/e", b""), put("/tmp/f", b"#!" + b"/" * 5000),
             "/proc/self/mem", "/dev/null", "/tmp"):
    if start(path) == 0:
        breach("%s runs" % path)
# PT_INTERP names the program itself
head = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack(
    "HHIQQQIHHHHHH", 2, 62, 1, 0x401000, 64, 0, 0, 64, 56, 2, 64, 0, 0)
path = b"/proc/self/exe\0"
ph = struct.pack("IIQQQQQQ", 3, 4, 176, 0x4000b0, 0, len(path), len(path), 1)
ph += struct.pack("IIQQQQQQ", 1, 5, 0, 0x400000, 0, 191, 191, 4096)
if start(put("/tmp/g", head + ph + path)) == 0:
    breach("its own interpreter")
for _ in range(300):
    if start("/bin/true") != 0:
        breach("true failed")
        break
held()
