# row: 131
# title: Jobs beside each other never see each other's source, input, environment
#    or output.
# tries: 200 jobs, each with a secret of its own in source, stdin, env, args and
#    files, eight at a time (--full: 3,000, a thousand at a time)
# side: outside

import concurrent.futures
import secrets

CODE = """import os, sys
# %s
text = sys.stdin.read() + os.environ['MINE'] + ''.join(sys.argv)
text += open('mine').read() + open(__file__).read() + repr(os.listdir('.'))
text += open('/proc/self/environ', errors='replace').read()
print(text)
print(text, file=sys.stderr)
"""


def run(site, host):
    jobs, at_once = (3000, 1000) if site.full else (200, 8)
    marks = ["secret-%d-%s" % (n, secrets.token_hex(8)) for n in range(jobs)]

    def one(mark):
        return site.client.run(CODE % mark, stdin=mark, args=[mark],
                               env={"MINE": mark},
                               files=[{"name": "mine", "content": mark}])

    wrong = []
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for mark, job in zip(marks, pool.map(one, marks)):
            text = job["stdout"] + job["stderr"]
            if job["stdout"].count(mark) < 4:
                wrong.append("%s: its own secret is missing" % mark)
            if text.count("secret-") != text.count(mark):
                wrong.append("%s sees another's" % mark)
    for name in ("error.log", "pool.log", "access.log"):
        if "secret-" in site.log(name):
            wrong.append("a secret of a job in " + name)
    if site.full:
        wrong.append("FIGURE: %d jobs, %d at a time" % (jobs, at_once))
    return wrong
