/*
 * The consumers' side of the submission rings.
 *
 * sources: ipc/
 */

#include "ipc_fixture.h"


static cr_segment_t  seg;
static int           fd;
static uint32_t      hint, at;
static uint64_t      word;


static int
next(uint32_t worker)
{
    return cr_consume_next(&seg, worker, &hint, &at, &word);
}


static void
start(uint32_t slots)
{
    fd = ipc_create(&seg, slots);
    hint = 0;
}


TEST("a queued job is started by the worker that takes it")
{
    uint64_t  w;

    start(4);
    CHECK_INT(next(1), 0);
    REQUIRE(ipc_submit(&seg, 2, &w) == 0);
    REQUIRE(next(1) == 1);
    CHECK_INT(at, 0);
    CHECK(word == cr_word(CR_SLOT_STARTING, 1, 2, 1, 1));
    CHECK(cr_slot_word(cr_segment_slot(&seg, 0)) == word);
    CHECK_INT(next(1), 0);
    ipc_destroy(&seg, fd);
}


TEST("channels take turns, the jobs of one channel keep their order")
{
    uint64_t  w;
    uint32_t  i, order;

    start(8);

    CHECK_INT(ipc_submit(&seg, 1, &w), 0);
    CHECK_INT(ipc_submit(&seg, 1, &w), 1);
    CHECK_INT(ipc_submit(&seg, 1, &w), 2);
    CHECK_INT(ipc_submit(&seg, 3, &w), 3);
    CHECK_INT(ipc_submit(&seg, 3, &w), 4);

    order = 0;

    for (i = 0; i < 5; i++) {
        REQUIRE(next(0) == 1);
        order = order * 10 + at;
    }

    CHECK_INT(order, 3142);
    ipc_destroy(&seg, fd);
}


TEST("an entry whose job was cancelled is dropped")
{
    uint64_t  w;

    start(4);
    REQUIRE(ipc_submit(&seg, 1, &w) == 0);
    REQUIRE(cr_slot_end(cr_segment_slot(&seg, 0), &w, 1) == 1);
    REQUIRE(ipc_submit(&seg, 1, &w) == 1);
    REQUIRE(next(0) == 1);
    CHECK_INT(at, 1);
    CHECK_INT(next(0), 0);
    CHECK_INT(cr_ring_count(cr_segment_ring(&seg, 1), seg.geometry.ring), 0);
    ipc_destroy(&seg, fd);
}


TEST("an old entry does not start the slot's next job before its own turn")
{
    uint64_t  w;

    start(2);
    REQUIRE(ipc_submit(&seg, 1, &w) == 0);
    ipc_finish(&seg, 0, &w, 1);
    REQUIRE(ipc_submit(&seg, 1, &w) == 1);
    REQUIRE(ipc_submit(&seg, 2, &w) == 0);

    REQUIRE(next(0) == 1);
    CHECK_INT(at, 1);
    REQUIRE(next(0) == 1);
    CHECK_INT(at, 0);
    CHECK_INT(cr_word_generation(word), 2);
    CHECK_INT(next(0), 0);
    ipc_destroy(&seg, fd);
}


TEST("a worker that died between claim and drop leaves an entry to skip")
{
    uint64_t  w;

    start(4);
    REQUIRE(ipc_submit(&seg, 1, &w) == 0);
    REQUIRE(cr_slot_start(cr_segment_slot(&seg, 0), &w, 0) == 1);

    CHECK_INT(next(1), 0);
    CHECK_INT(cr_ring_count(cr_segment_ring(&seg, 1), seg.geometry.ring), 0);
    ipc_destroy(&seg, fd);
}


TEST("entries out of range are dropped")
{
    uint64_t  w;

    start(4);
    (void) cr_ring_push(cr_segment_ring(&seg, 1), seg.geometry.ring,
                        UINT64_MAX);
    (void) cr_ring_push(cr_segment_ring(&seg, 1), seg.geometry.ring,
                        cr_handle(4, 0));
    REQUIRE(ipc_submit(&seg, 1, &w) == 0);
    CHECK_INT(next(0), 1);
    CHECK_INT(at, 0);
    ipc_destroy(&seg, fd);
}
