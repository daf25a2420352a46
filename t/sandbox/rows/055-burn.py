# row: 55
# title: A busy loop ends at the limit of processor time.
# tries: while True: pass
# limits: {"cpu_ms": 800, "timeout_ms": 30000}
# expect: status=timed_out, limit=cpu, cpu>780, cpu<1100
# control: nothing limits it outside
# rootless: without a cgroup processor time is limited for each process, in whole
#    seconds

while True:
    pass
