/*
 * The boxes of one pool worker: their types and the whole of them.
 *
 *   pool     everything one worker runs sandboxes with
 *   family   one language of it: zygote, boxes, the stack of ready ones
 *   zygote   a booted interpreter that forks keepers; the second place is for
 *            its successor while boxes move over one by one
 *   box      a cgroup, a uid pair and a keeper; holds one sandbox at a time
 *
 * Nothing here knows jobs or the segment: what happens to a sandbox is told
 * through hooks.  coderemote-worker --check uses the same boxes.
 */

#ifndef CRW_POOL_H
#define CRW_POOL_H


#include <stdint.h>
#include <sys/types.h>

#include "crw_attach.h"
#include "crw_config.h"
#include "crw_error.h"
#include "crw_event.h"
#include "crw_proto.h"
#include "sandbox/crw_cgroup.h"


typedef struct crw_pool_s    crw_pool_t;
typedef struct crw_family_s  crw_family_t;
typedef struct crw_zygote_s  crw_zygote_t;
typedef struct crw_box_s     crw_box_t;


typedef enum {
    CRW_ZYGOTE_NONE = 0,
    CRW_ZYGOTE_BOOT,                /* exec'ed, not ready yet */
    CRW_ZYGOTE_UP,
    CRW_ZYGOTE_RETIRED,             /* has boxes still, gets no new ones */
    CRW_ZYGOTE_DYING                /* link closed or killed, to be reaped */
} crw_zygote_state_e;


struct crw_zygote_s {
    crw_family_t        *family;
    crw_zygote_state_e   state;
    pid_t                pid;
    crw_event_t          link;
    crw_event_t          child;     /* pidfd: readable when it ended */
    crw_timer_t          timer;     /* deadline of BOOT and DYING */
    uint64_t             jobs;
    crw_box_t           *asked;     /* whose keeper it is forking now */
};


typedef enum {
    CRW_BOX_DOWN = 0,
    CRW_BOX_WAIT,                   /* failed before, timer runs */
    CRW_BOX_KEEPER,                 /* zygote was asked for a keeper */
    CRW_BOX_ATTACH,                 /* keeper is being put into its cgroup */
    CRW_BOX_NET,                    /* keeper makes its net namespace */
    CRW_BOX_BUILD,                  /* keeper was told to build */
    CRW_BOX_READY,
    CRW_BOX_BUSY,                   /* a job has it */
    CRW_BOX_KILL,                   /* waits for "gone" from the keeper */
    CRW_BOX_SETTLE,                 /* waits for its memory to be given back */
    CRW_BOX_DROP                    /* all of it killed, cgroup to be removed */
} crw_box_state_e;


struct crw_box_s {
    crw_family_t     *family;
    uint32_t          number;       /* in the pool: names cgroup and uids */
    crw_box_state_e   state;
    crw_zygote_t     *zygote;       /* keeper's parent, NULL: no keeper */

    crw_cgroup_t      cgroup;
    int               has_cgroup;
    crw_event_t       oom;          /* the cgroup's descriptor */
    uint64_t          floor_kb;     /* memory in use without a sandbox */
    uint64_t          warm_kb;      /* with one that waits, at least; 0: none
                                       has been ready */
    uint64_t          own_kb;       /* of that, the program's */
    uint64_t          peak_kb;      /* its highest when the first was ready */

    pid_t             keeper_pid;
    int               keeper_pidfd;
    crw_event_t       keeper;
    crw_attach_request_t  attach;
    int               attaching;    /* the attach thread has it */

    /* the sandbox */
    crw_event_t       link;
    crw_event_t       in;           /* our end of the program's stdin */
    crw_event_t       out;
    crw_event_t       err;
    int               writers[2];   /* of out and err, kept so that the end
                                       of the program is told once, by EXIT,
                                       and not by two hang-ups before it */
    int               init_pidfd;
    int               program_pidfd;
    unsigned          built:1;
    unsigned          ready:1;
    unsigned          heavy:1;      /* its last job burnt: CRW_JOB_SHARE_US */
    unsigned          ended:1;      /* its EXIT has been seen */
    unsigned          gone:1;       /* the keeper has reaped it */
    unsigned          killed:1;

    crw_timer_t       timer;        /* deadline or next try, by state */
    uint32_t          tries;        /* of the timer in this state */
    uint32_t          failures;     /* in a row */
    void             *job;          /* of the owner of the hooks */
};


struct crw_family_s {
    crw_pool_t             *pool;
    const crw_language_t   *language;
    uint32_t                index;
    crw_zygote_t            zygotes[2];
    crw_zygote_t           *current;    /* where keepers come from; NULL */
    crw_box_t              *boxes;
    crw_box_t             **ready;      /* crw_ready.c */
    uint32_t                nboxes;
    uint32_t                nready;
    crw_box_t              *moving;     /* on its way to the new zygote */
    crw_timer_t             timer;      /* next zygote: backoff or age */
    uint32_t                failures;   /* in a row, of anything */
    char                    trouble[CRW_TEXT_MAX];  /* the last one's step */
    char                    version[CR_VERSION_MAX];
};


typedef struct {
    /* a sandbox waits for a job */
    void (*ready)(crw_box_t *box);
    /* the program of a busy box ended by itself */
    void (*exited)(crw_box_t *box, const crw_exit_msg_t *msg);
    /* a busy box has lost its sandbox without that; 'step' is a constant text
       saying how, errnum may be 0 */
    void (*gone)(crw_box_t *box, const char *step, int errnum);
    /* the kernel ran out of memory in a busy box */
    void (*oom)(crw_box_t *box);
    /* a busy box's descriptor is ready: link (to write), in, out, err */
    void (*io)(crw_box_t *box, crw_event_t *ev);
    /* the interpreter booted and said its version */
    void (*version)(crw_family_t *family);
    /* family->failures or ->trouble changed */
    void (*health)(crw_family_t *family);
} crw_pool_hooks_t;


struct crw_pool_s {
    crw_loop_t              *loop;
    const crw_config_t      *config;
    crw_cgroup_base_t       *base;
    const crw_pool_hooks_t  *hooks;
    void                    *data;
    uint32_t                 worker;        /* index: names groups and uids */
    uint32_t                 first_box;     /* number of its first box */
    int                      rootless;
    int                      stopping;
    crw_attach_t             attach;
    size_t                   nfamilies;
    crw_family_t            *families;
    /* figures */
    uint64_t                 built;
    uint64_t                 failed;
};


/*
 * Makes the families and starts their zygotes.  Every pointer given must
 * outlive the pool.  'boxes' overrides the configuration's number, 0: not.
 */
int crw_pool_start(crw_pool_t *pool, uint32_t boxes, crw_error_t *err);

/* timers that a pool of this configuration needs of its loop */
size_t crw_pool_timers(const crw_config_t *config);
uint32_t crw_pool_boxes(const crw_config_t *config);

/* sandboxes that could take a job now */
uint32_t crw_pool_ready(const crw_pool_t *pool);

/* kills everything; 1 once nothing is left (call again after the loop ran) */
void crw_pool_stop(crw_pool_t *pool);
int crw_pool_stopped(const crw_pool_t *pool);
void crw_pool_done(crw_pool_t *pool);

/* name of a box's cgroup, CRW_CGROUP_NAME bytes */
void crw_pool_group_name(char *name, uint32_t worker, uint32_t number);


#endif
