/*
 * Jobs through the real pool: output, stdin, signals, and the verdict of
 * every limit.
 *
 * sources: t/unit/pool_run.c t/lib/cr_client.c ipc/
 */

#include <signal.h>

#include "cr_test.h"
#include "pool_run.h"


static pool_run_t   pool_jobs_run;
static cr_client_t  pool_jobs_client;
static int          pool_jobs_up;


static void
pool_jobs_stop(void)
{
    if (pool_jobs_up) {
        cr_client_close(&pool_jobs_client);
        (void) pool_run_stop(&pool_jobs_run, SIGTERM);
        pool_run_remove(&pool_jobs_run);
    }
}


/* one pool for all of them */

static cr_client_t *
pool_jobs(void)
{
    static int  tried;

    if (!tried) {
        tried = 1;
        (void) atexit(pool_jobs_stop);

        pool_jobs_up = pool_run_write(&pool_jobs_run, NULL) == 0
                       && pool_run_start(&pool_jobs_run) == 0
                       && cr_client_open(&pool_jobs_client,
                                         pool_jobs_run.socket)
                          == 0;
    }

    return pool_jobs_up ? &pool_jobs_client : NULL;
}


static cr_client_job_t
pool_jobs_do(const char *code, uint32_t flags, const cr_limits_t *limits,
    const char *input)
{
    cr_client_t          *client;
    cr_client_job_t       job;
    cr_client_request_t   request;

    memset(&job, 0, sizeof(job));
    memset(&request, 0, sizeof(request));
    request.code = code;
    request.flags = flags;
    request.stdin_text = input;

    if (limits != NULL) {
        request.limits = *limits;
    }

    client = pool_jobs();

    if (client == NULL || cr_client_run(client, &request, &job, 25000) != 0) {
        CR_TEST_FAIL("the job does not end");
    }

    return job;
}


static void
pool_jobs_done(cr_client_job_t *job)
{
    if (job->out != NULL) {
        cr_client_done(&pool_jobs_client, job);
    }
}


TEST("print(1) succeeds with its output and figures")
{
    cr_client_job_t  job;

    job = pool_jobs_do("print(1)", CR_JOB_WAITED, NULL, NULL);

    REQUIRE(job.out != NULL);
    CHECK_INT(job.result.status, CR_STATUS_SUCCEEDED);
    CHECK_INT(job.result.limit, CR_LIMIT_NONE);
    CHECK_INT(job.result.exit_code, 0);
    CHECK_INT(job.result.signal, 0);
    CHECK_STR(job.out, "1\n");
    CHECK_STR(job.err, "");
    CHECK(job.result.execution_us > 0);
    CHECK(job.result.started_us > 0);
    CHECK(job.result.finished_us >= job.result.started_us);
    pool_jobs_done(&job);
}


TEST("an exit code and stderr arrive as the program gave them")
{
    cr_client_job_t  job;

    job = pool_jobs_do("import sys\nprint('o')\n"
                       "print('e', file=sys.stderr)\n"
                       "print('p')\nsys.exit(3)", 0, NULL, NULL);

    REQUIRE(job.out != NULL);
    CHECK_INT(job.result.status, CR_STATUS_FAILED);
    CHECK_INT(job.result.exit_code, 3);
    CHECK_STR(job.out, "o\np\n");
    CHECK_STR(job.err, "e\n");
    CHECK_STR(job.all, "o\ne\np\n");
    pool_jobs_done(&job);
}


TEST("a program that dies by a signal failed, with that signal")
{
    cr_client_job_t  job;

    job = pool_jobs_do("import os\nos.kill(os.getpid(), 11)", 0, NULL, NULL);

    REQUIRE(job.out != NULL);
    CHECK_INT(job.result.status, CR_STATUS_FAILED);
    CHECK_INT(job.result.signal, SIGSEGV);
    CHECK_INT(job.result.exit_code, -1);
    pool_jobs_done(&job);
}


TEST("output arrives while the program runs")
{
    cr_client_t          *client;
    cr_client_job_t       job;
    cr_client_request_t   request;

    client = pool_jobs();
    REQUIRE(client != NULL);

    memset(&request, 0, sizeof(request));
    request.code = "import time\nprint('first', flush=True)\ntime.sleep(1)\n"
                   "print('last')";

    REQUIRE(cr_client_submit(client, &request, &job) == 0);
    CHECK(cr_client_wait(client, &job, "first\n", 5000) == 0);
    CHECK_STR(job.out, "first\n");
    CHECK_INT(cr_word_state(job.word), CR_SLOT_RUNNING);
    CHECK(cr_client_wait(client, &job, NULL, 5000) == 0);
    CHECK_STR(job.out, "first\nlast\n");
    cr_client_done(client, &job);
}


TEST("stdin is the given text and then ends")
{
    cr_client_job_t  job;

    job = pool_jobs_do("import sys\nprint(repr(sys.stdin.read()))", 0, NULL,
                       "a\nb");
    REQUIRE(job.out != NULL);
    CHECK_STR(job.out, "'a\\nb'\n");
    pool_jobs_done(&job);

    job = pool_jobs_do("import sys\nprint(repr(sys.stdin.read()))", 0, NULL,
                       NULL);
    REQUIRE(job.out != NULL);
    CHECK_STR(job.out, "''\n");
    pool_jobs_done(&job);
}


TEST("stdin longer than a pipe is written as the program reads")
{
    char             *text;
    cr_client_job_t   job;

    text = malloc(1024 * 1024 + 1);
    REQUIRE(text != NULL);
    memset(text, 'x', 1024 * 1024);
    text[1024 * 1024] = '\0';

    job = pool_jobs_do("import sys, time\ntime.sleep(0.1)\n"
                       "print(len(sys.stdin.read()))", 0, NULL, text);
    REQUIRE(job.out != NULL);
    CHECK_STR(job.out, "1048576\n");
    pool_jobs_done(&job);

    /* and nobody minds a program that does not read it */

    job = pool_jobs_do("print('bye')", 0, NULL, text);
    REQUIRE(job.out != NULL);
    CHECK_INT(job.result.status, CR_STATUS_SUCCEEDED);
    pool_jobs_done(&job);
    free(text);
}


TEST("an interactive job is answered line by line until eof")
{
    cr_client_t          *client;
    cr_client_job_t       job;
    cr_client_request_t   request;

    client = pool_jobs();
    REQUIRE(client != NULL);

    memset(&request, 0, sizeof(request));
    request.flags = CR_JOB_INTERACTIVE;
    request.stdin_text = "one\n";
    request.code = "import sys\nfor l in sys.stdin:\n"
                   "    print('got', l.strip(), flush=True)\nprint('end')";

    REQUIRE(cr_client_submit(client, &request, &job) == 0);
    CHECK(cr_client_wait(client, &job, "got one\n", 5000) == 0);
    CHECK(cr_client_control(client, &job, CR_CONTROL_STDIN, 0, "two\n", 4)
          == 0);
    CHECK(cr_client_wait(client, &job, "got two\n", 5000) == 0);
    CHECK(cr_client_control(client, &job, CR_CONTROL_EOF, 0, NULL, 0) == 0);
    CHECK(cr_client_wait(client, &job, NULL, 5000) == 0);
    CHECK_STR(job.out, "got one\ngot two\nend\n");
    CHECK_INT(job.result.status, CR_STATUS_SUCCEEDED);
    cr_client_done(client, &job);
}


TEST("SIGINT is a KeyboardInterrupt that the program may catch")
{
    cr_client_t          *client;
    cr_client_job_t       job;
    cr_client_request_t   request;

    client = pool_jobs();
    REQUIRE(client != NULL);

    memset(&request, 0, sizeof(request));

    /* short sleeps: one that comes just before a sleep does not end it */

    request.code = "import time\ntry:\n    print('go', flush=True)\n"
                   "    for i in range(2000):\n        time.sleep(0.01)\n"
                   "except KeyboardInterrupt:\n    print('caught')";

    REQUIRE(cr_client_submit(client, &request, &job) == 0);
    CHECK(cr_client_wait(client, &job, "go\n", 5000) == 0);
    CHECK(cr_client_control(client, &job, CR_CONTROL_SIGNAL, SIGINT, NULL, 0)
          == 0);
    CHECK(cr_client_wait(client, &job, NULL, 5000) == 0);
    CHECK_STR(job.out, "go\ncaught\n");
    CHECK_INT(job.result.status, CR_STATUS_SUCCEEDED);
    cr_client_done(client, &job);
}


TEST("cancel ends everything within 100 ms and keeps the output")
{
    int                   i;
    int64_t               best_us, us;
    cr_client_t          *client;
    cr_client_job_t       job;
    cr_client_request_t   request;

    client = pool_jobs();
    REQUIRE(client != NULL);

    memset(&request, 0, sizeof(request));
    request.code = "import os\nfor i in range(10):\n"
                   "    if os.fork() == 0: break\n"
                   "else: print('go', flush=True)\nwhile True: pass";

    best_us = INT64_MAX;

    /* the promise is for a machine that has time: the best of six */

    for (i = 0; i < 6; i++) {
        REQUIRE(cr_client_submit(client, &request, &job) == 0);
        CHECK(cr_client_wait(client, &job, "go\n", 9000) == 0);
        us = cr_client_now_us();
        CHECK(cr_client_control(client, &job, CR_CONTROL_CANCEL, 0, NULL, 0)
              == 0);
        CHECK(cr_client_wait(client, &job, NULL, 5000) == 0);
        us = cr_client_now_us() - us;
        best_us = (us < best_us) ? us : best_us;
        CHECK_INT(job.result.status, CR_STATUS_CANCELLED);
        CHECK_STR(job.out, "go\n");
        cr_client_done(client, &job);
    }

    CHECK_MSG(best_us < 100000, "%" PRId64 " us", best_us);
}


TEST("wall clock: timed_out, limit wall, output so far")
{
    cr_limits_t       limits = { 0 };
    cr_client_job_t   job;

    limits.timeout_ms = 400;
    job = pool_jobs_do("import time\nprint('a', flush=True)\ntime.sleep(9)",
                       0, &limits, NULL);

    REQUIRE(job.out != NULL);
    CHECK_INT(job.result.status, CR_STATUS_TIMED_OUT);
    CHECK_INT(job.result.limit, CR_LIMIT_WALL);
    CHECK_STR(job.out, "a\n");
    CHECK(job.result.execution_us >= 400000);
    CHECK(job.result.execution_us < 1500000);
    CHECK(job.result.cpu_us < 300000);
    pool_jobs_done(&job);
}


TEST("reading stdin for ever ends on the wall clock")
{
    cr_limits_t       limits = { 0 };
    cr_client_job_t   job;

    limits.timeout_ms = 300;
    job = pool_jobs_do("input()", CR_JOB_INTERACTIVE, &limits, NULL);

    REQUIRE(job.out != NULL);
    CHECK_INT(job.result.status, CR_STATUS_TIMED_OUT);
    CHECK_INT(job.result.limit, CR_LIMIT_WALL);
    pool_jobs_done(&job);
}


TEST("cpu: timed_out, limit cpu, although the wall clock had time left")
{
    cr_limits_t       limits = { 0 };
    cr_client_job_t   job;

    limits.timeout_ms = 20000;
    limits.cpu_ms = 300;
    job = pool_jobs_do("print('a', flush=True)\nwhile True: pass", 0, &limits,
                       NULL);

    REQUIRE(job.out != NULL);
    CHECK_INT(job.result.status, CR_STATUS_TIMED_OUT);
    CHECK_INT(job.result.limit, CR_LIMIT_CPU);
    CHECK_STR(job.out, "a\n");
    CHECK(job.result.cpu_us >= 300000);
    CHECK(job.result.cpu_us < 600000);
    pool_jobs_done(&job);
}


TEST("cpu of children counts, also of those that nobody waits for")
{
    cr_limits_t       limits = { 0 };
    cr_client_job_t   job;

    limits.timeout_ms = 20000;
    limits.cpu_ms = 300;
    job = pool_jobs_do("import os, time\nif os.fork():\n    time.sleep(15)\n"
                       "while True: pass", 0, &limits, NULL);

    REQUIRE(job.out != NULL);
    CHECK_INT(job.result.status, CR_STATUS_TIMED_OUT);
    CHECK_INT(job.result.limit, CR_LIMIT_CPU);
    pool_jobs_done(&job);
}


TEST("output: output_exceeded with exactly the limit's bytes")
{
    cr_limits_t       limits = { 0 };
    cr_client_job_t   job;

    limits.output_bytes = 100000;
    job = pool_jobs_do("while True: print('x')", 0, &limits, NULL);

    REQUIRE(job.out != NULL);
    CHECK_INT(job.result.status, CR_STATUS_OUTPUT_EXCEEDED);
    CHECK_INT(job.result.limit, CR_LIMIT_OUTPUT);
    CHECK_INT(job.result.truncated, 1);
    CHECK_INT(job.all_len, 100000);
    pool_jobs_done(&job);
}


TEST("output of exactly the limit is no excess")
{
    cr_limits_t       limits = { 0 };
    cr_client_job_t   job;

    limits.output_bytes = 100000;
    job = pool_jobs_do("import sys\nsys.stdout.write('x' * 100000)", 0,
                       &limits, NULL);

    REQUIRE(job.out != NULL);
    CHECK_INT(job.result.status, CR_STATUS_SUCCEEDED);
    CHECK_INT(job.result.truncated, 0);
    CHECK_INT(job.out_len, 100000);
    pool_jobs_done(&job);

    job = pool_jobs_do("import sys\nsys.stdout.write('x' * 100001)", 0,
                       &limits, NULL);

    REQUIRE(job.out != NULL);
    CHECK_INT(job.result.status, CR_STATUS_OUTPUT_EXCEEDED);
    CHECK_INT(job.out_len, 100000);
    pool_jobs_done(&job);
}


TEST("a megabyte in single bytes does not fill the log with headers")
{
    cr_client_job_t  job;

    job = pool_jobs_do("import os\nfor i in range(60000):\n"
                       "    os.write(1, b'x')\n    os.write(2, b'y')\n", 0,
                       NULL, NULL);

    REQUIRE(job.out != NULL);
    CHECK_INT(job.result.status, CR_STATUS_SUCCEEDED);
    CHECK_INT(job.out_len, 60000);
    CHECK_INT(job.err_len, 60000);
    pool_jobs_done(&job);
}


TEST("memory: memory_exceeded with the output so far")
{
    cr_client_job_t  job;

    job = pool_jobs_do("print('a', flush=True)\nx = 'a' * 10**10", 0, NULL,
                       NULL);

    REQUIRE(job.out != NULL);
    CHECK_INT(job.result.status, CR_STATUS_MEMORY_EXCEEDED);
    CHECK_INT(job.result.limit, CR_LIMIT_MEMORY);
    CHECK_STR(job.out, "a\n");
    pool_jobs_done(&job);
}


TEST("an allocation that the kernel refuses outright exceeds memory, too")
{
    cr_client_job_t  job;

    job = pool_jobs_do("x = 'a' * 10**14", 0, NULL, NULL);

    REQUIRE(job.out != NULL);
    CHECK_INT(job.result.status, CR_STATUS_MEMORY_EXCEEDED);
    CHECK_INT(job.result.exit_code, 1);
    CHECK(strstr(job.err, "MemoryError") != NULL);
    pool_jobs_done(&job);
}


TEST("memory of a child ends the whole job with one verdict")
{
    cr_client_job_t  job;

    job = pool_jobs_do("import os, time\nif os.fork() == 0:\n"
                       "    x = bytearray(10**9)\n    os._exit(0)\n"
                       "time.sleep(8)\nprint('lived on')", 0, NULL, NULL);

    REQUIRE(job.out != NULL);
    CHECK_INT(job.result.status, CR_STATUS_MEMORY_EXCEEDED);
    CHECK_STR(job.out, "");
    pool_jobs_done(&job);
}


TEST("memory: a box that had a large job tells the truth of a small one")
{
    size_t           i;
    cr_client_job_t  job;

    /* large ones for every box, so that each has had one */

    for (i = 0; i < 6; i++) {
        job = pool_jobs_do("x = bytearray(100 << 20)", 0, NULL, NULL);
        REQUIRE(job.out != NULL);
        CHECK_INT(job.result.status, CR_STATUS_SUCCEEDED);
        CHECK(job.result.memory_peak_kb > 95 * 1024
              && job.result.memory_peak_kb < 110 * 1024);
        pool_jobs_done(&job);
    }

    for (i = 0; i < 3; i++) {
        job = pool_jobs_do("x = bytearray(30 << 20)\ndel x\n", 0, NULL,
                           NULL);
        REQUIRE(job.out != NULL);
        CHECK_MSG(job.result.memory_peak_kb > 28 * 1024
                  && job.result.memory_peak_kb < 40 * 1024, "peak %ju kB",
                  (uintmax_t) job.result.memory_peak_kb);
        pool_jobs_done(&job);
    }
}


TEST("a fork bomb only hits its own limit; the next job is not slower")
{
    cr_limits_t       limits = { 0 };
    cr_client_job_t   job;

    limits.timeout_ms = 1500;
    job = pool_jobs_do("import os\nwhile True:\n    try: os.fork()\n"
                       "    except OSError: pass", 0, &limits, NULL);

    REQUIRE(job.out != NULL);
    CHECK_INT(job.result.status, CR_STATUS_TIMED_OUT);
    pool_jobs_done(&job);

    job = pool_jobs_do("print(1)", 0, NULL, NULL);
    REQUIRE(job.out != NULL);
    CHECK_INT(job.result.status, CR_STATUS_SUCCEEDED);
    CHECK(job.result.execution_us < 500000);
    pool_jobs_done(&job);
}


TEST("a child that keeps stdout open does not hold the job")
{
    cr_client_job_t  job;

    job = pool_jobs_do("import os, time\nif os.fork() == 0:\n"
                       "    time.sleep(9)\n    os._exit(0)\nprint('main')", 0,
                       NULL, NULL);

    REQUIRE(job.out != NULL);
    CHECK_INT(job.result.status, CR_STATUS_SUCCEEDED);
    CHECK_STR(job.out, "main\n");
    CHECK(job.result.execution_us < 3000000);
    pool_jobs_done(&job);
}


TEST("files and their directories are there")
{
    cr_client_t          *client;
    cr_client_job_t       job;
    cr_client_request_t   request;

    client = pool_jobs();
    REQUIRE(client != NULL);

    memset(&request, 0, sizeof(request));
    request.code = "print(open('data/in.txt').read())";
    request.file_name = "data/in.txt";
    request.file_data = "hello";

    REQUIRE(cr_client_run(client, &request, &job, 9000) == 0);
    CHECK_STR(job.out, "hello\n");
    cr_client_done(client, &job);
}


TEST("a language that does not exist is an error, not a crash")
{
    cr_client_t          *client;
    cr_client_job_t       job;
    cr_client_request_t   request;

    client = pool_jobs();
    REQUIRE(client != NULL);

    memset(&request, 0, sizeof(request));
    request.code = "print(1)";
    request.language = 7;

    REQUIRE(cr_client_run(client, &request, &job, 9000) == 0);
    CHECK_INT(job.result.status, CR_STATUS_ERROR);
    CHECK(strstr(job.result.error, "language") != NULL);
    cr_client_done(client, &job);
}


TEST("more jobs than boxes wait their turn and all of them run")
{
    int                   i;
    cr_client_t          *client;
    cr_client_job_t       jobs[40];
    cr_client_request_t   request;

    client = pool_jobs();
    REQUIRE(client != NULL);

    memset(&request, 0, sizeof(request));
    request.code = "import time\ntime.sleep(0.05)\nprint('x')";

    for (i = 0; i < 40; i++) {
        REQUIRE(cr_client_submit(client, &request, &jobs[i]) == 0);
    }

    for (i = 0; i < 40; i++) {
        CHECK(cr_client_wait(client, &jobs[i], NULL, 20000) == 0);
        CHECK_INT(jobs[i].result.status, CR_STATUS_SUCCEEDED);
        CHECK_STR(jobs[i].out, "x\n");
        cr_client_done(client, &jobs[i]);
    }
}


TEST("a job that is cancelled while it waits never runs")
{
    int                   i;
    cr_client_t          *client;
    cr_client_job_t       jobs[12], last;
    cr_client_request_t   request;

    client = pool_jobs();
    REQUIRE(client != NULL);

    memset(&request, 0, sizeof(request));
    request.code = "import time\ntime.sleep(0.3)";

    for (i = 0; i < 12; i++) {
        REQUIRE(cr_client_submit(client, &request, &jobs[i]) == 0);
    }

    request.code = "print('ran')";
    REQUIRE(cr_client_submit(client, &request, &last) == 0);
    CHECK(cr_client_cancel_queued(client, &last));

    for (i = 0; i < 12; i++) {
        CHECK(cr_client_wait(client, &jobs[i], NULL, 20000) == 0);
        cr_client_done(client, &jobs[i]);
    }

    CHECK(cr_client_look(client, &last));
    CHECK_INT(last.result.status, CR_STATUS_CANCELLED);
    CHECK_STR(last.out, "");
    cr_client_done(client, &last);
}


TEST("a thousand jobs leave descriptors, processes, mounts, cgroups as before")
{
    int               i, jobs;
    pid_t             pids[16];
    size_t            n, k, fds[16], below, mounts, cgroups;
    const char       *count;
    cr_client_job_t   job;

    /* every box has been used, everything has been made */

    for (i = 0; i < 40; i++) {
        job = pool_jobs_do("print(1)", CR_JOB_WAITED, NULL, NULL);
        REQUIRE(job.out != NULL);
        pool_jobs_done(&job);
    }

    pool_run_sleep(500);

    n = pool_run_workers(&pool_jobs_run, pids, 16);
    REQUIRE(n > 0);

    for (k = 0; k < n; k++) {
        fds[k] = pool_run_fds(pids[k]);
    }

    below = pool_run_below(pool_jobs_run.pid);
    mounts = pool_run_mounts();
    cgroups = pool_run_cgroups(&pool_jobs_run);
    CHECK(cgroups > 0);

    /* an emulated processor (t/vm) has no time for so many */

    count = getenv("CODEREMOTE_TEST_JOBS");
    jobs = (count != NULL) ? atoi(count) : 1000;

    if (jobs != 1000) {
        printf("%d jobs instead of 1000\n", jobs);
    }

    for (i = 0; i < jobs; i++) {
        job = pool_jobs_do("print(1)", CR_JOB_WAITED, NULL, NULL);
        REQUIRE(job.out != NULL);
        CHECK_MSG(job.result.status == CR_STATUS_SUCCEEDED, "%d: %s", i,
                  job.result.error);
        pool_jobs_done(&job);
    }

    pool_run_sleep(500);

    for (k = 0; k < n; k++) {
        CHECK_INT(pool_run_fds(pids[k]), fds[k]);
    }

    CHECK_INT(pool_run_below(pool_jobs_run.pid), below);
    CHECK_INT(pool_run_mounts(), mounts);
    CHECK_INT(pool_run_cgroups(&pool_jobs_run), cgroups);
    CHECK(!pool_run_logged(&pool_jobs_run, "[warn]", 0));
    CHECK(!pool_run_logged(&pool_jobs_run, "[error]", 0));
}
