/*
 * A player of pool workers: takes jobs, writes their output, listens for
 * messages, finishes them.
 */

#ifndef IPC_ACTOR_POOL_H
#define IPC_ACTOR_POOL_H


#include "ipc_actors.h"


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


#endif
