# row: 33, 120
# title: A lock that one job takes is not seen by another, on whatever the
#    two have in common.
# gvisor: locks are the sentry's, and so is /proc/self/ns
# tries: record locks of both kinds on the devices, on the inode that all
#    eventfds, epolls, timerfds and signalfds share, on files of /usr;
#    flock, leases, F_NOTIFY, F_GETLK
# concurrent: 4
# control: host-safe

import ctypes
import errno
import fcntl
import os
import struct
import subprocess
import sys
import time
from attack import breach, call, control, env, held, libc, refused

mask = ctypes.create_string_buffer(128)
fds = {
    "/dev/null": os.open("/dev/null", os.O_RDWR),
    "/dev/zero": os.open("/dev/zero", os.O_RDWR),
    "/dev/full": os.open("/dev/full", os.O_RDWR),
    "/dev/urandom": os.open("/dev/urandom", os.O_RDWR),
    "eventfd": libc.eventfd(0, 0),
    "epoll": libc.epoll_create1(0),
    "timerfd": libc.timerfd_create(0, 0),
    "signalfd": libc.signalfd(-1, mask, 0),
    "/usr/bin/python3": os.open("/usr/bin/python3", os.O_RDONLY),
    "/proc/self/ns/uts": os.open("/proc/self/ns/uts", os.O_RDONLY),
}


def lock(name, fd, command, start):
    # the last one to ask sees the lock of the first
    data = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, start, 1, 0)
    try:
        fcntl.fcntl(fd, command, data)
    except OSError as e:
        if e.errno in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
            breach("%s: a lock of somebody else" % name)


if control():
    # two processes of the host share what two jobs must not
    if len(sys.argv) == 1:
        other = subprocess.Popen([sys.executable, "-B", sys.argv[0], "other"])
        time.sleep(0.5)
for name, fd in fds.items():
    lock(name, fd, 6, 4242)             # F_SETLK
    lock(name, fd, 37, 4243)            # F_OFD_SETLK
    if control():
        continue
    for command in (6, 7, 37, 38):
        refused("record lock %d %s" % (command, name), 72, fd, command,
                ctypes.create_string_buffer(struct.pack(
                    "hhqqi4x", fcntl.F_RDLCK, 0, 0, 1, 0)))
    refused("flock " + name, 73, fd, 5)
    refused("F_SETLEASE " + name, 72, fd, 1024, 0)
    refused("F_NOTIFY " + name, 72, fd, 1026, 1)
    refused("F_GETLK " + name, 72, fd, 5, 0)
    refused("F_OFD_GETLK " + name, 72, fd, 36, 0)
    refused("F_SETSIG " + name, 72, fd, 10, 10)
    refused("F_SETOWN " + name, 72, fd, 8, 1)
time.sleep(1.5)
held()
