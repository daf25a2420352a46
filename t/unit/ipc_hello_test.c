/*
 * The handshake.
 *
 * sources: ipc/
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "ipc_fixture.h"


static int  s[2];


static void
start(void)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC, 0, s) != 0) {
        abort();
    }
}


static void
stop(void)
{
    close(s[0]);
    close(s[1]);
}


static int
count_fds(void)
{
    int   n;
    DIR  *dir;

    n = 0;
    dir = opendir("/proc/self/fd");

    while (readdir(dir) != NULL) {
        n++;
    }

    closedir(dir);

    return n;
}


TEST("a hello of the same build is accepted")
{
    cr_hello_t  h;

    cr_hello_init(&h, CODEREMOTE_VERSION);
    CHECK(cr_hello_check(&h) == NULL);
    CHECK_STR(h.version, CODEREMOTE_VERSION);
}


TEST("a hello that differs is refused with its reason")
{
    cr_hello_t  h;

    cr_hello_init(&h, "1");
    h.magic ^= 1;
    CHECK_STR(cr_hello_check(&h), "the peer does not speak this protocol");

    cr_hello_init(&h, "1");
    h.abi++;
    CHECK_STR(cr_hello_check(&h),
              "the peer was built with another ABI version");

    cr_hello_init(&h, "1");
    h.worker_size++;
    CHECK_STR(cr_hello_check(&h),
              "the peer was built with other structure sizes");

    cr_hello_init(&h, "1");
    memset(h.version, 'x', sizeof(h.version));
    CHECK_STR(cr_hello_check(&h), "the peer's version text does not end");
}


TEST("a version that is too long is cut and still ends")
{
    cr_hello_t  h;

    cr_hello_init(&h, "0123456789012345678901234567890123456789");
    CHECK_INT(strlen(h.version), CR_VERSION_MAX - 1);
}


TEST("a packet arrives with its descriptors, close-on-exec")
{
    int     fd, got[4];
    char    buf[5];
    size_t  n;

    start();
    fd = open("/dev/null", O_RDONLY);

    CHECK_INT(cr_hello_send(s[0], "hello", 5, &fd, 1), 0);
    n = 4;
    REQUIRE(cr_hello_recv(s[1], buf, 5, got, &n) == 0);
    CHECK_MEM(buf, 5, "hello", 5);
    CHECK_INT(n, 1);
    CHECK((fcntl(got[0], F_GETFD) & FD_CLOEXEC) != 0);

    close(got[0]);
    close(fd);
    stop();
}


TEST("the greatest welcome brings its memfd and every eventfd")
{
    int           i, before, fds[CR_HELLO_FDS_MAX], got[CR_HELLO_FDS_MAX];
    size_t        n;
    cr_welcome_t  w, back;

    start();
    memset(&w, 0, sizeof(w));
    before = count_fds();

    for (i = 0; i < CR_HELLO_FDS_MAX; i++) {
        fds[i] = s[0];
    }

    CHECK_INT(cr_hello_send(s[0], &w, sizeof(w), fds, CR_HELLO_FDS_MAX), 0);
    n = CR_HELLO_FDS_MAX;
    CHECK_INT(cr_hello_recv(s[1], &back, sizeof(back), got, &n), 0);
    CHECK_INT(n, CR_HELLO_FDS_MAX);
    CHECK_INT(count_fds(), before + CR_HELLO_FDS_MAX);

    for (i = 0; i < CR_HELLO_FDS_MAX; i++) {
        close(got[i]);
    }

    CHECK_INT(cr_hello_send(s[0], &w, sizeof(w), fds, CR_HELLO_FDS_MAX + 1),
              -1);
    CHECK_INT(errno, EINVAL);
    stop();
}


TEST("nothing to receive is EAGAIN, a closed peer ECONNRESET")
{
    char  buf[5];

    start();
    CHECK_INT(cr_hello_recv(s[1], buf, 5, NULL, NULL), -1);
    CHECK_INT(errno, EAGAIN);

    close(s[0]);
    CHECK_INT(cr_hello_recv(s[1], buf, 5, NULL, NULL), -1);
    CHECK_INT(errno, ECONNRESET);
    CHECK_INT(cr_hello_send(s[1], buf, 5, NULL, 0), -1);
    CHECK_INT(errno, ECONNRESET);
    close(s[1]);
}


TEST("a packet of another length is refused and its descriptors closed")
{
    int     before, got[2];
    char    buf[5];
    size_t  n;

    start();
    before = count_fds();

    CHECK_INT(cr_hello_send(s[0], "long hello", 10, s, 2), 0);
    n = 2;
    CHECK_INT(cr_hello_recv(s[1], buf, 5, got, &n), -1);
    CHECK_INT(errno, EPROTO);

    CHECK_INT(cr_hello_send(s[0], "hi", 2, s, 2), 0);
    n = 2;
    CHECK_INT(cr_hello_recv(s[1], buf, 5, got, &n), -1);
    CHECK_INT(errno, EPROTO);

    CHECK_INT(cr_hello_send(s[0], "", 0, s, 2), 0);
    n = 2;
    CHECK_INT(cr_hello_recv(s[1], buf, 5, got, &n), -1);
    CHECK_INT(errno, EPROTO);

    CHECK_INT(count_fds(), before);
    stop();
}


TEST("more descriptors than wanted are refused and closed")
{
    int     before, got[1];
    char    buf[5];
    size_t  n;

    start();
    before = count_fds();

    CHECK_INT(cr_hello_send(s[0], "hello", 5, s, 2), 0);
    n = 1;
    CHECK_INT(cr_hello_recv(s[1], buf, 5, got, &n), -1);
    CHECK_INT(errno, EPROTO);

    CHECK_INT(cr_hello_send(s[0], "hello", 5, s, 1), 0);
    CHECK_INT(cr_hello_recv(s[1], buf, 5, NULL, NULL), -1);
    CHECK_INT(errno, EPROTO);

    CHECK_INT(count_fds(), before);
    stop();
}


TEST("more descriptors than any hello has are closed, too")
{
    int              i, before, fds[CR_HELLO_FDS_MAX + 60];
    int              got[CR_HELLO_FDS_MAX];
    char             buf[5], space[CMSG_SPACE(sizeof(fds))];
    size_t           n;
    struct iovec     iov;
    struct msghdr    mh;
    struct cmsghdr  *cmsg;

    start();
    before = count_fds();

    for (i = 0; i < CR_HELLO_FDS_MAX + 60; i++) {
        fds[i] = s[0];
    }

    memset(&mh, 0, sizeof(mh));
    memset(space, 0, sizeof(space));
    iov.iov_base = buf;
    iov.iov_len = 5;
    mh.msg_iov = &iov;
    mh.msg_iovlen = 1;
    mh.msg_control = space;
    mh.msg_controllen = sizeof(space);
    cmsg = CMSG_FIRSTHDR(&mh);
    cmsg->cmsg_level = SOL_SOCKET;
    cmsg->cmsg_type = SCM_RIGHTS;
    cmsg->cmsg_len = CMSG_LEN(sizeof(fds));
    memcpy(CMSG_DATA(cmsg), fds, sizeof(fds));
    REQUIRE(sendmsg(s[0], &mh, 0) == 5);

    n = CR_HELLO_FDS_MAX;
    CHECK_INT(cr_hello_recv(s[1], buf, 5, got, &n), -1);
    CHECK_INT(errno, EPROTO);
    CHECK_INT(count_fds(), before);
    stop();
}
