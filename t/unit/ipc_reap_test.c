/*
 * The death table, row by row, with deaths played by not going on.
 *
 * sources: ipc/
 */

#include "ipc_fixture.h"


static cr_segment_t  seg;
static int           fd;


static void
start(void)
{
    fd = ipc_create(&seg, 8);
}


static uint32_t
state(uint32_t index)
{
    return cr_word_state(cr_slot_word(cr_segment_slot(&seg, index)));
}


static int
consume(uint32_t worker, uint32_t *index, uint64_t *w)
{
    uint32_t  hint;

    hint = 0;

    return cr_consume_next(&seg, worker, &hint, index, w);
}


/* claimed and submitted, but its nginx worker died before the push */

static uint32_t
submit_without_push(uint32_t channel, uint32_t flags)
{
    uint32_t    index;
    uint64_t    w;
    cr_slot_t  *slot;

    index = cr_segment_claim(&seg, channel, &w);
    slot = cr_segment_slot(&seg, index);
    memset(&slot->job, 0, sizeof(slot->job));
    slot->job.flags = flags;
    (void) cr_slot_submit(slot, &w);

    return index;
}


TEST("nginx worker dies: its half-filled slots are free, others' are not")
{
    uint64_t  w;

    start();
    CHECK_INT(cr_segment_claim(&seg, 1, &w), 0);
    CHECK_INT(cr_segment_claim(&seg, 2, &w), 1);

    (void) cr_reap_channel(&seg, 1, 1);
    CHECK_INT(state(0), CR_SLOT_FREE);
    CHECK_INT(state(1), CR_SLOT_FILLING);
    CHECK_INT(atomic_load(&seg.header->nfree), 7);
    ipc_destroy(&seg, fd);
}


TEST("nginx worker dies: a job queued but in no ring is pushed for it, once")
{
    uint32_t  index;
    uint64_t  w;

    start();
    REQUIRE(submit_without_push(1, 0) == 0);

    CHECK_INT(consume(0, &index, &w), 0);
    (void) cr_reap_channel(&seg, 1, 1);
    (void) cr_reap_channel(&seg, 1, 1);
    REQUIRE(consume(0, &index, &w) == 1);
    CHECK_INT(index, 0);
    CHECK_INT(cr_word_attempt(w), 1);
    CHECK_INT(consume(0, &index, &w), 0);
    ipc_destroy(&seg, fd);
}


TEST("nginx worker dies: its queued jobs stay in its ring and go on")
{
    uint32_t  index;
    uint64_t  w;

    start();
    REQUIRE(ipc_submit(&seg, 1, &w) == 0);
    (void) cr_reap_channel(&seg, 1, 1);

    CHECK_INT(cr_ring_count(cr_segment_ring(&seg, 0), seg.geometry.ring), 0);
    REQUIRE(consume(0, &index, &w) == 1);
    CHECK_INT(index, 0);
    ipc_destroy(&seg, fd);
}


TEST("nginx worker dies: a job it was cancelling ends as cancelled")
{
    uint64_t      w;
    cr_result_t  *result;

    start();
    REQUIRE(ipc_submit(&seg, 1, &w) == 0);
    REQUIRE(cr_slot_end(cr_segment_slot(&seg, 0), &w, 2) == 1);

    (void) cr_reap_channel(&seg, 1, 1);
    CHECK_INT(state(0), CR_SLOT_ENDING);

    (void) cr_reap_channel(&seg, 2, 77);
    CHECK_INT(state(0), CR_SLOT_FINISHED);
    result = &cr_segment_slot(&seg, 0)->result;
    CHECK_INT(result->status, CR_STATUS_CANCELLED);
    CHECK_INT(result->finished_us, 77);
    CHECK_INT(result->exit_code, -1);
    ipc_destroy(&seg, fd);
}


TEST("nginx worker dies: a queued job it waited for is cancelled")
{
    uint32_t  index;
    uint64_t  w;

    start();
    REQUIRE(submit_without_push(1, CR_JOB_WAITED) == 0);
    (void) cr_reap_channel(&seg, 1, 1);
    CHECK_INT(state(0), CR_SLOT_FINISHED);
    CHECK_INT(cr_segment_slot(&seg, 0)->result.status, CR_STATUS_CANCELLED);
    CHECK_INT(consume(0, &index, &w), 0);
    ipc_destroy(&seg, fd);
}


TEST("nginx worker dies: the pool worker is told to cancel a waited job")
{
    int                  starved;
    uint32_t             index;
    uint64_t             w;
    static uint8_t       payload[CR_CONTROL_PAYLOAD];
    cr_control_t        *ring;
    cr_control_header_t  h;

    start();
    REQUIRE(ipc_submit(&seg, 1, &w) == 0);
    REQUIRE(ipc_submit(&seg, 1, &w) == 1);
    cr_segment_slot(&seg, 1)->job.flags = CR_JOB_WAITED;
    REQUIRE(consume(1, &index, &w) == 1);
    REQUIRE(consume(1, &index, &w) == 1);

    (void) cr_reap_channel(&seg, 1, 1);

    CHECK_INT(state(0), CR_SLOT_STARTING);
    CHECK_INT(state(1), CR_SLOT_STARTING);
    CHECK_INT(atomic_load(&cr_segment_worker(&seg, 1)->control),
              1 << CR_CHANNEL_MASTER);

    ring = cr_segment_control(&seg, CR_CHANNEL_MASTER, 1);
    REQUIRE(cr_control_pop(ring, &h, payload, &starved) == 1);
    CHECK_INT(h.type, CR_CONTROL_CANCEL);
    CHECK_INT(h.slot, 1);
    CHECK_INT(h.generation, cr_word_generation(w));
    CHECK_INT(cr_control_pop(ring, &h, payload, &starved), 0);
    ipc_destroy(&seg, fd);
}


TEST("nginx worker dies while it recycles a result: the result is back")
{
    uint64_t   w;
    cr_slot_t *slot;

    start();
    REQUIRE(ipc_submit(&seg, 2, &w) == 0);
    ipc_finish(&seg, 0, &w, 55);
    slot = cr_segment_slot(&seg, 0);
    atomic_store(&slot->word, cr_word(CR_SLOT_CLEARING, 1, 1, 0, 1));

    (void) cr_reap_channel(&seg, 1, 1);
    CHECK_INT(state(0), CR_SLOT_FINISHED);
    CHECK_INT(slot->result.finished_us, 55);
    ipc_destroy(&seg, fd);
}


TEST("nginx worker dies: it watches nothing any more, others still do")
{
    uint64_t   w;
    cr_slot_t *slot;

    start();
    REQUIRE(ipc_submit(&seg, 2, &w) == 0);
    slot = cr_segment_slot(&seg, 0);
    CHECK_INT(cr_slot_watch(slot, 1, NULL, &w), 1);
    CHECK_INT(cr_slot_watch(slot, 2, NULL, &w), 1);

    (void) cr_reap_channel(&seg, 1, 1);
    CHECK_INT(atomic_load(&slot->watchers), 1 << 2);
    ipc_destroy(&seg, fd);
}


TEST("pool worker dies: its jobs are queued once more, with attempt 2")
{
    uint32_t    index;
    uint64_t    w;
    cr_slot_t  *slot;

    start();
    REQUIRE(ipc_submit(&seg, 1, &w) == 0);
    REQUIRE(ipc_submit(&seg, 1, &w) == 1);
    REQUIRE(consume(0, &index, &w) == 1);
    slot = cr_segment_slot(&seg, index);
    CHECK_INT(cr_slot_run(slot, &w), 1);
    atomic_store(&slot->log_tail, 100);
    REQUIRE(consume(1, &index, &w) == 1);

    (void) cr_reap_worker(&seg, 0, 1);
    CHECK_INT(state(0), CR_SLOT_QUEUED);
    CHECK_INT(state(1), CR_SLOT_STARTING);
    CHECK_INT(atomic_load(&slot->log_tail), 0);

    REQUIRE(consume(1, &index, &w) == 1);
    CHECK_INT(index, 0);
    CHECK_INT(cr_word_attempt(w), 2);
    CHECK_INT(cr_word_channel(w), 1);
    CHECK_INT(consume(1, &index, &w), 0);
    ipc_destroy(&seg, fd);
}


TEST("pool worker dies twice on a job: it ends as error, its output is kept")
{
    uint32_t    index;
    uint64_t    w;
    cr_slot_t  *slot;

    start();
    REQUIRE(ipc_submit(&seg, 1, &w) == 0);
    slot = cr_segment_slot(&seg, 0);

    REQUIRE(consume(0, &index, &w) == 1);
    (void) cr_reap_worker(&seg, 0, 1000);
    REQUIRE(consume(1, &index, &w) == 1);
    slot->result.started_us = 1500;
    CHECK_INT(cr_slot_run(slot, &w), 1);
    atomic_store(&slot->log_tail, 100);
    (void) cr_reap_worker(&seg, 1, 2000);

    CHECK_INT(state(0), CR_SLOT_FINISHED);
    CHECK_INT(slot->result.status, CR_STATUS_ERROR);
    CHECK_STR(slot->result.error, "the pool worker died, twice");
    CHECK_INT(slot->result.execution_us, 500);
    CHECK_INT(slot->result.finished_us, 2000);
    CHECK_INT(atomic_load(&slot->log_tail), 100);
    CHECK_INT(consume(0, &index, &w), 0);
    ipc_destroy(&seg, fd);
}


TEST("pool worker dies between its claim and the drop: one start follows")
{
    uint32_t  index;
    uint64_t  w;

    start();
    REQUIRE(ipc_submit(&seg, 1, &w) == 0);
    REQUIRE(cr_slot_start(cr_segment_slot(&seg, 0), &w, 0) == 1);

    (void) cr_reap_worker(&seg, 0, 1);
    CHECK_INT(consume(1, &index, &w), 1);
    CHECK_INT(consume(1, &index, &w), 0);
    CHECK_INT(cr_ring_count(cr_segment_ring(&seg, 0), seg.geometry.ring), 0);
    CHECK_INT(cr_ring_count(cr_segment_ring(&seg, 1), seg.geometry.ring), 0);
    ipc_destroy(&seg, fd);
}


TEST("pool worker dies: watchers hear of it, also of what it had finished")
{
    uint32_t  index;
    uint64_t  w;

    start();
    REQUIRE(ipc_submit(&seg, 1, &w) == 0);
    REQUIRE(ipc_submit(&seg, 1, &w) == 1);
    REQUIRE(cr_slot_watch(cr_segment_slot(&seg, 0), 1, NULL, &w) == 1);
    REQUIRE(cr_slot_watch(cr_segment_slot(&seg, 1), 2, NULL, &w) == 1);
    REQUIRE(consume(0, &index, &w) == 1);
    CHECK_INT(cr_slot_finish(cr_segment_slot(&seg, index), &w), 1);
    REQUIRE(consume(0, &index, &w) == 1);
    cr_channel_arm(&seg, 1);
    cr_channel_arm(&seg, 2);

    CHECK_INT(cr_reap_worker(&seg, 0, 1), 1 << 1 | 1 << 2);
    CHECK_INT(cr_channel_next(&seg, 1), 0);
    CHECK_INT(cr_channel_next(&seg, 2), 1);
    ipc_destroy(&seg, fd);
}


TEST("pool worker dies: messages for it are dropped and waiters are rung")
{
    int                  starved;
    static uint8_t       payload[CR_CONTROL_PAYLOAD];
    cr_control_t        *ring;
    cr_control_header_t  h;

    start();
    memset(&h, 0, sizeof(h));
    h.type = CR_CONTROL_STDIN;
    h.len = CR_CONTROL_PAYLOAD;
    ring = cr_segment_control(&seg, 3, 1);

    while (cr_control_push(ring, &h, payload) == 0) { /* void */ }

    atomic_store(&cr_segment_worker(&seg, 1)->ready, 2);
    CHECK_INT(cr_reap_worker(&seg, 1, 1), 1 << 3);
    CHECK_INT(cr_control_pop(ring, &h, payload, &starved), 0);
    CHECK_INT(atomic_load(&cr_segment_worker(&seg, 1)->ready), 0);
    ipc_destroy(&seg, fd);
}


TEST("a requeue that finds the master's ring full ends the job as error")
{
    uint32_t  index;
    uint64_t  w;

    start();
    REQUIRE(ipc_submit(&seg, 1, &w) == 0);
    REQUIRE(consume(0, &index, &w) == 1);

    while (cr_ring_push(cr_segment_ring(&seg, 0), seg.geometry.ring, 0)
           == 0)
    {
        /* void */
    }

    (void) cr_reap_worker(&seg, 0, 1);
    CHECK_INT(state(0), CR_SLOT_FINISHED);
    CHECK_INT(cr_segment_slot(&seg, 0)->result.status, CR_STATUS_ERROR);
    ipc_destroy(&seg, fd);
}


TEST("the pool stops: every job that has not ended does so as error")
{
    uint32_t  i, index;
    uint64_t  w;

    start();

    for (i = 0; i < 3; i++) {
        REQUIRE(ipc_submit(&seg, 1, &w) == i);
    }

    REQUIRE(consume(0, &index, &w) == 1);
    REQUIRE(consume(0, &index, &w) == 1);
    CHECK_INT(cr_slot_run(cr_segment_slot(&seg, index), &w), 1);

    (void) cr_reap_stop(&seg, "the pool was stopped", 5);

    for (i = 0; i < 3; i++) {
        CHECK_INT(state(i), CR_SLOT_FINISHED);
        CHECK_STR(cr_segment_slot(&seg, i)->result.error,
                  "the pool was stopped");
    }

    ipc_destroy(&seg, fd);
}


TEST("old results are freed, delivered or not; new and watched ones are kept")
{
    uint32_t  i, hint;
    uint64_t  w;

    start();

    for (i = 0; i < 4; i++) {
        REQUIRE(ipc_submit(&seg, 1, &w) == i);

        if (i != 3) {
            ipc_finish(&seg, i, &w, 1000 + i);
        }
    }

    atomic_store(&cr_segment_slot(&seg, 0)->delivered, 0);
    REQUIRE(cr_slot_watch(cr_segment_slot(&seg, 1), 2, NULL, &w) == 1);

    hint = 0;
    CHECK_INT(cr_reap_expire(&seg, 1002, &hint, 3), 1);
    CHECK_INT(hint, 3);
    CHECK_INT(state(0), CR_SLOT_FREE);
    CHECK_INT(state(1), CR_SLOT_FINISHED);
    CHECK_INT(state(2), CR_SLOT_FINISHED);
    CHECK_INT(state(3), CR_SLOT_QUEUED);

    cr_slot_unwatch(cr_segment_slot(&seg, 1), 2);
    CHECK_INT(cr_reap_expire(&seg, 2000, &hint, 8), 2);
    CHECK_INT(atomic_load(&seg.header->nfree), 7);
    CHECK_INT(atomic_load(&cr_segment_slot(&seg, 3)->watchers), 0);
    ipc_destroy(&seg, fd);
}
