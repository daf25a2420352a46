/*
 * Limits of one process, below those of the cgroup, and the order in which
 * the kernel kills when memory ends.
 */

#include "crw_sb.h"

#include <errno.h>
#include <sys/resource.h>


#define CRW_SB_AS_BASE     (64UL * 1024 * 1024)    /* the interpreter's own */
#define CRW_SB_NOFILE      1024
#define CRW_SB_STACK       (8UL * 1024 * 1024)
#define CRW_SB_MEMLOCK     (64UL * 1024)
#define CRW_SB_MSGQUEUE    (256UL * 1024)
#define CRW_SB_SIGPENDING  1024


static const struct {
    int     resource;
    rlim_t  limit;
} crw_sb_rlimits[] = {
    { RLIMIT_CORE,       0 },
    { RLIMIT_NOFILE,     CRW_SB_NOFILE },
    { RLIMIT_STACK,      CRW_SB_STACK },
    { RLIMIT_MEMLOCK,    CRW_SB_MEMLOCK },
    { RLIMIT_MSGQUEUE,   CRW_SB_MSGQUEUE },
    { RLIMIT_SIGPENDING, CRW_SB_SIGPENDING },
    { RLIMIT_NICE,       0 },
    { RLIMIT_RTPRIO,     0 }
};


static int crw_sb_rlimit_one(int resource, rlim_t limit);
static int crw_sb_rlimit_cpu(rlim_t seconds);


/*
 * Inherited by keeper and init: an empty memory cgroup must always take the
 * program.  Not allowed without privilege, then the program's own higher
 * score has to do.
 */

int
crw_sb_rlimit_oom_protect(crw_sandbox_t *sb)
{
    if (crw_sb_write("/proc/self/oom_score_adj", "-1000", 5) == 0) {
        return 0;
    }

    return sb->rootless || errno == EACCES || errno == EPERM ? 0 : -1;
}


/* while privileged: then the program cannot lower it again */

int
crw_sb_rlimit_oom_first(crw_sandbox_t *sb)
{
    (void) sb;

    return crw_sb_write("/proc/self/oom_score_adj", "900", 3);
}


int
crw_sb_rlimit_set(crw_sandbox_t *sb)
{
    size_t  i;

    for (i = 0; i < sizeof(crw_sb_rlimits) / sizeof(crw_sb_rlimits[0]); i++) {
        if (crw_sb_rlimit_one(crw_sb_rlimits[i].resource,
                              crw_sb_rlimits[i].limit)
            == -1)
        {
            return -1;
        }
    }

    return crw_sb_rlimit_one(RLIMIT_FSIZE, (rlim_t) sb->work_bytes);
}


/* never above the inherited hard limit, which may be lower than ours */

static int
crw_sb_rlimit_one(int resource, rlim_t limit)
{
    struct rlimit  rl;

    if (getrlimit((unsigned) resource, &rl) == -1) {
        return -1;
    }

    if (rl.rlim_max > limit) {
        rl.rlim_max = limit;
    }

    rl.rlim_cur = rl.rlim_max;

    return setrlimit((unsigned) resource, &rl);
}


/* without a cgroup these are all there is, each per process only */

int
crw_sb_rlimit_job(const crw_job_msg_t *job)
{
    if (!job->rootless) {
        return 0;
    }

    if (crw_sb_rlimit_one(RLIMIT_AS, (rlim_t) job->limits.memory_kb * 1024
                                     + CRW_SB_AS_BASE)
        == -1)
    {
        return -1;
    }

    if (crw_sb_rlimit_one(RLIMIT_NPROC, job->limits.processes) == -1) {
        return -1;
    }

    return crw_sb_rlimit_cpu((job->limits.cpu_ms + 999) / 1000);
}


/* SIGXCPU says what it was; who catches it is killed a second later */

static int
crw_sb_rlimit_cpu(rlim_t seconds)
{
    struct rlimit  rl;

    if (crw_sb_rlimit_one(RLIMIT_CPU, seconds + 1) == -1
        || getrlimit(RLIMIT_CPU, &rl) == -1)
    {
        return -1;
    }

    if (rl.rlim_cur > seconds) {
        rl.rlim_cur = seconds;
    }

    return setrlimit(RLIMIT_CPU, &rl);
}
