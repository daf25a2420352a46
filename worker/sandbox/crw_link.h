/*
 * One packet with descriptors over a SOCK_SEQPACKET socket: what every link
 * between pool worker, zygote, keeper and sandbox is made of.  Only
 * async-signal-safe calls; nothing is allocated.
 */

#ifndef CRW_LINK_H
#define CRW_LINK_H


#include <stddef.h>
#include <sys/types.h>

#include "../crw_proto.h"


#define CRW_LINK_FDS  8             /* most descriptors of one packet */


/* blocks when the peer is slow; 0, or -1 and errno */
int crw_link_send(int fd, const void *packet, size_t len, const int *fds,
    int nfds);

/*
 * Bytes of the packet, 0 when the peer is gone, -1 and errno.  A packet longer
 * than 'size' or with more than 'max' descriptors fails with EMSGSIZE.  The
 * descriptors are close-on-exec and the caller's; *nfds says how many came.
 */
ssize_t crw_link_recv(int fd, void *packet, size_t size, int *fds, int max,
    int *nfds);

/* a bare crw_msg_t; 'text' may be NULL and is cut to CRW_TEXT_MAX - 1 */
int crw_link_say(int fd, uint32_t type, int32_t value, const char *text,
    const int *fds, int nfds);


#endif
