/*
 * Consumer side of the submission rings.
 */

#include "cr_consume.h"


static int cr_consume_channel(cr_segment_t *seg, uint32_t channel,
    uint32_t worker, uint32_t *index, uint64_t *word);


int
cr_consume_next(cr_segment_t *seg, uint32_t worker, uint32_t *hint,
    uint32_t *index, uint64_t *word)
{
    uint32_t  i, n, channel;

    n = seg->geometry.channels;
    channel = *hint < n ? *hint : 0;

    for (i = 0; i < n; i++) {

        if (cr_consume_channel(seg, channel, worker, index, word)) {
            *hint = channel + 1;
            return 1;
        }

        channel = channel + 1 < n ? channel + 1 : 0;
    }

    return 0;
}


/* bounded: a producer that pushes garbage as fast as we drop it must not
   hold the mutex through us */

static int
cr_consume_channel(cr_segment_t *seg, uint32_t channel, uint32_t worker,
    uint32_t *index, uint64_t *word)
{
    uint32_t    i, at;
    uint64_t    entry, w;
    cr_ring_t  *ring;
    cr_slot_t  *slot;

    ring = cr_segment_ring(seg, channel);

    for (i = 0; i < seg->geometry.ring; i++) {

        if (cr_ring_peek(ring, seg->geometry.ring, &entry) != 0) {
            return 0;
        }

        at = cr_handle_index(entry);

        if (at < seg->geometry.slots) {
            slot = cr_segment_slot(seg, at);
            w = cr_slot_word(slot);

            if (cr_word_generation(w) == cr_handle_generation(entry)
                && cr_slot_start(slot, &w, worker))
            {
                cr_ring_pop(ring);

                *index = at;
                *word = w;

                return 1;
            }
        }

        cr_ring_pop(ring);
    }

    return 0;
}
