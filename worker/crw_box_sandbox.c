/*
 * What a box needs of the kernel for one sandbox: link, pipes, limits.
 */

#include "crw_box.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "crw_fault.h"
#include "crw_log.h"
#include "sandbox/crw_link.h"


#define CRW_BOX_SENTRY_KB     (64 * 1024)   /* until it is known */
#define CRW_BOX_SENTRY_GROWS  (8 * 1024)    /* page tables, its own heap */
#define CRW_BOX_SENTRY_TASKS  1024      /* threads, and what it keeps */
#define CRW_BOX_SENTRY_EACH   8


/* the descriptors of one BUILD message and our ends of them */

typedef struct {
    int  link[2];
    int  in[2];
    int  out[2];
    int  err[2];
} crw_box_ends_t;


static int crw_box_open_ends(crw_box_ends_t *ends);
static int crw_box_nonblocking(const crw_box_ends_t *ends);
static void crw_box_close_pair(int *pair);
static int crw_box_send_build(crw_box_t *box, crw_box_ends_t *ends);


const char *
crw_box_open_sandbox(crw_box_t *box)
{
    crw_box_ends_t  ends;

    if (crw_box_open_ends(&ends) != 0) {
        return "opening the sandbox's pipes";
    }

    if (crw_box_send_build(box, &ends) != 0) {
        return "telling the keeper to build";
    }

    return NULL;
}


static int
crw_box_open_ends(crw_box_ends_t *ends)
{
    memset(ends, 0xff, sizeof(crw_box_ends_t));     /* -1 everywhere */

    if (crw_fault("box_link") == 0
        && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends->link)
           == 0
        && crw_fault("box_stdin") == 0 && pipe2(ends->in, O_CLOEXEC) == 0
        && crw_fault("box_stdout") == 0 && pipe2(ends->out, O_CLOEXEC) == 0
        && crw_fault("box_stderr") == 0 && pipe2(ends->err, O_CLOEXEC) == 0
        && crw_fault("box_nonblocking") == 0
        && crw_box_nonblocking(ends) == 0)
    {
        return 0;
    }

    crw_box_close_pair(ends->link);
    crw_box_close_pair(ends->in);
    crw_box_close_pair(ends->out);
    crw_box_close_pair(ends->err);

    return -1;
}


static int
crw_box_nonblocking(const crw_box_ends_t *ends)
{
    if (fcntl(ends->link[0], F_SETFL, O_NONBLOCK) == -1
        || fcntl(ends->in[1], F_SETFL, O_NONBLOCK) == -1
        || fcntl(ends->out[0], F_SETFL, O_NONBLOCK) == -1
        || fcntl(ends->err[0], F_SETFL, O_NONBLOCK) == -1)
    {
        return -1;
    }

    return 0;
}


static void
crw_box_close_pair(int *pair)
{
    int  errnum;

    errnum = errno;
    crw_box_close_fds(pair, 2);
    errno = errnum;
}


/* our ends become the box's, the others go to the keeper; of the writers the
   box keeps a copy */

static int
crw_box_send_build(crw_box_t *box, crw_box_ends_t *ends)
{
    int               rc, errnum, fds[4];
    crw_loop_t       *loop;
    crw_pool_t       *pool;
    crw_build_msg_t   msg;

    pool = box->family->pool;
    loop = pool->loop;

    fds[0] = ends->link[1];
    fds[1] = ends->in[0];
    fds[2] = ends->out[1];
    fds[3] = ends->err[1];

    memset(&msg, 0, sizeof(msg));
    msg.msg.type = CRW_MSG_BUILD;
    msg.work_bytes = (uint64_t) pool->config->work_mb * 1024 * 1024;
    msg.work_inodes = pool->config->work_inodes;

    crw_event_hold(&box->in, ends->in[1]);
    box->writers[0] = ends->out[1];
    box->writers[1] = ends->err[1];

    rc = 0;

    if (crw_event_add(loop, &box->link, ends->link[0], EPOLLIN) == -1) {
        rc = -1;
    }

    if (crw_event_add(loop, &box->out, ends->out[0], EPOLLIN) == -1) {
        rc = -1;
    }

    if (crw_event_add(loop, &box->err, ends->err[0], EPOLLIN) == -1) {
        rc = -1;
    }

    crw_fault_pass(&msg.msg, CRW_FAULT_BUILD);

    if (rc == 0) {
        rc = crw_fault("box_build") == -1
             ? -1 : crw_link_send(box->keeper.fd, &msg, sizeof(msg), fds,
                                  4);
    }

    errnum = errno;
    crw_box_close_fds(fds, 2);
    errno = errnum;

    return rc;
}


/*
 * A sentry lives in the job's group: what it has before a job comes is let in
 * on top of the job's memory, and each process of the job has some tasks that
 * stand for it, which stay for a while after it has ended.  It ends when it
 * cannot have one more, so the program's own limit is kept by the sentry
 * (crw_gvisor_guest.c).
 */

void
crw_box_limits_of(const crw_box_t *box, uint64_t memory_kb,
    uint32_t processes, crw_cgroup_limits_t *limits)
{
    const crw_config_t  *config;

    config = box->family->pool->config;

    memset(limits, 0, sizeof(crw_cgroup_limits_t));
    limits->memory_kb = memory_kb;
    limits->pids = processes + CRW_CGROUP_OWN_TASKS;
    limits->cpu_percent = config->cpu_percent;

    if (config->isolation == CRW_ISOLATION_GVISOR) {
        limits->memory_kb += (box->own_kb != 0)
                             ? box->own_kb + CRW_BOX_SENTRY_GROWS
                             : CRW_BOX_SENTRY_KB;
        limits->pids += processes * CRW_BOX_SENTRY_EACH
                        + CRW_BOX_SENTRY_TASKS;
    }
}


/*
 * The defaults, so that most jobs find their limits set already: before the
 * sandbox is built when the last job had others, and again, for the baseline
 * of the figures, when it is ready.
 */

int
crw_box_limits(crw_box_t *box, int ready)
{
    crw_error_t             err;
    crw_cgroup_t           *cg;
    crw_cgroup_limits_t     limits;
    const crw_language_t   *lang;

    cg = &box->cgroup;
    lang = box->family->language;

    crw_box_limits_of(box, (uint64_t) lang->memory_mb.def * 1024,
                      lang->processes.def, &limits);

    if (!ready && cg->limits.memory_kb == limits.memory_kb
        && cg->limits.pids == limits.pids
        && cg->limits.cpu_percent == limits.cpu_percent)
    {
        return 0;
    }

    if (crw_cgroup_begin(cg, &limits, &err) != 0) {
        /* a job that finds its limits set would start from old figures */
        crw_log(CRW_LOG_ERROR, "box %u: %s", box->number, err.text);
        crw_box_fail(box, "setting the cgroup's limits", err.err);
        return -1;
    }

    if (ready && box->warm_kb == 0) {
        box->peak_kb = cg->memory_peak_kb;
    }

    if (ready && (box->warm_kb == 0 || cg->memory_base_kb < box->warm_kb)) {
        box->warm_kb = cg->memory_base_kb;
        box->own_kb = (box->warm_kb > box->floor_kb)
                      ? box->warm_kb - box->floor_kb : 0;
    }

    return 0;
}


int
crw_box_usage(crw_box_t *box, uint64_t *used_kb)
{
    crw_error_t  err;

    if (crw_cgroup_usage(&box->cgroup, used_kb, &err) != 0) {
        crw_box_fail(box, "reading the cgroup", err.err);
        return -1;
    }

    return 0;
}


/* v2: to read memory.events is what ends it; usage alone would not */

void
crw_box_calm(crw_box_t *box)
{
    crw_error_t           err;
    crw_cgroup_figures_t  figures;

    if (crw_cgroup_figures(&box->cgroup, &figures, &err) != 0) {
        crw_box_fail(box, "reading the cgroup", err.err);
    }
}


void
crw_box_close_streams(crw_box_t *box)
{
    crw_event_close(&box->link);
    crw_event_close(&box->in);
    crw_event_close(&box->out);
    crw_event_close(&box->err);
    crw_box_close_fds(box->writers, 2);
}


void
crw_box_close_sandbox(crw_box_t *box)
{
    crw_box_close_streams(box);
    crw_box_close_fds(&box->init_pidfd, 1);
    crw_box_close_fds(&box->program_pidfd, 1);
}


void
crw_box_close_fds(int *fds, int nfds)
{
    int  i;

    for (i = 0; i < nfds; i++) {
        if (fds[i] != -1) {
            (void) close(fds[i]);
            fds[i] = -1;
        }
    }
}


/*
 * Killed tasks need cpu time to end, and a group that has used up its share
 * of the period would wait for the next one (kernels before 6.18).  The limit
 * counts as changed, so it is written again before the next sandbox.
 */

void
crw_box_unthrottle(crw_box_t *box)
{
    ssize_t        n;
    const char    *text;
    crw_cgroup_t  *cg;

    cg = &box->cgroup;

    if (cg->base == NULL || cg->base->kind == CRW_CGROUP_NONE
        || cg->cpu_limit == -1)
    {
        return;
    }

    text = (cg->base->kind == CRW_CGROUP_V1) ? "-1" : "max";
    n = pwrite(cg->cpu_limit, text, strlen(text), 0);

    if (n > 0) {
        cg->limits.cpu_percent = 0;
    }
}
