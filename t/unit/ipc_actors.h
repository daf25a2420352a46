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


/* ---- nginx worker ---- */


static inline void
actor_fill(actor_t *a, cr_slot_t *slot, uint32_t index, uint32_t number)
{
    uint8_t              random[10];
    uint32_t             i;
    uint64_t             id[2];
    cr_job_t            *job;
    cr_request_writer_t  w;

    for (i = 0; i < sizeof(random); i++) {
        random[i] = (uint8_t) cr_test_random(&a->random);
    }

    job = &slot->job;
    memset(job, 0, sizeof(cr_job_t));
    job->created_us = number;
    cr_id_create(job->id, number, random, index);

    if (actor_waited(a->book, number)) {
        job->flags = CR_JOB_WAITED;
        atomic_store(&a->book->job[number].cancelled, 1);
    }

    cr_request_init(&w, cr_segment_request(&a->seg, index),
                    a->seg.geometry.request_size);
    (void) cr_request_add(&w, CR_RECORD_CODE, &number, sizeof(number));
    (void) cr_request_add(&w, CR_RECORD_ARG, "x", 1);
    job->request_len = (uint32_t) w.used;

    i = number % 64;
    memcpy(id, job->id, sizeof(id));
    atomic_store(&a->book->ids[i][0], id[0]);
    atomic_store(&a->book->ids[i][1], id[1]);
}


static inline void
actor_cancel(actor_t *a, cr_slot_t *slot, uint32_t index, uint64_t word)
{
    actor_own_t  *own;

    own = &a->own[index];
    atomic_store(&a->book->job[own->number].cancelled, 1);

    if (!cr_slot_end(slot, &word, a->index)) {
        return;
    }

    actor_dawdle(a, a->book->deadly);

    memset(&slot->result, 0, sizeof(cr_result_t));
    slot->result.status = CR_STATUS_CANCELLED;
    slot->result.finished_us = ipc_now_us();

    if (!cr_slot_finish(slot, &word)) {
        actor_fail(a->book, "an ended slot was taken away");
    }

    actor_ring(a->book, cr_segment_mark(&a->seg, index));
}


/* 1 when a job went out, 0 when there is no slot or no job left */

static inline int
actor_submit(actor_t *a)
{
    uint32_t      index, number, worker;
    uint64_t      word;
    cr_slot_t    *slot;
    actor_own_t  *own;

    index = cr_segment_claim(&a->seg, a->index, &a->hint, &word);

    if (index == CR_NONE) {
        return 0;
    }

    actor_dawdle(a, 0);

    number = atomic_fetch_add(&a->book->jobs, 1);

    if (number >= a->book->jobs_max) {
        (void) cr_segment_abandon(&a->seg, index, &word);
        return 0;
    }

    slot = cr_segment_slot(&a->seg, index);
    actor_fill(a, slot, index, number);

    if (!cr_slot_watch(slot, a->index, NULL, &word)
        || !cr_slot_submit(slot, &word))
    {
        actor_fail(a->book, "a claimed slot was taken away");
        return 0;
    }

    own = &a->own[index];
    memset(own, 0, sizeof(actor_own_t));
    own->active = 1;
    own->number = number;
    own->generation = cr_word_generation(word);
    own->attempt = 1;
    a->live++;

    actor_dawdle(a, 0);

    if (cr_ring_push(cr_segment_ring(&a->seg, a->index),
                     a->seg.geometry.ring,
                     cr_handle(index, own->generation)) != 0)
    {
        actor_cancel(a, slot, index, word);
        return 1;
    }

    atomic_store(&a->book->job[number].accepted, 1);

    actor_dawdle(a, 0);

    worker = cr_segment_wake(&a->seg, &a->wake_hint);

    if (worker != CR_NONE) {
        actor_dawdle(a, 0);
        actor_ring_fd(a->book->worker_fds[worker]);
    }

    if (number % 16 == 5) {
        actor_cancel(a, slot, index, word);
    }

    return 1;
}


/* the log from the cursor on; -1 when the job began again meanwhile */

static inline int
actor_read(actor_t *a, cr_slot_t *slot, uint32_t index)
{
    ssize_t           n, i;
    uint8_t           buf[256];
    uint64_t          word;
    size_t            skip;
    actor_own_t      *own;
    cr_log_header_t   h;

    own = &a->own[index];

    for (skip = 0; /* void */ ; /* void */ ) {
        n = cr_log_read(slot, cr_segment_log(&a->seg, index),
                        a->seg.geometry.log_size, &own->cursor, skip, &h,
                        buf, sizeof(buf));

        word = cr_slot_word(slot);

        if (cr_word_attempt(word) != own->attempt) {
            own->attempt = cr_word_attempt(word);
            memset(&own->cursor, 0, sizeof(own->cursor));
            return -1;
        }

        if (n == 0) {
            return 0;
        }

        if (n < 0) {
            actor_fail(a->book, "job %u: the log is not believable",
                       own->number);
            return 0;
        }

        for (i = 0; i < n; i++) {
            if (buf[i] != actor_output_byte(own->number, own->cursor.offset
                                            + skip + (size_t) i))
            {
                actor_fail(a->book, "job %u: wrong output at %ju",
                           own->number, (uintmax_t) own->cursor.offset);
                return 0;
            }
        }

        skip += (size_t) n;

        if (skip == h.len) {
            cr_log_next(&own->cursor, &h);
            skip = 0;
        }
    }
}


/* two texts and the end of stdin; goes on at a doorbell when there is no
   room */

static inline void
actor_tell(actor_t *a, uint32_t index, uint64_t word)
{
    uint32_t              worker;
    actor_own_t          *own;
    cr_control_header_t   h;

    own = &a->own[index];
    worker = cr_word_worker(word);

    while (own->told < 3) {
        memset(&h, 0, sizeof(h));
        h.slot = index;
        h.generation = own->generation;
        h.type = own->told == 2 ? CR_CONTROL_EOF : CR_CONTROL_STDIN;
        h.arg = (uint64_t) own->told;
        h.len = own->told == 2 ? 0 : own->number * 7919 % CR_CONTROL_PAYLOAD;

        memset(a->payload, (int) own->number & 0xff, h.len);

        if (cr_control_push(cr_segment_control(&a->seg, a->index, worker),
                            &h, a->payload) != 0)
        {
            return;
        }

        own->told++;
    }

    if (cr_segment_wake_worker(&a->seg, a->index, worker)) {
        actor_ring_fd(a->book->worker_fds[worker]);
    }
}


static inline void
actor_check_result(actor_t *a, cr_slot_t *slot, actor_own_t *own)
{
    int           ok;
    actor_job_t  *job;

    job = &a->book->job[own->number];

    switch (slot->result.status) {

    case CR_STATUS_SUCCEEDED:
        ok = own->cursor.offset == actor_output_len(own->number);
        break;

    case CR_STATUS_CANCELLED:
        ok = atomic_load(&job->cancelled);
        break;

    case CR_STATUS_ERROR:
        ok = a->book->deadly && own->attempt == CR_ATTEMPTS;
        break;

    default:
        ok = 0;
    }

    if (!ok) {
        actor_fail(a->book, "job %u: status %u, %ju bytes of output",
                   own->number, slot->result.status,
                   (uintmax_t) own->cursor.offset);
    }

    if (slot->job.created_us != own->number) {
        actor_fail(a->book, "job %u: the slot was recycled while watched",
                   own->number);
    }

    atomic_store(&job->seen, 1);
}


static inline void
actor_look(actor_t *a, uint32_t index)
{
    uint64_t      word;
    cr_slot_t    *slot;
    actor_own_t  *own;

    own = &a->own[index];
    slot = cr_segment_slot(&a->seg, index);

    if (!own->active) {
        return;
    }

    do {
        word = cr_slot_word(slot);
    } while (actor_read(a, slot, index) != 0);

    if (cr_word_generation(word) != own->generation) {
        actor_fail(a->book, "job %u: the slot changed hands while watched",
                   own->number);
        return;
    }

    if (cr_word_state(word) == CR_SLOT_RUNNING
        && actor_interactive(a->book, own->number))
    {
        actor_tell(a, index, word);
    }

    if (cr_word_state(word) != CR_SLOT_FINISHED) {
        return;
    }

    actor_check_result(a, slot, own);
    actor_dawdle(a, 0);

    if (!cr_slot_deliver(slot, a->index, own->generation)) {
        actor_fail(a->book, "job %u: not delivered", own->number);
    }

    actor_dawdle(a, 0);
    cr_slot_unwatch(slot, a->index);

    own->active = 0;
    a->live--;
    atomic_fetch_add(&a->book->finished, 1);
}


/* someone else's job, found by its id */

static inline void
actor_stranger(actor_t *a)
{
    uint32_t    i, index;
    uint64_t    id[2], word;
    cr_job_t    copy;
    cr_slot_t  *slot;

    i = cr_test_random(&a->random) % 64;
    id[0] = atomic_load(&a->book->ids[i][0]);
    id[1] = atomic_load(&a->book->ids[i][1]);

    index = cr_id_slot((uint8_t *) id);

    if (index >= a->seg.geometry.slots || a->own[index].active) {
        return;
    }

    slot = cr_segment_slot(&a->seg, index);

    if (!cr_slot_watch(slot, a->index, (uint8_t *) id, &word)) {
        return;
    }

    copy = slot->job;
    actor_dawdle(a, 0);

    if (cr_word_generation(cr_slot_word(slot)) != cr_word_generation(word)
        || memcmp(copy.id, id, 16) != 0
        || memcmp(slot->job.id, id, 16) != 0)
    {
        actor_fail(a->book, "a watched slot changed hands");
    }

    cr_slot_unwatch(slot, a->index);
    atomic_fetch_add(&a->book->watched, 1);
}


static inline void
actor_nginx(actor_t *a)
{
    int       busy;
    uint32_t  index;

    for ( ;; ) {
        busy = 0;

        while (a->live < a->book->live && !atomic_load(&a->book->stop_nginx)
               && atomic_load(&a->book->jobs) < a->book->jobs_max
               && actor_submit(a))
        {
            busy = 1;
        }

        actor_stranger(a);

        for ( ;; ) {
            index = cr_channel_next(&a->seg, a->index);

            if (index == CR_NONE) {
                break;
            }

            busy = 1;
            actor_look(a, index);
        }

        if (busy) {
            continue;
        }

        if (a->live == 0
            && (atomic_load(&a->book->stop_nginx)
                || atomic_load(&a->book->jobs) >= a->book->jobs_max))
        {
            return;
        }

        cr_channel_arm(&a->seg, a->index);
        index = cr_channel_next(&a->seg, a->index);

        if (index != CR_NONE) {
            actor_look(a, index);
            continue;
        }

        /* with no job of its own it only waits for a slot */

        if (!actor_sleep(a->book->channel_fds[a->index],
                         a->live == 0 ? 1 : ACTOR_STUCK_MS)
            && a->live != 0)
        {
            actor_fail(a->book, "channel %u: no wake-up came", a->index);
            return;
        }
    }
}


/* ---- pool worker ---- */


static inline void
actor_output(actor_t *a, cr_slot_t *slot, uint32_t index, uint32_t number)
{
    size_t    i, n, at, len;
    uint8_t  *p;

    len = actor_output_len(number);

    for (at = 0; at < len; at += n) {
        n = 1 + cr_test_random(&a->random) % 700;

        if (n > len - at) {
            n = len - at;
        }

        p = cr_log_reserve(slot, cr_segment_log(&a->seg, index),
                           a->seg.geometry.log_size, &n);

        if (p == NULL) {
            actor_fail(a->book, "job %u: no room in the log", number);
            return;
        }

        for (i = 0; i < n; i++) {
            p[i] = actor_output_byte(number, at + i);
        }

        actor_dawdle(a, 0);

        if (cr_log_commit(slot, cr_segment_log(&a->seg, index),
                          a->seg.geometry.log_size, CR_STREAM_STDOUT, n, 0)
            != 0)
        {
            actor_fail(a->book, "job %u: the log was moved", number);
        }

        actor_ring(a->book, cr_segment_mark(&a->seg, index));
    }
}


/* takes the messages that wait; the next arg expected for this job, 3 at its
   end, or -1 when it was cancelled */

static inline int
actor_messages(actor_t *a, uint32_t index, uint64_t word, int next)
{
    int                   starved, rc;
    uint32_t              c;
    uint64_t              bits;
    cr_control_header_t   h;

    bits = atomic_exchange(&cr_segment_worker(&a->seg, a->index)->control, 0);

    for (c = 0; bits != 0 && c < a->seg.geometry.channels; c++, bits >>= 1) {

        if ((bits & 1) == 0) {
            continue;
        }

        do {
            rc = cr_control_pop(cr_segment_control(&a->seg, c, a->index), &h,
                                a->payload, &starved);

            if (starved) {
                /* the channel looks at all its jobs when it is rung */
                actor_ring_fd(a->book->channel_fds[c]);
            }

            if (rc < 0) {
                actor_fail(a->book, "a control ring is garbled");
            }

            if (rc <= 0 || h.slot != index
                || h.generation != cr_word_generation(word))
            {
                continue;
            }

            atomic_fetch_add(&a->book->messages, 1);

            if (h.type == CR_CONTROL_CANCEL) {
                next = -1;

            } else if (next >= 0) {

                if (h.arg != (uint64_t) next) {
                    actor_fail(a->book, "message %d is missing", next);
                }

                next++;
            }

        } while (rc == 1);
    }

    return next;
}


static inline void
actor_request(actor_t *a, cr_slot_t *slot, uint32_t index, uint32_t number)
{
    uint32_t  copy[64];
    size_t    len;

    len = slot->job.request_len;

    if (len > sizeof(copy)) {
        actor_fail(a->book, "job %u: a request of %zu bytes", number, len);
        return;
    }

    memcpy(copy, cr_segment_request(&a->seg, index), len);

    if (cr_request_check((uint8_t *) copy, len) != 0 || copy[2] != number) {
        actor_fail(a->book, "job %u: another request", number);
    }
}


static inline void
actor_run(actor_t *a, uint32_t index, uint64_t word)
{
    int           next;
    uint32_t      number, attempt;
    cr_slot_t    *slot;
    cr_result_t  *result;
    cr_worker_t  *me;

    me = cr_segment_worker(&a->seg, a->index);
    slot = cr_segment_slot(&a->seg, index);
    number = (uint32_t) slot->job.created_us;
    attempt = cr_word_attempt(word);

    if (number >= a->book->jobs_max || attempt < 1 || attempt > CR_ATTEMPTS
        || atomic_fetch_add(&a->book->job[number].starts[attempt], 1) != 0)
    {
        actor_fail(a->book, "job %u: attempt %u once more", number, attempt);
        return;
    }

    actor_dawdle(a, 0);

    result = &slot->result;
    result->started_us = ipc_now_us();

    if (!cr_slot_run(slot, &word)) {
        actor_fail(a->book, "job %u: taken away while starting", number);
        return;
    }

    actor_ring(a->book, cr_segment_mark(&a->seg, index));

    actor_request(a, slot, index, number);
    actor_output(a, slot, index, number);

    next = actor_messages(a, index, word, 0);

    while (actor_interactive(a->book, number) && next >= 0 && next < 3) {

        atomic_store(&me->armed, 1);
        next = actor_messages(a, index, word, next);

        if (next < 3
            && !actor_sleep(a->book->worker_fds[a->index], ACTOR_STUCK_MS))
        {
            actor_fail(a->book, "job %u: no message came", number);
            return;
        }
    }

    result->status = next < 0 ? CR_STATUS_CANCELLED : CR_STATUS_SUCCEEDED;
    result->finished_us = ipc_now_us();
    result->exit_code = 0;

    actor_dawdle(a, 0);

    if (!cr_slot_finish(slot, &word)) {
        actor_fail(a->book, "job %u: taken away while running", number);
    }

    actor_dawdle(a, 0);
    actor_ring(a->book, cr_segment_mark(&a->seg, index));
}


static inline int
actor_next(actor_t *a, uint32_t *index, uint64_t *word)
{
    int  rc;

    actor_lock(a->book);
    actor_dawdle(a, 0);
    rc = cr_consume_next(&a->seg, a->index, &a->hint, index, word);
    actor_unlock(a->book);

    return rc;
}


static inline void
actor_pool(actor_t *a)
{
    uint32_t      index;
    uint64_t      word;
    cr_worker_t  *me;

    me = cr_segment_worker(&a->seg, a->index);

    for ( ;; ) {
        atomic_store(&me->ready, 1);

        if (!actor_next(a, &index, &word)) {

            atomic_store(&me->armed, 1);

            if (!actor_next(a, &index, &word)) {

                if (atomic_load(&a->book->stop_pool)) {
                    return;
                }

                (void) actor_messages(a, CR_NONE, 0, 0);
                (void) actor_sleep(a->book->worker_fds[a->index], -1);
                continue;
            }
        }

        atomic_store(&me->ready, 0);
        actor_dawdle(a, 0);
        actor_run(a, index, word);
    }
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
