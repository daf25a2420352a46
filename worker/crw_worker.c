/*
 * The loop of a pool worker: jobs in, as long as sandboxes are ready.
 *
 * Before it sleeps it arms its doorbell and looks once more at the rings and
 * the control bits (the proof is in ipc/cr_doorbell.c).  The doorbell is
 * edge-triggered and never read: its count does not matter.
 */

#include "crw_worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../ipc/cr_consume.h"
#include "crw_box.h"
#include "crw_fault.h"
#include "crw_job.h"
#include "crw_log.h"
#include "crw_park.h"
#include "crw_ready.h"


#define CRW_WORKER_ROUND   4        /* jobs taken before events are looked at */
#define CRW_WORKER_END_US  (5 * 1000000)


static int crw_worker_open(crw_worker_t *worker,
    const crw_worker_start_t *start, crw_error_t *err);
static int crw_worker_jobs(crw_worker_t *worker, crw_error_t *err);
static void crw_worker_cycle(crw_worker_t *worker);
static int crw_worker_look(crw_worker_t *worker);
static int crw_worker_take(crw_worker_t *worker);
static int crw_worker_waiting(crw_worker_t *worker);
static int crw_worker_lock(pthread_mutex_t *mutex);
static int crw_worker_control(crw_worker_t *worker);
static void crw_worker_message(crw_event_t *ev, uint32_t events);
static void crw_worker_bell(crw_event_t *ev, uint32_t events);
static void crw_worker_stop(crw_worker_t *worker);
static void crw_worker_tell(crw_worker_t *worker, crw_tell_e type,
    const crw_family_t *family, const char *text);
static void crw_worker_ready(crw_box_t *box);
static void crw_worker_version(crw_family_t *family);
static void crw_worker_health(crw_family_t *family);


static const crw_pool_hooks_t  crw_worker_hooks = {
    crw_worker_ready,
    crw_job_exited,
    crw_job_gone,
    crw_job_oom,
    crw_job_io,
    crw_worker_version,
    crw_worker_health
};


void
crw_worker_main(const crw_worker_start_t *start)
{
    uint64_t             end_us;
    crw_error_t          err;
    static crw_worker_t  worker;

    crw_log_init(start->config->log_level, "worker");

    /* everything below dies with its parent, too: a killed pool is gone */

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 || getppid() != start->master) {
        _exit(1);
    }

    if (crw_worker_open(&worker, start, &err) != 0) {
        crw_log(CRW_LOG_ERROR, "worker %u: %s", start->index, err.text);
        _exit(1);
    }

    crw_log(CRW_LOG_INFO, "worker %u started", worker.index);

    while (!worker.stopping
           && !(worker.retiring && worker.running == 0))
    {
        crw_worker_cycle(&worker);
    }

    crw_worker_stop(&worker);
    end_us = crw_monotonic_us() + CRW_WORKER_END_US;

    while (!crw_pool_stopped(&worker.pool) && crw_monotonic_us() < end_us) {
        crw_loop_once(&worker.loop, 100);
    }

    if (!crw_pool_stopped(&worker.pool)) {
        crw_log(CRW_LOG_WARN, "worker %u leaves boxes behind", worker.index);
    }

    crw_log(CRW_LOG_INFO, "worker %u ended", worker.index);

    _exit(0);
}


static int
crw_worker_open(crw_worker_t *worker, const crw_worker_start_t *start,
    crw_error_t *err)
{
    long         n;
    size_t       timers;
    crw_pool_t  *pool;

    n = sysconf(_SC_NPROCESSORS_ONLN);

    worker->processors = (n < 1) ? 1 : (uint32_t) n;
    worker->index = start->index;
    worker->segment = start->segment;
    worker->self = cr_segment_worker(start->segment, start->index);
    worker->mutex = start->mutex;
    worker->channels = start->channels;

    pool = &worker->pool;
    pool->loop = &worker->loop;
    pool->config = start->config;
    pool->base = start->base;
    pool->hooks = &crw_worker_hooks;
    pool->data = worker;
    pool->worker = start->index;
    pool->first_box = start->first_box;
    pool->rootless = start->rootless;

    crw_event_init(&worker->bell, crw_worker_bell, worker);
    crw_event_init(&worker->link, crw_worker_message, worker);

    timers = crw_pool_timers(start->config)
             + 4 * crw_pool_boxes(start->config);

    if (crw_loop_init(&worker->loop, timers, err) != 0
        || crw_worker_jobs(worker, err) != 0)
    {
        return -1;
    }

    if (crw_event_add(&worker->loop, &worker->bell, start->bell,
                      EPOLLIN | EPOLLET)
        == -1
        || crw_event_add(&worker->loop, &worker->link, start->link, EPOLLIN)
           == -1)
    {
        return crw_error_set(err, errno, "epoll_ctl failed");
    }

    return crw_pool_start(pool, 0, err);
}


static int
crw_worker_jobs(crw_worker_t *worker, crw_error_t *err)
{
    uint32_t  i, n;

    n = crw_pool_boxes(worker->pool.config);

    worker->park = n;
    n += worker->park;

    worker->jobs = crw_fault("worker_jobs") == -1
                   ? NULL : calloc(n, sizeof(crw_job_t));
    worker->by_slot = calloc(worker->segment->geometry.slots,
                             sizeof(crw_job_t *));

    if (worker->jobs == NULL || worker->by_slot == NULL) {
        return crw_error_set(err, errno, "no memory for jobs");
    }

    for (i = 0; i < n; i++) {
        crw_job_init(&worker->jobs[i], worker);
    }

    return 0;
}


static void
crw_worker_cycle(crw_worker_t *worker)
{
    cr_worker_t  *self;

    self = worker->self;

    if (crw_worker_look(worker)) {
        crw_loop_once(&worker->loop, 0);
        return;
    }

    atomic_store(&self->running, worker->running);
    atomic_store(&self->ready,
                 worker->retiring ? 0 : crw_pool_ready(&worker->pool));
    atomic_store(&self->armed, 1);

    if (crw_worker_look(worker)) {
        atomic_store(&self->armed, 0);
        crw_loop_once(&worker->loop, 0);
        return;
    }

    crw_loop_once(&worker->loop, -1);

    atomic_store(&self->armed, 0);
}


/* 1 when there was something to do */

static int
crw_worker_look(crw_worker_t *worker)
{
    int  found;

    found = crw_worker_control(worker);

    return crw_worker_take(worker) || found;
}


static int
crw_worker_take(crw_worker_t *worker)
{
    int       rc;
    uint32_t  n, index;
    uint64_t  word;

    for (n = 0; n < CRW_WORKER_ROUND; n++) {

        if (worker->retiring || worker->stopping || crw_park_full(worker)
            || crw_pool_ready(&worker->pool) == 0
            || !crw_worker_waiting(worker))
        {
            break;
        }

        if (crw_worker_lock(worker->mutex) != 0) {
            break;
        }

        rc = cr_consume_next(worker->segment, worker->index, &worker->hint,
                             &index, &word);

        (void) pthread_mutex_unlock(worker->mutex);

        if (rc != 1) {
            break;
        }

        crw_job_start(worker, index, word);
    }

    return n != 0;
}


/* a look without the mutex: most rounds find all rings empty */

static int
crw_worker_waiting(crw_worker_t *worker)
{
    uint32_t  c;

    for (c = 0; c < worker->segment->geometry.channels; c++) {
        if (cr_ring_count(cr_segment_ring(worker->segment, c),
                          worker->segment->geometry.ring)
            != 0)
        {
            return 1;
        }
    }

    return 0;
}


static int
crw_worker_lock(pthread_mutex_t *mutex)
{
    int  rc;

    rc = pthread_mutex_lock(mutex);

    if (rc == EOWNERDEAD) {
        /* what it protects needs no repair, see ipc/cr_consume.h */
        rc = pthread_mutex_consistent(mutex);
    }

    if (rc != 0) {
        crw_log(CRW_LOG_ERROR, "the consumers' mutex is lost: %s",
                strerror(rc));
    }

    return rc;
}


static int
crw_worker_control(crw_worker_t *worker)
{
    int                   starved, found;
    uint32_t              c;
    uint64_t              bits;
    cr_control_t         *ring;
    cr_control_header_t   header;

    if (atomic_load(&worker->self->control) == 0) {
        return 0;
    }

    found = 0;
    bits = atomic_exchange(&worker->self->control, 0);

    for (c = 0; bits != 0 && c < worker->segment->geometry.channels; c++) {

        if ((bits & (uint64_t) 1 << c) == 0) {
            continue;
        }

        bits &= ~((uint64_t) 1 << c);
        ring = cr_segment_control(worker->segment, c, worker->index);

        while (cr_control_pop(ring, &header, worker->payload, &starved) == 1)
        {
            found = 1;

            if (starved) {
                crw_worker_ring(worker, (uint64_t) 1 << c);
            }

            crw_job_control(worker, &header, worker->payload);
        }
    }

    return found;
}


void
crw_worker_ring(crw_worker_t *worker, uint64_t channels)
{
    uint32_t  c;
    uint64_t  one;

    one = 1;

    for (c = 0; channels != 0; c++, channels >>= 1) {

        if ((channels & 1) != 0
            && write(worker->channels[c], &one, sizeof(one)) == -1)
        {
            crw_log(CRW_LOG_ERROR, "ringing channel %u: %s", c,
                    strerror(errno));
        }
    }
}


static void
crw_worker_bell(crw_event_t *ev, uint32_t events)
{
    (void) ev;
    (void) events;
}


static void
crw_worker_message(crw_event_t *ev, uint32_t events)
{
    ssize_t        n;
    crw_tell_t     tell;
    crw_worker_t  *worker = ev->data;

    (void) events;

    n = recv(ev->fd, &tell, sizeof(tell), MSG_DONTWAIT);

    if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }

    if (n != (ssize_t) sizeof(tell)) {
        /* the master is gone; the signal of its death may come a bit later */
        _exit(1);
    }

    if (tell.type == CRW_TELL_RETIRE) {
        worker->retiring = 1;
        return;
    }

    if (tell.type == CRW_TELL_STOP) {
        worker->stopping = 1;
    }
}


/* jobs that still run end through crw_job_gone with the pool's stop as text */

static void
crw_worker_stop(crw_worker_t *worker)
{
    worker->stopping = 1;

    atomic_store(&worker->self->ready, 0);

    crw_park_end(worker, CR_NONE, "the pool stopped");
    crw_pool_stop(&worker->pool);

    atomic_store(&worker->self->running, 0);
}


static void
crw_worker_tell(crw_worker_t *worker, crw_tell_e type,
    const crw_family_t *family, const char *text)
{
    crw_tell_t  tell;

    memset(&tell, 0, sizeof(tell));
    tell.type = type;
    tell.language = family->index;
    tell.failures = family->failures;
    (void) snprintf(tell.text, sizeof(tell.text), "%s", text);

    if (send(worker->link.fd, &tell, sizeof(tell),
             MSG_DONTWAIT | MSG_NOSIGNAL)
        == -1)
    {
        crw_log(CRW_LOG_WARN, "telling the master: %s", strerror(errno));
    }
}


static void
crw_worker_ready(crw_box_t *box)
{
    crw_job_t     *job;
    crw_worker_t  *worker;

    worker = box->family->pool->data;

    (void) atomic_fetch_add(&worker->self->sandboxes_built, 1);

    if (!worker->told_ready) {
        worker->told_ready = 1;
        crw_worker_tell(worker, CRW_TELL_READY, box->family, "");
    }

    job = crw_park_take(worker, box->family->index);

    if (job != NULL) {
        crw_job_run(job, crw_ready_take(box->family));
    }
}


static void
crw_worker_version(crw_family_t *family)
{
    crw_worker_tell(family->pool->data, CRW_TELL_VERSION, family,
                    family->version);
}


static void
crw_worker_health(crw_family_t *family)
{
    crw_worker_t  *worker;

    worker = family->pool->data;

    if (family->failures != 0) {
        (void) atomic_fetch_add(&worker->self->sandboxes_failed, 1);
    }

    crw_worker_tell(worker,
                    (family->failures != 0) ? CRW_TELL_TROUBLE
                                            : CRW_TELL_FINE,
                    family, family->trouble);

    if (family->failures >= CRW_JOB_FAILURES && family->nready == 0) {
        crw_park_end(worker, family->index, family->trouble);
    }
}
