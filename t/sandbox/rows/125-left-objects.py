# row: 125
# title: Nor any object of the kernel: names, timers, threads, charges.
# tries: abstract sockets, fifos, unlinked open files, timers, memory, threads,
#    pending signals, in 12 jobs one after the other
# repeat: 12
# control: nothing is thrown away outside

import mmap
import os
import signal
import socket
import threading
import time
from attack import breach, held

if signal.sigpending():
    breach("signals are pending: %s" % signal.sigpending())
if signal.pthread_sigmask(signal.SIG_BLOCK, []):
    breach("signals are blocked")
if signal.getitimer(signal.ITIMER_REAL) != (0.0, 0.0):
    breach("a timer runs")
if threading.active_count() != 1 or len(os.listdir("/proc/self/task")) != 1:
    breach("threads run")
if time.process_time() > 5:
    breach("has used %.1f s" % time.process_time())
s = socket.socket(socket.AF_UNIX)
try:
    s.bind("\0left")
except OSError as e:
    breach("abstract name: %s" % e)
s.listen()
f = open("/tmp/gone", "wb")
f.write(b"x" * 20000000)
os.unlink("/tmp/gone")
m = mmap.mmap(-1, 20000000)
m[::4096] = b"x" * len(range(0, 20000000, 4096))
signal.setitimer(signal.ITIMER_REAL, 100)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
os.kill(os.getpid(), signal.SIGUSR1)
if os.fork() == 0:
    time.sleep(100)
held()
