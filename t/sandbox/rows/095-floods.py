# row: 95
# title: A flood of output ends at its limit, marked as cut, whatever its form.
# tries: yes on stdout, on stderr, on both, without newlines, byte by byte, NULs,
#    from children, after main has closed its own
# side: outside

import concurrent.futures
import json

CODES = (
    "while True: print('y')",
    "import sys\nwhile True: sys.stderr.write('y' * 1000)",
    "import sys\nwhile True: print('a' * 4000); print('b' * 4000, file=sys.stderr)",
    "import os\nwhile True: os.write(1, b'x' * 100000)",
    "import os\nwhile True: os.write(1, b'x')",
    "import os\nwhile True: os.write(1, bytes(4096))",
    "import os\nfor _ in range(5): os.fork()\n"
    "while True: os.write(1, b'child' * 100)",
    "import os; os.execvp('yes', ['yes'])",
    "import os, sys\nos.dup2(2, 1)\nwhile True: os.write(1, b'z' * 70000)",
)


def run(site, host):
    def one(code):
        job = site.client.run(code, limits={"output_kb": 256,
                                            "timeout_ms": 20000})
        size = len(job["stdout"]) + len(job["stderr"])
        if job.get("stdout_encoding") == "base64":
            size = size * 3 // 4
        if job["status"] != "output_exceeded" or job["limit"] != "output" \
                or not job["truncated"] or not 250000 < size <= 262144:
            return ["%s: %s %s, truncated %s, %d bytes" % (
                code, job["status"], job["limit"], job["truncated"], size)]
        return []

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return sum(pool.map(one, CODES), [])
