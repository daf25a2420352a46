/*
 * A player of nginx workers: submits jobs, cancels some, feeds some, reads
 * their output and results, and looks at jobs of others.
 */

#ifndef IPC_ACTOR_NGINX_H
#define IPC_ACTOR_NGINX_H


#include "ipc_actors.h"


static inline void
actor_fill(actor_t *a, cr_slot_t *slot, uint32_t index, uint32_t number)
{
    uint8_t              random[CR_ID_RANDOM];
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

    index = cr_segment_claim(&a->seg, a->index, &word);

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


#endif
