/*
 * row: 24
 * title: No other ABI: 32-bit calls, x32 numbers and i386 programs get
 *    nowhere, and their numbers are not taken for ours.
 * gvisor: the sentry takes int 0x80 for calls of its own
 * tries: int 0x80 for every number, x32 numbers, an i386 ELF
 * control: host-safe
 */

#include "attack.h"


static long
int80(long nr, long a, long b, long c)
{
    long  rc;

    __asm__ volatile ("int $0x80" : "=a" (rc)
                      : "a" (nr), "b" (a), "c" (b), "d" (c)
                      : "memory", "r8", "r9", "r10", "r11");
    return (int) rc;
}


/* exit(42) in i386 */

static const unsigned char  elf[] = {
    0x7f, 'E', 'L', 'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    2, 0, 3, 0, 1, 0, 0, 0, 0x54, 0x80, 0x04, 0x08, 0x34, 0, 0, 0,
    0, 0, 0, 0, 0, 0, 0, 0, 0x34, 0, 0x20, 0, 1, 0, 0, 0, 0, 0, 0, 0,
    1, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x04, 0x08, 0, 0x80, 0x04, 0x08,
    0x60, 0, 0, 0, 0x60, 0, 0, 0, 5, 0, 0, 0, 0, 0x10, 0, 0,
    0xb8, 1, 0, 0, 0, 0xbb, 42, 0, 0, 0, 0xcd, 0x80
};


int
main(void)
{
    int   fd, status;
    long  nr, rc, pid;

    pid = fork();

    if (pid == 0) {
        rc = int80(20, 0, 0, 0);                /* getpid */
        if (rc >= 0) {
            breach("int 0x80: getpid is %ld", rc);
            _exit(1);
        }

        if (getenv("ATTACK_CONTROL") != NULL) {
            _exit(0);
        }

        for (nr = 0; nr < 512; nr++) {
            rc = int80(nr, -1, -1, -1);
            if (rc >= 0 || (rc != -ENOSYS && rc != -EPERM)) {
                breach("int 0x80: %ld gave %ld", nr, rc);
            }
        }

        _exit(0);
    }

    (void) waitpid(pid, &status, 0);

    for (nr = 0; nr < 600; nr++) {
        if (getenv("ATTACK_CONTROL") != NULL) {
            break;
        }

        errno = 0;
        rc = syscall(nr | 0x40000000, -1, -1, -1, -1, -1, -1);
        if (rc != -1 || (errno != ENOSYS && errno != EPERM)) {
            breach("x32: %ld gave %ld, errno %d", nr, rc, errno);
        }
    }

    fd = open("i386", O_WRONLY | O_CREAT, 0755);
    if (fd == -1 || write(fd, elf, sizeof(elf)) != sizeof(elf)) {
        breach("cannot write the program");
    }

    (void) close(fd);
    pid = fork();

    if (pid == 0) {
        (void) execl("./i386", "i386", NULL);
        _exit(1);
    }

    /* its exit is no call at all, so it runs on until it faults */

    (void) waitpid(pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 42) {
        breach("an i386 program ran");
    }

    return held();
}
