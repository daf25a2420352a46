# row: 93
# title: A client that goes away takes its waiting job along.
# tries: a connection reset while its job runs; a DELETE
# side: outside
# rootless: all jobs have the uid of the pool

import json
import socket
import struct
import time


def forks(host):
    """The processes of the one box that has more than its two."""
    users = {}
    for pid, (uid, _, _) in host.processes().items():
        users.setdefault(uid, set()).add(pid)
    return max(users.values(), key=len)


def run(site, host):
    wrong = []
    body = json.dumps({"code": "import os, time\nos.fork(); os.fork()\n"
                               "time.sleep(25)",
                       "limits": {"timeout_ms": 28000}}).encode()
    for reset in (True, False):
        s = socket.create_connection((site.client.host, site.client.port))
        s.sendall(b"POST /execute?wait=true HTTP/1.1\r\nHost: localhost\r\n"
                  b"Content-Type: application/json\r\nContent-Length: %d\r\n"
                  b"\r\n" % len(body) + body)
        time.sleep(0.6)
        tree = forks(host)
        if len(tree) < 3:
            wrong.append("the job does not run")
        if reset:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                         struct.pack("ii", 1, 0))
        s.close()
        begin = time.time()
        while time.time() - begin < 5:
            if not tree & set(host.processes()):
                break
            time.sleep(0.05)
        else:
            wrong.append("still runs 5 s after its client has gone")
    status, _, raw = site.client.ask("POST", "/execute",
                                     json.loads(body))
    job = json.loads(raw)["job_id"]
    time.sleep(0.4)
    begin = time.time()
    site.client.ask("DELETE", "/jobs/" + job)
    end = json.loads(site.client.ask("GET", "/jobs/" + job)[2])
    while end["status"] == "running" and time.time() - begin < 3:
        end = json.loads(site.client.ask("GET", "/jobs/" + job)[2])
    took = (time.time() - begin) * 1000
    if end["status"] != "cancelled":
        wrong.append("after DELETE: %s" % end["status"])
    wrong.append("FIGURE: cancelled %.0f ms after DELETE" % took)
    return wrong
