# row: 156
# title: Sources that break the parser break the job and nothing else.
# tries: recursion without end, 100,000 brackets, huge constants, nested JSON, a
#    literal of 60 kB, deep decorators; the source of a job is read inside only
# side: outside

CODES = (
    "import sys; sys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
    "eval('(' * 10**6)",
    "import ast; ast.parse('(' * 100000 + ')' * 100000)",
    "import ast; ast.literal_eval('-' * 10**6 + '1')",
    "import json; json.loads('[' * 10**5)",
    "compile('x=' * 10**5 + '1', 'x', 'exec')",
    "'x' * 2 ** 40",
    "2 ** 2 ** 2 ** 2 ** 2 ** 2",
    "import re; re.compile('(' * 50000)",
    "(" * 30000, "[" * 30000 + "]" * 30000, "x" * 60000,
    "lambda: " * 8000 + "1", "f'" + "{" * 500 + "'",
    "@a\n" * 15000 + "class X: pass", "\x0c" * 60000 + "1", "1;" * 30000,
    "if 1:\n" + " if 1:\n" * 99, "'" + "\\N{DIGIT ONE}" * 4000 + "'",
    "0x" + "f" * 60000, "9" * 60000, "\ufeffprint(1)", "\r\rprint(1)\r",
)
FINE = {"succeeded", "failed", "timed_out", "memory_exceeded"}


def run(site, host):
    wrong = []
    for code in CODES:
        job = site.client.run(code, limits={"timeout_ms": 6000,
                                            "cpu_ms": 2000})
        if job["status"] not in FINE or job["execution_time_ms"] > 7000:
            wrong.append("%s...: %s %s" % (code[:40], job["status"],
                                           job.get("error")))
    return wrong
