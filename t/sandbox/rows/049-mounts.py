# row: 49
# title: Mounts of sandboxes do not reach the host: as many before as after
#    sixty jobs, and the old root is detached.
# tries: the host's mount table before, during and after 60 jobs, 8 at a time
# side: outside

import concurrent.futures


def mounts():
    with open("/proc/self/mountinfo") as f:
        return f.read().splitlines()


def run(site, host):
    before = mounts()
    seen = []

    def one(n):
        job = site.client.run("print(sum(1 for l in open('/proc/self/mounts')"
                              " if l.split()[1] == '/'))")
        seen.append(mounts())
        return job["stdout"]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        roots = list(pool.map(one, range(60)))
    wrong = []
    if set(roots) != {"1\n"}:
        wrong.append("roots inside: %s" % set(roots))
    ours = [line for table in seen + [mounts()] for line in table
            if line not in before
            and (site.dir in line or " box " in line or " /box" in line)]
    if ours:
        wrong.append("on the host: " + ours[0])
    return wrong
