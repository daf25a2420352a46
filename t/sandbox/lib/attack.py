"""What the attacks in Python have in common; goes with each as a file."""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)
K = ("EPERM", "ENOSYS")


def breach(what):
    print("BREACH:" + str(what), flush=True)


def note(*what):
    print(*what, flush=True)


def held(what=""):
    print("HELD", what, flush=True)


def call(number, *args):
    """A system call by number: (result, name of errno or '')."""
    ctypes.set_errno(0)
    libc.syscall.restype = ctypes.c_long
    args = [ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    rc = libc.syscall(ctypes.c_long(number), *args)
    err = ctypes.get_errno()
    return rc, errno.errorcode.get(err, str(err)) if rc == -1 else ""


def refused(name, number, *args, by=K):
    """A call that must be refused by one of the errors in `by`."""
    rc, err = call(number, *args)
    if rc != -1 or err not in by:
        breach("%s(%s) gave %s %s" % (
            name, ",".join(str(a) for a in args), rc, err))


def tries(what, fn, *args, by=None):
    """A Python call that must raise OSError (of the names in `by`)."""
    try:
        got = fn(*args)
    except OSError as e:
        name = errno.errorcode.get(e.errno, str(e.errno))
        if by and name not in by:
            breach("%s: %s" % (what, name))
        return name
    breach("%s succeeded: %.80r" % (what, got))
    return ""


def env(name):
    return os.environ.get("ATTACK_" + name, "")


def control():
    """Straight on the host: only what cannot harm it."""
    return env("CONTROL") != ""


def wall():
    """What holds whatever trick came before: the shortest form of the walls
    that the other rows try one by one."""
    for path in filter(None, env("FILES").split(":")):
        if os.path.exists(path):
            breach("sees the host's " + path)
    refused("io_uring_setup", 425, 8, 0)
    refused("socket(AF_INET)", 41, 2, 1, 0)
    refused("mount", 165, 0, 0, 0, 0, 0)
    refused("ptrace", 101, 0, 0, 0, 0)
    if env("PID"):
        try:
            os.kill(int(env("PID")), 0)
            breach("can signal a process of the host")
        except ProcessLookupError:
            pass
    if control():
        return
    for path in ("/etc/canary", "/usr/canary", "/canary"):
        try:
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
            breach("can write " + path)
            os.unlink(path)
        except OSError:
            pass
