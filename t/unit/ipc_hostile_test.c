/*
 * Whatever the other side writes into the segment, no function reads or
 * writes outside of what is its own, loops for ever or returns an index out
 * of range.  Worth most under ASan and UBSan.
 *
 * sources: ipc/
 */

#include "cr_test.h"

#include <unistd.h>

#include "ipc_hostile.h"


static cr_segment_t *
segment(void)
{
    static cr_segment_t  *seg;

    if (seg == NULL) {
        seg = hostile_create();
    }

    return seg;
}


/* everything but the header's geometry, which nobody reads again */

static void
fill(cr_segment_t *seg, size_t from, size_t to, uint32_t *random)
{
    size_t    i;
    uint32_t  r;

    for (i = from; i + 4 <= to; i += 4) {
        r = cr_test_random(random);
        memcpy(seg->base + i, &r, 4);
    }
}


TEST("a segment of random bytes")
{
    uint32_t       n, random;
    cr_segment_t  *seg;

    seg = segment();
    random = 99;

    for (n = 0; n < 200; n++) {
        fill(seg, 0, seg->size, &random);
        hostile_touch(seg, n % 2 ? (uint64_t) n * 8 : cr_test_random(&random));
    }

    CHECK_INT(seg->geometry.slots, HOSTILE_SLOTS);
}


TEST("a segment of nothing but ones")
{
    cr_segment_t  *seg;

    seg = segment();
    memset(seg->base, 0xff, seg->size);
    hostile_touch(seg, UINT64_MAX);
    memset(seg->base, 0xff, seg->size);
    hostile_touch(seg, 0);
}


TEST("a segment in good order, some words of which are changed")
{
    size_t         at;
    uint32_t       i, n, random, value;
    cr_segment_t  *seg;

    static const uint32_t  values[] = {
        0, 1, 2, 3, 6, 7, 8, 16, 24, 0xff, 4095, 4096, 4097, 65535, 65536,
        0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff
    };

    seg = segment();
    random = 4711;

    for (n = 0; n < 3000; n++) {
        hostile_reset(seg);

        for (i = 0; i < 4; i++) {
            at = cr_test_random(&random) % 16 == 0
                 ? cr_test_random(&random) % seg->size
                 : seg->channels + cr_test_random(&random)
                                   % (seg->controls + 300 - seg->channels);

            if (i % 2 == 1) {
                at = seg->slots + cr_test_random(&random)
                                  % (HOSTILE_SLOTS * sizeof(cr_slot_t));
            }

            if (n % 3 == 0) {
                at = seg->logs + cr_test_random(&random) % 160;
            }

            at &= ~(size_t) 3;
            value = values[cr_test_random(&random)
                           % (sizeof(values) / sizeof(values[0]))];
            memcpy(seg->base + at, &value, 4);
        }

        hostile_touch(seg, (cr_test_random(&random) % 600) & ~7U);
    }
}


TEST("a segment in good order works, so the tests above mean something")
{
    uint8_t           data[64];
    uint32_t          index, hint;
    uint64_t          word;
    cr_log_cursor_t   cursor = { 0, 0 };
    cr_log_header_t   h;
    cr_segment_t     *seg;

    seg = segment();
    hostile_reset(seg);
    hint = 0;

    CHECK_INT(cr_log_read(cr_segment_slot(seg, 0), cr_segment_log(seg, 0),
                          seg->geometry.log_size, &cursor, 0, &h, data, 64),
              20);
    CHECK_INT(cr_consume_next(seg, 0, &hint, &index, &word), 1);
    CHECK_INT(cr_request_check(cr_segment_request(seg, 1),
                               cr_segment_slot(seg, 1)->job.request_len), 0);
}
