/*
 * row: 27
 * title: A program from memory runs, under the same filter.
 * tries: memfd_create and execveat(AT_EMPTY_PATH) of itself; then the calls of
 *    the other rows
 */

#include "attack.h"


int
main(int argc, char **argv)
{
    int      fd, self, status;
    char     buf[65536];
    pid_t    pid;
    ssize_t  n;

    if (argc > 1) {
        refused("io_uring_setup", 425, 8, 0);
        refused("socket", SYS_socket, 2, 1, 0);
        refused("mount", SYS_mount, 0, 0, 0, 0, 0);
        refused("unshare", SYS_unshare, 0x10000000);
        return 9;
    }

    self = open("/proc/self/exe", O_RDONLY);
    fd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd == -1) {
        return held();                          /* refused: as good */
    }

    for ( ;; ) {
        n = read(self, buf, sizeof(buf));
        if (n <= 0) {
            break;
        }

        if (write(fd, buf, n) != n) {
            breach("cannot fill a memfd");
        }
    }

    (void) fcntl(fd, F_ADD_SEALS, 0xf);
    pid = fork();

    if (pid == 0) {
        char  *args[] = { "x", "again", NULL };
        (void) syscall(SYS_execveat, fd, "", args, environ, AT_EMPTY_PATH);
        _exit(1);
    }

    (void) waitpid(pid, &status, 0);
    if (WEXITSTATUS(status) != 9 && WEXITSTATUS(status) != 1) {
        breach("the program in memory ended with %#x", status);
    }

    return held();
}
