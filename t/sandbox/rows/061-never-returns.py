# row: 61
# title: Work that never comes back to the interpreter ends in time.
# tries: a regular expression that explodes, 10**10**8, int() of a long text, a
#    sort and a sum in C
# side: outside
# rootless: without a cgroup processor time is limited for each process, in whole
#    seconds

import concurrent.futures

CODES = (
    "import re; re.match('(a+)+$', 'a' * 40 + 'b')",
    "10**10**8",
    "import sys; sys.set_int_max_str_digits(0); int('9' * 10**7)",
    "sum(x for x in iter(int, 1))",
    "x = 'a' * 10**6\nwhile True: x.count('ab' * 50)",
    "import hashlib; hashlib.pbkdf2_hmac('sha256', b'a', b'b', 10**9)",
    "a = list(range(10**6))\nwhile True: sorted(a, key=lambda x: -x)",
    "import zlib\nwhile True: zlib.compress(b'abc' * 10**7, 9)",
)


def run(site, host):
    def one(code):
        job = site.client.run(code, limits={"cpu_ms": 700,
                                            "timeout_ms": 8000})
        if job["status"] != "timed_out" or job["limit"] != "cpu" \
                or job["cpu_time_ms"] > 1100:
            return ["%s: %s %s %s, %.0f ms cpu" % (
                code, job["status"], job["limit"], job["stderr"][-200:],
                job["cpu_time_ms"])]
        return []

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return sum(pool.map(one, CODES), [])
