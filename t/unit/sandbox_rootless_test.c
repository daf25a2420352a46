/*
 * The sandbox of a pool that an ordinary user runs: the same layers, one host
 * uid for all of it, and limits of single processes where there is no cgroup.
 *
 * sources: t/unit/sandbox_drive.c worker/sandbox/crw_link.c
 * sources: ipc/cr_request.c
 */

#include <sys/wait.h>
#include <unistd.h>

#include "cr_test.h"
#include "sandbox_drive.h"


static drive_t  d;


/* user namespaces may be switched off, the build may be in a closed place */

static int
open_once(void)
{
    static int  state;

    if (state == 0) {
        state = -1;
        drive_rootless = 1;

        if (drive_zygote() == NULL) {
            return -1;
        }

        if (drive_open(&d, NULL, NULL, NULL) == 0) {
            state = 1;

        } else if (strcmp(d.failed, "link closed") == 0
                   || strncmp(d.failed, "user_rootless", 13) == 0)
        {
            printf("skipped: no user namespaces for ordinary users, or they "
                   "cannot run the zygote (%s)\n", d.failed);

        } else {
            CR_TEST_FAIL("%s: %s", d.failed, strerror(d.failed_errno));
        }
    }

    return state == 1 ? 0 : -1;
}


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


TEST("an ordinary user's program is coder, without capabilities or groups")
{
    holds("import os\n"
          "s = dict(l.split(':\\t') for l in open('/proc/self/status'))\n"
          "for k in 'CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb':\n"
          "    assert int(s[k], 16) == 0, (k, s[k])\n"
          "assert s['NoNewPrivs'] == '1\\n' and s['Seccomp'] == '2\\n'\n"
          "assert os.getresuid() == (1000,) * 3, os.getresuid()\n"
          "print('ok')");
}


TEST("an ordinary user's program sees nothing of the host")
{
    holds("import os\n"
          "for p in ('/etc/shadow', '/root', '/home', '/sys', '/proc/sys',\n"
          "          '/proc/meminfo', '/dev/kvm', '/dev/tty', '/var/lib'):\n"
          "    assert not os.path.lexists(p), p\n"
          "m = [l.split()[4] for l in open('/proc/self/mountinfo')]\n"
          "assert m.count('/proc') == 1, m\n"
          "pids = [p for p in os.listdir('/proc') if p.isdigit()]\n"
          "assert len(pids) <= 2, pids\n"
          "print('ok')");
}


TEST("an ordinary user's program cannot kill or look into its init")
{
    holds("import os, time\n"
          "for s in (1, 2, 9, 15, 19):\n"
          "    try:\n"
          "        os.kill(1, s)\n"
          "    except PermissionError:\n"
          "        pass\n"
          "time.sleep(0.05)\n"
          "for f in 'mem', 'maps', 'environ':\n"
          "    try:\n"
          "        open('/proc/1/' + f).read(1)\n"
          "        print(f)\n"
          "    except OSError:\n"
          "        pass\n"
          "print('ok')");
}


TEST("an ordinary user's program writes to /box and /tmp only")
{
    holds("import os\n"
          "for d in ('/', '/usr', '/etc', '/dev', '/run', '/var', '/proc'):\n"
          "    try:\n"
          "        open(d + '/x', 'w')\n"
          "        print(d)\n"
          "    except OSError:\n"
          "        pass\n"
          "open('/box/x', 'w').write('x')\n"
          "open('/tmp/x', 'w').write('x')\n"
          "open('/dev/null', 'w').write('x')\n"
          "print('ok')");
}


TEST("without a cgroup memory and processes are limited one by one")
{
    static drive_job_t  job;

    if (open_once() == -1) {
        return;
    }

    memset(&job, 0, sizeof(job));
    job.code = "import os\n"
               "try:\n"
               "    x = bytearray(400 << 20)\n"
               "    print('memory')\n"
               "except MemoryError:\n"
               "    pass\n"
               "try:\n"
               "    for i in range(30):\n"
               "        if os.fork() == 0: os.pause() if hasattr(os, 'pause')"
               " else __import__('signal').pause()\n"
               "    print('forks')\n"
               "except BlockingIOError:\n"
               "    pass\n"
               "x = bytearray(64 << 20)\n"
               "print('ok')\n";
    job.limits.memory_kb = 256 * 1024;
    job.limits.processes = 20;
    job.limits.cpu_ms = 10000;

    REQUIRE(drive_build(&d, NULL) == 0);
    CHECK_INT(drive_run(&d, &job), 0);
    CHECK_STR(job.out, "ok\n");
    CHECK_STR(job.err, "");
}
