# row: 65
# title: What a request brings as arguments, names and environment reaches the
#    program, never the interpreter's own command line or the pool.
# tries: args that are options of Python, files named like options,
#    LD_PRELOAD, PYTHONSTARTUP, PYTHONPATH, PYTHONINSPECT, BASH_ENV in env
# side: outside

ARGS = ["-c", "print('BREACH:-c')", "-i", "--version", "-m", "http.server",
        "--", "@file", "-o", "../../x", "%s%n", "$(id)", "`id`", "; id"]
FILES = [{"name": n, "content": "print('BREACH:file')"} for n in (
    "-c", "--help", "-rf", "usercustomize.py", "sitecustomize.py",
    "python3", "encodings.py", "os.py", "site.py")]


def run(site, host):
    wrong = []
    job = site.client.run("import sys; print(sys.argv[1:])", args=ARGS,
                          files=FILES)
    if job["stdout"] != repr(ARGS) + "\n":
        wrong.append("%r %r" % (job["stdout"], job["stderr"]))
    site_files = FILES[:-3]
    for name, value in (
            ("LD_PRELOAD", "/box/evil.so"), ("PYTHONSTARTUP", "/box/-c"),
            ("PYTHONINSPECT", "1"), ("PYTHONPATH", "/box"),
            ("PYTHONHOME", "/box"), ("LD_AUDIT", "/box/evil.so"),
            ("BASH_ENV", "/box/-c"), ("GLIBC_TUNABLES", "x=" + "y" * 3000),
            ("PATH", ""), ("MALLOC_CHECK_", "3")):
        status, _, raw = site.client.ask(
            "POST", "/execute?wait=true",
            {"code": "import os; print(os.environ[%r])" % name,
             "env": {name: value}, "files": site_files})
        text = raw.decode()
        if status == 400:
            continue
        if status != 200 or "BREACH" in text or value not in text:
            wrong.append("%s: %d %s" % (name, status, text[:200]))
    job = site.client.run("print('well')")
    if job["stdout"] != "well\n":
        wrong.append("the next job: %s" % job)
    return wrong
