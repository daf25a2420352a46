/*
 * cgroup v1: a directory per hierarchy.  On a hybrid machine the v2 mount has
 * no controllers, but a group in it still has cgroup.kill; the v1 freezer is
 * no substitute, a frozen task does not die.
 */

#include "crw_cgroup_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>


static int crw_cg1_base(crw_cgroup_base_t *base,
    const crw_cgroup_mounts_t *mounts, const char *parent, const char *name,
    crw_error_t *err);
static int crw_cg1_base_tree(crw_cgroup_base_t *base, int tree,
    const char *mount, const char *parent, const char *name,
    crw_error_t *err);
static int crw_cg1_open(crw_cgroup_t *cg, crw_error_t *err);
static int crw_cg1_oom(crw_cgroup_t *cg);
static int crw_cg1_set_memory(crw_cgroup_t *cg, uint64_t kb,
    crw_error_t *err);
static int crw_cg1_set_cpu(crw_cgroup_t *cg, uint32_t percent,
    crw_error_t *err);
static int crw_cg1_cpu_us(crw_cgroup_t *cg, uint64_t *us);
static int crw_cg1_reset_peak(crw_cgroup_t *cg);


const crw_cgroup_ops_t  crw_cgroup_v1 = {
    crw_cg1_base,
    crw_cg1_open,
    crw_cg1_set_memory,
    crw_cg1_set_cpu,
    crw_cg1_cpu_us,
    crw_cg1_reset_peak
};


static int
crw_cg1_base(crw_cgroup_base_t *base, const crw_cgroup_mounts_t *mounts,
    const char *parent, const char *name, crw_error_t *err)
{
    int  tree;

    for (tree = 0; tree < CRW_CGROUP_TREES; tree++) {

        if (mounts->mount[tree][0] == '\0') {
            continue;
        }

        if (crw_cg1_base_tree(base, tree, mounts->mount[tree], parent, name,
                              err)
            == -1)
        {
            /* what is left out shows in the flags */

            base->path[tree][0] = '\0';
        }
    }

    if (base->path[CRW_CGROUP_MEMORY][0] == '\0') {
        return -1;
    }

    base->kind = CRW_CGROUP_V1;
    base->memory = 1;
    base->pids = base->path[CRW_CGROUP_PIDS][0] != '\0';
    base->cpu = base->path[CRW_CGROUP_CPU][0] != '\0';
    base->kill = base->path[CRW_CGROUP_UNIFIED][0] != '\0';

    return 0;
}


static int
crw_cg1_base_tree(crw_cgroup_base_t *base, int tree, const char *mount,
    const char *parent, const char *name, crw_error_t *err)
{
    char  dir[CRW_CGROUP_PATH];

    if (crw_cg_join(dir, mount, parent) == -1
        || crw_cg_join(base->path[tree], dir, name) == -1)
    {
        return crw_error_set(err, ENAMETOOLONG, "cgroup below \"%s\"", mount);
    }

    return crw_cg_base_dir(base, tree, err);
}


static int
crw_cg1_open(crw_cgroup_t *cg, crw_error_t *err)
{
    cg->memory_limit = crw_cg_open(cg, CRW_CGROUP_MEMORY,
                                   "memory.limit_in_bytes", O_RDWR);
    cg->memory_swap = crw_cg_open(cg, CRW_CGROUP_MEMORY,
                                  "memory.memsw.limit_in_bytes", O_RDWR);
    cg->memory_usage = crw_cg_open(cg, CRW_CGROUP_MEMORY,
                                   "memory.usage_in_bytes", O_RDONLY);
    cg->memory_peak = crw_cg_open(cg, CRW_CGROUP_MEMORY,
                                  "memory.max_usage_in_bytes", O_RDWR);
    cg->memory_events = crw_cg_open(cg, CRW_CGROUP_MEMORY,
                                    "memory.oom_control", O_RDONLY);
    cg->pids_limit = crw_cg_open(cg, CRW_CGROUP_PIDS, "pids.max", O_RDWR);
    cg->pids_events = crw_cg_open(cg, CRW_CGROUP_PIDS, "pids.events",
                                  O_RDONLY);
    cg->cpu_limit = crw_cg_open(cg, CRW_CGROUP_CPU, "cpu.cfs_quota_us",
                                O_RDWR);
    cg->cpu_weight = crw_cg_open(cg, CRW_CGROUP_CPU, "cpu.shares", O_WRONLY);
    cg->cpu_usage = crw_cg_open(cg, CRW_CGROUP_CPUACCT, "cpuacct.usage",
                                O_RDONLY);
    cg->kill = crw_cg_open(cg, CRW_CGROUP_UNIFIED, "cgroup.kill", O_WRONLY);
    cg->procs = crw_cg_open(cg, CRW_CGROUP_MEMORY, "cgroup.procs", O_RDWR);

    if (cg->memory_limit == -1 || cg->memory_usage == -1
        || cg->memory_peak == -1 || cg->memory_events == -1
        || cg->procs == -1)
    {
        return crw_error_set(err, errno, "files of cgroup \"%s\"", cg->name);
    }

    cg->base->swap = cg->memory_swap != -1;
    cg->peak_resets = 1;

    /* a group that was taken over may still have its limits */

    if (cg->memory_swap != -1) {
        (void) crw_cg_write(cg->memory_swap, "-1");
    }

    (void) crw_cg_write(cg->memory_limit, "-1");

    return crw_cg1_oom(cg);
}


/* memory.txt: "<event_fd> <fd of memory.oom_control>" */

static int
crw_cg1_oom(crw_cgroup_t *cg)
{
    int   rc, control;
    char  text[32];

    control = crw_cg_open(cg, CRW_CGROUP_MEMORY, "cgroup.event_control",
                          O_WRONLY);
    if (control == -1) {
        return 0;
    }

    cg->oom = eventfd(0, EFD_CLOEXEC|EFD_NONBLOCK);

    if (cg->oom != -1) {
        (void) snprintf(text, sizeof(text), "%d %d", cg->oom,
                        cg->memory_events);
        rc = crw_cg_write(control, text);

        if (rc == -1) {
            (void) close(cg->oom);
            cg->oom = -1;
        }
    }

    (void) close(control);

    return 0;
}


/* the sum of memory and swap may never be below memory: order matters */

static int
crw_cg1_set_memory(crw_cgroup_t *cg, uint64_t kb, crw_error_t *err)
{
    int   rc, grows;
    char  text[24];

    if (kb == 0) {
        (void) snprintf(text, sizeof(text), "-1");

    } else {
        (void) snprintf(text, sizeof(text), "%llu",
                        (unsigned long long) kb * 1024);
    }

    grows = kb == 0 || kb > cg->limits.memory_kb;
    rc = 0;

    if (grows && cg->limits.memory_kb != 0 && cg->memory_swap != -1) {
        rc = crw_cg_write(cg->memory_swap, text);
    }

    if (rc == 0) {
        rc = crw_cg_write(cg->memory_limit, text);
    }

    if (rc == 0 && (!grows || cg->limits.memory_kb == 0)
        && cg->memory_swap != -1)
    {
        rc = crw_cg_write(cg->memory_swap, text);
    }

    if (rc == -1) {
        return crw_error_set(err, errno, "memory limit of %s bytes for cgroup "
                             "\"%s\"", text, cg->name);
    }

    return 0;
}


static int
crw_cg1_set_cpu(crw_cgroup_t *cg, uint32_t percent, crw_error_t *err)
{
    char  text[24];

    if (cg->cpu_limit == -1) {
        return 0;
    }

    if (percent == 0) {
        (void) snprintf(text, sizeof(text), "-1");

    } else {
        (void) snprintf(text, sizeof(text), "%llu",
                        (unsigned long long) percent
                        * (CRW_CGROUP_PERIOD_US / 100));
    }

    if (crw_cg_write(cg->cpu_limit, text) == -1) {
        return crw_error_set(err, errno, "cpu limit of cgroup \"%s\"",
                             cg->name);
    }

    return 0;
}


static int
crw_cg1_cpu_us(crw_cgroup_t *cg, uint64_t *us)
{
    uint64_t  ns;

    ns = 0;

    if (cg->cpu_usage != -1 && crw_cg_read_u64(cg->cpu_usage, &ns) == -1) {
        return -1;
    }

    *us = ns / 1000;

    return 0;
}


static int
crw_cg1_reset_peak(crw_cgroup_t *cg)
{
    return crw_cg_write(cg->memory_peak, "0");
}
