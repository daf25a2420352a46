# row: 35
# title: What ordinary programs need is on the list: no refusal in a hundred
#    jobs that use much of the standard library.
# tries: files, processes, threads, asyncio, sockets, sqlite, shared memory,
#    temporary files, time, compression, many at a time (--full: 10,000 jobs)
# concurrent: 4
# repeat: 25
# full: 2500
# heavy: yes
# rootless: without a cgroup memory is limited for each process, as address space;
#    files, pipes and sockets are not counted

import asyncio
import concurrent.futures
import hashlib
import json
import lzma
import mmap
import multiprocessing
import os
import random
import selectors
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import tempfile
import threading
import time
from attack import breach, held


def square(n):
    return n * n


def files():
    with tempfile.TemporaryDirectory() as d:
        p = os.path.join(d, "a")
        with open(p, "w+b") as f:
            f.write(b"x" * 10000)
            f.flush()
            os.fsync(f.fileno())
            with mmap.mmap(f.fileno(), 0) as m:
                m[0:1] = b"y"
        os.chmod(p, 0o600)
        os.utime(p)
        os.link(p, p + "1")
        os.symlink(p, p + "2")
        os.rename(p + "1", p + "3")
        os.mkfifo(p + "4")
        shutil.copytree(d, d + "5", symlinks=True,
                        ignore=lambda *a: ["a4"])
        os.truncate(p, 5)
        os.statvfs(p)
        shutil.rmtree(d + "5")


def processes():
    out = subprocess.run(["/bin/sh", "-c", "echo a | cat; ls / | wc -l"],
                         capture_output=True, text=True, check=True)
    assert out.stdout.startswith("a\n"), out
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(square, range(9))[-1] == 64
    signal.signal(signal.SIGALRM, lambda *a: None)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    time.sleep(0.01)


def threads():
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert list(pool.map(square, range(20)))[-1] == 361
    e = threading.Event()
    threading.Timer(0.001, e.set).start()
    assert e.wait(10)


def sockets():
    a, b = socket.socketpair()
    a.sendall(b"hello")
    sel = selectors.DefaultSelector()
    sel.register(b, selectors.EVENT_READ)
    assert sel.select(5)
    assert b.recv(10) == b"hello"

    async def main():
        server = await asyncio.start_unix_server(
            lambda r, w: (w.write(b"hi"), w.close()), "/tmp/s")
        r, w = await asyncio.open_unix_connection("/tmp/s")
        assert await r.read() == b"hi"
        server.close()
        p = await asyncio.create_subprocess_exec(
            "echo", "x", stdout=subprocess.PIPE)
        assert await p.stdout.read() == b"x\n"
        await p.wait()

    asyncio.run(main())
    os.unlink("/tmp/s")


def data():
    db = sqlite3.connect("/box/t.db")
    db.execute("create table t (a)")
    db.executemany("insert into t values (?)", [(i,) for i in range(100)])
    db.commit()
    assert db.execute("select sum(a) from t").fetchone() == (4950,)
    db.close()
    os.unlink("/box/t.db")
    assert lzma.decompress(lzma.compress(b"a" * 1000)) == b"a" * 1000
    json.loads(json.dumps({"a": [1.5, None]}))
    hashlib.scrypt(b"a", salt=b"b", n=2, r=1, p=1)
    statistics.mean(random.random() for _ in range(100))


for step in (files, processes, threads, sockets, data):
    try:
        step()
    except OSError as e:
        breach("%s: %s" % (step.__name__, e))
held()
