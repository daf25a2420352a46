/*
 * Timers: a binary heap of pointers, each timer knows its place in it.
 */

#include "crw_timer.h"

#include <stdlib.h>

#include "crw_log.h"


#define CRW_TIMER_WAIT_MAX  3600000     /* ms of one wait */


static void crw_timer_put(crw_loop_t *loop, crw_timer_t *timer, size_t place);
static void crw_timer_up(crw_loop_t *loop, crw_timer_t *timer, size_t place);
static void crw_timer_down(crw_loop_t *loop, crw_timer_t *timer,
    size_t place);


int
crw_timer_next_ms(const crw_loop_t *loop)
{
    uint64_t  now, ms;

    if (loop->ntimers == 0) {
        return -1;
    }

    now = crw_monotonic_us();

    if (loop->heap[1]->when_us <= now) {
        return 0;
    }

    ms = (loop->heap[1]->when_us - now + 999) / 1000;

    return (ms > CRW_TIMER_WAIT_MAX) ? CRW_TIMER_WAIT_MAX : (int) ms;
}


void
crw_timer_expire(crw_loop_t *loop)
{
    crw_timer_t  *timer;

    while (loop->ntimers != 0) {
        timer = loop->heap[1];

        if (timer->when_us > loop->now_us) {
            return;
        }

        crw_timer_cancel(loop, timer);
        timer->handler(timer);
    }
}


void
crw_timer_init(crw_timer_t *timer, crw_timer_pt handler, void *data)
{
    timer->when_us = 0;
    timer->place = 0;
    timer->handler = handler;
    timer->data = data;
}


void
crw_timer_set(crw_loop_t *loop, crw_timer_t *timer, uint64_t delay_us)
{
    crw_timer_cancel(loop, timer);

    if (loop->ntimers == loop->capacity) {
        /* the capacity follows from the number of boxes and connections */
        crw_log(CRW_LOG_ERROR, "more timers than the loop was made for");
        abort();
    }

    /* a later timer never runs in the pass that set it */
    timer->when_us = crw_monotonic_us() + ((delay_us != 0) ? delay_us : 1);

    loop->ntimers++;
    crw_timer_up(loop, timer, loop->ntimers);
}


void
crw_timer_cancel(crw_loop_t *loop, crw_timer_t *timer)
{
    size_t        place;
    crw_timer_t  *last;

    place = timer->place;

    if (place == 0) {
        return;
    }

    timer->place = 0;

    last = loop->heap[loop->ntimers];
    loop->ntimers--;

    if (last == timer) {
        return;
    }

    if (place > 1 && loop->heap[place / 2]->when_us > last->when_us) {
        crw_timer_up(loop, last, place);

    } else {
        crw_timer_down(loop, last, place);
    }
}


static void
crw_timer_put(crw_loop_t *loop, crw_timer_t *timer, size_t place)
{
    loop->heap[place] = timer;
    timer->place = place;
}


static void
crw_timer_up(crw_loop_t *loop, crw_timer_t *timer, size_t place)
{
    while (place > 1 && loop->heap[place / 2]->when_us > timer->when_us) {
        crw_timer_put(loop, loop->heap[place / 2], place);
        place /= 2;
    }

    crw_timer_put(loop, timer, place);
}


static void
crw_timer_down(crw_loop_t *loop, crw_timer_t *timer, size_t place)
{
    size_t  child;

    for ( ;; ) {
        child = place * 2;

        if (child > loop->ntimers) {
            break;
        }

        if (child < loop->ntimers
            && loop->heap[child + 1]->when_us < loop->heap[child]->when_us)
        {
            child++;
        }

        if (loop->heap[child]->when_us >= timer->when_us) {
            break;
        }

        crw_timer_put(loop, loop->heap[child], place);
        place = child;
    }

    crw_timer_put(loop, timer, place);
}
