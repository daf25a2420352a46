/*
 * row: 68
 * title: Address space that is not touched costs nothing; the host's
 *    overcommit is not the job's to use up.
 * tries: 32 GiB of bss, 1 TiB of mmap NORESERVE, 4,000 mappings of 1 GiB
 * expect: status=succeeded|failed|memory_exceeded
 * cc: -static -mcmodel=large
 * limits: {"memory_mb": 64}
 * rootless: without a cgroup memory is limited for each process, as address
 *    space;
 *    files, pipes and sockets are not counted
 */

#include "attack.h"


static char  bss[32UL << 30];


int
main(void)
{
    int    i;
    char  *p;

    p = mmap(NULL, 1UL << 40, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    for (i = 0; i < 4000; i++) {
        (void) mmap(NULL, 1UL << 30, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    }

    bss[sizeof(bss) - 1] = 1;
    if (p != MAP_FAILED) {
        p[0] = 1;
    }

    return held();
}
