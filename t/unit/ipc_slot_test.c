/*
 * The slot's state machine.
 *
 * sources: ipc/cr_slot.c
 */

#include "cr_test.h"
#include "cr_slot.h"


static cr_slot_t  slot;


static uint64_t
at(uint32_t state)
{
    uint64_t  word;

    memset(&slot, 0, sizeof(slot));
    word = cr_word(state, 1, 2, 3, 10);
    atomic_store(&slot.word, word);

    return word;
}


/* states, as bits, in which a transition is allowed */

static uint32_t
allowed(int (*change)(cr_slot_t *slot, uint64_t *word))
{
    uint32_t  state, states;
    uint64_t  word;

    states = 0;

    for (state = 0; state <= CR_SLOT_CLEARING + 1; state++) {
        word = at(state);
        atomic_store(&slot.delivered, 1);

        if (change(&slot, &word)) {
            states |= 1U << state;

        } else if (atomic_load(&slot.word) != cr_word(state, 1, 2, 3, 10)) {
            states |= 1U << 31;
        }

        if (word != atomic_load(&slot.word)) {
            states |= 1U << 31;
        }
    }

    return states;
}


static int
claim(cr_slot_t *s, uint64_t *word)
{
    return cr_slot_claim(s, word, 5);
}


static int
start(cr_slot_t *s, uint64_t *word)
{
    return cr_slot_start(s, word, 7);
}


static int
end(cr_slot_t *s, uint64_t *word)
{
    return cr_slot_end(s, word, 6);
}


TEST("a word keeps its five parts apart")
{
    uint64_t  w;

    w = cr_word(CR_SLOT_CLEARING, 255, 254, 253, UINT32_MAX - 1);

    CHECK_INT(cr_word_state(w), CR_SLOT_CLEARING);
    CHECK_INT(cr_word_attempt(w), 255);
    CHECK_INT(cr_word_channel(w), 254);
    CHECK_INT(cr_word_worker(w), 253);
    CHECK_INT(cr_word_generation(w), UINT32_MAX - 1);
}


TEST("every transition leaves its own states only")
{
    CHECK_INT(allowed(claim), 1 << CR_SLOT_FREE | 1 << CR_SLOT_FINISHED);
    CHECK_INT(allowed(cr_slot_submit), 1 << CR_SLOT_FILLING);
    CHECK_INT(allowed(cr_slot_abandon), 1 << CR_SLOT_FILLING);
    CHECK_INT(allowed(start), 1 << CR_SLOT_QUEUED);
    CHECK_INT(allowed(cr_slot_run), 1 << CR_SLOT_STARTING);
    CHECK_INT(allowed(end), 1 << CR_SLOT_QUEUED);
    CHECK_INT(allowed(cr_slot_finish), 1 << CR_SLOT_STARTING
              | 1 << CR_SLOT_RUNNING | 1 << CR_SLOT_ENDING);
    CHECK_INT(allowed(cr_slot_requeue),
              1 << CR_SLOT_STARTING | 1 << CR_SLOT_RUNNING);
    CHECK_INT(allowed(cr_slot_clear), 1 << CR_SLOT_FINISHED);
    CHECK_INT(allowed(cr_slot_free), 1 << CR_SLOT_CLEARING);
    CHECK_INT(allowed(cr_slot_restore), 1 << CR_SLOT_CLEARING);
}


TEST("a claim makes a new generation, first attempt, and names the channel")
{
    uint64_t  w;

    w = at(CR_SLOT_FREE);
    REQUIRE(cr_slot_claim(&slot, &w, 5) == 1);
    CHECK(w == cr_word(CR_SLOT_FILLING, 1, 5, 0, 11));
}


TEST("generation 0 is never given to a job")
{
    uint64_t  w;

    memset(&slot, 0, sizeof(slot));
    w = cr_word(CR_SLOT_FREE, 0, 0, 0, UINT32_MAX);
    atomic_store(&slot.word, w);
    REQUIRE(cr_slot_claim(&slot, &w, 5) == 1);
    CHECK_INT(cr_word_generation(w), 1);
}


TEST("a start names the worker and keeps channel, attempt and generation")
{
    uint64_t  w;

    w = at(CR_SLOT_QUEUED);
    REQUIRE(cr_slot_start(&slot, &w, 9) == 1);
    CHECK(w == cr_word(CR_SLOT_STARTING, 1, 2, 9, 10));
}


TEST("an end names the channel that cancels")
{
    uint64_t  w;

    w = at(CR_SLOT_QUEUED);
    REQUIRE(cr_slot_end(&slot, &w, 6) == 1);
    CHECK(w == cr_word(CR_SLOT_ENDING, 1, 6, 0, 10));
}


TEST("a requeue counts the attempt and leaves no log and no result")
{
    uint64_t  w;

    w = at(CR_SLOT_RUNNING);
    atomic_store(&slot.log_tail, 100);
    slot.result.started_us = 5;

    REQUIRE(cr_slot_requeue(&slot, &w) == 1);
    CHECK(w == cr_word(CR_SLOT_QUEUED, 2, 2, 0, 10));
    CHECK_INT(atomic_load(&slot.log_tail), 0);
    CHECK_INT(slot.result.started_us, 0);
}


TEST("who lost a race changes nothing and learns what the word is")
{
    uint64_t  w, stale;

    w = at(CR_SLOT_QUEUED);
    stale = w;
    REQUIRE(cr_slot_start(&slot, &w, 1) == 1);
    CHECK_INT(cr_slot_end(&slot, &stale, 6), 0);
    CHECK(stale == w);
    CHECK(cr_slot_word(&slot) == w);
}


TEST("an old generation's handle cannot start the new job")
{
    uint64_t  w;

    (void) at(CR_SLOT_QUEUED);
    w = cr_word(CR_SLOT_QUEUED, 1, 2, 0, 9);
    CHECK_INT(cr_slot_start(&slot, &w, 1), 0);
}


TEST("a finished slot is not recycled before its result was delivered")
{
    uint64_t  w;

    w = at(CR_SLOT_FINISHED);
    CHECK_INT(cr_slot_claim(&slot, &w, 5), 0);
    atomic_store(&slot.delivered, 1);
    CHECK_INT(cr_slot_claim(&slot, &w, 5), 1);
}


TEST("a finished slot is neither recycled nor cleared while it is watched")
{
    uint64_t  w;

    w = at(CR_SLOT_FINISHED);
    atomic_store(&slot.delivered, 1);
    atomic_store(&slot.watchers, 1U << 3);

    CHECK_INT(cr_slot_claim(&slot, &w, 5), 0);
    CHECK_INT(cr_slot_clear(&slot, &w), 0);

    cr_slot_unwatch(&slot, 3);
    CHECK_INT(cr_slot_clear(&slot, &w), 1);
}


TEST("a watch holds a job from QUEUED to FINISHED, and nothing else")
{
    int       got;
    uint32_t  state;
    uint64_t  w;

    for (state = 0; state <= CR_SLOT_CLEARING + 1; state++) {
        (void) at(state);
        got = cr_slot_watch(&slot, 63, NULL, &w);

        CHECK_MSG(got == (state >= CR_SLOT_QUEUED
                          && state <= CR_SLOT_FINISHED), "%u", state);
        CHECK(atomic_load(&slot.watchers)
              == (got ? (uint64_t) 1 << 63 : 0));
        CHECK(w == cr_slot_word(&slot));
    }
}


TEST("a channel may watch the job that it is filling, others may not")
{
    uint64_t  w;
    uint8_t   id[16] = { 0 };

    (void) at(CR_SLOT_FILLING);

    CHECK_INT(cr_slot_watch(&slot, 2, id, &w), 0);
    CHECK_INT(cr_slot_watch(&slot, 2, NULL, &w), 1);
    CHECK_INT(atomic_load(&slot.watchers), 1U << 2);
}


TEST("a watch for another id leaves the bit as it was")
{
    uint64_t  w;
    uint8_t   id[16] = { 1 };

    (void) at(CR_SLOT_RUNNING);

    CHECK_INT(cr_slot_watch(&slot, 1, id, &w), 0);
    CHECK_INT(atomic_load(&slot.watchers), 0);

    CHECK_INT(cr_slot_watch(&slot, 1, NULL, &w), 1);
    CHECK_INT(cr_slot_watch(&slot, 1, id, &w), 0);
    CHECK_INT(atomic_load(&slot.watchers), 1U << 1);

    slot.job.id[0] = 1;
    CHECK_INT(cr_slot_watch(&slot, 1, id, &w), 1);
}


TEST("delivered is set for the job that has ended and for no other")
{
    (void) at(CR_SLOT_RUNNING);
    CHECK_INT(cr_slot_deliver(&slot, 4, 10), 0);

    (void) at(CR_SLOT_FINISHED);
    CHECK_INT(cr_slot_deliver(&slot, 4, 9), 0);
    CHECK_INT(atomic_load(&slot.delivered), 0);

    CHECK_INT(cr_slot_deliver(&slot, 4, 10), 1);
    CHECK_INT(atomic_load(&slot.delivered), 1);
    CHECK_INT(atomic_load(&slot.watchers), 0);

    atomic_store(&slot.watchers, 1U << 4);
    CHECK_INT(cr_slot_deliver(&slot, 4, 10), 1);
    CHECK_INT(atomic_load(&slot.watchers), 1U << 4);
}
