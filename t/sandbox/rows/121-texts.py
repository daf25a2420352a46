# row: 121
# title: No text of ours tells a path of the host, a pid or a name of the pool.
# tries: tracebacks, crashes, refusals, errors of every field, unknown paths,
#    what the program sees of itself
# side: outside

import os
import re

CODES = (
    "1/0", "import nothing", "def f(: pass", "raise SystemExit('x')",
    "import sys; sys.stdin.read(); sys.exit(9)", "import os; os.abort()",
    "import traceback; traceback.print_stack()",
    "import warnings; warnings.warn('x')", "x = '\\ud800'; print(x)",
    "import faulthandler; faulthandler._sigsegv()",
    "print(open('/proc/self/maps').read())",
    "print(open('/proc/self/environ').read())",
    "import os; print(os.readlink('/proc/self/exe'))",
    "import sys; print(sys.path, sys.argv, sys.orig_argv, sys.executable,"
    " sys.prefix, sys.modules, sys.flags)",
    "print(open('/proc/self/cmdline').read(), open('/proc/self/comm').read(),"
    " open('/proc/self/status').read())",
)
BODIES = (b"", b"{", b"[]", b'{"code": 1}', b'{"code": "x", "limits": 1}',
          b'{"code": "x", "language": "perl"}', b'{"code": "x", "no": 1}',
          b'\xff', b'{"code": "x", "stdin": "' + b"y" * 3000000 + b'"}')


def run(site, host):
    wrong = []
    root = os.path.dirname(os.path.dirname(os.path.dirname(
        os.path.dirname(os.path.abspath(__file__)))))
    tell = re.compile("|".join(re.escape(t) for t in (
        root + "/", site.dir, os.path.expanduser("~") + "/", str(site.pool.pid),
        "pool.sock", "coderemote-worker.c", "ngx_", "/lib/attack")
        if len(t) > 3))
    for code in CODES:
        job = site.client.run(code)
        found = tell.search(job["stdout"] + job["stderr"]
                            + str(job.get("error")))
        if found:
            wrong.append("%s tells %s" % (code, found.group(0)))
        if job["status"] == "error":
            wrong.append("%s: %s" % (code, job["error"]))
    for method, path, body in (
            [("POST", "/execute?wait=true", b) for b in BODIES]
            + [("GET", p, None) for p in (
                "/jobs/x", "/jobs/00000000-0000-7000-8000-000000000000",
                "/jobs?limit=x", "/nothing", "/execute", "/ws", "/health",
                "/ready", "/languages")]):
        status, _, raw = site.client.ask(method, path, body)
        found = tell.search(raw.decode(errors="replace"))
        if found:
            wrong.append("%s %s %r tells %s" % (
                method, path, (body or b"")[:40], found.group(0)))
        if status >= 500:
            wrong.append("%s %s %r: %d" % (method, path,
                                           (body or b"")[:40], status))
    return wrong
