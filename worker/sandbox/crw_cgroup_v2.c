/*
 * cgroup v2: one directory.  A group that has processes of its own cannot
 * give its children controllers, so the pool first moves itself into a leaf
 * beside its base (a unit with Delegate=yes is made for that).
 */

#include "crw_cgroup_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>


#define CRW_CG2_LEAF  "pool"


static int crw_cg2_base(crw_cgroup_base_t *base,
    const crw_cgroup_mounts_t *mounts, const char *parent, const char *name,
    crw_error_t *err);
static int crw_cg2_own(char *path, const crw_cgroup_mounts_t *mounts);
static int crw_cg2_try(crw_cgroup_base_t *base, const char *dir,
    const char *name, crw_error_t *err);
static int crw_cg2_leaf(crw_cgroup_base_t *base, const char *dir,
    crw_error_t *err);
static void crw_cg2_enable(crw_cgroup_base_t *base, const char *dir);
static int crw_cg2_open(crw_cgroup_t *cg, crw_error_t *err);
static int crw_cg2_set_memory(crw_cgroup_t *cg, uint64_t kb,
    crw_error_t *err);
static int crw_cg2_set_cpu(crw_cgroup_t *cg, uint32_t percent,
    crw_error_t *err);
static int crw_cg2_cpu_us(crw_cgroup_t *cg, uint64_t *us);
static int crw_cg2_reset_peak(crw_cgroup_t *cg);


const crw_cgroup_ops_t  crw_cgroup_v2 = {
    crw_cg2_base,
    crw_cg2_open,
    crw_cg2_set_memory,
    crw_cg2_set_cpu,
    crw_cg2_cpu_us,
    crw_cg2_reset_peak
};


#define CRW_CG2_FILE(place, name, flags, needed)                              \
    { offsetof(crw_cgroup_t, place), CRW_CGROUP_MEMORY, name, flags, needed }

static const crw_cg_file_t  crw_cg2_files[] = {
    CRW_CG2_FILE(memory_limit, "memory.max", O_RDWR, 1),
    CRW_CG2_FILE(memory_swap, "memory.swap.max", O_RDWR, 0),
    CRW_CG2_FILE(memory_usage, "memory.current", O_RDONLY, 1),
    CRW_CG2_FILE(memory_events, "memory.events", O_RDONLY, 1),
    CRW_CG2_FILE(memory_peak, "memory.peak", O_RDWR, 0),
    CRW_CG2_FILE(pids_limit, "pids.max", O_RDWR, 0),
    CRW_CG2_FILE(pids_events, "pids.events", O_RDONLY, 0),
    CRW_CG2_FILE(cpu_limit, "cpu.max", O_RDWR, 0),
    CRW_CG2_FILE(cpu_weight, "cpu.weight", O_WRONLY, 0),
    CRW_CG2_FILE(cpu_usage, "cpu.stat", O_RDONLY, 0),
    CRW_CG2_FILE(kill, "cgroup.kill", O_WRONLY, 0),
    CRW_CG2_FILE(procs, "cgroup.procs", O_RDWR, 1),
    { 0, CRW_CGROUP_MEMORY, NULL, 0, 0 }
};

static const crw_cg_file_t  crw_cg2_peak[] = {
    CRW_CG2_FILE(memory_peak, "memory.peak", O_RDONLY, 0),
    { 0, CRW_CGROUP_MEMORY, NULL, 0, 0 }
};


/* the configured place, else our own group, else the top, which is root's */

static int
crw_cg2_base(crw_cgroup_base_t *base, const crw_cgroup_mounts_t *mounts,
    const char *parent, const char *name, crw_error_t *err)
{
    char         dir[CRW_CGROUP_PATH];
    const char  *top;

    top = mounts->mount[CRW_CGROUP_UNIFIED];

    if (parent[0] != '\0') {
        if (crw_cg_join(dir, top, parent) == -1) {
            return crw_error_set(err, ENAMETOOLONG, "cgroup \"%s\"", parent);
        }

        return crw_cg2_try(base, dir, name, err);
    }

    if (crw_cg2_own(dir, mounts) == 0) {

        if (crw_cg2_try(base, dir, name, err) == 0) {
            return 0;
        }

        if (geteuid() != 0) {
            return -1;
        }
    }

    return crw_cg2_try(base, top, name, err);
}


/* "0::/system.slice/coderemote.service", seen through the mount */

static int
crw_cg2_own(char *path, const crw_cgroup_mounts_t *mounts)
{
    char         text[CRW_CGROUP_PATH * 2], *p, *end;
    size_t       len;
    const char  *root;

    if (crw_cg_get("/proc/self", "cgroup", text, sizeof(text)) == -1) {
        return -1;
    }

    p = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");
    if (p == NULL) {
        return -1;
    }

    p = strstr(p, "::") + 2;
    end = strchr(p, '\n');
    if (end != NULL) {
        *end = '\0';
    }

    root = mounts->root[CRW_CGROUP_UNIFIED];
    len = strlen(root);

    if (len > 1 && strncmp(p, root, len) == 0) {
        p += len;
    }

    return crw_cg_join(path, mounts->mount[CRW_CGROUP_UNIFIED], p);
}


static int
crw_cg2_try(crw_cgroup_base_t *base, const char *dir, const char *name,
    crw_error_t *err)
{
    base->leaf[0] = '\0';
    base->memory = base->pids = base->cpu = 0;

    crw_cg2_enable(base, dir);

    if (!base->memory && crw_cg2_leaf(base, dir, err) == 0) {
        crw_cg2_enable(base, dir);
    }

    if (!base->memory) {

        if (base->leaf[0] != '\0') {
            (void) crw_cg_put(dir, "cgroup.procs", "0");
            (void) rmdir(base->leaf);
            base->leaf[0] = '\0';
        }

        return crw_error_set(err, errno, "cgroup \"%s\" does not delegate its "
                             "memory controller", dir);
    }

    if (crw_cg_join(base->path[CRW_CGROUP_MEMORY], dir, name) == -1) {
        return crw_error_set(err, ENAMETOOLONG, "cgroup below \"%s\"", dir);
    }

    if (crw_cg_base_dir(base, CRW_CGROUP_MEMORY, err) == -1) {
        base->path[CRW_CGROUP_MEMORY][0] = '\0';
        return -1;
    }

    /* and once more: from the base to the groups in it */

    crw_cg2_enable(base, base->path[CRW_CGROUP_MEMORY]);

    base->kind = CRW_CGROUP_V2;
    base->kill = 1;
    base->swap = 1;

    return 0;
}


static int
crw_cg2_leaf(crw_cgroup_base_t *base, const char *dir, crw_error_t *err)
{
    if (crw_cg_join(base->leaf, dir, CRW_CG2_LEAF) == -1
        || crw_cg_mkdir(base->leaf, err) == -1)
    {
        base->leaf[0] = '\0';
        return -1;
    }

    /* 0: the writer */

    if (crw_cg_put(base->leaf, "cgroup.procs", "0") == -1) {
        (void) crw_error_set(err, errno, "cannot move into \"%s\"",
                             base->leaf);
        (void) rmdir(base->leaf);
        base->leaf[0] = '\0';
        return -1;
    }

    return 0;
}


/*
 * Memory first: where that is refused because the group has processes, cpu
 * and pids are not, and would make it the root of a threaded tree, whose
 * children take no process (cgroups(7), "Thread mode").
 */

static void
crw_cg2_enable(crw_cgroup_base_t *base, const char *dir)
{
    base->memory = crw_cg_put(dir, "cgroup.subtree_control", "+memory") == 0;

    if (base->memory) {
        base->cpu = crw_cg_put(dir, "cgroup.subtree_control", "+cpu") == 0;
        base->pids = crw_cg_put(dir, "cgroup.subtree_control", "+pids") == 0;
    }
}


static int
crw_cg2_open(crw_cgroup_t *cg, crw_error_t *err)
{
    if (crw_cg_open_all(cg, crw_cg2_files, err) == -1) {
        return -1;
    }

    /* Linux 5.19 has it, since 6.12 a write resets it for this descriptor */

    if (cg->memory_peak != -1) {
        cg->peak_resets = crw_cg2_reset_peak(cg) == 0;

        if (!cg->peak_resets && !crw_cg_lacks(errno)) {
            return crw_error_set(err, errno, "peak of cgroup \"%s\"",
                                 cg->name);
        }

    } else if (crw_cg_open_all(cg, crw_cg2_peak, err) == -1) {
        return -1;
    }

    /* a group that was taken over may still have its limit */

    if (crw_cg_write(cg->memory_limit, "max") == -1
        || (cg->memory_swap != -1
            && crw_cg_write(cg->memory_swap, "0") == -1))
    {
        return crw_error_set(err, errno, "limits of cgroup \"%s\"", cg->name);
    }

    /* memory.oom.group stays 0: it would take keeper and init along wherever
       they may not have an oom_score_adj of -1000 */

    cg->oom = cg->memory_events;

    return 0;
}


static int
crw_cg2_set_memory(crw_cgroup_t *cg, uint64_t kb, crw_error_t *err)
{
    int  rc;

    rc = kb == 0 ? crw_cg_write(cg->memory_limit, "max")
                 : crw_cg_write_u64(cg->memory_limit, kb * 1024);

    if (rc == -1) {
        return crw_error_set(err, errno, "memory limit of cgroup \"%s\"",
                             cg->name);
    }

    return 0;
}


static int
crw_cg2_set_cpu(crw_cgroup_t *cg, uint32_t percent, crw_error_t *err)
{
    int   rc;
    char  text[40];

    if (cg->cpu_limit == -1) {
        return 0;
    }

    (void) snprintf(text, sizeof(text), "%llu %d",
                    (unsigned long long) percent
                    * (CRW_CGROUP_PERIOD_US / 100), CRW_CGROUP_PERIOD_US);

    rc = crw_cg_write(cg->cpu_limit, percent == 0 ? "max" : text);

    if (rc == -1) {
        return crw_error_set(err, errno, "cpu limit of cgroup \"%s\"",
                             cg->name);
    }

    return 0;
}


static int
crw_cg2_cpu_us(crw_cgroup_t *cg, uint64_t *us)
{
    *us = 0;

    return cg->cpu_usage == -1
           ? 0 : crw_cg_read_key(cg->cpu_usage, "usage_usec", us);
}


static int
crw_cg2_reset_peak(crw_cgroup_t *cg)
{
    return crw_cg_write(cg->memory_peak, "reset");
}
