
/*
 * Who wants to know when a job changes.
 *
 * A slot's queue exists in each nginx worker; this channel's bit in the
 * slot's watchers, in shared memory, is set while that queue is not empty.
 * The bit is set before the word is looked at, and the pool changes the slot
 * before it looks at the bits, so no change falls between; and while it is
 * set nobody uses the slot for another job (cr_slot.h, reader protocol).
 *
 * Handlers may delete any watch and free it.  A queue is therefore moved to
 * the stack before its handlers run and emptied from the front: a watch that
 * a handler deletes leaves whichever queue it is in.
 */


#include "ngx_cr_watch.h"


/* slots served before the event loop gets its turn */

#define NGX_CR_WATCH_TURN  256


static void ngx_cr_watch_slot(ngx_cr_link_t *link, uint32_t index);
static void ngx_cr_watch_clear(ngx_cr_link_t *link, uint32_t index);
static void ngx_cr_watch_unblock(ngx_cr_link_t *link);
static void ngx_cr_watch_release(ngx_cr_link_t *link);


ngx_int_t
ngx_cr_watch_init(ngx_cr_link_t *link, ngx_log_t *log)
{
    uint32_t  i, n;

    n = link->segment.geometry.slots;

    link->slots = ngx_alloc(n * sizeof(ngx_queue_t), log);
    if (link->slots == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        ngx_queue_init(&link->slots[i]);
    }

    ngx_queue_init(&link->blocked);
    link->serving = CR_NONE;

    return NGX_OK;
}


void
ngx_cr_watch_done(ngx_cr_link_t *link)
{
    if (link->slots != NULL) {
        ngx_free(link->slots);
        link->slots = NULL;
    }
}


ngx_int_t
ngx_cr_watch_add(ngx_cr_watch_t *watch, const ngx_cr_job_t *job)
{
    ngx_cr_link_t  *link;

    if (ngx_cr_watch_hold(job) != NGX_OK) {
        return NGX_DECLINED;
    }

    link = job->link;

    watch->job = *job;
    watch->added = 1;
    watch->waits = 0;

    ngx_queue_insert_tail(&link->slots[job->index], &watch->queue);
    link->nwatches++;

    return NGX_OK;
}


ngx_int_t
ngx_cr_watch_hold(const ngx_cr_job_t *job)
{
    uint64_t        word;
    cr_slot_t      *slot;
    ngx_cr_link_t  *link;

    link = job->link;
    slot = cr_segment_slot(&link->segment, job->index);

    if (!link->lost
        && ngx_queue_empty(&link->slots[job->index])
        && !cr_slot_watch(slot, link->index, NULL, &word))
    {
        return NGX_DECLINED;
    }

    if (cr_word_generation(cr_slot_word(slot)) != job->generation) {
        ngx_cr_watch_clear(link, job->index);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


void
ngx_cr_watch_unhold(const ngx_cr_job_t *job)
{
    ngx_cr_watch_clear(job->link, job->index);
}


void
ngx_cr_watch_del(ngx_cr_watch_t *watch)
{
    ngx_cr_link_t  *link;

    if (!watch->added) {
        return;
    }

    link = watch->job.link;

    if (watch->waits) {
        ngx_queue_remove(&watch->blocked);
        watch->waits = 0;
    }

    ngx_queue_remove(&watch->queue);
    watch->added = 0;

    ngx_cr_watch_clear(link, watch->job.index);
    ngx_cr_watch_release(link);
}


void
ngx_cr_watch_block(ngx_cr_watch_t *watch)
{
    if (!watch->added || watch->waits) {
        return;
    }

    ngx_queue_insert_tail(&watch->job.link->blocked, &watch->blocked);
    watch->waits = 1;
}


ngx_int_t
ngx_cr_watch_ring(ngx_cr_link_t *link)
{
    uint32_t   index, n;
    ngx_int_t  rc;

    rc = NGX_OK;
    link->nwatches++;

    ngx_cr_watch_unblock(link);

    for (n = 0; /* void */ ; n++) {

        if (n == NGX_CR_WATCH_TURN) {
            rc = NGX_AGAIN;
            break;
        }

        index = cr_channel_next(&link->segment, link->index);

        if (index == CR_NONE) {
            cr_channel_arm(&link->segment, link->index);

            index = cr_channel_next(&link->segment, link->index);
            if (index == CR_NONE) {
                break;
            }
        }

        if (index < link->segment.geometry.slots) {
            ngx_cr_watch_slot(link, index);
        }
    }

    ngx_cr_watch_release(link);

    return rc;
}


void
ngx_cr_watch_lost(ngx_cr_link_t *link)
{
    uint32_t  i;

    link->nwatches++;

    for (i = 0; i < link->segment.geometry.slots; i++) {
        if (!ngx_queue_empty(&link->slots[i])) {
            ngx_cr_watch_slot(link, i);
        }
    }

    ngx_cr_watch_release(link);
}


static void
ngx_cr_watch_slot(ngx_cr_link_t *link, uint32_t index)
{
    ngx_queue_t      turn, *q, *queue;
    ngx_cr_watch_t  *watch;

    queue = &link->slots[index];

    if (ngx_queue_empty(queue)) {
        return;
    }

    ngx_queue_init(&turn);
    ngx_queue_add(&turn, queue);
    ngx_queue_init(queue);

    link->serving = index;

    while (!ngx_queue_empty(&turn)) {
        q = ngx_queue_head(&turn);

        ngx_queue_remove(q);
        ngx_queue_insert_tail(queue, q);

        watch = ngx_queue_data(q, ngx_cr_watch_t, queue);
        watch->handler(watch);
    }

    link->serving = CR_NONE;

    ngx_cr_watch_clear(link, index);
}


static void
ngx_cr_watch_unblock(ngx_cr_link_t *link)
{
    ngx_queue_t      turn, *q;
    ngx_cr_watch_t  *watch;

    if (ngx_queue_empty(&link->blocked)) {
        return;
    }

    ngx_queue_init(&turn);
    ngx_queue_add(&turn, &link->blocked);
    ngx_queue_init(&link->blocked);

    while (!ngx_queue_empty(&turn)) {
        q = ngx_queue_head(&turn);

        ngx_queue_remove(q);

        watch = ngx_queue_data(q, ngx_cr_watch_t, blocked);
        watch->waits = 0;
        watch->handler(watch);
    }
}


/*
 * The last watch of a slot takes the bit with it.  While the slot's handlers
 * run the others may be on the stack: then ngx_cr_watch_slot() does it.
 */

static void
ngx_cr_watch_clear(ngx_cr_link_t *link, uint32_t index)
{
    if (link->lost
        || link->serving == index
        || !ngx_queue_empty(&link->slots[index]))
    {
        return;
    }

    cr_slot_unwatch(cr_segment_slot(&link->segment, index), link->index);
}


/* a lost link that is old and unwatched goes with its last watch */

static void
ngx_cr_watch_release(ngx_cr_link_t *link)
{
    link->nwatches--;

    if (link->lost && link->nwatches == 0) {
        ngx_cr_channel_prune(link->channel);
    }
}
