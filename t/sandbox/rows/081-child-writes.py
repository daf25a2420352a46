# row: 81
# title: The job ends when its main program ends, though a child keeps the
#    output open and goes on writing.
# tries: a child that writes for a minute after its parent has gone
# limits: {"timeout_ms": 10000}
# expect: status=succeeded, exit_code=0, stdout~^HELD, ms<3000
# control: nothing limits it outside

import os
import time

print("HELD", flush=True)
if os.fork() == 0:
    end = time.time() + 60
    while time.time() < end:
        os.write(1, b"still here\n")
        time.sleep(0.01)
    os._exit(0)
time.sleep(0.2)
os._exit(0)
