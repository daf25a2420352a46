# row: 143
# title: Frames and tracebacks up to the first one: the wall is not made of Python, and stands.
# tries: tb_frame.f_back, __context__, sys._getframe, sys.exc_info
# control: host-safe

import sys
from attack import breach, held, wall

try:
    1 / 0
except ZeroDivisionError as e:
    frame = e.__traceback__.tb_frame
    try:
        raise ValueError from e
    except ValueError as f:
        frame = f.__cause__.__traceback__.tb_frame
depth = 0
while frame.f_back is not None:
    frame = frame.f_back
    depth += 1
for name, value in list(frame.f_globals.items()) + list(
        frame.f_locals.items()):
    if "coderemote" in repr(value)[:10000]:
        breach("the first frame knows " + name)
if depth > 1:
    breach("%d frames above the program" % depth)
wall()
held()
