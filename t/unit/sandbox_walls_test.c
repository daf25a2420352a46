/*
 * What a program finds around it: each layer of the sandbox seen from the
 * inside by a Python program that tries to get past it, and some from the
 * outside.
 *
 * sources: t/unit/sandbox_drive.c worker/sandbox/crw_link.c
 * sources: ipc/cr_request.c
 */

#include <dirent.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cr_test.h"
#include "sandbox_drive.h"


static drive_t  d;


/* one zygote for all of the file, started by the first test */

static int
open_once(void)
{
    static int  state;              /* 1: open, -1: cannot */

    if (state == 0) {
        state = -1;

        if (drive_zygote() == NULL) {
            return -1;
        }

        /* must not be found by any program */

        setenv("DATABASE_PASSWORD", "CANARY-123456", 1);

        if (drive_open(&d, NULL, NULL, NULL) == 0) {
            state = 1;

        } else {
            CR_TEST_FAIL("%s: %s", d.failed, strerror(d.failed_errno));
        }
    }

    return state == 1 ? 0 : -1;
}


/* the program prints nothing but "ok" when the wall holds */

static void
holds(const char *code)
{
    drive_job_t  *job;

    if (open_once() == -1) {
        return;
    }

    job = drive_python(&d, code);

    if (strcmp(job->out, "ok\n") != 0 || job->status != 0) {
        CR_TEST_FAIL("status %x\n%s%s", job->status, job->out, job->err);
    }
}


#define TRY                                                                   \
    "import ctypes, errno, os, sys\n"                                         \
    "libc = ctypes.CDLL(None, use_errno=True)\n"                              \
    "bad = []\n"                                                              \
    "def refused(what, errors, nr, *args):\n"                                 \
    "    ctypes.set_errno(0)\n"                                               \
    "    r = libc.syscall(ctypes.c_long(nr), *[ctypes.c_long(a)"              \
    " for a in args])\n"                                                      \
    "    e = ctypes.get_errno()\n"                                            \
    "    if r != -1 or e not in errors:\n"                                    \
    "        bad.append((what, r, errno.errorcode.get(e)))\n"                 \
    "def end():\n"                                                            \
    "    print(bad if bad else 'ok')\n"


TEST("a program is the single user coder, with no groups but its own")
{
    holds("import os, pwd\n"
          "assert os.getresuid() == (1000,) * 3, os.getresuid()\n"
          "assert os.getresgid() == (1000,) * 3, os.getresgid()\n"
          "assert os.getgroups() == [], os.getgroups()\n"
          "assert pwd.getpwuid(os.getuid()).pw_name == 'coder'\n"
          "assert pwd.getpwuid(os.getuid()).pw_dir == '/box'\n"
          "m = open('/proc/self/uid_map').read().split()\n"
          "assert m[0] == '1000' and m[2] == '1', m\n"
          "print('ok')");
}


TEST("every set of capabilities is empty, no_new_privs and seccomp are on")
{
    holds("s = dict(l.split(':\\t') for l in open('/proc/self/status'))\n"
          "for k in 'CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb':\n"
          "    assert int(s[k], 16) == 0, (k, s[k])\n"
          "assert s['NoNewPrivs'] == '1\\n' and s['Seccomp'] == '2\\n'\n"
          "print('ok')");
}


TEST("a program has its three pipes and no other descriptor")
{
    holds("import os, stat\n"
          "fds = sorted(int(x) for x in os.listdir('/proc/self/fd'))\n"
          "assert fds[:3] == [0, 1, 2] and len(fds) == 4, fds\n"
          "assert all(stat.S_ISFIFO(os.fstat(f).st_mode) for f in fds[:3])\n"
          "print('ok')");
}


TEST("no socket of any family but AF_UNIX can be made")
{
    holds("import socket\n"
          "bad = []\n"
          "for family in range(0, 64):\n"
          "    for kind in range(1, 7):\n"
          "        for flag in 0, socket.SOCK_CLOEXEC:\n"
          "            try:\n"
          "                s = socket.socket(family, kind | flag, 0)\n"
          "                if family != socket.AF_UNIX:\n"
          "                    bad.append((family, kind))\n"
          "                s.close()\n"
          "            except OSError as e:\n"
          "                if family != socket.AF_UNIX and e.errno != 1:\n"
          "                    bad.append((family, kind, e.errno))\n"
          "a, b = socket.socketpair()\n"
          "a.send(b'x')\n"
          "assert b.recv(1) == b'x'\n"
          "print(bad if bad else 'ok')");
}


TEST("the network namespace has nothing but a loopback that is down")
{
    holds("import os\n"
          "assert not os.path.exists('/sys/class')\n"
          "assert os.listdir('/proc/self/net') is not None\n"
          "dev = open('/proc/self/net/dev').read().split('\\n')[2:]\n"
          "assert [l.split(':')[0].strip() for l in dev if l] == ['lo'], dev\n"
          "assert len(open('/proc/self/net/route').readlines()) <= 1\n"
          "print('ok')");
}


TEST("files of the host are not there")
{
    holds("import os\n"
          "for p in ('/etc/shadow', '/root', '/home', '/boot', '/srv',\n"
          "          '/mnt', '/sys', '/opt', '/var/lib', '/var/log',\n"
          "          '/run/lock',\n"
          "          '/etc/machine-id', '/dev/kmsg', '/dev/mem', '/dev/tty',\n"
          "          '/dev/kvm', '/dev/vsock', '/dev/vda', '/dev/pts',\n"
          "          '/proc/sys', '/proc/kcore', '/proc/meminfo',\n"
          "          '/proc/sysrq-trigger', '/proc/modules', '/.oldroot',\n"
          "          '/proc/1/root/etc/shadow', '/../../../etc/shadow'):\n"
          "    assert not os.path.lexists(p), p\n"
          "assert sorted(os.listdir('/dev')) == ['fd', 'full', 'null',\n"
          "    'random', 'shm', 'stderr', 'stdin', 'stdout', 'urandom',\n"
          "    'zero'], os.listdir('/dev')\n"
          "assert open('/etc/hostname').read() == 'sandbox\\n'\n"
          "assert os.uname().nodename == 'sandbox'\n"
          "assert os.getcwd() == '/box'\n"
          "print('ok')");
}


TEST("nothing but /box and /tmp can be written")
{
    holds("import os\n"
          "bad = []\n"
          "for top, dirs, files in os.walk('/'):\n"
          "    if top.startswith(('/proc', '/usr/share', '/usr/lib/')):\n"
          "        dirs[:] = []\n"
          "        continue\n"
          "    try:\n"
          "        os.close(os.open(top + '/x', os.O_CREAT|os.O_WRONLY))\n"
          "        os.unlink(top + '/x')\n"
          "        if top not in ('/box', '/tmp'):\n"
          "            bad.append(top)\n"
          "    except OSError as e:\n"
          "        if top in ('/box', '/tmp'):\n"
          "            bad.append((top, e))\n"
          "for f in '/usr/bin/python3', '/etc/passwd', '/proc/self/exe':\n"
          "    try:\n"
          "        os.open(f, os.O_WRONLY)\n"
          "        bad.append(f)\n"
          "    except OSError:\n"
          "        pass\n"
          "open('/dev/null', 'w').write('x')\n"
          "print(bad if bad else 'ok')");
}


TEST("the mount table says nothing of the host, all read-only but the tmpfs")
{
    holds("bad = []\n"
          "for l in open('/proc/self/mountinfo'):\n"
          "    f = l.split()\n"
          "    where, opts = f[4], f[5].split(',')\n"
          "    if 'nosuid' not in opts:\n"
          "        bad.append(l)\n"
          "    if where in ('/box', '/tmp', '/proc'):\n"
          "        if 'nodev' not in opts: bad.append(l)\n"
          "    elif 'ro' not in opts:\n"
          "        bad.append(l)\n"
          "    if where not in ('/', '/usr', '/proc', '/box', '/tmp')\\\n"
          "       and not where.startswith('/usr/') :\n"
          "        bad.append(l)\n"
          "assert open('/proc/self/cgroup').read().count('/coderemote') == 0\n"
          "print(bad if bad else 'ok')");
}


TEST("a program sees its own processes only, and cannot touch init")
{
    holds("import os, signal\n"
          "pids = [p for p in os.listdir('/proc') if p.isdigit()]\n"
          "assert pids == [str(os.getpid())], pids\n"
          "assert os.getppid() == 1 and os.getsid(0) == os.getpid()\n"
          "for s in range(1, 65):\n"
          "    try:\n"
          "        os.kill(1, s)\n"
          "        print('signal', s)\n"
          "    except PermissionError:\n"
          "        pass\n"
          "for p in range(2, 4000):\n"
          "    try:\n"
          "        os.kill(p, 0)\n"
          "        assert p == os.getpid(), p\n"
          "    except ProcessLookupError:\n"
          "        pass\n"
          "try:\n"
          "    open('/proc/1/mem')\n"
          "except OSError:\n"
          "    print('ok')");
}


TEST("init outlives kill(-1) of everything, and the end is told truthfully")
{
    drive_job_t  *job;

    if (open_once() == -1) {
        return;
    }

    job = drive_python(&d, "import os, signal\n"
                           "signal.signal(15, lambda *a: None)\n"
                           "try:\n"
                           "    os.kill(-1, 9)\n"
                           "except ProcessLookupError:\n"
                           "    pass\n"
                           "os.kill(-1, 15) if os.fork() else os.pause()\n"
                           "import sys\n"
                           "sys.exit(42)\n");
    CHECK(job->exited);
    CHECK_MSG(WIFEXITED(job->status) && WEXITSTATUS(job->status) == 42,
              "%x %s", job->status, job->err);

    job = drive_python(&d, "import os\nos.kill(os.getpid(), 9)");
    CHECK(job->exited);
    CHECK(WIFSIGNALED(job->status) && WTERMSIG(job->status) == 9);
}


TEST("each namespace is another than ours")
{
    int                 i, n;
    char                mine[64], theirs[64], path[64], code[64];
    drive_job_t         job;
    static const char  *names[] = {
        "cgroup", "ipc", "mnt", "net", "pid", "user", "uts"
    };

    if (open_once() == -1) {
        return;
    }

    memset(&job, 0, sizeof(job));
    REQUIRE(drive_build(&d, NULL) == 0);

    /* the program is the one child of init */

    for (i = 0; i < 7; i++) {
        snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
        n = (int) readlink(path, mine, sizeof(mine) - 1);
        mine[n] = '\0';

        snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int) d.init,
                 names[i]);
        n = (int) readlink(path, theirs, sizeof(theirs) - 1);

        if (n == -1) {
            printf("skipped: not root\n");
            break;
        }

        theirs[n] = '\0';
        CHECK_MSG(strcmp(mine, theirs) != 0 || strcmp(names[i], "user") == 0,
                  "%s", names[i]);
    }

    snprintf(code, sizeof(code),
             "import os\nprint(os.readlink('/proc/self/ns/user'))");
    job.code = code;
    CHECK_INT(drive_run(&d, &job), 0);

    n = (int) readlink("/proc/self/ns/user", mine, sizeof(mine) - 1);
    mine[n] = '\0';
    CHECK(strncmp(job.out, "user:[", 6) == 0);
    CHECK(strncmp(job.out, mine, strlen(mine)) != 0);
}


TEST("calls that are on no list answer EPERM, and never a signal")
{
    holds(TRY
          "P = (errno.EPERM,)\n"
          "for what, nr, *args in (\n"
          "    ('io_uring_setup', 425, 8, 0), ('io_uring_enter', 426, 0),\n"
          "    ('io_uring_register', 427, 0), ('userfaultfd', 323, 1),\n"
          "    ('bpf', 321, 0, 0, 0), ('perf_event_open', 298, 0),\n"
          "    ('ptrace', 101, 0, 0, 0, 0), ('process_vm_readv', 310, 1),\n"
          "    ('process_vm_writev', 311, 1), ('kcmp', 312, 1, 1, 0),\n"
          "    ('pidfd_getfd', 438, 3, 0, 0), ('unshare', 272, 0x10000000),\n"
          "    ('unshare0', 272, 0), ('setns', 308, 0, 0),\n"
          "    ('mount', 165, 0, 0, 0, 0, 0), ('umount2', 166, 0, 0),\n"
          "    ('move_mount', 429, 0), ('fsopen', 430, 0),\n"
          "    ('open_tree', 428, -100, 0, 1), ('mount_setattr', 442, 0),\n"
          "    ('open_by_handle_at', 304, 0), ('name_to_handle_at', 303, 0),\n"
          "    ('kexec_load', 246, 0), ('init_module', 175, 0),\n"
          "    ('finit_module', 313, 0), ('delete_module', 176, 0),\n"
          "    ('reboot', 169, 0), ('swapon', 167, 0), ('acct', 163, 0),\n"
          "    ('quotactl', 179, 0), ('iopl', 172, 3), ('ioperm', 173, 0),\n"
          "    ('modify_ldt', 154, 0), ('syslog', 103, 3, 0, 0),\n"
          "    ('sethostname', 170, 0, 0), ('setdomainname', 171, 0, 0),\n"
          "    ('capset', 126, 0, 0), ('setuid', 105, 0),\n"
          "    ('setresuid', 117, 0, 0, 0), ('setgroups', 116, 0, 0),\n"
          "    ('setfsuid', 122, 0), ('seccomp', 317, 1, 8, 0),\n"
          "    ('chroot', 161, 0), ('pivot_root', 155, 0, 0),\n"
          "    ('keyctl', 250, 0), ('add_key', 248, 0),\n"
          "    ('request_key', 249, 0), ('shmget', 29, 0, 4096, 0o1600),\n"
          "    ('msgget', 68, 0, 0o1600), ('semget', 64, 0, 1, 0o1600),\n"
          "    ('mq_open', 240, 0), ('inotify_init1', 294, 0),\n"
          "    ('fanotify_init', 300, 0), ('flock', 73, 1, 2),\n"
          "    ('vmsplice', 278, 0), ('splice', 275, 0), ('tee', 276, 0),\n"
          "    ('sync', 162), ('syncfs', 306, 1), ('readahead', 187, 0),\n"
          "    ('settimeofday', 164, 0, 0), ('clock_settime', 227, 0, 0),\n"
          "    ('adjtimex', 159, 0), ('sched_setscheduler', 144, 0, 1, 0),\n"
          "    ('mbind', 237, 0), ('migrate_pages', 256, 0),\n"
          "    ('move_pages', 279, 0), ('landlock', 444, 0, 0, 1),\n"
          "    ('memfd_secret', 447, 0), ('process_madvise', 440, 0),\n"
          "    ('lookup_dcookie', 212, 0), ('personality', 135, 0x40000),\n"
          "    ('prctl seccomp', 157, 22, 2, 0), ('prctl mm', 157, 35, 1, 0),\n"
          "    ('prctl securebits', 157, 28, 0),\n"
          "    ('prctl ambient', 157, 47, 2, 21, 0, 0),\n"
          "    ('prctl ptracer', 157, 0x59616d61, -1),\n"
          "    ('map vdso', 158, 0x2003, 0),\n"
          "    ('ioctl tiocsti', 16, 0, 0x5412, 0),\n"
          "    ('ioctl tiocsti high', 16, 0, 0x5412 | 1 << 40, 0),\n"
          "    ('ioctl tioclinux', 16, 0, 0x541c, 0),\n"
          "    ('fcntl lease', 72, 0, 1024, 0),\n"
          "    ('fcntl notify', 72, 0, 1026, 1),\n"
          "    ('fcntl getlk', 72, 0, 5, 0), ('setxattr', 188, 0),\n"
          "    ('mknod chr', 133, 0, 0o020666, 0x103),\n"
          "    ('socket vsock', 41, 40, 1, 0),\n"
          "    ('socket netlink', 41, 16, 3, 0),\n"
          "    ('socket high', 41, 2 | 1 << 40, 1, 0)):\n"
          "    refused(what, P, nr, *args)\n"
          "end()");
}


TEST("new calls and clone3 answer ENOSYS, so that libraries fall back")
{
    holds(TRY
          "for nr in (435, 451, 452, 460, 467, 500, 1000, 99999):\n"
          "    refused(nr, (errno.ENOSYS,), nr, 0, 0, 0)\n"
          "end()");
}


TEST("no child can be put into a namespace of its own")
{
    holds(TRY
          "for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000,\n"
          "             0x20000000, 0x40000000, 0x2000, 0x10020000):\n"
          "    refused(hex(flag), (errno.EPERM,), 56, flag | 17, 0, 0, 0, 0)\n"
          "end()");
}


TEST("the calls of i386 and x32 are refused")
{
    holds(TRY
          "import mmap\n"
          "for nr in (0, 1, 39, 41, 59, 165, 512, 520):\n"
          "    refused('x32', (errno.ENOSYS,), nr | 0x40000000, 0, 0, 0)\n"
          /* mov eax, edi; mov ebx, esi; int 0x80; cdqe; ret */
          "code = b'\\x53\\x89\\xf8\\x89\\xf3\\xcd\\x80\\x48\\x98\\x5b\\xc3'\n"
          "m = mmap.mmap(-1, 4096, prot=7)\n"
          "m.write(code)\n"
          "f = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_long, ctypes.c_long)(\n"
          "    ctypes.addressof(ctypes.c_char.from_buffer(m)))\n"
          "for nr in (1, 2, 11, 20, 21, 102, 359):\n"
          "    r = f(nr, 0)\n"
          "    if r != -errno.ENOSYS:\n"
          "        bad.append(('i386', nr, r))\n"
          "end()");
}


TEST("limits of one process cannot be raised again")
{
    holds("import resource as r\n"
          "for what in (r.RLIMIT_NOFILE, r.RLIMIT_CORE, r.RLIMIT_FSIZE,\n"
          "             r.RLIMIT_MEMLOCK, r.RLIMIT_MSGQUEUE,\n"
          "             r.RLIMIT_SIGPENDING):\n"
          "    soft, hard = r.getrlimit(what)\n"
          "    assert soft == hard != -1, what\n"
          "    try:\n"
          "        r.setrlimit(what, (hard + 1, hard + 1))\n"
          "        print(what)\n"
          "    except ValueError:\n"
          "        pass\n"
          "print('ok')");
}


TEST("the work directory ends at its bytes, its inodes, and file size")
{
    holds("import os, signal\n"
          "n = 0\n"
          "try:\n"
          "    while n < 100000:\n"
          "        os.close(os.open('f%d' % n, os.O_CREAT|os.O_WRONLY))\n"
          "        n += 1\n"
          "except OSError as e:\n"
          "    assert e.errno == 28, e\n"
          "assert 500 < n < 1100, n\n"
          "for i in range(n): os.unlink('f%d' % i)\n"
          "fill = 0\n"
          "try:\n"
          "    for i in range(4):\n"
          "        with open('big%d' % i, 'wb') as f:\n"
          "            for j in range(8):\n"
          "                f.write(bytes(1 << 20))\n"
          "                fill += 1\n"
          "except OSError as e:\n"
          "    assert e.errno == 28, e\n"
          "assert fill <= 16, fill\n"
          "os.unlink('big0')\n"
          "try:\n"
          "    os.truncate('big1', 1 << 50)\n"
          "    print('truncate')\n"
          "except OSError as e:\n"
          "    assert e.errno == 27, e\n"
          "print('ok')");
}


TEST("a file of one job is not there for the next, nor its processes")
{
    DIR           *dir;
    drive_job_t   *job;

    if (open_once() == -1) {
        return;
    }

    job = drive_python(&d, "import subprocess\n"
                           "for p in ('/box/a', '/tmp/b', '/dev/shm/c'):\n"
                           "    open(p, 'w').write('x')\n"
                           "subprocess.Popen(['sleep', '1000'],\n"
                           "                 start_new_session=True)\n"
                           "print('ok')");
    CHECK_STR(job->out, "ok\n");
    CHECK(job->gone_us > 0 && job->gone_us < 1000000);

    holds("import os\n"
          "assert os.listdir('/box') == ['main.py'], os.listdir('/box')\n"
          "assert os.listdir('/tmp') == [], os.listdir('/tmp')\n"
          "print('ok')");

    dir = opendir("/proc/self/task");
    CHECK(dir != NULL);
    closedir(dir);
}


TEST("arguments, environment and files arrive, the zygote's do not")
{
    static drive_job_t  job;

    if (open_once() == -1) {
        return;
    }

    memset(&job, 0, sizeof(job));
    job.code = "import os, sys\n"
               "print(sys.argv, os.environ.get('GREETING'),"
               " os.environ['PATH'])\n"
               "print(sorted(os.environ))\n"
               "print(os.popen('echo $GREETING').read().strip())\n"
               "print(open('data/in.txt').read())\n"
               "import helper.mod\n"
               "print(helper.mod.x)\n"
               "print(sorted(os.listdir('.')))\n"
               "c = open('/proc/self/cmdline').read()\n"
               "print(c.replace('\\0', ' ').strip())\n";
    job.args[0] = "--flag";
    job.args[1] = "two words";
    job.env[0] = "GREETING=h\xc3\xa9llo";
    job.env[1] = "TMPDIR=/box";
    job.files[0][0] = "data/in.txt";
    job.files[0][1] = "content";
    job.files[1][0] = "helper/mod.py";
    job.files[1][1] = "x = 5\n";
    job.files[2][0] = "helper/__init__.py";
    job.files[2][1] = "";

    REQUIRE(drive_build(&d, NULL) == 0);
    CHECK_INT(drive_run(&d, &job), 0);
    CHECK_STR(job.err, "");
    CHECK_STR(job.out,
              "['main.py', '--flag', 'two words'] h\xc3\xa9llo "
              "/usr/local/bin:/usr/bin:/bin\n"
              "['GREETING', 'HOME', 'LANG', 'LOGNAME', 'PATH', 'TMPDIR', "
              "'USER']\n"
              "h\xc3\xa9llo\n"
              "content\n"
              "5\n"
              "['data', 'helper', 'main.py']\n"
              "python3 main.py\n");
}


TEST("neither environment, arguments nor memory hold anything of the pool")
{
    holds("import os, re\n"
          "env = open('/proc/self/environ', 'rb').read()\n"
          "names = sorted(x.split(b'=')[0] for x in env.split(b'\\0') if x)\n"
          "assert names == [b'HOME', b'LANG', b'LOGNAME', b'PATH',\n"
          "                 b'TMPDIR', b'USER'], names\n"
          "assert os.readlink('/proc/self/exe') == '/'\n"
          "found = 0\n"
          "for l in open('/proc/self/maps'):\n"
          "    a, b = (int(x, 16) for x in l.split()[0].split('-'))\n"
          "    if l.split()[1][0] != 'r' or '[v' in l: continue\n"
          "    with open('/proc/self/mem', 'rb') as f:\n"
          "        f.seek(a)\n"
          "        m = f.read(b - a)\n"
          "        found += len(re.findall(b'CANARY-[0-9]{6}', m))\n"
          "    assert '/zygote' not in l and 'build' not in l, l\n"
          "print('ok' if not found else found)");
}


TEST("a file that cannot be written ends the job before its first line")
{
    static drive_job_t  job;

    if (open_once() == -1) {
        return;
    }

    memset(&job, 0, sizeof(job));
    job.code = "print('ran')";
    job.files[0][0] = "main.py";
    job.files[0][1] = "print('other')";

    REQUIRE(drive_build(&d, NULL) == 0);
    CHECK_INT(drive_run(&d, &job), -1);
    CHECK_STR(d.failed, "job_files");
    CHECK_STR(job.out, "");
    d.failed[0] = '\0';
}


TEST("stdout and stderr keep the order in which Python wrote them")
{
    int            i;
    char           want[4096];
    size_t         n;
    drive_job_t   *job;

    if (open_once() == -1) {
        return;
    }

    for (n = 0, i = 0; i < 200; i++) {
        n += (size_t) snprintf(want + n, sizeof(want) - n, "o%d\ne%d\n", i,
                               i);
    }

    job = drive_python(&d, "import sys\n"
                           "for i in range(200):\n"
                           "    print(f'o{i}')\n"
                           "    print(f'e{i}', file=sys.stderr)\n");
    CHECK_STR(job->all, want);
}


TEST("a printed line is there before the program goes on")
{
    drive_job_t  *job;

    if (open_once() == -1) {
        return;
    }

    job = drive_python(&d, "import time\nprint('early')\ntime.sleep(0.2)");
    CHECK_STR(job->out, "early\n");
    CHECK_MSG(job->first_us < 100000, "%jd us", (intmax_t) job->first_us);
}


TEST("SIGINT raises KeyboardInterrupt, and the exit tells it")
{
    static drive_job_t  job;

    if (open_once() == -1) {
        return;
    }

    memset(&job, 0, sizeof(job));
    job.code = "import time\n"
               "try:\n"
               "    for i in range(2000):\n"
               "        time.sleep(0.01)\n"
               "finally:\n"
               "    print('cleaned')\n";
    job.signal_after_ms = 50;

    REQUIRE(drive_build(&d, NULL) == 0);
    CHECK_INT(drive_run(&d, &job), 0);
    CHECK_STR(job.out, "cleaned\n");
    CHECK(strstr(job.err, "KeyboardInterrupt") != NULL);
    CHECK(WIFSIGNALED(job.status) && WTERMSIG(job.status) == 2);
}


TEST("killing init ends everything in it")
{
    static drive_job_t  job;

    if (open_once() == -1) {
        return;
    }

    memset(&job, 0, sizeof(job));
    job.code = "import os\n"
               "print('started')\n"
               "for i in range(5): os.fork()\n"
               "while True: pass\n";
    job.kill_after_ms = 50;

    REQUIRE(drive_build(&d, NULL) == 0);
    CHECK_INT(drive_run(&d, &job), 0);
    CHECK(!job.exited);
    CHECK_MSG(job.gone_us < 1000000, "%jd us", (intmax_t) job.gone_us);
}


TEST("random numbers differ from job to job")
{
    char          first[256];
    drive_job_t  *job;

    if (open_once() == -1) {
        return;
    }

    job = drive_python(&d, "import random\nprint(random.random())");
    snprintf(first, sizeof(first), "%.200s", job->out);
    job = drive_python(&d, "import random\nprint(random.random())");
    CHECK(strlen(first) > 3 && strcmp(first, job->out) != 0);
}
