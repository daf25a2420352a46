# row: 84
# title: Signals reach the job's own processes only; init outlives them all.
# tries: kill(-1) and kill(1) with every signal, tgkill, sigqueue, the parent
# expect: status=succeeded, exit_code=0, stdout~^HELD
# control: it would end the host's processes
# rootless: pid 1 has the program's uid; the kernel alone keeps it from signals of
#    its own namespace

import ctypes
import os
import signal
from attack import breach, held

libc = ctypes.CDLL(None, use_errno=True)
child = os.fork()
if child == 0:
    while True:
        signal.pause()
for n in range(1, 65):
    for pid in (1, os.getppid()):
        try:
            os.kill(pid, n)
            breach("signal %d to pid %d" % (n, pid))
        except OSError:
            pass
    for tid in (1, 3, 4, 5):
        if libc.syscall(234, tid, tid, n) == 0 and tid != child:
            breach("tgkill %d" % tid)
for n in range(1, 65):
    try:
        if n != signal.SIGCHLD:
            signal.signal(n, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
for n in range(1, 65):
    if n == signal.SIGKILL or n == signal.SIGSTOP:
        continue
    try:
        os.kill(-1, n)
    except OSError:
        pass
os.kill(-1, signal.SIGKILL)
if os.waitpid(child, 0)[0] != child:
    breach("no child to wait for")
if os.getppid() != 1:
    breach("init is gone")
held()
