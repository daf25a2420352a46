/*
 * Pid 1 of a gVisor sandbox, outside: gives the relay a user namespace of the
 * box's two uids, so that no process of runsc is root on this machine, then
 * waits as any init does.  When it ends the kernel ends runsc, gofer, sentry
 * and the processes that stand for the program's.
 */

#include "crw_gvisor.h"
#include "crw_link.h"
#include "crw_sb.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>


#define CRW_GVISOR_NOBODY  65534    /* who the sentry wants to be */


typedef struct {
    int  ready[2];                  /* a word when init has let go of all */
    int  mapped[2];                 /* ends when the maps are written */
} crw_gvisor_pipes_t;


static const char *crw_gvisor_outside(crw_chain_t *chain);
static void crw_gvisor_child(crw_chain_t *chain, crw_gvisor_pipes_t *pipes)
    __attribute__((noreturn));
static void crw_gvisor_let_go(crw_sandbox_t *sb, crw_gvisor_pipes_t *pipes,
    int relay);
static const char *crw_gvisor_map(const crw_sandbox_t *sb, int pid);
static void crw_gvisor_wait(int relay) __attribute__((noreturn));


void
crw_gvisor_init(crw_chain_t *chain, int *fds)
{
    int                  pid, pidfd, stdio[4];
    const char          *step;
    crw_sandbox_t       *sb;
    crw_gvisor_pipes_t   pipes;

    sb = &chain->sandbox;
    stdio[0] = fds[1];
    stdio[1] = fds[2];
    stdio[2] = fds[3];
    stdio[3] = fds[0];

    if (crw_sandbox_fault(sb, "init_fds") == -1
        || crw_sb_fds_install(stdio, 4) == -1)
    {
        crw_chain_fail(fds[0], "init_fds", errno);
    }

    (void) prctl(PR_SET_NAME, "crw-init", 0, 0, 0);

    step = crw_gvisor_outside(chain);

    if (step != NULL) {
        crw_chain_fail(CRW_CHAIN_LINK, step, errno);
    }

    if (crw_sandbox_fault(sb, "init_pipe") == -1
        || socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC, 0, pipes.ready)
           == -1
        || pipe2(pipes.mapped, O_CLOEXEC) == -1)
    {
        crw_chain_fail(CRW_CHAIN_LINK, "init_pipe", errno);
    }

    pid = crw_sandbox_fault(sb, "relay_clone");

    if (pid == 0) {
        pid = crw_chain_clone(CLONE_NEWUSER|CLONE_NEWNS, &pidfd);
    }

    if (pid == -1) {
        crw_chain_fail(CRW_CHAIN_LINK, "relay_clone", errno);
    }

    if (pid == 0) {
        crw_gvisor_child(chain, &pipes);
    }

    (void) close(pidfd);
    (void) close(pipes.ready[0]);
    (void) close(pipes.mapped[0]);

    crw_gvisor_let_go(sb, &pipes, pid);
    crw_gvisor_wait(pid);
}


/* the relay gets its users and init gives up its powers before it goes on */

static void
crw_gvisor_let_go(crw_sandbox_t *sb, crw_gvisor_pipes_t *pipes, int relay)
{
    const char  *step;

    step = crw_gvisor_map(sb, relay);

    if (step == NULL) {
        if (crw_sandbox_fault(sb, "init_mapped") == -1
            || write(pipes->mapped[1], "", 1) != 1)
        {
            crw_chain_fail(CRW_CHAIN_LINK, "init_mapped", errno);
        }

        (void) close(pipes->mapped[1]);
        step = crw_sandbox_enter(sb, CRW_PHASE_WAIT);
    }

    if (step != NULL) {
        crw_chain_fail(CRW_CHAIN_LINK, step, errno);
    }

    if (crw_sandbox_fault(sb, "init_ready") == -1
        || crw_link_say(pipes->ready[1], CRW_MSG_READY, 0, NULL, NULL, 0) == -1)
    {
        crw_chain_fail(CRW_CHAIN_LINK, "init_ready", errno);
    }

    (void) close(pipes->ready[1]);
}


/*
 * As the steps of CRW_PHASE_INIT, but the program's /proc, /box and /tmp are
 * the sentry's; this /proc is runsc's, whole, of a pid namespace that has
 * nothing else in it.
 */

static const char *
crw_gvisor_outside(crw_chain_t *chain)
{
    if (crw_sandbox_fault(&chain->sandbox, "net_hostname") == -1
        || crw_sb_net_hostname(&chain->sandbox) == -1)
    {
        return "net_hostname";
    }

    if (crw_sandbox_fault(&chain->sandbox, "mount_proc") == -1
        || mount("proc", "/proc", "proc", MS_NOSUID|MS_NODEV|MS_NOEXEC, NULL)
           == -1)
    {
        return "mount_proc";
    }

    return NULL;
}


static void
crw_gvisor_child(crw_chain_t *chain, crw_gvisor_pipes_t *pipes)
{
    char     c;
    ssize_t  n;

    (void) close(pipes->ready[1]);
    (void) close(pipes->mapped[1]);

    do {
        n = read(pipes->mapped[0], &c, 1);
    } while (n == -1 && errno == EINTR);

    (void) close(pipes->mapped[0]);

    if (n != 1) {
        _exit(1);                   /* init has said why */
    }

    crw_gvisor_relay(chain, pipes->ready[0]);
}


/* root of this namespace is the box's init uid, its nobody the program's */

static const char *
crw_gvisor_map(const crw_sandbox_t *sb, int pid)
{
    char  path[64], map[96];

    (void) snprintf(map, sizeof(map), "0 %u 1\n%u %u 1\n",
                    (unsigned) sb->init_uid, (unsigned) CRW_GVISOR_NOBODY,
                    (unsigned) sb->program_uid);

    (void) snprintf(path, sizeof(path), "/proc/%d/gid_map", pid);

    if (crw_sandbox_fault(sb, "relay_gid_map") == -1
        || crw_sb_write(path, map, strlen(map)) == -1)
    {
        return "relay_gid_map";
    }

    (void) snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);

    if (crw_sandbox_fault(sb, "relay_uid_map") == -1
        || crw_sb_write(path, map, strlen(map)) == -1)
    {
        return "relay_uid_map";
    }

    return NULL;
}


/*
 * The relay reports the end of the program itself; without that, by SIGKILL,
 * it was taken for the program and its end is told for the program's.
 */

static void
crw_gvisor_wait(int relay)
{
    int             pid, status;
    crw_exit_msg_t  msg;

    for ( ;; ) {
        pid = (int) wait4(-1, &status, __WALL, NULL);

        if (pid == relay || (pid == -1 && errno != EINTR)) {
            break;
        }
    }

    if (pid == relay && WIFSIGNALED(status)) {
        memset(&msg, 0, sizeof(msg));
        msg.msg.type = CRW_MSG_EXIT;
        msg.wait_status = status;
        (void) crw_link_send(CRW_CHAIN_LINK, &msg, sizeof(msg), NULL, 0);
    }

    _exit(0);
}
