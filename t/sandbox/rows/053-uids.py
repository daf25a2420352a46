# row: 53
# title: Each job has a user of the host for itself, none of them root.
# tries: the host's view of four jobs at a time
# side: outside
# rootless: all jobs have the uid of the pool

import concurrent.futures
import re
import time


def group(pid):
    """Which box a process is in; a gVisor sandbox has several."""
    try:
        with open("/proc/%d/cgroup" % pid) as f:
            return re.search(r"\bw\d+-b\d+\b", f.read()).group(0)
    except (OSError, AttributeError):
        return None


def run(site, host):
    wrong = []
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(site.client.run, "import time; time.sleep(1.5)",
                            args=["row53"]) for _ in range(4)]
        time.sleep(0.7)
        users = {}
        for pid, (uid, _, _) in host.processes().items():
            try:
                with open("/proc/%d/status" % pid) as f:
                    text = f.read()
            except OSError:
                continue
            if uid == 0:
                wrong.append("pid %d is root" % pid)
            if re.search(r"^Groups:\s+\d", text, re.M):
                wrong.append("pid %d is in groups" % pid)
            users.setdefault(uid, []).append(pid)
        many = {u: p for u, p in users.items() if len(p) > 1
                and not (host.gvisor and len({group(q) for q in p}) == 1)}
        if many:
            wrong.append("shared users: %s" % many)
        if len(users) < 8:
            wrong.append("only %d users" % len(users))
        for job in jobs:
            if job.result()["status"] != "succeeded":
                wrong.append(str(job.result()))
    return wrong
