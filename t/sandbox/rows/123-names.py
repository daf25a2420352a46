# row: 123
# title: Source, input and arguments of a job show nowhere on the host: not in
#    ps, not in a log, not in the kernel's log.
# tries: every command line and environment of the host while the job runs, and
#    after it has crashed
# side: outside

import glob
import secrets
import threading
import time


def run(site, host):
    wrong = []
    mark = "mark" + secrets.token_hex(8)
    done = []
    thread = threading.Thread(target=lambda: done.append(site.client.run(
        "# %s\nimport time, ctypes; time.sleep(1.2); ctypes.string_at(0)"
        % mark, stdin=mark, files=[{"name": mark, "content": mark}])))
    thread.start()
    time.sleep(0.6)
    for path in glob.glob("/proc/[0-9]*"):
        for name in ("cmdline", "environ", "comm"):
            try:
                with open(path + "/" + name, "rb") as f:
                    if mark.encode() in f.read():
                        wrong.append("%s/%s" % (path, name))
            except OSError:
                pass
    thread.join()
    for name in ("error.log", "access.log", "pool.log"):
        if mark in site.log(name):
            wrong.append("in " + name)
    if not done or done[0]["signal"] != "SIGSEGV":
        wrong.append("the job: %s" % done)
    return wrong
