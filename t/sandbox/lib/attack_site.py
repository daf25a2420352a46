"""A site of its own: nginx, the pool, canaries beside them, and a client."""

import collections
import glob
import hashlib
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
BUILD = os.environ.get("CODEREMOTE_BUILD", os.path.join(ROOT, "build"))
NGINX = os.path.join(BUILD, "nginx/sbin/nginx")
POOL = os.path.join(BUILD, "coderemote-worker")

NGINX_CONF = """
worker_processes 2;
daemon off;
pid %(dir)s/run/nginx.pid;
error_log %(dir)s/log/error.log notice;
events { worker_connections 2048; }
http {
    access_log %(dir)s/log/access.log;
    client_body_temp_path %(dir)s/run/body;
    proxy_temp_path %(dir)s/run/proxy;
    fastcgi_temp_path %(dir)s/run/fastcgi;
    uwsgi_temp_path %(dir)s/run/uwsgi;
    scgi_temp_path %(dir)s/run/scgi;
    client_max_body_size 8m;
    server {
        listen 127.0.0.1:%(port)d;
        location / {
            coderemote on;
            coderemote_pool unix:%(dir)s/run/pool.sock;
            coderemote_auth off;
        }
    }
}
"""


class Client:
    """The front door."""

    def __init__(self, url):
        rest = url.split("://", 1)[-1].rstrip("/")
        self.host, _, port = rest.partition(":")
        self.port = int(port or 80)
        # answers to look for secrets in; of more jobs than that, the last
        self.seen = collections.deque(maxlen=20000)

    def ask(self, method, path, body=None, timeout=120, headers=None):
        """(status, headers, body); the body as it came."""
        link = http.client.HTTPConnection(self.host, self.port,
                                          timeout=timeout)
        data = json.dumps(body).encode() if isinstance(body, dict) else body
        head = {"Content-Type": "application/json", "Connection": "close"}
        head.update(headers or {})
        try:
            link.request(method, path, data, head)
            answer = link.getresponse()
            raw = answer.read()
            self.seen.append(raw)
            return answer.status, dict(answer.getheaders()), raw
        finally:
            link.close()

    def execute(self, body, timeout=120):
        """The finished job; ValueError when the answer is not one."""
        status, _, raw = self.ask("POST", "/execute?wait=true", body, timeout)
        text = raw.decode("utf-8")
        job = json.loads(text)
        # more than the request may wait for: ask until it has ended
        while status in (200, 202) and job.get("status") in ("queued",
                                                             "running"):
            time.sleep(0.1)
            status, _, raw = self.ask("GET", "/jobs/" + job["job_id"])
            job = json.loads(raw.decode("utf-8"))
        if status != 200 or "status" not in job:
            raise ValueError("%d %s" % (status, text[:300]))
        return job

    def run(self, code, **rest):
        return self.execute(dict(rest, code=code))


class Canaries:
    """Things of the host that no job may see, reach, change or end."""

    def __init__(self, folder):
        self.secret = "canary-" + secrets.token_hex(16)
        self.files = {}
        self.mark = secrets.token_hex(6)
        self.folder = folder
        for place in (folder, "/tmp", "/var/tmp", "/dev/shm", "/run"):
            path = os.path.join(place, "canary." + self.mark)
            try:
                with open(path, "w") as f:
                    f.write(self.secret + "\n")
                os.chmod(path, 0o666)
                self.files[path] = self.state(path)
            except OSError:
                pass
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-c", "import time; time.sleep(100000)"],
            env={"CANARY": self.secret}, stdin=subprocess.DEVNULL)
        self.tcp = socket.socket()
        self.tcp.bind(("127.0.0.1", 0))
        self.tcp.listen(5)
        self.tcp.setblocking(False)
        self.unix = socket.socket(socket.AF_UNIX)
        self.unix.bind("\0canary." + self.mark)
        self.unix.listen(5)
        self.unix.setblocking(False)

    @staticmethod
    def state(path):
        st = os.stat(path)
        with open(path, "rb") as f:
            return (hashlib.sha256(f.read()).hexdigest(), st.st_mtime_ns,
                    st.st_uid, st.st_gid, st.st_mode, st.st_nlink)

    def environment(self):
        """What an attack is told about them.  The secret is told as the
        complement of its bytes, so that looking for it finds the thing."""
        return {
            "ATTACK_FILES": ":".join(self.files),
            "ATTACK_MARK": self.mark,
            "ATTACK_RESOURCE": "1" if capable(24) else "",
            "ATTACK_HOST": os.uname().nodename,
            "ATTACK_PID": str(self.process.pid),
            "ATTACK_TCP": str(self.tcp.getsockname()[1]),
            "ATTACK_ABSTRACT": "canary." + self.mark,
            "ATTACK_NEEDLE": bytes(
                255 - b for b in self.secret.encode()).hex(),
        }

    def wrong(self):
        out = []
        for path, state in self.files.items():
            try:
                if self.state(path) != state:
                    out.append("the host's %s has changed" % path)
            except OSError as e:
                out.append("the host's %s: %s" % (path, e))
        if self.process.poll() is not None:
            out.append("a process of the host was ended")
        for name, s in (("tcp", self.tcp), ("abstract unix", self.unix)):
            try:
                s.accept()
                out.append("a job reached a %s socket of the host" % name)
            except BlockingIOError:
                pass
        return out

    def close(self):
        self.process.kill()
        self.process.wait()
        self.tcp.close()
        self.unix.close()
        for path in self.files:
            try:
                os.unlink(path)
            except OSError:
                pass


class Site:
    """nginx and pool of this checkout, on a port and in a folder of their
    own, below a pair of secrets in their environment."""

    boxes = 3                   # of each worker
    workers = 2
    full = False                # the matrix's own counts
    isolation = "native"
    # apart from every other pool of the machine: who has such a uid is ours
    uid_base = 1000000000 + os.getpid() % 30000 * 65536

    def __init__(self, port=None):
        self.dir = tempfile.mkdtemp(prefix="coderemote-sandbox.")
        os.chmod(self.dir, 0o755)
        for name in ("run", "log", "canary", "languages"):
            os.mkdir(os.path.join(self.dir, name))
        os.chmod(self.dir + "/canary", 0o777)
        self.port = port or free_port()
        self.url = "http://127.0.0.1:%d" % self.port
        self.canaries = Canaries(self.dir + "/canary")
        self.client = Client(self.url)
        self.nginx = self.pool = None

    def configure(self, **changes):
        with open(os.path.join(ROOT, "conf/worker.json")) as f:
            conf = json.load(f)
        conf.update(socket=self.dir + "/run/pool.sock", boxes=self.boxes,
                    workers=self.workers, uid_base=self.uid_base,
                    languages_dir=self.dir + "/languages")
        if self.isolation != "native":
            conf["isolation"] = self.isolation
        if self.full:
            conf["job_slots"] = 4096
        conf.update(changes)
        with open(self.dir + "/worker.json", "w") as f:
            json.dump(conf, f, indent=1)
        for path in glob.glob(os.path.join(ROOT, "conf/languages/*.json")):
            with open(path) as f:
                lang = json.load(f)
            if "zygote" in lang:
                lang["zygote"] = os.path.join(BUILD, lang["zygote"])
            with open(os.path.join(self.dir, "languages",
                                   os.path.basename(path)), "w") as f:
                json.dump(lang, f, indent=1)
        with open(self.dir + "/nginx.conf", "w") as f:
            f.write(NGINX_CONF % {"dir": self.dir, "port": self.port})

    def start(self, **changes):
        self.configure(**changes)
        self.start_pool()
        env = dict(os.environ, CANARY=self.canaries.secret)
        self.nginx = subprocess.Popen(
            [NGINX, "-p", self.dir, "-e", self.dir + "/log/error.log",
             "-c", self.dir + "/nginx.conf"],
            env=env, stdin=subprocess.DEVNULL, start_new_session=True)
        self.wait_ready()

    def start_pool(self):
        env = dict(os.environ, CANARY=self.canaries.secret)
        log = open(self.dir + "/log/pool.log", "ab")
        self.pool = subprocess.Popen(
            [POOL, "-c", self.dir + "/worker.json"], env=env, stdout=log,
            stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        log.close()

    def wait_ready(self, seconds=60):
        end = time.time() + seconds
        while time.time() < end:
            if self.nginx.poll() is not None:
                # another nginx may have the port, and would answer
                raise RuntimeError("nginx ended: " + self.log("error.log"))
            try:
                if self.client.ask("GET", "/ready", timeout=5)[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(0.1)
        raise RuntimeError("the site does not get ready, see " + self.dir)

    def log(self, name):
        try:
            with open("%s/log/%s" % (self.dir, name), errors="replace") as f:
                return f.read()
        except OSError:
            return ""

    def stop(self, keep=False):
        for process in (self.nginx, self.pool):
            if process is None or process.poll() is not None:
                continue
            for sig, seconds in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
                process.send_signal(sig)
                try:
                    process.wait(seconds)
                    break
                except subprocess.TimeoutExpired:
                    pass
        self.canaries.close()
        if not keep:
            shutil.rmtree(self.dir, ignore_errors=True)


class Elsewhere:
    """A site that somebody else started: seen from the front door only."""

    def __init__(self, url):
        self.url = url
        self.client = Client(url)
        self.dir = tempfile.mkdtemp(prefix="coderemote-sandbox.")
        self.canaries = Canaries(self.dir)
        self.nginx = self.pool = None

    def start(self):
        self.client.run("print(1)")

    def stop(self, keep=False):
        self.canaries.close()
        shutil.rmtree(self.dir, ignore_errors=True)


class Victim:
    """Somebody else's jobs, all the time: right, whatever goes on beside."""

    CODE = ("import hashlib, sys\n"
            "h = hashlib.sha256(sys.stdin.read().encode())\n"
            "for i in range(2000): h.update(b'%d' % i)\n"
            "print(h.hexdigest())\n")

    def __init__(self, client):
        self.client = client
        self.wrong = []
        self.done = 0
        self.times = []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.loop, daemon=True)

    def once(self):
        text = secrets.token_hex(8)
        want = hashlib.sha256(text.encode())
        for i in range(2000):
            want.update(b"%d" % i)
        begin = time.time()
        job = self.client.run(self.CODE, stdin=text)
        self.times.append(time.time() - begin)
        if (job["status"] != "succeeded"
                or job["stdout"] != want.hexdigest() + "\n"):
            self.wrong.append("an innocent job: %s %s %r" % (
                job["status"], job.get("error"), job["stderr"][-200:]))
        self.done += 1

    def loop(self):
        while not self.stopping.wait(0.15):
            try:
                self.once()
            except (OSError, ValueError, http.client.HTTPException) as e:
                self.wrong.append("an innocent request: %s" % e)

    def take(self):
        """What went wrong since the last time."""
        out, self.wrong = self.wrong, []
        return out

    def stop(self):
        self.stopping.set()
        self.thread.join(60)


def capable(number):
    """Has the pool this capability?  (It inherits ours.)"""
    with open("/proc/self/status") as f:
        for line in f:
            if line.startswith("CapEff:"):
                return int(line.split()[1], 16) >> number & 1 == 1
    return False


def free_port(first=18500):
    for port in range(first, first + 99):
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError("no free port")
