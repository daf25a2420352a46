/*
 * Transitions of a slot's word.  Every one is a compare-and-swap, so a
 * process that lost a race, or that was declared dead and lives, changes
 * nothing.
 */

#include <string.h>

#include "cr_slot.h"


static int cr_slot_change(cr_slot_t *slot, uint64_t *word, uint64_t next);
static int cr_slot_take(cr_slot_t *slot, uint64_t *word, uint32_t channel);
static uint64_t cr_slot_with_state(uint64_t word, uint32_t state);


int
cr_slot_claim(cr_slot_t *slot, uint64_t *word, uint32_t channel)
{
    uint32_t  generation;

    if (cr_word_state(*word) == CR_SLOT_FINISHED) {

        if (atomic_load(&slot->delivered) == 0
            || !cr_slot_take(slot, word, channel))
        {
            return 0;
        }

    } else if (cr_word_state(*word) != CR_SLOT_FREE) {
        return 0;
    }

    /* 0 stays free: it is the generation of a slot that never had a job */

    generation = cr_word_generation(*word) + 1;

    if (generation == 0) {
        generation = 1;
    }

    return cr_slot_change(slot, word, cr_word(CR_SLOT_FILLING, 1, channel, 0,
                                              generation));
}


int
cr_slot_submit(cr_slot_t *slot, uint64_t *word)
{
    if (cr_word_state(*word) != CR_SLOT_FILLING) {
        return 0;
    }

    return cr_slot_change(slot, word,
                          cr_slot_with_state(*word, CR_SLOT_QUEUED));
}


int
cr_slot_abandon(cr_slot_t *slot, uint64_t *word)
{
    if (cr_word_state(*word) != CR_SLOT_FILLING) {
        return 0;
    }

    return cr_slot_change(slot, word,
                          cr_slot_with_state(*word, CR_SLOT_FREE));
}


int
cr_slot_start(cr_slot_t *slot, uint64_t *word, uint32_t worker)
{
    uint64_t  w, next;

    w = *word;

    if (cr_word_state(w) != CR_SLOT_QUEUED) {
        return 0;
    }

    next = cr_word(CR_SLOT_STARTING, cr_word_attempt(w), cr_word_channel(w),
                   worker, cr_word_generation(w));

    return cr_slot_change(slot, word, next);
}


int
cr_slot_run(cr_slot_t *slot, uint64_t *word)
{
    if (cr_word_state(*word) != CR_SLOT_STARTING) {
        return 0;
    }

    return cr_slot_change(slot, word,
                          cr_slot_with_state(*word, CR_SLOT_RUNNING));
}


int
cr_slot_end(cr_slot_t *slot, uint64_t *word, uint32_t channel)
{
    uint64_t  w, next;

    w = *word;

    if (cr_word_state(w) != CR_SLOT_QUEUED) {
        return 0;
    }

    /* the channel becomes that of the one who ends it: if that dies, the
       master finds the slot by it */

    next = cr_word(CR_SLOT_ENDING, cr_word_attempt(w), channel, 0,
                   cr_word_generation(w));

    return cr_slot_change(slot, word, next);
}


int
cr_slot_finish(cr_slot_t *slot, uint64_t *word)
{
    switch (cr_word_state(*word)) {

    case CR_SLOT_STARTING:
    case CR_SLOT_RUNNING:
    case CR_SLOT_ENDING:
        return cr_slot_change(slot, word,
                              cr_slot_with_state(*word, CR_SLOT_FINISHED));

    default:
        return 0;
    }
}


int
cr_slot_requeue(cr_slot_t *slot, uint64_t *word)
{
    uint32_t  state;
    uint64_t  w, next;

    w = *word;
    state = cr_word_state(w);

    if (state != CR_SLOT_STARTING && state != CR_SLOT_RUNNING) {
        return 0;
    }

    /*
     * Emptied before the swap: a stale ring entry may let another worker
     * start the job the moment it is QUEUED.  The dead worker was the only
     * writer, so the caller is alone here.
     */

    memset(&slot->result, 0, sizeof(cr_result_t));
    atomic_store(&slot->log_tail, 0);

    next = cr_word(CR_SLOT_QUEUED, cr_word_attempt(w) + 1,
                   cr_word_channel(w), 0, cr_word_generation(w));

    return cr_slot_change(slot, word, next);
}


int
cr_slot_clear(cr_slot_t *slot, uint64_t *word)
{
    if (cr_word_state(*word) != CR_SLOT_FINISHED) {
        return 0;
    }

    return cr_slot_take(slot, word, CR_CHANNEL_MASTER);
}


int
cr_slot_restore(cr_slot_t *slot, uint64_t *word)
{
    if (cr_word_state(*word) != CR_SLOT_CLEARING) {
        return 0;
    }

    return cr_slot_change(slot, word,
                          cr_slot_with_state(*word, CR_SLOT_FINISHED));
}


int
cr_slot_free(cr_slot_t *slot, uint64_t *word)
{
    if (cr_word_state(*word) != CR_SLOT_CLEARING) {
        return 0;
    }

    return cr_slot_change(slot, word,
                          cr_slot_with_state(*word, CR_SLOT_FREE));
}


uint64_t
cr_slot_word(cr_slot_t *slot)
{
    return atomic_load(&slot->word);
}


int
cr_slot_watch(cr_slot_t *slot, uint32_t channel, const uint8_t *id,
    uint64_t *word)
{
    uint32_t  state;
    uint64_t  bit, before;

    bit = (uint64_t) 1 << channel;

    /* first the bit, then the word: see the reader protocol in cr_slot.h */

    before = atomic_fetch_or(&slot->watchers, bit);

    *word = atomic_load(&slot->word);
    state = cr_word_state(*word);

    if (state >= CR_SLOT_QUEUED && state <= CR_SLOT_FINISHED
        && (id == NULL || memcmp(slot->job.id, id, 16) == 0))
    {
        return 1;
    }

    if (state == CR_SLOT_FILLING && id == NULL
        && cr_word_channel(*word) == channel)
    {
        return 1;
    }

    if ((before & bit) == 0) {
        cr_slot_unwatch(slot, channel);
    }

    return 0;
}


void
cr_slot_unwatch(cr_slot_t *slot, uint32_t channel)
{
    atomic_fetch_and(&slot->watchers, ~((uint64_t) 1 << channel));
}


int
cr_slot_deliver(cr_slot_t *slot, uint32_t channel, uint32_t generation)
{
    int       ended;
    uint64_t  bit, before, word;

    bit = (uint64_t) 1 << channel;
    before = atomic_fetch_or(&slot->watchers, bit);
    word = atomic_load(&slot->word);

    ended = cr_word_state(word) == CR_SLOT_FINISHED
            && cr_word_generation(word) == generation;

    if (ended) {
        atomic_store(&slot->delivered, 1);
    }

    if ((before & bit) == 0) {
        cr_slot_unwatch(slot, channel);
    }

    return ended;
}


static int
cr_slot_change(cr_slot_t *slot, uint64_t *word, uint64_t next)
{
    if (!atomic_compare_exchange_strong(&slot->word, word, next)) {
        return 0;
    }

    *word = next;

    return 1;
}


/*
 * FINISHED -> CLEARING, unless someone watches.  Looked at twice: a watcher
 * sets its bit and then loads the word, we swap the word and then load the
 * bits.  All four are seq_cst, so at least one of the two sees the other:
 * either the watcher finds the slot gone, or we find the watcher and step
 * back.  Nothing but the state and the channel has changed by then; the
 * generation, by which a watcher knows its job, has not.
 */

static int
cr_slot_take(cr_slot_t *slot, uint64_t *word, uint32_t channel)
{
    uint64_t  before, taken;

    before = *word;

    if (atomic_load(&slot->watchers) != 0) {
        return 0;
    }

    taken = cr_word(CR_SLOT_CLEARING, cr_word_attempt(before), channel,
                    cr_word_worker(before), cr_word_generation(before));

    if (!cr_slot_change(slot, word, taken)) {
        return 0;
    }

    if (atomic_load(&slot->watchers) == 0) {
        return 1;
    }

    (void) cr_slot_change(slot, &taken, before);
    *word = before;

    return 0;
}


static uint64_t
cr_slot_with_state(uint64_t word, uint32_t state)
{
    return (word & ~(uint64_t) 0xff) | state;
}
