/*
 * The rings.  A side's own position is read from shared memory, too; if the
 * other side wrote it, entries get lost or garbled, but since every access is
 * masked, nothing outside the ring is touched.
 */

#include <string.h>

#include "cr_ring.h"


#define CR_CONTROL_MASK  (CR_CONTROL_DATA - 1)

#define cr_control_need(len)                                                  \
    ((uint32_t) sizeof(cr_control_header_t) + (((len) + 7) & ~(uint32_t) 7))


static void cr_control_in(cr_control_t *ring, uint32_t position,
    const void *data, uint32_t len);
static void cr_control_out(cr_control_t *ring, uint32_t position, void *data,
    uint32_t len);
static int cr_control_starved(cr_control_t *ring, uint32_t used);


_Static_assert((CR_CONTROL_DATA & CR_CONTROL_MASK) == 0, "a power of two");
_Static_assert(sizeof(cr_ring_t) == 2 * CR_CACHELINE, "layout of a ring");
_Static_assert(sizeof(cr_control_t) == 2 * CR_CACHELINE, "layout of a ring");
_Static_assert(2 * cr_control_need(CR_CONTROL_PAYLOAD) <= CR_CONTROL_DATA,
               "a half-empty control ring takes the longest message");


size_t
cr_ring_size(uint32_t capacity)
{
    size_t  size;

    size = sizeof(cr_ring_t) + (size_t) capacity * sizeof(uint64_t);

    return (size + CR_CACHELINE - 1) & ~(size_t) (CR_CACHELINE - 1);
}


int
cr_ring_push(cr_ring_t *ring, uint32_t capacity, uint64_t entry)
{
    uint32_t  head, tail;

    tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    head = atomic_load_explicit(&ring->head, memory_order_acquire);

    if (tail - head >= capacity) {
        return -1;
    }

    ring->entries[tail & (capacity - 1)] = entry;

    atomic_store(&ring->tail, tail + 1);

    return 0;
}


int
cr_ring_peek(cr_ring_t *ring, uint32_t capacity, uint64_t *entry)
{
    return cr_ring_look(ring, capacity, 0, entry);
}


int
cr_ring_look(cr_ring_t *ring, uint32_t capacity, uint32_t n,
    uint64_t *entry)
{
    uint32_t  head, tail;

    head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    tail = atomic_load(&ring->tail);

    if (tail - head > capacity) {
        atomic_store_explicit(&ring->head, tail, memory_order_release);
        return -1;
    }

    if (n >= tail - head) {
        return -1;
    }

    *entry = ring->entries[(head + n) & (capacity - 1)];

    return 0;
}


void
cr_ring_pop(cr_ring_t *ring)
{
    uint32_t  head;

    head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
}


void
cr_ring_reset(cr_ring_t *ring)
{
    atomic_store_explicit(&ring->head, atomic_load(&ring->tail),
                          memory_order_release);
}


uint32_t
cr_ring_count(cr_ring_t *ring, uint32_t capacity)
{
    uint32_t  head, count;

    head = atomic_load_explicit(&ring->head, memory_order_acquire);
    count = atomic_load(&ring->tail) - head;

    return count < capacity ? count : capacity;
}


/*
 * A full ring: the producer sets starved and then looks at head once more,
 * the consumer moves head and then looks at starved, all seq_cst.  So either
 * the producer sees the room, or the consumer sees that it is waited for.
 */

int
cr_control_push(cr_control_t *ring, const cr_control_header_t *header,
    const void *payload)
{
    uint32_t  len, need, head, tail;

    len = header->len;

    if (len > CR_CONTROL_PAYLOAD) {
        return -1;
    }

    need = cr_control_need(len);
    tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
    head = atomic_load(&ring->head);

    if (tail - head > CR_CONTROL_DATA - need) {

        atomic_store(&ring->starved, 1);
        head = atomic_load(&ring->head);

        if (tail - head > CR_CONTROL_DATA - need) {
            return -1;
        }
    }

    cr_control_in(ring, tail, header, sizeof(cr_control_header_t));

    if (len != 0) {
        cr_control_in(ring, tail + (uint32_t) sizeof(cr_control_header_t),
                      payload, len);
    }

    atomic_store(&ring->tail, tail + need);

    return 0;
}


int
cr_control_pop(cr_control_t *ring, cr_control_header_t *header,
    void *payload, int *starved)
{
    uint32_t  head, used, need;

    head = atomic_load_explicit(&ring->head, memory_order_relaxed);
    used = atomic_load(&ring->tail) - head;

    if (used == 0) {
        *starved = cr_control_starved(ring, 0);
        return 0;
    }

    if (used > CR_CONTROL_DATA || used < sizeof(cr_control_header_t)) {
        *starved = cr_control_reset(ring);
        return -1;
    }

    cr_control_out(ring, head, header, sizeof(cr_control_header_t));

    if (header->len > CR_CONTROL_PAYLOAD
        || cr_control_need(header->len) > used)
    {
        *starved = cr_control_reset(ring);
        return -1;
    }

    need = cr_control_need(header->len);

    cr_control_out(ring, head + (uint32_t) sizeof(cr_control_header_t),
                   payload, header->len);

    atomic_store(&ring->head, head + need);

    *starved = cr_control_starved(ring, used - need);

    return 1;
}


int
cr_control_reset(cr_control_t *ring)
{
    atomic_store(&ring->head, atomic_load(&ring->tail));

    return cr_control_starved(ring, 0);
}


/* not at the first free byte: one wake-up should pay for many messages */

static int
cr_control_starved(cr_control_t *ring, uint32_t used)
{
    if (used > CR_CONTROL_DATA / 2) {
        return 0;
    }

    if (atomic_load(&ring->starved) == 0) {
        return 0;
    }

    return atomic_exchange(&ring->starved, 0) != 0;
}


static void
cr_control_in(cr_control_t *ring, uint32_t position, const void *data,
    uint32_t len)
{
    uint32_t  at, first;

    at = position & CR_CONTROL_MASK;
    first = CR_CONTROL_DATA - at;

    if (first >= len) {
        memcpy(ring->data + at, data, len);
        return;
    }

    memcpy(ring->data + at, data, first);
    memcpy(ring->data, (const uint8_t *) data + first, len - first);
}


static void
cr_control_out(cr_control_t *ring, uint32_t position, void *data,
    uint32_t len)
{
    uint32_t  at, first;

    at = position & CR_CONTROL_MASK;
    first = CR_CONTROL_DATA - at;

    if (first >= len) {
        memcpy(data, ring->data + at, len);
        return;
    }

    memcpy(data, ring->data + at, first);
    memcpy((uint8_t *) data + first, ring->data, len - first);
}
