/*
 * Zygotes: exec, boot, keepers, retirement.
 *
 * A zygote is exec'ed with its link as descriptor 3 and nothing else of ours,
 * so it never maps the segment.  When one dies, so do its keepers and all
 * below them (parent death signals); each box notices by its own links.
 */

#include "crw_zygote.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crw_box.h"
#include "crw_fault.h"
#include "crw_log.h"
#include "sandbox/crw_link.h"


#define CRW_ZYGOTE_LINK      3      /* descriptor number in the zygote */
#define CRW_ZYGOTE_BOOT_US   (15 * 1000000)
#define CRW_ZYGOTE_END_US    (2 * 1000000)
#define CRW_ZYGOTE_LOST_US   10000  /* nothing tells of its end */
#define CRW_ZYGOTE_RETRY_US  (100000 / CRW_FAULT_HASTE)
#define CRW_ZYGOTE_RETRY_MAX 6      /* doublings */
#define CRW_ZYGOTE_ARGS      (2 * CRW_LIST_MAX + 15)


static int crw_zygote_spawn(crw_zygote_t *zygote, crw_error_t *err);
static int crw_zygote_watch(crw_zygote_t *zygote, int link);
static int crw_zygote_exec(crw_zygote_t *zygote, int link, crw_error_t *err);
static int crw_zygote_actions(posix_spawn_file_actions_t *acts, int link);
static size_t crw_zygote_args(const crw_zygote_t *zygote, const char **argv);
static void crw_zygote_message(crw_event_t *ev, uint32_t events);
static void crw_zygote_booted(crw_zygote_t *zygote, const crw_msg_t *msg);
static void crw_zygote_keeper(crw_zygote_t *zygote, const crw_msg_t *msg,
    int *fds, int nfds);
static void crw_zygote_refused(crw_zygote_t *zygote, const char *step,
    int errnum);
static int crw_zygote_ask(crw_zygote_t *zygote, crw_box_t *box);
static void crw_zygote_child(crw_event_t *ev, uint32_t events);
static void crw_zygote_deadline(crw_timer_t *timer);
static void crw_zygote_failed(crw_family_t *family, const char *step,
    int errnum);


extern char  **environ;


void
crw_zygote_init(crw_zygote_t *zygote, crw_family_t *family)
{
    zygote->family = family;
    zygote->state = CRW_ZYGOTE_NONE;
    crw_event_init(&zygote->link, crw_zygote_message, zygote);
    crw_event_init(&zygote->child, crw_zygote_child, zygote);
    crw_timer_init(&zygote->timer, crw_zygote_deadline, zygote);
}


void
crw_zygote_start(crw_family_t *family)
{
    int            i;
    crw_error_t    err;
    crw_zygote_t  *zygote;

    if (family->pool->stopping) {
        return;
    }

    zygote = NULL;

    for (i = 0; i < 2; i++) {

        if (family->zygotes[i].state == CRW_ZYGOTE_BOOT) {
            return;
        }

        if (family->zygotes[i].state == CRW_ZYGOTE_NONE) {
            zygote = &family->zygotes[i];
        }
    }

    if (zygote == NULL) {
        /* the one before is still being emptied: its end comes back here */
        return;
    }

    if (crw_zygote_spawn(zygote, &err) != 0) {
        crw_log(CRW_LOG_ERROR, "%s", err.text);
        crw_zygote_failed(family, "starting the zygote", err.err);
    }
}


static int
crw_zygote_spawn(crw_zygote_t *zygote, crw_error_t *err)
{
    int  rc, pair[2];

    if (crw_fault("zygote_link") == -1
        || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
    {
        return crw_error_set(err, errno, "socketpair failed");
    }

    rc = crw_zygote_exec(zygote, pair[1], err);

    (void) close(pair[1]);

    if (rc != 0) {
        (void) close(pair[0]);
        return -1;
    }

    zygote->state = CRW_ZYGOTE_BOOT;
    zygote->jobs = 0;
    zygote->asked = NULL;

    crw_timer_set(zygote->family->pool->loop, &zygote->timer,
                  CRW_ZYGOTE_BOOT_US);

    if (crw_zygote_watch(zygote, pair[0]) == -1) {
        (void) crw_error_set(err, errno, "watching the zygote failed");
        crw_zygote_kill(zygote);
        return -1;
    }

    return 0;
}


/* takes the link over, also when it fails */

static int
crw_zygote_watch(crw_zygote_t *zygote, int link)
{
    int          fd, errnum;
    crw_loop_t  *loop;

    loop = zygote->family->pool->loop;

    fd = crw_fault("zygote_pidfd") == -1
         ? -1 : (int) syscall(SYS_pidfd_open, zygote->pid, 0);

    if (fd == -1
        || crw_event_add(loop, &zygote->child, fd, EPOLLIN) == -1
        || crw_fault("zygote_nonblocking") == -1
        || fcntl(link, F_SETFL, O_NONBLOCK) == -1)
    {
        errnum = errno;
        (void) close(link);
        errno = errnum;
        return -1;
    }

    return crw_event_add(loop, &zygote->link, link, EPOLLIN);
}


static int
crw_zygote_exec(crw_zygote_t *zygote, int link, crw_error_t *err)
{
    int                          rc;
    sigset_t                     set;
    const char                  *path, *argv[CRW_ZYGOTE_ARGS];
    posix_spawnattr_t            attr;
    posix_spawn_file_actions_t   acts;

    path = zygote->family->language->zygote;

    rc = crw_fault("zygote_attr") == -1 ? errno : posix_spawnattr_init(&attr);

    if (rc != 0) {
        return crw_error_set(err, rc, "posix_spawnattr_init failed");
    }

    rc = posix_spawn_file_actions_init(&acts);

    if (rc != 0) {
        (void) posix_spawnattr_destroy(&attr);
        return crw_error_set(err, rc, "posix_spawn_file_actions failed");
    }

    (void) sigemptyset(&set);
    (void) posix_spawnattr_setsigmask(&attr, &set);
    (void) sigfillset(&set);
    (void) posix_spawnattr_setsigdefault(&attr, &set);
    (void) posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK
                                           | POSIX_SPAWN_SETSIGDEF);

    (void) crw_zygote_args(zygote, argv);

    rc = crw_zygote_actions(&acts, link);

    if (rc == 0) {
        rc = crw_fault("zygote_spawn") == -1
             ? errno : posix_spawn(&zygote->pid, path, &acts, &attr,
                                   (char **) argv, environ);
    }

    (void) posix_spawn_file_actions_destroy(&acts);
    (void) posix_spawnattr_destroy(&attr);

    if (rc != 0) {
        return crw_error_set(err, rc, "%.160s cannot be run", path);
    }

    return 0;
}


/* each is a piece of memory: with one less it would start with more of ours */

static int
crw_zygote_actions(posix_spawn_file_actions_t *acts, int link)
{
    int  rc;

    rc = crw_fault("zygote_actions") == -1
         ? errno
         : posix_spawn_file_actions_addopen(acts, STDIN_FILENO, "/dev/null",
                                            O_RDONLY, 0);
    if (rc == 0) {
        rc = posix_spawn_file_actions_adddup2(acts, STDERR_FILENO,
                                              STDOUT_FILENO);
    }

    if (rc == 0) {
        rc = posix_spawn_file_actions_adddup2(acts, link, CRW_ZYGOTE_LINK);
    }

    if (rc == 0) {
        rc = posix_spawn_file_actions_addclosefrom_np(acts,
                                                      CRW_ZYGOTE_LINK + 1);
    }

    return rc;
}


static size_t
crw_zygote_args(const crw_zygote_t *zygote, const char **argv)
{
    size_t                 i, n;
    const char            *fault;
    const crw_config_t    *config;
    const crw_language_t  *lang;

    lang = zygote->family->language;
    config = zygote->family->pool->config;
    n = 0;

    argv[n++] = lang->zygote;

    for (i = 0; i < lang->preload.n; i++) {
        argv[n++] = "--preload";
        argv[n++] = lang->preload.text[i];
    }

    for (i = 0; i < lang->binds.n && n < CRW_ZYGOTE_ARGS - 10; i++) {
        argv[n++] = "--bind";
        argv[n++] = lang->binds.text[i];
    }

    if (config->isolation == CRW_ISOLATION_GVISOR) {
        argv[n++] = "--runsc";
        argv[n++] = config->runsc;
        argv[n++] = "--platform";
        argv[n++] = config->runsc_platform;
    }

    if (config->record_locks) {
        argv[n++] = "--record-locks";
    }

    fault = crw_fault_text(CRW_FAULT_ZYGOTE);

    if (fault != NULL) {
        argv[n++] = "--fail";
        argv[n++] = fault;
    }

    argv[n] = NULL;

    return n;
}


static void
crw_zygote_message(crw_event_t *ev, uint32_t events)
{
    int            nfds, fds[CRW_LINK_FDS];
    ssize_t        n;
    crw_msg_t      msg;
    crw_zygote_t  *zygote = ev->data;

    (void) events;

    n = crw_link_recv(ev->fd, &msg, sizeof(msg), fds, CRW_LINK_FDS, &nfds);

    if (n == -1 && errno == EAGAIN) {
        return;
    }

    if (n == -1 && errno == EMSGSIZE && zygote->asked != NULL) {
        /* no room for the keeper's pidfd: no reason to end its other boxes */
        crw_zygote_refused(zygote, "taking the keeper over", EMFILE);
        return;
    }

    if (n != (ssize_t) sizeof(msg)) {
        /* gone, or not the program we think it is; its end is logged there */
        crw_zygote_kill(zygote);
        return;
    }

    msg.text[CRW_TEXT_MAX - 1] = '\0';

    if (msg.type == CRW_MSG_KEEPER_STARTED) {
        crw_zygote_keeper(zygote, &msg, fds, nfds);
        return;
    }

    while (nfds > 0) {
        (void) close(fds[--nfds]);
    }

    if (msg.type == CRW_MSG_ZYGOTE_READY
        && zygote->state == CRW_ZYGOTE_BOOT)
    {
        crw_zygote_booted(zygote, &msg);
        return;
    }

    if (msg.type == CRW_MSG_FAILED && zygote->asked != NULL) {
        crw_zygote_refused(zygote, msg.text, msg.value);
        return;
    }

    if (msg.type == CRW_MSG_FAILED) {
        crw_log(CRW_LOG_ERROR, "the %s zygote failed at \"%s\"",
                zygote->family->language->id, msg.text);

        (void) snprintf(zygote->family->trouble,
                        sizeof(zygote->family->trouble), "%s", msg.text);
    }

    crw_zygote_kill(zygote);
}


static void
crw_zygote_booted(crw_zygote_t *zygote, const crw_msg_t *msg)
{
    crw_pool_t    *pool;
    crw_family_t  *family;

    family = zygote->family;
    pool = family->pool;

    zygote->state = CRW_ZYGOTE_UP;
    crw_timer_cancel(pool->loop, &zygote->timer);

    (void) snprintf(family->version, sizeof(family->version), "%.*s",
                    CR_VERSION_MAX - 1, msg->text);

    crw_log(CRW_LOG_INFO, "zygote %d of %s %s is up", (int) zygote->pid,
            family->language->id, family->version);

    if (family->current != NULL) {
        family->current->state = CRW_ZYGOTE_RETIRED;
    }

    family->current = zygote;

    crw_timer_set(pool->loop, &family->timer,
                  (uint64_t) pool->config->zygote_max_age_s * 1000000);

    pool->hooks->version(family);

    crw_zygote_feed(family);
    crw_zygote_move(family);
}


void
crw_zygote_feed(crw_family_t *family)
{
    uint32_t       i;
    crw_box_t     *box;
    crw_zygote_t  *zygote;

    zygote = family->current;

    if (zygote == NULL || zygote->asked != NULL || family->pool->stopping) {
        return;
    }

    for (i = 0; i < family->nboxes; i++) {
        box = &family->boxes[i];

        if (box->state != CRW_BOX_DOWN) {
            continue;
        }

        if (crw_box_prepare(box) == 0 && crw_zygote_ask(zygote, box) == 0) {
            return;
        }
    }
}


static int
crw_zygote_ask(crw_zygote_t *zygote, crw_box_t *box)
{
    int               rc, errnum, pair[2];
    crw_pool_t       *pool;
    crw_keeper_msg_t  msg;

    pool = zygote->family->pool;

    if (crw_fault("keeper_link") == -1
        || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
    {
        crw_box_fail(box, "socketpair for the keeper", errno);
        return -1;
    }

    memset(&msg, 0, sizeof(msg));
    msg.msg.type = CRW_MSG_KEEPER;
    msg.box = box->number;

    if (!pool->rootless) {
        msg.program_uid = pool->config->uid_base + 2 * box->number;
        msg.init_uid = msg.program_uid + 1;
    }

    /* asked last: who has asked must be the one that the answer is for */

    if (crw_fault("keeper_nonblocking") == -1
        || fcntl(pair[0], F_SETFL, O_NONBLOCK) == -1)
    {
        errnum = errno;
        (void) close(pair[0]);
        (void) close(pair[1]);
        crw_box_fail(box, "preparing the keeper's link", errnum);
        return -1;
    }

    if (crw_event_add(pool->loop, &box->keeper, pair[0], EPOLLIN) == -1) {
        errnum = errno;
        (void) close(pair[1]);
        crw_box_fail(box, "watching the keeper", errnum);
        return -1;
    }

    crw_fault_pass(&msg.msg, CRW_FAULT_KEEPER);

    rc = crw_fault("keeper_ask") == -1
         ? -1 : crw_link_send(zygote->link.fd, &msg, sizeof(msg), &pair[1], 1);
    errnum = errno;

    (void) close(pair[1]);

    if (rc != 0) {
        crw_event_close(&box->keeper);
        crw_box_fail(box, "asking the zygote for a keeper", errnum);
        return -1;
    }

    zygote->asked = box;
    crw_box_asked(box, zygote);

    return 0;
}


static void
crw_zygote_keeper(crw_zygote_t *zygote, const crw_msg_t *msg, int *fds,
    int nfds)
{
    crw_box_t  *box;

    box = zygote->asked;
    zygote->asked = NULL;

    if (box == NULL || nfds != 1 || msg->value <= 0
        || box->state != CRW_BOX_KEEPER || box->zygote != zygote)
    {
        /* the box did not wait for it: it ends when its link is closed */

        while (nfds > 0) {
            (void) close(fds[--nfds]);
        }

    } else {
        crw_box_keeper(box, msg->value, fds[0]);
    }

    crw_zygote_feed(zygote->family);
}


/* the box tries again later; what else the zygote carries goes on */

static void
crw_zygote_refused(crw_zygote_t *zygote, const char *step, int errnum)
{
    crw_box_t  *box;

    box = zygote->asked;
    zygote->asked = NULL;

    if (box->state == CRW_BOX_KEEPER && box->zygote == zygote) {
        crw_box_fail(box, step, errnum);
    }

    crw_zygote_feed(zygote->family);
}


void
crw_zygote_count(crw_zygote_t *zygote)
{
    crw_family_t  *family;

    family = zygote->family;
    zygote->jobs++;

    if (zygote == family->current
        && zygote->jobs >= family->pool->config->zygote_max_jobs)
    {
        crw_zygote_start(family);
    }
}


void
crw_zygote_move(crw_family_t *family)
{
    int            i;
    uint32_t       k, left;
    crw_box_t     *box, *next;
    crw_zygote_t  *zygote;

    for (i = 0; i < 2; i++) {
        zygote = &family->zygotes[i];

        if (zygote->state != CRW_ZYGOTE_RETIRED) {
            continue;
        }

        left = 0;
        next = NULL;

        for (k = 0; k < family->nboxes; k++) {
            box = &family->boxes[k];

            if (box->zygote == zygote) {
                left++;

                if (box->state == CRW_BOX_READY) {
                    next = box;
                }
            }
        }

        if (left == 0) {
            crw_zygote_kill(zygote);

        } else if (family->moving == NULL && next != NULL) {
            family->moving = next;
            crw_box_drop(next);
        }
    }
}


void
crw_zygote_kill(crw_zygote_t *zygote)
{
    crw_family_t  *family;

    family = zygote->family;

    if (zygote->state == CRW_ZYGOTE_NONE
        || zygote->state == CRW_ZYGOTE_DYING)
    {
        return;
    }

    zygote->state = CRW_ZYGOTE_DYING;
    zygote->asked = NULL;

    if (family->current == zygote) {
        family->current = NULL;
    }

    crw_event_close(&zygote->link);
    (void) kill(zygote->pid, SIGKILL);
    crw_timer_set(family->pool->loop, &zygote->timer,
                  (zygote->child.fd != -1) ? CRW_ZYGOTE_END_US
                                           : CRW_ZYGOTE_LOST_US);
}


static void
crw_zygote_child(crw_event_t *ev, uint32_t events)
{
    int            status, expected;
    uint32_t       i;
    crw_box_t     *box;
    crw_family_t  *family;
    crw_zygote_t  *zygote = ev->data;

    (void) events;

    if (waitpid(zygote->pid, &status, WNOHANG) == 0) {
        return;
    }

    if (zygote->state == CRW_ZYGOTE_BOOT && zygote->link.fd != -1) {
        /* it said why, and epoll may give us the two in any order */
        crw_zygote_message(&zygote->link, EPOLLIN);
    }

    family = zygote->family;
    expected = (zygote->state == CRW_ZYGOTE_DYING);

    crw_zygote_kill(zygote);
    crw_timer_cancel(family->pool->loop, &zygote->timer);
    crw_event_close(&zygote->child);
    zygote->state = CRW_ZYGOTE_NONE;

    for (i = 0; i < family->nboxes; i++) {
        box = &family->boxes[i];

        if (box->zygote == zygote) {
            crw_box_fail(box, "the zygote ended", 0);
        }
    }

    if (family->pool->stopping) {
        return;
    }

    if (!expected) {
        crw_log(CRW_LOG_ERROR, "zygote %d of %s ended with status 0x%x",
                (int) zygote->pid, family->language->id, (unsigned) status);
    }

    if (family->current == NULL) {
        crw_zygote_failed(family, "the zygote ended", 0);
    }
}


static void
crw_zygote_deadline(crw_timer_t *timer)
{
    crw_zygote_t  *zygote = timer->data;

    if (zygote->state == CRW_ZYGOTE_BOOT) {
        crw_log(CRW_LOG_ERROR, "zygote %d of %s did not boot in time",
                (int) zygote->pid, zygote->family->language->id);
        crw_zygote_kill(zygote);
        return;
    }

    /* dying: there never was a pidfd, or the kernel takes long */

    (void) kill(zygote->pid, SIGKILL);
    crw_timer_set(zygote->family->pool->loop, timer,
                  (zygote->child.fd != -1) ? CRW_ZYGOTE_END_US
                                           : CRW_ZYGOTE_LOST_US);
    crw_zygote_child(&zygote->child, 0);
}


/* tries again later, the later the more often it failed */

static void
crw_zygote_failed(crw_family_t *family, const char *step, int errnum)
{
    uint32_t  n;

    n = family->failures++;

    if (n > CRW_ZYGOTE_RETRY_MAX) {
        n = CRW_ZYGOTE_RETRY_MAX;
    }

    /* a cause of its own says more than the end that it had */

    if (family->trouble[0] == '\0' || errnum != 0) {
        (void) snprintf(family->trouble, sizeof(family->trouble), "%s%s%.40s",
                        step, (errnum != 0) ? ": " : "",
                        (errnum != 0) ? strerror(errnum) : "");
    }

    family->pool->hooks->health(family);

    crw_timer_set(family->pool->loop, &family->timer,
                  (uint64_t) CRW_ZYGOTE_RETRY_US << n);
}
