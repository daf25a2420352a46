/*
 * A sandbox told in order: the list of layers, who puts each one on, and the
 * data they need.  Each layer is a step of a phase; a phase is run by one
 * process of the chain in crw_proto.h.  The first step that fails ends the
 * phase: its process reports {name, errno} and does not go on.
 */

#ifndef CRW_SANDBOX_H
#define CRW_SANDBOX_H


#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

#include "../crw_proto.h"


#define CRW_SANDBOX_BINDS     16
#define CRW_SANDBOX_HOST      "sandbox"
#define CRW_SANDBOX_WORK      "/box"
#define CRW_SANDBOX_USER      "coder"
#define CRW_SANDBOX_UID       1000    /* as seen by the program */
#define CRW_SANDBOX_OOM       900     /* oom_score_adj of the program */

#define CRW_SANDBOX_NAMESPACES                                                \
    (CLONE_NEWPID|CLONE_NEWNS|CLONE_NEWIPC|CLONE_NEWUTS|CLONE_NEWCGROUP)


typedef enum {
    CRW_PHASE_ZYGOTE = 0,           /* before the interpreter boots */
    CRW_PHASE_KEEPER,               /* after it was attached to its cgroup */
    CRW_PHASE_INIT,                 /* pid 1, before it forks the program */
    CRW_PHASE_PROGRAM,
    CRW_PHASE_WAIT                  /* pid 1, after it forked the program */
} crw_phase_e;


typedef struct crw_filter_s  crw_filter_t;


typedef struct {
    /* set once by the zygote */
    int                  rootless;  /* one host uid for everything */
    uid_t                outer_uid;
    gid_t                outer_gid;
    const char          *name;      /* of the zygote inside: /run/<name> */
    char                 self[PATH_MAX];    /* the zygote's file outside */
    const char          *binds[CRW_SANDBOX_BINDS];
    int                  nbinds;
    const crw_filter_t  *program_filter;
    const crw_filter_t  *init_filter;
    const crw_filter_t  *relay_filter;  /* with gVisor only */

    /* set once by the keeper */
    uid_t                program_uid;   /* also the gid */
    uid_t                init_uid;
    char                 uid_map[48];
    char                 gid_map[48];

    /* set for each sandbox by the keeper, before it clones init */
    uint64_t             work_bytes;
    char                 work_options[96];  /* of mount(2) */
    char                 tmp_options[96];

    /* name of the step to fail, a test's; "" for none; "name=28" for an
       errno other than EIO */
    char                 fault[CRW_TEXT_MAX];
} crw_sandbox_t;


/*
 * Runs the steps of a phase.  NULL, or the name of the step that failed, with
 * errno.  From CRW_PHASE_INIT on only async-signal-safe calls are made.
 */
const char *crw_sandbox_enter(crw_sandbox_t *sb, crw_phase_e phase);

/*
 * For what stands between the phases and can fail as well: -1 with errno when
 * a test wants the step 'name' to fail, else 0.  Async-signal-safe.
 */
int crw_sandbox_fault(const crw_sandbox_t *sb, const char *name);

/* fills the fields that are set once by the keeper, and those of a sandbox */
void crw_sandbox_set_users(crw_sandbox_t *sb, uint32_t program_uid,
    uint32_t init_uid);
void crw_sandbox_set_work(crw_sandbox_t *sb, uint64_t bytes, uint32_t inodes);

/* for --check: calls 'fn' for each step in order */
void crw_sandbox_each(void (*fn)(crw_phase_e phase, const char *name,
    const char *what, void *data), void *data);


#endif
