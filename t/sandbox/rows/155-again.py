# row: 155
# title: Another interpreter with other flags: the wall is not made of Python, and stands.
# tries: execv of python with and without -I, PYTHONPATH, .pth, usercustomize
# control: host-safe

import os
import subprocess
import sys
from attack import breach, held, wall

os.makedirs(".local/lib/python3.11/site-packages", exist_ok=True)
with open(".local/lib/python3.11/site-packages/x.pth", "w") as f:
    f.write("import os\n")
with open("usercustomize.py", "w") as f:
    f.write("import os\n")
probe = ("import sys; sys.path.insert(0, ''); import attack;"
         " attack.wall()")
for flags in ([], ["-I"], ["-S"], ["-I", "-S"], ["-E", "-s"], ["-B", "-O"]):
    done = subprocess.run(
        [sys.executable] + flags + ["-c", probe], capture_output=True,
        env=dict(os.environ, PYTHONPATH=os.getcwd(), PYTHONHOME=""), text=True)
    print(done.stdout, end="")
    if done.returncode:
        breach(done.stderr[-300:])
pid = os.fork()
if pid == 0:
    os.execv(sys.executable, [sys.executable, "-c", probe])
if os.waitpid(pid, 0)[1]:
    breach("exec")
wall()
held()
