/*
 * Single-producer, single-consumer rings over shared memory.
 *
 * cr_ring_t carries 64-bit entries (submissions), cr_control_t carries framed
 * messages with a payload (stdin, signals).  Positions only grow; an entry
 * sits at position & mask.  The mask is never read from shared memory: each
 * side passes the one it derived from the checked geometry.
 */

#ifndef CR_RING_H
#define CR_RING_H


#include "cr_abi.h"


typedef struct {
    /* consumer writes (release), producer reads (acquire) */
    _Alignas(CR_CACHELINE) _Atomic uint32_t  head;
    /* producer writes, consumer reads (seq_cst: a push is followed by a look
       at the consumer's armed flag, an arming by a look at this) */
    _Alignas(CR_CACHELINE) _Atomic uint32_t  tail;
    /* producer writes before tail, consumer reads after it */
    _Alignas(CR_CACHELINE) uint64_t          entries[];
} cr_ring_t;


typedef enum {
    CR_CONTROL_STDIN = 1,           /* payload: bytes for the job's stdin */
    CR_CONTROL_EOF,                 /* closes the job's stdin */
    CR_CONTROL_SIGNAL,              /* arg: signal number */
    CR_CONTROL_CANCEL,
    CR_CONTROL_RESIZE               /* arg: rows << 16 | columns */
} cr_control_e;


typedef struct {
    uint32_t  len;                  /* of the payload, bytes */
    uint32_t  type;                 /* cr_control_e */
    uint32_t  slot;
    uint32_t  generation;
    uint64_t  arg;
} cr_control_header_t;


#define CR_CONTROL_DATA     (64 * 1024)     /* a power of two */
#define CR_CONTROL_SIZE     (CR_CONTROL_DATA + 2 * CR_CACHELINE)
#define CR_CONTROL_PAYLOAD  (16 * 1024)     /* most bytes of one payload */


typedef struct {
    /* consumer writes (seq_cst, for starved); bytes, only grows, wraps at
       2^32 */
    _Alignas(CR_CACHELINE) _Atomic uint32_t  head;
    /* producer sets when it met a full ring; consumer clears and rings */
    _Atomic uint32_t                         starved;
    /* producer writes (seq_cst, for armed) */
    _Alignas(CR_CACHELINE) _Atomic uint32_t  tail;
    _Alignas(CR_CACHELINE) uint8_t           data[];
} cr_control_t;


/* bytes that a ring of 'capacity' (a power of two) entries occupies */
size_t cr_ring_size(uint32_t capacity);

/* producer: 0, or -1 when full */
int cr_ring_push(cr_ring_t *ring, uint32_t capacity, uint64_t entry);

/*
 * Consumer: cr_ring_peek gives the next entry (0) or -1 when empty (or when
 * the producer's position is not believable: then the ring has been reset);
 * cr_ring_pop consumes the entry that was peeked.  Apart, so that a consumer
 * can claim the job in between: one that dies before the pop leaves an entry
 * that the next one skips.  cr_ring_look gives the n-th entry that waits.
 */
int cr_ring_peek(cr_ring_t *ring, uint32_t capacity, uint64_t *entry);
int cr_ring_look(cr_ring_t *ring, uint32_t capacity, uint32_t n,
    uint64_t *entry);
void cr_ring_pop(cr_ring_t *ring);
/* consumer: drops everything up to the producer's position */
void cr_ring_reset(cr_ring_t *ring);
/* entries that wait, at most 'capacity' */
uint32_t cr_ring_count(cr_ring_t *ring, uint32_t capacity);

/*
 * Producer: appends one message, header->len <= CR_CONTROL_PAYLOAD bytes of
 * payload; 0, or -1 when there is no room (starved is set: the consumer rings
 * the producer's doorbell once it has drained).
 */
int cr_control_push(cr_control_t *ring, const cr_control_header_t *header,
    const void *payload);

/*
 * Consumer: copies the next message into header and payload (at least
 * CR_CONTROL_PAYLOAD bytes); 1 message, 0 empty, -1 the producer lied (the
 * ring has been reset).  *starved tells whether to ring the producer.
 */
int cr_control_pop(cr_control_t *ring, cr_control_header_t *header,
    void *payload, int *starved);
/* consumer: drops all messages; 1 when the producer must be rung */
int cr_control_reset(cr_control_t *ring);


#endif
