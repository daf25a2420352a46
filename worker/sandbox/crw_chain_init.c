/*
 * Pid 1 of a sandbox: mounts, forks the program, gives up everything, then
 * reaps until the program has ended.  Its own end is the end of every process
 * in the sandbox.  Async-signal-safe calls only.
 */

#include "crw_chain.h"
#include "crw_link.h"
#include "crw_sb.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>


static void crw_init_wait(int program, crw_exit_msg_t *msg);


void
crw_chain_init(crw_chain_t *chain, int *fds)
{
    int              pid, ready[2], stdio[4];
    const char      *step;
    crw_exit_msg_t   msg;

    stdio[0] = fds[1];
    stdio[1] = fds[2];
    stdio[2] = fds[3];
    stdio[3] = fds[0];

    if (crw_sandbox_fault(&chain->sandbox, "init_fds") == -1
        || crw_sb_fds_install(stdio, 4) == -1)
    {
        crw_chain_fail(fds[0], "init_fds", errno);
    }

    (void) prctl(PR_SET_NAME, "crw-init", 0, 0, 0);

    step = crw_sandbox_enter(&chain->sandbox, CRW_PHASE_INIT);

    if (step != NULL) {
        crw_chain_fail(CRW_CHAIN_LINK, step, errno);
    }

    if (crw_sandbox_fault(&chain->sandbox, "init_pipe") == -1
        || socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC, 0, ready) == -1)
    {
        crw_chain_fail(CRW_CHAIN_LINK, "init_pipe", errno);
    }

    pid = crw_sandbox_fault(&chain->sandbox, "program_fork");

    if (pid == 0) {
        pid = fork();
    }

    if (pid == -1) {
        crw_chain_fail(CRW_CHAIN_LINK, "program_fork", errno);
    }

    if (pid == 0) {
        (void) close(ready[1]);
        crw_chain_program(chain, ready[0]);
    }

    (void) close(ready[0]);

    step = crw_sandbox_enter(&chain->sandbox, CRW_PHASE_WAIT);

    if (step != NULL) {
        crw_chain_fail(CRW_CHAIN_LINK, step, errno);
    }

    if (crw_sandbox_fault(&chain->sandbox, "init_ready") == -1
        || crw_link_say(ready[1], CRW_MSG_READY, 0, NULL, NULL, 0) == -1
        || close(ready[1]) == -1)
    {
        crw_chain_fail(CRW_CHAIN_LINK, "init_ready", errno);
    }

    crw_init_wait(pid, &msg);

    (void) crw_link_send(CRW_CHAIN_LINK, &msg, sizeof(msg), NULL, 0);

    _exit(0);
}


static void
crw_init_wait(int program, crw_exit_msg_t *msg)
{
    int            pid, status;
    struct rusage  ru;

    memset(msg, 0, sizeof(*msg));
    msg->msg.type = CRW_MSG_EXIT;

    for ( ;; ) {
        pid = (int) wait4(-1, &status, __WALL, &ru);

        if (pid == program) {
            break;
        }

        if (pid == -1 && errno != EINTR) {
            status = -1;
            break;
        }
    }

    msg->wait_status = status;

    if (getrusage(RUSAGE_CHILDREN, &ru) == 0) {
        msg->cpu_us = (uint64_t) (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec)
                      * 1000000
                      + (uint64_t) (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec);
        msg->maxrss_kb = (uint64_t) ru.ru_maxrss;
    }
}
