# row: V4
# title: The time told for a busy second is within 1 % of what time(1) tells.
# tries: a loop of one second of processor time that measures itself by
#    getrusage; processor and wall time, best of five
# side: outside

import json

CODE = """import json, resource, time
def used():
    r = resource.getrusage(resource.RUSAGE_SELF)
    return r.ru_utime + r.ru_stime
begin, cpu = time.monotonic(), used()
while used() - cpu < 1: pass
print(json.dumps([time.monotonic() - begin, used()]))
"""


def run(site, host):
    cpu, wall = [], []
    for _ in range(5):
        job = site.client.run(CODE, limits={"timeout_ms": 30000})
        if job["status"] != "succeeded":
            return ["%s %s: not a second of processor time in %d ms" % (
                job["status"], job["limit"], job["execution_time_ms"])]
        own_wall, own_cpu = json.loads(job["stdout"])
        # what the interpreter used before this job began is not the job's
        cpu.append(job["cpu_time_ms"] / 1000 / 1.0 - 1)
        wall.append(job["execution_time_ms"] / 1000 / own_wall - 1)
    wrong = []
    if min(abs(x) for x in cpu) > 0.01:
        wrong.append("cpu time off by %s" % cpu)
    if min(abs(x) for x in wall) > 0.01:
        wrong.append("wall time off by %s" % wall)
    wrong.append("FIGURE: busy second: cpu off by %s %%, wall by %s %%" % (
        "/".join("%.2f" % (100 * x) for x in sorted(cpu)),
        "/".join("%.2f" % (100 * x) for x in sorted(wall))))
    return wrong
