# row: 147
# title: Raw calls from ctypes: the wall is not made of Python, and stands.
# tries: CDLL(None).syscall, pythonapi, _ctypes.dlopen, memory at any address
# control: host-safe

import ctypes
import _ctypes
from attack import breach, held, wall

_ctypes.dlopen("libc.so.6", 2)
ctypes.pythonapi.PyRun_SimpleString(b"import os")
buf = ctypes.create_string_buffer(100)
ctypes.memset(ctypes.addressof(buf), 65, 100)
libc = ctypes.CDLL(None, use_errno=True)
for number, args in ((101, (0, 0, 0, 0)), (165, (0, 0, 0, 0, 0)),
                     (41, (2, 1, 0)), (272, (0x10000000,))):
    if libc.syscall(number, *args) != -1:
        breach("call %d" % number)
wall()
held()
