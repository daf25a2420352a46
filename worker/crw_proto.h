/*
 * What the pool worker and the processes of a sandbox say to each other, and
 * who they are.
 *
 *   pool worker           root (or the user of a rootless pool); epoll loop
 *    └ zygote             exec'ed once per worker and language: interpreter
 *       │                 booted, root file system built and pivoted into
 *       └ keeper          one per box, forked once, sits in the box's cgroup
 *          │              and net namespace; trusted, never sees user data
 *          └ init         pid 1 of one sandbox: mounts, then only waits
 *             └ program   all layers on, then waits for one job and runs it
 *
 * A box is what stays (cgroup, net namespace, uid pair, keeper); a sandbox is
 * what one job uses up.  Every message is one SOCK_SEQPACKET packet that
 * starts with a crw_msg_t.  Descriptors travel with SCM_RIGHTS in the order
 * given.  All links of this chain die with the link above (PDEATHSIG, pid
 * namespace), so a killed pool worker leaves nothing behind.
 */

#ifndef CRW_PROTO_H
#define CRW_PROTO_H


#include <stdint.h>

#include "../ipc/cr_slot.h"


typedef enum {
    /* worker -> zygote: fork a keeper; fds: the keeper's link */
    CRW_MSG_KEEPER = 1,
    /* zygote -> worker: value = keeper's pid; fds: its pidfd */
    CRW_MSG_KEEPER_STARTED,
    /* zygote -> worker: interpreter booted; text = runtime version */
    CRW_MSG_ZYGOTE_READY,

    /* worker -> keeper: the keeper now sits in its cgroup, make the net
       namespace; answered by CRW_MSG_KEEPER_READY */
    CRW_MSG_ATTACHED,
    CRW_MSG_KEEPER_READY,
    /* worker -> keeper: build a sandbox;
       fds: sandbox link, stdin (read end), stdout, stderr (write ends) */
    CRW_MSG_BUILD,
    /* keeper -> worker: init was forked; fds: its pidfd */
    CRW_MSG_BUILT,
    /* keeper -> worker: init has been reaped, nothing of it is left */
    CRW_MSG_GONE,

    /* program -> worker, on the sandbox link, when every layer is on;
       fds: the program's pidfd */
    CRW_MSG_READY,
    /* worker -> program: crw_job_msg_t, then total bytes of request records
       (ipc/cr_request.h) in further packets of at most CRW_JOB_PACKET */
    CRW_MSG_JOB,
    /* init -> worker: crw_exit_msg_t; then init exits */
    CRW_MSG_EXIT,

    /* anyone -> worker: a step failed: value = errno, text = the step */
    CRW_MSG_FAILED
} crw_msg_e;


#define CRW_TEXT_MAX    96
#define CRW_JOB_PACKET  (64 * 1024)


typedef struct {
    uint32_t  type;                 /* crw_msg_e */
    int32_t   value;
    char      text[CRW_TEXT_MAX];   /* NUL-terminated */
} crw_msg_t;


/* CRW_MSG_KEEPER; uid and gid are host ids, 0: rootless, keep the own one */

typedef struct {
    crw_msg_t  msg;
    uint32_t   box;
    uint32_t   program_uid;         /* also its gid */
    uint32_t   init_uid;
} crw_keeper_msg_t;


/* CRW_MSG_BUILD */

typedef struct {
    crw_msg_t  msg;
    uint64_t   work_bytes;          /* of the tmpfs for /box and /tmp */
    uint32_t   work_inodes;
    uint32_t   reserved;
} crw_build_msg_t;


typedef struct {
    crw_msg_t    msg;
    cr_limits_t  limits;            /* for rlimits; cgroups are the worker's */
    uint32_t     total;             /* bytes of records that follow */
    uint32_t     rootless;          /* no cgroup: rlimits must do */
} crw_job_msg_t;


typedef struct {
    crw_msg_t  msg;
    int32_t    wait_status;         /* of waitpid(2), of the program */
    uint32_t   reserved;
    uint64_t   cpu_us;              /* user + system, program and children it
                                       waited for */
    uint64_t   maxrss_kb;
} crw_exit_msg_t;


#endif
