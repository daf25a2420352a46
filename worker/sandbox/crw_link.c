/*
 * Packets and descriptors over a SOCK_SEQPACKET socket.
 */

#include "crw_link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>


typedef union {
    char            bytes[CMSG_SPACE(CRW_LINK_FDS * sizeof(int))];
    struct cmsghdr  align;
} crw_link_control_t;


static int crw_link_take(struct msghdr *m, int *fds, int max, int *nfds);


int
crw_link_send(int fd, const void *packet, size_t len, const int *fds,
    int nfds)
{
    ssize_t              n;
    struct iovec         iov;
    struct msghdr        m;
    struct cmsghdr      *c;
    crw_link_control_t   control;

    if (nfds > CRW_LINK_FDS) {
        errno = EMSGSIZE;
        return -1;
    }

    memset(&m, 0, sizeof(m));
    iov.iov_base = (void *) packet;
    iov.iov_len = len;
    m.msg_iov = &iov;
    m.msg_iovlen = 1;

    if (nfds > 0) {
        memset(&control, 0, sizeof(control));
        m.msg_control = control.bytes;
        m.msg_controllen = CMSG_SPACE((size_t) nfds * sizeof(int));

        c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN((size_t) nfds * sizeof(int));
        memcpy(CMSG_DATA(c), fds, (size_t) nfds * sizeof(int));
    }

    do {
        n = sendmsg(fd, &m, MSG_NOSIGNAL);
    } while (n == -1 && errno == EINTR);

    return n == (ssize_t) len ? 0 : -1;
}


ssize_t
crw_link_recv(int fd, void *packet, size_t size, int *fds, int max, int *nfds)
{
    ssize_t             n;
    struct iovec        iov;
    struct msghdr       m;
    crw_link_control_t  control;

    *nfds = 0;

    memset(&m, 0, sizeof(m));
    iov.iov_base = packet;
    iov.iov_len = size;
    m.msg_iov = &iov;
    m.msg_iovlen = 1;
    m.msg_control = control.bytes;
    m.msg_controllen = sizeof(control.bytes);

    /* a peer that ended before it read all: what it said is still there */

    do {
        n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);
    } while (n == -1 && (errno == EINTR || errno == ECONNRESET));

    if (n <= 0) {
        return n;
    }

    if (crw_link_take(&m, fds, max, nfds) == -1) {
        errno = EMSGSIZE;
        return -1;
    }

    return n;
}


/* hands over the descriptors of a packet, or closes all of them and fails */

static int
crw_link_take(struct msghdr *m, int *fds, int max, int *nfds)
{
    int              i, n, bad, got[CRW_LINK_FDS];
    struct cmsghdr  *c;

    bad = (m->msg_flags & (MSG_TRUNC|MSG_CTRUNC)) != 0;

    for (c = CMSG_FIRSTHDR(m); c != NULL; c = CMSG_NXTHDR(m, c)) {

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
            continue;
        }

        n = (int) ((c->cmsg_len - CMSG_LEN(0)) / sizeof(int));
        memcpy(got, CMSG_DATA(c), (size_t) n * sizeof(int));

        for (i = 0; i < n; i++) {
            if (bad || *nfds == max) {
                bad = 1;
                (void) close(got[i]);
                continue;
            }

            fds[(*nfds)++] = got[i];
        }
    }

    if (!bad) {
        return 0;
    }

    for (i = 0; i < *nfds; i++) {
        (void) close(fds[i]);
    }

    *nfds = 0;

    return -1;
}


int
crw_link_say(int fd, uint32_t type, int32_t value, const char *text,
    const int *fds, int nfds)
{
    crw_msg_t  m;

    memset(&m, 0, sizeof(m));
    m.type = type;
    m.value = value;

    if (text != NULL) {
        memcpy(m.text, text, strnlen(text, CRW_TEXT_MAX - 1));
    }

    return crw_link_send(fd, &m, sizeof(m), fds, nfds);
}
