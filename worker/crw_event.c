/*
 * Descriptors: registration with epoll and dispatch.
 */

#include "crw_event.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "crw_fault.h"
#include "crw_timer.h"


#define CRW_EVENT_BATCH  64


int
crw_loop_init(crw_loop_t *loop, size_t timers, crw_error_t *err)
{
    loop->ntimers = 0;
    loop->capacity = timers;
    loop->now_us = crw_monotonic_us();

    loop->heap = crw_fault("loop_memory") == -1
                 ? NULL : calloc(timers + 1, sizeof(crw_timer_t *));
    if (loop->heap == NULL) {
        return crw_error_set(err, errno, "no memory for timers");
    }

    loop->epoll = crw_fault("loop_epoll") == -1
                  ? -1 : epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll == -1) {
        free(loop->heap);
        loop->heap = NULL;
        return crw_error_set(err, errno, "epoll_create1 failed");
    }

    return 0;
}


void
crw_loop_done(crw_loop_t *loop)
{
    if (loop->epoll != -1) {
        (void) close(loop->epoll);
        loop->epoll = -1;
    }

    free(loop->heap);
    loop->heap = NULL;
}


void
crw_loop_once(crw_loop_t *loop, int max_ms)
{
    int                 i, n, wait_ms;
    crw_event_t        *ev;
    struct epoll_event  batch[CRW_EVENT_BATCH];

    wait_ms = crw_timer_next_ms(loop);

    if (wait_ms == -1 || (max_ms != -1 && max_ms < wait_ms)) {
        wait_ms = max_ms;
    }

    n = epoll_wait(loop->epoll, batch, CRW_EVENT_BATCH, wait_ms);

    loop->now_us = crw_monotonic_us();

    for (i = 0; i < n; i++) {
        ev = batch[i].data.ptr;

        /* closed or set aside by a handler earlier in this batch */

        if (ev->fd != -1 && ev->mask != 0) {
            ev->handler(ev, batch[i].events);
        }
    }

    crw_timer_expire(loop);
}


void
crw_event_init(crw_event_t *ev, crw_event_pt handler, void *data)
{
    ev->fd = -1;
    ev->mask = 0;
    ev->handler = handler;
    ev->data = data;
}


int
crw_event_add(crw_loop_t *loop, crw_event_t *ev, int fd, uint32_t mask)
{
    struct epoll_event  ee;

    ee.events = mask;
    ee.data.ptr = ev;

    if (crw_fault("event_add") == -1
        || epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &ee) == -1)
    {
        (void) close(fd);
        ev->fd = -1;
        ev->mask = 0;
        return -1;
    }

    ev->fd = fd;
    ev->mask = mask;

    return 0;
}


void
crw_event_hold(crw_event_t *ev, int fd)
{
    ev->fd = fd;
    ev->mask = 0;
}


int
crw_event_watch(crw_loop_t *loop, crw_event_t *ev, uint32_t mask)
{
    int                 op;
    struct epoll_event  ee;

    if (ev->fd == -1 || ev->mask == mask) {
        return 0;
    }

    op = (mask == 0) ? EPOLL_CTL_DEL
                     : (ev->mask == 0) ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

    ee.events = mask;
    ee.data.ptr = ev;

    if ((mask != 0 && crw_fault("event_watch") == -1)
        || epoll_ctl(loop->epoll, op, ev->fd, &ee) == -1)
    {
        return -1;
    }

    ev->mask = mask;

    return 0;
}


/*
 * Closing is enough to leave the epoll set: the descriptors given to a loop
 * have no duplicate in this process, and none lives in another one, since
 * children are exec'ed and everything is close-on-exec.
 */

void
crw_event_close(crw_event_t *ev)
{
    if (ev->fd != -1) {
        (void) close(ev->fd);
        ev->fd = -1;
        ev->mask = 0;
    }
}


void
crw_event_forget(crw_loop_t *loop, crw_event_t *ev)
{
    (void) crw_event_watch(loop, ev, 0);
    ev->fd = -1;
}


uint64_t
crw_monotonic_us(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + (uint64_t) ts.tv_nsec / 1000;
}


int64_t
crw_wall_us(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}
