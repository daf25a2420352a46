/*
 * What crw_cgroup.c shares with its two back ends.
 */

#ifndef CRW_CGROUP_IMPL_H
#define CRW_CGROUP_IMPL_H


#include "crw_cgroup.h"

#include <stddef.h>


/* where hierarchies are mounted, "" when they are not */

typedef struct {
    char  mount[CRW_CGROUP_TREES][CRW_CGROUP_PATH];
    /* the part of the hierarchy that the mount shows, "/" for all of it */
    char  root[CRW_CGROUP_TREES][CRW_CGROUP_PATH];
} crw_cgroup_mounts_t;


typedef struct {
    /* makes base->path; -1 when this place cannot be used */
    int  (*base)(crw_cgroup_base_t *base, const crw_cgroup_mounts_t *mounts,
             const char *parent, const char *name, crw_error_t *err);
    /* opens the kept files of a group whose directories exist */
    int  (*open)(crw_cgroup_t *cg, crw_error_t *err);
    int  (*set_memory)(crw_cgroup_t *cg, uint64_t kb, crw_error_t *err);
    int  (*set_cpu)(crw_cgroup_t *cg, uint32_t percent, crw_error_t *err);
    int  (*cpu_us)(crw_cgroup_t *cg, uint64_t *us);
    int  (*reset_peak)(crw_cgroup_t *cg);
} crw_cgroup_ops_t;


extern const crw_cgroup_ops_t  crw_cgroup_v1;
extern const crw_cgroup_ops_t  crw_cgroup_v2;


/* joins "a/b"; -1 when it does not fit in CRW_CGROUP_PATH */
int crw_cg_join(char *out, const char *a, const char *b);
/* makes the directory; one that is there is taken over */
int crw_cg_mkdir(const char *path, crw_error_t *err);
/* makes base->path[tree] and locks it into base->fd[tree] */
int crw_cg_base_dir(crw_cgroup_base_t *base, int tree, crw_error_t *err);

/* the kept files of a group: where their descriptors go; a NULL name ends */

typedef struct {
    size_t              place;      /* offset in crw_cgroup_t */
    crw_cgroup_tree_e   tree;
    const char         *name;
    int                 flags;
    int                 needed;     /* else a kernel may lack it */
} crw_cg_file_t;

/* 0, or -1: a file that is there, or is needed, cannot be opened */
int crw_cg_open_all(crw_cgroup_t *cg, const crw_cg_file_t *files,
    crw_error_t *err);
/* 1 when that errno says that a file is not there or not for us, as it will
   be tomorrow; 0: it is a fault of now, and to go on would be with less */
int crw_cg_lacks(int errnum);
/* a file of a group's tree; the fd, or -1 and errno */
int crw_cg_open(const crw_cgroup_t *cg, crw_cgroup_tree_e tree,
    const char *file, int flags);

/* one write or read at offset 0; -1 and errno */
int crw_cg_write(int fd, const char *text);
int crw_cg_write_u64(int fd, uint64_t value);
int crw_cg_read_u64(int fd, uint64_t *value);
/* the number after "key " at the start of a line */
int crw_cg_read_key(int fd, const char *key, uint64_t *value);
/* opens, writes or reads a short file by path */
int crw_cg_put(const char *dir, const char *file, const char *text);
int crw_cg_get(const char *dir, const char *file, char *text, size_t size);


#endif
