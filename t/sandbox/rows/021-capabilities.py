# row: 21
# title: No capability in any set, and no other user to become.
# gvisor: the sentry's /proc/self/status has fewer lines
# tries: capset, set*id, setgroups, PR_CAP_AMBIENT_RAISE, PR_SET_SECUREBITS,
#    set-uid programs, uid_map
# control: host-safe

import ctypes
import glob
import os
import re
import struct
import subprocess
from attack import breach, call, control, held, refused, tries

status = open("/proc/self/status").read()
for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
    value = re.search(name + r":\s*(\w+)", status).group(1)
    if int(value, 16):
        breach("%s is %s" % (name, value))
for name in ("Uid", "Gid"):
    if set(re.search(name + r":\s*(.*)", status).group(1).split()) \
            != {"1000"}:
        breach(name)
if control():
    held()
    raise SystemExit
if not re.search(r"NoNewPrivs:\s*1", status):
    breach("NoNewPrivs")
for name, number, args in (
        ("setuid", 105, (0,)), ("setgid", 106, (0,)),
        ("setreuid", 113, (0, 0)), ("setregid", 114, (0, 0)),
        ("setresuid", 117, (0, 0, 0)), ("setresgid", 119, (0, 0, 0)),
        ("setgroups", 116, (0, 0)), ("setfsuid", 122, (0,)),
        ("setfsgid", 123, (0,)), ("AMBIENT", 157, (47, 2, 21, 0, 0)),
        ("SECUREBITS", 157, (28, 0, 0, 0, 0)),
        ("KEEPCAPS", 157, (8, 1, 0, 0, 0)),
        ("CAPBSET_DROP", 157, (24, 21, 0, 0, 0))):
    refused(name, number, *args)
head = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0))
data = ctypes.create_string_buffer(struct.pack("6I", *[0xffffffff] * 6))
refused("capset", 126, ctypes.addressof(head), ctypes.addressof(data))
for name in ("uid_map", "gid_map"):
    tries(name, lambda: os.write(
        os.open("/proc/self/" + name, os.O_WRONLY), b"0 0 1\n"))
for path in glob.glob("/usr/bin/*"):
    if os.path.islink(path) or not os.stat(path).st_mode & 0o6000:
        continue
    if os.path.basename(path) in ("su", "mount", "umount"):
        out = subprocess.run([path, "--help"], capture_output=True)
    if os.getxattr(path, "security.capability") if \
            "security.capability" in os.listxattr(path) else False:
        breach("file capabilities of " + path)
probe = "import os; print(*os.getresuid())"
out = subprocess.run(["python3", "-c", probe], capture_output=True, text=True)
if out.stdout != "1000 1000 1000\n":
    breach("a new program is " + out.stdout)
held()
