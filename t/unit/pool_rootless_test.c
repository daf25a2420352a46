/*
 * The pool of an ordinary user, and what it cannot promise.  With a cgroup v2
 * that was delegated to it (t/vm/ has one) every limit holds as for root;
 * with none, memory and cpu time are limited process by process.  Each test
 * says what holds in either case.
 *
 * sources: t/unit/pool_run.c t/lib/cr_client.c ipc/
 */

#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cr_test.h"
#include "pool_run.h"


#define POOL_ROOTLESS_USER  65534       /* when the test is run by root */


static pool_run_t   pool_rootless_run;
static cr_client_t  pool_rootless_client;
static int          pool_rootless_groups;   /* a cgroup was delegated */


static void
pool_rootless_stop(void)
{
    if (pool_rootless_client.tether > 0) {
        cr_client_close(&pool_rootless_client);
    }

    (void) pool_run_stop(&pool_rootless_run, SIGTERM);
    pool_run_remove(&pool_rootless_run);
}


/* 1: there is a pool; 0: this machine has no pools of ordinary users */

static int
pool_rootless_begin(void)
{
    char  output[16384];

    if (geteuid() == 0
        && (setgroups(0, NULL) == -1
            || setresgid(POOL_ROOTLESS_USER, POOL_ROOTLESS_USER,
                         POOL_ROOTLESS_USER) == -1
            || setresuid(POOL_ROOTLESS_USER, POOL_ROOTLESS_USER,
                         POOL_ROOTLESS_USER) == -1
            || prctl(PR_SET_DUMPABLE, 1) == -1))
    {
        CR_TEST_FAIL("root cannot become an ordinary user");
        return 0;
    }

    pool_run_program(output, sizeof(output), "python-zygote");

    if (access(output, X_OK) == -1) {
        printf("skipped: an ordinary user cannot start %s\n", output);
        return 0;
    }

    if (pool_run_write(&pool_rootless_run, NULL) == -1) {
        CR_TEST_FAIL("no place for a pool");
        return 0;
    }

    (void) atexit(pool_rootless_stop);

    if (pool_run_command(&pool_rootless_run, "--check", output,
                         sizeof(output))
        != 0)
    {
        if (strstr(output, "user_rootless") != NULL) {
            printf("skipped: no user namespaces for ordinary users\n");

        } else {
            CR_TEST_FAIL("--check: %s", output);
        }

        return 0;
    }

    if (pool_run_start(&pool_rootless_run) == -1
        || cr_client_open(&pool_rootless_client, pool_rootless_run.socket)
           == -1)
    {
        CR_TEST_FAIL("no pool");
        return 0;
    }

    pool_rootless_groups = !pool_run_logged(&pool_rootless_run,
                                            "cgroups: none", 0);

    printf("cgroup: %s\n", pool_rootless_groups ? "delegated" : "none");

    return 1;
}


static int
pool_rootless(void)
{
    static int  state = -1;

    if (state == -1) {
        state = 0;
        state = pool_rootless_begin();
    }

    return state;
}


/* code with the limits; job->out is NULL when there is no pool */

static cr_client_job_t
pool_rootless_do(const char *code, uint32_t cpu_ms, uint32_t timeout_ms)
{
    cr_client_job_t       job;
    cr_client_request_t   request;

    memset(&job, 0, sizeof(job));
    memset(&request, 0, sizeof(request));
    request.code = code;
    request.limits.cpu_ms = cpu_ms;
    request.limits.timeout_ms = timeout_ms;

    if (pool_rootless()
        && cr_client_run(&pool_rootless_client, &request, &job, 25000) != 0)
    {
        CR_TEST_FAIL("the job does not end");
    }

    return job;
}


TEST("--check of an ordinary user says what is weaker")
{
    int   rc;
    char  output[16384];

    if (!pool_rootless()) {
        return;
    }

    rc = pool_run_command(&pool_rootless_run, "--check", output,
                          sizeof(output));
    CHECK_INT(rc, 0);
    CHECK(strstr(output, "everything works, weaker than as root") != NULL);
    CHECK(strstr(output, "all jobs have this user's id") != NULL);
    CHECK((strstr(output, "the limit is of each process") == NULL)
          == pool_rootless_groups);
    CHECK(pool_run_logged(&pool_rootless_run, "not root", 0));
}


TEST("rootless: a program runs, with its figures")
{
    cr_client_job_t  job;

    job = pool_rootless_do("print(1)", 0, 0);

    if (job.out == NULL) {
        return;
    }

    CHECK_INT(job.result.status, CR_STATUS_SUCCEEDED);
    CHECK_STR(job.out, "1\n");
    CHECK_STR(job.err, "");
    CHECK(job.result.cpu_us > 0);

    /* with a cgroup what the job added to the warm interpreter: about 1 MB */

    CHECK_MSG(job.result.memory_peak_kb > 256
              && job.result.memory_peak_kb < 64 * 1024, "peak %ju kB",
              (uintmax_t) job.result.memory_peak_kb);
    cr_client_done(&pool_rootless_client, &job);
}


TEST("rootless: a process above the memory limit exceeds memory")
{
    cr_client_job_t  job;

    job = pool_rootless_do("print('a', flush=True)\nx = bytearray(10**9)\n",
                           0, 0);

    if (job.out == NULL) {
        return;
    }

    CHECK_INT(job.result.status, CR_STATUS_MEMORY_EXCEEDED);
    CHECK_INT(job.result.limit, CR_LIMIT_MEMORY);
    CHECK_STR(job.out, "a\n");
    cr_client_done(&pool_rootless_client, &job);
}


TEST("rootless: several processes exceed memory together: cgroup only")
{
    cr_client_job_t  job;

    job = pool_rootless_do("import os\n"
                           "for i in range(3):\n"
                           "    if os.fork() == 0:\n"
                           "        x = b'x' * (150 << 20)\n"
                           "        import time; time.sleep(2)\n"
                           "        os._exit(0)\n"
                           "print([os.wait()[1] for i in range(3)])\n", 0, 0);

    if (job.out == NULL) {
        return;
    }

    if (pool_rootless_groups) {
        CHECK_INT(job.result.status, CR_STATUS_MEMORY_EXCEEDED);

    } else {
        CHECK_INT(job.result.status, CR_STATUS_SUCCEEDED);
        CHECK_STR(job.out, "[0, 0, 0]\n");
    }

    cr_client_done(&pool_rootless_client, &job);
}


TEST("rootless: a busy program ends by its cpu limit, in seconds at worst")
{
    cr_client_job_t  job;

    job = pool_rootless_do("while True: pass", 1000, 20000);

    if (job.out == NULL) {
        return;
    }

    CHECK_INT(job.result.status, CR_STATUS_TIMED_OUT);
    CHECK_INT(job.result.limit, CR_LIMIT_CPU);
    /* without: what it used before the job came counts as well */

    CHECK_MSG(job.result.cpu_us >= (pool_rootless_groups ? 1000000 : 700000)
              && job.result.cpu_us < (pool_rootless_groups ? 1100000 : 1200000),
              "%ju us", (uintmax_t) job.result.cpu_us);
    cr_client_done(&pool_rootless_client, &job);
}


TEST("rootless: busy children end by the cpu limit, without cgroup the wall")
{
    cr_client_job_t  job;

    job = pool_rootless_do("import os\nif os.fork() == 0:\n"
                           "    while True: pass\n"
                           "import time; time.sleep(9)\n", 500, 900);

    if (job.out == NULL) {
        return;
    }

    CHECK_INT(job.result.status, CR_STATUS_TIMED_OUT);
    CHECK_INT(job.result.limit, pool_rootless_groups ? CR_LIMIT_CPU
                                                     : CR_LIMIT_WALL);
    cr_client_done(&pool_rootless_client, &job);
}


TEST("rootless: a fork bomb meets its limit, and nothing of it is left")
{
    size_t            i, below;
    cr_client_job_t   job;

    job = pool_rootless_do("print(1)", 0, 0);

    if (job.out == NULL) {
        return;
    }

    cr_client_done(&pool_rootless_client, &job);
    pool_run_sleep(500);
    below = pool_run_below(pool_rootless_run.pid);

    job = pool_rootless_do("import os, time\n"
                           "n = 0\n"
                           "try:\n"
                           "    while True:\n"
                           "        if os.fork() == 0: time.sleep(60)\n"
                           "        n += 1\n"
                           "except OSError:\n"
                           "    print(40 < n < 65, n, flush=True)\n"
                           "while True:\n"
                           "    try: os.fork()\n"
                           "    except OSError: pass\n", 0, 700);
    REQUIRE(job.out != NULL);
    CHECK_INT(job.result.status, CR_STATUS_TIMED_OUT);
    CHECK_MSG(strncmp(job.out, "True", 4) == 0, "%s", job.out);
    cr_client_done(&pool_rootless_client, &job);

    job = pool_rootless_do("print(2)", 0, 0);
    REQUIRE(job.out != NULL);
    CHECK_STR(job.out, "2\n");
    cr_client_done(&pool_rootless_client, &job);

    for (i = 0; i < 100; i++) {
        pool_run_sleep(50);

        if (pool_run_below(pool_rootless_run.pid) == below) {
            break;
        }
    }

    CHECK_INT(pool_run_below(pool_rootless_run.pid), below);
}


TEST("rootless: one user id, and still no way to the pool or to another job")
{
    int                   n;
    char                  code[2048];
    cr_client_job_t       victim, job;
    cr_client_request_t   request;

    if (!pool_rootless()) {
        return;
    }

    memset(&request, 0, sizeof(request));
    request.code = "print('up', flush=True)\nimport time\ntime.sleep(3)\n"
                   "print(len(open('/box/mine', 'w').name))\n";
    REQUIRE(cr_client_submit(&pool_rootless_client, &request, &victim) == 0);
    REQUIRE(cr_client_wait(&pool_rootless_client, &victim, "up\n", 9000) == 0);

    n = snprintf(code, sizeof(code),
                 "import os\n"
                 "for pid in (%d, %d, 1, -1):\n"
                 "    try: os.kill(pid, 9)\n"
                 "    except OSError: pass\n"
                 "for p in os.listdir('/proc'):\n"
                 "    if p.isdigit() and int(p) > 64: print(p)\n"
                 "for p in ('%s', '%s', '/proc/%d', '/box/mine'):\n"
                 "    if os.path.lexists(p): print(p)\n"
                 "print('ok')\n", (int) pool_rootless_run.pid, (int) getpid(),
                 pool_rootless_run.dir, pool_rootless_run.socket,
                 (int) pool_rootless_run.pid);
    REQUIRE(n > 0 && (size_t) n < sizeof(code));

    job = pool_rootless_do(code, 0, 0);
    REQUIRE(job.out != NULL);
    CHECK_STR(job.out, "ok\n");
    CHECK_STR(job.err, "");
    cr_client_done(&pool_rootless_client, &job);

    CHECK(cr_client_wait(&pool_rootless_client, &victim, NULL, 9000) == 0);
    CHECK_INT(victim.result.status, CR_STATUS_SUCCEEDED);
    CHECK_STR(victim.out, "up\n9\n");
    cr_client_done(&pool_rootless_client, &victim);
    CHECK(kill(pool_rootless_run.pid, 0) == 0);
}
