/*
 * The handshake over the pool's unix socket (SOCK_SEQPACKET): nginx worker
 * says what it was built with, the master answers with a channel and hands
 * over the descriptors.  The connection then stays open as a liveness tether:
 * its end tells either side that the other is gone.
 */

#ifndef CR_HELLO_H
#define CR_HELLO_H


#include "cr_segment.h"


typedef struct {
    uint64_t  magic;
    uint32_t  abi;
    uint32_t  slot_size;
    uint32_t  channel_size;
    uint32_t  worker_size;
    char      version[CR_VERSION_MAX];
} cr_hello_t;


typedef enum {
    CR_WELCOME_OK = 0,
    CR_WELCOME_VERSION,             /* built from another ABI */
    CR_WELCOME_FULL,                /* no channel left */
    CR_WELCOME_REFUSED              /* not this user */
} cr_welcome_e;


/* descriptors that follow: memfd, this channel's eventfd, one per worker */

typedef struct {
    cr_hello_t  hello;
    uint32_t    result;             /* cr_welcome_e */
    uint32_t    channel;
    uint32_t    workers;
    uint32_t    reserved;
} cr_welcome_t;


#define CR_HELLO_FDS_MAX  (CR_WORKERS_MAX + 2)


void cr_hello_init(cr_hello_t *hello, const char *version);
/* NULL, or a constant text saying what differs */
const char *cr_hello_check(const cr_hello_t *hello);

/*
 * Non-blocking send and receive of one packet of exactly len bytes with
 * descriptors (close-on-exec on arrival; the caller owns them).  recv: *nfds
 * is the room in fds on entry and their number on return; NULL: none wanted.
 * 0; -1 with errno (EAGAIN: try later; EPROTO: not such a packet, its
 * descriptors have been closed; ECONNRESET: closed).
 */
int cr_hello_send(int fd, const void *msg, size_t len, const int *fds,
    size_t nfds);
int cr_hello_recv(int fd, void *msg, size_t len, int *fds, size_t *nfds);


#endif
