/*
 * A machine that is full, as the pool meets it: each step of building a
 * sandbox fails with ENOSPC, EMFILE and ENOMEM, once and for good.  Jobs end
 * as error that names the step, or wait; nothing of the user runs; nothing is
 * left behind; and once the machine has room again, so have jobs.
 *
 * sources: t/unit/pool_run.c t/unit/fault_points.c t/lib/cr_client.c ipc/
 * sources: worker/sandbox/ worker/crw_error.c
 * libs: -lseccomp
 * programs: pool_fault_worker
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cr_test.h"
#include "fault_points.h"
#include "pool_fault.h"
#include "pool_run.h"


#define PATIENCE  9000              /* ms */
#define TIMES     40                /* more than any step has */
#define RUNSC     "/usr/bin/runsc"
#define V1        "/sys/fs/cgroup/memory/memory.limit_in_bytes"


static const int      errnos[] = { ENOSPC, EMFILE, ENOMEM };

static pool_run_t     run;
static cr_client_t    client;
static pool_fault_t  *fault;
static cr_worker_t   *self;
static pid_t          worker;
static int            up, rows;
static uint32_t       boxes;

/* as it is while nothing is wrong */

static size_t         below, fds, master_fds, cgroups, mounts;


static int
fault_map(void)
{
    int   fd;
    char  path[PATH_MAX];

    (void) snprintf(path, sizeof(path), "%s/fault", run.dir);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd == -1 || ftruncate(fd, sizeof(pool_fault_t)) == -1) {
        return -1;
    }

    fault = mmap(NULL, sizeof(pool_fault_t), PROT_READ | PROT_WRITE,
                 MAP_SHARED, fd, 0);
    (void) close(fd);

    return (fault == MAP_FAILED) ? -1 : setenv(POOL_FAULT_FILE, path, 1);
}


static void
fault_arm(const fault_point_t *point, int err, int skip, int times)
{
    atomic_store(&fault->armed, 0);

    fault->err = err;
    fault->via = point->via;
    (void) snprintf(fault->name, sizeof(fault->name), "%s", point->name);
    fault->after[0] = '\0';

    if (strncmp(point->name, "cgroup_", 7) == 0) {
        /* not those of the cgroup before, which is on its way out */
        (void) snprintf(fault->after, sizeof(fault->after), "cgroup_mkdir");
    }

    atomic_store(&fault->skip, skip);
    atomic_store(&fault->left, times);
    atomic_store(&fault->hits, 0);
    atomic_store(&fault->begun, fault->after[0] == '\0');
    atomic_store(&fault->armed, 1);
}


static int
fault_disarm(void)
{
    atomic_store(&fault->armed, 0);

    return atomic_load(&fault->hits);
}


static int
fault_hits(int hits)
{
    int  ms;

    for (ms = 0; ms < PATIENCE && atomic_load(&fault->hits) < hits; ms++) {
        pool_run_sleep(1);
    }

    return atomic_load(&fault->hits) >= hits;
}


static void
fault_submit(cr_client_job_t *job, const char *code)
{
    cr_client_request_t  request;

    memset(&request, 0, sizeof(request));
    request.code = code;
    CHECK(cr_client_submit(&client, &request, job) == 0);
}


/* 1 when a job ran as it should */

static int
fault_job(void)
{
    int              good;
    cr_client_job_t  job;

    fault_submit(&job, "print('ran')");
    CHECK(cr_client_wait(&client, &job, NULL, PATIENCE) == 0);

    good = job.result.status == CR_STATUS_SUCCEEDED;
    CHECK_STR(job.out, good ? "ran\n" : "");
    cr_client_done(&client, &job);

    return good;
}


/* 1 when each box waits, and more were built than 'built' */

static int
fault_ready(uint64_t built)
{
    int  ms;

    for (ms = 0; ms < PATIENCE; ms += 5) {
        if (pool_run_workers(&run, &worker, 1) == 1
            && atomic_load(&self->ready) == boxes
            && atomic_load(&self->sandboxes_built) > built)
        {
            return 1;
        }

        pool_run_sleep(5);
    }

    return 0;
}


/* makes the pool do the step again; 1 once it has begun to */

static int
fault_disturb(fault_of_e of)
{
    int       ms;
    pid_t     pid;
    uint64_t  built, failed, restarts;

    if (of == FAULT_OF_SANDBOX) {
        return fault_job();
    }

    built = atomic_load(&self->sandboxes_built);
    failed = atomic_load(&self->sandboxes_failed);
    restarts = atomic_load(&self->restarts);
    pid = worker;

    if (of == FAULT_OF_ZYGOTE || of == FAULT_OF_BOX) {
        pid = pool_run_child(pid, PATIENCE);
    }

    if (of == FAULT_OF_BOX) {
        pid = pool_run_child(pid, PATIENCE);
    }

    if (pid <= 0 || kill(pid, SIGKILL) == -1) {
        return 0;
    }

    for (ms = 0; ms < PATIENCE; ms++) {
        if (atomic_load(&self->sandboxes_failed) != failed
            || atomic_load(&self->sandboxes_built) != built
            || atomic_load(&self->restarts) != restarts)
        {
            return 1;
        }

        pool_run_sleep(1);
    }

    return 0;
}


static void
fault_nothing_left(const char *name)
{
    int  ms;

    for (ms = 0; ms < PATIENCE; ms += 5) {
        if (fault_ready(0) && pool_run_below(run.pid) == below
            && pool_run_fds(worker) == fds
            && pool_run_fds(run.pid) == master_fds
            && pool_run_cgroups(&run) == cgroups
            && pool_run_mounts() <= mounts)
        {
            return;
        }

        pool_run_sleep(5);
    }

    CR_TEST_FAIL("%s leaves something: %zu processes of %zu, %zu descriptors "
                 "of %zu, %zu of %zu in the master, %zu cgroups of %zu, %zu "
                 "mounts of %zu", name, pool_run_below(run.pid), below,
                 pool_run_fds(worker), fds, pool_run_fds(run.pid), master_fds,
                 pool_run_cgroups(&run), cgroups, pool_run_mounts(), mounts);
}


/* a worker that cannot live: its jobs wait for one that can */

static void
fault_waits(const fault_point_t *point, cr_client_job_t *job)
{
    CHECK_MSG(cr_client_wait(&client, job, NULL, 30) != 0, "%s: it ended",
              point->name);
    CHECK_STR(job->out, "");
    (void) fault_disarm();
    CHECK_MSG(cr_client_wait(&client, job, NULL, PATIENCE) == 0,
              "%s: never ended", point->name);

    if (job->result.status == CR_STATUS_SUCCEEDED) {
        CHECK_STR(job->out, "ran\n");
        return;
    }

    CHECK_INT(job->result.status, CR_STATUS_ERROR);
    CHECK_STR(job->out, "");
}


static void
fault_for_good(const fault_point_t *point, int err)
{
    const char      *says;
    cr_client_job_t  job;

    says = (point->says != NULL) ? point->says : point->name;

    fault_arm(point, err, 0, -1);
    CHECK_MSG(fault_disturb(point->of), "%s", point->name);
    CHECK_MSG(fault_hits(1), "%s: never came to it", point->name);
    fault_submit(&job, "print('ran')");

    if (point->of == FAULT_OF_WORKER) {
        fault_waits(point, &job);

    } else {
        CHECK_MSG(cr_client_wait(&client, &job, NULL, PATIENCE) == 0,
                  "%s: the job hangs", point->name);
        CHECK_INT(job.result.status, CR_STATUS_ERROR);
        CHECK_STR(job.out, "");
        CHECK_MSG(strstr(job.result.error, says) != NULL
                  && strstr(job.result.error, strerror(err)) != NULL,
                  "%s: \"%s\"", point->name, job.result.error);
        (void) fault_disarm();
    }

    cr_client_done(&client, &job);

    /* ready again, too; the job that it is ready for comes next */

    fault_nothing_left(point->name);
}


/* 0 when the step is not done so often */

static int
fault_once(const fault_point_t *point, int err, int skip)
{
    int       hits;
    uint64_t  built, failed;

    CHECK_MSG(fault_ready(0), "%s %d: nothing is ready", point->name, skip);

    failed = atomic_load(&self->sandboxes_failed);
    built = atomic_load(&self->sandboxes_built);

    fault_arm(point, err, skip, 1);
    CHECK_MSG(fault_disturb(point->of), "%s", point->name);

    /* the last of what it takes: ready, without a fault to come */

    CHECK_MSG(fault_ready(built), "%s %d: nothing is ready again",
              point->name, skip);
    hits = fault_disarm();
    CHECK_MSG(hits != 0 || skip != 0, "%s: never came to it", point->name);

    /* what ended for our sake, and what the fault was for */

    failed = atomic_load(&self->sandboxes_failed) - failed;
    CHECK_MSG(point->of == FAULT_OF_WORKER
              || failed >= (uint64_t) hits + (point->of != FAULT_OF_SANDBOX),
              "%s %d: nobody cared", point->name, skip);

    CHECK_MSG(fault_job(), "%s %d: the next job failed", point->name, skip);
    fault_nothing_left(point->name);

    return hits;
}


static int
fault_applies(const fault_point_t *point)
{
    if (cgroups == 0 && (strncmp(point->name, "cgroup_", 7) == 0
                         || strcmp(point->name, "event_watch") == 0))
    {
        return 0;
    }

    return !point->v1 || access(V1, F_OK) == 0;
}


static void
fault_try(const fault_point_t *point)
{
    int     skip;
    size_t  i;

    if (!fault_applies(point)) {
        return;
    }

    for (i = 0; i < 3; i++) {
        /* sandbox_fault_test.c has all three for what comes later */
        if ((point->via == FAULT_POOL && point->of != FAULT_OF_WORKER)
            || point->via == CRW_FAULT_KEEPER || (size_t) rows % 3 == i)
        {
            fault_for_good(point, errnos[i]);
        }
    }

    rows++;

    /* for good until it is not any more shows the same of these */

    if (!point->many
        && (point->via != FAULT_POOL || point->of == FAULT_OF_WORKER))
    {
        return;
    }

    skip = 0;

    while (fault_once(point, errnos[rows % 3], skip) != 0 && point->many
           && skip < TIMES)
    {
        skip++;
        rows++;
    }
}


static int
fault_start(const char *isolation, uint32_t n)
{
    char  fields[256];

    boxes = n;
    (void) snprintf(fields, sizeof(fields), "\"isolation\": \"%s\",\n"
                    "\"workers\": 1, \"boxes\": %u,", isolation, n);

    if (pool_run_write(&run, fields) != 0) {
        return -1;
    }

    run.worker = "pool_fault_worker";

    if (pool_run_language(&run, NULL) != 0 || fault_map() != 0
        || pool_run_start(&run) != 0
        || cr_client_open(&client, run.socket) != 0)
    {
        return -1;
    }

    up = 1;
    self = cr_segment_worker(&client.segment, 0);

    if (!fault_ready(0) || !fault_job() || !fault_ready(1)) {
        return -1;
    }

    pool_run_sleep(100);
    below = pool_run_below(run.pid);
    fds = pool_run_fds(worker);
    master_fds = pool_run_fds(run.pid);
    cgroups = pool_run_cgroups(&run);
    mounts = pool_run_mounts();

    return 0;
}


static void
fault_stop(void)
{
    if (up) {
        cr_client_close(&client);
        CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
        CHECK_INT(pool_run_cgroups(&run), 0);
        up = 0;
    }

    pool_run_remove(&run);
}


TEST("each step of building a sandbox fails: jobs end as error or wait, no "
     "code runs, nothing is left, and the pool recovers")
{
    REQUIRE(fault_start("native", 1) == 0);
    fault_points_each(fault_try);
    CHECK(rows > 80);
    fault_stop();
}


TEST("a box that cannot be made anew ends no job of its neighbour")
{
    fault_point_t    point;
    cr_client_job_t  job;

    memset(&point, 0, sizeof(point));
    point.via = CRW_FAULT_KEEPER;
    point.name = "keeper_fork";

    REQUIRE(fault_start("native", 2) == 0);
    fault_arm(&point, ENOMEM, 0, -1);
    CHECK(fault_disturb(FAULT_OF_BOX));
    CHECK(fault_hits(1));

    fault_submit(&job, "import time\ntime.sleep(0.5)\nprint('ran')");
    CHECK(fault_hits(4));
    CHECK(cr_client_wait(&client, &job, NULL, PATIENCE) == 0);
    CHECK_INT(job.result.status, CR_STATUS_SUCCEEDED);
    CHECK_STR(job.out, "ran\n");
    cr_client_done(&client, &job);

    (void) fault_disarm();
    fault_nothing_left(point.name);
    fault_stop();
}


TEST("so it is with gVisor")
{
    const fault_point_t  *point;

    if (geteuid() != 0 || access(RUNSC, X_OK) == -1) {
        printf("skipped: needs root and runsc\n");
        return;
    }

    REQUIRE(fault_start("gvisor", 1) == 0);

    for (point = fault_points_gvisor; point->name != NULL; point++) {
        fault_for_good(point, errnos[rows++ % 3]);
    }

    CHECK(fault_job());

    fault_stop();
}
