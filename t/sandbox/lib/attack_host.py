"""What is seen of the jobs from outside: taken before, compared after."""

import glob
import hashlib
import os
import re
import time

SYSCTLS = ("kernel/core_pattern", "kernel/modprobe", "kernel/hostname",
           "kernel/domainname", "kernel/randomize_va_space",
           "kernel/panic_on_oops", "kernel/sysrq", "kernel/pid_max",
           "kernel/ns_last_pid", "vm/overcommit_memory", "vm/swappiness",
           "vm/drop_caches", "fs/protected_symlinks", "fs/suid_dumpable",
           "net/ipv4/ip_forward", "fs/binfmt_misc/status")

BINARIES = ("/usr/bin/python3", "/bin/bash", "/bin/ls", "/etc/passwd",
            "/etc/shadow", "/etc/ld.so.cache", "/usr/bin/env",
            "/lib/x86_64-linux-gnu/libc.so.6")

KERNEL = re.compile(r"\bBUG\b|\bOops\b|UBSAN|KASAN|general protection|"
                    r"kernel panic|soft lockup|hung_task|refcount_t")

CGROUP_SLACK_KB = 8192
SENTRY_SLACK_KB = 16384     # of each box, where one is in it


class Host:
    """Observer of one site; `wrong()` is empty when nothing is left."""

    def __init__(self, site, extra=()):
        self.site = site
        self.gvisor = getattr(site, "isolation", "native") == "gvisor"
        self.slack = CGROUP_SLACK_KB
        if self.gvisor:
            self.slack += SENTRY_SLACK_KB * site.boxes * site.workers
        self.base = site.uid_base
        self.last = self.base + 65535
        self.kmsg = None
        try:
            self.kmsg = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
            os.lseek(self.kmsg, 0, os.SEEK_END)
        except OSError:
            pass
        self.binaries = {p: digest(p) for p in BINARIES + tuple(extra)}
        self.sysctls = self.read_sysctls()
        self.groups = self.find_groups()
        self.before = self.settle_first()
        self.log_at = {name: len(site.log(name))
                       for name in ("error.log", "pool.log")}

    # what there is

    def processes(self):
        """pid -> (uid, ppid, cmdline) of everything that has a box's uid."""
        out = {}
        for path in glob.glob("/proc/[0-9]*"):
            try:
                uid = os.stat(path).st_uid
                status = read(path + "/status")
                real = int(re.search(r"^Uid:\s+(\d+)", status, re.M).group(1))
                state = re.search(r"^State:\s+(\S)", status, re.M).group(1)
                if self.base <= real <= self.last and state != "X":
                    out[int(os.path.basename(path))] = (
                        real, uid, read(path + "/cmdline"))
            except (OSError, AttributeError):
                continue
        return out

    def tree(self):
        """Pids of pool and nginx, without the sandboxes they make; and how
        many there are of keepers and zygotes, which others may follow."""
        parents = {}
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                text = read(path)
            except OSError:
                continue
            pid = int(text.split()[0])
            name = text[text.index("(") + 1:text.rindex(")")]
            parents[pid] = (int(text[text.rindex(")") + 2:].split()[1]), name)
        out = set()
        for root in (self.site.nginx, self.site.pool):
            if root is None:
                continue
            level = {root.pid}
            while level:
                out |= level
                level = {p for p, (pp, name) in parents.items()
                         if pp in level and p not in out
                         and name not in ("crw-init", "python")}
        names = {}
        for pid in list(out):
            name = parents.get(pid, (0, ""))[1]
            if name in ("crw-keeper", "crw-zygote"):
                names[name] = names.get(name, 0) + 1
                out.discard(pid)
        return out, names

    def find_groups(self):
        """The folders of the pool's cgroups, of all hierarchies."""
        pid = self.site.pool.pid
        return sorted(glob.glob("/sys/fs/cgroup/*/**/*coderemote-%d*" % pid,
                                recursive=True)
                      + glob.glob("/sys/fs/cgroup/**/*coderemote-%d*" % pid,
                                  recursive=True))

    def snapshot(self):
        users = {}
        for uid, _, command in self.processes().values():
            if self.gvisor:
                # a sentry keeps as many processes as it likes
                name = command.split("\0")[0]
                if name in ("runsc-sandbox", "runsc-gofer"):
                    users[name] = users.get(name, 0) + 1
                users[uid] = 1
            else:
                users[uid] = users.get(uid, 0) + 1
        tree, names = self.tree()
        return {
            "processes of the boxes": users,
            "processes of pool and nginx": tree,
            "keepers and zygotes": names,
            "mounts of the host": self.mounts(),
            "cgroups": sum(len(d) for g in self.groups
                           for _, d, _ in os.walk(g)),
            "System V objects": ipc_of(self.base, self.last),
            "message queues": listing("/dev/mqueue"),
            "/dev/shm": [n for n in listing("/dev/shm")
                         if owned("/dev/shm/" + n, self.base, self.last)],
            "keys": keys_of(self.base, self.last),
            "descriptors": {p: descriptors(p) for p in tree},
            "network namespaces": len({
                link("/proc/%d/ns/net" % p) for p in self.processes()}),
        }

    def mounts(self):
        """Those that can only come from a sandbox; other programs mount and
        unmount as they like."""
        out = []
        for line in read("/proc/self/mountinfo").splitlines():
            uid = re.search(r"\buid=(\d+)", line)
            if (uid and self.base <= int(uid.group(1)) <= self.last
                    or self.site.dir in line or "subset=pid" in line
                    or line.split()[4] == "/sys" and " tmpfs " in line):
                out.append(line)
        return out

    def usage_kb(self):
        """Memory charged to the pool's groups, in KiB, without the pages of
        files that were read: those the kernel takes back when it likes."""
        out = 0
        for group in set(self.groups):
            for name in ("memory.usage_in_bytes", "memory.current"):
                try:
                    used = int(read(group + "/" + name))
                except OSError:
                    continue
                stat = dict(line.split() for line in
                            read(group + "/memory.stat").splitlines())
                for kind in ("active_file", "inactive_file"):
                    used -= int(stat.get("total_" + kind,
                                         stat.get(kind, 0)))
                out = max(out, used // 1024)
        return out

    @staticmethod
    def read_sysctls():
        out = {}
        for name in SYSCTLS:
            try:
                out[name] = read("/proc/sys/" + name)
            except OSError:
                out[name] = None
        out.pop("kernel/ns_last_pid", None)
        return out

    # before and after

    def settle_first(self):
        """The state of rest: the same twice, every box ready."""
        end = time.time() + 30
        last = None
        boxes = self.site.boxes * self.site.workers
        while time.time() < end:
            now = self.snapshot()
            now["memory"] = self.usage_kb()
            sentries = now["processes of the boxes"].get("runsc-sandbox", 0)
            if (last is not None and (sentries == boxes or not self.gvisor)
                    and now["processes of the boxes"]
                    == last["processes of the boxes"]
                    and len(now["processes of the boxes"]) >= 2 * boxes):
                return now
            last = now
            time.sleep(0.3)
        return last

    def rebase(self):
        """A row that ended processes of ours on purpose: rest is now, and
        what the logs say of it is no news."""
        self.before = self.settle_first()
        self.log_at = {name: len(self.site.log(name)) for name in self.log_at}

    def difference(self, now):
        out = []
        for name, was in self.before.items():
            if name == "memory":
                have = self.usage_kb()
                if have > was + self.slack:
                    out.append("cgroup memory: %d KiB at rest, %d now"
                               % (was, have))
                continue
            have = now[name]
            if name == "descriptors":
                for pid, n in was.items():
                    if pid in have and have[pid] > n + 2:
                        out.append("descriptors of %d: %d, were %d"
                                   % (pid, have[pid], n))
            elif have != was:
                out.append("%s: %s, were %s" % (name, have, was))
        return out

    def wrong(self, seconds=15):
        """What is not as it was, after at most so long."""
        end = time.time() + seconds
        while True:
            left = self.difference(self.snapshot())
            if not left or time.time() > end:
                break
            time.sleep(0.1)
        left += self.site.canaries.wrong()
        for path, was in self.binaries.items():
            if digest(path) != was:
                left.append("%s of the host has changed" % path)
        if self.read_sysctls() != self.sysctls:
            left.append("kernel settings have changed")
        return left + self.wrong_kernel() + self.wrong_logs()

    def wrong_kernel(self):
        out = []
        while self.kmsg is not None:
            try:
                line = os.read(self.kmsg, 8192).decode(errors="replace")
            except BlockingIOError:
                break
            except OSError:
                break
            # "traps:" is a program that ended by its own fault
            if KERNEL.search(line) and "traps:" not in line:
                out.append("kernel log: " + line[:200])
        return out

    def wrong_logs(self):
        out = []
        for name, pattern in (("error.log", r"\[(alert|crit|emerg)\]"),
                              ("pool.log", r"\[(error|alert|crit)\]")):
            text = self.site.log(name)
            new, self.log_at[name] = text[self.log_at[name]:], len(text)
            out += ["%s: %s" % (name, line[:200])
                    for line in new.splitlines() if re.search(pattern, line)]
        return out

    def leaks(self, secret):
        """Where the secret of the pool's environment turned up."""
        out = []
        needle = secret.encode()
        for raw in self.site.client.seen:
            if needle in raw:
                out.append("a secret of the pool in an answer")
                break
        for name in ("error.log", "access.log", "pool.log"):
            if secret in self.site.log(name):
                out.append("a secret of the pool in " + name)
        self.site.client.seen.clear()
        return out


def read(path):
    with open(path, errors="replace") as f:
        return f.read()


def digest(path):
    try:
        with open(path, "rb") as f:
            st = os.fstat(f.fileno())
            return (hashlib.sha256(f.read()).hexdigest(), st.st_mode,
                    st.st_uid, st.st_gid, st.st_mtime_ns)
    except OSError:
        return None


def listing(path):
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []


def owned(path, first, last):
    try:
        return first <= os.lstat(path).st_uid <= last
    except OSError:
        return False


def link(path):
    try:
        return os.readlink(path)
    except OSError:
        return None


def descriptors(pid):
    return len(listing("/proc/%d/fd" % pid))


def ipc_of(first, last):
    out = []
    for name in ("shm", "sem", "msg"):
        try:
            lines = read("/proc/sysvipc/" + name).splitlines()
        except OSError:
            continue
        for line in lines[1:]:
            if any(w.isdigit() and first <= int(w) <= last
                   for w in line.split()):
                out.append(line)
    return out


def keys_of(first, last):
    out = []
    try:
        lines = read("/proc/key-users").splitlines()
    except OSError:
        return out
    for line in lines:
        uid = line.split(":")[0].strip()
        if uid.isdigit() and first <= int(uid) <= last:
            nkeys = re.search(r":\s+\d+ (\d+)/", line)
            out.append((uid, nkeys.group(1) if nkeys else line))
    return out
