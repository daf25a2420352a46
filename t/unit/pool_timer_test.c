/*
 * The event loop's timers, and its events.
 *
 * sources: worker/crw_timer.c worker/crw_event.c worker/crw_error.c
 * sources: worker/crw_log.c
 */

#include <fcntl.h>
#include <unistd.h>

#include "crw_event.h"
#include "crw_timer.h"
#include "cr_test.h"


#define POOL_TIMERS  500


static uint64_t     pool_timer_last;
static unsigned     pool_timer_count;
static crw_loop_t   pool_timer_loop;


static void
pool_timer_fire(crw_timer_t *timer)
{
    CHECK(timer->place == 0);
    CHECK(timer->when_us >= pool_timer_last);
    pool_timer_last = timer->when_us;
    pool_timer_count++;
}


TEST("timers fire in order, each once, and those cancelled do not")
{
    uint32_t            seed;
    unsigned            i, set;
    crw_error_t         err;
    static crw_timer_t  timers[POOL_TIMERS];

    REQUIRE(crw_loop_init(&pool_timer_loop, POOL_TIMERS, &err) == 0);

    seed = 7;
    set = 0;
    pool_timer_last = 0;
    pool_timer_count = 0;

    for (i = 0; i < POOL_TIMERS; i++) {
        crw_timer_init(&timers[i], pool_timer_fire, NULL);
        crw_timer_set(&pool_timer_loop, &timers[i],
                      cr_test_random(&seed) % 30000);
    }

    /* some set again, some cancelled, some twice */

    for (i = 0; i < POOL_TIMERS; i++) {

        switch (cr_test_random(&seed) % 4) {

        case 0:
            crw_timer_cancel(&pool_timer_loop, &timers[i]);
            crw_timer_cancel(&pool_timer_loop, &timers[i]);
            break;

        case 1:
            crw_timer_set(&pool_timer_loop, &timers[i],
                          cr_test_random(&seed) % 30000);
            break;

        default:
            break;
        }
    }

    for (i = 0; i < POOL_TIMERS; i++) {
        set += (timers[i].place != 0);
    }

    CHECK_INT(pool_timer_loop.ntimers, set);

    while (crw_timer_next_ms(&pool_timer_loop) != -1) {
        crw_loop_once(&pool_timer_loop, 50);
    }

    CHECK_INT(pool_timer_count, set);
    crw_loop_done(&pool_timer_loop);
}


static void
pool_timer_again(crw_timer_t *timer)
{
    pool_timer_count++;
    crw_timer_set(&pool_timer_loop, timer, 0);
}


TEST("a timer that sets itself with no delay does not hold the loop")
{
    crw_error_t  err;
    crw_timer_t  timer;

    REQUIRE(crw_loop_init(&pool_timer_loop, 1, &err) == 0);

    pool_timer_count = 0;
    crw_timer_init(&timer, pool_timer_again, NULL);
    crw_timer_set(&pool_timer_loop, &timer, 0);
    usleep(10);
    crw_loop_once(&pool_timer_loop, 10);
    CHECK(pool_timer_count <= 1);
    crw_loop_done(&pool_timer_loop);
}


static crw_event_t  pool_event_pair[2];


static void
pool_event_close_both(crw_event_t *ev, uint32_t events)
{
    (void) ev;
    (void) events;

    pool_timer_count++;
    crw_event_close(&pool_event_pair[0]);
    crw_event_close(&pool_event_pair[1]);
}


TEST("an event closed by another one of its batch is not called")
{
    int          i, fds[2];
    crw_error_t  err;

    REQUIRE(crw_loop_init(&pool_timer_loop, 1, &err) == 0);

    pool_timer_count = 0;

    for (i = 0; i < 2; i++) {
        REQUIRE(pipe2(fds, O_CLOEXEC) == 0);
        REQUIRE(write(fds[1], "x", 1) == 1);
        (void) close(fds[1]);
        crw_event_init(&pool_event_pair[i], pool_event_close_both, NULL);
        REQUIRE(crw_event_add(&pool_timer_loop, &pool_event_pair[i], fds[0],
                              EPOLLIN) == 0);
    }

    crw_loop_once(&pool_timer_loop, 100);
    CHECK_INT(pool_timer_count, 1);
    CHECK_INT(pool_event_pair[0].fd, -1);
    CHECK_INT(pool_event_pair[1].fd, -1);
    crw_loop_done(&pool_timer_loop);
}
