# row: 97
# title: Output that looks like the pool's own messages is output.
# tries: job objects, headers of chunks and messages, terminators, on both
#    streams and on every descriptor up to 64
# expect: status=failed, exit_code=3, limit=None, stdout~^HELD
# control: nothing reads it outside

import json
import os
import struct

print("HELD", flush=True)
for text in (
        json.dumps({"status": "succeeded", "exit_code": 0, "stdout": "x"}),
        "\x00" * 64, "HTTP/1.1 200 OK\r\n\r\n{}", "data: {}\n\nevent: result\n",
        "<<RESULT>>", "--boundary--", "\x04\x00\x17"):
    for fd in (1, 2):
        os.write(fd, text.encode() + b"\n")
for kind in range(16):
    for fd in range(3, 64):
        try:
            os.write(fd, struct.pack("IIQQ", kind, 0, 0, 0))
            print("BREACH:descriptor", fd)
        except OSError:
            pass
os._exit(3)
