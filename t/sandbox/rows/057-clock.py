# row: 57
# title: Busy waiting on a clock is processor time.
# tries: a loop on CLOCK_MONOTONIC for ten seconds
# limits: {"cpu_ms": 500, "timeout_ms": 30000}
# expect: status=timed_out, limit=cpu, cpu<800
# control: nothing limits it outside
# rootless: without a cgroup processor time is limited for each process, in whole
#    seconds

import time

end = time.monotonic() + 10
while time.monotonic() < end:
    pass
