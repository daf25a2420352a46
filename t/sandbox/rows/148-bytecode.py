# row: 148
# title: Broken bytecode breaks the job and nothing else.
# tries: code objects with bad opcodes and indexes, marshal of rubbish
# expect: status=failed|memory_exceeded|timed_out|output_exceeded, stdout~^HELD
# control: it crashes the interpreter that runs it

import marshal
import os
import sys
import types
from attack import held, wall

wall()
held()


def f():
    pass


c = f.__code__
for n in range(200):
    if os.fork() == 0:
        os.dup2(os.open("/dev/null", os.O_WRONLY), 2)
        code = os.urandom(40)
        if n % 4 == 0:
            marshal.loads(b"\xe3" + os.urandom(200))
        exec(c.replace(co_code=code, co_stacksize=100,
                       co_names=("a",), co_consts=()))
        os._exit(0)
    os.wait()
# LOAD_FAST far out of range, in the job's own process
exec(c.replace(co_code=bytes([124, 250, 100, 250, 83, 0]) * 3,
               co_stacksize=1))
sys.exit(1)
