/*
 * The output log: written once, read by many, believed by none.
 */

#include <string.h>

#include "cr_log.h"


static int cr_log_header(cr_slot_t *slot, const uint8_t *arena, size_t size,
    uint64_t position, cr_log_header_t *header);


_Static_assert(sizeof(cr_log_header_t) == 16, "layout of a chunk");


uint8_t *
cr_log_reserve(cr_slot_t *slot, uint8_t *arena, size_t size, size_t *len)
{
    uint64_t  tail, room;

    tail = atomic_load_explicit(&slot->log_tail, memory_order_relaxed);

    if (tail > size || (tail & 7) != 0) {
        return NULL;
    }

    room = (size - tail) & ~(uint64_t) 7;

    if (room < cr_log_need(1)) {
        return NULL;
    }

    room -= sizeof(cr_log_header_t);

    if (*len > room) {
        *len = room;
    }

    return arena + tail + sizeof(cr_log_header_t);
}


int
cr_log_commit(cr_slot_t *slot, uint8_t *arena, size_t size, uint32_t stream,
    size_t len, uint64_t time_us)
{
    uint64_t         tail;
    cr_log_header_t  header;

    if (len == 0) {
        return 0;
    }

    tail = atomic_load_explicit(&slot->log_tail, memory_order_relaxed);

    if (tail > size || (tail & 7) != 0 || len > UINT32_MAX - 7
        || cr_log_need(len) > size - tail)
    {
        return -1;
    }

    header.len = (uint32_t) len;
    header.stream = (uint16_t) stream;
    header.reserved = 0;
    header.time_us = time_us;

    memcpy(arena + tail, &header, sizeof(cr_log_header_t));

    atomic_store(&slot->log_tail, tail + cr_log_need(len));

    return 0;
}


ssize_t
cr_log_read(cr_slot_t *slot, const uint8_t *arena, size_t size,
    const cr_log_cursor_t *cursor, size_t skip, cr_log_header_t *header,
    uint8_t *data, size_t max)
{
    int       rc;
    size_t    n;
    uint64_t  position;

    position = cursor->position;

    rc = cr_log_header(slot, arena, size, position, header);

    if (rc <= 0) {
        return rc;
    }

    if (skip >= header->len) {
        return -1;
    }

    n = header->len - skip;

    if (n > max) {
        n = max;
    }

    memcpy(data, arena + position + sizeof(cr_log_header_t) + skip, n);

    return (ssize_t) n;
}


void
cr_log_next(cr_log_cursor_t *cursor, const cr_log_header_t *header)
{
    cursor->position += cr_log_need(header->len);
    cursor->offset += header->len;
}


int
cr_log_seek(cr_slot_t *slot, const uint8_t *arena, size_t size,
    cr_log_cursor_t *cursor, uint64_t offset, size_t *skip)
{
    int              rc;
    cr_log_header_t  header;

    *skip = 0;

    for ( ;; ) {

        if (cursor->offset >= offset) {
            return 0;
        }

        rc = cr_log_header(slot, arena, size, cursor->position, &header);

        if (rc <= 0) {
            return rc;
        }

        if (offset - cursor->offset < header.len) {
            *skip = (size_t) (offset - cursor->offset);
            return 0;
        }

        cr_log_next(cursor, &header);
    }
}


/* 1 and a header whose chunk lies in the arena, 0 at the end, -1 a lie */

static int
cr_log_header(cr_slot_t *slot, const uint8_t *arena, size_t size,
    uint64_t position, cr_log_header_t *header)
{
    uint64_t  tail;

    tail = atomic_load(&slot->log_tail);

    if (tail > size) {
        tail = size;
    }

    /* beyond the end: the job was requeued and its log begins again */

    if (position >= tail) {
        return 0;
    }

    if ((position & 7) != 0 || tail - position < sizeof(cr_log_header_t)) {
        return -1;
    }

    memcpy(header, arena + position, sizeof(cr_log_header_t));

    if (header->len == 0 || cr_log_need(header->len) > tail - position) {
        return -1;
    }

    if (header->stream != CR_STREAM_STDOUT
        && header->stream != CR_STREAM_STDERR)
    {
        return -1;
    }

    return 1;
}
