/*
 * The handshake: one packet each way, the second with descriptors.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cr_hello.h"


typedef union {
    struct cmsghdr  header;         /* for its alignment */
    uint8_t         space[CMSG_SPACE(CR_HELLO_FDS_MAX * sizeof(int))];
} cr_hello_control_t;


static int cr_hello_take(struct msghdr *mh, int *fds, size_t room,
    size_t *nfds);
static void cr_hello_close(const uint8_t *fds, size_t nfds);


void
cr_hello_init(cr_hello_t *hello, const char *version)
{
    size_t  len;

    memset(hello, 0, sizeof(cr_hello_t));

    hello->magic = CR_ABI_MAGIC;
    hello->abi = CR_ABI_VERSION;
    hello->slot_size = sizeof(cr_slot_t);
    hello->channel_size = sizeof(cr_channel_t);
    hello->worker_size = sizeof(cr_worker_t);

    len = strnlen(version, CR_VERSION_MAX - 1);
    memcpy(hello->version, version, len);
}


const char *
cr_hello_check(const cr_hello_t *hello)
{
    if (hello->magic != CR_ABI_MAGIC) {
        return "the peer does not speak this protocol";
    }

    if (hello->abi != CR_ABI_VERSION) {
        return "the peer was built with another ABI version";
    }

    if (hello->slot_size != sizeof(cr_slot_t)
        || hello->channel_size != sizeof(cr_channel_t)
        || hello->worker_size != sizeof(cr_worker_t))
    {
        return "the peer was built with other structure sizes";
    }

    if (memchr(hello->version, '\0', CR_VERSION_MAX) == NULL) {
        return "the peer's version text does not end";
    }

    return NULL;
}


int
cr_hello_send(int fd, const void *msg, size_t len, const int *fds,
    size_t nfds)
{
    ssize_t             n;
    struct iovec        iov;
    struct msghdr       mh;
    struct cmsghdr     *cmsg;
    cr_hello_control_t  control;

    if (nfds > CR_HELLO_FDS_MAX) {
        errno = EINVAL;
        return -1;
    }

    memset(&mh, 0, sizeof(mh));

    iov.iov_base = (void *) msg;
    iov.iov_len = len;
    mh.msg_iov = &iov;
    mh.msg_iovlen = 1;

    if (nfds != 0) {
        memset(&control, 0, sizeof(control));

        mh.msg_control = control.space;
        mh.msg_controllen = CMSG_SPACE(nfds * sizeof(int));

        cmsg = CMSG_FIRSTHDR(&mh);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(nfds * sizeof(int));
        memcpy(CMSG_DATA(cmsg), fds, nfds * sizeof(int));
    }

    do {
        n = sendmsg(fd, &mh, MSG_DONTWAIT|MSG_NOSIGNAL);
    } while (n == -1 && errno == EINTR);

    if (n == -1) {
        if (errno == EWOULDBLOCK) {
            errno = EAGAIN;
        }

        if (errno == EPIPE) {
            errno = ECONNRESET;
        }

        return -1;
    }

    if ((size_t) n != len) {
        errno = EPROTO;
        return -1;
    }

    return 0;
}


int
cr_hello_recv(int fd, void *msg, size_t len, int *fds, size_t *nfds)
{
    size_t              i, room, got;
    ssize_t             n;
    struct iovec        iov;
    struct msghdr       mh;
    cr_hello_control_t  control;

    room = nfds == NULL ? 0 : *nfds;

    memset(&mh, 0, sizeof(mh));
    memset(&control, 0, sizeof(control));

    iov.iov_base = msg;
    iov.iov_len = len;
    mh.msg_iov = &iov;
    mh.msg_iovlen = 1;
    mh.msg_control = control.space;
    mh.msg_controllen = sizeof(control.space);

    do {
        n = recvmsg(fd, &mh, MSG_DONTWAIT|MSG_CMSG_CLOEXEC);
    } while (n == -1 && errno == EINTR);

    if (n == -1) {
        if (errno == EWOULDBLOCK) {
            errno = EAGAIN;
        }

        return -1;
    }

    if (n == 0 && mh.msg_controllen == 0) {
        errno = ECONNRESET;
        return -1;
    }

    if (cr_hello_take(&mh, fds, room, &got) != 0) {
        errno = EPROTO;
        return -1;
    }

    if ((size_t) n != len || (mh.msg_flags & (MSG_TRUNC|MSG_CTRUNC)) != 0) {

        for (i = 0; i < got; i++) {
            (void) close(fds[i]);
        }

        errno = EPROTO;
        return -1;
    }

    if (nfds != NULL) {
        *nfds = got;
    }

    return 0;
}


/* moves all descriptors to fds, or closes them when they are too many */

static int
cr_hello_take(struct msghdr *mh, int *fds, size_t room, size_t *nfds)
{
    int              rc;
    size_t           n;
    struct cmsghdr  *cmsg;

    rc = 0;
    *nfds = 0;

    for (cmsg = CMSG_FIRSTHDR(mh); cmsg != NULL; cmsg = CMSG_NXTHDR(mh, cmsg))
    {
        if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS) {
            continue;
        }

        n = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (rc != 0 || n > room - *nfds) {
            cr_hello_close(CMSG_DATA(cmsg), n);
            rc = -1;
            continue;
        }

        if (n != 0) {
            memcpy(fds + *nfds, CMSG_DATA(cmsg), n * sizeof(int));
            *nfds += n;
        }
    }

    if (rc != 0) {
        cr_hello_close((const uint8_t *) fds, *nfds);
        *nfds = 0;
    }

    return rc;
}


static void
cr_hello_close(const uint8_t *fds, size_t nfds)
{
    int     fd;
    size_t  i;

    for (i = 0; i < nfds; i++) {
        memcpy(&fd, fds + i * sizeof(int), sizeof(int));
        (void) close(fd);
    }
}
