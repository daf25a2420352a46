# row: 40
# title: What a process may write about itself gives it nothing.
# gvisor: oom_score_adj is the sentry's and scores nobody outside
# tries: oom_score_adj, uid_map, gid_map, setgroups, timens_offsets, loginuid,
#    attr/*, of itself and of its children
# control: root may lower it, and where root may not there is nothing to see

import os
from attack import breach, control, env, held, tries


def write(path, text):
    fd = os.open(path, os.O_WRONLY)
    try:
        return os.write(fd, text)
    finally:
        os.close(fd)


# without CAP_SYS_RESOURCE the pool cannot forbid 0, and nobody can get below
lowest = 900 if env("RESOURCE") else 0
score = int(open("/proc/self/oom_score_adj").read())
for value in (score - 1, 0, -1, -17, -1000):
    if value >= lowest:
        continue
    try:
        write("/proc/self/oom_score_adj", b"%d" % value)
        breach("oom_score_adj can be lowered to %d" % value)
    except OSError:
        pass
if not control():
    if score < 900:
        breach("oom_score_adj is %d" % score)
    for name, text in (("uid_map", b"0 0 4294967295\n"),
                       ("gid_map", b"0 0 4294967295\n"),
                       ("setgroups", b"allow"),
                       ("timens_offsets", b"monotonic 100000 0\n"),
                       ("loginuid", b"0"), ("attr/current", b"x"),
                       ("attr/exec", b"x"), ("sessionid", b"0"),
                       ("make-it-fail", b"1")):
        tries(name, write, "/proc/self/" + name, text)
    pid = os.fork()
    if pid == 0:
        tries("child", write, "/proc/self/oom_score_adj", b"-1")
        os._exit(0)
    os.waitpid(pid, 0)
held()
