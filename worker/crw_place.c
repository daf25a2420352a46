/*
 * Worker processes: forked, told, reaped, forked again.
 *
 * A dead worker's jobs run again only when everything of it is dead for sure:
 * the master empties and removes the cgroups of its boxes first.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../ipc/cr_reap.h"
#include "crw_fault.h"
#include "crw_log.h"
#include "crw_master.h"


#define CRW_PLACE_KILL_US    2000
#define CRW_PLACE_KILL_TRIES 2500       /* 5 s */
#define CRW_PLACE_SOON_US    (5 * 1000000 / CRW_FAULT_HASTE)
#define CRW_PLACE_RETRY_US   (100000 / CRW_FAULT_HASTE)
#define CRW_PLACE_RETRY_MAX  6          /* doublings */


static void crw_place_child(crw_place_t *place, int link)
    __attribute__((noreturn));
static void crw_place_message(crw_event_t *ev, uint32_t events);
static void crw_place_version(crw_place_t *place, const crw_tell_t *tell);
static void crw_place_timer(crw_timer_t *timer);
static void crw_place_bury(crw_place_t *place);
static int crw_place_empty(crw_place_t *place);
static int crw_place_open(crw_place_t *place);
static void crw_place_again(crw_place_t *place);


void
crw_place_init(crw_place_t *place, crw_master_t *master, uint32_t index)
{
    place->master = master;
    place->index = index;
    place->state = CRW_PLACE_FREE;

    crw_event_init(&place->link, crw_place_message, place);
    crw_timer_init(&place->timer, crw_place_timer, place);
}


/* with the configuration that comes next, if there is one */

int
crw_place_start(crw_place_t *place)
{
    int                  pair[2];
    pid_t                pid;
    crw_master_t        *master;
    const crw_config_t  *config;

    master = place->master;
    config = (master->next != NULL) ? master->next : master->config;

    if (crw_fault("worker_link") == -1
        || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
    {
        crw_log(CRW_LOG_ERROR, "socketpair: %s", strerror(errno));
        return -1;
    }

    place->generation = master->generation;
    place->nboxes = crw_pool_boxes(config);
    place->started_us = crw_monotonic_us();
    place->ready = 0;
    place->tries = 0;
    place->buried = 0;
    memset(place->failures, 0, sizeof(place->failures));

    pid = crw_fault("worker_fork") == -1 ? -1 : fork();

    if (pid == 0) {
        (void) close(pair[0]);
        crw_place_child(place, pair[1]);
    }

    (void) close(pair[1]);

    if (pid == -1) {
        (void) close(pair[0]);
        crw_log(CRW_LOG_ERROR, "fork: %s", strerror(errno));
        return -1;
    }

    place->pid = pid;
    place->state = CRW_PLACE_UP;

    atomic_store(&cr_segment_worker(&master->segment, place->index)->pid,
                 (uint32_t) pid);

    if (crw_event_add(&master->loop, &place->link, pair[0], EPOLLIN) == -1) {
        /* one that cannot be heard is buried as any that died */
        crw_log(CRW_LOG_ERROR, "watching worker %u: %s", place->index,
                strerror(errno));
        (void) kill(pid, SIGKILL);
    }

    return 0;
}


/* the master's own descriptors are closed: one kept would keep alive what
   must end with the master */

static void
crw_place_child(crw_place_t *place, int link)
{
    int                   i;
    pid_t                 parent;
    sigset_t              none;
    crw_master_t         *master;
    crw_worker_start_t    start;

    master = place->master;
    parent = getppid();

    (void) setpgid(0, 0);           /* Ctrl+C is the master's to pass on */

    crw_loop_done(&master->loop);
    crw_event_close(&master->listener);
    crw_event_close(&master->signals);
    (void) close(master->memfd);

    for (i = 0; i < CR_CHANNELS_MAX; i++) {
        crw_event_close(&master->guests[i].tether);
    }

    for (i = 0; i < CR_WORKERS_MAX; i++) {
        crw_event_close(&master->places[i].link);
    }

    (void) sigemptyset(&none);
    (void) sigprocmask(SIG_SETMASK, &none, NULL);

    memset(&start, 0, sizeof(start));
    start.index = place->index;
    start.first_box = place->index * CRW_BOXES_STRIDE;
    start.link = link;
    start.channels = master->channels;
    start.bell = master->bells[place->index];
    start.mutex = master->mutex;
    start.segment = &master->segment;
    start.config = (master->next != NULL) ? master->next : master->config;
    start.base = &master->base;
    start.rootless = master->rootless;
    start.master = parent;

    crw_worker_main(&start);
}


void
crw_place_tell(crw_place_t *place, crw_tell_e type)
{
    crw_tell_t  tell;

    if (place->link.fd == -1) {
        return;
    }

    memset(&tell, 0, sizeof(tell));
    tell.type = type;

    if (send(place->link.fd, &tell, sizeof(tell), MSG_DONTWAIT | MSG_NOSIGNAL)
        == -1)
    {
        crw_log(CRW_LOG_ERROR, "telling worker %u: %s", place->index,
                strerror(errno));
    }
}


static void
crw_place_message(crw_event_t *ev, uint32_t events)
{
    ssize_t       n;
    crw_tell_t    tell;
    crw_place_t  *place = ev->data;

    (void) events;

    n = recv(ev->fd, &tell, sizeof(tell), MSG_DONTWAIT);

    if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }

    if (n != (ssize_t) sizeof(tell) || tell.language >= CRW_LANGUAGES_MAX) {
        crw_event_close(ev);        /* its end comes with SIGCHLD */
        return;
    }

    tell.text[CRW_TEXT_MAX - 1] = '\0';

    switch (tell.type) {

    case CRW_TELL_READY:
        place->ready = 1;
        break;

    case CRW_TELL_VERSION:
        crw_place_version(place, &tell);
        break;

    case CRW_TELL_TROUBLE:
    case CRW_TELL_FINE:
        place->failures[tell.language] = tell.failures;
        memcpy(place->trouble[tell.language], tell.text, CRW_TEXT_MAX);
        return;

    default:
        return;
    }

    crw_reload_look(place->master, 0);
}


static void
crw_place_version(crw_place_t *place, const crw_tell_t *tell)
{
    char          *version;
    crw_config_t  *config;
    crw_master_t  *master;

    master = place->master;
    config = (master->next != NULL) ? master->next : master->config;

    if (place->generation != master->generation
        || tell->language >= config->nlanguages)
    {
        return;
    }

    version = config->languages[tell->language].version;

    if (strncmp(version, tell->text, CR_VERSION_MAX - 1) != 0) {
        (void) snprintf(version, CR_VERSION_MAX, "%.*s", CR_VERSION_MAX - 1,
                        tell->text);
        master->stale = 1;
    }
}


void
crw_place_ended(crw_master_t *master, pid_t pid, int status)
{
    int           expected;
    uint32_t      i;
    crw_place_t  *place;

    for (i = 0; i < master->segment.geometry.workers; i++) {
        place = &master->places[i];

        if (place->pid == pid
            && (place->state == CRW_PLACE_UP
                || place->state == CRW_PLACE_RETIRING))
        {
            break;
        }
    }

    if (i == master->segment.geometry.workers) {
        return;
    }

    expected = (place->state == CRW_PLACE_RETIRING || master->stopping)
               && WIFEXITED(status) && WEXITSTATUS(status) == 0;

    if (!expected) {
        crw_log(CRW_LOG_ERROR, "worker %u (%d) died: %s %d", place->index,
                (int) pid, WIFSIGNALED(status) ? "signal" : "exit status",
                WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));

        (void) atomic_fetch_add(&cr_segment_worker(&master->segment,
                                                   place->index)->restarts,
                                1);
    }

    crw_event_close(&place->link);

    if (place->state == CRW_PLACE_UP && place->generation < master->generation
        && master->next == NULL)
    {
        /* of an old configuration, died before it was told to retire */
        place->state = CRW_PLACE_RETIRING;
    }

    place->tries = (place->state == CRW_PLACE_RETIRING)
                   ? CRW_PLACE_KILL_TRIES : 0;
    place->state = CRW_PLACE_DEAD;

    crw_place_bury(place);
}


/* 'tries' beyond the maximum marks a worker that shall not come back */

static void
crw_place_bury(crw_place_t *place)
{
    int            retired;
    uint64_t       mask;
    cr_worker_t   *self;
    crw_master_t  *master;

    master = place->master;
    retired = (place->tries >= CRW_PLACE_KILL_TRIES);

    if (!crw_place_empty(place)) {
        place->tries++;

        if (place->tries % CRW_PLACE_KILL_TRIES != 0) {
            crw_timer_set(&master->loop, &place->timer, CRW_PLACE_KILL_US);
            return;
        }

        crw_log(CRW_LOG_ERROR, "boxes of worker %u do not end",
                place->index);
    }

    mask = cr_reap_worker(&master->segment, place->index, crw_wall_us());

    self = cr_segment_worker(&master->segment, place->index);
    atomic_store(&self->pid, 0);

    place->state = CRW_PLACE_FREE;
    place->pid = 0;

    crw_master_ring(master, mask);
    crw_master_ring_all(master);

    if (!retired && !master->stopping) {
        crw_place_again(place);
    }

    crw_reload_look(master, 0);
}


/* 1 when the cgroup of every box is removed, which the kernel allows only
   when nothing lives in it */

static int
crw_place_empty(crw_place_t *place)
{
    while (place->buried < place->nboxes) {

        if (!place->has_cgroup && crw_place_open(place) != 0) {
            return 0;
        }

        if (place->has_cgroup) {

            if (crw_cgroup_destroy(&place->cgroup, NULL) != 0) {
                return 0;
            }

            place->has_cgroup = 0;
        }

        place->buried++;
    }

    return 1;
}


/* the cgroup of the next box, if it was left behind */

static int
crw_place_open(crw_place_t *place)
{
    int                 i;
    char                name[CRW_CGROUP_NAME];
    char                path[CRW_CGROUP_PATH + CRW_CGROUP_NAME + 1];
    struct stat         st;
    crw_cgroup_base_t  *base;

    base = &place->master->base;

    crw_pool_group_name(name, place->index,
                        place->index * CRW_BOXES_STRIDE + place->buried);

    for (i = 0; i < CRW_CGROUP_TREES; i++) {

        if (base->path[i][0] == '\0') {
            continue;
        }

        (void) snprintf(path, sizeof(path), "%s/%s", base->path[i], name);

        if (stat(path, &st) == 0) {
            break;
        }
    }

    if (i == CRW_CGROUP_TREES || base->kind == CRW_CGROUP_NONE) {
        return 0;
    }

    if (crw_cgroup_create(&place->cgroup, base, name, NULL) != 0) {
        return -1;
    }

    place->has_cgroup = 1;

    return 0;
}


static void
crw_place_again(crw_place_t *place)
{
    uint32_t  n;

    if (crw_monotonic_us() - place->started_us > CRW_PLACE_SOON_US) {
        place->deaths = 0;
    }

    n = place->deaths++;

    if (n == 0) {
        if (crw_place_start(place) == 0) {
            return;
        }
    }

    if (n > CRW_PLACE_RETRY_MAX) {
        n = CRW_PLACE_RETRY_MAX;
    }

    place->state = CRW_PLACE_WAIT;
    crw_timer_set(&place->master->loop, &place->timer,
                  (uint64_t) CRW_PLACE_RETRY_US << n);
}


static void
crw_place_timer(crw_timer_t *timer)
{
    crw_place_t  *place = timer->data;

    if (place->state == CRW_PLACE_DEAD) {
        crw_place_bury(place);
        return;
    }

    if (place->state == CRW_PLACE_WAIT) {
        place->state = CRW_PLACE_FREE;

        if (!place->master->stopping && crw_place_start(place) != 0) {
            crw_place_again(place);
        }
    }
}
