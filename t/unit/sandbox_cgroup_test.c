/*
 * Control groups against the kernel of this machine, whichever version it
 * has.
 *
 * sources: worker/sandbox/crw_cgroup.c worker/sandbox/crw_cgroup_base.c
 * sources: worker/sandbox/crw_cgroup_file.c worker/sandbox/crw_cgroup_v1.c
 * sources: worker/sandbox/crw_cgroup_v2.c worker/crw_error.c
 */

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cr_test.h"
#include "crw_cgroup.h"


#define MB  (1024 * 1024)


static crw_error_t  error;


/* 0, or -1 when this machine gives us no group: then there is no test */

static int
base_make(crw_cgroup_base_t *base)
{
    char  name[CRW_CGROUP_NAME];

    snprintf(name, sizeof(name), "coderemote.test-%d", (int) getpid());

    if (crw_cgroup_base_create(base, NULL, name, &error) == -1
        || base->kind == CRW_CGROUP_NONE)
    {
        printf("skipped: %s\n", error.text);
        return -1;
    }

    return 0;
}


/* a child that waits for a byte, then runs 'work' */

static pid_t
child_make(int *go, void (*work)(void))
{
    int    pair[2];
    char   c;
    pid_t  pid;

    if (pipe(pair) == -1) {
        return -1;
    }

    pid = fork();

    if (pid == 0) {
        close(pair[1]);

        if (read(pair[0], &c, 1) != 1) {
            _exit(1);
        }

        work();
        _exit(0);
    }

    close(pair[0]);
    *go = pair[1];

    return pid;
}


static int
child_run(pid_t pid, int go)
{
    int  status;

    if (write(go, "x", 1) != 1) {
        return -1;
    }

    close(go);
    waitpid(pid, &status, 0);

    return status;
}


static void
work_touch_32m(void)
{
    char  *p;

    p = mmap(NULL, 32 * MB, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS,
             -1, 0);
    memset(p, 1, 32 * MB);
}


static void
work_spin_100ms(void)
{
    clock_t  end;

    end = clock() + CLOCKS_PER_SEC / 10;

    while (clock() < end) { /* void */ }
}


static void
work_forks(void)
{
    int  i;

    for (i = 0; i < 20; i++) {
        if (fork() == 0) {
            sleep(1);
            _exit(0);
        }
    }

    while (wait(NULL) > 0) { /* void */ }
}


static void
work_sleep(void)
{
    fork();
    sleep(60);
}


/* a directory of groups that nobody is in any more */

static int
group_remove_one(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
    (void) st;
    (void) ftw;

    return type == FTW_DP ? rmdir(path) : 0;
}


static void
group_remove(const char *path)
{
    (void) nftw(path, group_remove_one, 8, FTW_DEPTH|FTW_PHYS);
}


TEST("a group measures the cpu time and the memory peak of one job")
{
    int                    go;
    pid_t                  pid;
    crw_cgroup_t           cg;
    crw_cgroup_base_t      base;
    crw_cgroup_limits_t    limits = { 64 * 1024, 0, 100 };
    crw_cgroup_figures_t   figures;

    if (base_make(&base) == -1) {
        return;
    }

    REQUIRE(crw_cgroup_create(&cg, &base, "w0-b0", &error) == 0);

    pid = child_make(&go, work_touch_32m);
    CHECK_INT(crw_cgroup_attach(&cg, pid, &error), 0);
    CHECK_INT(crw_cgroup_begin(&cg, &limits, &error), 0);
    CHECK_INT(child_run(pid, go), 0);
    CHECK_INT(crw_cgroup_figures(&cg, &figures, &error), 0);
    CHECK(figures.memory_peak_kb >= 32 * 1024);
    CHECK_MSG(figures.memory_peak_kb < 35 * 1024, "peak %ju kB",
              (uintmax_t) figures.memory_peak_kb);
    CHECK_INT(figures.oom_kills, 0);

    pid = child_make(&go, work_spin_100ms);
    CHECK_INT(crw_cgroup_attach(&cg, pid, &error), 0);
    CHECK_INT(crw_cgroup_begin(&cg, &limits, &error), 0);
    CHECK_INT(child_run(pid, go), 0);
    CHECK_INT(crw_cgroup_figures(&cg, &figures, &error), 0);
    CHECK_MSG(figures.cpu_us > 95000 && figures.cpu_us < 120000,
              "cpu %ju us", (uintmax_t) figures.cpu_us);
    CHECK(figures.memory_peak_kb < 4 * 1024);

    CHECK_INT(crw_cgroup_destroy(&cg, &error), 0);
    CHECK_INT(crw_cgroup_base_destroy(&base, &error), 0);
    CHECK(access(base.path[0], F_OK) == -1);
}


TEST("a job above its memory limit is killed, and counted")
{
    int                    go, status;
    pid_t                  pid;
    crw_cgroup_t           cg;
    crw_cgroup_base_t      base;
    crw_cgroup_limits_t    limits = { 16 * 1024, 0, 0 };
    crw_cgroup_figures_t   figures;

    if (base_make(&base) == -1) {
        return;
    }

    REQUIRE(crw_cgroup_create(&cg, &base, "w0-b0", &error) == 0);

    pid = child_make(&go, work_touch_32m);
    CHECK_INT(crw_cgroup_attach(&cg, pid, &error), 0);
    CHECK_INT(crw_cgroup_begin(&cg, &limits, &error), 0);
    status = child_run(pid, go);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    CHECK_INT(crw_cgroup_figures(&cg, &figures, &error), 0);
    CHECK_INT(figures.oom_kills, 1);
    CHECK_INT(figures.memory_peak_kb, 16 * 1024);

    /* up, down and off again */

    limits.memory_kb = 64 * 1024;
    CHECK_INT(crw_cgroup_begin(&cg, &limits, &error), 0);
    limits.memory_kb = 8 * 1024;
    CHECK_INT(crw_cgroup_begin(&cg, &limits, &error), 0);
    limits.memory_kb = 0;
    CHECK_INT(crw_cgroup_begin(&cg, &limits, &error), 0);

    CHECK_INT(crw_cgroup_destroy(&cg, &error), 0);
    CHECK_INT(crw_cgroup_base_destroy(&base, &error), 0);
}


TEST("forks above the process limit are refused, and counted")
{
    int                    go;
    pid_t                  pid;
    crw_cgroup_t           cg;
    crw_cgroup_base_t      base;
    crw_cgroup_limits_t    limits = { 0, 8, 0 };
    crw_cgroup_figures_t   figures;

    if (base_make(&base) == -1) {
        return;
    }

    REQUIRE(crw_cgroup_create(&cg, &base, "w0-b0", &error) == 0);

    pid = child_make(&go, work_forks);
    CHECK_INT(crw_cgroup_attach(&cg, pid, &error), 0);
    CHECK_INT(crw_cgroup_begin(&cg, &limits, &error), 0);
    CHECK_INT(child_run(pid, go), 0);
    CHECK_INT(crw_cgroup_figures(&cg, &figures, &error), 0);
    CHECK(figures.pids_hits > 0);

    CHECK_INT(crw_cgroup_destroy(&cg, &error), 0);
    CHECK_INT(crw_cgroup_base_destroy(&base, &error), 0);
}


TEST("kill ends every process of a group, and only those")
{
    int                go, status;
    pid_t              pid;
    crw_cgroup_t       cg;
    crw_cgroup_base_t  base;

    if (base_make(&base) == -1) {
        return;
    }

    REQUIRE(crw_cgroup_create(&cg, &base, "w0-b0", &error) == 0);

    pid = child_make(&go, work_sleep);
    CHECK_INT(crw_cgroup_attach(&cg, pid, &error), 0);
    CHECK(write(go, "x", 1) == 1);
    close(go);
    usleep(10000);

    CHECK_INT(crw_cgroup_kill(&cg, &error), 0);
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

    CHECK_INT(crw_cgroup_base_destroy(&base, &error), 0);
    CHECK(access(base.path[0], F_OK) == -1);
}


TEST("the base of a pool that died is removed by the next one")
{
    int                go;
    char               left[CRW_CGROUP_PATH], name[CRW_CGROUP_NAME];
    pid_t              pid;
    crw_cgroup_t       cg;
    crw_cgroup_base_t  old, base;

    snprintf(name, sizeof(name), "coderemote.test-9%d", (int) getpid());

    if (crw_cgroup_base_create(&old, NULL, name, &error) == -1
        || old.kind == CRW_CGROUP_NONE)
    {
        return;
    }

    REQUIRE(crw_cgroup_create(&cg, &old, "w0-b0", &error) == 0);
    memcpy(left, old.path[0], sizeof(left));

    pid = child_make(&go, work_sleep);
    CHECK_INT(crw_cgroup_attach(&cg, pid, &error), 0);
    CHECK(write(go, "x", 1) == 1);
    close(go);

    /* alive: its lock protects it */

    REQUIRE(base_make(&base) == 0);
    CHECK_INT(access(left, F_OK), 0);
    CHECK_INT(crw_cgroup_base_destroy(&base, &error), 0);

    /* the fork above inherited the lock; a pool's workers die with it */

    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    crw_cgroup_kill(&cg, NULL);
    usleep(20000);
    crw_cgroup_base_close(&old);

    REQUIRE(base_make(&base) == 0);
    CHECK_MSG(access(left, F_OK) == -1 && errno == ENOENT, "%s", left);
    CHECK_INT(crw_cgroup_base_destroy(&base, &error), 0);
}


/* in a child: what a pool does every few seconds, without a pause */

static pid_t
sweep_for_ever(void)
{
    pid_t              pid;
    crw_cgroup_base_t  base;

    pid = fork();

    if (pid == 0) {
        if (base_make(&base) == -1) {
            _exit(1);
        }

        for ( ;; ) {
            crw_cgroup_base_sweep(&base);
        }
    }

    return pid;
}


TEST("a pool that is just being made is not taken for a dead one")
{
    int                i, n;
    char               name[CRW_CGROUP_NAME];
    pid_t              pid;
    crw_cgroup_t       cg;
    crw_cgroup_base_t  base;

    if (base_make(&base) == -1) {
        return;
    }

    CHECK_INT(crw_cgroup_base_destroy(&base, &error), 0);

    pid = sweep_for_ever();

    for (i = n = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "coderemote.test-8%d", i);

        if (crw_cgroup_base_create(&base, NULL, name, &error) == -1
            || base.kind == CRW_CGROUP_NONE
            || crw_cgroup_create(&cg, &base, "w0-b0", &error) == -1)
        {
            printf("%d: %s\n", i, error.text);
            n++;
            continue;
        }

        CHECK_INT(crw_cgroup_destroy(&cg, &error), 0);
        CHECK_INT(crw_cgroup_base_destroy(&base, &error), 0);
    }

    CHECK_INT(n, 0);

    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    REQUIRE(base_make(&base) == 0);
    CHECK_INT(crw_cgroup_base_destroy(&base, &error), 0);
}


/* what a unit with Delegate=yes is given; 0 when all is well */

static int
child_base_in(const char *group)
{
    crw_cgroup_t       cg;
    crw_cgroup_base_t  base;

    if (base_make(&base) == -1
        || strncmp(base.path[0], group, strlen(group)) != 0
        || !base.memory || !base.pids || !base.cpu
        || crw_cgroup_create(&cg, &base, "w0-b0", &error) == -1
        || cg.pids_limit == -1 || cg.cpu_limit == -1
        || crw_cgroup_attach(&cg, getpid(), &error) == -1)
    {
        printf("%s: \"%s\": %s\n", group, base.path[0], error.text);
        return 1;
    }

    return 0;
}


TEST("v2: a pool's base is inside the group that the pool was started in")
{
    int                status;
    char               group[CRW_CGROUP_PATH], procs[CRW_CGROUP_PATH + 16];
    FILE              *f;
    pid_t              pid;
    crw_cgroup_base_t  base;

    if (base_make(&base) == -1) {
        return;
    }

    if (base.kind == CRW_CGROUP_V1) {
        printf("skipped: cgroup v1\n");
        CHECK_INT(crw_cgroup_base_destroy(&base, &error), 0);
        return;
    }

    /* beside the first base, as a unit is beside other units */

    snprintf(group, sizeof(group), "%s", base.path[0]);
    snprintf(strrchr(group, '/'), 32, "/unit-%d", (int) getpid());
    snprintf(procs, sizeof(procs), "%s/cgroup.procs", group);
    CHECK_INT(crw_cgroup_base_destroy(&base, &error), 0);
    REQUIRE(mkdir(group, 0755) == 0);

    pid = fork();

    if (pid == 0) {
        f = fopen(procs, "w");

        if (f == NULL || fputs("0", f) == EOF || fclose(f) != 0) {
            _exit(2);
        }

        _exit(child_base_in(group));
    }

    REQUIRE(waitpid(pid, &status, 0) == pid);
    CHECK_INT(status, 0);
    group_remove(group);
    CHECK(access(group, F_OK) == -1);
}


TEST("begin costs a few microseconds")
{
    int                    i;
    crw_cgroup_t           cg;
    struct timespec        a, b;
    crw_cgroup_base_t      base;
    crw_cgroup_limits_t    limits = { 64 * 1024, 66, 100 };
    crw_cgroup_figures_t   figures;

    if (base_make(&base) == -1) {
        return;
    }

    REQUIRE(crw_cgroup_create(&cg, &base, "w0-b0", &error) == 0);
    crw_cgroup_begin(&cg, &limits, &error);
    clock_gettime(CLOCK_MONOTONIC, &a);

    for (i = 0; i < 1000; i++) {
        crw_cgroup_begin(&cg, &limits, &error);
        crw_cgroup_figures(&cg, &figures, &error);
    }

    clock_gettime(CLOCK_MONOTONIC, &b);
    i = (int) ((b.tv_sec - a.tv_sec) * 1000000
               + (b.tv_nsec - a.tv_nsec) / 1000) / 1000;
    CHECK_MSG(i < 100, "%d us", i);

    CHECK_INT(crw_cgroup_destroy(&cg, &error), 0);
    CHECK_INT(crw_cgroup_base_destroy(&base, &error), 0);
}


TEST("a group that yields weighs a fiftieth until the next job begins")
{
    int                   fd, v1;
    char                  path[PATH_MAX], text[32];
    ssize_t               n;
    crw_error_t           err;
    crw_cgroup_t          cg;
    crw_cgroup_base_t     base;
    crw_cgroup_limits_t   limits;

    REQUIRE(crw_cgroup_base_create(&base, NULL, "coderemote-0-1", &err) == 0);

    if (base.kind == CRW_CGROUP_NONE || !base.cpu) {
        CHECK_INT(crw_cgroup_base_destroy(&base, &err), 0);
        return;
    }

    REQUIRE(crw_cgroup_create(&cg, &base, "weight", &err) == 0);

    v1 = base.kind == CRW_CGROUP_V1;
    (void) snprintf(path, sizeof(path), "%s/weight/%s",
                    base.path[v1 ? CRW_CGROUP_CPU : CRW_CGROUP_MEMORY],
                    v1 ? "cpu.shares" : "cpu.weight");
    fd = open(path, O_RDONLY | O_CLOEXEC);
    REQUIRE(fd != -1);

    memset(&limits, 0, sizeof(limits));
    CHECK_INT(crw_cgroup_begin(&cg, &limits, &err), 0);
    n = pread(fd, text, sizeof(text) - 1, 0);
    REQUIRE(n > 0);
    text[n] = '\0';
    CHECK_STR(text, v1 ? "1024\n" : "100\n");

    crw_cgroup_yield(&cg);
    n = pread(fd, text, sizeof(text) - 1, 0);
    REQUIRE(n > 0);
    text[n] = '\0';
    CHECK_STR(text, v1 ? "20\n" : "2\n");

    CHECK_INT(crw_cgroup_begin(&cg, &limits, &err), 0);
    n = pread(fd, text, sizeof(text) - 1, 0);
    REQUIRE(n > 0);
    text[n] = '\0';
    CHECK_STR(text, v1 ? "1024\n" : "100\n");

    (void) close(fd);
    CHECK_INT(crw_cgroup_destroy(&cg, &err), 0);
    CHECK_INT(crw_cgroup_base_destroy(&base, &err), 0);
}
