# row: 100, 111
# title: The deepest folders, longest names and most entries are gone with the
#    job, and so are folders that nobody may enter.
# gvisor: /tmp is another's, and its mode stays
# tries: 3,000 folders deep, names of 255 bytes, 4,000 entries, mode 000, open
#    files, a current directory inside, sockets, FIFOs
# repeat: 3
# control: it would be left behind

import os
import socket
from attack import breach, held

if set(os.listdir("/box")) - {"main.py", "attack.py", "__pycache__"} \
        or os.listdir("/tmp"):
    breach("the job before is there")
os.mkfifo("/box/fifo")
socket.socket(socket.AF_UNIX).bind("/box/socket")
made = 0
try:
    for made in range(3000):
        name = "d" * 255
        os.mkdir(name, 0o700)
        os.chdir(name)
except OSError as e:
    print("stopped at", made, e.strerror)
files = []
try:
    for n in range(4000):
        fd = os.open("/tmp/" + "\u202e%d" % n + "f" * 200,
                     os.O_CREAT | os.O_RDWR, 0)
        os.write(fd, b"x" * 100)
        if n < 500:
            files.append(fd)
        else:
            os.close(fd)
except OSError as e:
    print("stopped at", n, e.strerror)
os.chmod(".", 0)
os.chmod("/box", 0)
os.chmod("/tmp", 0)
held()
