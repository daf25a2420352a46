/*
 * The death table under fire: nginx workers and pool workers die by SIGKILL
 * at a thousand random moments, a small master does what the pool's master
 * does about it, and at the end the book must balance.
 *
 * sources: ipc/
 */

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "ipc_actor_nginx.h"
#include "ipc_actor_pool.h"


#define NGINX     3
#define POOL      2
#define ACTORS    (NGINX + POOL)
#define KILLS     1000
#define JOBS_MAX  (8 * 1024 * 1024)
#define SLOTS     24


static cr_segment_t   seg;
static actor_book_t  *book;
static pid_t          pids[ACTORS];
static actor_t        master;       /* reads what the dead left unread */
static uint32_t       random_state;

/* what the dead were at, to know that the test met the moments that count */

static struct {
    uint32_t  filling;
    uint32_t  ending;
    uint32_t  unpushed;
    uint32_t  starting;
    uint32_t  running;
    uint32_t  mutex;
} met;


static void
spawn(uint32_t i)
{
    static actor_t  a;

    fflush(stdout);
    pids[i] = fork();

    if (pids[i] != 0) {
        return;
    }

    prctl(PR_SET_PDEATHSIG, SIGKILL);

    if (i < NGINX) {
        actor_init(&a, &seg, book, i + 1, cr_test_random(&random_state));
        actor_nginx(&a);

    } else {
        actor_init(&a, &seg, book, i - NGINX, cr_test_random(&random_state));
        actor_pool(&a);
    }

    fflush(stdout);
    _exit(0);
}


static void
ring_all(void)
{
    uint32_t  i;

    for (i = 0; i < NGINX; i++) {
        actor_ring_fd(book->channel_fds[i + 1]);
    }

    for (i = 0; i < POOL; i++) {
        actor_ring_fd(book->worker_fds[i]);
    }
}


static void
lock(void)
{
    if (pthread_mutex_lock(&book->mutex) == EOWNERDEAD) {
        pthread_mutex_consistent(&book->mutex);
        met.mutex++;
    }
}


static void
meet(uint32_t i)
{
    uint32_t  s;
    uint64_t  w;

    for (s = 0; s < SLOTS; s++) {
        w = cr_slot_word(cr_segment_slot(&seg, s));

        if (i < NGINX && cr_word_channel(w) == i + 1) {
            met.filling += cr_word_state(w) == CR_SLOT_FILLING;
            met.ending += cr_word_state(w) == CR_SLOT_ENDING;
        }

        if (i >= NGINX && cr_word_worker(w) == i - NGINX) {
            met.starting += cr_word_state(w) == CR_SLOT_STARTING;
            met.running += cr_word_state(w) == CR_SLOT_RUNNING;
        }
    }
}


static void
reap(uint32_t i)
{
    uint32_t  before;

    meet(i);

    if (i < NGINX) {
        lock();
        before = cr_ring_count(cr_segment_ring(&seg, CR_CHANNEL_MASTER),
                               seg.geometry.ring);
        (void) cr_reap_channel(&seg, i + 1, ipc_now_us());
        met.unpushed += cr_ring_count(cr_segment_ring(&seg,
                                                      CR_CHANNEL_MASTER),
                                      seg.geometry.ring) - before;
        actor_unlock(book);

    } else {
        (void) cr_reap_worker(&seg, i - NGINX, ipc_now_us());
    }

    ring_all();
}


/* results whose nginx worker died before it read them */

static void
sweep(void)
{
    uint32_t      i;
    uint64_t      w;
    cr_slot_t    *slot;
    actor_own_t  *own;

    for (i = 0; i < SLOTS; i++) {
        slot = cr_segment_slot(&seg, i);
        w = cr_slot_word(slot);

        if (cr_word_state(w) != CR_SLOT_FINISHED
            || atomic_load(&slot->watchers) != 0
            || atomic_load(&slot->delivered) != 0
            || !cr_slot_watch(slot, CR_CHANNEL_MASTER, NULL, &w))
        {
            continue;
        }

        if (cr_word_state(w) != CR_SLOT_FINISHED) {
            cr_slot_unwatch(slot, CR_CHANNEL_MASTER);
            continue;
        }

        own = &master.own[i];
        memset(own, 0, sizeof(actor_own_t));
        own->active = 1;
        own->number = (uint32_t) slot->job.created_us;
        own->generation = cr_word_generation(w);
        own->attempt = cr_word_attempt(w);

        actor_look(&master, i);
    }
}


static void
kill_one(void)
{
    uint32_t         i, j;
    struct timespec  ts = { 0, 0 };

    i = cr_test_random(&random_state) % ACTORS;
    j = cr_test_random(&random_state) % (ACTORS * 8);

    ts.tv_nsec = cr_test_random(&random_state) % 12000000;
    nanosleep(&ts, NULL);

    kill(pids[i], SIGKILL);

    /* at times a second one dies before the first is reaped */

    if (j < ACTORS && j != i) {
        kill(pids[j], SIGKILL);
    }

    CHECK(waitpid(pids[i], NULL, 0) == pids[i]);
    reap(i);
    spawn(i);

    if (j < ACTORS && j != i) {
        CHECK(waitpid(pids[j], NULL, 0) == pids[j]);
        reap(j);
        spawn(j);
    }

    sweep();
}


static int
wait_exit(uint32_t i)
{
    int              n, status;
    struct timespec  ts = { 0, 5000000 };

    for (n = 0; n < 6000; n++) {

        if (waitpid(pids[i], &status, WNOHANG) == pids[i]) {
            return status == 0 ? 0 : -1;
        }

        sweep();
        nanosleep(&ts, NULL);
    }

    kill(pids[i], SIGKILL);
    (void) waitpid(pids[i], NULL, 0);

    return -1;
}


static int
busy_slots(void)
{
    int       n;
    uint32_t  i, state;

    n = 0;

    for (i = 0; i < SLOTS; i++) {
        state = cr_word_state(cr_slot_word(cr_segment_slot(&seg, i)));
        n += state != CR_SLOT_FREE && state != CR_SLOT_FINISHED;
    }

    return n;
}


static void
settle(void)
{
    int              n;
    uint32_t         i;
    struct timespec  ts = { 0, 5000000 };

    atomic_store(&book->stop_nginx, 1);
    ring_all();

    for (i = 0; i < NGINX; i++) {
        CHECK_MSG(wait_exit(i) == 0, "nginx worker %u waits for ever", i);
    }

    for (n = 0; n < 2000 && busy_slots() != 0; n++) {
        nanosleep(&ts, NULL);
    }

    CHECK_INT(busy_slots(), 0);

    atomic_store(&book->stop_pool, 1);
    ring_all();

    for (i = NGINX; i < ACTORS; i++) {
        CHECK_MSG(wait_exit(i) == 0, "pool worker %u", i - NGINX);
    }

    sweep();
}


static void
check_jobs(uint32_t kills)
{
    uint32_t      i, n, accepted, retried, forgotten;
    actor_job_t  *job;

    accepted = 0;
    retried = 0;
    forgotten = 0;
    n = atomic_load(&book->jobs);

    CHECK(n < JOBS_MAX);

    for (i = 0; i < n && i < JOBS_MAX; i++) {
        job = &book->job[i];

        accepted += atomic_load(&job->accepted);
        retried += atomic_load(&job->starts[2]);

        if (atomic_load(&job->accepted) && !atomic_load(&job->seen)) {
            forgotten++;
        }
    }

    printf("  %u kills, %u jobs, %u accepted, %u tried again; met filling %u,"
           " ending %u, unpushed %u, starting %u, running %u, mutex %u\n",
           kills, n, accepted, retried, met.filling, met.ending,
           met.unpushed, met.starting, met.running, met.mutex);

    CHECK_INT(forgotten, 0);
    CHECK(accepted > KILLS);

    /* one job at a time and worker: no more retries than deaths */

    CHECK(retried <= met.starting + met.running);
    CHECK_INT(atomic_load(&book->failures), 0);

    CHECK(met.filling != 0);
    CHECK(met.ending != 0);
    CHECK(met.unpushed != 0);
    CHECK(met.starting != 0);
    CHECK(met.running != 0);
}


static void
check_slots(void)
{
    uint32_t  i, hint;
    uint64_t  w;

    for (i = 0; i < SLOTS; i++) {
        CHECK_INT(atomic_load(&cr_segment_slot(&seg, i)->watchers), 0);
    }

    hint = 0;
    (void) cr_reap_expire(&seg, INT64_MAX, &hint, SLOTS);

    for (i = 0; i < SLOTS; i++) {
        CHECK_INT(cr_word_state(cr_slot_word(cr_segment_slot(&seg, i))),
                  CR_SLOT_FREE);
    }

    for (i = 0; i < SLOTS; i++) {
        CHECK(cr_segment_claim(&seg, 1, &w) < SLOTS);
    }

    CHECK_INT(cr_segment_claim(&seg, 1, &w), CR_NONE);
}


TEST("1,000 deaths: no slot lost, no job forgotten or run once too often")
{
    int            fd;
    uint32_t       i;
    int64_t        from;
    cr_geometry_t  g;

    g = ipc_geometry(SLOTS);
    g.channels = NGINX + 1;
    g.workers = POOL;

    fd = cr_segment_create(&seg, &g, CODEREMOTE_VERSION, 1);
    REQUIRE(fd != -1);

    book = actor_book_create(&seg, JOBS_MAX);
    book->deadly = 1;

    from = ipc_now_us();
    random_state = (uint32_t) from | 1;
    printf("  seed %u\n", random_state);
    actor_init(&master, &seg, book, CR_CHANNEL_MASTER, random_state);

    for (i = 0; i < ACTORS; i++) {
        spawn(i);
    }

    /* bounded in time, for a machine that is busy with other things */

    for (i = 0; i < KILLS && ipc_now_us() - from < 60 * 1000000; i++) {
        kill_one();
    }

    settle();
    check_jobs(i);
    check_slots();

    actor_book_destroy(&seg, book);
    ipc_destroy(&seg, fd);
}
