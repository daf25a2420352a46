/*
 * Languages beside each other, sandboxes that cannot be built, systemd.
 *
 * sources: t/unit/pool_run.c t/lib/cr_client.c ipc/
 */

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "cr_test.h"
#include "pool_run.h"


static void
pool_health_job(cr_client_t *client, uint32_t language, const char *code,
    cr_client_job_t *job)
{
    cr_client_request_t  request;

    memset(&request, 0, sizeof(request));
    request.code = code;
    request.language = language;

    CHECK(cr_client_submit(client, &request, job) == 0);
}


/* a zygote that fails at a step */

static int
pool_health_broken(pool_run_t *run, const char *id, const char *step)
{
    char  script[PATH_MAX + 128], zygote[PATH_MAX];

    pool_run_program(zygote, sizeof(zygote), "python-zygote");
    (void) snprintf(script, sizeof(script),
                    "#!/bin/sh\nexec %s --fail %s \"$@\"\n", zygote, step);

    return pool_run_other(run, id, script);
}


TEST("two languages: a busy one does not hold up the other")
{
    int              i;
    pool_run_t       run;
    cr_client_t      client;
    cr_client_job_t  slow[6], quick;

    REQUIRE(pool_run_write(&run, "\"workers\": 1, \"boxes\": 2,") == 0);
    REQUIRE(pool_run_other(&run, "zz", NULL) == 0);
    REQUIRE(pool_run_start(&run) == 0);
    REQUIRE(cr_client_open(&client, run.socket) == 0);

    for (i = 0; i < 6; i++) {
        pool_health_job(&client, 1, "import time\ntime.sleep(0.5)\nprint(2)",
                        &slow[i]);
    }

    pool_health_job(&client, 0, "print(1)", &quick);
    CHECK(cr_client_wait(&client, &quick, NULL, 9000) == 0);
    CHECK_STR(quick.out, "1\n");
    CHECK(!cr_client_look(&client, &slow[5]));

    for (i = 0; i < 6; i++) {
        CHECK(cr_client_wait(&client, &slow[i], NULL, 9000) == 0);
        CHECK_STR(slow[i].out, "2\n");
        cr_client_done(&client, &slow[i]);
    }

    cr_client_done(&client, &quick);
    cr_client_close(&client);
    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    pool_run_remove(&run);
}


TEST("a language that cannot be built ends as error with the step's name")
{
    pool_run_t       run;
    cr_client_t      client;
    cr_client_job_t  bad, good;

    REQUIRE(pool_run_write(&run, NULL) == 0);
    REQUIRE(pool_health_broken(&run, "zz", "root_pivot") == 0);
    REQUIRE(pool_run_start(&run) == 0);
    REQUIRE(cr_client_open(&client, run.socket) == 0);

    pool_health_job(&client, 1, "print(1)", &bad);
    pool_health_job(&client, 0, "print(1)", &good);

    CHECK(cr_client_wait(&client, &good, NULL, 9000) == 0);
    CHECK_STR(good.out, "1\n");

    CHECK(cr_client_wait(&client, &bad, NULL, 9000) == 0);
    CHECK_INT(bad.result.status, CR_STATUS_ERROR);
    CHECK_MSG(strstr(bad.result.error, "root_pivot") != NULL, "%s",
              bad.result.error);
    CHECK_STR(bad.out, "");

    cr_client_done(&client, &bad);
    cr_client_done(&client, &good);
    cr_client_close(&client);
    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    pool_run_remove(&run);
}


TEST("the only language cannot be built: jobs end as error, none hangs")
{
    char             path[PATH_MAX];
    pool_run_t       run;
    cr_client_t      client;
    cr_client_job_t  bad;

    REQUIRE(pool_run_write(&run, NULL) == 0);
    (void) snprintf(path, sizeof(path), "%s/languages/python.json", run.dir);
    REQUIRE(unlink(path) == 0);
    REQUIRE(pool_health_broken(&run, "python", "root_readonly") == 0);
    REQUIRE(pool_run_start(&run) == 0);
    REQUIRE(cr_client_open(&client, run.socket) == 0);

    pool_health_job(&client, 0, "print(1)", &bad);
    CHECK(cr_client_wait(&client, &bad, NULL, 9000) == 0);
    CHECK_INT(bad.result.status, CR_STATUS_ERROR);
    CHECK_MSG(strstr(bad.result.error, "root_readonly") != NULL, "%s",
              bad.result.error);

    cr_client_done(&client, &bad);
    cr_client_close(&client);
    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    pool_run_remove(&run);
}


TEST("a reload may add a language but not take one away")
{
    char             path[PATH_MAX];
    pool_run_t       run;
    cr_client_t      client;
    cr_client_job_t  job;

    REQUIRE(pool_run_write(&run, NULL) == 0);
    REQUIRE(pool_run_start(&run) == 0);
    REQUIRE(cr_client_open(&client, run.socket) == 0);

    /* it sorts before the one that is there and must come after it */

    REQUIRE(pool_run_other(&run, "aa", NULL) == 0);
    CHECK(kill(run.pid, SIGHUP) == 0);
    CHECK(pool_run_logged(&run, "reloaded", 9000));

    pool_health_job(&client, 0, "print('old')", &job);
    CHECK(cr_client_wait(&client, &job, NULL, 9000) == 0);
    CHECK_STR(job.out, "old\n");
    cr_client_done(&client, &job);

    pool_health_job(&client, 1, "print('new')", &job);
    CHECK(cr_client_wait(&client, &job, NULL, 9000) == 0);
    CHECK_STR(job.out, "new\n");
    cr_client_done(&client, &job);

    (void) snprintf(path, sizeof(path), "%s/languages/python.json", run.dir);
    REQUIRE(unlink(path) == 0);
    CHECK(kill(run.pid, SIGHUP) == 0);
    CHECK(pool_run_logged(&run, "not reloaded: language \"python\" is gone",
                          9000));

    cr_client_close(&client);
    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    pool_run_remove(&run);
}


static int
pool_health_told(int fd, const char *text)
{
    char           packet[512];
    ssize_t        n;
    struct pollfd  p;

    p.fd = fd;
    p.events = POLLIN;

    while (poll(&p, 1, 9000) == 1) {
        n = recv(fd, packet, sizeof(packet) - 1, 0);

        if (n < 0) {
            return 0;
        }

        packet[n] = '\0';

        if (strstr(packet, text) != NULL) {
            return 1;
        }
    }

    return 0;
}


TEST("systemd is told: ready, alive, reloading, ready, stopping")
{
    int                  fd;
    pool_run_t           run;
    struct sockaddr_un   addr;

    REQUIRE(pool_run_write(&run, NULL) == 0);

    memset(&addr, 0, sizeof(addr));
    addr.sun_family = AF_UNIX;
    (void) snprintf(addr.sun_path, sizeof(addr.sun_path), "%.90s/notify",
                    run.dir);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    REQUIRE(bind(fd, (struct sockaddr *) &addr, sizeof(addr)) == 0);

    (void) setenv("NOTIFY_SOCKET", addr.sun_path, 1);
    (void) setenv("WATCHDOG_USEC", "5000000", 1);
    CHECK_INT(pool_run_start(&run), 0);
    (void) unsetenv("NOTIFY_SOCKET");
    (void) unsetenv("WATCHDOG_USEC");

    CHECK(pool_health_told(fd, "READY=1"));
    CHECK(pool_health_told(fd, "WATCHDOG=1"));
    CHECK(kill(run.pid, SIGHUP) == 0);
    CHECK(pool_health_told(fd, "RELOADING=1\nMONOTONIC_USEC="));
    CHECK(pool_health_told(fd, "READY=1"));
    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    CHECK(pool_health_told(fd, "STOPPING=1"));

    (void) close(fd);
    pool_run_remove(&run);
}


TEST("--check says that everything works, and fails with the step's name")
{
    char        output[16384];
    pool_run_t  run;

    REQUIRE(pool_run_write(&run, NULL) == 0);
    CHECK_INT(pool_run_command(&run, "--check", output, sizeof(output)), 0);
    CHECK_MSG(strstr(output, "everything works") != NULL, "%s", output);

    REQUIRE(pool_health_broken(&run, "python", "root_dev") == 0);
    CHECK_INT(pool_run_command(&run, "--check", output, sizeof(output)), 1);
    CHECK_MSG(strstr(output, "root_dev") != NULL
              && strstr(output, "to mend:") != NULL, "%s", output);
    pool_run_remove(&run);
}


TEST("a master without descriptors waits, and lets nginx in when it has some")
{
    int                 fd, i, lines;
    char                text[65536], *p;
    FILE               *log;
    size_t              n;
    pool_run_t          run;
    cr_client_t         client;
    struct rlimit       few, before;
    struct sockaddr_un  addr;

    REQUIRE(pool_run_write(&run, NULL) == 0);
    REQUIRE(pool_run_start(&run) == 0);

    REQUIRE(prlimit(run.pid, RLIMIT_NOFILE, NULL, &before) == 0);
    few = before;
    few.rlim_cur = 3;
    REQUIRE(prlimit(run.pid, RLIMIT_NOFILE, &few, NULL) == 0);

    memset(&addr, 0, sizeof(addr));
    addr.sun_family = AF_UNIX;
    REQUIRE(strlen(run.socket) < sizeof(addr.sun_path));
    memcpy(addr.sun_path, run.socket, strlen(run.socket));

    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    REQUIRE(fd != -1);
    CHECK(connect(fd, (struct sockaddr *) &addr, sizeof(addr)) == 0);

    CHECK(pool_run_logged(&run, "trying again in half a second", 5000));
    pool_run_sleep(1200);

    log = fopen(run.log, "r");
    REQUIRE(log != NULL);
    n = fread(text, 1, sizeof(text) - 1, log);
    text[n] = '\0';
    (void) fclose(log);

    lines = 0;

    for (p = text; (p = strstr(p, "trying again")) != NULL; p++) {
        lines++;
    }

    CHECK_MSG(lines >= 2 && lines <= 6, "%d lines in 1.2 s", lines);

    REQUIRE(prlimit(run.pid, RLIMIT_NOFILE, &before, NULL) == 0);
    (void) close(fd);

    for (i = 0; i < 50 && cr_client_open(&client, run.socket) != 0; i++) {
        pool_run_sleep(100);
    }

    CHECK_MSG(i < 50, "still nobody is let in");
    cr_client_close(&client);

    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    pool_run_remove(&run);
}


/* a job's status; what it printed is checked */

static uint32_t
pool_health_run(cr_client_t *client)
{
    uint32_t         status;
    cr_client_job_t  job;

    pool_health_job(client, 0, "print(1)", &job);
    CHECK(cr_client_wait(client, &job, NULL, 20000) == 0);

    status = job.result.status;

    if (status == CR_STATUS_SUCCEEDED) {
        CHECK_STR(job.out, "1\n");

    } else {
        CHECK_INT(status, CR_STATUS_ERROR);
        CHECK_STR(job.out, "");
        CHECK_MSG(strstr(job.result.error, "no sandbox: ") != NULL
                  || strstr(job.result.error, "ended") != NULL, "%s",
                  job.result.error);
    }

    cr_client_done(client, &job);

    return status;
}


TEST("a worker runs out of descriptors here and there in making a box: no job "
     "runs in a half of one, and it recovers")
{
    int             i, more, errors;
    pid_t           worker;
    size_t          below, fds;
    pool_run_t      run;
    cr_client_t     client;
    struct rlimit   few, before;

    REQUIRE(pool_run_write(&run, "\"workers\": 1, \"boxes\": 1,") == 0);
    REQUIRE(pool_run_start(&run) == 0);
    REQUIRE(cr_client_open(&client, run.socket) == 0);
    REQUIRE(pool_run_workers(&run, &worker, 1) == 1);

    CHECK_INT(pool_health_run(&client), CR_STATUS_SUCCEEDED);
    pool_run_sleep(500);

    below = pool_run_below(run.pid);
    fds = pool_run_fds(worker);
    errors = 0;

    REQUIRE(prlimit(worker, RLIMIT_NOFILE, NULL, &before) == 0);
    few = before;

    /* the first job has the box that is there, the second wants another */

    for (more = -24; more < 4; more += 3) {
        few.rlim_cur = fds + (rlim_t) more;
        REQUIRE(prlimit(worker, RLIMIT_NOFILE, &few, NULL) == 0);

        (void) pool_health_run(&client);
        errors += pool_health_run(&client) == CR_STATUS_ERROR;

        REQUIRE(prlimit(worker, RLIMIT_NOFILE, &before, NULL) == 0);

        for (i = 0; i < 200; i++) {
            if (pool_health_run(&client) == CR_STATUS_SUCCEEDED) {
                break;
            }

            pool_run_sleep(50);
        }

        CHECK_MSG(i < 200, "with %d descriptors more: no job runs again",
                  more);
    }

    CHECK_MSG(errors > 2, "only %d of them could not be made", errors);

    for (i = 0; i < 50 && (pool_run_below(run.pid) != below
                           || pool_run_fds(worker) > fds); i++)
    {
        pool_run_sleep(100);
    }

    CHECK_INT(pool_run_below(run.pid), below);
    CHECK_MSG(pool_run_fds(worker) <= fds, "%zu descriptors, were %zu",
              pool_run_fds(worker), fds);

    cr_client_close(&client);
    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    pool_run_remove(&run);
}
