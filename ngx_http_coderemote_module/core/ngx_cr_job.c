
/*
 * A job in shared memory.  Whatever is read there is copied once, under a
 * watch that keeps the slot from being used for another job.
 */


#include "ngx_cr_job.h"
#include "ngx_cr_stats.h"
#include "ngx_cr_watch.h"

#include <sys/random.h>


static const char  ngx_cr_job_lost[] = "pool restarted";


static ngx_int_t ngx_cr_job_find_in(ngx_cr_link_t *link, const uint8_t *id,
    ngx_cr_job_t *job);
static void ngx_cr_job_copy(ngx_cr_job_info_t *info, cr_slot_t *slot,
    ngx_uint_t state);
static void ngx_cr_job_set_lost(ngx_cr_job_info_t *info, ngx_cr_link_t *link);
static ngx_int_t ngx_cr_job_end(const ngx_cr_job_t *job, cr_slot_t *slot,
    uint64_t *word);
static ngx_int_t ngx_cr_job_push(const ngx_cr_job_t *job, uint32_t worker,
    ngx_uint_t type, uint64_t arg, const u_char *data, size_t len);
static ngx_int_t ngx_cr_job_random(u_char *random);


ngx_int_t
ngx_cr_job_claim(ngx_cr_link_t *link, ngx_cr_job_claim_t *claim)
{
    uint32_t       index;
    cr_segment_t  *segment;

    segment = &link->segment;

    /* entries of jobs that were cancelled stay in it until they are popped */

    if (cr_ring_count(cr_segment_ring(segment, link->index),
                      segment->geometry.ring)
        >= segment->geometry.ring)
    {
        return NGX_DECLINED;
    }

    index = cr_segment_claim(segment, link->index, &claim->word);

    if (index == CR_NONE) {
        return NGX_DECLINED;
    }

    claim->job.link = link;
    claim->job.index = index;
    claim->job.generation = cr_word_generation(claim->word);
    claim->slot = cr_segment_slot(segment, index);

    cr_request_init(&claim->request, cr_segment_request(segment, index),
                    segment->geometry.request_size);

    return NGX_OK;
}


ngx_int_t
ngx_cr_job_submit(ngx_cr_job_claim_t *claim, cr_job_t *job)
{
    u_char            random[CR_ID_RANDOM];
    struct timeval    tv;
    ngx_cr_link_t    *link;
    cr_segment_t     *segment;

    link = claim->job.link;
    segment = &link->segment;

    if (claim->request.overflow || ngx_cr_job_random(random) != NGX_OK) {
        ngx_cr_job_abandon(claim);
        return NGX_DECLINED;
    }

    ngx_gettimeofday(&tv);

    job->created_us = (int64_t) tv.tv_sec * 1000000 + tv.tv_usec;
    job->request_len = claim->request.used;

    cr_id_create(job->id, job->created_us, random, claim->job.index);

    claim->slot->job = *job;

    if (!cr_slot_submit(claim->slot, &claim->word)) {
        return NGX_ERROR;
    }

    /* the claim has made sure of a place */

    (void) cr_ring_push(cr_segment_ring(segment, link->index),
                        segment->geometry.ring,
                        cr_handle(claim->job.index, claim->job.generation));

    ngx_cr_channel_wake(link);
    ngx_cr_stats_add(NGX_CR_STAT_SUBMITTED, 1);

    return NGX_OK;
}


void
ngx_cr_job_abandon(ngx_cr_job_claim_t *claim)
{
    (void) cr_segment_abandon(&claim->job.link->segment, claim->job.index,
                              &claim->word);
}


/* the system's generator is asked once for many ids */

static ngx_int_t
ngx_cr_job_random(u_char *random)
{
    static u_char  buf[100 * CR_ID_RANDOM];
    static size_t  left;

    if (left == 0) {
        if (getrandom(buf, sizeof(buf), GRND_NONBLOCK)
            != (ssize_t) sizeof(buf))
        {
            return NGX_ERROR;
        }

        left = sizeof(buf);
    }

    left -= CR_ID_RANDOM;
    ngx_memcpy(random, buf + left, CR_ID_RANDOM);

    return NGX_OK;
}


ngx_int_t
ngx_cr_job_find(ngx_cr_channel_t *channel, const ngx_str_t *id,
    ngx_cr_job_t *job)
{
    uint8_t         bytes[16];
    ngx_queue_t    *q;
    ngx_cr_link_t  *link;

    if (channel == NULL
        || cr_id_parse(bytes, (const char *) id->data, id->len) != 0)
    {
        return NGX_DECLINED;
    }

    if (channel->link != NULL
        && ngx_cr_job_find_in(channel->link, bytes, job) == NGX_OK)
    {
        return NGX_OK;
    }

    for (q = ngx_queue_head(&channel->old);
         q != ngx_queue_sentinel(&channel->old);
         q = ngx_queue_next(q))
    {
        link = ngx_queue_data(q, ngx_cr_link_t, queue);

        if (ngx_cr_job_find_in(link, bytes, job) == NGX_OK) {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


static ngx_int_t
ngx_cr_job_find_in(ngx_cr_link_t *link, const uint8_t *id, ngx_cr_job_t *job)
{
    uint8_t     copy[16];
    uint32_t    index;
    uint64_t    word;
    cr_slot_t  *slot;

    index = cr_id_slot(id);

    if (index >= link->segment.geometry.slots) {
        return NGX_DECLINED;
    }

    slot = cr_segment_slot(&link->segment, index);
    word = cr_slot_word(slot);

    switch (cr_word_state(word)) {

    case CR_SLOT_FREE:
    case CR_SLOT_FILLING:
        return NGX_DECLINED;
    }

    /* only a hint: whoever reads the job then holds it and looks again */

    ngx_memcpy(copy, slot->job.id, sizeof(copy));
    atomic_thread_fence(memory_order_acquire);

    if (cr_word_generation(cr_slot_word(slot)) != cr_word_generation(word)
        || ngx_memcmp(copy, id, sizeof(copy)) != 0)
    {
        return NGX_DECLINED;
    }

    job->link = link;
    job->index = index;
    job->generation = cr_word_generation(word);

    return NGX_OK;
}


ngx_int_t
ngx_cr_job_read(const ngx_cr_job_t *job, ngx_cr_job_info_t *info)
{
    uint64_t    word;
    cr_slot_t  *slot;
    ngx_uint_t  state;

    if (ngx_cr_watch_hold(job) != NGX_OK) {
        return NGX_DECLINED;
    }

    slot = cr_segment_slot(&job->link->segment, job->index);
    word = cr_slot_word(slot);
    state = cr_word_state(word);

    if (state == CR_SLOT_CLEARING && !job->link->lost) {

        /* who wants the slot has yet to see that it is held, or has seen */

        state = CR_SLOT_FINISHED;
    }

    if (state < CR_SLOT_QUEUED || state > CR_SLOT_FINISHED) {
        ngx_cr_watch_unhold(job);
        return NGX_DECLINED;
    }

    ngx_cr_job_copy(info, slot, state);

    ngx_cr_watch_unhold(job);

    info->state = state;
    info->attempt = cr_word_attempt(word);
    info->finished = (state == CR_SLOT_FINISHED);

    cr_id_format(info->job.id, (char *) info->id);

    if (!info->finished && job->link->lost) {
        ngx_cr_job_set_lost(info, job->link);
    }

    return NGX_OK;
}


/* what the other side wrote is cut to its bounds */

static void
ngx_cr_job_copy(ngx_cr_job_info_t *info, cr_slot_t *slot, ngx_uint_t state)
{
    info->job = slot->job;
    info->job.owner_len = ngx_min(info->job.owner_len, CR_OWNER_MAX);

    if (state == CR_SLOT_FINISHED) {
        info->result = slot->result;
        info->result.error[CR_ERROR_MAX - 1] = '\0';

        if (cr_status_name(info->result.status) == NULL) {
            info->result.status = CR_STATUS_ERROR;
        }

        return;
    }

    ngx_memzero(&info->result, sizeof(cr_result_t));
    info->result.exit_code = -1;

    if (state == CR_SLOT_RUNNING) {
        info->result.started_us = slot->result.started_us;
    }
}


/* the pool that would have finished it is gone */

static void
ngx_cr_job_set_lost(ngx_cr_job_info_t *info, ngx_cr_link_t *link)
{
    cr_result_t  *result;

    result = &info->result;

    info->finished = 1;
    info->state = CR_SLOT_FINISHED;

    result->status = CR_STATUS_ERROR;
    result->finished_us = link->lost_us;

    if (result->started_us != 0 && result->started_us < link->lost_us) {
        result->execution_us = link->lost_us - result->started_us;
    }

    ngx_memcpy(result->error, ngx_cr_job_lost, sizeof(ngx_cr_job_lost));
}


ngx_uint_t
ngx_cr_job_ended(const ngx_cr_job_t *job)
{
    uint64_t  word;

    word = cr_slot_word(cr_segment_slot(&job->link->segment, job->index));

    return job->link->lost
           || cr_word_generation(word) != job->generation
           || cr_word_state(word) >= CR_SLOT_FINISHED;
}


const char *
ngx_cr_job_status(const ngx_cr_job_info_t *info)
{
    if (info->finished) {
        return cr_status_name(info->result.status);
    }

    return (info->state == CR_SLOT_RUNNING) ? "running" : "queued";
}


ngx_int_t
ngx_cr_job_cancel(const ngx_cr_job_t *job)
{
    uint64_t    word;
    ngx_int_t   rc;
    cr_slot_t  *slot;

    if (job->link->lost) {
        return NGX_DECLINED;
    }

    slot = cr_segment_slot(&job->link->segment, job->index);

    for ( ;; ) {
        word = cr_slot_word(slot);

        if (cr_word_generation(word) != job->generation) {
            return NGX_DECLINED;
        }

        switch (cr_word_state(word)) {

        case CR_SLOT_QUEUED:
            rc = ngx_cr_job_end(job, slot, &word);

            if (rc != NGX_DECLINED) {
                return rc;
            }

            /* a pool worker was faster: look again */

            continue;

        case CR_SLOT_STARTING:
        case CR_SLOT_RUNNING:
            return ngx_cr_job_push(job, cr_word_worker(word),
                                   CR_CONTROL_CANCEL, 0, NULL, 0);

        default:
            return NGX_DECLINED;
        }
    }
}


/*
 * A job that no worker has yet ends here.  Other nginx workers may watch it:
 * only the pool can ring their doorbells, and it does for a cancel of a job
 * that has ended, whichever worker gets it.
 */

static ngx_int_t
ngx_cr_job_end(const ngx_cr_job_t *job, cr_slot_t *slot, uint64_t *word)
{
    cr_result_t     *result;
    struct timeval   tv;

    if (!cr_slot_end(slot, word, job->link->index)) {
        return NGX_DECLINED;
    }

    ngx_gettimeofday(&tv);

    result = &slot->result;
    ngx_memzero(result, sizeof(cr_result_t));

    result->status = CR_STATUS_CANCELLED;
    result->exit_code = -1;
    result->finished_us = (int64_t) tv.tv_sec * 1000000 + tv.tv_usec;

    if (!cr_slot_finish(slot, word)) {
        return NGX_ERROR;
    }

    if (atomic_load(&slot->watchers) != 0) {
        (void) ngx_cr_job_push(job, 0, CR_CONTROL_CANCEL, 0, NULL, 0);
    }

    return NGX_OK;
}


ngx_int_t
ngx_cr_job_control(const ngx_cr_job_t *job, ngx_uint_t type, uint64_t arg,
    const u_char *data, size_t len)
{
    uint64_t    word;
    cr_slot_t  *slot;

    if (job->link->lost) {
        return NGX_DECLINED;
    }

    slot = cr_segment_slot(&job->link->segment, job->index);
    word = cr_slot_word(slot);

    if (cr_word_generation(word) != job->generation) {
        return NGX_DECLINED;
    }

    switch (cr_word_state(word)) {

    case CR_SLOT_QUEUED:
        return NGX_AGAIN;

    case CR_SLOT_STARTING:
    case CR_SLOT_RUNNING:
        return ngx_cr_job_push(job, cr_word_worker(word), type, arg, data,
                               len);

    default:
        return NGX_DECLINED;
    }
}


static ngx_int_t
ngx_cr_job_push(const ngx_cr_job_t *job, uint32_t worker, ngx_uint_t type,
    uint64_t arg, const u_char *data, size_t len)
{
    int                   rc;
    cr_segment_t         *segment;
    cr_control_header_t   header;

    segment = &job->link->segment;

    if (worker >= segment->geometry.workers || len > CR_CONTROL_PAYLOAD) {
        return NGX_DECLINED;
    }

    header.len = len;
    header.type = type;
    header.slot = job->index;
    header.generation = job->generation;
    header.arg = arg;

    rc = cr_control_push(cr_segment_control(segment, job->link->index, worker),
                         &header, data);

    /* a full ring too: the worker may sleep on what is in it */

    ngx_cr_channel_wake_worker(job->link, worker);

    return (rc == 0) ? NGX_OK : NGX_AGAIN;
}


void
ngx_cr_job_delivered(const ngx_cr_job_t *job)
{
    cr_slot_t  *slot;

    slot = cr_segment_slot(&job->link->segment, job->index);

    (void) cr_slot_deliver(slot, job->link->index, job->generation);
}


void
ngx_cr_job_keep(const ngx_cr_job_t *job)
{
    cr_slot_t  *slot;

    slot = cr_segment_slot(&job->link->segment, job->index);

    if (cr_word_generation(cr_slot_word(slot)) == job->generation) {
        (void) __atomic_and_fetch(&slot->job.flags,
                                  ~(uint32_t) CR_JOB_WAITED,
                                  __ATOMIC_SEQ_CST);
    }
}


ngx_uint_t
ngx_cr_job_count(ngx_cr_link_t *link, uint64_t owner_hash)
{
    uint32_t     i;
    cr_slot_t   *slot;
    ngx_uint_t   n;

    n = 0;

    for (i = 0; i < link->segment.geometry.slots; i++) {
        slot = cr_segment_slot(&link->segment, i);

        switch (cr_word_state(cr_slot_word(slot))) {

        case CR_SLOT_QUEUED:
        case CR_SLOT_STARTING:
        case CR_SLOT_RUNNING:
            n += (slot->job.owner_hash == owner_hash);
            break;

        default:
            break;
        }
    }

    return n;
}
