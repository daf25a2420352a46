/*
 * What the event loop needs of the timer heap.
 */

#ifndef CRW_TIMER_H
#define CRW_TIMER_H


#include "crw_event.h"


/* ms until the first timer, rounded up; -1: none is set */
int crw_timer_next_ms(const crw_loop_t *loop);

/* runs every timer that is due at loop->now_us */
void crw_timer_expire(crw_loop_t *loop);


#endif
