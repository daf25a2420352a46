# row: V3
# title: The memory peak is within 5 % of what a C program touched.
# tries: 20, 60, 120 and 200 MB, by malloc, by a file in /tmp and by a child; also
#    on boxes that a reader of 60 MB of files has just left
# side: outside
# needs: gcc
# rootless: without a cgroup memory is limited for each process, as address space;
#    files, pipes and sockets are not counted

import base64

LAUNCH = ("import os, sys\nos.chmod('touch', 0o755)\n"
          "os.execv('./touch', ['touch'] + sys.argv[1:])\n")
READER = ("import os\nn = 0\n"
          "for r, d, fs in os.walk('/usr/lib/x86_64-linux-gnu'):\n"
          "    for f in fs:\n"
          "        try: n += len(open(r + '/' + f, 'rb').read())\n"
          "        except OSError: pass\n"
          "        if n > 60 << 20: raise SystemExit\n")


def run(site, host):
    with open(site.builder.tool("touch"), "rb") as f:
        binary = base64.b64encode(f.read()).decode()

    def touch(how, mb, limit=256):
        return site.client.run(
            LAUNCH, args=[how, str(mb)], limits={"memory_mb": limit},
            files=[{"name": "touch", "encoding": "base64",
                    "content": binary}])

    wrong, off = [], []

    def check(how, mb, job, what="", more=2560):
        if job["status"] != "succeeded":
            wrong.append("%s %d%s: %s" % (how, mb, what, job["status"]))
            return
        ratio = job["memory_peak_kb"] / (mb * 1024)
        off.append(ratio - 1)
        # the program's own file, its stack and page tables count as well
        if not mb * 1024 * 0.95 <= job["memory_peak_kb"] \
                <= mb * 1024 * 1.05 + more:
            wrong.append("%s %d MB%s: peak %d KiB, %+.1f %%" % (
                how, mb, what, job["memory_peak_kb"], 100 * off[-1]))

    for how, sizes in (("malloc", (20, 60, 120, 200)), ("file", (20, 60)),
                       ("child", (60, 120))):
        for mb in sizes:
            check(how, mb, touch(how, mb))
    for _ in range(2 * site.boxes):
        site.client.run(READER, limits={"memory_mb": 64})
    for _ in range(3):
        # files of /usr that the reader's limit has pushed out of the page
        # cache are charged to whoever brings them back
        check("malloc", 40, touch("malloc", 40, 64), " after a reader", 8192)
    wrong.append("FIGURE: memory peak against what was touched: %s" % ", ".join(
        "%+.1f %%" % (100 * x) for x in off))
    return wrong
