# row: 7
# title: No performance counters.
# tries: perf_event_open for software, hardware, tracepoint and breakpoint
# control: host-safe

import ctypes
import struct
from attack import held, refused

for kind in range(6):
    for config in (0, 1):
        attr = ctypes.create_string_buffer(
            struct.pack("IIQ", kind, 112, config) + bytes(96))
        for pid, cpu in ((0, -1), (-1, 0)):
            refused("perf_event_open", 298, ctypes.addressof(attr), pid, cpu,
                    -1, 0)
refused("perf_event_open", 298, 0, 0, -1, -1, 0)
held()
