/*
 * What a job may use: its limits, how they are watched while it runs, and the
 * figures and the verdict that it ends with.
 */

#include "crw_job.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "crw_box.h"


/* between two looks at the processor time, divided by the processors */

#define CRW_JOB_CPU_US      5000
#define CRW_JOB_CPU_MIN_US  1000
#define CRW_JOB_OOM_US      2000

/*
 * What a job has used when it gets out of the way of jobs that have not, and
 * how often it is looked at until then.
 */

#define CRW_JOB_SHARE_US    20000
#define CRW_JOB_LOOK_US     100000

#define CRW_JOB_CACHE_KB    1024


static uint64_t crw_job_cpu_next(const crw_job_t *job, uint64_t left_us);
static uint64_t crw_job_memory(crw_job_t *job,
    const crw_cgroup_figures_t *figures);
static uint64_t crw_job_look_us(uint64_t cpu_us);
static int crw_job_cpu_signal(const crw_job_t *job,
    const cr_result_t *result);
static int crw_job_memory_error(const crw_job_t *job);


int
crw_job_limits(crw_job_t *job, crw_error_t *err)
{
    crw_cgroup_t         *cg;
    crw_cgroup_limits_t   limits;

    cg = &job->box->cgroup;

    crw_box_limits_of(job->box, job->job.limits.memory_kb,
                      job->job.limits.processes, &limits);

    /* begun with the defaults when the sandbox got ready */

    if (cg->limits.memory_kb == limits.memory_kb
        && cg->limits.pids == limits.pids
        && cg->limits.cpu_percent == limits.cpu_percent)
    {
        return 0;
    }

    return crw_cgroup_begin(cg, &limits, err);
}


void
crw_job_timers(crw_job_t *job)
{
    uint64_t     wall_us, cpu_us;
    crw_loop_t  *loop;

    loop = &job->worker->loop;

    wall_us = (uint64_t) job->job.limits.timeout_ms * 1000;
    cpu_us = crw_job_cpu_next(job, (uint64_t) job->job.limits.cpu_ms * 1000);

    if (cpu_us > CRW_JOB_SHARE_US) {
        cpu_us = CRW_JOB_SHARE_US;
    }

    crw_timer_set(loop, &job->wall, wall_us);

    if (cpu_us < wall_us && job->worker->pool.base->kind != CRW_CGROUP_NONE) {
        crw_timer_set(loop, &job->cpu, cpu_us);
    }
}


/*
 * The earliest time at which so much can have been used: with all processors
 * busy, but over a time no more than the share of the cgroup.  The kernel
 * counts that share by periods, and two whole ones may lie side by side.
 */

static uint64_t
crw_job_cpu_next(const crw_job_t *job, uint64_t left_us)
{
    uint32_t  n, percent;
    uint64_t  next_us, share_us, min_us;

    n = job->worker->processors;
    percent = job->worker->pool.config->cpu_percent;

    if (n > job->job.limits.processes) {
        n = job->job.limits.processes;
    }

    next_us = left_us / n;
    share_us = (uint64_t) percent * (CRW_CGROUP_PERIOD_US / 100);

    if (percent != 0 && left_us > 2 * share_us
        && (left_us - 2 * share_us) * 100 / percent > next_us)
    {
        next_us = (left_us - 2 * share_us) * 100 / percent;
    }

    /* the kernel itself counts once a tick */

    min_us = CRW_JOB_CPU_US / n;

    if (min_us < CRW_JOB_CPU_MIN_US) {
        min_us = CRW_JOB_CPU_MIN_US;
    }

    return (next_us > min_us) ? next_us : min_us;
}


/* told while the kernel looks for a victim: counted a moment later */

void
crw_job_oom(crw_box_t *box)
{
    crw_job_t             *job = box->job;
    crw_cgroup_figures_t   figures;

    if (crw_cgroup_figures(&box->cgroup, &figures, NULL) == 0
        && figures.oom_kills != 0)
    {
        crw_job_end(job, CR_STATUS_MEMORY_EXCEEDED, CR_LIMIT_MEMORY, NULL);
        return;
    }

    crw_timer_set(&job->worker->loop, &job->cpu, CRW_JOB_OOM_US);
}


void
crw_job_figures(crw_job_t *job, cr_result_t *result,
    const crw_exit_msg_t *msg)
{
    crw_cgroup_figures_t  figures;

    memset(&figures, 0, sizeof(figures));

    if (crw_cgroup_figures(&job->box->cgroup, &figures, NULL) == 0) {
        result->cpu_us = figures.cpu_us;
        result->memory_peak_kb = crw_job_memory(job, &figures);

        if (figures.oom_kills != 0 && job->verdict == CR_STATUS_NONE) {
            job->verdict = CR_STATUS_MEMORY_EXCEEDED;
            job->limit = CR_LIMIT_MEMORY;
        }

        if (figures.oom_kills != 0 && job->verdict == CR_STATUS_ERROR
            && job->box->gone)
        {
            /* the kernel's victim was init, and the sandbox ended with it */
            job->verdict = CR_STATUS_MEMORY_EXCEEDED;
            job->limit = CR_LIMIT_MEMORY;
            job->error[0] = '\0';
        }
    }

    if (msg != NULL && job->worker->pool.base->kind == CRW_CGROUP_NONE) {
        result->cpu_us = msg->cpu_us;
        result->memory_peak_kb = msg->maxrss_kb;
    }

    job->box->heavy = (result->cpu_us >= CRW_JOB_SHARE_US);
}


/*
 * The most that the job had at a time, over what waited for it: keeper, init,
 * interpreter, and page cache that jobs before it have left.  Of that cache
 * the kernel may have thrown out a part, at the job's limit or the machine's:
 * what is not there any more has made room for the job.  The interpreter's own
 * memory is the least we tell.
 */

static uint64_t
crw_job_memory(crw_job_t *job, const crw_cgroup_figures_t *figures)
{
    uint64_t    peak_kb, base_kb, file_kb;
    crw_box_t  *box;

    box = job->box;
    peak_kb = figures->memory_peak_kb;
    base_kb = figures->memory_base_kb;

    if (base_kb > box->warm_kb + CRW_JOB_CACHE_KB
        && crw_cgroup_files(&box->cgroup, &file_kb, NULL) == 0
        && file_kb < base_kb - box->warm_kb)
    {
        base_kb = box->warm_kb + file_kb;
    }

    peak_kb -= (base_kb < peak_kb) ? base_kb : peak_kb;

    return (peak_kb > box->own_kb) ? peak_kb : box->own_kb;
}


void
crw_job_verdict(crw_job_t *job, cr_result_t *result,
    const crw_exit_msg_t *msg)
{
    if (msg != NULL && job->verdict == CR_STATUS_NONE) {

        if (WIFEXITED(msg->wait_status)) {
            result->exit_code = WEXITSTATUS(msg->wait_status);
            job->verdict = (result->exit_code == 0) ? CR_STATUS_SUCCEEDED
                                                    : CR_STATUS_FAILED;

        } else {
            result->signal = (uint32_t) WTERMSIG(msg->wait_status);
            job->verdict = CR_STATUS_FAILED;
        }

        if (crw_job_cpu_signal(job, result)) {
            job->verdict = CR_STATUS_TIMED_OUT;
            job->limit = CR_LIMIT_CPU;

        } else if (job->verdict == CR_STATUS_FAILED && result->exit_code == 1
                   && crw_job_memory_error(job))
        {
            job->verdict = CR_STATUS_MEMORY_EXCEEDED;
            job->limit = CR_LIMIT_MEMORY;
        }

    } else if (job->box != NULL && job->verdict != CR_STATUS_ERROR) {
        result->signal = SIGKILL;
    }

    result->status = (uint32_t) job->verdict;
    result->limit = (uint32_t) job->limit;
    result->truncated = job->truncated;

    memcpy(result->error, job->error, sizeof(result->error));
}


/*
 * The process's own limit was faster than our look at all.  Without a cgroup
 * it is the only one, and counts what the process used before the job came.
 */

static int
crw_job_cpu_signal(const crw_job_t *job, const cr_result_t *result)
{
    uint64_t  limit_us;

    limit_us = (uint64_t) job->job.limits.cpu_ms * 1000;

    if (result->signal == SIGXCPU
        && job->worker->pool.base->kind == CRW_CGROUP_NONE)
    {
        limit_us -= limit_us / 8;
    }

    return result->signal != 0 && result->cpu_us >= limit_us;
}


/*
 * The kernel refuses an allocation that could never be had (more than the
 * machine, or than a process limit) instead of killing for it; the interpreter
 * says so in its last line and ends with 1.
 */

static int
crw_job_memory_error(const crw_job_t *job)
{
    static const char  text[] = "MemoryError\n";

    return job->tail_len >= sizeof(text) - 1
           && memcmp(job->tail + job->tail_len - (sizeof(text) - 1), text,
                     sizeof(text) - 1) == 0;
}


void
crw_job_wall_timer(crw_timer_t *timer)
{
    crw_job_t  *job = timer->data;

    crw_job_end(job, CR_STATUS_TIMED_OUT, CR_LIMIT_WALL, NULL);
}


/* until a job yields: one that computes is looked at when it may have to */

static uint64_t
crw_job_look_us(uint64_t cpu_us)
{
    if (cpu_us < CRW_JOB_SHARE_US / 4) {
        return CRW_JOB_LOOK_US;
    }

    return CRW_JOB_SHARE_US - cpu_us + CRW_JOB_CPU_MIN_US;
}


void
crw_job_cpu_timer(crw_timer_t *timer)
{
    uint64_t               limit_us, next_us;
    crw_job_t             *job = timer->data;
    crw_cgroup_figures_t   figures;

    if (crw_cgroup_figures(&job->box->cgroup, &figures, NULL) != 0) {
        return;                     /* the wall clock is left */
    }

    if (figures.oom_kills != 0) {
        crw_job_end(job, CR_STATUS_MEMORY_EXCEEDED, CR_LIMIT_MEMORY, NULL);
        return;
    }

    limit_us = (uint64_t) job->job.limits.cpu_ms * 1000;

    if (figures.cpu_us >= limit_us) {
        crw_job_end(job, CR_STATUS_TIMED_OUT, CR_LIMIT_CPU, NULL);
        return;
    }

    next_us = crw_job_cpu_next(job, limit_us - figures.cpu_us);

    if (figures.cpu_us >= CRW_JOB_SHARE_US) {
        crw_cgroup_yield(&job->box->cgroup);

    } else if (next_us > crw_job_look_us(figures.cpu_us)) {
        next_us = crw_job_look_us(figures.cpu_us);
    }

    crw_timer_set(&job->worker->loop, timer, next_us);
}
