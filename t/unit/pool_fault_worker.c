/*
 * coderemote-worker with its fault points: the pool's own sources, compiled
 * with CRW_FAULTS, and what the points ask.
 *
 * sources: worker/ worker/sandbox/ ipc/
 * libs: -ljansson -lseccomp
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "crw_fault.h"
#include "pool_fault.h"


static pool_fault_t  *fault;


static void __attribute__((constructor))
fault_open(void)
{
    int          fd;
    void        *p;
    const char  *path;

    path = getenv(POOL_FAULT_FILE);

    if (path == NULL) {
        return;
    }

    fd = open(path, O_RDWR | O_CLOEXEC);

    if (fd == -1) {
        return;
    }

    p = mmap(NULL, sizeof(pool_fault_t), PROT_READ | PROT_WRITE, MAP_SHARED,
             fd, 0);
    (void) close(fd);

    fault = (p != MAP_FAILED) ? p : NULL;
}


static int
fault_counts(void)
{
    if (atomic_fetch_sub(&fault->skip, 1) > 0) {
        return 0;
    }

    if (atomic_load(&fault->left) != -1
        && atomic_fetch_sub(&fault->left, 1) <= 0)
    {
        atomic_store(&fault->left, 0);
        return 0;
    }

    (void) atomic_fetch_add(&fault->hits, 1);

    return 1;
}


int
crw_fault_point(const char *name)
{
    if (fault == NULL || !atomic_load(&fault->armed)) {
        return 0;
    }

    if (strcmp(name, fault->after) == 0) {
        atomic_store(&fault->begun, 1);
    }

    if (fault->via != -1 || strcmp(name, fault->name) != 0
        || !atomic_load(&fault->begun) || !fault_counts())
    {
        return 0;
    }

    errno = fault->err;

    return -1;
}


const char *
crw_fault_passed(crw_fault_via_e via)
{
    static char  text[POOL_FAULT_NAME + 16];

    if (fault == NULL || !atomic_load(&fault->armed)
        || fault->via != (int) via || !fault_counts())
    {
        return NULL;
    }

    (void) snprintf(text, sizeof(text), "%s=%d", fault->name, fault->err);

    return text;
}
