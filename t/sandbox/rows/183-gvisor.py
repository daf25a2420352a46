# row: 183
# title: With a kernel of its own each job stands behind the same wall.
# tries: rows of all sections once more with isolation gvisor, judged by what
#    is seen from outside
# side: outside
# needs: root, runsc
# gvisor: this is that run
# heavy: yes

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROWS = ("001", "003", "011-", "013", "027", "048", "053-uids", "055-burn.py",
        "069-disk.py", "075", "079-fork-bomb.py", "095", "132", "148")


def run(site, host):
    done = subprocess.run(
        [sys.executable, os.path.join(HERE, "..", "run"),
         "--isolation", "gvisor", "--programs", site.builder.folder]
        + list(ROWS),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        timeout=300)
    lines = done.stdout.splitlines()
    wrong = []
    for i, line in enumerate(lines):
        if line.startswith("FAILED"):
            wrong += [line] + lines[i + 1:i + 4]
    if done.returncode != 0 and not wrong:
        wrong.append("ended with %d: %s" % (done.returncode, lines[-3:]))
    wrong.append("FIGURE: with gVisor: " + (lines[-1] if lines else "nothing"))
    return wrong
