/*
 * The life of a job in a pool worker.
 *
 * Two short paths matter: from the ring to the JOB message, and from the EXIT
 * message to the doorbell.  Everything else (killing, closing, building the
 * next sandbox) comes after the bell.
 */

#include "crw_job.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../ipc/cr_request.h"
#include "crw_box.h"
#include "crw_log.h"
#include "crw_park.h"
#include "crw_ready.h"


#define CRW_JOB_MARK_US  2000


static const char *crw_job_check(crw_job_t *job);
static const char *crw_job_copy(crw_job_t *job);
static int crw_job_take_input(crw_job_t *job);
static void crw_job_clip(cr_limits_t *limits, const crw_language_t *lang);
static void crw_job_clip_one(uint32_t *value, uint32_t max);
static void crw_job_finish(crw_job_t *job, const crw_exit_msg_t *msg);
static void crw_job_count(crw_job_t *job, const cr_result_t *result);
static void crw_job_free(crw_job_t *job);
static void crw_job_mark_timer(crw_timer_t *timer);


void
crw_job_init(crw_job_t *job, crw_worker_t *worker)
{
    job->worker = worker;

    crw_timer_init(&job->wall, crw_job_wall_timer, job);
    crw_timer_init(&job->cpu, crw_job_cpu_timer, job);
    crw_timer_init(&job->mark, crw_job_mark_timer, job);
    crw_timer_init(&job->pace, crw_job_pace, job);

    job->next = worker->free;
    worker->free = job;
}


void
crw_job_start(crw_worker_t *worker, uint32_t index, uint64_t word)
{
    crw_box_t     *box;
    crw_job_t     *job;
    const char    *wrong;
    crw_family_t  *family;

    job = worker->free;
    worker->free = job->next;

    job->box = NULL;
    job->index = index;
    job->word = word;
    job->slot = cr_segment_slot(worker->segment, index);
    job->log = cr_segment_log(worker->segment, index);
    job->request = NULL;
    job->request_sent = 0;
    job->header_sent = 0;
    job->input = NULL;
    job->input_len = 0;
    job->input_sent = 0;
    job->input_size = 0;
    job->input_eof = 0;
    job->pacing = 0;
    job->truncated = 0;
    job->output = 0;
    job->tail_len = 0;
    job->started_us = 0;
    job->started_wall_us = 0;
    job->verdict = CR_STATUS_NONE;
    job->limit = CR_LIMIT_NONE;
    job->error[0] = '\0';

    memcpy(&job->job, &job->slot->job, sizeof(cr_job_t));

    worker->by_slot[index] = job;
    worker->running++;

    wrong = crw_job_check(job);

    if (wrong != NULL) {
        crw_job_end(job, CR_STATUS_ERROR, CR_LIMIT_NONE, wrong);
        return;
    }

    family = &worker->pool.families[job->job.language];
    box = crw_ready_take(family);

    if (box == NULL) {
        crw_park_add(job);

        if (family->failures >= CRW_JOB_FAILURES) {
            crw_park_end(worker, family->index, family->trouble);
        }

        return;
    }

    crw_job_run(job, box);
}


/* NULL, or what is wrong with it: nginx has checked it, so this is no user's
   mistake */

static const char *
crw_job_check(crw_job_t *job)
{
    cr_limits_t  *limits;
    crw_pool_t   *pool;

    pool = &job->worker->pool;
    limits = &job->job.limits;

    if (job->job.language >= pool->nfamilies) {
        return "no such language here";
    }

    if (job->job.request_len == 0
        || job->job.request_len > job->worker->segment->geometry.request_size)
    {
        return "the request's length is out of range";
    }

    if (limits->timeout_ms == 0 || limits->cpu_ms == 0
        || limits->memory_kb == 0 || limits->output_bytes == 0
        || limits->processes == 0)
    {
        return "a limit is zero";
    }

    crw_job_clip(limits, &pool->config->languages[job->job.language]);

    return crw_job_copy(job);
}


/* what nginx asks for cannot pass what this pool's files allow */

static void
crw_job_clip(cr_limits_t *limits, const crw_language_t *lang)
{
    crw_job_clip_one(&limits->timeout_ms, lang->timeout_ms.max);
    crw_job_clip_one(&limits->cpu_ms, lang->cpu_ms.max);
    crw_job_clip_one(&limits->memory_kb, lang->memory_mb.max * 1024);
    crw_job_clip_one(&limits->output_bytes, lang->output_kb.max * 1024);
    crw_job_clip_one(&limits->processes, lang->processes.max);
}


static void
crw_job_clip_one(uint32_t *value, uint32_t max)
{
    if (*value > max) {
        *value = max;
    }
}


/* the arena is read once; after this, only our copy */

static const char *
crw_job_copy(crw_job_t *job)
{
    job->request_len = job->job.request_len;
    job->request = malloc(job->request_len);

    if (job->request == NULL) {
        return "no memory for the request";
    }

    memcpy(job->request,
           cr_segment_request(job->worker->segment, job->index),
           job->request_len);

    if (cr_request_check(job->request, job->request_len) != 0) {
        return "the request's records are malformed";
    }

    if (crw_job_take_input(job) != 0) {
        return "stdin is longer than 4 MiB, or there is no memory for it";
    }

    return NULL;
}


/* the stdin record goes into the pipe, not into the sandbox's memory */

static int
crw_job_take_input(crw_job_t *job)
{
    int                   rc;
    size_t                from;
    cr_record_t           record;
    const uint8_t        *data;
    cr_request_reader_t   reader;

    cr_request_open(&reader, job->request, job->request_len);

    for ( ;; ) {
        from = reader.used;
        rc = cr_request_next(&reader, &record, &data);

        if (rc != 1) {
            break;
        }

        if (record.kind == CR_RECORD_STDIN) {
            if (crw_job_input(job, data, record.len) != 0) {
                return -1;
            }

            memmove(job->request + from, job->request + reader.used,
                    job->request_len - reader.used);
            job->request_len -= reader.used - from;
            break;
        }
    }

    if ((job->job.flags & CR_JOB_INTERACTIVE) == 0) {
        job->input_eof = 1;
    }

    return 0;
}


void
crw_job_run(crw_job_t *job, crw_box_t *box)
{
    crw_error_t  err;

    job->box = box;
    box->job = job;

    /* no system call, unless a stale event made the box look away */

    if (crw_event_watch(&job->worker->loop, &box->out, EPOLLIN) == -1
        || crw_event_watch(&job->worker->loop, &box->err, EPOLLIN) == -1)
    {
        crw_job_end(job, CR_STATUS_ERROR, CR_LIMIT_NONE,
                    "watching the job's output failed");
        return;
    }

    if (crw_job_limits(job, &err) != 0) {
        crw_log(CRW_LOG_ERROR, "box %u: %s", box->number, err.text);
        crw_job_end(job, CR_STATUS_ERROR, CR_LIMIT_NONE,
                    "setting the job's cgroup limits failed");
        return;
    }

    job->started_us = crw_monotonic_us();
    job->started_wall_us = crw_wall_us();
    job->slot->result.started_us = job->started_wall_us;

    if (!cr_slot_run(job->slot, &job->word)) {
        /* the master took us for dead: the job is somebody else's now */
        crw_job_end(job, CR_STATUS_ERROR, CR_LIMIT_NONE,
                    "the slot changed under its worker");
        return;
    }

    if (crw_job_send(job) != 0) {
        crw_job_end(job, CR_STATUS_ERROR, CR_LIMIT_NONE,
                    "the sandbox did not take the job");
        return;
    }

    crw_job_input_write(job);
    crw_job_timers(job);
    crw_job_mark(job, 0);
}


void
crw_job_end(crw_job_t *job, cr_status_e status, cr_limit_e limit,
    const char *error)
{
    if (job->verdict != CR_STATUS_NONE) {
        return;
    }

    job->verdict = status;
    job->limit = limit;

    if (error != NULL) {
        (void) snprintf(job->error, sizeof(job->error), "%s", error);
    }

    if (job->box == NULL) {
        crw_job_finish(job, NULL);
        return;
    }

    /* what is in the pipes stays there until everything is dead */

    crw_timer_cancel(&job->worker->loop, &job->pace);
    (void) crw_event_watch(&job->worker->loop, &job->box->out, 0);
    (void) crw_event_watch(&job->worker->loop, &job->box->err, 0);

    crw_box_kill(job->box);
}


void
crw_job_control(crw_worker_t *worker, const cr_control_header_t *header,
    const uint8_t *payload)
{
    crw_job_t  *job;

    if (header->slot >= worker->segment->geometry.slots) {
        return;
    }

    job = worker->by_slot[header->slot];

    if (job == NULL || job->verdict != CR_STATUS_NONE
        || cr_word_generation(job->word) != header->generation)
    {
        /*
         * It has ended meanwhile.  An nginx worker that cancels a job out of
         * the queue cannot ring the others that watch it: that is done here.
         */

        if (header->type == CR_CONTROL_CANCEL) {
            crw_worker_ring(worker,
                            cr_segment_mark(worker->segment, header->slot));
        }

        return;
    }

    switch (header->type) {

    case CR_CONTROL_STDIN:
        if (crw_job_input(job, payload, header->len) != 0) {
            crw_job_end(job, CR_STATUS_ERROR, CR_LIMIT_NONE,
                        "more stdin waited than the pool keeps");
            return;
        }

        crw_job_input_write(job);
        return;

    case CR_CONTROL_EOF:
        crw_job_input_eof(job);
        return;

    case CR_CONTROL_SIGNAL:
        if (job->box != NULL && header->arg > 0 && header->arg < NSIG) {
            (void) crw_box_signal(job->box, (int) header->arg);
        }

        return;

    case CR_CONTROL_CANCEL:
        crw_job_end(job, CR_STATUS_CANCELLED, CR_LIMIT_NONE, NULL);
        return;

    default:
        return;
    }
}


void
crw_job_exited(crw_box_t *box, const crw_exit_msg_t *msg)
{
    crw_job_finish(box->job, msg);
}


void
crw_job_gone(crw_box_t *box, const char *step, int errnum)
{
    crw_job_t  *job = box->job;

    if (job->verdict == CR_STATUS_NONE) {
        job->verdict = CR_STATUS_ERROR;

        (void) snprintf(job->error, sizeof(job->error), "%.60s%s%.40s", step,
                        (errnum != 0) ? ": " : "",
                        (errnum != 0) ? strerror(errnum) : "");
    }

    crw_job_finish(job, NULL);
}


/*
 * 'msg' is NULL when the program did not end by itself.  The result is
 * complete before the word says FINISHED; then the bell, then the rest.
 */

static void
crw_job_finish(crw_job_t *job, const crw_exit_msg_t *msg)
{
    uint64_t       now_us;
    crw_box_t     *box;
    cr_result_t    result;
    crw_worker_t  *worker;

    worker = job->worker;
    box = job->box;
    now_us = crw_monotonic_us();

    memset(&result, 0, sizeof(cr_result_t));
    result.started_us = job->started_wall_us;
    result.exit_code = -1;

    if (job->started_us != 0) {
        result.execution_us = now_us - job->started_us;
        crw_job_drain(job);
        crw_job_figures(job, &result, msg);
    }

    crw_job_verdict(job, &result, msg);

    /* the wall clock may have been set back meanwhile */

    result.finished_us = (job->started_us != 0)
                         ? job->started_wall_us + (int64_t) result.execution_us
                         : crw_wall_us();

    if (cr_slot_word(job->slot) == job->word) {
        memcpy(&job->slot->result, &result, sizeof(cr_result_t));

        if (cr_slot_finish(job->slot, &job->word)) {
            crw_job_mark(job, 1);
            crw_job_count(job, &result);
        }
    }

    worker->by_slot[job->index] = NULL;
    worker->running--;

    if (box == NULL) {
        crw_park_remove(job);
    }

    crw_job_free(job);

    if (box != NULL) {
        crw_box_release(box);
    }
}


static void
crw_job_count(crw_job_t *job, const cr_result_t *result)
{
    int64_t       queue_us;
    cr_worker_t  *self;

    self = job->worker->self;

    (void) atomic_fetch_add(&self->finished[result->status], 1);
    (void) atomic_fetch_add(&self->cpu_us, result->cpu_us);
    (void) atomic_fetch_add(&self->wall_us, result->execution_us);
    (void) atomic_fetch_add(&self->output_bytes, job->output);

    queue_us = result->started_us - job->job.created_us;

    if (result->started_us != 0 && queue_us > 0) {
        (void) atomic_fetch_add(&self->queue_us, (uint64_t) queue_us);
    }
}


static void
crw_job_free(crw_job_t *job)
{
    crw_loop_t  *loop;

    loop = &job->worker->loop;

    crw_timer_cancel(loop, &job->wall);
    crw_timer_cancel(loop, &job->cpu);
    crw_timer_cancel(loop, &job->mark);
    crw_timer_cancel(loop, &job->pace);

    free(job->request);
    free(job->input);
    job->request = NULL;
    job->input = NULL;

    job->next = job->worker->free;
    job->worker->free = job;
}


/*
 * A connection that waits for the whole result gains nothing from a wake-up
 * for each step; nor does anyone from one for "running" when the first output
 * is about to follow.
 */

void
crw_job_mark(crw_job_t *job, int now)
{
    crw_worker_t  *worker;

    worker = job->worker;

    if (!now) {
        if (job->mark.place == 0) {
            crw_timer_set(&worker->loop, &job->mark, CRW_JOB_MARK_US);
        }

        return;
    }

    crw_timer_cancel(&worker->loop, &job->mark);
    crw_worker_ring(worker, cr_segment_mark(worker->segment, job->index));
}


static void
crw_job_mark_timer(crw_timer_t *timer)
{
    crw_job_mark(timer->data, 1);
}
