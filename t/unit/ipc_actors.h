/*
 * Players of nginx workers and pool workers, which do with the segment what
 * the real ones do, over a book that knows the truth about every job.  They
 * run as threads or as processes, and may be killed at any point.
 *
 * A job's number is its created_us.  Its output is a function of its number,
 * so that whoever reads it can check every byte.
 */

#ifndef IPC_ACTORS_H
#define IPC_ACTORS_H


#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "ipc_fixture.h"


#define ACTOR_SLOTS_MAX   64
#define ACTOR_OUTPUT_MAX  3000
#define ACTOR_STUCK_MS    20000     /* no event for so long: a lost wake-up */


typedef struct {
    _Atomic uint8_t  accepted;      /* pushed: it must end */
    _Atomic uint8_t  seen;          /* its result was read */
    _Atomic uint8_t  cancelled;     /* somebody wanted that */
    _Atomic uint8_t  starts[CR_ATTEMPTS + 1];
} actor_job_t;


typedef struct {
    pthread_mutex_t   mutex;        /* the consumers', robust */
    _Atomic int       stop_nginx;
    _Atomic int       stop_pool;
    _Atomic uint32_t  jobs;         /* numbers given out */
    _Atomic uint32_t  failures;
    _Atomic uint32_t  finished;
    _Atomic uint32_t  watched;      /* times a stranger looked at a job */
    _Atomic uint32_t  messages;     /* control messages that arrived */
    _Atomic uint64_t  ids[64][2];   /* of some jobs, for strangers */
    uint32_t          jobs_max;
    int               deadly;       /* actors get killed */
    uint32_t          live;         /* jobs at a time and nginx worker */
    int               channel_fds[CR_CHANNELS_MAX];
    int               worker_fds[CR_WORKERS_MAX];
    actor_job_t       job[];
} actor_book_t;


typedef struct {
    int               active;
    int               told;         /* control messages sent so far */
    uint32_t          number;
    uint32_t          generation;
    uint32_t          attempt;
    cr_log_cursor_t   cursor;
} actor_own_t;


typedef struct {
    cr_segment_t      seg;          /* a copy of its own */
    actor_book_t     *book;
    uint32_t          index;        /* channel or worker */
    uint32_t          random;
    uint32_t          hint;
    uint32_t          wake_hint;
    uint32_t          live;
    actor_own_t       own[ACTOR_SLOTS_MAX];
    uint8_t           payload[CR_CONTROL_PAYLOAD];
} actor_t;


#define actor_fail(book, ...)                                                 \
    do {                                                                      \
        if (atomic_fetch_add(&(book)->failures, 1) < 10) {                    \
            printf("  %s:%d: ", __FILE__, __LINE__);                          \
            printf(__VA_ARGS__);                                              \
            printf("\n");                                                     \
        }                                                                     \
    } while (0)


static inline actor_book_t *
actor_book_create(cr_segment_t *seg, uint32_t jobs_max)
{
    void                 *p;
    uint32_t              i;
    actor_book_t         *book;
    pthread_mutexattr_t   attr;

    p = mmap(NULL, sizeof(actor_book_t) + jobs_max * sizeof(actor_job_t),
             PROT_READ|PROT_WRITE, MAP_SHARED|MAP_ANONYMOUS|MAP_NORESERVE,
             -1, 0);

    if (p == MAP_FAILED) {
        abort();
    }

    book = p;
    book->jobs_max = jobs_max;
    book->live = 4;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&book->mutex, &attr);
    pthread_mutexattr_destroy(&attr);

    for (i = 0; i < seg->geometry.channels; i++) {
        book->channel_fds[i] = eventfd(0, EFD_NONBLOCK|EFD_CLOEXEC);
    }

    for (i = 0; i < seg->geometry.workers; i++) {
        book->worker_fds[i] = eventfd(0, EFD_NONBLOCK|EFD_CLOEXEC);
    }

    return book;
}


static inline void
actor_book_destroy(cr_segment_t *seg, actor_book_t *book)
{
    uint32_t  i;

    for (i = 0; i < seg->geometry.channels; i++) {
        close(book->channel_fds[i]);
    }

    for (i = 0; i < seg->geometry.workers; i++) {
        close(book->worker_fds[i]);
    }

    munmap(book, sizeof(actor_book_t)
                 + book->jobs_max * sizeof(actor_job_t));
}


static inline void
actor_lock(actor_book_t *book)
{
    if (pthread_mutex_lock(&book->mutex) == EOWNERDEAD) {
        pthread_mutex_consistent(&book->mutex);
    }
}


static inline void
actor_unlock(actor_book_t *book)
{
    pthread_mutex_unlock(&book->mutex);
}


static inline void
actor_ring_fd(int fd)
{
    uint64_t  one = 1;

    if (write(fd, &one, sizeof(one)) == -1 && errno != EAGAIN) {
        abort();
    }
}


static inline void
actor_ring(actor_book_t *book, uint64_t channels)
{
    uint32_t  c;

    for (c = 0; channels != 0; c++, channels >>= 1) {
        if (channels & 1) {
            actor_ring_fd(book->channel_fds[c]);
        }
    }
}


/* 1 rung, 0 timed out */

static inline int
actor_sleep(int fd, int ms)
{
    uint64_t       n;
    struct pollfd  pfd;

    pfd.fd = fd;
    pfd.events = POLLIN;

    if (poll(&pfd, 1, ms) <= 0) {
        return 0;
    }

    (void) !read(fd, &n, sizeof(n));

    return 1;
}


/* a place to be killed at, or to be overtaken; 'often' for a rare one */

static inline void
actor_dawdle(actor_t *a, int often)
{
    struct timespec  ts = { 0, 20000 };

    switch (cr_test_random(&a->random) % (often ? 4 : 64)) {

    case 0:
        nanosleep(&ts, NULL);
        break;

    case 1:
    case 2:
        sched_yield();
        break;

    default:
        break;
    }
}


static inline uint32_t
actor_output_len(uint32_t number)
{
    return number * 2654435761U >> 8 & 7 ? number * 40503U % 200
                                         : number * 40503U % ACTOR_OUTPUT_MAX;
}


static inline uint8_t
actor_output_byte(uint32_t number, uint64_t offset)
{
    return (uint8_t) (number * 31 + offset * 7 + (offset >> 8));
}


/* stays open for messages until EOF; not when nginx workers get killed */

static inline int
actor_interactive(actor_book_t *book, uint32_t number)
{
    return !book->deadly && number % 8 == 3;
}


static inline int
actor_waited(actor_book_t *book, uint32_t number)
{
    return book->deadly && number % 4 == 1;
}


static inline void
actor_init(actor_t *a, const cr_segment_t *seg, actor_book_t *book,
    uint32_t index, uint32_t random)
{
    memset(a, 0, sizeof(actor_t));

    a->seg = *seg;
    a->book = book;
    a->index = index;
    a->random = random * 2654435761U | 1;
    a->hint = index;
}


#endif
