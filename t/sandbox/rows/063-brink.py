# row: 63
# title: A job that ends on the brink of its limit has the verdict that fits its
#    time.
# tries: 60 jobs that end between 15 ms before and 15 ms after their wall limit
# side: outside

import concurrent.futures


def run(site, host):
    wrong = []

    def one(n):
        sleep = 0.300 + (n % 31 - 15) / 1000
        return site.client.run(
            "import time; time.sleep(%f); print('end')" % sleep,
            limits={"timeout_ms": 300})

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = list(pool.map(one, range(60)))
    for job in jobs:
        ms = job["execution_time_ms"]
        if job["status"] == "succeeded":
            # told before the limit's timer was looked at
            good = ms < 600 and job["stdout"] == "end\n" \
                and job["limit"] is None and job["exit_code"] == 0
        else:
            good = job["status"] == "timed_out" and ms >= 299.5 \
                and job["limit"] == "wall" and job["signal"] == "SIGKILL"
        if not good:
            wrong.append("%s after %.1f ms, %s, %r" % (
                job["status"], ms, job["limit"], job["stdout"]))
    late = [j["execution_time_ms"] for j in jobs
            if j["status"] == "succeeded" and j["execution_time_ms"] > 300]
    wrong.append("FIGURE: %d of 60 in time, %d of them after the limit" % (
        sum(j["status"] == "succeeded" for j in jobs), len(late)))
    return wrong
