# row: 151
# title: Sources in odd codings: the wall is not made of Python, and stands.
# tries: rot13, utf-7, unicode_escape, a codec of its own, by exec and by files
# control: host-safe

import codecs
import os
import subprocess
import sys
from attack import held, wall

exec(codecs.decode("vzcbeg bf; bf.trgcvq()", "rot13"))
with open("utf7.py", "wb") as f:
    f.write(b"# -*- coding: utf-7 -*-\n+AGkAbQBwAG8AcgB0- os\nos.getpid()\n")
with open("raw.py", "wb") as f:
    f.write(b"# -*- coding: raw_unicode_escape -*-\n"
            b"\\u0069mport os\nos.getpid()\n")
codecs.register(lambda name: codecs.lookup("utf-8") if name == "mine"
                else None)
with open("mine.py", "wb") as f:
    f.write(b"# -*- coding: mine -*-\nimport os\n")
sys.path.insert(0, "")
for name in ("utf7", "raw"):
    subprocess.run([sys.executable, name + ".py"], capture_output=True)
    try:
        __import__(name)
    except (SyntaxError, LookupError):
        pass
wall()
held()
