/*
 * "isolation": "gvisor": the same jobs and the same verdicts through runsc;
 * what runsc is given, who it is on this machine, and that nothing of it is
 * left, whatever becomes of it.  Skipped where there is no runsc.
 *
 * sources: t/unit/pool_run.c t/lib/cr_client.c ipc/
 */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cr_test.h"
#include "pool_run.h"


#define RUNSC      "/usr/bin/runsc"
#define BOXES      2
#define PIDS       256
#define TEXT       8192
#define SLEEPS     "import time\nprint('go', flush=True)\ntime.sleep(9)"


typedef struct {
    const char     *title;
    const char     *code;
    const char     *text;           /* stdin */
    cr_limits_t     limits;
    cr_status_e     status;
    cr_limit_e      limit;
    int             exit_code;
    int             signal;
    const char     *out;            /* NULL: whatever */
} verdict_t;


static pool_run_t   run;
static cr_client_t  client;
static int          up;
static unsigned     uid_base;


static const verdict_t  verdicts[] = {

    { "print", "print(1)", NULL, { 0 },
      CR_STATUS_SUCCEEDED, CR_LIMIT_NONE, 0, 0, "1\n" },
    { "exit code", "import sys\nprint('o')\nsys.exit(3)", NULL, { 0 },
      CR_STATUS_FAILED, CR_LIMIT_NONE, 3, 0, "o\n" },
    { "exit code above 128", "import os\nos._exit(137)", NULL, { 0 },
      CR_STATUS_FAILED, CR_LIMIT_NONE, 137, 0, "" },
    { "signal", "import os\nos.kill(os.getpid(), 11)", NULL, { 0 },
      CR_STATUS_FAILED, CR_LIMIT_NONE, -1, SIGSEGV, "" },
    { "its own SIGKILL", "import os\nos.kill(os.getpid(), 9)", NULL, { 0 },
      CR_STATUS_FAILED, CR_LIMIT_NONE, -1, SIGKILL, "" },
    { "stdin", "import sys\nprint(repr(sys.stdin.read()))", "a\nb", { 0 },
      CR_STATUS_SUCCEEDED, CR_LIMIT_NONE, 0, 0, "'a\\nb'\n" },
    { "wall", "import time\nprint('a', flush=True)\ntime.sleep(9)", NULL,
      { .timeout_ms = 400 },
      CR_STATUS_TIMED_OUT, CR_LIMIT_WALL, -1, SIGKILL, "a\n" },
    { "cpu", "print('a', flush=True)\nwhile True: pass", NULL,
      { .timeout_ms = 20000, .cpu_ms = 300 },
      CR_STATUS_TIMED_OUT, CR_LIMIT_CPU, -1, SIGKILL, "a\n" },
    { "output", "while True: print('x' * 99)", NULL,
      { .output_bytes = 100000 },
      CR_STATUS_OUTPUT_EXCEEDED, CR_LIMIT_OUTPUT, -1, SIGKILL, NULL },
    { "memory", "print('a', flush=True)\nx = bytearray(10**9)", NULL, { 0 },
      CR_STATUS_MEMORY_EXCEEDED, CR_LIMIT_MEMORY, -1, SIGKILL, "a\n" },
    { "a child that stays", "import os, time\nif os.fork() == 0:\n"
      "    time.sleep(9)\n    os._exit(0)\nprint('main')", NULL, { 0 },
      CR_STATUS_SUCCEEDED, CR_LIMIT_NONE, 0, 0, "main\n" },
    { "processes", "import os, time\nn = 0\ntry:\n    while True:\n"
      "        if os.fork() == 0:\n            time.sleep(9)\n"
      "        n += 1\nexcept OSError as e:\n    print(n, e.errno)", NULL,
      { .processes = 8 },
      CR_STATUS_SUCCEEDED, CR_LIMIT_NONE, 0, 0, "7 11\n" },
    { "a fork bomb", "import os\nwhile True:\n    try: os.fork()\n"
      "    except OSError: pass", NULL,
      { .processes = 8, .timeout_ms = 1500 },
      CR_STATUS_TIMED_OUT, CR_LIMIT_WALL, -1, SIGKILL, "" },
    { "disk", "f = open('x', 'wb')\ntry:\n    while True:\n"
      "        f.write(b'x' * 2**20)\nexcept OSError as e:\n"
      "    print(e.errno in (27, 28))", NULL, { 0 },
      CR_STATUS_SUCCEEDED, CR_LIMIT_NONE, 0, 0, "True\n" },

    { NULL, NULL, NULL, { 0 }, 0, 0, 0, 0, NULL }
};


/* 1 and the configuration written; 0: there cannot be a pool here */

static int
write_pool(pool_run_t *r, const char *runsc)
{
    char  fields[512];

    if (geteuid() != 0 || access(RUNSC, X_OK) == -1) {
        printf("skipped: %s\n", geteuid() != 0 ? "needs root"
                                               : "no " RUNSC " here");
        return 0;
    }

    /* who has such a uid is of this pool, whatever else runs here */

    uid_base = 1000000000 + (unsigned) getpid() % 30000 * 65536;

    (void) snprintf(fields, sizeof(fields), "\"isolation\": \"gvisor\",\n"
                    "\"runsc\": \"%s\", \"uid_base\": %u,\n"
                    "\"workers\": 1, \"boxes\": %d,\n", runsc, uid_base,
                    BOXES);

    if (pool_run_write(r, fields) != 0) {
        CR_TEST_FAIL("no configuration");
        return 0;
    }

    return 1;
}


static void
stop_all(void)
{
    if (up) {
        cr_client_close(&client);
        (void) pool_run_stop(&run, SIGTERM);
        pool_run_remove(&run);
    }
}


/* one pool for most of them; NULL: there cannot be one here */

static cr_client_t *
pool(void)
{
    static int  tried;

    if (up) {
        return &client;
    }

    if (tried || !write_pool(&run, RUNSC)) {
        return NULL;
    }

    tried = 1;
    (void) atexit(stop_all);
    (void) setenv("GVISOR_CANARY", "secret", 1);

    up = pool_run_start(&run) == 0
         && cr_client_open(&client, run.socket) == 0;

    if (!up) {
        CR_TEST_FAIL("no pool");
        return NULL;
    }

    return &client;
}


/* a file of /proc, NUL-terminated; its length, 0: gone */

static size_t
slurp(pid_t pid, const char *name, char *text)
{
    int      fd;
    char     path[64];
    size_t   len;
    ssize_t  n;

    (void) snprintf(path, sizeof(path), "/proc/%d/%s", (int) pid, name);

    fd = open(path, O_RDONLY|O_CLOEXEC);
    if (fd == -1) {
        return 0;
    }

    len = 0;

    do {
        n = read(fd, text + len, TEXT - 1 - len);
        len += n > 0 ? (size_t) n : 0;
    } while (n > 0);

    (void) close(fd);
    text[len] = '\0';

    return len;
}


/* the processes of the pool's boxes whose command line starts so */

static size_t
of_boxes(const char *start, pid_t *pids)
{
    DIR            *dir;
    char            text[TEXT];
    pid_t           pid;
    size_t          n;
    unsigned        uid;
    const char     *p;
    struct dirent  *e;

    n = 0;
    dir = opendir("/proc");

    while (dir != NULL && n < PIDS && (e = readdir(dir)) != NULL) {
        pid = atoi(e->d_name);

        if (pid <= 0 || slurp(pid, "status", text) == 0) {
            continue;
        }

        p = strstr(text, "\nUid:");
        uid = p != NULL ? (unsigned) strtoul(p + 5, NULL, 10) : 0;

        if (uid < uid_base || uid >= uid_base + 65536) {
            continue;
        }

        (void) slurp(pid, "cmdline", text);

        if (strncmp(text, start, strlen(start)) == 0) {
            pids[n++] = pid;
        }
    }

    if (dir != NULL) {
        (void) closedir(dir);
    }

    return n;
}


/* waits until so many are there; how many there are then */

static size_t
wait_for(const char *start, size_t want)
{
    int     i;
    pid_t   pids[PIDS];
    size_t  n;

    for (i = 0; i < 150; i++) {
        n = of_boxes(start, pids);

        if (n == want) {
            break;
        }

        pool_run_sleep(100);
    }

    return n;
}


static void
check_verdict(const verdict_t *v)
{
    cr_client_job_t      job;
    cr_client_request_t  request;

    memset(&request, 0, sizeof(request));
    memset(&job, 0, sizeof(job));
    request.code = v->code;
    request.stdin_text = v->text;
    request.limits = v->limits;

    if (cr_client_run(&client, &request, &job, 40000) != 0) {
        CR_TEST_FAIL("%s: the job does not end", v->title);
        return;
    }

    CHECK_MSG(job.result.status == (uint32_t) v->status, "%s: %u %s",
              v->title, job.result.status, job.result.error);
    CHECK_MSG(job.result.limit == (uint32_t) v->limit, "%s: %u", v->title,
              job.result.limit);
    CHECK_MSG(job.result.exit_code == v->exit_code, "%s: %d", v->title,
              job.result.exit_code);
    CHECK_MSG(job.result.signal == (uint32_t) v->signal, "%s: %u", v->title,
              job.result.signal);
    CHECK_MSG(v->out == NULL || strcmp(job.out, v->out) == 0, "%s: %s",
              v->title, job.out);
    CHECK_MSG(v->limit != CR_LIMIT_OUTPUT
              || job.all_len == v->limits.output_bytes, "%s: %zu", v->title,
              job.all_len);

    cr_client_done(&client, &job);
}


/* submits it and waits until it has printed "go"; 0, or -1 */

static int
start_job(const char *code, uint32_t timeout_ms, cr_client_job_t *job)
{
    cr_client_request_t  request;

    memset(&request, 0, sizeof(request));
    request.code = code;
    request.limits.timeout_ms = timeout_ms;

    if (cr_client_submit(&client, &request, job) != 0) {
        return -1;
    }

    return cr_client_wait(&client, job, "go\n", 9000);
}


TEST("every verdict is the one of a native sandbox")
{
    const verdict_t  *v;

    if (pool() == NULL) {
        return;
    }

    for (v = verdicts; v->title != NULL; v++) {
        check_verdict(v);
    }
}


TEST("stdout and stderr keep their order")
{
    cr_client_job_t      job;
    cr_client_request_t  request;

    if (pool() == NULL) {
        return;
    }

    memset(&request, 0, sizeof(request));
    request.code = "import sys\nfor i in range(20):\n"
                   "    print(i, file=(sys.stdout, sys.stderr)[i % 2])";

    REQUIRE(cr_client_run(&client, &request, &job, 20000) == 0);
    CHECK_STR(job.all, "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n"
              "14\n15\n16\n17\n18\n19\n");
    cr_client_done(&client, &job);
}


TEST("files are there, a megabyte of stdin arrives or is not minded")
{
    char                 *text;
    cr_client_job_t       job;
    cr_client_request_t   request;

    if (pool() == NULL) {
        return;
    }

    text = malloc(1024 * 1024 + 1);
    REQUIRE(text != NULL);
    memset(text, 'x', 1024 * 1024);
    text[1024 * 1024] = '\0';

    memset(&request, 0, sizeof(request));
    request.stdin_text = text;
    request.file_name = "a/b.txt";
    request.file_data = "content";
    request.code = "import os, sys, time\ntime.sleep(0.1)\n"
                   "print(open('a/b.txt').read(), os.getcwd(), os.getuid(),"
                   " len(sys.stdin.read()))";

    REQUIRE(cr_client_run(&client, &request, &job, 20000) == 0);
    CHECK_STR(job.out, "content /box 1000 1048576\n");
    cr_client_done(&client, &job);

    request.code = "import os\nos.close(0)\nprint('bye')";

    REQUIRE(cr_client_run(&client, &request, &job, 20000) == 0);
    CHECK_STR(job.out, "bye\n");
    CHECK_INT(job.result.status, CR_STATUS_SUCCEEDED);
    cr_client_done(&client, &job);
    free(text);
}


TEST("an interactive job is answered line by line, and hears signals")
{
    cr_client_job_t      job;
    cr_client_request_t  request;

    if (pool() == NULL) {
        return;
    }

    memset(&request, 0, sizeof(request));
    request.flags = CR_JOB_INTERACTIVE;
    request.stdin_text = "one\n";
    request.code = "import sys, time\nfor l in sys.stdin:\n"
                   "    print('got', l.strip(), flush=True)\n"
                   "print('eof', flush=True)\n"
                   "try:\n    for i in range(2000): time.sleep(0.01)\n"
                   "except KeyboardInterrupt:\n    print('caught')";

    REQUIRE(cr_client_submit(&client, &request, &job) == 0);
    CHECK(cr_client_wait(&client, &job, "got one\n", 9000) == 0);
    CHECK(cr_client_control(&client, &job, CR_CONTROL_STDIN, 0, "two\n", 4)
          == 0);
    CHECK(cr_client_wait(&client, &job, "got two\n", 9000) == 0);
    CHECK(cr_client_control(&client, &job, CR_CONTROL_EOF, 0, NULL, 0) == 0);
    CHECK(cr_client_wait(&client, &job, "eof\n", 9000) == 0);
    CHECK(cr_client_control(&client, &job, CR_CONTROL_SIGNAL, SIGINT, NULL, 0)
          == 0);
    CHECK(cr_client_wait(&client, &job, NULL, 9000) == 0);
    CHECK_STR(job.out, "got one\ngot two\neof\ncaught\n");
    CHECK_INT(job.result.status, CR_STATUS_SUCCEEDED);
    cr_client_done(&client, &job);
}


TEST("SIGTERM and SIGKILL end the program, and the verdict says so")
{
    int               i;
    cr_client_job_t   job;
    static const int  signals[] = { SIGTERM, SIGKILL };

    if (pool() == NULL) {
        return;
    }

    for (i = 0; i < 2; i++) {
        REQUIRE(start_job(SLEEPS, 0, &job) == 0);
        CHECK(cr_client_control(&client, &job, CR_CONTROL_SIGNAL,
                                (uint64_t) signals[i], NULL, 0)
              == 0);
        CHECK(cr_client_wait(&client, &job, NULL, 9000) == 0);
        CHECK_INT(job.result.status, CR_STATUS_FAILED);
        CHECK_INT(job.result.signal, signals[i]);
        cr_client_done(&client, &job);
    }
}


TEST("cancel ends the job and keeps the output")
{
    cr_client_job_t  job;

    if (pool() == NULL) {
        return;
    }

    REQUIRE(start_job("import os\nfor i in range(4):\n"
                      "    if os.fork() == 0: break\n"
                      "else: print('go', flush=True)\nwhile True: pass", 0,
                      &job)
            == 0);
    CHECK(cr_client_control(&client, &job, CR_CONTROL_CANCEL, 0, NULL, 0)
          == 0);
    CHECK(cr_client_wait(&client, &job, NULL, 5000) == 0);
    CHECK_INT(job.result.status, CR_STATUS_CANCELLED);
    CHECK_STR(job.out, "go\n");
    cr_client_done(&client, &job);
}


TEST("jobs leave descriptors, processes, mounts and cgroups as before")
{
    int     i;
    pid_t   workers[4];
    size_t  fds, mounts, cgroups;

    if (pool() == NULL) {
        return;
    }

    CHECK_INT(pool_run_workers(&run, workers, 4), 1);
    CHECK_INT(wait_for("runsc-sandbox", BOXES), BOXES);
    CHECK_INT(pool_run_ready(&client.segment, BOXES), BOXES);

    fds = pool_run_fds(workers[0]);
    mounts = pool_run_mounts();
    cgroups = pool_run_cgroups(&run);

    for (i = 0; i < 4 * BOXES; i++) {
        check_verdict(&verdicts[0]);
    }

    CHECK_INT(wait_for("runsc-sandbox", BOXES), BOXES);
    CHECK_INT(wait_for("runsc-gofer", BOXES), BOXES);
    CHECK_INT(pool_run_ready(&client.segment, BOXES), BOXES);

    CHECK_INT(pool_run_fds(workers[0]), fds);
    CHECK_INT(pool_run_mounts(), mounts);
    CHECK_INT(pool_run_cgroups(&run), cgroups);
}


TEST("runsc gets no network, no sockets, no debug log, nobody's environment")
{
    char    text[TEXT];
    pid_t   pids[PIDS];
    size_t  i, n, len;

    if (pool() == NULL) {
        return;
    }

    CHECK_INT(wait_for("runsc-sandbox", BOXES), BOXES);
    CHECK_INT(wait_for("runsc-gofer", BOXES), BOXES);

    n = of_boxes("runsc", pids);
    CHECK(n >= 3 * BOXES);

    for (i = 0; i < n; i++) {
        len = slurp(pids[i], "cmdline", text);

        while (len-- > 1) {
            text[len - 1] = text[len - 1] == '\0' ? ' ' : text[len - 1];
        }

        CHECK_MSG(strstr(text, "--network=none") != NULL, "%s", text);
        CHECK_MSG(strstr(text, "debug-log") == NULL
                  && strstr(text, "strace") == NULL
                  && strstr(text, "--debug=true") == NULL
                  && strstr(text, "kvm") == NULL
                  && strstr(text, " do ") == NULL, "%s", text);
        CHECK_MSG(strstr(text, " run ") == NULL
                  || (strstr(text, "--host-uds=none") != NULL
                      && strstr(text, "--host-fifo=none") != NULL
                      && strstr(text, "--overlay2=none") != NULL), "%s",
                  text);

        /* what this test was started with is not there */

        (void) slurp(pids[i], "environ", text);
        CHECK_MSG(strstr(text, "GVISOR_CANARY") == NULL, "%s", text);
    }
}


static void
wait_gone(const pid_t *pids, size_t n)
{
    int  tries;

    for (tries = 0; n != 0 && tries < 150; /* void */) {
        if (kill(pids[n - 1], 0) == -1) {
            n--;

        } else {
            pool_run_sleep(100);
            tries++;
        }
    }
}


TEST("a sentry that dies ends its job, not the next; nothing stays behind")
{
    pid_t            all[PIDS], pids[PIDS];
    size_t           i, n, nall;
    cr_client_job_t  job;

    if (pool() == NULL) {
        return;
    }

    CHECK_INT(wait_for("runsc-sandbox", BOXES), BOXES);

    REQUIRE(start_job(SLEEPS, 0, &job) == 0);

    nall = of_boxes("", all);
    n = of_boxes("runsc-sandbox", pids);
    CHECK(n > 0);

    for (i = 0; i < n; i++) {
        (void) kill(pids[i], SIGKILL);
    }

    CHECK(cr_client_wait(&client, &job, NULL, 9000) == 0);
    CHECK_INT(job.result.status, CR_STATUS_ERROR);
    CHECK_STR(job.out, "go\n");
    cr_client_done(&client, &job);

    /* the boxes that waited lost theirs, too, and must have noticed */

    wait_gone(all, nall);
    CHECK_INT(wait_for("runsc-sandbox", BOXES), BOXES);
    CHECK_INT(wait_for("runsc-gofer", BOXES), BOXES);

    check_verdict(&verdicts[0]);
}


TEST("a sentry that hangs is ended by the wall clock")
{
    pid_t            pids[PIDS];
    size_t           i, n;
    cr_client_job_t  job;

    if (pool() == NULL) {
        return;
    }

    REQUIRE(start_job(SLEEPS, 1500, &job) == 0);

    n = of_boxes("runsc-sandbox", pids);

    for (i = 0; i < n; i++) {
        (void) kill(pids[i], SIGSTOP);
    }

    CHECK(cr_client_wait(&client, &job, NULL, 9000) == 0);
    CHECK_INT(job.result.status, CR_STATUS_TIMED_OUT);
    CHECK_INT(job.result.limit, CR_LIMIT_WALL);
    cr_client_done(&client, &job);

    /* the others wait for a job, and would wait for ever */

    for (i = 0; i < n; i++) {
        (void) kill(pids[i], SIGCONT);
    }

    check_verdict(&verdicts[0]);
}


TEST("the pool ends with all of its sentries, mounts and cgroups")
{
    size_t  mounts;

    if (pool() == NULL) {
        return;
    }

    mounts = pool_run_mounts();
    cr_client_close(&client);
    up = 0;

    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    CHECK_INT(wait_for("", 0), 0);
    CHECK_INT(pool_run_cgroups(&run), 0);
    CHECK(pool_run_mounts() <= mounts);
    pool_run_remove(&run);
}


/* a pool with a script in the place of runsc; the script is in 'dir' */

static int
write_scripted(pool_run_t *r, char *dir, const char *script)
{
    char   path[64];
    FILE  *f;

    (void) snprintf(dir, 64, "/tmp/coderemote-runsc-XXXXXX");

    if (mkdtemp(dir) == NULL) {
        return 0;
    }

    (void) snprintf(path, sizeof(path), "%.40s/runsc", dir);

    f = fopen(path, "w");

    if (f != NULL) {
        (void) fputs(script, f);
        (void) fclose(f);
    }

    /* who starts it is no user of this machine */

    if (chmod(path, 0755) == 0 && chmod(dir, 0755) == 0
        && write_pool(r, path))
    {
        return 1;
    }

    (void) unlink(path);
    (void) rmdir(dir);

    return 0;
}


static void
remove_scripted(pool_run_t *r, const char *dir)
{
    char  path[64];

    CHECK_INT(wait_for("", 0), 0);
    pool_run_remove(r);

    (void) snprintf(path, sizeof(path), "%.40s/runsc", dir);
    (void) unlink(path);
    (void) rmdir(dir);
}


TEST("a runsc that starts slowly is waited for")
{
    char                 dir[64];
    pool_run_t           r;
    cr_client_t          c;
    cr_client_job_t      job;
    cr_client_request_t  request;

    if (!write_scripted(&r, dir, "#!/bin/sh\nsleep 1\n"
                        "exec " RUNSC " \"$@\"\n"))
    {
        return;
    }

    memset(&request, 0, sizeof(request));
    request.code = "print(1)";

    REQUIRE(pool_run_start(&r) == 0);
    REQUIRE(cr_client_open(&c, r.socket) == 0);
    CHECK(cr_client_run(&c, &request, &job, 25000) == 0);
    CHECK_INT(job.result.status, CR_STATUS_SUCCEEDED);
    cr_client_done(&c, &job);
    cr_client_close(&c);
    (void) pool_run_stop(&r, SIGTERM);
    remove_scripted(&r, dir);
}


TEST("a runsc that fails is an error of ours, in its own words")
{
    char                 dir[64];
    pool_run_t           r;
    cr_client_t          c;
    cr_client_job_t      job;
    cr_client_request_t  request;

    if (!write_scripted(&r, dir, "#!/bin/sh\necho no kernel today >&2\n"
                        "exit 1\n"))
    {
        return;
    }

    memset(&request, 0, sizeof(request));
    request.code = "print(1)";

    REQUIRE(pool_run_start(&r) == 0);
    REQUIRE(cr_client_open(&c, r.socket) == 0);
    CHECK(cr_client_run(&c, &request, &job, 25000) == 0);
    CHECK_INT(job.result.status, CR_STATUS_ERROR);
    CHECK_MSG(strstr(job.result.error, "no kernel today") != NULL, "%s",
              job.result.error);
    CHECK_STR(job.out, "");
    cr_client_done(&c, &job);
    cr_client_close(&c);
    (void) pool_run_stop(&r, SIGTERM);
    remove_scripted(&r, dir);
}


TEST("a runsc that hangs does not keep the pool from ending")
{
    char        dir[64];
    pool_run_t  r;

    if (!write_scripted(&r, dir, "#!/bin/sh\nexec sleep 600\n")) {
        return;
    }

    REQUIRE(pool_run_start(&r) == 0);
    CHECK_INT(wait_for("sleep", BOXES), BOXES);
    CHECK_INT(pool_run_stop(&r, SIGTERM), 0);
    remove_scripted(&r, dir);
}


TEST("without runsc there is no pool, and it says what to do")
{
    char        output[TEXT];
    pool_run_t  r;

    REQUIRE(pool_run_write(&r, "\"isolation\": \"gvisor\",\n"
                           "\"runsc\": \"/nonexistent/runsc\",\n")
            == 0);

    CHECK_INT(pool_run_command(&r, NULL, output, sizeof(output)), 1);
    CHECK_MSG(strstr(output, "install it (apt-get install runsc)") != NULL,
              "%s", output);

    CHECK_INT(pool_run_command(&r, "--check", output, sizeof(output)), 1);
    CHECK_MSG(geteuid() != 0 || strstr(output, "NOT READY") != NULL, "%s",
              output);
    pool_run_remove(&r);
}
