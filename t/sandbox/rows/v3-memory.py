# row: V3
# title: The memory peak is within 5 % of what a C program touched.
# gvisor: a sentry takes memory in larger pieces, off by some 10 %
# tries: 20, 50, 100 and 200 MB, by malloc, by a file in /tmp and by a child; also
#    on boxes in which a job before it has left 14 and 60 MB of page cache, with
#    room for that and without; the median of three or more, and none off by 20 %
# side: outside
# needs: gcc
# rootless: without a cgroup memory is limited for each process, as address space;
#    files, pipes and sockets are not counted

import base64
import os
import statistics

LAUNCH = ("import os, sys\nos.chmod('touch', 0o755)\n"
          "os.execv('./touch', ['touch'] + sys.argv[1:])\n")
READER = ("import sys\n"
          "for path in sys.stdin.read().split('\\n'):\n"
          "    with open(path, 'rb') as f:\n"
          "        while f.read(1 << 20): pass\n")


def run(site, host):
    with open(site.builder.tool("touch"), "rb") as f:
        binary = base64.b64encode(f.read()).decode()
    wrong, figures = [], []

    def touch(how, mb, limit=256):
        """How far the peak is from what was touched, as a fraction."""
        job = site.client.run(
            LAUNCH, args=[how, str(mb)], limits={"memory_mb": limit},
            files=[{"name": "touch", "encoding": "base64",
                    "content": binary}])
        if job["status"] != "succeeded":
            wrong.append("%s %d: %s" % (how, mb, job["status"]))
        return job["memory_peak_kb"] / (mb * 1024) - 1

    def check(off, what):
        off.sort()
        figures.append("%+.1f" % (100 * statistics.median(off)))
        if abs(statistics.median(off)) > 0.05 or off[0] < -0.2 \
                or off[-1] > 0.2:
            wrong.append("%s: off by %s %%" % (
                what, ", ".join("%+.1f" % (100 * x) for x in off)))

    for how, sizes in (("malloc", (20, 50, 100, 200)), ("file", (20, 50)),
                       ("child", (20, 50, 100))):
        for mb in sizes:
            check([touch(how, mb) for _ in range(3)], "%s %d MB" % (how, mb))
    for left, limit in ((14, 256), (60, 256), (14, 64), (60, 64)):
        off = []
        for _ in range(site.boxes):
            site.client.run(READER, stdin="\n".join(uncached(left)),
                            limits={"memory_mb": 128})
            # the box that has just been left is the next to be taken
            off.append(touch("malloc", 50, limit))
        check(off, "50 MB of %d after a reader of %d MB" % (limit, left))
    wrong.append("FIGURE: memory peak against what was touched, median: "
                 "%s %%" % ", ".join(figures))
    return wrong


def uncached(mb):
    """Files of the host of so many MB; what it had read of them is dropped,
    so that who reads them next is charged for them."""
    out, size = [], 0
    for top, _, names in os.walk("/usr/lib"):
        for name in names:
            path = os.path.join(top, name)
            if not os.path.isfile(path) or os.path.islink(path) \
                    or not os.stat(path).st_mode & 4 \
                    or not 100000 < os.path.getsize(path) < 4000000:
                continue
            with open(path, "rb") as f:
                os.posix_fadvise(f.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            out.append(path)
            size += os.path.getsize(path)
            if size > mb << 20:
                return out
    return out
