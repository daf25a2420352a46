/*
 * Touches so many MB: `touch malloc|file|child MB`.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>


static char  page[4096];


int
main(int argc, char **argv)
{
    char    *p;
    FILE    *f;
    size_t   i, size;

    if (argc != 3) {
        return 2;
    }

    size = (size_t) atol(argv[2]) << 20;

    if (argv[1][0] == 'c' && fork() != 0) {
        (void) wait(NULL);
        return 0;
    }

    if (argv[1][0] == 'f') {
        f = fopen("/tmp/touch", "w");

        for (i = 0; i < size; i += sizeof(page)) {
            if (fwrite(page, 1, sizeof(page), f) != sizeof(page)) {
                return 1;
            }
        }

        return fflush(f);
    }

    p = malloc(size);

    for (i = 0; i < size; i += sizeof(page)) {
        p[i] = 1;
    }

    return p[size / 2] == 7;
}
