/*
 * The state machine of a box.
 *
 *   DOWN -> KEEPER -> ATTACH -> NET -> BUILD -> READY -> BUSY -> KILL
 *                                        ^                        |
 *                                        +-------- SETTLE <-------+
 *
 * Any failure leads to DROP, from there through WAIT (the longer the more
 * often it failed) back to DOWN.  A sandbox is never used twice, and a cgroup
 * is used again only when the memory of the last sandbox has left it.
 */

#include "crw_box.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "crw_fault.h"
#include "crw_log.h"
#include "crw_ready.h"
#include "crw_zygote.h"
#include "sandbox/crw_link.h"


#define CRW_BOX_START_US     (10 * 1000000)     /* keeper, net, build */
#define CRW_BOX_SENTRY_US    (30 * 1000000)     /* build, with gVisor */
#define CRW_BOX_KILL_US      100000
#define CRW_BOX_KILL_TRIES   20
#define CRW_BOX_POLL_US      2000
#define CRW_BOX_POLL_MAX     5                  /* doublings */
#define CRW_BOX_SETTLE_TRIES 10
#define CRW_BOX_SETTLE_KB    (16 * 1024)        /* noise above the floor */
#define CRW_BOX_CACHE_KB     (64 * 1024)        /* page cache we live with */
#define CRW_BOX_PEAK_KB      (4 * 1024)         /* and a peak that stays */
#define CRW_BOX_RETRY_US     (100000 / CRW_FAULT_HASTE)
#define CRW_BOX_RETRY_MAX    6                  /* doublings */


static void crw_box_keeper_message(crw_event_t *ev, uint32_t events);
static void crw_box_link_message(crw_event_t *ev, uint32_t events);
static void crw_box_io(crw_event_t *ev, uint32_t events);
static void crw_box_oom(crw_event_t *ev, uint32_t events);
static void crw_box_timer(crw_timer_t *timer);
static void crw_box_build(crw_box_t *box);
static void crw_box_check_ready(crw_box_t *box);
static void crw_box_gone(crw_box_t *box);
static void crw_box_settle(crw_box_t *box);
static void crw_box_down(crw_box_t *box);


void
crw_box_init(crw_box_t *box, crw_family_t *family, uint32_t number)
{
    box->family = family;
    box->number = number;
    box->state = CRW_BOX_DOWN;
    box->keeper_pidfd = -1;
    box->init_pidfd = -1;
    box->program_pidfd = -1;
    box->writers[0] = -1;
    box->writers[1] = -1;

    crw_event_init(&box->keeper, crw_box_keeper_message, box);
    crw_event_init(&box->link, crw_box_link_message, box);
    crw_event_init(&box->in, crw_box_io, box);
    crw_event_init(&box->out, crw_box_io, box);
    crw_event_init(&box->err, crw_box_io, box);
    crw_event_init(&box->oom, crw_box_oom, box);
    crw_timer_init(&box->timer, crw_box_timer, box);

    box->attach.cgroup = &box->cgroup;
    box->attach.data = box;
}


int
crw_box_prepare(crw_box_t *box)
{
    char          name[CRW_CGROUP_NAME];
    crw_error_t   err;
    crw_pool_t   *pool;

    if (box->has_cgroup) {
        return 0;
    }

    pool = box->family->pool;

    crw_pool_group_name(name, pool->worker, box->number);

    if (crw_cgroup_create(&box->cgroup, pool->base, name, &err) != 0) {
        crw_log(CRW_LOG_ERROR, "cgroup %s: %s", name, err.text);
        crw_box_fail(box, "making the cgroup", err.err);
        return -1;
    }

    box->has_cgroup = 1;
    box->floor_kb = 0;
    box->warm_kb = 0;
    box->own_kb = 0;
    box->peak_kb = 0;

    if (box->cgroup.oom != -1) {
        crw_event_hold(&box->oom, box->cgroup.oom);

        if (crw_event_watch(pool->loop, &box->oom,
                            crw_cgroup_oom_events(&box->cgroup))
            == -1)
        {
            crw_box_fail(box, "watching the cgroup", errno);
            return -1;
        }
    }

    return 0;
}


void
crw_box_asked(crw_box_t *box, crw_zygote_t *zygote)
{
    box->zygote = zygote;
    box->state = CRW_BOX_KEEPER;
    crw_timer_set(box->family->pool->loop, &box->timer, CRW_BOX_START_US);
}


void
crw_box_keeper(crw_box_t *box, pid_t pid, int pidfd)
{
    box->keeper_pid = pid;
    box->keeper_pidfd = pidfd;
    box->state = CRW_BOX_ATTACH;

    /* it may have ended: that is told now */

    if (crw_event_watch(box->family->pool->loop, &box->keeper, EPOLLIN)
        == -1)
    {
        crw_box_fail(box, "watching the keeper", errno);
        return;
    }

    box->attach.pid = pid;

    if (crw_attach_push(&box->family->pool->attach, &box->attach) != 0) {
        crw_box_fail(box, "handing the keeper to the attach thread", errno);
        return;
    }

    box->attaching = 1;
}


void
crw_box_attached(crw_attach_request_t *request)
{
    crw_box_t  *box = request->data;

    box->attaching = 0;

    if (box->state != CRW_BOX_ATTACH) {
        return;                     /* dropped meanwhile */
    }

    if (request->rc != 0) {
        crw_log(CRW_LOG_ERROR, "box %u: %s", box->number, request->err.text);
        crw_box_fail(box, "attaching the keeper to its cgroup",
                     request->err.err);
        return;
    }

    box->state = CRW_BOX_NET;

    if ((crw_fault("keeper_tell") == -1
         || crw_link_say(box->keeper.fd, CRW_MSG_ATTACHED, 0,
                         crw_fault_text(CRW_FAULT_ATTACHED), NULL, 0)
            != 0)
        && errno != EPIPE && errno != ECONNRESET)
    {
        /* one that has ended has said why: that is read next */
        crw_box_fail(box, "telling the keeper that it is attached", errno);
    }
}


static void
crw_box_keeper_message(crw_event_t *ev, uint32_t events)
{
    int         nfds, fds[CRW_LINK_FDS];
    ssize_t     n;
    crw_msg_t   msg;
    crw_box_t  *box = ev->data;

    (void) events;

    n = crw_link_recv(ev->fd, &msg, sizeof(msg), fds, CRW_LINK_FDS, &nfds);

    if (n == -1 && errno == EAGAIN) {
        return;
    }

    if (n == 0 && box->state == CRW_BOX_KEEPER) {
        /* it was never forked: the zygote says why */
        (void) crw_event_watch(box->family->pool->loop, ev, 0);
        return;
    }

    if (n != (ssize_t) sizeof(msg)) {
        crw_box_fail(box, "the keeper ended", (n == -1) ? errno : 0);
        return;
    }

    msg.text[CRW_TEXT_MAX - 1] = '\0';

    if (msg.type == CRW_MSG_BUILT && nfds == 1 && box->init_pidfd == -1) {
        box->init_pidfd = fds[0];
        box->built = 1;
        crw_box_check_ready(box);
        return;
    }

    crw_box_close_fds(fds, nfds);

    switch (msg.type) {

    case CRW_MSG_KEEPER_READY:
        if (box->state == CRW_BOX_NET
            && crw_box_usage(box, &box->floor_kb) == 0)
        {
            crw_box_build(box);
        }

        return;

    case CRW_MSG_GONE:
        crw_box_gone(box);
        return;

    case CRW_MSG_FAILED:
        crw_box_fail(box, msg.text, msg.value);
        return;

    default:
        crw_box_fail(box, "the keeper sent what it should not", EPROTO);
    }
}


static void
crw_box_link_message(crw_event_t *ev, uint32_t events)
{
    int         nfds, fds[CRW_LINK_FDS];
    ssize_t     n;
    crw_box_t  *box = ev->data;
    union {
        crw_msg_t       msg;
        crw_exit_msg_t  exit;
    } u;

    if ((events & EPOLLOUT) != 0 && box->state == CRW_BOX_BUSY) {
        box->family->pool->hooks->io(box, ev);
    }

    if ((events & (EPOLLIN|EPOLLHUP|EPOLLERR)) == 0 || ev->fd == -1) {
        return;
    }

    n = crw_link_recv(ev->fd, &u, sizeof(u), fds, CRW_LINK_FDS, &nfds);

    if (n == -1 && errno == EAGAIN) {
        return;
    }

    if (n < (ssize_t) sizeof(crw_msg_t)) {
        /* nobody is left at the other end: the keeper says the rest */
        (void) crw_event_watch(box->family->pool->loop, ev, 0);
        return;
    }

    u.msg.text[CRW_TEXT_MAX - 1] = '\0';

    if (u.msg.type == CRW_MSG_READY && nfds == 1
        && box->state == CRW_BOX_BUILD && box->program_pidfd == -1)
    {
        box->program_pidfd = fds[0];
        box->ready = 1;
        crw_box_check_ready(box);
        return;
    }

    crw_box_close_fds(fds, nfds);

    if (u.msg.type == CRW_MSG_FAILED && box->state == CRW_BOX_BUSY) {

        /* what the job brought did not fit; the box is as good as before, or
           anyone could take down boxes by the files of a request */

        box->family->pool->hooks->gone(box, u.msg.text, u.msg.value);
        return;
    }

    if (u.msg.type == CRW_MSG_FAILED) {
        crw_box_fail(box, u.msg.text, u.msg.value);
        return;
    }

    if (u.msg.type == CRW_MSG_EXIT && n == (ssize_t) sizeof(u.exit)
        && box->state == CRW_BOX_BUSY && !box->ended)
    {
        box->ended = 1;
        box->family->pool->hooks->exited(box, &u.exit);
        return;
    }

    crw_box_fail(box, "the sandbox sent what it should not", EPROTO);
}


static void
crw_box_io(crw_event_t *ev, uint32_t events)
{
    crw_box_t  *box = ev->data;

    (void) events;

    if (box->state == CRW_BOX_BUSY) {
        box->family->pool->hooks->io(box, ev);
        return;
    }

    /* hung up without a job: the keeper says the rest */

    (void) crw_event_watch(box->family->pool->loop, ev, 0);
}


static void
crw_box_oom(crw_event_t *ev, uint32_t events)
{
    uint64_t    count;
    crw_box_t  *box = ev->data;

    (void) events;

    /* v1: an eventfd; v2: reading the figures is what silences it */

    if (box->cgroup.base->kind == CRW_CGROUP_V1
        && read(ev->fd, &count, sizeof(count)) == -1)
    {
        return;
    }

    if (box->state == CRW_BOX_BUSY) {
        box->family->pool->hooks->oom(box);
        return;
    }

    crw_box_calm(box);
}


static void
crw_box_build(crw_box_t *box)
{
    const char    *step;
    crw_pool_t    *pool;
    crw_family_t  *family;

    family = box->family;
    pool = family->pool;

    if (box->zygote->state != CRW_ZYGOTE_UP && family->moving == NULL) {
        family->moving = box;
        crw_box_drop(box);
        return;
    }

    if (crw_box_limits(box, 0) != 0) {
        return;
    }

    box->built = 0;
    box->ready = 0;
    box->ended = 0;
    box->gone = 0;
    box->killed = 0;
    box->state = CRW_BOX_BUILD;

    crw_timer_set(pool->loop, &box->timer,
                  (pool->config->isolation == CRW_ISOLATION_GVISOR)
                  ? CRW_BOX_SENTRY_US : CRW_BOX_START_US);

    step = crw_box_open_sandbox(box);

    if (step != NULL) {
        crw_box_fail(box, step, errno);
    }
}


static void
crw_box_check_ready(crw_box_t *box)
{
    crw_pool_t    *pool;
    crw_family_t  *family;

    if (box->state != CRW_BOX_BUILD || !box->built || !box->ready) {
        return;
    }

    family = box->family;
    pool = family->pool;

    if (crw_box_limits(box, 1) != 0) {
        return;
    }

    crw_timer_cancel(pool->loop, &box->timer);
    box->state = CRW_BOX_READY;
    box->failures = 0;
    pool->built++;

    crw_ready_add(box);

    if (family->failures != 0 || family->trouble[0] != '\0') {
        family->failures = 0;
        family->trouble[0] = '\0';
        pool->hooks->health(family);
    }

    if (family->moving == box) {
        family->moving = NULL;
    }

    if (family->moving == NULL && !pool->stopping) {
        crw_zygote_move(family);
    }

    if (box->state == CRW_BOX_READY) {
        pool->hooks->ready(box);
    }
}


void
crw_box_kill(crw_box_t *box)
{
    if (box->killed || box->gone) {
        return;
    }

    box->killed = 1;
    box->tries = 0;

    (void) syscall(SYS_pidfd_send_signal, box->init_pidfd, SIGKILL, NULL, 0);
    crw_box_unthrottle(box);
    crw_timer_set(box->family->pool->loop, &box->timer, CRW_BOX_KILL_US);
}


int
crw_box_signal(crw_box_t *box, int signo)
{
    if (box->program_pidfd == -1) {
        return -1;
    }

    return (int) syscall(SYS_pidfd_send_signal, box->program_pidfd, signo,
                         NULL, 0);
}


/*
 * Init ends by itself after EXIT and takes everything in its pid namespace
 * along; the timer is for the day when it does not.
 */

void
crw_box_release(crw_box_t *box)
{
    crw_zygote_t  *zygote;

    zygote = box->zygote;

    box->job = NULL;
    box->state = CRW_BOX_KILL;
    box->tries = 0;

    if (!box->ended) {
        crw_box_kill(box);
    }

    crw_box_close_streams(box);
    crw_zygote_count(zygote);

    if (box->gone) {
        crw_box_settle(box);
        return;
    }

    crw_timer_set(box->family->pool->loop, &box->timer, CRW_BOX_KILL_US);
}


static void
crw_box_gone(crw_box_t *box)
{
    box->gone = 1;

    if (box->state == CRW_BOX_BUSY && box->link.fd != -1) {

        /* init said EXIT before it ended, but on another socket, and epoll
           may give us the two in any order */

        crw_box_link_message(&box->link, EPOLLIN);

        if (box->state != CRW_BOX_BUSY) {
            return;                 /* the job ended, the next is built */
        }
    }

    switch (box->state) {

    case CRW_BOX_BUSY:
        box->family->pool->hooks->gone(box, "the sandbox ended", 0);
        return;

    case CRW_BOX_KILL:
        crw_box_settle(box);
        return;

    case CRW_BOX_BUILD:
    case CRW_BOX_READY:
        crw_box_fail(box, "the sandbox ended before it had a job", 0);
        return;

    default:
        return;
    }
}


static void
crw_box_settle(crw_box_t *box)
{
    uint64_t      used_kb;
    crw_loop_t   *loop;

    loop = box->family->pool->loop;

    if (box->state != CRW_BOX_SETTLE) {
        crw_box_close_sandbox(box);
        crw_timer_cancel(loop, &box->timer);
        box->state = CRW_BOX_SETTLE;
        box->tries = 0;
    }

    if (crw_cgroup_peak_stays(&box->cgroup, box->peak_kb + CRW_BOX_PEAK_KB)) {
        crw_box_drop(box);
        return;
    }

    if (crw_box_usage(box, &used_kb) != 0) {
        return;
    }

    if (used_kb <= box->floor_kb + CRW_BOX_SETTLE_KB) {
        crw_box_build(box);
        return;
    }

    if (box->tries < CRW_BOX_SETTLE_TRIES) {
        crw_timer_set(loop, &box->timer,
                      (uint64_t) CRW_BOX_POLL_US
                      << ((box->tries < CRW_BOX_POLL_MAX) ? box->tries
                                                       : CRW_BOX_POLL_MAX));
        box->tries++;
        return;
    }

    /* what stays is page cache of files that the job read, or a leak */

    if (used_kb <= CRW_BOX_CACHE_KB) {
        box->floor_kb = used_kb;
        crw_box_build(box);
        return;
    }

    crw_log(CRW_LOG_INFO, "box %u keeps %llu KiB: made anew", box->number,
            (unsigned long long) used_kb);
    crw_box_drop(box);
}


static void
crw_box_timer(crw_timer_t *timer)
{
    crw_box_t  *box = timer->data;

    switch (box->state) {

    case CRW_BOX_WAIT:
        box->state = CRW_BOX_DOWN;
        crw_zygote_feed(box->family);
        return;

    case CRW_BOX_SETTLE:
        crw_box_settle(box);
        return;

    case CRW_BOX_DROP:
        crw_box_down(box);
        return;

    case CRW_BOX_BUSY:
    case CRW_BOX_KILL:
        if (box->tries++ == CRW_BOX_KILL_TRIES) {
            crw_box_fail(box, "killing the sandbox took too long", 0);
            return;
        }

        (void) syscall(SYS_pidfd_send_signal, box->init_pidfd, SIGKILL, NULL,
                       0);

        if (box->tries == CRW_BOX_KILL_TRIES / 2) {
            /* the second line: the keeper dies too, and the box with it */
            (void) crw_cgroup_kill(&box->cgroup, NULL);
        }

        crw_timer_set(box->family->pool->loop, timer, CRW_BOX_KILL_US);
        return;

    default:
        crw_box_fail(box, "building took too long", 0);
    }
}


void
crw_box_fail(crw_box_t *box, const char *step, int errnum)
{
    crw_pool_t    *pool;
    crw_family_t  *family;

    family = box->family;
    pool = family->pool;

    if (box->state == CRW_BOX_DROP || box->state == CRW_BOX_WAIT) {
        return;
    }

    if (box->state == CRW_BOX_BUSY) {
        pool->hooks->gone(box, step, errnum);
    }

    if (!pool->stopping) {
        box->failures++;
        family->failures++;
        pool->failed++;

        /* what fails for one box fails for all: the 1st, 2nd, 4th, 8th ... */

        if ((family->failures & (family->failures - 1)) == 0) {
            crw_log(CRW_LOG_WARN, "box %u of %s failed at \"%s\"%s%s (%u in a "
                    "row)", box->number, family->language->id, step,
                    (errnum != 0) ? ": " : "",
                    (errnum != 0) ? strerror(errnum) : "", family->failures);
        }

        (void) snprintf(family->trouble, sizeof(family->trouble),
                        "%.60s%s%.30s", step, (errnum != 0) ? ": " : "",
                        (errnum != 0) ? strerror(errnum) : "");

        pool->hooks->health(family);
    }

    crw_box_drop(box);
}


void
crw_box_drop(crw_box_t *box)
{
    crw_pool_t  *pool;

    pool = box->family->pool;

    if (box->state == CRW_BOX_DROP) {
        return;
    }

    if (box->state == CRW_BOX_BUSY) {
        pool->hooks->gone(box, "the pool stopped", 0);
    }

    crw_ready_remove(box);
    crw_box_close_sandbox(box);

    if (box->keeper_pidfd != -1) {
        (void) syscall(SYS_pidfd_send_signal, box->keeper_pidfd, SIGKILL,
                       NULL, 0);
        (void) close(box->keeper_pidfd);
        box->keeper_pidfd = -1;
    }

    crw_event_close(&box->keeper);

    box->state = CRW_BOX_DROP;
    box->zygote = NULL;
    box->tries = 0;

    crw_timer_set(pool->loop, &box->timer, CRW_BOX_POLL_US);
}


static void
crw_box_down(crw_box_t *box)
{
    uint32_t       n;
    crw_pool_t    *pool;
    crw_family_t  *family;

    family = box->family;
    pool = family->pool;

    crw_event_forget(pool->loop, &box->oom);

    if (box->attaching
        || (box->has_cgroup && crw_cgroup_destroy(&box->cgroup, NULL) != 0))
    {
        n = (box->tries < CRW_BOX_POLL_MAX) ? box->tries : CRW_BOX_POLL_MAX;
        box->tries++;
        crw_timer_set(pool->loop, &box->timer,
                      (uint64_t) CRW_BOX_POLL_US << n);
        return;
    }

    box->has_cgroup = 0;
    box->state = CRW_BOX_DOWN;

    if (pool->stopping) {
        return;
    }

    if (box->failures != 0) {
        n = (box->failures < CRW_BOX_RETRY_MAX) ? box->failures
                                                : CRW_BOX_RETRY_MAX;
        box->state = CRW_BOX_WAIT;
        crw_timer_set(pool->loop, &box->timer,
                      (uint64_t) CRW_BOX_RETRY_US << n);
    }

    crw_zygote_feed(family);
    crw_zygote_move(family);
}
