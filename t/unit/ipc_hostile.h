/*
 * A segment whose other side writes whatever it likes, and calls of every
 * function that reads what it wrote.  The mapping lies between two pages that
 * cannot be touched and the buffers are exactly as large as promised, so
 * that a step outside is a crash.  Used by ipc_hostile_test and by the fuzz
 * target ipc_segment_fuzz.
 */

#ifndef IPC_HOSTILE_H
#define IPC_HOSTILE_H


#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cr_consume.h"
#include "cr_log.h"
#include "cr_reap.h"
#include "cr_request.h"
#include "cr_segment.h"


#define HOSTILE_SLOTS  3
#define HOSTILE_LOOPS  1000     /* calls that a liar may cause, and no end */


#define hostile_promise(kept)                                                 \
    do {                                                                      \
        if (!(kept)) {                                                        \
            abort();                                                          \
        }                                                                     \
    } while (0)


static inline cr_segment_t *
hostile_create(void)
{
    int                   fd;
    uint8_t              *p;
    static cr_segment_t   seg;

    static const cr_geometry_t  g = { HOSTILE_SLOTS, 2, 1, 8, 8192, 4096 };

    fd = cr_segment_create(&seg, &g, "hostile", 1);
    hostile_promise(fd != -1);

    p = mmap(NULL, seg.size + 2 * CR_PAGE, PROT_NONE,
             MAP_PRIVATE|MAP_ANONYMOUS, -1, 0);
    hostile_promise(p != MAP_FAILED);

    (void) munmap(seg.base, seg.size);

    seg.base = mmap(p + CR_PAGE, seg.size, PROT_READ|PROT_WRITE,
                    MAP_SHARED|MAP_FIXED, fd, 0);
    hostile_promise(seg.base == p + CR_PAGE);

    seg.header = (cr_header_t *) (void *) seg.base;
    close(fd);

    return &seg;
}


static inline void
hostile_log(cr_segment_t *seg, uint32_t index, uint64_t position)
{
    size_t            len, skip, size;
    ssize_t           n;
    uint8_t          *p, *arena, *data;
    uint32_t          i;
    cr_slot_t        *slot;
    cr_log_cursor_t   cursor;
    cr_log_header_t   h;

    slot = cr_segment_slot(seg, index);
    arena = cr_segment_log(seg, index);
    size = seg->geometry.log_size;

    data = malloc(100);
    hostile_promise(data != NULL);

    cursor.position = position;
    cursor.offset = 0;

    for (i = 0; i < HOSTILE_LOOPS; i++) {
        n = cr_log_read(slot, arena, size, &cursor, 0, &h, data, 100);

        if (n <= 0) {
            break;
        }

        hostile_promise(n <= 100 && h.len <= size && (uint32_t) n <= h.len);
        hostile_promise(cr_log_read(slot, arena, size, &cursor, h.len - 1, &h,
                                    data, 100) <= 100);
        cr_log_next(&cursor, &h);
        hostile_promise(cursor.position <= size);
    }

    cursor.position = 0;
    cursor.offset = 0;

    if (cr_log_seek(slot, arena, size, &cursor, position, &skip) == 0) {
        hostile_promise(skip < size && cursor.position <= size);
    }

    len = 100;
    p = cr_log_reserve(slot, arena, size, &len);

    if (p != NULL) {
        hostile_promise(len != 0 && p >= arena && p < arena + size
                        && len <= (size_t) (arena + size - p));
        memset(p, 'x', len);
    }

    (void) cr_log_commit(slot, arena, size, CR_STREAM_STDERR, len, 1);
    (void) cr_log_commit(slot, arena, size, CR_STREAM_STDERR, 4000, 1);

    free(data);
}


static inline void
hostile_request(cr_segment_t *seg, uint32_t index)
{
    size_t    len;
    uint8_t  *copy;

    /* as the pool worker does: read once, checked, copied */

    len = cr_segment_slot(seg, index)->job.request_len;

    if (len > seg->geometry.request_size) {
        return;
    }

    copy = malloc(len);
    hostile_promise(copy != NULL || len == 0);

    if (len != 0) {
        memcpy(copy, cr_segment_request(seg, index), len);
    }

    (void) cr_request_check(copy, len);
    free(copy);
}


static inline void
hostile_rings(cr_segment_t *seg)
{
    int                   starved;
    uint8_t              *payload;
    uint32_t              c, i, hint, index;
    uint64_t              word, entry;
    cr_control_t         *control;
    cr_control_header_t   h;

    payload = calloc(1, CR_CONTROL_PAYLOAD);
    hostile_promise(payload != NULL);

    for (c = 0; c < seg->geometry.channels; c++) {
        control = cr_segment_control(seg, c, 0);

        for (i = 0; i < HOSTILE_LOOPS; i++) {
            if (cr_control_pop(control, &h, payload, &starved) != 1) {
                break;
            }

            hostile_promise(h.len <= CR_CONTROL_PAYLOAD);
        }

        memset(&h, 0, sizeof(h));
        h.len = CR_CONTROL_PAYLOAD;
        (void) cr_control_push(control, &h, payload);

        (void) cr_ring_count(cr_segment_ring(seg, c), seg->geometry.ring);
        (void) cr_ring_look(cr_segment_ring(seg, c), seg->geometry.ring, 7,
                            &entry);
    }

    hint = entry = c;

    for (i = 0; i < HOSTILE_LOOPS; i++) {
        if (cr_consume_next(seg, 0, &hint, &index, &word) != 1) {
            break;
        }

        hostile_promise(index < HOSTILE_SLOTS);
        hostile_promise(cr_word_state(word) == CR_SLOT_STARTING);
    }

    for (c = 0; c < seg->geometry.channels; c++) {
        (void) cr_ring_push(cr_segment_ring(seg, c), seg->geometry.ring,
                            entry);
    }

    free(payload);
}


static inline void
hostile_doorbells(cr_segment_t *seg)
{
    uint32_t  c, i, hint, index;

    for (i = 0; i < HOSTILE_SLOTS; i++) {
        hostile_promise(cr_segment_mark(seg, i) >> seg->geometry.channels
                        == 0);
    }

    for (c = 0; c < seg->geometry.channels; c++) {
        cr_channel_arm(seg, c);

        for (i = 0; i < HOSTILE_LOOPS; i++) {
            index = cr_channel_next(seg, c);

            if (index == CR_NONE) {
                break;
            }

            hostile_promise(index < HOSTILE_SLOTS);
        }

        hostile_promise(i <= 2 * HOSTILE_SLOTS);
    }

    hint = UINT32_MAX;
    index = cr_segment_wake(seg, &hint);
    hostile_promise(index == CR_NONE || index < seg->geometry.workers);
    (void) cr_segment_wake_worker(seg, 1, 0);
}


static inline void
hostile_info(cr_segment_t *seg)
{
    char      *buf;
    size_t     len;
    uint32_t   seq;

    buf = malloc(CR_INFO_MAX);
    hostile_promise(buf != NULL);

    if (cr_segment_info_read(seg, buf, &len, &seq) == 0) {
        hostile_promise(len <= CR_INFO_MAX);
    }

    free(buf);
}


static inline void
hostile_slots(cr_segment_t *seg)
{
    uint32_t  i, index;
    uint64_t  word;

    for (i = 0; i < HOSTILE_SLOTS; i++) {
        if (cr_slot_watch(cr_segment_slot(seg, i), 1, NULL, &word)) {
            cr_slot_unwatch(cr_segment_slot(seg, i), 1);
        }
    }

    atomic_store(&seg->header->next, UINT32_MAX);

    for (i = 0; i < HOSTILE_LOOPS; i++) {
        index = cr_segment_claim(seg, 1, &word);

        if (index == CR_NONE) {
            break;
        }

        hostile_promise(index < HOSTILE_SLOTS);
        (void) cr_slot_submit(cr_segment_slot(seg, index), &word);
    }

    hostile_promise(i <= HOSTILE_SLOTS);
}


/* every reader, then every reaper; 'position' is a cursor's */

static inline void
hostile_touch(cr_segment_t *seg, uint64_t position)
{
    uint32_t  i, hint;

    for (i = 0; i < HOSTILE_SLOTS; i++) {
        hostile_log(seg, i, position);
        hostile_request(seg, i);
    }

    hostile_doorbells(seg);
    hostile_info(seg);
    hostile_rings(seg);

    (void) cr_reap_channel(seg, 1, 1000);
    hostile_slots(seg);
    (void) cr_reap_worker(seg, 0, 2000);
    hostile_slots(seg);

    hint = UINT32_MAX;
    (void) cr_reap_expire(seg, 3000, &hint, HOSTILE_SLOTS);
    (void) cr_reap_stop(seg, "stopped", 4000);
    (void) cr_reap_expire(seg, INT64_MAX, &hint, HOSTILE_SLOTS);
}


/* back to a segment with two jobs, one of which runs and has output */

static inline void
hostile_reset(cr_segment_t *seg)
{
    size_t                len;
    uint8_t              *p;
    uint32_t              i, index, hint;
    uint64_t              word;
    cr_slot_t            *slot;
    cr_request_writer_t   w;

    memset(seg->base + seg->channels, 0, seg->size - seg->channels);
    atomic_store(&seg->header->nfree, HOSTILE_SLOTS);
    atomic_store(&seg->header->next, 0);
    atomic_store(&seg->header->info_seq, 0);
    (void) cr_segment_info_write(seg, "{\"languages\":[]}", 16);
    seg->cursor = 0;
    hint = 0;

    for (i = 0; i < 2; i++) {
        index = cr_segment_claim(seg, 1, &word);
        slot = cr_segment_slot(seg, index);

        cr_request_init(&w, cr_segment_request(seg, index),
                        seg->geometry.request_size);
        (void) cr_request_add(&w, CR_RECORD_CODE, "print(1)", 8);
        (void) cr_request_add(&w, CR_RECORD_FILE_NAME, "a/b", 3);
        (void) cr_request_add(&w, CR_RECORD_FILE_DATA, "c", 1);
        slot->job.request_len = (uint32_t) w.used;

        (void) cr_slot_submit(slot, &word);
        (void) cr_ring_push(cr_segment_ring(seg, 1), seg->geometry.ring,
                            cr_handle(index, cr_word_generation(word)));
    }

    hint = 0;
    (void) cr_consume_next(seg, 0, &hint, &index, &word);
    slot = cr_segment_slot(seg, index);
    (void) cr_slot_run(slot, &word);

    for (i = 0; i < 3; i++) {
        len = 20;
        p = cr_log_reserve(slot, cr_segment_log(seg, index),
                           seg->geometry.log_size, &len);
        memset(p, 'o', len);
        (void) cr_log_commit(slot, cr_segment_log(seg, index),
                             seg->geometry.log_size, CR_STREAM_STDOUT, len,
                             i);
    }
}


#endif
