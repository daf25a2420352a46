/*
 * Descriptors, session and parent of a process of the sandbox.
 */

#include "crw_sb.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>


/* no controlling terminal, no process group shared with anyone */

int
crw_sb_fds_session(crw_sandbox_t *sb)
{
    (void) sb;

    return setsid() == -1 ? -1 : 0;
}


int
crw_sb_fds_die_with_parent(crw_sandbox_t *sb)
{
    (void) sb;

    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
}


/* init must not hold the job's pipes: their end is the end of its output */

int
crw_sb_fds_close_stdio(crw_sandbox_t *sb)
{
    int  fd;

    (void) sb;

    for (fd = 0; fd <= 2; fd++) {
        if (close(fd) == -1) {
            return -1;
        }
    }

    return 0;
}


/* the interpreter's handler is the program's; pid 1 without one is deaf */

int
crw_sb_fds_deaf(crw_sandbox_t *sb)
{
    (void) sb;

    return signal(SIGINT, SIG_DFL) == SIG_ERR ? -1 : 0;
}


int
crw_sb_fds_install(int *fds, int n)
{
    int  i, fd;

    /* out of the way first: a source may have the number of a target */

    for (i = 0; i < n; i++) {
        fd = fcntl(fds[i], F_DUPFD_CLOEXEC, n);
        if (fd == -1) {
            return -1;
        }

        fds[i] = fd;
    }

    for (i = 0; i < n; i++) {
        if (dup2(fds[i], i) == -1) {
            return -1;
        }

        fds[i] = i;
    }

    return crw_sb_fds_close_from(n);
}


int
crw_sb_fds_close_from(int n)
{
    /* not ~0U: gVisor takes it for a negative number */

    return (int) syscall(SYS_close_range, n, INT_MAX, 0);
}


int
crw_sb_write(const char *path, const char *text, size_t len)
{
    int      fd, err;
    ssize_t  n;

    fd = open(path, O_WRONLY|O_CLOEXEC|O_NOFOLLOW);
    if (fd == -1) {
        return -1;
    }

    n = write(fd, text, len);
    err = errno;
    (void) close(fd);

    if (n != (ssize_t) len) {
        errno = n == -1 ? err : EIO;
        return -1;
    }

    return 0;
}
