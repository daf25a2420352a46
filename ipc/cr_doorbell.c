/*
 * Who must be woken: dirty bitmaps and armed flags.
 *
 * Why no wake-up is lost.  Every access named here is seq_cst, so all of
 * them stand in one order.
 *
 *   pool worker, after a change         nginx worker, before it sleeps
 *   P1 publish (log_tail, word)         C1 armed = 1
 *   P2 load watchers                    C2 look at the summary, leaves
 *   P3 set the leaf bit                 C3 sleep
 *   P4 set the summary bit
 *   P5 load armed; if 1, exchange it
 *      to 0; if that gave 1, ring       and to watch:
 *                                       W1 set the bit in watchers
 *                                       W2 read log_tail and word
 *
 * 1. Arming.  If P5 finds 0, it stands before C1 in that order (or another
 *    process exchanged this C1's 1 and rings), hence P4 stands before C2 and
 *    C2 sees the summary bit.  If P5 finds 1, the bell is rung.
 * 2. Taking.  cr_channel_next clears a leaf bit before its caller reads the
 *    slot, so a change that comes later sets it again.  It clears a summary
 *    bit only after it saw the leaf empty, and looks at the leaf once more
 *    afterwards: a producer whose P4 came before that clear did its P3 before
 *    it, too, so that look sees the leaf; a P4 after it leaves the summary
 *    bit set.
 * 3. Watching.  If P2 misses the bit of W1, P2 stands before W1, hence P1
 *    before W2, and the watcher reads the change itself.
 *
 * Submissions are the same with two flags.  nginx: store the ring's tail,
 * then load ready and armed.  Pool worker: store ready, armed = 1, then peek
 * the rings, then sleep; and peek again whenever ready grows from 0.
 *
 * One hole is left to the master: a process killed between its exchange of
 * armed and its write to the eventfd takes the bell with it.  So after every
 * death of a process the master rings every doorbell once.
 */

#include "cr_segment.h"


static uint32_t cr_channel_find(cr_segment_t *seg, uint32_t channel,
    uint32_t from, uint32_t to);
static uint64_t cr_channel_leaf(cr_channel_t *ch, _Atomic uint64_t *leaves,
    uint32_t w);
static int cr_doorbell_take(_Atomic uint32_t *armed);


uint64_t
cr_segment_mark(cr_segment_t *seg, uint32_t index)
{
    uint32_t       c, w;
    uint64_t       watchers, ring;
    cr_channel_t  *ch;

    ring = 0;
    w = index / 64;

    watchers = atomic_load(&cr_segment_slot(seg, index)->watchers);

    for (c = 0; watchers != 0 && c < seg->geometry.channels; c++) {

        if ((watchers & ((uint64_t) 1 << c)) == 0) {
            continue;
        }

        watchers &= ~((uint64_t) 1 << c);

        ch = cr_segment_channel(seg, c);

        (void) atomic_fetch_or(&cr_segment_bitmap(seg, c)[w],
                               (uint64_t) 1 << index % 64);
        (void) atomic_fetch_or(&ch->summary[w / 64],
                               (uint64_t) 1 << w % 64);

        if (cr_doorbell_take(&ch->armed)) {
            ring |= (uint64_t) 1 << c;
        }
    }

    return ring;
}


void
cr_channel_arm(cr_segment_t *seg, uint32_t channel)
{
    atomic_store(&cr_segment_channel(seg, channel)->armed, 1);
}


/* round and round, so that a talkative slot cannot starve the others */

uint32_t
cr_channel_next(cr_segment_t *seg, uint32_t channel)
{
    uint32_t  index, n;

    n = seg->geometry.slots;

    if (seg->cursor >= n) {
        seg->cursor = 0;
    }

    index = cr_channel_find(seg, channel, seg->cursor, n);

    if (index == CR_NONE) {
        index = cr_channel_find(seg, channel, 0, seg->cursor);
    }

    if (index != CR_NONE) {
        seg->cursor = index + 1;
    }

    return index;
}


uint32_t
cr_segment_wake(cr_segment_t *seg, uint32_t *hint)
{
    uint32_t      i, n, index;
    cr_worker_t  *worker;

    n = seg->geometry.workers;
    index = *hint < n ? *hint : 0;

    for (i = 0; i < n; i++) {
        worker = cr_segment_worker(seg, index);

        if (atomic_load(&worker->ready) != 0
            && cr_doorbell_take(&worker->armed))
        {
            *hint = index + 1;
            return index;
        }

        index = index + 1 < n ? index + 1 : 0;
    }

    return CR_NONE;
}


int
cr_segment_wake_worker(cr_segment_t *seg, uint32_t channel, uint32_t worker)
{
    cr_worker_t  *w;

    w = cr_segment_worker(seg, worker);

    (void) atomic_fetch_or(&w->control, (uint64_t) 1 << channel);

    return cr_doorbell_take(&w->armed);
}


/* takes the first dirty slot in [from, to) */

static uint32_t
cr_channel_find(cr_segment_t *seg, uint32_t channel, uint32_t from,
    uint32_t to)
{
    uint32_t           w, last, index;
    uint64_t           bits;
    cr_channel_t      *ch;
    _Atomic uint64_t  *leaves;

    ch = cr_segment_channel(seg, channel);
    leaves = cr_segment_bitmap(seg, channel);

    last = (to + 63) / 64;

    for (w = from / 64; w < last; w++) {

        bits = atomic_load(&ch->summary[w / 64]) >> w % 64;

        if (bits == 0) {
            w |= 63;
            continue;
        }

        w += (uint32_t) __builtin_ctzll(bits);

        if (w >= last) {
            break;
        }

        bits = cr_channel_leaf(ch, leaves, w);

        if (w == from / 64) {
            bits &= UINT64_MAX << from % 64;
        }

        if (bits == 0) {
            continue;
        }

        index = w * 64 + (uint32_t) __builtin_ctzll(bits);

        if (index >= to) {
            break;
        }

        (void) atomic_fetch_and(&leaves[w], ~((uint64_t) 1 << index % 64));

        return index;
    }

    return CR_NONE;
}


/* a leaf's bits; an empty leaf's summary bit is cleared, see 2. above */

static uint64_t
cr_channel_leaf(cr_channel_t *ch, _Atomic uint64_t *leaves, uint32_t w)
{
    uint64_t  bits, bit;

    bits = atomic_load(&leaves[w]);

    if (bits != 0) {
        return bits;
    }

    bit = (uint64_t) 1 << w % 64;

    (void) atomic_fetch_and(&ch->summary[w / 64], ~bit);

    bits = atomic_load(&leaves[w]);

    if (bits != 0) {
        (void) atomic_fetch_or(&ch->summary[w / 64], bit);
    }

    return bits;
}


/* 1 when the sleeper must be rung, by this caller and nobody else */

static int
cr_doorbell_take(_Atomic uint32_t *armed)
{
    if (atomic_load(armed) == 0) {
        return 0;
    }

    return atomic_exchange(armed, 0) == 1;
}
