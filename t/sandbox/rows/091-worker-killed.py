# row: 91
# title: A pool worker that is killed takes its sandboxes along; the job runs
#    once more, elsewhere.
# tries: SIGKILL and SIGSEGV of pool workers while eight jobs run
# side: outside
# needs: root

import concurrent.futures
import glob
import os
import signal
import time

CODE = "import time; time.sleep(1.5); print('done')"


def children(pid):
    out = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path) as f:
                text = f.read()
        except OSError:
            continue
        if int(text[text.rindex(")") + 2:].split()[1]) == pid:
            out.append(int(text.split()[0]))
    return out


def run(site, host):
    wrong, again = [], 0
    for sig in (signal.SIGKILL, signal.SIGSEGV):
        workers = children(site.pool.pid)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            jobs = [pool.submit(site.client.run, CODE) for _ in range(4)]
            time.sleep(0.6)
            before = set(host.processes())
            os.kill(workers[0], sig)
            time.sleep(1.0)
            still = before & set(host.processes())
            if len(still) > len(before) * 0.75:
                wrong.append("sandboxes of the dead worker: %d of %d are "
                             "alive" % (len(still), len(before)))
            for job in jobs:
                answer = job.result()
                again += answer["attempt"] == 2
                if answer["status"] != "succeeded" \
                        or answer["stdout"] != "done\n" \
                        or answer["attempt"] not in (1, 2):
                    wrong.append("%s, attempt %s, %r: %s" % (
                        answer["status"], answer["attempt"],
                        answer["stdout"], answer.get("error")))
        site.wait_ready()
    host.rebase()
    if again == 0:
        wrong.append("no job was lost, so nothing is shown")
    wrong.append("FIGURE: %d of 8 jobs ran a second time" % again)
    return wrong
