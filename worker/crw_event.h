/*
 * One process's event loop: descriptors by epoll, timers by a heap.
 *
 * Events and timers are embedded in the objects they serve and never
 * allocated; a handler may close its own or any other event, also one that
 * waits in the same batch.  Their memory must stay valid for the life of the
 * loop, which is why boxes and connections live in fixed arrays.
 */

#ifndef CRW_EVENT_H
#define CRW_EVENT_H


#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "crw_error.h"


typedef struct crw_event_s  crw_event_t;
typedef struct crw_timer_s  crw_timer_t;

typedef void (*crw_event_pt)(crw_event_t *ev, uint32_t events);
typedef void (*crw_timer_pt)(crw_timer_t *timer);


struct crw_event_s {
    int           fd;               /* -1: none; owned once added */
    uint32_t      mask;             /* 0: not watched now */
    crw_event_pt  handler;
    void         *data;
};


struct crw_timer_s {
    uint64_t      when_us;          /* monotonic */
    size_t        place;            /* in the heap from 1; 0: not set */
    crw_timer_pt  handler;
    void         *data;
};


typedef struct {
    int            epoll;
    crw_timer_t  **heap;            /* from 1 */
    size_t         ntimers;
    size_t         capacity;
    uint64_t       now_us;          /* monotonic, when the last wait ended */
} crw_loop_t;


/* 'timers' is the most that can be set at one time */
int crw_loop_init(crw_loop_t *loop, size_t timers, crw_error_t *err);
void crw_loop_done(crw_loop_t *loop);

/* events and timers that are due, waiting at most max_ms (-1: for ever) for
   the first */
void crw_loop_once(crw_loop_t *loop, int max_ms);

void crw_event_init(crw_event_t *ev, crw_event_pt handler, void *data);
/* takes the descriptor over, also when it fails: then it is closed */
int crw_event_add(crw_loop_t *loop, crw_event_t *ev, int fd, uint32_t mask);
/* takes it over without watching it */
void crw_event_hold(crw_event_t *ev, int fd);
/* mask 0: not watched for now, not even for a hang-up */
int crw_event_watch(crw_loop_t *loop, crw_event_t *ev, uint32_t mask);
void crw_event_close(crw_event_t *ev);
/* leaves the descriptor open: it is somebody else's after all */
void crw_event_forget(crw_loop_t *loop, crw_event_t *ev);

void crw_timer_init(crw_timer_t *timer, crw_timer_pt handler, void *data);
void crw_timer_set(crw_loop_t *loop, crw_timer_t *timer, uint64_t delay_us);
void crw_timer_cancel(crw_loop_t *loop, crw_timer_t *timer);

uint64_t crw_monotonic_us(void);
int64_t crw_wall_us(void);


#endif
