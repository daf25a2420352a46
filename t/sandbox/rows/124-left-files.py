# row: 124, 112
# title: A job finds no file of the job before it.
# tries: files in /tmp, /box, /dev/shm, /var/tmp, $HOME, ~/.cache,
#    __pycache__, under names that are the same each time; 16 jobs in a row and
#    four at a time on six boxes
# concurrent: 4
# repeat: 4
# control: nothing is thrown away outside

import os
from attack import breach, held

EXPECTED = {"/box": {"main.py", "attack.py", "__pycache__"}, "/tmp": set(),
            "/dev/shm": set(), "/var/tmp": set()}
for path, names in EXPECTED.items():
    more = set(os.listdir(path)) - names
    if more:
        breach("%s has %s" % (path, more))
# /dev/shm and /var/tmp are links to /tmp
for path in ("/box/left", "/tmp/left", "/dev/shm/left2", "/var/tmp/left3",
             "/box/.bashrc", "/box/.cache", "/box/.profile"):
    if os.path.lexists(path):
        breach("there is " + path)
    try:
        with open(path, "w") as f:
            f.write("left")
        os.chmod(path, 0)
    except OSError:
        pass
os.makedirs("/box/.local/lib/python3.11/site-packages")
with open("/box/.local/lib/python3.11/site-packages/left.pth", "w") as f:
    f.write("import os; os.write(1, b'BREACH:pth')\n")
try:
    os.symlink("/box", "/tmp/job")
    os.mkfifo("/tmp/fifo")
except OSError as e:
    breach(e)
held()
