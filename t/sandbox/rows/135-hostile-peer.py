# row: 135
# title: nginx checks a copy of what a worker writes into the segment, and never
#    crashes of it.
# tries: wild indices, lengths, states and counters of a hostile peer
# elsewhere: t/unit/ipc_hostile_test.c, t/fuzz/ipc_segment_fuzz.c
