/*
 * The small files of cgroupfs.
 */

#include "crw_cgroup_impl.h"
#include "../crw_fault.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


#define CRW_CG_TEXT  1024           /* cpu.stat and memory.events fit */


int
crw_cg_join(char *out, const char *a, const char *b)
{
    int  n;

    while (*b == '/') {
        b++;
    }

    n = snprintf(out, CRW_CGROUP_PATH, *b != '\0' ? "%s/%s" : "%s", a, b);

    if (n < 0 || n >= CRW_CGROUP_PATH) {
        errno = ENAMETOOLONG;
        return -1;
    }

    return 0;
}


int
crw_cg_mkdir(const char *path, crw_error_t *err)
{
    if (crw_fault("cgroup_mkdir") == -1
        || (mkdir(path, 0755) == -1 && errno != EEXIST))
    {
        return crw_error_set(err, errno, "cgroup \"%s\" cannot be made", path);
    }

    return 0;
}


int
crw_cg_open(const crw_cgroup_t *cg, crw_cgroup_tree_e tree, const char *file,
    int flags)
{
    char  dir[CRW_CGROUP_PATH], path[CRW_CGROUP_PATH];

    if (cg->base->path[tree][0] == '\0') {
        errno = ENOENT;
        return -1;
    }

    if (crw_cg_join(dir, cg->base->path[tree], cg->name) == -1
        || crw_cg_join(path, dir, file) == -1)
    {
        return -1;
    }

    return crw_fault("cgroup_open") == -1 ? -1 : open(path, flags|O_CLOEXEC);
}


int
crw_cg_open_all(crw_cgroup_t *cg, const crw_cg_file_t *files,
    crw_error_t *err)
{
    int                   fd;
    const crw_cg_file_t  *file;

    for (file = files; file->name != NULL; file++) {

        fd = crw_cg_open(cg, file->tree, file->name, file->flags);

        if (fd == -1 && (file->needed || !crw_cg_lacks(errno))) {
            return crw_error_set(err, errno, "file \"%s\" of cgroup \"%s\"",
                                 file->name, cg->name);
        }

        *(int *) (void *) ((char *) cg + file->place) = fd;
    }

    return 0;
}


int
crw_cg_lacks(int errnum)
{
    switch (errnum) {

    case ENOENT:
    case EACCES:
    case EPERM:
    case EROFS:
    case EINVAL:
    case EOPNOTSUPP:
        return 1;

    default:
        return 0;
    }
}


int
crw_cg_write(int fd, const char *text)
{
    size_t  len;

    if (crw_fault("cgroup_write") == -1) {
        return -1;
    }

    len = strlen(text);

    return pwrite(fd, text, len, 0) == (ssize_t) len ? 0 : -1;
}


int
crw_cg_write_u64(int fd, uint64_t value)
{
    char  text[24];

    (void) snprintf(text, sizeof(text), "%llu", (unsigned long long) value);

    return crw_cg_write(fd, text);
}


int
crw_cg_read_u64(int fd, uint64_t *value)
{
    char     text[24], *end;
    ssize_t  n;

    if (crw_fault("cgroup_read") == -1) {
        return -1;
    }

    n = pread(fd, text, sizeof(text) - 1, 0);
    if (n <= 0) {
        return -1;
    }

    text[n] = '\0';
    *value = strtoull(text, &end, 10);

    if (end == text) {
        errno = EPROTO;
        return -1;
    }

    return 0;
}


int
crw_cg_read_key(int fd, const char *key, uint64_t *value)
{
    char     text[CRW_CG_TEXT], *p;
    size_t   len;
    ssize_t  n;

    if (crw_fault("cgroup_read") == -1) {
        return -1;
    }

    n = pread(fd, text, sizeof(text) - 1, 0);
    if (n <= 0) {
        return -1;
    }

    text[n] = '\0';
    len = strlen(key);

    for (p = text; p != NULL; p = strchr(p, '\n')) {
        p += *p == '\n';

        if (strncmp(p, key, len) == 0 && p[len] == ' ') {
            *value = strtoull(p + len, NULL, 10);
            return 0;
        }
    }

    /* an older kernel counts less */

    *value = 0;

    return 0;
}


int
crw_cg_put(const char *dir, const char *file, const char *text)
{
    int   fd, rc, err;
    char  path[CRW_CGROUP_PATH];

    if (crw_cg_join(path, dir, file) == -1) {
        return -1;
    }

    fd = crw_fault("cgroup_put") == -1 ? -1 : open(path, O_WRONLY|O_CLOEXEC);
    if (fd == -1) {
        return -1;
    }

    rc = write(fd, text, strlen(text)) == (ssize_t) strlen(text) ? 0 : -1;
    err = errno;
    (void) close(fd);
    errno = err;

    return rc;
}


int
crw_cg_get(const char *dir, const char *file, char *text, size_t size)
{
    int      fd, err;
    char     path[CRW_CGROUP_PATH];
    ssize_t  n;

    if (crw_cg_join(path, dir, file) == -1) {
        return -1;
    }

    fd = open(path, O_RDONLY|O_CLOEXEC);
    if (fd == -1) {
        return -1;
    }

    n = read(fd, text, size - 1);
    err = errno;
    (void) close(fd);
    errno = err;

    if (n == -1) {
        return -1;
    }

    text[n] = '\0';

    return 0;
}
