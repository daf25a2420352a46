/*
 * cgroup v1: a directory per hierarchy.  On a hybrid machine the v2 mount has
 * no controllers, but a group in it still has cgroup.kill; the v1 freezer is
 * no substitute, a frozen task does not die.
 */

#include "crw_cgroup_impl.h"
#include "../crw_fault.h"

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
static int crw_cg1_oom(crw_cgroup_t *cg, crw_error_t *err);
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


#define CRW_CG1_FILE(place, tree, name, flags, needed)                        \
    { offsetof(crw_cgroup_t, place), tree, name, flags, needed }

static const crw_cg_file_t  crw_cg1_files[] = {
    CRW_CG1_FILE(memory_limit, CRW_CGROUP_MEMORY, "memory.limit_in_bytes",
                 O_RDWR, 1),
    CRW_CG1_FILE(memory_swap, CRW_CGROUP_MEMORY,
                 "memory.memsw.limit_in_bytes", O_RDWR, 0),
    CRW_CG1_FILE(memory_usage, CRW_CGROUP_MEMORY, "memory.usage_in_bytes",
                 O_RDONLY, 1),
    CRW_CG1_FILE(memory_peak, CRW_CGROUP_MEMORY,
                 "memory.max_usage_in_bytes", O_RDWR, 1),
    CRW_CG1_FILE(memory_events, CRW_CGROUP_MEMORY, "memory.oom_control",
                 O_RDONLY, 1),
    CRW_CG1_FILE(pids_limit, CRW_CGROUP_PIDS, "pids.max", O_RDWR, 0),
    CRW_CG1_FILE(pids_events, CRW_CGROUP_PIDS, "pids.events", O_RDONLY, 0),
    CRW_CG1_FILE(cpu_limit, CRW_CGROUP_CPU, "cpu.cfs_quota_us", O_RDWR, 0),
    CRW_CG1_FILE(cpu_weight, CRW_CGROUP_CPU, "cpu.shares", O_WRONLY, 0),
    CRW_CG1_FILE(cpu_usage, CRW_CGROUP_CPUACCT, "cpuacct.usage", O_RDONLY, 0),
    CRW_CG1_FILE(kill, CRW_CGROUP_UNIFIED, "cgroup.kill", O_WRONLY, 0),
    CRW_CG1_FILE(procs, CRW_CGROUP_MEMORY, "cgroup.procs", O_RDWR, 1),
    { 0, CRW_CGROUP_MEMORY, NULL, 0, 0 }
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
    if (crw_cg_open_all(cg, crw_cg1_files, err) == -1) {
        return -1;
    }

    cg->base->swap = cg->memory_swap != -1;
    cg->peak_resets = 1;

    /* a group that was taken over may still have its limits */

    if ((cg->memory_swap != -1
         && crw_cg_write(cg->memory_swap, "-1") == -1
         && !crw_cg_lacks(errno))
        || crw_cg_write(cg->memory_limit, "-1") == -1)
    {
        return crw_error_set(err, errno, "limits of cgroup \"%s\"", cg->name);
    }

    return crw_cg1_oom(cg, err);
}


/* memory.txt: "<event_fd> <fd of memory.oom_control>" */

static int
crw_cg1_oom(crw_cgroup_t *cg, crw_error_t *err)
{
    int   rc, errnum, control;
    char  text[32];

    control = crw_cg_open(cg, CRW_CGROUP_MEMORY, "cgroup.event_control",
                          O_WRONLY);

    if (control == -1) {
        return crw_cg_lacks(errno)
               ? 0 : crw_error_set(err, errno, "events of cgroup \"%s\"",
                                   cg->name);
    }

    rc = -1;
    cg->oom = crw_fault("cgroup_eventfd") == -1
              ? -1 : eventfd(0, EFD_CLOEXEC|EFD_NONBLOCK);

    if (cg->oom != -1) {
        (void) snprintf(text, sizeof(text), "%d %d", cg->oom,
                        cg->memory_events);
        rc = crw_cg_write(control, text);
    }

    errnum = errno;
    (void) close(control);

    if (rc == 0) {
        return 0;
    }

    if (cg->oom != -1) {
        (void) close(cg->oom);
        cg->oom = -1;
    }

    return crw_cg_lacks(errnum)
           ? 0 : crw_error_set(err, errnum, "events of cgroup \"%s\"",
                               cg->name);
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
