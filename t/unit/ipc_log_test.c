/*
 * The output log.
 *
 * sources: ipc/cr_log.c
 */

#include "cr_test.h"
#include "cr_log.h"


#define SIZE  4096


static cr_slot_t  slot;
static uint8_t    arena[SIZE] __attribute__((aligned(64)));


static void
start(void)
{
    memset(&slot, 0, sizeof(slot));
    memset(arena, 0, sizeof(arena));
}


static int
append(uint32_t stream, const char *text, uint64_t time_us)
{
    size_t    len;
    uint8_t  *p;

    len = strlen(text);
    p = cr_log_reserve(&slot, arena, SIZE, &len);

    if (p == NULL || len != strlen(text)) {
        return -1;
    }

    memcpy(p, text, len);

    return cr_log_commit(&slot, arena, SIZE, stream, len, time_us);
}


TEST("chunks are read back in order, with stream, time and offsets")
{
    uint8_t          data[64];
    cr_log_cursor_t  cursor = { 0, 0 };
    cr_log_header_t  h;

    start();
    CHECK_INT(append(CR_STREAM_STDOUT, "hello", 10), 0);
    CHECK_INT(append(CR_STREAM_STDERR, "oh", 20), 0);
    CHECK_INT(atomic_load(&slot.log_tail), 24 + 24);

    CHECK_INT(cr_log_read(&slot, arena, SIZE, &cursor, 0, &h, data, 64), 5);
    CHECK_MEM(data, 5, "hello", 5);
    CHECK_INT(h.stream, CR_STREAM_STDOUT);
    CHECK_INT(h.time_us, 10);
    cr_log_next(&cursor, &h);
    CHECK_INT(cursor.offset, 5);

    CHECK_INT(cr_log_read(&slot, arena, SIZE, &cursor, 0, &h, data, 64), 2);
    CHECK_MEM(data, 2, "oh", 2);
    CHECK_INT(h.stream, CR_STREAM_STDERR);
    cr_log_next(&cursor, &h);
    CHECK_INT(cursor.offset, 7);

    CHECK_INT(cr_log_read(&slot, arena, SIZE, &cursor, 0, &h, data, 64), 0);
}


TEST("a chunk can be read in pieces, and the cursor stays until next")
{
    uint8_t          data[64];
    cr_log_cursor_t  cursor = { 0, 0 };
    cr_log_header_t  h;

    start();
    CHECK_INT(append(CR_STREAM_STDOUT, "0123456789", 0), 0);

    CHECK_INT(cr_log_read(&slot, arena, SIZE, &cursor, 0, &h, data, 4), 4);
    CHECK_INT(h.len, 10);
    CHECK_INT(cr_log_read(&slot, arena, SIZE, &cursor, 8, &h, data, 4), 2);
    CHECK_MEM(data, 2, "89", 2);
    CHECK_INT(cr_log_read(&slot, arena, SIZE, &cursor, 10, &h, data, 4), -1);
    CHECK_INT(cursor.position, 0);
}


TEST("nothing is published before the commit")
{
    size_t           len;
    uint8_t          data[8];
    cr_log_cursor_t  cursor = { 0, 0 };
    cr_log_header_t  h;

    start();
    len = 100;
    REQUIRE(cr_log_reserve(&slot, arena, SIZE, &len) != NULL);
    CHECK_INT(cr_log_read(&slot, arena, SIZE, &cursor, 0, &h, data, 8), 0);
}


TEST("less than was reserved may be committed, and nothing as well")
{
    size_t           len;
    uint8_t         *p, data[8];
    cr_log_cursor_t  cursor = { 0, 0 };
    cr_log_header_t  h;

    start();
    len = 100;
    p = cr_log_reserve(&slot, arena, SIZE, &len);
    REQUIRE(p != NULL);
    memcpy(p, "abc", 3);

    CHECK_INT(cr_log_commit(&slot, arena, SIZE, CR_STREAM_STDOUT, 0, 0), 0);
    CHECK_INT(atomic_load(&slot.log_tail), 0);
    CHECK_INT(cr_log_commit(&slot, arena, SIZE, CR_STREAM_STDOUT, 3, 0), 0);
    CHECK_INT(cr_log_read(&slot, arena, SIZE, &cursor, 0, &h, data, 8), 3);
}


TEST("the arena is filled to its last byte and then has no room")
{
    size_t    len;
    uint8_t  *p;

    start();
    len = SIZE;
    p = cr_log_reserve(&slot, arena, SIZE, &len);
    REQUIRE(p != NULL);
    CHECK_INT(len, SIZE - 16);
    memset(p, 'x', len);
    CHECK_INT(cr_log_commit(&slot, arena, SIZE, CR_STREAM_STDOUT, len, 0), 0);
    CHECK_INT(atomic_load(&slot.log_tail), SIZE);

    len = 1;
    CHECK(cr_log_reserve(&slot, arena, SIZE, &len) == NULL);
}


TEST("the last chunk may have one byte of room, less is none")
{
    size_t  len;

    start();
    atomic_store(&slot.log_tail, SIZE - 24);
    len = 100;
    CHECK(cr_log_reserve(&slot, arena, SIZE, &len) != NULL);
    CHECK_INT(len, 8);

    atomic_store(&slot.log_tail, SIZE - 16);
    len = 100;
    CHECK(cr_log_reserve(&slot, arena, SIZE, &len) == NULL);
}


TEST("a tail that the other side moved never makes the writer leave the arena")
{
    size_t  i, len;

    static const uint64_t  tails[] = {
        SIZE + 8, UINT64_MAX, UINT64_MAX - 7, 4, SIZE - 8, SIZE
    };

    start();

    for (i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        atomic_store(&slot.log_tail, tails[i]);
        len = 8;
        CHECK(cr_log_reserve(&slot, arena, SIZE, &len) == NULL);
        CHECK_INT(cr_log_commit(&slot, arena, SIZE, CR_STREAM_STDOUT, 8, 0),
                  -1);
        CHECK(atomic_load(&slot.log_tail) == tails[i]);
    }
}


TEST("a late reader finds the chunk that holds its offset")
{
    size_t           skip;
    uint8_t          data[64];
    cr_log_cursor_t  cursor;
    cr_log_header_t  h;

    start();
    CHECK_INT(append(CR_STREAM_STDOUT, "0123", 0), 0);
    CHECK_INT(append(CR_STREAM_STDERR, "456789", 0), 0);

    memset(&cursor, 0, sizeof(cursor));
    CHECK_INT(cr_log_seek(&slot, arena, SIZE, &cursor, 7, &skip), 0);
    CHECK_INT(cursor.offset, 4);
    CHECK_INT(skip, 3);
    CHECK_INT(cr_log_read(&slot, arena, SIZE, &cursor, skip, &h, data, 64), 3);
    CHECK_MEM(data, 3, "789", 3);

    memset(&cursor, 0, sizeof(cursor));
    CHECK_INT(cr_log_seek(&slot, arena, SIZE, &cursor, 4, &skip), 0);
    CHECK_INT(cursor.offset, 4);
    CHECK_INT(skip, 0);

    memset(&cursor, 0, sizeof(cursor));
    CHECK_INT(cr_log_seek(&slot, arena, SIZE, &cursor, 1000, &skip), 0);
    CHECK_INT(cursor.offset, 10);
    CHECK_INT(cr_log_read(&slot, arena, SIZE, &cursor, 0, &h, data, 64), 0);

    memset(&cursor, 0, sizeof(cursor));
    CHECK_INT(cr_log_seek(&slot, arena, SIZE, &cursor, 0, &skip), 0);
    CHECK_INT(cursor.position, 0);
}


TEST("a log that begins again is at its end for an old cursor")
{
    uint8_t          data[8];
    cr_log_cursor_t  cursor = { 240, 100 };
    cr_log_header_t  h;

    start();
    CHECK_INT(append(CR_STREAM_STDOUT, "again", 0), 0);
    CHECK_INT(cr_log_read(&slot, arena, SIZE, &cursor, 0, &h, data, 8), 0);
}


TEST("a header that does not fit what is published is not believed")
{
    size_t           i;
    uint8_t          data[SIZE];
    cr_log_cursor_t  cursor = { 0, 0 };
    cr_log_header_t  h;

    static const struct {
        uint64_t  tail;
        uint32_t  len;
        uint16_t  stream;
        uint64_t  position;
    } lies[] = {
        { 24, 0, CR_STREAM_STDOUT, 0 },
        { 24, 9, CR_STREAM_STDOUT, 0 },
        { 24, 8, 0, 0 },
        { 24, 8, 3, 0 },
        { 15, 8, CR_STREAM_STDOUT, 0 },
        { UINT64_MAX, UINT32_MAX, CR_STREAM_STDOUT, 0 },
        { UINT64_MAX, UINT32_MAX - 6, CR_STREAM_STDOUT, 0 },
        { UINT64_MAX, SIZE - 15, CR_STREAM_STDOUT, 0 },
        { SIZE, 8, CR_STREAM_STDOUT, SIZE - 8 },
        { SIZE, 8, CR_STREAM_STDOUT, 4 },
    };

    for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
        start();
        memset(&h, 0, sizeof(h));
        h.len = lies[i].len;
        h.stream = lies[i].stream;
        memcpy(arena, &h, sizeof(h));
        atomic_store(&slot.log_tail, lies[i].tail);
        cursor.position = lies[i].position;

        CHECK_MSG(cr_log_read(&slot, arena, SIZE, &cursor, 0, &h, data, SIZE)
                  == -1, "%zu", i);
    }
}
