/*
 * Submission and control rings, one process.
 *
 * sources: ipc/cr_ring.c
 */

#include "cr_test.h"
#include "cr_ring.h"


#define N  8


typedef union {
    cr_ring_t  ring;
    uint8_t    bytes[sizeof(cr_ring_t) + N * sizeof(uint64_t)];
} ring_t;


typedef union {
    cr_control_t  ring;
    uint8_t       bytes[CR_CONTROL_SIZE];
} control_t;


static ring_t     r;
static control_t  c;
static uint8_t    payload[CR_CONTROL_PAYLOAD];
static uint8_t    got[CR_CONTROL_PAYLOAD];


static void
start(uint32_t position)
{
    memset(&r, 0, sizeof(r));
    atomic_store(&r.ring.head, position);
    atomic_store(&r.ring.tail, position);

    memset(&c, 0, sizeof(c));
    atomic_store(&c.ring.head, position);
    atomic_store(&c.ring.tail, position);
}


static int
push(uint32_t type, uint32_t len, uint8_t fill)
{
    cr_control_header_t  h;

    memset(&h, 0, sizeof(h));
    memset(payload, fill, len);

    h.len = len;
    h.type = type;
    h.slot = 3;
    h.generation = 4;
    h.arg = len;

    return cr_control_push(&c.ring, &h, payload);
}


TEST("a ring's size is its two lines and its entries")
{
    CHECK_INT(cr_ring_size(2), 192);
    CHECK_INT(cr_ring_size(8), 192);
    CHECK_INT(cr_ring_size(16), 256);
    CHECK_INT(cr_ring_size(131072), 128 + 131072 * 8);
}


TEST("entries come out in the order they went in, over the 2^32 wrap too")
{
    uint64_t  i, entry;

    start(UINT32_MAX - 3);

    for (i = 0; i < 3 * N; i++) {
        CHECK_INT(cr_ring_push(&r.ring, N, i), 0);
        CHECK_INT(cr_ring_push(&r.ring, N, i + 1000), 0);
        REQUIRE(cr_ring_peek(&r.ring, N, &entry) == 0);
        CHECK_INT(entry, i);
        cr_ring_pop(&r.ring);
        REQUIRE(cr_ring_peek(&r.ring, N, &entry) == 0);
        CHECK_INT(entry, i + 1000);
        cr_ring_pop(&r.ring);
    }

    CHECK_INT(cr_ring_peek(&r.ring, N, &entry), -1);
}


TEST("a full ring refuses, and takes again after one pop")
{
    uint32_t  i;

    start(5);

    for (i = 0; i < N; i++) {
        CHECK_INT(cr_ring_push(&r.ring, N, i), 0);
    }

    CHECK_INT(cr_ring_count(&r.ring, N), N);
    CHECK_INT(cr_ring_push(&r.ring, N, 99), -1);
    cr_ring_pop(&r.ring);
    CHECK_INT(cr_ring_push(&r.ring, N, 99), 0);
}


TEST("a peek does not consume; a look sees every entry that waits")
{
    uint64_t  entry;

    start(0);
    CHECK_INT(cr_ring_push(&r.ring, N, 11), 0);
    CHECK_INT(cr_ring_push(&r.ring, N, 22), 0);

    CHECK_INT(cr_ring_peek(&r.ring, N, &entry), 0);
    CHECK_INT(cr_ring_peek(&r.ring, N, &entry), 0);
    CHECK_INT(entry, 11);
    CHECK_INT(cr_ring_look(&r.ring, N, 1, &entry), 0);
    CHECK_INT(entry, 22);
    CHECK_INT(cr_ring_look(&r.ring, N, 2, &entry), -1);
    CHECK_INT(cr_ring_count(&r.ring, N), 2);
}


TEST("a reset drops what waits")
{
    uint64_t  entry;

    start(UINT32_MAX);
    CHECK_INT(cr_ring_push(&r.ring, N, 11), 0);
    cr_ring_reset(&r.ring);
    CHECK_INT(cr_ring_count(&r.ring, N), 0);
    CHECK_INT(cr_ring_peek(&r.ring, N, &entry), -1);
}


TEST("a position that cannot be is met with a reset, not with old entries")
{
    uint64_t  entry;

    start(0);
    atomic_store(&r.ring.tail, N + 1);

    CHECK_INT(cr_ring_count(&r.ring, N), N);
    CHECK_INT(cr_ring_peek(&r.ring, N, &entry), -1);
    CHECK_INT(cr_ring_count(&r.ring, N), 0);
    CHECK_INT(cr_ring_push(&r.ring, N, 7), 0);
    CHECK_INT(cr_ring_peek(&r.ring, N, &entry), 0);
    CHECK_INT(entry, 7);
}


TEST("a control message arrives whole, with every field")
{
    int                  starved;
    cr_control_header_t  h;

    start(0);
    CHECK_INT(push(CR_CONTROL_STDIN, 5, 'x'), 0);

    CHECK_INT(cr_control_pop(&c.ring, &h, got, &starved), 1);
    CHECK_INT(h.type, CR_CONTROL_STDIN);
    CHECK_INT(h.slot, 3);
    CHECK_INT(h.generation, 4);
    CHECK_INT(h.arg, 5);
    CHECK_MEM(got, h.len, "xxxxx", 5);
    CHECK_INT(starved, 0);

    CHECK_INT(cr_control_pop(&c.ring, &h, got, &starved), 0);
}


TEST("messages of every length go round the end of the ring and of 2^32")
{
    int                  starved;
    size_t               i;
    uint32_t             len;
    cr_control_header_t  h;

    start(UINT32_MAX - 40007);      /* a position of 8 bytes' alignment */

    for (len = 0; len <= CR_CONTROL_PAYLOAD; len += 61) {
        REQUIRE(push(CR_CONTROL_STDIN, len, (uint8_t) len) == 0);
        REQUIRE(cr_control_pop(&c.ring, &h, got, &starved) == 1);
        REQUIRE(h.len == len);

        for (i = 0; i < len && got[i] == (uint8_t) len; i++) { /* void */ }

        CHECK_INT(i, len);
    }
}


TEST("a payload over the limit is refused")
{
    cr_control_header_t  h;

    start(0);
    memset(&h, 0, sizeof(h));
    h.len = CR_CONTROL_PAYLOAD + 1;

    CHECK_INT(cr_control_push(&c.ring, &h, payload), -1);
    CHECK_INT(atomic_load(&c.ring.tail), 0);
    CHECK_INT(atomic_load(&c.ring.starved), 0);
}


TEST("a full control ring says so once it is half empty, and only once")
{
    int                  n, starved, told;
    cr_control_header_t  h;

    start(0);

    for (n = 0; push(CR_CONTROL_STDIN, 8000, 'a') == 0; n++) { /* void */ }

    CHECK_INT(n, CR_CONTROL_DATA / (8000 + 24));
    told = 0;

    while (cr_control_pop(&c.ring, &h, got, &starved) == 1) {
        n--;

        if (starved) {
            told++;
            CHECK((uint32_t) n * 8024 <= CR_CONTROL_DATA / 2);
            CHECK_INT(push(CR_CONTROL_STDIN, CR_CONTROL_PAYLOAD, 'b'), 0);
            n++;
        }
    }

    CHECK_INT(told, 1);
    CHECK_INT(n, 0);
    CHECK_INT(starved, 0);
}


TEST("who found the ring full and then emptied is told at the next look")
{
    int                  starved;
    cr_control_header_t  h;

    start(0);
    atomic_store(&c.ring.starved, 1);

    CHECK_INT(cr_control_pop(&c.ring, &h, got, &starved), 0);
    CHECK_INT(starved, 1);
    CHECK_INT(cr_control_pop(&c.ring, &h, got, &starved), 0);
    CHECK_INT(starved, 0);
}


TEST("a reset drops the messages and tells who waits")
{
    int                  starved;
    cr_control_header_t  h;

    start(0);

    while (push(CR_CONTROL_STDIN, 16000, 'a') == 0) { /* void */ }

    CHECK_INT(cr_control_reset(&c.ring), 1);
    CHECK_INT(cr_control_reset(&c.ring), 0);
    CHECK_INT(cr_control_pop(&c.ring, &h, got, &starved), 0);
}


TEST("a producer that lies is found out and the ring reset")
{
    int                  starved;
    size_t               i;
    cr_control_header_t  h;

    static const struct {
        uint32_t  used;
        uint32_t  len;
    } lies[] = {
        { CR_CONTROL_DATA + 1, 0 },
        { UINT32_MAX, 0 },
        { 8, 0 },
        { 24, 1 },
        { 1024, 1001 },
        { CR_CONTROL_DATA, CR_CONTROL_PAYLOAD + 1 },
        { CR_CONTROL_DATA, UINT32_MAX },
        { CR_CONTROL_DATA, UINT32_MAX - 7 },
    };

    for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        start(0);
        memset(&h, 0, sizeof(h));
        h.len = lies[i].len;
        memcpy(c.ring.data, &h, sizeof(h));
        atomic_store(&c.ring.tail, lies[i].used);

        CHECK_MSG(cr_control_pop(&c.ring, &h, got, &starved) == -1, "%zu", i);
        CHECK_INT(atomic_load(&c.ring.head), lies[i].used);
        CHECK_INT(cr_control_pop(&c.ring, &h, got, &starved), 0);
    }
}
