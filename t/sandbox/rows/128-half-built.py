# row: 128, 129
# title: A sandbox of which one step failed never runs a job.
# tries: each step of building fails, once and for good: ENOSPC, EMFILE, ENOMEM
# elsewhere: t/unit/sandbox_fault_test.c, t/unit/pool_fault_test.c, t/unit/pool_health_test.c
