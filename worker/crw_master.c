/*
 * The master's own life: what it makes, what signals do, how it ends.
 *
 *   SIGHUP            reload            SIGTERM         drain, then end
 *   SIGINT, SIGQUIT   end now           SIGCHLD         a worker ended
 */

#include "crw_master.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../ipc/cr_reap.h"
#include "../ipc/cr_slice.h"
#include "crw_log.h"


#define CRW_MASTER_SWEEP_US  1000000
#define CRW_MASTER_SWEEP_BASES  5    /* each so many, those of dead pools */
#define CRW_MASTER_DRAIN_US  50000
#define CRW_MASTER_GRACE_US  (5 * 1000000)
#define CRW_MASTER_LAST_US   300000     /* for nginx to fetch last results */
#define CRW_MASTER_STOP_US   (6 * 1000000)


static int crw_master_open(crw_master_t *master, crw_error_t *err);
static int crw_master_cgroups(crw_master_t *master, crw_error_t *err);
static int crw_master_segment(crw_master_t *master, crw_error_t *err);
static int crw_master_bells(crw_master_t *master, crw_error_t *err);
static int crw_master_mutex(crw_master_t *master, crw_error_t *err);
static int crw_master_signals(crw_master_t *master, crw_error_t *err);
static void crw_master_signal(crw_event_t *ev, uint32_t events);
static void crw_master_children(crw_master_t *master);
static void crw_master_drain(crw_master_t *master);
static void crw_master_drain_timer(crw_timer_t *timer);
static void crw_master_sweep_timer(crw_timer_t *timer);
static void crw_master_change_timer(crw_timer_t *timer);
static void crw_master_stop(crw_master_t *master);
static int crw_master_alive(const crw_master_t *master);
static void crw_master_kill(crw_master_t *master);
static void crw_master_close(crw_master_t *master);


int
crw_master_run(crw_config_t *config, const char *file, const char *socket)
{
    crw_error_t           err;
    static crw_master_t   master;

    master.config = config;
    master.file = file;
    master.socket = socket;
    master.memfd = -1;

    crw_log_init(config->log_level, "master");

    if (cr_slice_short() == -1) {
        crw_log(CRW_LOG_INFO, "no short time slices: %s", strerror(errno));
    }

    if (crw_master_open(&master, &err) != 0) {
        crw_log(CRW_LOG_ERROR, "%s", err.text);
        crw_master_close(&master);
        return 1;
    }

    crw_reload_first(&master);

    crw_timer_set(&master.loop, &master.sweep, CRW_MASTER_SWEEP_US);

    while (!master.ended) {
        crw_loop_once(&master.loop, -1);
    }

    crw_notify("STOPPING=1");
    crw_master_stop(&master);
    crw_master_close(&master);

    crw_log(CRW_LOG_INFO, "the pool has ended");

    return 0;
}


static int
crw_master_open(crw_master_t *master, crw_error_t *err)
{
    int  i;

    crw_event_init(&master->signals, crw_master_signal, master);
    crw_event_init(&master->listener, NULL, master);
    crw_timer_init(&master->sweep, crw_master_sweep_timer, master);
    crw_timer_init(&master->change, crw_master_change_timer, master);
    crw_timer_init(&master->drain, crw_master_drain_timer, master);

    for (i = 0; i < CR_WORKERS_MAX; i++) {
        crw_place_init(&master->places[i], master, (uint32_t) i);
        master->bells[i] = -1;
    }

    for (i = 0; i < CR_CHANNELS_MAX; i++) {
        master->channels[i] = -1;
        crw_event_init(&master->guests[i].tether, NULL, NULL);
    }

    if (crw_pool_boxes(master->config) > CRW_BOXES_STRIDE) {
        return crw_error_set(err, 0, "%s: boxes: more than %d a worker for "
                             "all languages together", master->file,
                             CRW_BOXES_STRIDE);
    }

    if (crw_config_isolation(master->config, err) != 0
        || crw_loop_init(&master->loop, CR_CHANNELS_MAX + CR_WORKERS_MAX + 4,
                         err) != 0
        || crw_gate_open(master, err) != 0
        || crw_master_cgroups(master, err) != 0
        || crw_master_segment(master, err) != 0
        || crw_master_bells(master, err) != 0
        || crw_master_mutex(master, err) != 0
        || crw_master_signals(master, err) != 0)
    {
        return -1;
    }

    return 0;
}


static int
crw_master_cgroups(crw_master_t *master, crw_error_t *err)
{
    char  name[CRW_CGROUP_NAME];

    master->rootless = (geteuid() != 0);

    (void) snprintf(name, sizeof(name), "coderemote-%d", (int) getpid());

    err->text[0] = '\0';

    if (crw_cgroup_base_create(&master->base, master->config->cgroup_parent,
                               name, err)
        != 0)
    {
        return -1;
    }

    if (master->base.kind == CRW_CGROUP_NONE && !master->rootless) {
        return crw_error_set(err, 0, "no control groups: memory, cpu and "
                             "processes of jobs cannot be limited: %.160s",
                             err->text);
    }

    if (master->base.kind == CRW_CGROUP_NONE) {
        crw_log(CRW_LOG_WARN, "not root and no cgroups (%.160s): limits hold "
                "per process only", err->text);
    }

    if (master->rootless) {
        crw_log(CRW_LOG_INFO, "not root: jobs share this user's id");
    }

    crw_log(CRW_LOG_INFO, "cgroups: %s %s",
            crw_cgroup_kind_name(master->base.kind),
            master->base.path[CRW_CGROUP_MEMORY]);

    return 0;
}


static int
crw_master_segment(crw_master_t *master, crw_error_t *err)
{
    uint32_t         ring;
    cr_geometry_t    geometry;
    crw_config_t    *config;

    config = master->config;

    for (ring = 2; ring < 2 * config->job_slots; ring *= 2) { /* void */ }

    memset(&geometry, 0, sizeof(geometry));
    geometry.slots = config->job_slots;
    geometry.channels = config->channels + 1;
    geometry.workers = 2 * config->workers;
    geometry.ring = ring;
    geometry.request_size = (uint64_t) config->request_kb * 1024;
    geometry.log_size = (uint64_t) config->output_kb * 1024
                        + CRW_LOG_OVERHEAD;

    geometry.request_size = (geometry.request_size + CR_PAGE - 1)
                            / CR_PAGE * CR_PAGE;
    geometry.log_size = (geometry.log_size + CR_PAGE - 1)
                        / CR_PAGE * CR_PAGE;

    master->memfd = cr_segment_create(&master->segment, &geometry,
                                      CODEREMOTE_VERSION, crw_wall_us());

    if (master->memfd == -1) {
        return crw_error_set(err, errno, "making the segment failed");
    }

    return 0;
}


static int
crw_master_bells(crw_master_t *master, crw_error_t *err)
{
    uint32_t  i;

    for (i = 0; i < master->segment.geometry.channels; i++) {
        master->channels[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

        if (master->channels[i] == -1) {
            return crw_error_set(err, errno, "eventfd failed");
        }
    }

    for (i = 0; i < master->segment.geometry.workers; i++) {
        master->bells[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

        if (master->bells[i] == -1) {
            return crw_error_set(err, errno, "eventfd failed");
        }
    }

    return 0;
}


/* shared with the workers by fork, never with nginx */

static int
crw_master_mutex(crw_master_t *master, crw_error_t *err)
{
    int                   rc;
    pthread_mutexattr_t   attr;

    master->mutex = mmap(NULL, sizeof(pthread_mutex_t),
                         PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                         -1, 0);

    if (master->mutex == MAP_FAILED) {
        master->mutex = NULL;
        return crw_error_set(err, errno, "mapping the mutex failed");
    }

    (void) pthread_mutexattr_init(&attr);
    (void) pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    (void) pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);

    rc = pthread_mutex_init(master->mutex, &attr);
    (void) pthread_mutexattr_destroy(&attr);

    if (rc != 0) {
        return crw_error_set(err, rc, "a robust mutex cannot be had");
    }

    return 0;
}


static int
crw_master_signals(crw_master_t *master, crw_error_t *err)
{
    int       fd;
    sigset_t  set;

    (void) signal(SIGPIPE, SIG_IGN);

    /* keepers of a killed zygote are ours to reap: pid 1 may be slow at it */

    (void) prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);

    (void) sigemptyset(&set);
    (void) sigaddset(&set, SIGHUP);
    (void) sigaddset(&set, SIGINT);
    (void) sigaddset(&set, SIGQUIT);
    (void) sigaddset(&set, SIGTERM);
    (void) sigaddset(&set, SIGCHLD);

    if (sigprocmask(SIG_BLOCK, &set, NULL) == -1) {
        return crw_error_set(err, errno, "sigprocmask failed");
    }

    fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);

    if (fd == -1
        || crw_event_add(&master->loop, &master->signals, fd, EPOLLIN) == -1)
    {
        return crw_error_set(err, errno, "signalfd failed");
    }

    return 0;
}


static void
crw_master_signal(crw_event_t *ev, uint32_t events)
{
    crw_master_t             *master = ev->data;
    struct signalfd_siginfo   info;

    (void) events;

    while (read(ev->fd, &info, sizeof(info)) == (ssize_t) sizeof(info)) {

        switch (info.ssi_signo) {

        case SIGCHLD:
            crw_master_children(master);
            break;

        case SIGHUP:
            crw_reload_start(master);
            break;

        case SIGTERM:
            crw_master_drain(master);
            break;

        default:
            crw_log(CRW_LOG_INFO, "stopping now");
            master->ended = 1;
        }
    }
}


static void
crw_master_children(crw_master_t *master)
{
    int    status;
    pid_t  pid;

    for ( ;; ) {
        pid = waitpid(-1, &status, WNOHANG);

        if (pid <= 0) {
            return;
        }

        crw_place_ended(master, pid, status);
    }
}


/* no new jobs; those accepted end as they would have */

static void
crw_master_drain(crw_master_t *master)
{
    size_t    i;
    uint64_t  longest_ms;

    if (master->draining) {
        return;
    }

    crw_log(CRW_LOG_INFO, "draining: %u jobs", crw_sweep_live(master));
    crw_notify("STOPPING=1");

    master->draining = 1;
    atomic_store(&master->segment.header->draining, 1);

    longest_ms = 0;

    for (i = 0; i < master->config->nlanguages; i++) {
        if (master->config->languages[i].timeout_ms.max > longest_ms) {
            longest_ms = master->config->languages[i].timeout_ms.max;
        }
    }

    master->drain_us = crw_monotonic_us() + longest_ms * 1000
                       + CRW_MASTER_GRACE_US;

    crw_timer_set(&master->loop, &master->drain, CRW_MASTER_DRAIN_US);
}


static void
crw_master_drain_timer(crw_timer_t *timer)
{
    crw_master_t  *master = timer->data;

    if (crw_monotonic_us() >= master->drain_us) {
        master->ended = 1;
        return;
    }

    if (crw_sweep_live(master) == 0) {
        master->drain_us = 0;       /* the next time is the last */
        crw_timer_set(&master->loop, timer, CRW_MASTER_LAST_US);
        return;
    }

    crw_timer_set(&master->loop, timer, CRW_MASTER_DRAIN_US);
}


static void
crw_master_sweep_timer(crw_timer_t *timer)
{
    crw_master_t  *master = timer->data;

    crw_sweep(master);

    if (++master->sweeps % CRW_MASTER_SWEEP_BASES == 0) {
        crw_cgroup_base_sweep(&master->base);
    }

    if (crw_notify_watchdog() != 0) {
        crw_notify("WATCHDOG=1");
    }

    crw_timer_set(&master->loop, timer, CRW_MASTER_SWEEP_US);
}


static void
crw_master_change_timer(crw_timer_t *timer)
{
    crw_reload_look(timer->data, 1);
}


void
crw_master_ring(crw_master_t *master, uint64_t channels)
{
    uint32_t  c;
    uint64_t  one;

    one = 1;

    for (c = 0; c < master->segment.geometry.channels; c++) {

        if ((channels & (uint64_t) 1 << c) != 0
            && write(master->channels[c], &one, sizeof(one)) == -1)
        {
            crw_log(CRW_LOG_ERROR, "ringing channel %u: %s", c,
                    strerror(errno));
        }
    }
}


void
crw_master_ring_all(crw_master_t *master)
{
    uint32_t  i;
    uint64_t  one;

    one = 1;

    crw_master_ring(master, UINT64_MAX);

    for (i = 0; i < master->segment.geometry.workers; i++) {

        if (write(master->bells[i], &one, sizeof(one)) == -1) {
            crw_log(CRW_LOG_ERROR, "ringing worker %u: %s", i,
                    strerror(errno));
        }
    }
}


/* workers end their jobs as error; what they could not, the master does */

static void
crw_master_stop(crw_master_t *master)
{
    uint32_t  i;
    uint64_t  end_us;

    master->stopping = 1;
    atomic_store(&master->segment.header->draining, 1);

    for (i = 0; i < master->segment.geometry.workers; i++) {
        crw_place_tell(&master->places[i], CRW_TELL_STOP);
    }

    end_us = crw_monotonic_us() + CRW_MASTER_STOP_US;

    while (crw_master_alive(master) && crw_monotonic_us() < end_us) {
        crw_loop_once(&master->loop, 100);
    }

    if (crw_master_alive(master)) {
        crw_log(CRW_LOG_WARN, "workers that do not end are killed");
        crw_master_kill(master);

        end_us = crw_monotonic_us() + CRW_MASTER_STOP_US;

        while (crw_master_alive(master) && crw_monotonic_us() < end_us) {
            crw_loop_once(&master->loop, 100);
        }
    }

    (void) cr_reap_stop(&master->segment, "the pool stopped", crw_wall_us());
    crw_master_ring_all(master);
}


static int
crw_master_alive(const crw_master_t *master)
{
    uint32_t  i;

    for (i = 0; i < master->segment.geometry.workers; i++) {
        if (master->places[i].state == CRW_PLACE_UP
            || master->places[i].state == CRW_PLACE_RETIRING
            || master->places[i].state == CRW_PLACE_DEAD)
        {
            return 1;
        }
    }

    return 0;
}


static void
crw_master_kill(crw_master_t *master)
{
    uint32_t  i;

    for (i = 0; i < master->segment.geometry.workers; i++) {
        if (master->places[i].pid > 0) {
            (void) kill(master->places[i].pid, SIGKILL);
        }
    }
}


static void
crw_master_close(crw_master_t *master)
{
    int          i;
    crw_error_t  err;

    crw_gate_close(master);

    if (master->base.kind != CRW_CGROUP_NONE
        && crw_cgroup_base_destroy(&master->base, &err) != 0)
    {
        crw_log(CRW_LOG_WARN, "%s", err.text);
    }

    for (i = 0; i < CR_CHANNELS_MAX; i++) {
        if (master->channels[i] != -1) {
            (void) close(master->channels[i]);
        }
    }

    for (i = 0; i < CR_WORKERS_MAX; i++) {
        crw_event_close(&master->places[i].link);

        if (master->bells[i] != -1) {
            (void) close(master->bells[i]);
        }
    }

    if (master->memfd != -1) {
        cr_segment_unmap(&master->segment);
        (void) close(master->memfd);
    }

    crw_event_close(&master->signals);
    crw_loop_done(&master->loop);
    crw_config_free(master->next);
    crw_config_free(master->config);
}
