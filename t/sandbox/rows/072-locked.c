/*
 * row: 72
 * title: No memory of the host can be pinned.
 * gvisor: huge pages and locks are the sentry's
 * tries: mlock, mlockall, MAP_LOCKED, MAP_HUGETLB, SHM_HUGETLB memfds
 */

#include "attack.h"


int
main(void)
{
    int    fd;
    char  *p;

    p = mmap(NULL, 16 << 20, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (mlock(p, 1 << 20) == 0) {
        breach("mlock of 1 MiB");
    }

    if (mlockall(MCL_CURRENT | MCL_FUTURE) == 0) {
        breach("mlockall");
    }

    if (mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0) != MAP_FAILED)
    {
        breach("MAP_LOCKED");
    }

    p = mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
    if (p != MAP_FAILED) {
        breach("huge pages of the host");
    }

    fd = memfd_create("x", MFD_HUGETLB);
    if (fd != -1 && ftruncate(fd, 2 << 20) == 0
        && mmap(NULL, 2 << 20, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
           != MAP_FAILED)
    {
        breach("a memfd of huge pages");
    }

    return held();
}
