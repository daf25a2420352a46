# row: 56
# title: Whatever a program waits for, its wall limit ends it, and the verdict
#    names it.
# tries: sleep, read, select, a lock, a FIFO, pause, a futex, vfork's parent, a
#    full pipe, all signals blocked
# side: outside

import concurrent.futures

CODES = (
    "import time; time.sleep(10**9)",
    "import os; r, w = os.pipe(); os.read(r, 1)",
    "import select; select.select([], [], [])",
    "import threading; a = threading.Lock(); a.acquire(); a.acquire()",
    "import os; os.mkfifo('f'); open('f')",
    "import signal; signal.pthread_sigmask(signal.SIG_BLOCK, "
    "range(1, 65)); signal.pause()",
    "import subprocess; subprocess.run(['sleep', '1000'])",
    "import os; r, w = os.pipe(); os.write(w, b'x' * 10**7)",
    "import threading, time; threading.Thread(target=time.sleep, "
    "args=(1000,)).start()",
    "import socket; s = socket.socket(socket.AF_UNIX); s.bind('s'); "
    "s.listen(); s.accept()",
    "import asyncio; asyncio.run(asyncio.sleep(1000))",
)


def run(site, host):
    def one(code):
        job = site.client.run(code, limits={"timeout_ms": 700})
        if (job["status"], job["limit"]) != ("timed_out", "wall") \
                or job["cpu_time_ms"] > 300:
            return ["%s: %s %s, %.0f ms cpu" % (
                code, job["status"], job["limit"], job["cpu_time_ms"])]
        return []

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        return sum(pool.map(one, CODES), [])
