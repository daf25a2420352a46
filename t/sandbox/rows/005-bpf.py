# row: 5
# title: No BPF program and no map, neither by bpf(2) nor on a socket.
# tries: bpf(2) commands 0 to 40; SO_ATTACH_FILTER, SO_ATTACH_BPF and the
#    REUSEPORT forms on a unix socket
# control: host-safe

import ctypes
import socket
import struct
from attack import breach, held, refused

for command in range(40):
    refused("bpf", 321, command, 0, 0)

# one instruction, "accept all": struct sock_fprog
code = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0xffffffff))
prog = struct.pack("HxxxxxxQ", 1, ctypes.addressof(code))
for name, option in (("SO_ATTACH_FILTER", 26), ("SO_ATTACH_BPF", 50),
                     ("SO_ATTACH_REUSEPORT_CBPF", 51),
                     ("SO_ATTACH_REUSEPORT_EBPF", 52)):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        try:
            s.setsockopt(socket.SOL_SOCKET, option,
                         prog if "FILTER" in name or "CBPF" in name
                         else struct.pack("i", 0))
            breach(name + " is taken")
        except OSError:
            pass
held()
