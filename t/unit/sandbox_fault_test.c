/*
 * Nothing runs with less: each step of building a sandbox is made to fail
 * once, and each time the pool hears which one it was, nothing runs, nothing
 * is left, and the next sandbox is whole.
 *
 * sources: t/unit/sandbox_drive.c worker/sandbox/ worker/crw_error.c
 * sources: ipc/cr_request.c
 * libs: -lseccomp
 */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cr_test.h"
#include "crw_sandbox.h"
#include "sandbox_drive.h"


static drive_t  d;
static int      steps;


/* a zygote that fails says so and is gone */

static void
fail_zygote(const char *name)
{
    const char  *args[] = { "--fail", name, NULL };

    CHECK_MSG(drive_open(&d, args, NULL, NULL) == -1, "%s", name);
    CHECK_MSG(strncmp(d.failed, name, strlen(name)) == 0, "%s: \"%s\"", name,
              d.failed);
    CHECK_INT(d.failed_errno, EIO);
    drive_close(&d);
}


static void
fail_keeper(const char *name)
{
    drive_keeper_fault = name;
    CHECK_MSG(drive_open(&d, NULL, NULL, NULL) == -1, "%s", name);
    CHECK_STR(d.failed, name);
    drive_keeper_fault = NULL;
    drive_close(&d);
}


static void
fail_sandbox(const char *name)
{
    CHECK_MSG(drive_build(&d, name) == -1, "%s", name);
    CHECK_STR(d.failed, name);
    CHECK_INT(d.failed_errno, EIO);
    CHECK_MSG(drive_gone(&d) == 0, "%s: %s", name, d.failed);
    CHECK_MSG(waitpid(d.zygote, NULL, WNOHANG) == 0, "%s", name);
}


static void
fail_step(crw_phase_e phase, const char *name, const char *what, void *data)
{
    (void) what;

    steps++;

    if (phase == CRW_PHASE_ZYGOTE || phase == CRW_PHASE_KEEPER) {
        if (data == NULL) {
            (phase == CRW_PHASE_ZYGOTE ? fail_zygote : fail_keeper)(name);
        }

        return;
    }

    if (data != NULL) {
        fail_sandbox(name);
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
    drive_job_t  *job;

    if (drive_zygote() == NULL) {
        return;
    }

    if (drive_open(&d, NULL, NULL, NULL) == -1) {
        CR_TEST_FAIL("%s", d.failed);
        return;
    }

    crw_sandbox_each(fail_step, &d);

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
