# row: 76
# title: Swap is no way around the memory limit.
# gvisor: the group has the sentry's memory in it as well; t/unit/pool_gvisor_test.c
# tries: memory and swap limits of the box's cgroup while a job runs, a job that
#    touches more than its limit
# side: outside
# rootless: without a cgroup memory is limited for each process, as address space;
#    files, pipes and sockets are not counted

import glob
import threading
import time


def number(path):
    """cgroup v2 says "max" for no limit."""
    with open(path) as f:
        text = f.read().strip()
    return 1 << 40 if text == "max" else int(text)


def run(site, host):
    wrong, seen = [], []

    def look():
        time.sleep(0.5)
        for group in host.groups:
            for path in glob.glob(group + "/**/memory.memsw.limit_in_bytes",
                                  recursive=True):
                with open(path) as f:
                    both = int(f.read())
                with open(path.replace("memsw.", "")) as f:
                    seen.append((int(f.read()), both))
            for path in glob.glob(group + "/**/memory.swap.max",
                                  recursive=True):
                memory = number(path.replace("swap.", ""))
                seen.append((memory, memory + number(path)))

    thread = threading.Thread(target=look)
    thread.start()
    site.client.run("import time; time.sleep(1)", limits={"memory_mb": 77})
    thread.join()
    boxes = [s for s in seen if s[0] < 1 << 40]
    if not any(a == 77 << 20 for a, _ in boxes) and any(a for a, _ in boxes):
        wrong.append("no group has the job's limit: %s" % boxes)
    for memory, both in boxes:
        if both > memory:
            wrong.append("memory %d, with swap %d" % (memory, both))
    job = site.client.run("x = bytearray(90 << 20)\n"
                          "x[::4096] = b'x' * len(range(0, len(x), 4096))",
                          limits={"memory_mb": 64})
    if job["status"] != "memory_exceeded":
        wrong.append("90 MB of 64: %s" % job["status"])
    return wrong
