/*
 * Nothing runs with less: each step of building a sandbox is made to fail
 * once, and each time the pool hears which one it was, nothing runs, nothing
 * is left, and the next sandbox is whole.
 *
 * sources: t/unit/sandbox_drive.c t/unit/fault_points.c worker/sandbox/
 * sources: worker/crw_error.c ipc/cr_request.c
 * libs: -lseccomp
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cr_test.h"
#include "crw_sandbox.h"
#include "fault_points.h"
#include "sandbox_drive.h"


/* what a full machine answers */

static const int    errnos[] = { ENOSPC, EMFILE, ENOMEM };

static drive_t  d;
static int      steps;


static const char *
fault_text(const char *name, int err)
{
    static char  text[CRW_TEXT_MAX];

    (void) snprintf(text, sizeof(text), "%s=%d", name, err);

    return text;
}


/* every process that is left below this one, zombies too; -1: none can be */

static int
fault_children(pid_t pid)
{
    int    n, child;
    char   path[64];
    FILE  *f;

    (void) snprintf(path, sizeof(path), "/proc/%d/task/%d/children",
                    (int) pid, (int) pid);
    f = fopen(path, "r");

    if (f == NULL) {
        return -1;
    }

    for (n = 0; fscanf(f, "%d", &child) == 1; n++) { /* void */ }

    (void) fclose(f);

    return n;
}


/* a zygote that fails says so and is gone */

static void
fail_zygote(const char *name, int err)
{
    const char  *args[] = { "--fail", fault_text(name, err), NULL };

    CHECK_MSG(drive_open(&d, args, NULL, NULL) == -1, "%s", name);
    CHECK_MSG(strncmp(d.failed, name, strlen(name)) == 0, "%s: \"%s\"", name,
              d.failed);
    CHECK_INT(d.failed_errno, err);
    drive_close(&d);
    CHECK_INT(fault_children(getpid()), 0);
}


static void
fail_keeper(const char *name, int err)
{
    drive_keeper_fault = fault_text(name, err);
    CHECK_MSG(drive_open(&d, NULL, NULL, NULL) == -1, "%s", name);
    CHECK_STR(d.failed, name);
    CHECK_INT(d.failed_errno, err);
    drive_keeper_fault = NULL;
    drive_close(&d);
    CHECK_INT(fault_children(getpid()), 0);
}


/* nothing but the end may come after FAILED: who is READY would run code */

static void
fail_silence(const char *name)
{
    crw_msg_t      msg;
    struct pollfd  p;

    for ( ;; ) {
        p.fd = d.sandbox_link;
        p.events = POLLIN;

        CHECK_MSG(poll(&p, 1, 9000) == 1, "%s: the link stays open", name);

        if (recv(d.sandbox_link, &msg, sizeof(msg), MSG_DONTWAIT)
            != (ssize_t) sizeof(msg))
        {
            return;
        }

        CHECK_MSG(msg.type != CRW_MSG_READY, "READY after \"%s\"", name);
    }
}


static void
fail_sandbox(const char *name, int err)
{
    CHECK_MSG(drive_build(&d, fault_text(name, err)) == -1, "%s", name);
    CHECK_STR(d.failed, name);
    CHECK_INT(d.failed_errno, err);
    fail_silence(name);
    CHECK_MSG(drive_gone(&d) == 0, "%s: %s", name, d.failed);
    CHECK_INT(fault_children(d.keeper), 0);
    CHECK_MSG(waitpid(d.zygote, NULL, WNOHANG) == 0, "%s", name);
}


/* of a sandbox that was never begun, so that nobody will say GONE */

static void
close_ends(void)
{
    int  i, *fds[] = { &d.sandbox_link, &d.in, &d.out, &d.err };

    for (i = 0; i < 4; i++) {
        (void) close(*fds[i]);
        *fds[i] = -1;
    }
}


static void
fail_step(crw_phase_e phase, const char *name, const char *what, void *data)
{
    size_t  i;

    (void) what;

    steps++;

    if (phase == CRW_PHASE_ZYGOTE || phase == CRW_PHASE_KEEPER) {
        if (data == NULL) {
            for (i = 0; i < 3; i++) {
                (phase == CRW_PHASE_ZYGOTE ? fail_zygote
                                           : fail_keeper)(name, errnos[i]);
            }
        }

        return;
    }

    for (i = 0; data != NULL && i < 3; i++) {
        fail_sandbox(name, errnos[i]);
    }
}


TEST("a step that fails in zygote or keeper is named, and it ends")
{
    if (drive_zygote() == NULL) {
        return;
    }

    fprintf(stderr, "the following faults are wanted\n");
    crw_sandbox_each(fail_step, NULL);
    CHECK(steps > 20);
}


TEST("a step that fails in a sandbox is named, and nothing of it is left")
{
    size_t                i;
    drive_job_t          *job;
    const fault_point_t  *point;

    if (drive_zygote() == NULL) {
        return;
    }

    if (drive_open(&d, NULL, NULL, NULL) == -1) {
        CR_TEST_FAIL("%s", d.failed);
        return;
    }

    crw_sandbox_each(fail_step, &d);

    /* what stands around the layers, and can fail as well */

    for (point = fault_points; point->name != NULL; point++) {

        if (point->via != CRW_FAULT_BUILD
            || strcmp(point->name, "init_clone") == 0)
        {
            continue;
        }

        for (i = 0; i < 3; i++) {
            fail_sandbox(point->name, errnos[i]);
        }
    }

    job = drive_python(&d, "print('whole')");
    CHECK_STR(job->out, "whole\n");
    drive_close(&d);
}


TEST("a keeper that cannot clone says so, keeps nothing, and can later")
{
    size_t        i;
    drive_job_t  *job;

    if (drive_zygote() == NULL || drive_open(&d, NULL, NULL, NULL) == -1) {
        return;
    }

    for (i = 0; i < 3; i++) {
        CHECK(drive_build(&d, fault_text("init_clone", errnos[i])) == -1);
        CHECK_STR(d.failed, "init_clone");
        CHECK_INT(d.failed_errno, errnos[i]);
        fail_silence("init_clone");
        CHECK_INT(fault_children(d.keeper), 0);
        close_ends();
    }

    job = drive_python(&d, "print('whole')");
    CHECK_STR(job->out, "whole\n");
    drive_close(&d);
}


TEST("a pool that gives a sandbox up leaves nothing behind")
{
    int  i;

    if (drive_zygote() == NULL || drive_open(&d, NULL, NULL, NULL) == -1) {
        return;
    }

    for (i = 0; i < 5; i++) {
        CHECK_INT(drive_build(&d, NULL), 0);
        CHECK_INT(drive_gone(&d), 0);
    }

    drive_close(&d);
}


TEST("when its zygote dies, a box dies with all it runs")
{
    int    i;
    pid_t  init, keeper;

    if (drive_zygote() == NULL || drive_open(&d, NULL, NULL, NULL) == -1) {
        return;
    }

    REQUIRE(drive_build(&d, NULL) == 0);
    init = d.init;
    keeper = d.keeper;

    /* orphans come to us, whatever this machine's pid 1 does with them */

    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
    kill(d.zygote, SIGKILL);

    for (i = 0; i < 1000; i++) {
        while (waitpid(-1, NULL, WNOHANG) > 0) { /* void */ }

        if (kill(keeper, 0) == -1 && kill(init, 0) == -1) {
            break;
        }

        usleep(1000);
    }

    CHECK(kill(keeper, 0) == -1 && errno == ESRCH);
    CHECK(kill(init, 0) == -1 && errno == ESRCH);
    drive_close(&d);
}


TEST("a job that is not made of records is refused by the program itself")
{
    crw_msg_t      msg;
    crw_job_msg_t  bad;

    if (drive_zygote() == NULL || drive_open(&d, NULL, NULL, NULL) == -1) {
        return;
    }

    REQUIRE(drive_build(&d, NULL) == 0);
    memset(&bad, 0, sizeof(bad));
    bad.msg.type = CRW_MSG_JOB;
    bad.total = 16;
    CHECK(write(d.sandbox_link, &bad, sizeof(bad)) == sizeof(bad));
    CHECK(write(d.sandbox_link, "0123456789abcdef", 16) == 16);
    CHECK(read(d.sandbox_link, &msg, sizeof(msg)) == sizeof(msg));
    CHECK_INT(msg.type, CRW_MSG_FAILED);
    CHECK_STR(msg.text, "job_records");
    CHECK_INT(drive_gone(&d), 0);
    drive_close(&d);
}
