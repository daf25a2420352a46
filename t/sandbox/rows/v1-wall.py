# row: V1
# title: A wall limit is held within 20 ms.
# tries: 15 jobs that sleep on, with limits from 200 to 900 ms; the best third
#    decides, for this machine may be busy
# side: outside


def run(site, host):
    late = []
    wrong = []
    for n in range(15):
        limit = 200 + 50 * n
        job = site.client.run("import time; time.sleep(9)",
                              limits={"timeout_ms": limit})
        if (job["status"], job["limit"]) != ("timed_out", "wall"):
            wrong.append("%s %s" % (job["status"], job["limit"]))
        late.append(job["execution_time_ms"] - limit)
    late.sort()
    if late[0] < -0.5:
        wrong.append("%.1f ms too early" % -late[0])
    if late[4] > 20:
        wrong.append("late by %s ms" % ["%.1f" % x for x in late])
    wrong.append("FIGURE: wall limit: late by %.1f ms (median), %.1f (worst "
                 "of 15)" % (late[7], late[-1]))
    return wrong
