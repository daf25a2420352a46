/*
 * Who dies, and what becomes of the jobs: the pool's rows of the death table,
 * reload, drain and stop.
 *
 * sources: t/unit/pool_run.c t/lib/cr_client.c ipc/
 */

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cr_test.h"
#include "pool_run.h"


static const char  pool_death_long[] = "import time\nprint('go', flush=True)\n"
                                       "time.sleep(2)\nprint('end')";


static int
pool_death_start(pool_run_t *run, const char *fields)
{
    return pool_run_write(run, fields) == 0 && pool_run_start(run) == 0;
}


static int
pool_death_submit(cr_client_t *client, const char *code, uint32_t flags,
    cr_client_job_t *job)
{
    cr_client_request_t  request;

    memset(&request, 0, sizeof(request));
    request.code = code;
    request.flags = flags;

    return cr_client_submit(client, &request, job);
}


/* the pid of the worker that runs the job */

static pid_t
pool_death_worker(cr_client_t *client, cr_client_job_t *job)
{
    uint32_t  worker;

    worker = cr_word_worker(cr_slot_word(cr_segment_slot(&client->segment,
                                                         job->index)));

    return (pid_t) atomic_load(&cr_segment_worker(&client->segment,
                                                  worker)->pid);
}


/* 1 once no process 'pid' is left, 0 after 3 s */

static int
pool_death_gone(pid_t pid)
{
    int  i;

    for (i = 0; i < 300; i++) {
        if (kill(pid, 0) == -1 && errno == ESRCH) {
            return 1;
        }

        pool_run_sleep(10);
    }

    return 0;
}


TEST("a killed worker's job runs again, once, from its beginning")
{
    pid_t            pid;
    pool_run_t       run;
    cr_client_t      client;
    cr_client_job_t  job;

    REQUIRE(pool_death_start(&run, NULL));
    REQUIRE(cr_client_open(&client, run.socket) == 0);
    REQUIRE(pool_death_submit(&client, pool_death_long, 0, &job) == 0);
    CHECK(cr_client_wait(&client, &job, "go\n", 5000) == 0);

    pid = pool_death_worker(&client, &job);
    CHECK(pid > 0 && kill(pid, SIGKILL) == 0);

    CHECK(cr_client_wait(&client, &job, NULL, 15000) == 0);
    CHECK_INT(job.result.status, CR_STATUS_SUCCEEDED);
    CHECK_INT(job.attempts, 2);
    CHECK_STR(job.out, "go\nend\n");

    cr_client_done(&client, &job);
    cr_client_close(&client);
    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    pool_run_remove(&run);
}


TEST("a job whose worker is killed twice ends as error")
{
    pid_t            pid;
    pool_run_t       run;
    cr_client_t      client;
    cr_client_job_t  job;

    REQUIRE(pool_death_start(&run, NULL));
    REQUIRE(cr_client_open(&client, run.socket) == 0);
    REQUIRE(pool_death_submit(&client, pool_death_long, 0, &job) == 0);
    CHECK(cr_client_wait(&client, &job, "go\n", 5000) == 0);

    pid = pool_death_worker(&client, &job);
    CHECK(pid > 0 && kill(pid, SIGKILL) == 0);

    while (job.attempts < 2 && !cr_client_look(&client, &job)) {
        pool_run_sleep(5);
    }

    CHECK(cr_client_wait(&client, &job, "go\n", 9000) == 0);

    pid = pool_death_worker(&client, &job);
    CHECK(pid > 0 && kill(pid, SIGKILL) == 0);

    CHECK(cr_client_wait(&client, &job, NULL, 9000) == 0);
    CHECK_INT(job.result.status, CR_STATUS_ERROR);
    CHECK(strstr(job.result.error, "twice") != NULL);
    cr_client_done(&client, &job);

    /* and the pool works */

    REQUIRE(pool_death_submit(&client, "print(1)", 0, &job) == 0);
    CHECK(cr_client_wait(&client, &job, NULL, 9000) == 0);
    CHECK_INT(job.result.status, CR_STATUS_SUCCEEDED);
    cr_client_done(&client, &job);

    cr_client_close(&client);
    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    pool_run_remove(&run);
}


TEST("nothing of a killed worker's sandboxes lives on beside the second run")
{
    pid_t            pid;
    pool_run_t       run;
    cr_client_t      client;
    cr_client_job_t  job;

    REQUIRE(pool_death_start(&run, "\"workers\": 1, \"boxes\": 2,"));
    REQUIRE(cr_client_open(&client, run.socket) == 0);
    REQUIRE(pool_death_submit(&client,
                              "import os\nprint('go', flush=True)\n"
                              "for i in range(5): os.fork()\n"
                              "while True: pass", 0, &job) == 0);
    CHECK(cr_client_wait(&client, &job, "go\n", 5000) == 0);
    pool_run_sleep(100);

    pid = pool_death_worker(&client, &job);
    CHECK(kill(pid, SIGKILL) == 0);

    while (job.attempts < 2 && !cr_client_look(&client, &job)) {
        pool_run_sleep(1);
    }

    CHECK_INT(job.attempts, 2);

    /* orphans would be children of pid 1 by now, with the job's name */

    CHECK(pool_run_below(run.pid) < 12);

    cr_client_forget(&job);
    cr_client_close(&client);
    CHECK_INT(pool_run_stop(&run, SIGINT), 0);
    cr_client_close(&client);
    pool_run_remove(&run);
}


TEST("workers killed all the time under load: every job ends, most succeed")
{
    int                     i, k, done, good;
    pid_t                   pids[16];
    size_t                  n;
    pool_run_t              run;
    cr_client_t             client;
    static cr_client_job_t  jobs[8];

    REQUIRE(pool_death_start(&run, NULL));
    REQUIRE(cr_client_open(&client, run.socket) == 0);

    done = good = 0;

    for (i = 0; i < 12; i++) {

        for (k = 0; k < 8; k++) {
            REQUIRE(pool_death_submit(&client, "import time\n"
                                      "time.sleep(0.02)\nprint(3)", 0,
                                      &jobs[k]) == 0);
        }

        pool_run_sleep(30);
        n = pool_run_workers(&run, pids, 16);

        if (n != 0) {
            CHECK(kill(pids[(size_t) i % n], SIGKILL) == 0);
        }

        for (k = 0; k < 8; k++) {
            CHECK(cr_client_wait(&client, &jobs[k], NULL, 15000) == 0);
            done++;
            good += (jobs[k].result.status == CR_STATUS_SUCCEEDED
                     && strcmp(jobs[k].out, "3\n") == 0);
            cr_client_done(&client, &jobs[k]);
        }
    }

    CHECK_INT(done, 96);
    CHECK_MSG(good > 80, "%d", good);
    CHECK(!pool_run_logged(&run, "ended before it had a job", 0));

    cr_client_close(&client);
    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    pool_run_remove(&run);
}


TEST("a killed master takes everything along, and the next pool just starts")
{
    size_t           i, n;
    pid_t            pids[16], master;
    pool_run_t       run;
    cr_client_t      client;
    cr_client_job_t  job;

    REQUIRE(pool_death_start(&run, NULL));
    REQUIRE(cr_client_open(&client, run.socket) == 0);
    REQUIRE(pool_death_submit(&client, "while True: pass", 0, &job) == 0);
    CHECK(cr_client_wait(&client, &job, "", 5000) == 0);

    n = pool_run_workers(&run, pids, 16);
    CHECK(n > 0);

    master = run.pid;
    CHECK_INT(pool_run_stop(&run, SIGKILL), 256 + SIGKILL);

    for (i = 0; i < n; i++) {
        CHECK(pool_death_gone(pids[i]));
        CHECK_INT(pool_run_below(pids[i]), 0);
    }

    CHECK_INT(pool_run_below(master), 0);
    cr_client_done(&client, &job);
    cr_client_close(&client);

    REQUIRE(pool_run_start(&run) == 0);
    REQUIRE(cr_client_open(&client, run.socket) == 0);
    REQUIRE(pool_death_submit(&client, "print(1)", 0, &job) == 0);
    CHECK(cr_client_wait(&client, &job, NULL, 9000) == 0);
    CHECK_STR(job.out, "1\n");
    cr_client_done(&client, &job);
    cr_client_close(&client);
    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    pool_run_remove(&run);
}


TEST("a dead nginx worker: its waited job is cancelled, the other goes on")
{
    pool_run_t       run;
    cr_client_t      dead, other;
    cr_client_job_t  waited, accepted, copy;

    REQUIRE(pool_death_start(&run, NULL));
    REQUIRE(cr_client_open(&dead, run.socket) == 0);
    REQUIRE(cr_client_open(&other, run.socket) == 0);
    CHECK(dead.channel != other.channel);

    REQUIRE(pool_death_submit(&dead, pool_death_long, CR_JOB_WAITED, &waited)
            == 0);
    REQUIRE(pool_death_submit(&dead, pool_death_long, 0, &accepted) == 0);
    CHECK(cr_client_wait(&dead, &waited, "go\n", 5000) == 0);
    CHECK(cr_client_wait(&dead, &accepted, "go\n", 5000) == 0);

    cr_client_close(&dead);

    copy = waited;
    CHECK(cr_slot_watch(cr_segment_slot(&other.segment, copy.index),
                        other.channel, copy.id, &copy.word));
    CHECK(cr_client_wait(&other, &copy, NULL, 1500) == 0);
    CHECK_INT(copy.result.status, CR_STATUS_CANCELLED);
    cr_client_forget(&copy);

    copy = accepted;
    CHECK(cr_slot_watch(cr_segment_slot(&other.segment, copy.index),
                        other.channel, copy.id, &copy.word));
    CHECK(cr_client_wait(&other, &copy, NULL, 9000) == 0);
    CHECK_INT(copy.result.status, CR_STATUS_SUCCEEDED);
    CHECK_STR(copy.out, "go\nend\n");
    cr_client_forget(&copy);

    cr_client_close(&other);
    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    pool_run_remove(&run);
}


TEST("a client of another ABI is told so and refused")
{
    pool_run_t   run;
    cr_hello_t   hello;
    cr_client_t  client;

    REQUIRE(pool_death_start(&run, NULL));

    cr_hello_init(&hello, "other");
    hello.abi++;

    REQUIRE(cr_client_open_as(&client, run.socket, &hello) != 0);
    CHECK_INT(client.result, CR_WELCOME_VERSION);
    CHECK(pool_run_logged(&run, "another ABI version", 2000));

    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    pool_run_remove(&run);
}


TEST("SIGHUP: a new limit for new jobs, the running job finishes")
{
    char             info[CR_INFO_MAX];
    size_t           len;
    uint32_t         seq, before;
    pool_run_t       run;
    cr_client_t      client;
    cr_client_job_t  old, new;

    REQUIRE(pool_death_start(&run, NULL));
    REQUIRE(cr_client_open(&client, run.socket) == 0);
    REQUIRE(cr_segment_info_read(&client.segment, info, &len, &before) == 0);

    REQUIRE(pool_death_submit(&client, pool_death_long, 0, &old) == 0);
    CHECK(cr_client_wait(&client, &old, "go\n", 5000) == 0);

    REQUIRE(pool_run_language(&run,
        "{ \"timeout_ms\": { \"default\": 300, \"max\": 700 },"
        "  \"cpu_ms\": { \"default\": 300, \"max\": 700 },"
        "  \"memory_mb\": { \"default\": 64, \"max\": 128 },"
        "  \"output_kb\": { \"default\": 16, \"max\": 32 },"
        "  \"processes\": { \"default\": 8, \"max\": 16 } }") == 0);
    CHECK(kill(run.pid, SIGHUP) == 0);
    CHECK(pool_run_logged(&run, "reloaded", 9000));

    REQUIRE(cr_segment_info_read(&client.segment, info, &len, &seq) == 0);
    CHECK(seq != before);
    info[len] = '\0';
    CHECK(strstr(info, "\"max\":700") != NULL);

    REQUIRE(pool_death_submit(&client, pool_death_long, 0, &new) == 0);
    CHECK(cr_client_wait(&client, &new, NULL, 9000) == 0);
    CHECK_INT(new.result.status, CR_STATUS_TIMED_OUT);
    CHECK(new.result.execution_us < 1900000);
    cr_client_done(&client, &new);

    CHECK(cr_client_wait(&client, &old, NULL, 9000) == 0);
    CHECK_INT(old.result.status, CR_STATUS_SUCCEEDED);
    CHECK_STR(old.out, "go\nend\n");
    cr_client_done(&client, &old);

    cr_client_close(&client);
    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    pool_run_remove(&run);
}


TEST("SIGHUP with a broken file changes nothing and says why")
{
    pool_run_t       run;
    cr_client_t      client;
    cr_client_job_t  job;

    REQUIRE(pool_death_start(&run, NULL));
    REQUIRE(cr_client_open(&client, run.socket) == 0);
    REQUIRE(pool_run_language(&run, "{ \"timeout_ms\": 7 }") == 0);
    CHECK(kill(run.pid, SIGHUP) == 0);
    CHECK(pool_run_logged(&run, "not reloaded: ", 5000));

    REQUIRE(pool_death_submit(&client, "print(1)", 0, &job) == 0);
    CHECK(cr_client_wait(&client, &job, NULL, 9000) == 0);
    CHECK_STR(job.out, "1\n");
    cr_client_done(&client, &job);

    cr_client_close(&client);
    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    pool_run_remove(&run);
}


TEST("jobs go on through five reloads in a row without one lost")
{
    int              i, k;
    pool_run_t       run;
    cr_client_t      client;
    cr_client_job_t  jobs[10];

    REQUIRE(pool_death_start(&run, NULL));
    REQUIRE(cr_client_open(&client, run.socket) == 0);

    for (i = 0; i < 5; i++) {

        for (k = 0; k < 10; k++) {
            REQUIRE(pool_death_submit(&client, "import time\n"
                                      "time.sleep(0.05)\nprint(7)", 0,
                                      &jobs[k]) == 0);
        }

        CHECK(kill(run.pid, SIGHUP) == 0);

        for (k = 0; k < 10; k++) {
            CHECK(cr_client_wait(&client, &jobs[k], NULL, 15000) == 0);
            CHECK_INT(jobs[k].result.status, CR_STATUS_SUCCEEDED);
            CHECK_INT(jobs[k].attempts, 1);
            CHECK_STR(jobs[k].out, "7\n");
            cr_client_done(&client, &jobs[k]);
        }
    }

    cr_client_close(&client);
    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    pool_run_remove(&run);
}


TEST("SIGTERM drains: queued and running jobs end as they would have")
{
    int              i;
    pid_t            pid;
    pool_run_t       run;
    cr_client_t      client;
    cr_client_job_t  jobs[8];

    REQUIRE(pool_death_start(&run, "\"workers\": 1, \"boxes\": 2,"));
    REQUIRE(cr_client_open(&client, run.socket) == 0);

    for (i = 0; i < 8; i++) {
        REQUIRE(pool_death_submit(&client, "import time\ntime.sleep(0.2)\n"
                                  "print('x')", 0, &jobs[i]) == 0);
    }

    pid = run.pid;
    CHECK(kill(pid, SIGTERM) == 0);

    for (i = 0; i < 8; i++) {
        CHECK(cr_client_wait(&client, &jobs[i], NULL, 9000) == 0);
        CHECK_INT(jobs[i].result.status, CR_STATUS_SUCCEEDED);
        CHECK_STR(jobs[i].out, "x\n");
    }

    CHECK_INT(atomic_load(&client.segment.header->draining), 1);
    CHECK(waitpid(pid, &i, 0) == pid);
    CHECK(WIFEXITED(i) && WEXITSTATUS(i) == 0);
    CHECK(access(run.socket, F_OK) == -1);
    CHECK_INT(pool_run_cgroups(&run), 0);

    for (i = 0; i < 8; i++) {
        cr_client_done(&client, &jobs[i]);
    }

    run.pid = 0;
    cr_client_close(&client);
    pool_run_remove(&run);
}


TEST("SIGQUIT stops at once: jobs end as error, nothing is left")
{
    int              i;
    int64_t          us;
    pool_run_t       run;
    cr_client_t      client;
    cr_client_job_t  jobs[6];

    REQUIRE(pool_death_start(&run, "\"workers\": 1, \"boxes\": 2,"));
    REQUIRE(cr_client_open(&client, run.socket) == 0);

    for (i = 0; i < 6; i++) {
        REQUIRE(pool_death_submit(&client, "while True: pass", 0, &jobs[i])
                == 0);
    }

    pool_run_sleep(100);
    us = cr_client_now_us();
    CHECK_INT(pool_run_stop(&run, SIGQUIT), 0);
    CHECK(cr_client_now_us() - us < 5000000);

    for (i = 0; i < 6; i++) {
        CHECK(cr_client_look(&client, &jobs[i]));
        CHECK_INT(jobs[i].result.status, CR_STATUS_ERROR);
        CHECK_STR(jobs[i].result.error, "the pool stopped");
        cr_client_done(&client, &jobs[i]);
    }

    cr_client_close(&client);
    pool_run_remove(&run);
}


TEST("a second pool on the same socket does not start")
{
    char        output[4096];
    pool_run_t  run;

    REQUIRE(pool_death_start(&run, NULL));
    CHECK_INT(pool_run_command(&run, NULL, output, sizeof(output)), 1);
    CHECK(strstr(output, "another pool listens") != NULL);
    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    pool_run_remove(&run);
}


TEST("old zygotes are replaced while jobs run")
{
    int              i;
    pool_run_t       run;
    cr_client_t      client;
    cr_client_job_t  job;

    REQUIRE(pool_death_start(&run, "\"workers\": 1, \"boxes\": 3, "
                             "\"zygote_max_jobs\": 20,"));
    REQUIRE(cr_client_open(&client, run.socket) == 0);

    for (i = 0; i < 200; i++) {
        REQUIRE(pool_death_submit(&client, "print(1)", CR_JOB_WAITED, &job)
                == 0);
        CHECK(cr_client_wait(&client, &job, NULL, 9000) == 0);
        CHECK_MSG(job.result.status == CR_STATUS_SUCCEEDED, "%d: %s", i,
                  job.result.error);
        cr_client_done(&client, &job);
    }

    /* one that is gone and one that is there, not ten */

    pool_run_sleep(300);
    CHECK(pool_run_below(run.pid) <= 1 + 2 * (1 + 3 * 3));

    cr_client_close(&client);
    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    pool_run_remove(&run);
}


TEST("a killed zygote takes its keepers along, reaped, and jobs go on")
{
    int              i;
    pid_t            worker, zygote, keeper;
    pool_run_t       run;
    cr_client_t      client;
    cr_client_job_t  job;

    REQUIRE(pool_death_start(&run, "\"workers\": 1, \"boxes\": 1,"));
    REQUIRE(cr_client_open(&client, run.socket) == 0);
    REQUIRE(pool_run_workers(&run, &worker, 1) == 1);

    zygote = pool_run_child(worker, 2000);
    REQUIRE(zygote != -1);
    keeper = pool_run_child(zygote, 2000);
    REQUIRE(keeper != -1);

    CHECK(kill(zygote, SIGKILL) == 0);

    for (i = 0; i < 300 && kill(keeper, 0) == 0; i++) {
        pool_run_sleep(10);
    }

    CHECK(kill(keeper, 0) == -1);

    REQUIRE(pool_death_submit(&client, "print(1)", CR_JOB_WAITED, &job) == 0);
    CHECK(cr_client_wait(&client, &job, NULL, 9000) == 0);
    CHECK_INT(job.result.status, CR_STATUS_SUCCEEDED);
    cr_client_done(&client, &job);

    cr_client_close(&client);
    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    pool_run_remove(&run);
}


TEST("results are forgotten after result_ttl_s")
{
    int              i;
    uint32_t         state;
    pool_run_t       run;
    cr_client_t      client;
    cr_client_job_t  job;

    REQUIRE(pool_death_start(&run, "\"workers\": 1, \"boxes\": 2, "
                             "\"result_ttl_s\": 1,"));
    REQUIRE(cr_client_open(&client, run.socket) == 0);
    REQUIRE(pool_death_submit(&client, "print(1)", 0, &job) == 0);
    CHECK(cr_client_wait(&client, &job, NULL, 9000) == 0);

    /* not while somebody watches */

    pool_run_sleep(2500);
    state = cr_word_state(cr_slot_word(cr_segment_slot(&client.segment,
                                                       job.index)));
    CHECK_INT(state, CR_SLOT_FINISHED);

    cr_slot_unwatch(cr_segment_slot(&client.segment, job.index),
                    client.channel);

    for (i = 0; i < 300 && state != CR_SLOT_FREE; i++) {
        pool_run_sleep(10);
        state = cr_word_state(cr_slot_word(cr_segment_slot(&client.segment,
                                                           job.index)));
    }

    CHECK_INT(state, CR_SLOT_FREE);

    cr_client_done(&client, &job);
    cr_client_close(&client);
    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    pool_run_remove(&run);
}
