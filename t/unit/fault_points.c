/*
 * The table of fault points.  The layers of a sandbox are not in it: they are
 * a table already, that of worker/sandbox/crw_sandbox.c.
 */

#include "fault_points.h"

#include <signal.h>
#include <string.h>

#include "crw_sandbox.h"


#define NO_GROUP    "making the cgroup"
#define NO_LIMITS   "ing the cgroup"  /* reading, setting its limits */
#define NO_KEEPER   "the keeper"
#define NO_PIPES    "opening the sandbox's pipes"
#define NO_BUILD    "telling the keeper to build"
#define NO_ZYGOTE   "starting the zygote"
#define NO_WORKER   ""


const fault_point_t  fault_points[] = {

    /* the pool worker; while it cannot live, jobs wait */

    { FAULT_OF_WORKER, FAULT_POOL, "worker_link", NO_WORKER, 0, 0 },
    { FAULT_OF_WORKER, FAULT_POOL, "worker_fork", NO_WORKER, 0, 0 },
    { FAULT_OF_WORKER, FAULT_POOL, "loop_memory", NO_WORKER, 0, 0 },
    { FAULT_OF_WORKER, FAULT_POOL, "loop_epoll", NO_WORKER, 0, 0 },
    { FAULT_OF_WORKER, FAULT_POOL, "worker_jobs", NO_WORKER, 0, 0 },
    { FAULT_OF_WORKER, FAULT_POOL, "event_add", NO_WORKER, 1, 0 },
    { FAULT_OF_WORKER, FAULT_POOL, "worker_languages", NO_WORKER, 0, 0 },
    { FAULT_OF_WORKER, FAULT_POOL, "attach_pipe", NO_WORKER, 0, 0 },
    { FAULT_OF_WORKER, FAULT_POOL, "attach_thread", NO_WORKER, 0, 0 },
    { FAULT_OF_WORKER, FAULT_POOL, "worker_boxes", NO_WORKER, 0, 0 },

    { FAULT_OF_ZYGOTE, FAULT_POOL, "zygote_link", NO_ZYGOTE, 0, 0 },
    { FAULT_OF_ZYGOTE, FAULT_POOL, "zygote_attr", NO_ZYGOTE, 0, 0 },
    { FAULT_OF_ZYGOTE, FAULT_POOL, "zygote_actions", NO_ZYGOTE, 0, 0 },
    { FAULT_OF_ZYGOTE, FAULT_POOL, "zygote_spawn", NO_ZYGOTE, 0, 0 },
    { FAULT_OF_ZYGOTE, FAULT_POOL, "zygote_pidfd", NO_ZYGOTE, 0, 0 },
    { FAULT_OF_ZYGOTE, FAULT_POOL, "zygote_nonblocking", NO_ZYGOTE, 0, 0 },
    { FAULT_OF_ZYGOTE, FAULT_POOL, "event_add", NO_ZYGOTE, 1, 0 },

    { FAULT_OF_BOX, FAULT_POOL, "cgroup_mkdir", NO_GROUP, 1, 0 },
    { FAULT_OF_BOX, FAULT_POOL, "cgroup_open", NO_GROUP, 1, 0 },
    { FAULT_OF_BOX, FAULT_POOL, "cgroup_eventfd", NO_GROUP, 0, 1 },
    { FAULT_OF_BOX, FAULT_POOL, "cgroup_write", NO_GROUP, 1, 0 },
    { FAULT_OF_BOX, FAULT_POOL, "event_watch", "watching the cgroup", 0, 0 },
    { FAULT_OF_BOX, FAULT_POOL, "keeper_link", NO_KEEPER, 0, 0 },
    { FAULT_OF_BOX, FAULT_POOL, "keeper_nonblocking", NO_KEEPER, 0, 0 },
    { FAULT_OF_BOX, FAULT_POOL, "event_add", NO_KEEPER, 1, 0 },
    { FAULT_OF_BOX, FAULT_POOL, "keeper_ask", "zygote for a keeper", 0, 0 },
    { FAULT_OF_BOX, CRW_FAULT_KEEPER, "keeper_fork", NULL, 0, 0 },
    { FAULT_OF_BOX, CRW_FAULT_KEEPER, "keeper_start", NULL, 0, 0 },
    { FAULT_OF_BOX, FAULT_POOL, "attach_push", NO_KEEPER, 0, 0 },
    { FAULT_OF_BOX, FAULT_POOL, "cgroup_put", NO_KEEPER, 1, 0 },
    { FAULT_OF_BOX, FAULT_POOL, "keeper_tell", NO_KEEPER, 0, 0 },

    { FAULT_OF_SANDBOX, FAULT_POOL, "box_link", NO_PIPES, 0, 0 },
    { FAULT_OF_SANDBOX, FAULT_POOL, "box_stdin", NO_PIPES, 0, 0 },
    { FAULT_OF_SANDBOX, FAULT_POOL, "box_stdout", NO_PIPES, 0, 0 },
    { FAULT_OF_SANDBOX, FAULT_POOL, "box_stderr", NO_PIPES, 0, 0 },
    { FAULT_OF_SANDBOX, FAULT_POOL, "box_nonblocking", NO_PIPES, 0, 0 },
    { FAULT_OF_SANDBOX, FAULT_POOL, "event_add", "keeper", 1, 0 },
    { FAULT_OF_SANDBOX, FAULT_POOL, "box_build", NO_BUILD, 0, 0 },
    { FAULT_OF_SANDBOX, CRW_FAULT_BUILD, "init_clone", NULL, 0, 0 },
    { FAULT_OF_SANDBOX, CRW_FAULT_BUILD, "init_fds", NULL, 0, 0 },
    { FAULT_OF_SANDBOX, CRW_FAULT_BUILD, "init_pipe", NULL, 0, 0 },
    { FAULT_OF_SANDBOX, CRW_FAULT_BUILD, "program_fork", NULL, 0, 0 },
    { FAULT_OF_SANDBOX, CRW_FAULT_BUILD, "init_ready", NULL, 0, 0 },
    { FAULT_OF_SANDBOX, CRW_FAULT_BUILD, "program_warm", NULL, 0, 0 },
    { FAULT_OF_SANDBOX, CRW_FAULT_BUILD, "program_pidfd", NULL, 0, 0 },
    { FAULT_OF_BOX, FAULT_POOL, "cgroup_read", NO_LIMITS, 1, 0 },

    { FAULT_OF_WORKER, FAULT_POOL, NULL, NULL, 0, 0 }
};


#define OF_GVISOR(name)  { FAULT_OF_SANDBOX, CRW_FAULT_BUILD, name, NULL, 0, 0 }

const fault_point_t  fault_points_gvisor[] = {
    OF_GVISOR("init_clone"),
    OF_GVISOR("init_fds"),
    OF_GVISOR("net_hostname"),
    OF_GVISOR("mount_proc"),
    OF_GVISOR("init_pipe"),
    OF_GVISOR("relay_clone"),
    OF_GVISOR("relay_gid_map"),
    OF_GVISOR("relay_uid_map"),
    OF_GVISOR("init_mapped"),
    OF_GVISOR("init_stdio"),
    OF_GVISOR("init_seccomp"),
    OF_GVISOR("init_ready"),
    OF_GVISOR("relay_user"),
    OF_GVISOR("relay_parent"),
    OF_GVISOR("gvisor_bundle"),
    OF_GVISOR("relay_pipe"),
    OF_GVISOR("relay_fork"),
    OF_GVISOR("relay_caps"),
    OF_GVISOR("relay_signals"),
    OF_GVISOR("relay_seccomp"),
    OF_GVISOR("relay_pidfd"),

    OF_GVISOR(NULL)
};


static void
fault_points_layer(crw_phase_e phase, const char *name, const char *what,
    void *data)
{
    fault_point_t   point;
    void          (**fn)(const fault_point_t *) = data;

    (void) what;

    memset(&point, 0, sizeof(point));
    point.name = name;

    switch (phase) {

    case CRW_PHASE_ZYGOTE:
        point.of = FAULT_OF_ZYGOTE;
        point.via = CRW_FAULT_ZYGOTE;
        break;

    case CRW_PHASE_KEEPER:
        point.of = FAULT_OF_BOX;
        point.via = CRW_FAULT_ATTACHED;
        break;

    default:
        point.of = FAULT_OF_SANDBOX;
        point.via = CRW_FAULT_BUILD;
    }

    (*fn)(&point);
}


void
fault_points_each(void (*fn)(const fault_point_t *point))
{
    const fault_point_t  *point;

    for (point = fault_points; point->name != NULL; point++) {
        fn(point);
    }

    crw_sandbox_each(fault_points_layer, &fn);
}
