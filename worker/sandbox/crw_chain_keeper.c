/*
 * The keeper: one per box, in the box's cgroup and network namespace.  It
 * clones the init of one sandbox after the other and says when one is gone.
 * It never runs a line of the interpreter.
 */

#include "crw_chain.h"
#include "crw_gvisor.h"
#include "crw_link.h"
#include "crw_sb.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>


typedef struct {
    crw_chain_t  *chain;
    int           link;
    int           pid;              /* of init, 0: none */
    int           pidfd;
} crw_keeper_t;


static void crw_keeper_start(crw_keeper_t *k, int link);
static void crw_keeper_loop(crw_keeper_t *k);
static void crw_keeper_message(crw_keeper_t *k);
static void crw_keeper_attached(crw_keeper_t *k, const crw_msg_t *msg);
static void crw_keeper_build(crw_keeper_t *k, crw_build_msg_t *msg, int *fds);
static void crw_keeper_reap(crw_keeper_t *k);
static void crw_keeper_end(crw_keeper_t *k) __attribute__((noreturn));


void
crw_chain_keeper(crw_chain_t *chain, int link, uint32_t program_uid,
    uint32_t init_uid)
{
    crw_keeper_t  k;

    k.chain = chain;
    k.pid = 0;
    k.pidfd = -1;

    crw_keeper_start(&k, link);
    crw_sandbox_set_users(&chain->sandbox, program_uid, init_uid);

    for ( ;; ) {
        crw_keeper_loop(&k);
    }
}


static void
crw_keeper_start(crw_keeper_t *k, int link)
{
    int  fds[4];

    fds[0] = STDIN_FILENO;
    fds[1] = STDOUT_FILENO;
    fds[2] = STDERR_FILENO;
    fds[3] = link;

    if (crw_sb_fds_install(fds, 4) == -1) {
        _exit(1);
    }

    k->link = fds[3];

    (void) signal(SIGCHLD, SIG_DFL);
    (void) prctl(PR_SET_NAME, "crw-keeper", 0, 0, 0);

    if (crw_sandbox_fault(&k->chain->sandbox, "keeper_start") == -1
        || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1
        || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1)
    {
        crw_chain_fail(k->link, "keeper_start", errno);
    }
}


static void
crw_keeper_loop(crw_keeper_t *k)
{
    struct pollfd  p[2];

    p[0].fd = k->link;
    p[0].events = POLLIN;
    p[0].revents = 0;
    p[1].fd = k->pidfd;             /* -1 is skipped */
    p[1].events = POLLIN;
    p[1].revents = 0;

    if (poll(p, 2, -1) == -1) {
        if (errno == EINTR) {
            return;
        }

        crw_keeper_end(k);
    }

    if (p[1].revents != 0) {
        crw_keeper_reap(k);
    }

    if (p[0].revents != 0) {
        crw_keeper_message(k);
    }
}


static void
crw_keeper_message(crw_keeper_t *k)
{
    int              i, nfds, fds[4];
    ssize_t          n;
    crw_build_msg_t  msg;

    n = crw_link_recv(k->link, &msg, sizeof(msg), fds, 4, &nfds);

    if (n < (ssize_t) sizeof(crw_msg_t)) {
        crw_keeper_end(k);
    }

    msg.msg.text[CRW_TEXT_MAX - 1] = '\0';

    if (msg.msg.type == CRW_MSG_ATTACHED) {
        crw_keeper_attached(k, &msg.msg);

    } else if (msg.msg.type == CRW_MSG_BUILD && n == (ssize_t) sizeof(msg)
               && nfds == 4 && k->pid == 0)
    {
        crw_keeper_build(k, &msg, fds);

    } else {
        (void) crw_link_say(k->link, CRW_MSG_FAILED, EPROTO, "keeper_message",
                            NULL, 0);
    }

    for (i = 0; i < nfds; i++) {
        (void) close(fds[i]);
    }
}


static void
crw_keeper_attached(crw_keeper_t *k, const crw_msg_t *msg)
{
    const char     *step;
    crw_sandbox_t  *sb;

    sb = &k->chain->sandbox;
    memcpy(sb->fault, msg->text, sizeof(sb->fault));

    step = crw_sandbox_enter(sb, CRW_PHASE_KEEPER);

    if (step != NULL) {
        crw_chain_fail(k->link, step, errno);
    }

    if (crw_link_say(k->link, CRW_MSG_KEEPER_READY, 0, NULL, NULL, 0) == -1) {
        crw_keeper_end(k);
    }
}


static void
crw_keeper_build(crw_keeper_t *k, crw_build_msg_t *msg, int *fds)
{
    int             pid, err;
    crw_sandbox_t  *sb;

    sb = &k->chain->sandbox;
    memcpy(sb->fault, msg->msg.text, sizeof(sb->fault));
    crw_sandbox_set_work(sb, msg->work_bytes, msg->work_inodes);

    pid = crw_sandbox_fault(sb, "init_clone");

    if (pid == 0) {
        pid = crw_chain_clone(CRW_SANDBOX_NAMESPACES, &k->pidfd);
    }

    if (pid == 0) {
        if (k->chain->runsc != NULL) {
            crw_gvisor_init(k->chain, fds);
        }

        crw_chain_init(k->chain, fds);
    }

    if (pid == -1) {
        err = errno;
        k->pidfd = -1;
        (void) crw_link_say(k->link, CRW_MSG_FAILED, err, "init_clone", NULL,
                            0);
        return;
    }

    k->pid = pid;

    if (crw_link_say(k->link, CRW_MSG_BUILT, pid, NULL, &k->pidfd, 1) == -1) {
        crw_keeper_end(k);
    }
}


/* init can only be reaped when the kernel has ended all of its namespace */

static void
crw_keeper_reap(crw_keeper_t *k)
{
    int  status;

    while (waitpid(k->pid, &status, __WALL) == -1) {
        if (errno != EINTR) {
            crw_keeper_end(k);
        }
    }

    (void) close(k->pidfd);
    k->pidfd = -1;
    k->pid = 0;

    if (crw_link_say(k->link, CRW_MSG_GONE, status, NULL, NULL, 0) == -1) {
        crw_keeper_end(k);
    }
}


static void
crw_keeper_end(crw_keeper_t *k)
{
    if (k->pid != 0) {
        (void) kill(k->pid, SIGKILL);
        (void) waitpid(k->pid, NULL, __WALL);
    }

    _exit(0);
}
