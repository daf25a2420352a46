/*
 * row: 60
 * title: Timers are bounded in number.
 * gvisor: the memory limit ends it: timers are the sentry's memory
 * tries: 100,000 timer_create, timerfd_create, eventfd, epoll_create
 */

#include "attack.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>


int
main(void)
{
    int              i, n, fd;
    timer_t          timer;
    struct sigevent  ev;

    memset(&ev, 0, sizeof(ev));
    ev.sigev_notify = SIGEV_SIGNAL;
    ev.sigev_signo = SIGUSR1;

    for (i = 0, n = 0; i < 100000; i++) {
        n += timer_create(CLOCK_REALTIME, &ev, &timer) == 0;
    }

    if (n > 1100) {
        breach("%d timers", n);
    }

    for (i = 0, n = 0; i < 100000; i++) {
        fd = i % 3 == 0 ? timerfd_create(CLOCK_MONOTONIC, 0)
             : i % 3 == 1 ? eventfd(0, 0) : epoll_create1(0);
        n += fd != -1;
    }

    if (n > 1024) {
        breach("%d descriptors", n);
    }

    return held();
}
