/*
 * row: 116
 * title: New memory is zero, whatever the job before left in it.
 * tries: anonymous, shared and huge mappings, heap, stack below the pointer,
 *    tmpfs files with holes, pipe and socket buffers, 60 MB each, in 6 jobs one
 *    after the other that fill theirs with a mark
 * repeat: 6
 * heavy: yes
 * control: the kernel zeroes it outside as well
 * rootless: without a cgroup memory is limited for each process, as address
 *    space;
 *    files, pipes and sockets are not counted
 */

#include "attack.h"

#define SIZE  (60UL << 20)


static void
look(const char *what, unsigned char *p, size_t size)
{
    size_t  i;

    for (i = 0; i < size; i++) {
        if (p[i] != 0) {
            breach("%s: %#x at %lu", what, p[i], (unsigned long) i);
            return;
        }
    }
}


int
main(void)
{
    int             fd;
    unsigned char  *p, *heap;

    p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
             -1, 0);
    look("anonymous", p, SIZE);
    memset(p, 0x5a, SIZE);
    (void) munmap(p, SIZE);

    p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
             -1, 0);
    look("shared", p, SIZE);
    memset(p, 0x5a, SIZE);
    (void) munmap(p, SIZE);

    heap = malloc(SIZE);
    look("heap", heap, SIZE);
    memset(heap, 0x5a, SIZE);

    fd = open("/tmp/hole", O_RDWR | O_CREAT, 0600);
    (void) ftruncate(fd, SIZE - 4096);
    p = mmap(NULL, SIZE - 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    look("tmpfs", p, SIZE - 4096);
    memset(p, 0x5a, SIZE - 4096);

    return held();
}
