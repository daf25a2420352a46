/*
 * Control groups, v1, v2 or none, behind one front.
 *
 *   base    one per pool, made by the master: the directory (v1: one in each
 *           hierarchy) that holds everything of this pool
 *   group   one per box: limits, figures and the kill switch of all
 *           processes in it; reused job after job while its usage is back
 *           near zero
 *
 * Everything between begin and figures works on descriptors opened at
 * creation and costs a few microseconds.  Attaching a process does not: it
 * waits for an RCU grace period (7 to 16 ms), so it happens once, when the
 * box is made, and the box's sandboxes are forked inside.
 */

#ifndef CRW_CGROUP_H
#define CRW_CGROUP_H


#include <stdint.h>
#include <sys/types.h>

#include "../crw_error.h"


#define CRW_CGROUP_NAME    32
#define CRW_CGROUP_PATH    256

#define CRW_CGROUP_PERIOD_US  100000    /* that cpu_percent is shared out in */


typedef enum {
    CRW_CGROUP_NONE = 0,            /* every call succeeds and does nothing */
    CRW_CGROUP_V1,                  /* also hybrid: v1 controllers */
    CRW_CGROUP_V2
} crw_cgroup_kind_e;


/* v1: the hierarchies a group has a directory in; v2 uses the first */

typedef enum {
    CRW_CGROUP_MEMORY = 0,
    CRW_CGROUP_PIDS,
    CRW_CGROUP_CPU,
    CRW_CGROUP_CPUACCT,
    CRW_CGROUP_UNIFIED,             /* the v2 mount of a hybrid: cgroup.kill */
    CRW_CGROUP_TREES
} crw_cgroup_tree_e;


typedef struct {
    crw_cgroup_kind_e  kind;
    unsigned           memory:1;    /* what this base can limit */
    unsigned           swap:1;
    unsigned           pids:1;
    unsigned           cpu:1;
    unsigned           kill:1;      /* all at once; else one by one */
    /* directory per tree, "" where there is none */
    char               path[CRW_CGROUP_TREES][CRW_CGROUP_PATH];
    int                fd[CRW_CGROUP_TREES];
    /* v2: where the pool itself lives, "" when it was not moved */
    char               leaf[CRW_CGROUP_PATH];
} crw_cgroup_base_t;


typedef struct {
    uint64_t  memory_kb;            /* memory and swap together; 0: no limit */
    uint32_t  pids;                 /* tasks; 0: no limit.  Keeper and init
                                       count: give CRW_CGROUP_OWN_TASKS more */
    uint32_t  cpu_percent;          /* 100 is one whole cpu; 0: no limit */
} crw_cgroup_limits_t;


#define CRW_CGROUP_OWN_TASKS  2     /* keeper and init */


typedef struct {
    uint64_t  cpu_us;               /* since begin */
    uint64_t  memory_peak_kb;       /* highest since begin, all of the group */
    uint64_t  memory_base_kb;       /* usage at begin: keeper, init, the warm
                                       interpreter; part of the peak */
    uint64_t  memory_kb;            /* now */
    uint64_t  oom_kills;            /* since begin */
    uint64_t  pids_hits;            /* forks refused since begin */
} crw_cgroup_figures_t;


typedef struct {
    crw_cgroup_base_t    *base;     /* not owned */
    char                  name[CRW_CGROUP_NAME];

    int                   memory_limit;
    int                   memory_swap;
    int                   memory_usage;
    int                   memory_peak;
    int                   memory_events;    /* v1: memory.oom_control */
    int                   pids_limit;
    int                   pids_events;
    int                   cpu_limit;
    int                   cpu_weight;
    int                   cpu_usage;
    int                   kill;
    int                   procs;
    /*
     * Becomes readable when the kernel ran out of memory inside the group:
     * for epoll with crw_cgroup_oom_events(); -1: none.  v1: an eventfd, read
     * 8 bytes; v2: memory.events itself, just call crw_cgroup_figures().
     */
    int                   oom;

    crw_cgroup_limits_t   limits;   /* as last written */
    unsigned              peak_resets:1;
    unsigned              yields:1;     /* or may, from an earlier pool */
    /* counters at begin */
    uint64_t              cpu_us;
    uint64_t              memory_base_kb;
    uint64_t              memory_seen_kb;
    uint64_t              memory_peak_kb;
    uint64_t              oom_kills;
    uint64_t              pids_hits;
} crw_cgroup_t;


/*
 * Finds what the machine has and makes the pool's base, called 'name'
 * ("coderemote-<pid>").  v2: below the caller's own group (Delegate=yes),
 * after moving the caller into a leaf of it; v1: below the mount of each
 * hierarchy.  'parent' overrides where (a path below the mount, "" for the
 * default).  Bases of dead pools with the same prefix up to the last '-' are
 * removed on the way.  When nothing can be had the kind is CRW_CGROUP_NONE,
 * 0 is returned and err->text says why: the caller decides whether to go on.
 * The descriptors are close-on-exec; forked workers share the base.
 */
int crw_cgroup_base_create(crw_cgroup_base_t *base, const char *parent,
    const char *name, crw_error_t *err);
/* removes the bases of dead pools again: at creation a pool that was just
   killed may still be dying */
void crw_cgroup_base_sweep(crw_cgroup_base_t *base);
/* removes it with every group left in it, killing what still runs there */
int crw_cgroup_base_destroy(crw_cgroup_base_t *base, crw_error_t *err);
/* closes the descriptors only: for a worker that ends */
void crw_cgroup_base_close(crw_cgroup_base_t *base);

/* a box's group, 'name' unique in the base ("w0-b3"); an old one of that name
   is emptied and taken over */
int crw_cgroup_create(crw_cgroup_t *cg, crw_cgroup_base_t *base,
    const char *name, crw_error_t *err);
/* kills what is inside and removes it; -1 while it cannot be removed yet
   (EBUSY: tasks are still dying, call again) */
int crw_cgroup_destroy(crw_cgroup_t *cg, crw_error_t *err);

/* slow, 10 to 60 ms: never for a job */
int crw_cgroup_attach(crw_cgroup_t *cg, pid_t pid, crw_error_t *err);

/* for a job: writes the limits that differ from the last, resets the peak,
   takes the counters' baseline */
int crw_cgroup_begin(crw_cgroup_t *cg, const crw_cgroup_limits_t *limits,
    crw_error_t *err);
int crw_cgroup_figures(crw_cgroup_t *cg, crw_cgroup_figures_t *figures,
    crw_error_t *err);
/* cpu alone, for the timer that watches a job: one pread */
int crw_cgroup_cpu(crw_cgroup_t *cg, uint64_t *cpu_us, crw_error_t *err);
/* from now until the next begin its processes run when no other group's want
   to: for a job that has used its first share */
void crw_cgroup_yield(crw_cgroup_t *cg);
/* what is charged now; a box may take the next job when this is back near
   what its keeper needs */
int crw_cgroup_usage(crw_cgroup_t *cg, uint64_t *memory_kb, crw_error_t *err);
/* 1 when the highest usage is above 'kb' and cannot be reset (v2 before Linux
   6.12): what a smaller job uses at most would not show any more */
int crw_cgroup_peak_stays(crw_cgroup_t *cg, uint64_t kb);
/* page cache of files that are not the group's own (not tmpfs), of the part
   charged now; slow, 20 us or more */
int crw_cgroup_files(crw_cgroup_t *cg, uint64_t *file_kb, crw_error_t *err);

/* SIGKILL to everything inside, the keeper too */
int crw_cgroup_kill(crw_cgroup_t *cg, crw_error_t *err);

/* event mask for epoll on cg->oom */
uint32_t crw_cgroup_oom_events(const crw_cgroup_t *cg);

const char *crw_cgroup_kind_name(crw_cgroup_kind_e kind);


#endif
