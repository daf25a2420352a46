/*
 * The front of control groups: finds the mounts, makes and removes base and
 * groups, and does what v1 and v2 do alike.
 */

#include "crw_cgroup_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>


#define CRW_CGROUP_KILL_ROUNDS  16


static const crw_cgroup_ops_t *crw_cgroup_ops(const crw_cgroup_t *cg);
static int crw_cgroup_make(crw_cgroup_t *cg, const crw_cgroup_ops_t *ops,
    crw_error_t *err);
static int crw_cgroup_rmdir(crw_cgroup_t *cg, crw_error_t *err);
static int crw_cgroup_weigh(crw_cgroup_t *cg, unsigned yields);
static int crw_cgroup_counters(crw_cgroup_t *cg, crw_error_t *err);
static int crw_cgroup_kill_each(crw_cgroup_t *cg, crw_error_t *err);
static void crw_cgroup_close(crw_cgroup_t *cg);


static const crw_cgroup_ops_t *
crw_cgroup_ops(const crw_cgroup_t *cg)
{
    switch (cg->base->kind) {

    case CRW_CGROUP_V1:
        return &crw_cgroup_v1;

    case CRW_CGROUP_V2:
        return &crw_cgroup_v2;

    default:
        return NULL;
    }
}


const char *
crw_cgroup_kind_name(crw_cgroup_kind_e kind)
{
    static const char *const  names[] = { "none", "v1", "v2" };

    return kind <= CRW_CGROUP_V2 ? names[kind] : "unknown";
}


int
crw_cgroup_create(crw_cgroup_t *cg, crw_cgroup_base_t *base, const char *name,
    crw_error_t *err)
{
    const crw_cgroup_ops_t  *ops;

    memset(cg, 0, sizeof(*cg));
    cg->base = base;
    (void) snprintf(cg->name, sizeof(cg->name), "%s", name);

    cg->memory_limit = cg->memory_swap = cg->memory_usage = -1;
    cg->memory_peak = cg->memory_events = -1;
    cg->pids_limit = cg->pids_events = -1;
    cg->cpu_limit = cg->cpu_weight = cg->cpu_usage = -1;
    cg->yields = 1;
    cg->kill = cg->procs = cg->oom = -1;

    ops = crw_cgroup_ops(cg);
    if (ops == NULL) {
        return 0;
    }

    if (crw_cgroup_make(cg, ops, err) == -1) {
        /* one that was there and has processes stays */
        (void) crw_cgroup_rmdir(cg, NULL);
        crw_cgroup_close(cg);
        return -1;
    }

    return 0;
}


static int
crw_cgroup_make(crw_cgroup_t *cg, const crw_cgroup_ops_t *ops,
    crw_error_t *err)
{
    int   tree;
    char  path[CRW_CGROUP_PATH];

    for (tree = 0; tree < CRW_CGROUP_TREES; tree++) {

        if (cg->base->path[tree][0] == '\0') {
            continue;
        }

        if (crw_cg_join(path, cg->base->path[tree], cg->name) == -1) {
            return crw_error_set(err, ENAMETOOLONG, "cgroup \"%s\"",
                                 cg->name);
        }

        if (crw_cg_mkdir(path, err) == -1) {
            return -1;
        }
    }

    if (ops->open(cg, err) == -1 || ops->set_cpu(cg, 0, err) == -1) {
        return -1;
    }

    if (cg->pids_limit != -1 && crw_cg_write(cg->pids_limit, "max") == -1) {
        return crw_error_set(err, errno, "process limit of cgroup \"%s\"",
                             cg->name);
    }

    return crw_cgroup_kill(cg, err);
}


int
crw_cgroup_destroy(crw_cgroup_t *cg, crw_error_t *err)
{
    if (crw_cgroup_ops(cg) == NULL) {
        return 0;
    }

    (void) crw_cgroup_kill(cg, NULL);

    if (crw_cgroup_rmdir(cg, err) == -1) {
        return -1;
    }

    crw_cgroup_close(cg);

    return 0;
}


static int
crw_cgroup_rmdir(crw_cgroup_t *cg, crw_error_t *err)
{
    int   tree;
    char  path[CRW_CGROUP_PATH];

    for (tree = 0; tree < CRW_CGROUP_TREES; tree++) {

        if (cg->base->path[tree][0] == '\0'
            || crw_cg_join(path, cg->base->path[tree], cg->name) == -1)
        {
            continue;
        }

        if (rmdir(path) == -1 && errno != ENOENT) {
            return crw_error_set(err, errno, "cgroup \"%s\" cannot be removed",
                                 path);
        }
    }

    return 0;
}


static void
crw_cgroup_close(crw_cgroup_t *cg)
{
    size_t  i;
    int    *fds[] = {
        &cg->memory_limit, &cg->memory_swap, &cg->memory_usage,
        &cg->memory_peak, &cg->pids_limit, &cg->pids_events, &cg->cpu_limit,
        &cg->cpu_weight, &cg->cpu_usage, &cg->kill, &cg->procs
    };

    if (cg->oom != -1 && cg->oom != cg->memory_events) {
        (void) close(cg->oom);
    }

    cg->oom = -1;

    if (cg->memory_events != -1) {
        (void) close(cg->memory_events);
        cg->memory_events = -1;
    }

    for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
        if (*fds[i] != -1) {
            (void) close(*fds[i]);
            *fds[i] = -1;
        }
    }
}


int
crw_cgroup_attach(crw_cgroup_t *cg, pid_t pid, crw_error_t *err)
{
    int   tree;
    char  path[CRW_CGROUP_PATH], text[16];

    if (crw_cgroup_ops(cg) == NULL) {
        return 0;
    }

    (void) snprintf(text, sizeof(text), "%d", (int) pid);

    for (tree = 0; tree < CRW_CGROUP_TREES; tree++) {

        if (cg->base->path[tree][0] == '\0') {
            continue;
        }

        if (crw_cg_join(path, cg->base->path[tree], cg->name) == -1
            || crw_cg_put(path, "cgroup.procs", text) == -1)
        {
            return crw_error_set(err, errno, "process %d cannot be moved to "
                                 "cgroup \"%s\"", (int) pid, path);
        }
    }

    return 0;
}


int
crw_cgroup_begin(crw_cgroup_t *cg, const crw_cgroup_limits_t *limits,
    crw_error_t *err)
{
    int                      rc;
    const crw_cgroup_ops_t  *ops;

    ops = crw_cgroup_ops(cg);
    if (ops == NULL) {
        return 0;
    }

    if (limits->memory_kb != cg->limits.memory_kb) {
        if (ops->set_memory(cg, limits->memory_kb, err) == -1) {
            return -1;
        }

        cg->limits.memory_kb = limits->memory_kb;
    }

    if (limits->cpu_percent != cg->limits.cpu_percent) {
        if (ops->set_cpu(cg, limits->cpu_percent, err) == -1) {
            return -1;
        }

        cg->limits.cpu_percent = limits->cpu_percent;
    }

    if (limits->pids != cg->limits.pids && cg->pids_limit != -1) {

        rc = limits->pids == 0 ? crw_cg_write(cg->pids_limit, "max")
                               : crw_cg_write_u64(cg->pids_limit,
                                                  limits->pids);
        if (rc == -1) {
            return crw_error_set(err, errno, "process limit of cgroup \"%s\"",
                                 cg->name);
        }

        cg->limits.pids = limits->pids;
    }

    if (cg->yields && crw_cgroup_weigh(cg, 0) == -1) {
        return crw_error_set(err, errno, "weight of cgroup \"%s\"", cg->name);
    }

    return crw_cgroup_counters(cg, err);
}


void
crw_cgroup_yield(crw_cgroup_t *cg)
{
    if (!cg->yields) {
        (void) crw_cgroup_weigh(cg, 1);
    }
}


/* the kernel's defaults, and a fiftieth of them; v1 counts in shares */

static int
crw_cgroup_weigh(crw_cgroup_t *cg, unsigned yields)
{
    int  rc;

    if (cg->cpu_weight == -1) {
        return 0;
    }

    if (cg->base->kind == CRW_CGROUP_V1) {
        rc = crw_cg_write(cg->cpu_weight, yields ? "20" : "1024");

    } else {
        rc = crw_cg_write(cg->cpu_weight, yields ? "2" : "100");
    }

    if (rc == 0) {
        cg->yields = yields;
    }

    return rc;
}


/* the baseline that figures are taken from */

static int
crw_cgroup_counters(crw_cgroup_t *cg, crw_error_t *err)
{
    int                      rc;
    uint64_t                 bytes;
    const crw_cgroup_ops_t  *ops;

    ops = crw_cgroup_ops(cg);
    rc = 0;
    bytes = 0;

    if (cg->peak_resets) {
        rc = ops->reset_peak(cg);

    } else if (cg->memory_peak != -1) {
        rc = crw_cg_read_u64(cg->memory_peak, &bytes);
        cg->memory_peak_kb = bytes / 1024;
    }

    if (rc == 0) {
        rc = crw_cg_read_u64(cg->memory_usage, &bytes);
        cg->memory_base_kb = cg->memory_seen_kb = bytes / 1024;
    }

    if (rc == 0) {
        rc = ops->cpu_us(cg, &cg->cpu_us);
    }

    if (rc == 0) {
        rc = crw_cg_read_key(cg->memory_events, "oom_kill", &cg->oom_kills);
    }

    if (rc == 0 && cg->pids_events != -1) {
        rc = crw_cg_read_key(cg->pids_events, "max", &cg->pids_hits);
    }

    if (rc == -1) {
        return crw_error_set(err, errno, "counters of cgroup \"%s\"",
                             cg->name);
    }

    return 0;
}


int
crw_cgroup_figures(crw_cgroup_t *cg, crw_cgroup_figures_t *figures,
    crw_error_t *err)
{
    int           rc;
    crw_cgroup_t  now;

    memset(figures, 0, sizeof(*figures));

    if (crw_cgroup_ops(cg) == NULL) {
        return 0;
    }

    now = *cg;
    rc = crw_cgroup_ops(cg)->cpu_us(cg, &now.cpu_us);

    if (rc == 0) {
        rc = crw_cgroup_usage(cg, &now.memory_seen_kb, NULL);
    }

    now.memory_peak_kb = 0;

    if (rc == 0 && cg->memory_peak != -1) {
        rc = crw_cg_read_u64(cg->memory_peak, &now.memory_peak_kb);
        now.memory_peak_kb /= 1024;
    }

    if (rc == 0) {
        rc = crw_cg_read_key(cg->memory_events, "oom_kill", &now.oom_kills);
    }

    if (rc == 0 && cg->pids_events != -1) {
        rc = crw_cg_read_key(cg->pids_events, "max", &now.pids_hits);
    }

    if (rc == -1) {
        return crw_error_set(err, errno, "counters of cgroup \"%s\"",
                             cg->name);
    }

    if (now.memory_seen_kb > cg->memory_seen_kb) {
        cg->memory_seen_kb = now.memory_seen_kb;
    }

    /* a peak that cannot be reset says something only when it has risen */

    if (!cg->peak_resets && now.memory_peak_kb <= cg->memory_peak_kb) {
        now.memory_peak_kb = cg->memory_seen_kb;
    }

    figures->cpu_us = now.cpu_us - cg->cpu_us;
    figures->memory_kb = now.memory_seen_kb;
    figures->memory_base_kb = cg->memory_base_kb;
    figures->memory_peak_kb = now.memory_peak_kb;
    figures->oom_kills = now.oom_kills - cg->oom_kills;
    figures->pids_hits = now.pids_hits - cg->pids_hits;

    return 0;
}


int
crw_cgroup_cpu(crw_cgroup_t *cg, uint64_t *cpu_us, crw_error_t *err)
{
    const crw_cgroup_ops_t  *ops;

    *cpu_us = 0;

    ops = crw_cgroup_ops(cg);
    if (ops == NULL) {
        return 0;
    }

    if (ops->cpu_us(cg, cpu_us) == -1) {
        return crw_error_set(err, errno, "cpu time of cgroup \"%s\"",
                             cg->name);
    }

    *cpu_us -= cg->cpu_us;

    return 0;
}


int
crw_cgroup_usage(crw_cgroup_t *cg, uint64_t *memory_kb, crw_error_t *err)
{
    *memory_kb = 0;

    if (crw_cgroup_ops(cg) == NULL) {
        return 0;
    }

    if (crw_cg_read_u64(cg->memory_usage, memory_kb) == -1) {
        return crw_error_set(err, errno, "memory usage of cgroup \"%s\"",
                             cg->name);
    }

    *memory_kb /= 1024;

    return 0;
}


int
crw_cgroup_peak_stays(crw_cgroup_t *cg, uint64_t kb)
{
    uint64_t  bytes;

    if (crw_cgroup_ops(cg) == NULL || cg->peak_resets
        || cg->memory_peak == -1)
    {
        return 0;
    }

    /* what cannot be read is not known to be low */

    return crw_cg_read_u64(cg->memory_peak, &bytes) == -1
           || bytes / 1024 > kb;
}


/* v1 calls it "cache", v2 "file"; both count tmpfs in, as "shmem" */

int
crw_cgroup_files(crw_cgroup_t *cg, uint64_t *file_kb, crw_error_t *err)
{
    int       rc, fd;
    uint64_t  file, shmem;

    *file_kb = 0;

    if (crw_cgroup_ops(cg) == NULL) {
        return 0;
    }

    fd = crw_cg_open(cg, CRW_CGROUP_MEMORY, "memory.stat", O_RDONLY);
    rc = -1;

    if (fd != -1) {
        rc = crw_cg_read_key(fd, cg->base->kind == CRW_CGROUP_V1 ? "cache"
                                                                 : "file",
                             &file);
        if (rc == 0) {
            rc = crw_cg_read_key(fd, "shmem", &shmem);
        }

        (void) close(fd);
    }

    if (rc == -1) {
        return crw_error_set(err, errno, "memory of cgroup \"%s\"", cg->name);
    }

    *file_kb = file > shmem ? (file - shmem) / 1024 : 0;

    return 0;
}


int
crw_cgroup_kill(crw_cgroup_t *cg, crw_error_t *err)
{
    if (crw_cgroup_ops(cg) == NULL) {
        return 0;
    }

    if (cg->kill == -1) {
        return crw_cgroup_kill_each(cg, err);
    }

    if (crw_cg_write(cg->kill, "1") == -1) {
        return crw_error_set(err, errno, "cgroup \"%s\" cannot be killed",
                             cg->name);
    }

    return 0;
}


/* before Linux 5.14: again until a round finds nobody who could have forked */

static int
crw_cgroup_kill_each(crw_cgroup_t *cg, crw_error_t *err)
{
    int       round;
    long      pid;
    char      text[4096], *p, *end;
    ssize_t   n;

    for (round = 0; round < CRW_CGROUP_KILL_ROUNDS; round++) {

        n = pread(cg->procs, text, sizeof(text) - 1, 0);

        if (n == 0) {
            return 0;
        }

        if (n == -1) {
            break;
        }

        text[n] = '\0';

        for (p = text; *p != '\0'; p = end) {
            pid = strtol(p, &end, 10);

            if (end == p || pid <= 1) {
                break;
            }

            (void) kill((pid_t) pid, SIGKILL);
            end += *end == '\n';
        }
    }

    return crw_error_set(err, n == -1 ? errno : EBUSY, "cgroup \"%s\" cannot "
                         "be killed", cg->name);
}


uint32_t
crw_cgroup_oom_events(const crw_cgroup_t *cg)
{
    return cg->oom != -1 && cg->oom == cg->memory_events
           ? EPOLLPRI : EPOLLIN;
}
