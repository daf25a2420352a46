/*
 * Several nginx workers and pool workers at once, as processes, which is the
 * real thing, and as threads over one mapping, which is what TSan can see
 * (it knows nothing of other processes; the accesses are the same).  A lost
 * wake-up shows as somebody who waits for ever, a lost or doubled job in the
 * book, a torn log or a recycled slot in the bytes.
 *
 * sources: ipc/
 * with: tsan
 */

#include <sys/wait.h>

#include "ipc_actor_nginx.h"
#include "ipc_actor_pool.h"


#define NGINX   3
#define POOL    3

#if defined(__SANITIZE_THREAD__)
#define TSAN  1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TSAN  1
#endif
#endif

#ifndef TSAN
#define TSAN  0
#endif

#define JOBS  (TSAN ? 50000 : 200000)


static actor_t        actors[NGINX + POOL];
static cr_segment_t   seg;
static actor_book_t  *book;
static _Atomic int    stop_master;


static int
start(void)
{
    int            fd;
    uint32_t       i;
    cr_geometry_t  g;

    g = ipc_geometry(17);
    g.channels = NGINX + 1;
    g.workers = POOL;
    g.log_size = 128 * 1024;

    fd = cr_segment_create(&seg, &g, CODEREMOTE_VERSION, 1);

    if (fd == -1) {
        abort();
    }

    book = actor_book_create(&seg, JOBS);

    for (i = 0; i < NGINX; i++) {
        actor_init(&actors[i], &seg, book, i + 1, i + 1);
    }

    for (i = 0; i < POOL; i++) {
        actor_init(&actors[NGINX + i], &seg, book, i, i + 100);
    }

    atomic_store(&stop_master, 0);

    return fd;
}


static void
ring_pool(void)
{
    uint32_t  i;

    for (i = 0; i < POOL; i++) {
        actor_ring_fd(book->worker_fds[i]);
    }
}


static void
check(int fd)
{
    uint32_t      i, started, cancelled;
    uint64_t      w;
    actor_job_t  *job;

    started = 0;
    cancelled = 0;

    for (i = 0; i < JOBS; i++) {
        job = &book->job[i];

        CHECK_MSG(atomic_load(&job->seen) == 1, "job %u", i);
        CHECK_INT(atomic_load(&job->starts[2]), 0);

        if (atomic_load(&job->cancelled) && !atomic_load(&job->starts[1])) {
            cancelled++;

        } else {
            CHECK_INT(atomic_load(&job->starts[1]), 1);
            started++;
        }

        if (cr_test_failures > 10) {
            break;
        }
    }

    CHECK_INT(atomic_load(&book->failures), 0);
    CHECK_INT(atomic_load(&book->finished), JOBS);
    CHECK_INT(started + cancelled, JOBS);

    /* the test is of use only when these happened */

    CHECK(atomic_load(&book->watched) != 0);
    CHECK(atomic_load(&book->messages) >= JOBS / 8 * 2);

    for (i = 0; i < seg.geometry.slots; i++) {
        w = cr_slot_word(cr_segment_slot(&seg, i));
        CHECK(cr_word_state(w) == CR_SLOT_FREE
              || cr_word_state(w) == CR_SLOT_FINISHED);
        CHECK_INT(atomic_load(&cr_segment_slot(&seg, i)->watchers), 0);
    }

    actor_book_destroy(&seg, book);
    ipc_destroy(&seg, fd);
}


static void *
run_nginx(void *data)
{
    actor_nginx(data);
    return NULL;
}


static void *
run_pool(void *data)
{
    actor_pool(data);
    return NULL;
}


/* throws away every result that nobody watches, as fast as it can */

static void *
run_master(void *data)
{
    uint32_t         hint;
    cr_segment_t     view;
    struct timespec  ts = { 0, 200000 };

    (void) data;
    hint = 0;
    view = seg;

    while (!atomic_load(&stop_master)) {
        (void) cr_reap_expire(&view, INT64_MAX, &hint, view.geometry.slots);
        nanosleep(&ts, NULL);
    }

    return NULL;
}


TEST("threads: no job lost, doubled or mixed up, no wake-up lost, no race")
{
    int        fd;
    uint32_t   i;
    pthread_t  master, t[NGINX + POOL];

    fd = start();
    pthread_create(&master, NULL, run_master, NULL);

    for (i = 0; i < NGINX + POOL; i++) {
        pthread_create(&t[i], NULL, i < NGINX ? run_nginx : run_pool,
                       &actors[i]);
    }

    for (i = 0; i < NGINX; i++) {
        pthread_join(t[i], NULL);
    }

    atomic_store(&book->stop_pool, 1);
    ring_pool();

    for (i = NGINX; i < NGINX + POOL; i++) {
        pthread_join(t[i], NULL);
    }

    atomic_store(&stop_master, 1);
    pthread_join(master, NULL);
    check(fd);
}


/*
 * Wake-ups alone, with nothing that could make good a lost one: a ringer
 * marks its slot and waits until the sleeper has seen that very mark.
 */

#define RINGERS  2
#define MARKS    (TSAN ? 40000 : 100000)


typedef struct {
    cr_segment_t      seg;
    int               bell;
    uint32_t          slot;
    _Atomic uint32_t  published;
    _Atomic uint32_t  seen;
} ringer_t;


static uint32_t     nringers;
static ringer_t     ringers[RINGERS];
static _Atomic int  sleeper_stuck;


/* some hundred nanoseconds, so that both sides meet in every phase */

static void
jitter(uint32_t *random)
{
    uint32_t  n;

    for (n = cr_test_random(random) % 256; n != 0; n--) {
        (void) atomic_load(&sleeper_stuck);
    }
}


static void *
run_ringer(void *data)
{
    uint32_t   i, spin, random;
    uint64_t   mask;
    ringer_t  *r;

    r = data;
    random = r->slot + 1;

    for (i = 1; i <= MARKS; i++) {

        jitter(&random);

        atomic_store(&r->published, i);
        mask = cr_segment_mark(&r->seg, r->slot);

        if (mask != 0) {
            actor_ring_fd(r->bell);
        }

        for (spin = 0; atomic_load(&r->seen) != i; spin++) {

            if (atomic_load(&sleeper_stuck)) {
                return NULL;
            }

            if (spin > 20000) {
                sched_yield();
            }
        }
    }

    return NULL;
}


static void *
run_sleeper(void *data)
{
    uint32_t       i, index, done, random;
    cr_segment_t   view;

    random = 7;
    view = *(cr_segment_t *) data;

    for (done = 0; done < nringers * MARKS; /* void */ ) {

        index = cr_channel_next(&view, 1);

        if (index == CR_NONE) {
            jitter(&random);
            cr_channel_arm(&view, 1);
            jitter(&random);
            index = cr_channel_next(&view, 1);
        }

        if (index == CR_NONE) {

            if (!actor_sleep(ringers[0].bell, 5000)) {
                atomic_store(&sleeper_stuck, 1);
                return NULL;
            }

            continue;
        }

        for (i = 0; i < nringers; i++) {
            if (ringers[i].slot == index
                && atomic_load(&ringers[i].seen)
                   != atomic_load(&ringers[i].published))
            {
                done++;
                atomic_store(&ringers[i].seen,
                             atomic_load(&ringers[i].published));
            }
        }
    }

    return NULL;
}


static void
ring_and_sleep(uint32_t n, uint32_t other)
{
    int           fd, bell;
    uint32_t      i;
    pthread_t     sleeper, t[RINGERS];
    cr_segment_t  s;

    fd = ipc_create(&s, 200);
    bell = eventfd(0, EFD_NONBLOCK|EFD_CLOEXEC);
    atomic_store(&sleeper_stuck, 0);
    nringers = n;

    for (i = 0; i < n; i++) {
        memset(&ringers[i], 0, sizeof(ringer_t));
        ringers[i].seg = s;
        ringers[i].bell = bell;
        ringers[i].slot = i == 0 ? 70 : other;
        atomic_store(&cr_segment_slot(&s, ringers[i].slot)->watchers, 1 << 1);
    }

    pthread_create(&sleeper, NULL, run_sleeper, &s);

    for (i = 0; i < n; i++) {
        pthread_create(&t[i], NULL, run_ringer, &ringers[i]);
    }

    for (i = 0; i < n; i++) {
        pthread_join(t[i], NULL);
        CHECK_INT(atomic_load(&ringers[i].seen), MARKS);
    }

    pthread_join(sleeper, NULL);
    CHECK_INT(atomic_load(&sleeper_stuck), 0);

    close(bell);
    ipc_destroy(&s, fd);
}


TEST("every mark wakes its sleeper, nobody else would")
{
    ring_and_sleep(1, 0);
}


TEST("every mark is seen, two slots in one leaf")
{
    ring_and_sleep(2, 71);
}


TEST("every mark is seen, two slots in two leaves")
{
    ring_and_sleep(2, 150);
}


TEST("info is never read torn while it is rewritten")
{
    /* in the process form below and in ipc_segment_test the rest */

    int            fd;
    char          *buf;
    pid_t          pid;
    size_t         i, len;
    uint32_t       n, got, seq;
    cr_segment_t   s;

    if (TSAN) {
        return;
    }

    fd = ipc_create(&s, 1);
    buf = malloc(CR_INFO_MAX);
    REQUIRE(buf != NULL);
    pid = fork();

    if (pid == 0) {
        for (n = 0; n < 20000; n++) {
            memset(buf, 'a' + (int) (n % 26), 3000);
            (void) cr_segment_info_write(&s, buf, 1 + n * 7 % 3000);
        }

        _exit(0);
    }

    got = 0;

    while (waitpid(pid, NULL, WNOHANG) == 0) {

        if (cr_segment_info_read(&s, buf, &len, &seq) != 0) {
            continue;
        }

        got++;

        for (i = 1; i < len; i++) {
            if (buf[i] != buf[0]) {
                CR_TEST_FAIL("torn at %zu of %zu", i, len);
                break;
            }
        }
    }

    CHECK(got != 0);
    free(buf);
    ipc_destroy(&s, fd);
}


TEST("processes: no job lost, doubled or mixed up, no wake-up lost")
{
    int        fd, status;
    pid_t      pid[NGINX + POOL];
    uint32_t   i;
    pthread_t  master;

    if (TSAN) {
        return;
    }

    fd = start();
    fflush(stdout);

    for (i = 0; i < NGINX + POOL; i++) {
        pid[i] = fork();

        if (pid[i] == 0) {
            (i < NGINX ? actor_nginx : actor_pool)(&actors[i]);
            fflush(stdout);
            _exit(0);
        }
    }

    pthread_create(&master, NULL, run_master, NULL);

    for (i = 0; i < NGINX + POOL; i++) {

        if (i == NGINX) {
            atomic_store(&book->stop_pool, 1);
            ring_pool();
        }

        CHECK(waitpid(pid[i], &status, 0) == pid[i]);
        CHECK_INT(status, 0);
    }

    atomic_store(&stop_master, 1);
    pthread_join(master, NULL);
    check(fd);
}
