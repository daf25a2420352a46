"""Controls of what is seen from outside: each does to the host what an attack
would have to do, undoes it, and must have been seen."""

import os
import signal
import socket
import subprocess
import time

# What no harmless control can show, and why.
UNSHOWN = (
    ("kernel log", "a line in it would be everybody's"),
    ("kernel settings", "they are the whole machine's"),
    ("programs and accounts of the host", "they are the whole machine's"),
    ("descriptors of pool and nginx", "nothing outside can add one"),
)


def process_of_box(site, host):
    child = subprocess.Popen(
        ["/usr/bin/python3", "-c", "import os, time; os.setuid(%d);"
         " time.sleep(60)" % (host.base + 1)])
    time.sleep(0.3)
    return lambda: (child.kill(), child.wait())


def child_of_pool_ends(site, host):
    site.nginx.send_signal(signal.SIGHUP)
    time.sleep(1)
    return host.rebase


def canary_written(site, host):
    path = next(iter(site.canaries.files))
    st = os.stat(path)
    with open(path, "a") as f:
        f.write("x")

    def undo():
        with open(path, "w") as f:
            f.write(site.canaries.secret + "\n")
        os.utime(path, ns=(st.st_atime_ns, st.st_mtime_ns))

    return undo


def canary_process(site, host):
    site.canaries.process.kill()
    site.canaries.process.wait()

    def undo():
        site.canaries.process = subprocess.Popen(["/bin/sleep", "100000"])

    return undo


def canary_tcp(site, host):
    socket.create_connection(site.canaries.tcp.getsockname()).close()
    return lambda: None


def canary_unix(site, host):
    s = socket.socket(socket.AF_UNIX)
    s.connect("\0canary." + site.canaries.mark)
    s.close()
    return lambda: None


def system_v_queue(site, host):
    code = ("import ctypes, os, sys; os.setuid(%d);"
            "libc = ctypes.CDLL(None); libc.syscall.restype = ctypes.c_long\n"
            "q = libc.syscall(68, 0, 0o1600)\nprint(q, flush=True)"
            % (host.base + 1))
    said = subprocess.run(["/usr/bin/python3", "-c", code],
                          capture_output=True, text=True).stdout
    return lambda: subprocess.run(["ipcrm", "-q", said.strip()])


def shared_file(site, host):
    path = "/dev/shm/attack." + site.canaries.mark
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
    os.chown(path, host.base + 1, -1)
    return lambda: os.unlink(path)


def cgroup_left(site, host):
    path = os.path.join(host.groups[0], "attack")
    os.mkdir(path)
    return lambda: os.rmdir(path)


def mount_left(site, host):
    path = os.path.join(site.dir, "mount")
    os.mkdir(path)
    subprocess.run(["mount", "-t", "tmpfs", "attack", path], check=True)
    return lambda: (subprocess.run(["umount", path]), os.rmdir(path))


def secret_logged(site, host):
    path = site.dir + "/log/access.log"
    size = os.path.getsize(path)
    with open(path, "a") as f:
        f.write(site.canaries.secret + "\n")
    return lambda: os.truncate(path, size)


def error_logged(site, host):
    with open(site.dir + "/log/error.log", "a") as f:
        f.write("[alert] a control\n")
    return lambda: None


CONTROLS = (
    ("a process with a box's uid", process_of_box),
    ("other nginx workers", child_of_pool_ends),
    ("a changed file", canary_written),
    ("an ended process", canary_process),
    ("a TCP connection", canary_tcp),
    ("a connection to an abstract socket", canary_unix),
    ("a System V queue", system_v_queue),
    ("a file in /dev/shm", shared_file),
    ("a cgroup", cgroup_left),
    ("a mount", mount_left),
    ("a secret in a log", secret_logged),
    ("an alert in a log", error_logged),
)


def run(site, host):
    """(name, what was seen or None) for each."""
    for name, do in CONTROLS:
        undo = do(site, host)
        seen = host.wrong(1) + host.leaks(site.canaries.secret)
        undo()
        yield name, seen[0] if seen else None
        # and nothing once it is undone, or the next one proves nothing
        rest = host.wrong(10) + host.leaks(site.canaries.secret)
        if rest:
            yield name + ", undone", None
