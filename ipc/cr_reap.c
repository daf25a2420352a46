/*
 * The death table's left column.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <string.h>

#include "cr_reap.h"


typedef struct {
    /* bit per slot: its current job waits in a ring we looked at */
    uint64_t  waiting[CR_SLOTS_MAX / 64];
} cr_reap_set_t;


static void cr_reap_ring(cr_segment_t *seg, uint32_t channel,
    cr_reap_set_t *set);
static void cr_reap_channel_slot(cr_segment_t *seg, uint32_t index,
    uint32_t channel, const cr_reap_set_t *set, int64_t now_us);
static void cr_reap_cancel(cr_segment_t *seg, uint32_t index, uint64_t word);
static void cr_reap_push(cr_segment_t *seg, uint32_t index, uint64_t word,
    int64_t now_us);
static int cr_reap_end(cr_segment_t *seg, uint32_t index, uint64_t word,
    uint32_t status, const char *text, int64_t now_us);
static void cr_reap_finish(cr_segment_t *seg, uint32_t index, uint64_t word,
    uint32_t status, const char *text, int64_t now_us);


uint64_t
cr_reap_channel(cr_segment_t *seg, uint32_t channel, int64_t now_us)
{
    uint32_t        i;
    uint64_t        ring;
    cr_slot_t      *slot;
    cr_channel_t   *ch;
    cr_reap_set_t   set;

    memset(&set, 0, sizeof(cr_reap_set_t));

    /* the only rings that a job of this channel can sit in */

    cr_reap_ring(seg, channel, &set);
    cr_reap_ring(seg, CR_CHANNEL_MASTER, &set);

    ch = cr_segment_channel(seg, channel);

    atomic_store(&ch->armed, 0);

    ring = 0;

    for (i = 0; i < seg->geometry.slots; i++) {
        slot = cr_segment_slot(seg, i);

        if ((atomic_load(&slot->watchers) & (uint64_t) 1 << channel) != 0) {
            cr_slot_unwatch(slot, channel);
        }

        if (cr_word_channel(cr_slot_word(slot)) == channel) {
            cr_reap_channel_slot(seg, i, channel, &set, now_us);

            /* also when it had ended: the dead may not have come to mark it */

            ring |= cr_segment_mark(seg, i);
        }
    }

    return ring;
}


uint64_t
cr_reap_worker(cr_segment_t *seg, uint32_t worker, int64_t now_us)
{
    uint32_t      i, state;
    uint64_t      w, ring;
    cr_slot_t    *slot;
    cr_worker_t  *dead;

    ring = 0;
    dead = cr_segment_worker(seg, worker);

    atomic_store(&dead->armed, 0);
    atomic_store(&dead->ready, 0);
    atomic_store(&dead->running, 0);
    atomic_store(&dead->control, 0);

    for (i = 0; i < seg->geometry.channels; i++) {
        if (cr_control_reset(cr_segment_control(seg, i, worker))) {
            ring |= (uint64_t) 1 << i;
        }
    }

    for (i = 0; i < seg->geometry.slots; i++) {
        slot = cr_segment_slot(seg, i);
        w = cr_slot_word(slot);
        state = cr_word_state(w);

        if (cr_word_worker(w) != worker) {
            continue;
        }

        if (state == CR_SLOT_STARTING || state == CR_SLOT_RUNNING) {

            if (cr_word_attempt(w) >= CR_ATTEMPTS) {
                cr_reap_finish(seg, i, w, CR_STATUS_ERROR,
                               "the pool worker died, twice", now_us);

            } else if (cr_slot_requeue(slot, &w)) {
                cr_reap_push(seg, i, w, now_us);
            }

        } else if (state != CR_SLOT_FINISHED) {
            continue;
        }

        /* also when it had ended: the dead may not have come to mark it */

        ring |= cr_segment_mark(seg, i);
    }

    return ring;
}


uint64_t
cr_reap_stop(cr_segment_t *seg, const char *text, int64_t now_us)
{
    uint32_t    i;
    uint64_t    w, ring;
    cr_slot_t  *slot;

    ring = 0;

    for (i = 0; i < seg->geometry.slots; i++) {
        slot = cr_segment_slot(seg, i);
        w = cr_slot_word(slot);

        switch (cr_word_state(w)) {

        case CR_SLOT_QUEUED:
            (void) cr_reap_end(seg, i, w, CR_STATUS_ERROR, text, now_us);
            break;

        case CR_SLOT_STARTING:
        case CR_SLOT_RUNNING:
            cr_reap_finish(seg, i, w, CR_STATUS_ERROR, text, now_us);
            break;

        default:
            continue;
        }

        ring |= cr_segment_mark(seg, i);
    }

    return ring;
}


uint32_t
cr_reap_expire(cr_segment_t *seg, int64_t before_us, uint32_t *hint,
    uint32_t n)
{
    int         old;
    uint32_t    index, freed;
    uint64_t    w;
    cr_slot_t  *slot;

    freed = 0;
    index = *hint < seg->geometry.slots ? *hint : 0;

    for ( /* void */ ; n != 0; n--) {
        slot = cr_segment_slot(seg, index);
        w = cr_slot_word(slot);

        /* watched for a moment, so that the result stays this job's */

        if (cr_word_state(w) == CR_SLOT_FINISHED
            && atomic_load(&slot->watchers) == 0
            && cr_slot_watch(slot, CR_CHANNEL_MASTER, NULL, &w))
        {
            old = cr_word_state(w) == CR_SLOT_FINISHED
                  && slot->result.finished_us < before_us;

            cr_slot_unwatch(slot, CR_CHANNEL_MASTER);

            if (old && cr_segment_clear(seg, index, &w)) {
                freed++;
            }
        }

        index = index + 1 < seg->geometry.slots ? index + 1 : 0;
    }

    *hint = index;

    return freed;
}


static void
cr_reap_ring(cr_segment_t *seg, uint32_t channel, cr_reap_set_t *set)
{
    uint32_t    i, index, capacity;
    uint64_t    entry, w;
    cr_ring_t  *ring;

    ring = cr_segment_ring(seg, channel);
    capacity = seg->geometry.ring;

    for (i = 0; i < capacity; i++) {

        if (cr_ring_look(ring, capacity, i, &entry) != 0) {
            return;
        }

        index = cr_handle_index(entry);

        if (index >= seg->geometry.slots) {
            continue;
        }

        w = cr_slot_word(cr_segment_slot(seg, index));

        if (cr_word_generation(w) == cr_handle_generation(entry)) {
            set->waiting[index / 64] |= (uint64_t) 1 << index % 64;
        }
    }
}


static void
cr_reap_channel_slot(cr_segment_t *seg, uint32_t index, uint32_t channel,
    const cr_reap_set_t *set, int64_t now_us)
{
    int         waited;
    uint64_t    w;
    cr_slot_t  *slot;

    slot = cr_segment_slot(seg, index);
    w = cr_slot_word(slot);

    if (cr_word_channel(w) != channel) {
        return;
    }

    switch (cr_word_state(w)) {

    case CR_SLOT_FILLING:
        (void) cr_segment_abandon(seg, index, &w);
        return;

    case CR_SLOT_ENDING:
        cr_reap_finish(seg, index, w, CR_STATUS_CANCELLED, "", now_us);
        return;

    case CR_SLOT_CLEARING:
        (void) cr_slot_restore(slot, &w);
        return;

    case CR_SLOT_QUEUED:
    case CR_SLOT_STARTING:
    case CR_SLOT_RUNNING:
        break;

    default:
        return;
    }

    waited = (slot->job.flags & CR_JOB_WAITED) != 0;

    if (cr_word_state(w) != CR_SLOT_QUEUED) {
        if (waited) {
            cr_reap_cancel(seg, index, w);
        }

        return;
    }

    if (waited) {
        (void) cr_reap_end(seg, index, w, CR_STATUS_CANCELLED, "", now_us);
        return;
    }

    if ((set->waiting[index / 64] & (uint64_t) 1 << index % 64) == 0) {
        cr_reap_push(seg, index, w, now_us);
    }
}


/* when the control ring is full, the job's own time limit must do */

static void
cr_reap_cancel(cr_segment_t *seg, uint32_t index, uint64_t word)
{
    uint32_t             worker;
    cr_control_header_t  header;

    worker = cr_word_worker(word);

    if (worker >= seg->geometry.workers) {
        return;
    }

    memset(&header, 0, sizeof(cr_control_header_t));

    header.type = CR_CONTROL_CANCEL;
    header.slot = index;
    header.generation = cr_word_generation(word);

    (void) cr_control_push(cr_segment_control(seg, CR_CHANNEL_MASTER, worker),
                           &header, NULL);

    /* the caller rings every worker */

    (void) atomic_fetch_or(&cr_segment_worker(seg, worker)->control,
                           (uint64_t) 1 << CR_CHANNEL_MASTER);
}


static void
cr_reap_push(cr_segment_t *seg, uint32_t index, uint64_t word,
    int64_t now_us)
{
    uint64_t    handle;
    cr_ring_t  *ring;

    ring = cr_segment_ring(seg, CR_CHANNEL_MASTER);
    handle = cr_handle(index, cr_word_generation(word));

    if (cr_ring_push(ring, seg->geometry.ring, handle) != 0) {
        (void) cr_reap_end(seg, index, word, CR_STATUS_ERROR,
                           "the master's queue is full", now_us);
    }
}


/* 0 when a pool worker has started it in the meantime */

static int
cr_reap_end(cr_segment_t *seg, uint32_t index, uint64_t word,
    uint32_t status, const char *text, int64_t now_us)
{
    cr_slot_t  *slot;

    slot = cr_segment_slot(seg, index);

    if (!cr_slot_end(slot, &word, CR_CHANNEL_MASTER)) {
        return 0;
    }

    cr_reap_finish(seg, index, word, status, text, now_us);

    return 1;
}


static void
cr_reap_finish(cr_segment_t *seg, uint32_t index, uint64_t word,
    uint32_t status, const char *text, int64_t now_us)
{
    size_t        len;
    int64_t       started_us;
    cr_slot_t    *slot;
    cr_result_t  *result;

    slot = cr_segment_slot(seg, index);
    result = &slot->result;
    started_us = result->started_us;

    memset(result, 0, sizeof(cr_result_t));

    result->started_us = started_us;
    result->finished_us = now_us;
    result->status = status;
    result->exit_code = -1;

    if (started_us != 0 && now_us > started_us) {
        result->execution_us = (uint64_t) (now_us - started_us);
    }

    len = strnlen(text, CR_ERROR_MAX - 1);
    memcpy(result->error, text, len);

    (void) cr_slot_finish(slot, &word);
}
