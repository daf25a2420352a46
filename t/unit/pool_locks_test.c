/*
 * Record locks of programs: refused unless worker.json allows them, and SQLite
 * works either way.
 *
 * sources: t/unit/pool_run.c t/lib/cr_client.c ipc/
 */

#include <signal.h>

#include "cr_test.h"
#include "pool_run.h"


/* two writers of one database, then what fcntl(2) says of a lock */

static const char  pool_locks_code[] =
    "import errno, fcntl, os, sqlite3\n"
    "c = sqlite3.connect('x.db')\n"
    "c.execute('create table t (n)')\n"
    "c.close()\n"
    "def write(k):\n"
    "    c = sqlite3.connect('x.db', timeout=20)\n"
    "    for i in range(20):\n"
    "        c.execute('insert into t values (?)', (100 * k + i,))\n"
    "        c.commit()\n"
    "if os.fork() == 0:\n"
    "    write(1)\n"
    "    os._exit(0)\n"
    "write(2)\n"
    "assert os.wait()[1] == 0\n"
    "c = sqlite3.connect('x.db')\n"
    "print(c.execute('select count(distinct n) from t').fetchone()[0])\n"
    "f = open('lock', 'w')\n"
    "try:\n"
    "    fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
    "    pid = os.fork()\n"
    "    if pid == 0:\n"
    "        try: fcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)\n"
    "        except BlockingIOError: os._exit(7)\n"
    "        os._exit(0)\n"
    "    print('locked', os.waitpid(pid, 0)[1] >> 8)\n"
    "except OSError as e:\n"
    "    print(errno.errorcode[e.errno])\n";


static void
pool_locks_say(const char *fields, const char *says)
{
    pool_run_t           run;
    cr_client_t          client;
    cr_client_job_t      job;
    cr_client_request_t  request;

    memset(&job, 0, sizeof(job));
    memset(&request, 0, sizeof(request));
    request.code = pool_locks_code;

    REQUIRE(pool_run_write(&run, fields) == 0);
    REQUIRE(pool_run_start(&run) == 0);
    REQUIRE(cr_client_open(&client, run.socket) == 0);

    CHECK_INT(cr_client_run(&client, &request, &job, 25000), 0);

    if (job.out != NULL) {
        CHECK_INT(job.result.status, CR_STATUS_SUCCEEDED);
        CHECK_STR(job.out, says);
        CHECK_STR(job.err, "");
        cr_client_done(&client, &job);
    }

    cr_client_close(&client);
    CHECK_INT(pool_run_stop(&run, SIGTERM), 0);
    pool_run_remove(&run);
}


TEST("without a word about it record locks are refused, and SQLite works")
{
    pool_locks_say("\"boxes\": 1, \"workers\": 1,", "40\nEPERM\n");
}


TEST("record_locks on: they hold between the processes of a job")
{
    pool_locks_say("\"boxes\": 1, \"workers\": 1, \"record_locks\": \"on\",",
                   "40\nlocked 7\n");
}
