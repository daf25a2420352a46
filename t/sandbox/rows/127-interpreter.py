# row: 127
# title: The interpreter's files and modules are those of the first job.
# tries: writes to the standard library, site-packages, .pyc; changes of
#    modules in memory; start-up files; 8 jobs in a row
# repeat: 8
# control: the host's root may write them

import builtins
import os
import random
import sys
from attack import breach, held, tries

for path in sys.path:
    if path in ("", "/box") or not path.startswith("/"):
        continue
    for name in ("attack.pth", "usercustomize.py", "__pycache__/os.pyc"):
        tries(path, os.open, os.path.join(path, name),
              os.O_CREAT | os.O_WRONLY)
if getattr(builtins, "left_by", None) or "left_by" in sys.modules:
    breach("a module of the job before")
if hasattr(os, "left_by") or random.random is print:
    breach("a changed module")
builtins.left_by = sys.modules["left_by"] = os.left_by = True
random.random = print
for name in ("usercustomize", "sitecustomize"):
    if name in sys.modules and "/box/" in str(sys.modules[name].__file__):
        breach(name)
with open("/box/usercustomize.py", "w") as f:
    f.write("print('BREACH:usercustomize')\n")
held()
