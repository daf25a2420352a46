/*
 * A job's output: an append-only stream of chunks in the slot's log arena,
 * each a header and its bytes padded to 8.  One writer, the pool worker that
 * runs the job; any number of readers, each with a cursor of its own.  A
 * reader believes nothing: the published length is clipped to the arena, each
 * header is copied once and checked against it.
 */

#ifndef CR_LOG_H
#define CR_LOG_H


#include <sys/types.h>

#include "cr_slot.h"


typedef struct {
    uint32_t  len;                  /* bytes of data */
    uint16_t  stream;               /* cr_stream_e */
    uint16_t  reserved;
    uint64_t  time_us;              /* since the job started */
} cr_log_header_t;


typedef struct {
    uint64_t  position;             /* in the arena, at a header */
    uint64_t  offset;               /* bytes of output before it */
} cr_log_cursor_t;


/* bytes of arena that a chunk of len bytes takes */
#define cr_log_need(len)                                                      \
    (sizeof(cr_log_header_t) + (((uint64_t) (len) + 7) & ~(uint64_t) 7))


/*
 * Writer: a place for up to *len bytes (lowered to what fits) at the end of
 * the log, to be read(2) into; NULL when there is no room for one byte.
 * cr_log_commit publishes the first len of them as one chunk; 0, or -1 when
 * log_tail, which the other side can write, no longer allows it.
 */
uint8_t *cr_log_reserve(cr_slot_t *slot, uint8_t *arena, size_t size,
    size_t *len);
int cr_log_commit(cr_slot_t *slot, uint8_t *arena, size_t size,
    uint32_t stream, size_t len, uint64_t time_us);

/*
 * Reader: the next chunk, at most max (> 0) bytes of it copied to data,
 * starting 'skip' (< its length) bytes into it; fills header (whole length)
 * and returns the number copied, 0 at the end of what is published, -1 when
 * the log is not believable.  The cursor moves on only by cr_log_next.
 */
ssize_t cr_log_read(cr_slot_t *slot, const uint8_t *arena, size_t size,
    const cr_log_cursor_t *cursor, size_t skip, cr_log_header_t *header,
    uint8_t *data, size_t max);
void cr_log_next(cr_log_cursor_t *cursor, const cr_log_header_t *header);
/*
 * Late join: moves the cursor over whole chunks up to the one that holds
 * output byte 'offset' and sets *skip to the place in it, or stops at the end
 * of what is published (*skip 0).  0, or -1 when the log is not believable.
 */
int cr_log_seek(cr_slot_t *slot, const uint8_t *arena, size_t size,
    cr_log_cursor_t *cursor, uint64_t offset, size_t *skip);


#endif
