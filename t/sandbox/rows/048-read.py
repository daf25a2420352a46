# row: 48
# title: The host's files are not there at all.
# gvisor: /sys is the sentry's
# tries: accounts, homes, configuration, keys, canaries in five places, the
#    site's own files, the host's root by ../ and by /proc
# control: host-safe

import os
from attack import breach, control, env, held

PATHS = ["/etc/shadow", "/etc/gshadow", "/root", "/home", "/boot", "/srv",
         "/mnt", "/media", "/opt", "/var/log", "/var/lib", "/etc/ssh",
         "/etc/ssl/private", "/etc/machine-id", "/var/run/docker.sock",
         "/run/dbus", "/.oldroot", "/oldroot", "/old", "/host", "/box/.env",
         "/etc/nginx", "/etc/fstab", "/etc/crontab", "/lost+found",
         "/.dockerenv", "/init", "/vmlinuz", "/swapfile"]
PATHS += env("FILES").split(":")
for path in PATHS:
    for way in (path, "/proc/self/root" + path, "/" + "../" * 100 + path,
                "/proc/1/root" + path):
        if path and os.path.lexists(way):
            breach("there is " + way)
            break
if control():
    raise SystemExit
top = set(os.listdir("/")) - {
    "bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc", "dev",
    "proc", "tmp", "box", "var", "run"}
if top:
    breach("the root has %s" % top)
if set(os.listdir("/run")) - {"python3"} or os.listdir("/var") != ["tmp"]:
    breach("/run has %s, /var %s" % (os.listdir("/run"), os.listdir("/var")))
text = open("/etc/passwd").read()
if len(text.splitlines()) > 3:
    breach("the host's accounts")
for name in os.listdir("/box"):
    if name not in ("main.py", "attack.py", "__pycache__"):
        breach("/box has " + name)
held()
