/*
 * Dirty bitmaps and armed flags, one process.  That no wake-up is lost
 * between processes is ipc_stress_test's to show.
 *
 * sources: ipc/
 */

#include "ipc_fixture.h"


static void
watch(cr_segment_t *seg, uint32_t index, uint64_t channels)
{
    atomic_store(&cr_segment_slot(seg, index)->watchers, channels);
}


TEST("a mark reaches the channels that watch, and rings those that sleep")
{
    int           fd;
    cr_segment_t  seg;

    fd = ipc_create(&seg, 8);
    watch(&seg, 5, 1 << 1 | 1 << 2);
    cr_channel_arm(&seg, 1);
    cr_channel_arm(&seg, 3);

    CHECK_INT(cr_segment_mark(&seg, 5), 1 << 1);
    CHECK_INT(cr_segment_mark(&seg, 5), 0);

    CHECK_INT(cr_channel_next(&seg, 1), 5);
    CHECK_INT(cr_channel_next(&seg, 1), CR_NONE);
    CHECK_INT(cr_channel_next(&seg, 2), 5);
    CHECK_INT(cr_channel_next(&seg, 2), CR_NONE);
    CHECK_INT(cr_channel_next(&seg, 3), CR_NONE);

    ipc_destroy(&seg, fd);
}


TEST("watcher bits beyond the channels there are do nothing")
{
    int           fd;
    cr_segment_t  seg;

    fd = ipc_create(&seg, 8);
    watch(&seg, 5, UINT64_MAX);
    CHECK_INT(cr_segment_mark(&seg, 5), 0);
    CHECK_INT(cr_channel_next(&seg, 3), 5);
    ipc_destroy(&seg, fd);
}


TEST("every slot is found once, in whatever order they were marked")
{
    int            fd;
    uint8_t       *seen;
    uint32_t       i, n, index, state;
    cr_segment_t   seg;

    n = 5000;
    fd = ipc_create(&seg, n);
    seen = calloc(n, 1);
    REQUIRE(seen != NULL);
    state = 12345;

    for (i = 0; i < 3 * n; i++) {
        index = cr_test_random(&state) % n;
        watch(&seg, index, 1 << 2);
        (void) cr_segment_mark(&seg, index);
        seen[index] = 1;

        if (i % 7 == 0) {
            index = cr_channel_next(&seg, 2);
            REQUIRE(index < n);
            CHECK_INT(seen[index], 1);
            seen[index] = 0;
        }
    }

    for ( ;; ) {
        index = cr_channel_next(&seg, 2);

        if (index == CR_NONE) {
            break;
        }

        REQUIRE(index < n);
        CHECK_INT(seen[index], 1);
        seen[index] = 0;
    }

    for (i = 0; i < n; i++) {
        CHECK_INT(seen[i], 0);
    }

    free(seen);
    ipc_destroy(&seg, fd);
}


TEST("a slot that is marked again and again does not starve the others")
{
    int           fd;
    uint32_t      i, got;
    cr_segment_t  seg;

    fd = ipc_create(&seg, 200);
    got = 0;

    for (i = 0; i < 200; i++) {
        watch(&seg, i, 1 << 1);
        (void) cr_segment_mark(&seg, i);
    }

    for (i = 0; i < 400; i++) {
        (void) cr_segment_mark(&seg, 3);
        got += cr_channel_next(&seg, 1) == 199;
    }

    CHECK_INT(got, 1);
    ipc_destroy(&seg, fd);
}


TEST("bits of slots that do not exist are never returned")
{
    int           fd;
    cr_segment_t  seg;

    fd = ipc_create(&seg, 70);
    atomic_store(&cr_segment_bitmap(&seg, 1)[1], UINT64_MAX << 6);
    atomic_store(&cr_segment_channel(&seg, 1)->summary[0], UINT64_MAX);
    CHECK_INT(cr_channel_next(&seg, 1), CR_NONE);
    CHECK_INT(cr_channel_next(&seg, 1), CR_NONE);
    ipc_destroy(&seg, fd);
}


TEST("a submission rings one worker that sleeps and has a sandbox, in turn")
{
    int           fd;
    uint32_t      hint;
    cr_segment_t  seg;

    fd = ipc_create(&seg, 8);
    hint = 0;

    CHECK_INT(cr_segment_wake(&seg, &hint), CR_NONE);

    atomic_store(&cr_segment_worker(&seg, 0)->armed, 1);
    atomic_store(&cr_segment_worker(&seg, 1)->armed, 1);
    CHECK_INT(cr_segment_wake(&seg, &hint), CR_NONE);

    atomic_store(&cr_segment_worker(&seg, 0)->ready, 1);
    atomic_store(&cr_segment_worker(&seg, 1)->ready, 1);
    CHECK_INT(cr_segment_wake(&seg, &hint), 0);
    CHECK_INT(cr_segment_wake(&seg, &hint), 1);
    CHECK_INT(cr_segment_wake(&seg, &hint), CR_NONE);

    atomic_store(&cr_segment_worker(&seg, 0)->armed, 1);
    hint = 77;
    CHECK_INT(cr_segment_wake(&seg, &hint), 0);

    ipc_destroy(&seg, fd);
}


TEST("a control message sets the channel's bit and rings a sleeping worker")
{
    int           fd;
    cr_worker_t  *worker;
    cr_segment_t  seg;

    fd = ipc_create(&seg, 8);
    worker = cr_segment_worker(&seg, 1);

    CHECK_INT(cr_segment_wake_worker(&seg, 3, 1), 0);
    CHECK_INT(atomic_load(&worker->control), 1 << 3);

    atomic_store(&worker->armed, 1);
    CHECK_INT(cr_segment_wake_worker(&seg, 2, 1), 1);
    CHECK_INT(cr_segment_wake_worker(&seg, 2, 1), 0);
    CHECK_INT(atomic_load(&worker->control), 1 << 3 | 1 << 2);

    ipc_destroy(&seg, fd);
}
