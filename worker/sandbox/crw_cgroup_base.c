/*
 * The pool's place in the hierarchies: found, made, locked, removed; and the
 * small files of cgroupfs.
 *
 * A base is locked with flock(2) for as long as a process of its pool lives,
 * so that the next pool can tell the remains of a killed one and remove them.
 * It does so under that lock, and whoever makes a base looks, once he has the
 * lock, whether it is still there: a new base has no lock for a moment.
 */

#include "crw_cgroup_impl.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>


#define CRW_CG_RETRIES   100        /* of 1 ms, while killed tasks end */
#define CRW_CG_LINE      4096


static void crw_cg_mounts(crw_cgroup_mounts_t *mounts);
static void crw_cg_mount_line(crw_cgroup_mounts_t *mounts, char *line);
static void crw_cg_mount_take(crw_cgroup_mounts_t *mounts,
    crw_cgroup_tree_e tree, const char *root, const char *point);
static int crw_cg_option(const char *options, const char *name);
static int crw_cg_lock(const char *path);
static void crw_cg_sweep_tree(const char *base, const char *name);
static void crw_cg_sweep_base(const char *path);
static void crw_cg_nap(void);
static int crw_cg_remove(const char *path);
static void crw_cg_kill_in(const char *path);


static const char *const  crw_cg_controllers[CRW_CGROUP_TREES] = {
    "memory", "pids", "cpu", "cpuacct", NULL
};


int
crw_cgroup_base_create(crw_cgroup_base_t *base, const char *parent,
    const char *name, crw_error_t *err)
{
    int                      tree;
    const crw_cgroup_ops_t  *ops;
    crw_cgroup_mounts_t      mounts;

    memset(base, 0, sizeof(*base));
    memset(err, 0, sizeof(*err));

    for (tree = 0; tree < CRW_CGROUP_TREES; tree++) {
        base->fd[tree] = -1;
    }

    crw_cg_mounts(&mounts);

    if (mounts.mount[CRW_CGROUP_MEMORY][0] != '\0') {
        ops = &crw_cgroup_v1;

    } else if (mounts.mount[CRW_CGROUP_UNIFIED][0] != '\0') {
        ops = &crw_cgroup_v2;

    } else {
        (void) crw_error_set(err, 0, "no cgroup hierarchy is mounted");
        return 0;
    }

    if (ops->base(base, &mounts, parent != NULL ? parent : "", name, err)
        == -1)
    {
        crw_cgroup_base_close(base);
        base->kind = CRW_CGROUP_NONE;
        memset(base->path, 0, sizeof(base->path));
        return 0;
    }

    err->err = 0;
    err->text[0] = '\0';

    crw_cgroup_base_sweep(base);

    return 0;
}


int
crw_cg_base_dir(crw_cgroup_base_t *base, int tree, crw_error_t *err)
{
    int          i;
    const char  *path;

    path = base->path[tree];

    /* one hierarchy may have several controllers, as "cpu,cpuacct" */

    for (i = 0; i < tree; i++) {
        if (base->fd[i] != -1 && strcmp(base->path[i], path) == 0) {
            return 0;
        }
    }

    for (i = 0; i < CRW_CG_RETRIES; i++) {

        if (crw_cg_mkdir(path, err) == -1) {
            return -1;
        }

        base->fd[tree] = crw_cg_lock(path);

        if (base->fd[tree] != -1) {
            return 0;
        }

        if (errno != EWOULDBLOCK && errno != ENOENT) {
            break;
        }

        crw_cg_nap();
    }

    return crw_error_set(err, errno, "cgroup \"%s\" cannot be locked", path);
}


/* ENOENT: it is gone, EWOULDBLOCK: another has it, for a moment or for good */

static int
crw_cg_lock(const char *path)
{
    int          e, fd;
    struct stat  held, there;

    fd = open(path, O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    if (fd == -1) {
        return -1;
    }

    if (flock(fd, LOCK_EX|LOCK_NB) == 0
        && fstat(fd, &held) == 0 && stat(path, &there) == 0)
    {
        if (held.st_ino == there.st_ino) {
            return fd;
        }

        errno = ENOENT;
    }

    e = errno;
    (void) close(fd);
    errno = e;

    return -1;
}


void
crw_cgroup_base_close(crw_cgroup_base_t *base)
{
    int  tree;

    for (tree = 0; tree < CRW_CGROUP_TREES; tree++) {
        if (base->fd[tree] != -1) {
            (void) close(base->fd[tree]);
            base->fd[tree] = -1;
        }
    }
}


int
crw_cgroup_base_destroy(crw_cgroup_base_t *base, crw_error_t *err)
{
    int  rc, tree;

    rc = 0;

    for (tree = CRW_CGROUP_TREES - 1; tree >= 0; tree--) {

        if (base->path[tree][0] == '\0') {
            continue;
        }

        if (crw_cg_remove(base->path[tree]) == -1) {
            rc = crw_error_set(err, errno, "cgroup \"%s\" cannot be removed",
                               base->path[tree]);
        }
    }

    crw_cgroup_base_close(base);

    /* the pool itself still sits in its leaf, which goes with its unit */

    base->kind = CRW_CGROUP_NONE;

    return rc;
}


/* mountinfo, proc(5): "36 35 98:0 /root /point opts ... - type src opts" */

static void
crw_cg_mounts(crw_cgroup_mounts_t *mounts)
{
    char   line[CRW_CG_LINE];
    FILE  *f;

    memset(mounts, 0, sizeof(*mounts));

    f = fopen("/proc/self/mountinfo", "re");
    if (f == NULL) {
        return;
    }

    while (fgets(line, sizeof(line), f) != NULL) {
        crw_cg_mount_line(mounts, line);
    }

    (void) fclose(f);
}


static void
crw_cg_mount_line(crw_cgroup_mounts_t *mounts, char *line)
{
    int    tree;
    char   root[CRW_CGROUP_PATH], point[CRW_CGROUP_PATH], *tail;
    char   type[32], options[512];

    tail = strstr(line, " - ");

    if (tail == NULL
        || sscanf(line, "%*s %*s %*s %255s %255s", root, point) != 2
        || sscanf(tail, " - %31s %*s %511s", type, options) != 2)
    {
        return;
    }

    if (strcmp(type, "cgroup2") == 0) {
        crw_cg_mount_take(mounts, CRW_CGROUP_UNIFIED, root, point);
        return;
    }

    if (strcmp(type, "cgroup") != 0) {
        return;
    }

    for (tree = 0; crw_cg_controllers[tree] != NULL; tree++) {
        if (crw_cg_option(options, crw_cg_controllers[tree])) {
            crw_cg_mount_take(mounts, (crw_cgroup_tree_e) tree, root, point);
        }
    }
}


static void
crw_cg_mount_take(crw_cgroup_mounts_t *mounts, crw_cgroup_tree_e tree,
    const char *root, const char *point)
{
    if (mounts->mount[tree][0] == '\0') {
        (void) snprintf(mounts->mount[tree], CRW_CGROUP_PATH, "%s", point);
        (void) snprintf(mounts->root[tree], CRW_CGROUP_PATH, "%s", root);
    }
}


static int
crw_cg_option(const char *options, const char *name)
{
    size_t       len;
    const char  *p;

    len = strlen(name);

    for (p = options; *p != '\0'; p += strcspn(p, ",")) {
        p += *p == ',';

        if (strncmp(p, name, len) == 0
            && (p[len] == ',' || p[len] == '\0' || p[len] == '\n'))
        {
            return 1;
        }
    }

    return 0;
}


void
crw_cgroup_base_sweep(crw_cgroup_base_t *base)
{
    int  tree;

    for (tree = CRW_CGROUP_TREES - 1; tree >= 0; tree--) {
        if (base->path[tree][0] != '\0') {
            crw_cg_sweep_tree(base->path[tree],
                              strrchr(base->path[tree], '/') + 1);
        }
    }
}


static void
crw_cg_sweep_tree(const char *base, const char *name)
{
    DIR            *dir;
    char            parent[CRW_CGROUP_PATH], path[CRW_CGROUP_PATH];
    size_t          prefix;
    const char     *dash;
    struct dirent  *e;

    dash = strrchr(name, '-');
    if (dash == NULL) {
        return;
    }

    prefix = (size_t) (dash + 1 - name);

    (void) snprintf(parent, sizeof(parent), "%s", base);
    *strrchr(parent, '/') = '\0';

    dir = opendir(parent);
    if (dir == NULL) {
        return;
    }

    for ( ;; ) {
        e = readdir(dir);
        if (e == NULL) {
            break;
        }

        if (strncmp(e->d_name, name, prefix) != 0
            || strcmp(e->d_name, name) == 0
            || !isdigit((unsigned char) e->d_name[prefix])
            || crw_cg_join(path, parent, e->d_name) == -1)
        {
            continue;
        }

        crw_cg_sweep_base(path);
    }

    (void) closedir(dir);
}


static void
crw_cg_sweep_base(const char *path)
{
    int  fd;

    fd = crw_cg_lock(path);

    if (fd != -1) {
        (void) crw_cg_remove(path);
        (void) close(fd);
    }
}


/* a directory and the groups in it, with whatever still runs there */

static int
crw_cg_remove(const char *path)
{
    int             i, rc;
    DIR            *dir;
    char            child[CRW_CGROUP_PATH];
    struct dirent  *e;

    dir = opendir(path);
    if (dir == NULL) {
        return errno == ENOENT ? 0 : -1;
    }

    for ( ;; ) {
        e = readdir(dir);
        if (e == NULL) {
            break;
        }

        if (e->d_type == DT_DIR && e->d_name[0] != '.'
            && crw_cg_join(child, path, e->d_name) == 0)
        {
            (void) crw_cg_remove(child);
        }
    }

    (void) closedir(dir);

    rc = rmdir(path);

    for (i = 0; i < CRW_CG_RETRIES && rc == -1 && errno == EBUSY; i++) {
        crw_cg_kill_in(path);
        crw_cg_nap();
        rc = rmdir(path);
    }

    return rc == -1 && errno != ENOENT ? -1 : 0;
}


static void
crw_cg_nap(void)
{
    struct timespec  ms = { 0, 1000000 };

    (void) nanosleep(&ms, NULL);
}


static void
crw_cg_kill_in(const char *path)
{
    long   pid;
    char   text[CRW_CG_LINE], *p, *end;

    if (crw_cg_put(path, "cgroup.kill", "1") == 0) {
        return;
    }

    if (crw_cg_get(path, "cgroup.procs", text, sizeof(text)) == -1) {
        return;
    }

    for (p = text; *p != '\0'; p = end) {
        pid = strtol(p, &end, 10);

        if (end == p || pid <= 1) {
            return;
        }

        (void) kill((pid_t) pid, SIGKILL);
        end += *end == '\n';
    }
}
