# row: 51
# title: Abstract unix sockets end at the job's own network namespace.
# tries: four jobs bind a name each and connect to each other's, to the same
#    name, and to one of the host
# concurrent: 4
# control: host-safe

import socket
import time
from attack import breach, control, env, held

mine = socket.socket(socket.AF_UNIX)
try:
    mine.bind("\0row51")
    mine.listen(5)
except OSError as e:
    breach("the name is taken: %s" % e)
own = socket.socket(socket.AF_UNIX)
own.bind("\0row51-" + env("COPY"))
own.listen(5)
if not control():
    time.sleep(0.4)
for name in [env("ABSTRACT")] + ["row51-%d" % n for n in range(4)]:
    if name == "row51-" + env("COPY"):
        continue
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(1)
    try:
        s.connect("\0" + name)
        breach("reached " + name)
    except OSError:
        pass
if not control():
    time.sleep(0.4)
mine.setblocking(False)
try:
    mine.accept()
    breach("was reached")
except BlockingIOError:
    pass
held()
