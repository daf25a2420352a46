/*
 * row: 71
 * title: What lies in pipes and sockets is bounded.
 * tries: 500 pipes of 1 MiB each, filled; socket buffers of 1 GiB; descriptors
 *    in flight
 * limits: {"memory_mb": 128}
 * expect: status=succeeded|memory_exceeded
 * heavy: yes
 * control: it uses the host's memory
 * rootless: without a cgroup memory is limited for each process, as address
 *    space;
 *    files, pipes and sockets are not counted
 */

#include "attack.h"

#include <sys/socket.h>


int
main(void)
{
    int             i, n, fds[2], big, *p;
    long            total;
    char            junk[65536], space[CMSG_SPACE(sizeof(int) * 250)];
    struct iovec    iov = { junk, 1 };
    struct msghdr   msg;
    struct cmsghdr *c;

    memset(junk, 'x', sizeof(junk));

    for (i = 0, total = 0; i < 500 && pipe2(fds, O_NONBLOCK) == 0; i++) {
        (void) fcntl(fds[1], F_SETPIPE_SZ, 1 << 20);

        for ( ;; ) {
            n = write(fds[1], junk, sizeof(junk));
            if (n <= 0) {
                break;
            }

            total += n;
        }
    }

    if (total > 130L << 20) {
        breach("%ld MiB in pipes", total >> 20);
    }

    for (i = 3; i < 1024; i++) {
        (void) close(i);
    }

    total = 0;
    while (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0) {
        big = 1 << 30;
        (void) setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &big, sizeof(big));

        for ( ;; ) {
            n = write(fds[0], junk, sizeof(junk));
            if (n <= 0) {
                break;
            }

            total += n;
        }
    }

    if (total > 130L << 20) {
        breach("%ld MiB in sockets", total >> 20);
    }

    for (i = 3; i < 1024; i++) {
        (void) close(i);
    }

    /* descriptors in flight: unix_inflight is held to RLIMIT_NOFILE */

    (void) socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds);
    memset(&msg, 0, sizeof(msg));
    msg.msg_iov = &iov;
    msg.msg_iovlen = 1;
    msg.msg_control = space;
    msg.msg_controllen = sizeof(space);
    c = CMSG_FIRSTHDR(&msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int) * 250);
    p = (int *) CMSG_DATA(c);

    for (i = 0; i < 250; i++) {
        p[i] = fds[i % 2];
    }

    for (n = 0; sendmsg(fds[0], &msg, 0) != -1; n += 250) { /* void */ }

    if (n > 4096) {
        breach("%d descriptors in flight", n);
    }

    return held();
}
