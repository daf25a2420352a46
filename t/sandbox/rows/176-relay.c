/*
 * row: 176
 * title: A folder handed from process to process leads no higher than the root.
 * tries: SCM_RIGHTS of O_PATH folders, /proc/self/root and cwd of another
 *    process, openat2 upwards with every flag, fchdir
 */

#include "attack.h"

#include <sys/socket.h>
#include <linux/openat2.h>


static int
give(int s, int fd)
{
    char            space[CMSG_SPACE(sizeof(int))], c = 0;
    struct iovec    iov = { &c, 1 };
    struct msghdr   msg = { 0 };
    struct cmsghdr *h;

    msg.msg_iov = &iov;
    msg.msg_iovlen = 1;
    msg.msg_control = space;
    msg.msg_controllen = sizeof(space);

    if (fd == -1) {
        if (recvmsg(s, &msg, 0) != 1) {
            return -1;
        }

        h = CMSG_FIRSTHDR(&msg);
        return h == NULL ? -1 : *(int *) CMSG_DATA(h);
    }

    h = CMSG_FIRSTHDR(&msg);
    h->cmsg_level = SOL_SOCKET;
    h->cmsg_type = SCM_RIGHTS;
    h->cmsg_len = CMSG_LEN(sizeof(int));
    *(int *) CMSG_DATA(h) = fd;

    return sendmsg(s, &msg, 0) == 1 ? 0 : -1;
}


static void
look(int fd)
{
    int              up, flags;
    struct stat      root, st;
    struct open_how  how;

    (void) stat("/", &root);

    for (flags = 0; flags < 0x40; flags++) {
        memset(&how, 0, sizeof(how));
        how.flags = O_PATH;
        how.resolve = flags;
        up = syscall(SYS_openat2, fd, "../../../../../../..", &how,
                     sizeof(how));

        if (up != -1 && fstat(up, &st) == 0
            && (st.st_ino != root.st_ino || st.st_dev != root.st_dev)
            && (flags & RESOLVE_IN_ROOT) == 0)
        {
            breach("a folder above the root");
        }

        (void) close(up);
    }

    (void) fchdir(fd);
    (void) chdir("../../../../../..");

    if (stat(".", &st) == 0
        && (st.st_ino != root.st_ino || st.st_dev != root.st_dev))
    {
        breach("fchdir went above the root");
    }
}


int
main(void)
{
    int    s[2], i, fd, status;
    pid_t  pid;

    static const char  *const paths[] = {
        "/", "/box", "/proc/self/root", "/proc/self/cwd", "/proc/1/root",
        "/proc/self/fd", "/usr", "/tmp", "/proc/self/task/../root"
    };

    (void) socketpair(AF_UNIX, SOCK_DGRAM, 0, s);
    pid = fork();

    if (pid == 0) {
        (void) mkdir("deep", 0700);
        (void) chdir("deep");

        for (i = 0; i < 9; i++) {
            fd = open(paths[i], O_PATH);
            (void) give(s[1], fd == -1 ? 0 : fd);
        }

        (void) rmdir("/box/deep");
        _exit(0);
    }

    for (i = 0; i < 9; i++) {
        fd = give(s[0], -1);
        if (fd != -1) {
            look(fd);
            (void) close(fd);
        }
    }

    (void) waitpid(pid, &status, 0);

    return held();
}
