/*
 * A sandbox with a kernel of its own: gVisor as a second wall.
 *
 *   keeper                as ever: in the box's cgroup and net namespace
 *    └ init               pid 1 of the sandbox's namespaces; only waits.  Its
 *       │                 end is the end of everything below, however runsc
 *       │                 is: slow, hung or dead
 *       ├ relay           in a user namespace of the box's two uids; speaks
 *       │                 for the program with the pool
 *       └ runsc           same user namespace; its gofer, and the sentry,
 *          │              which is the kernel that the program sees
 *          └ guest        pid 1 in there: the zygote's own program once more,
 *             │           which boots the interpreter and copies bytes
 *             └ program   as without gVisor from here on
 *
 * For the pool nothing changes: it says and hears what crw_proto.h says.  The
 * only way in and out of the sentry are two pipes, runsc's stdin and stdout,
 * that carry frames.  To the relay, what comes out is a stranger's word: an
 * answer may lie about its own job, nothing else.
 */

#ifndef CRW_GVISOR_H
#define CRW_GVISOR_H


#include "crw_chain.h"


#define CRW_GVISOR_PAYLOAD  CRW_JOB_PACKET
#define CRW_GVISOR_WINDOW   (32 * 1024)     /* half of a pipe */

#define CRW_GVISOR_IN       0               /* runsc's and the guest's */
#define CRW_GVISOR_OUT      1


typedef enum {
    /* both ways: one packet of the sandbox's link */
    CRW_FRAME_LINK = 1,

    /* to the guest; STDIN and SIGNAL count against the window */
    CRW_FRAME_STDIN,
    CRW_FRAME_EOF,
    CRW_FRAME_SIGNAL,               /* int32_t */

    /* from the guest */
    CRW_FRAME_STDOUT,
    CRW_FRAME_STDERR,
    CRW_FRAME_TAKEN                 /* uint32_t: this much of the window */
} crw_frame_e;


typedef struct {
    uint32_t  type;                 /* crw_frame_e */
    uint32_t  len;                  /* of the payload that follows */
} crw_frame_t;


typedef struct {
    int       fd;
    size_t    used;
    size_t    taken;
    uint8_t   data[2 * (sizeof(crw_frame_t) + CRW_GVISOR_PAYLOAD)];
} crw_frames_t;


/* crw_gvisor_frame.c */

/* one read(2); 1, 0 at the end, -1 and errno */
int crw_frames_read(crw_frames_t *frames);
/* 1 and a whole frame, 0 when there is none yet, -1: no frame at all */
int crw_frames_next(crw_frames_t *frames, crw_frame_t *frame,
    const uint8_t **payload);
/* blocks; 0, or -1 and errno */
int crw_frame_write(int fd, uint32_t type, const void *payload, size_t len);
int crw_frame_write_all(int fd, const void *data, size_t len);

/* crw_gvisor_init.c: instead of crw_chain_init() */
void crw_gvisor_init(crw_chain_t *chain, int *fds) __attribute__((noreturn));

/* crw_gvisor_bundle.c: what runsc is given, below /box; 0, or -1 and errno */
int crw_gvisor_bundle(const crw_chain_t *chain);
/* becomes runsc, or returns with errno */
void crw_gvisor_exec(const crw_chain_t *chain);

/* crw_gvisor_relay.c: 'ready' as crw_chain_program() has it */
void crw_gvisor_relay(crw_chain_t *chain, int ready)
    __attribute__((noreturn));

/* crw_gvisor_guest.c: the zygote's program inside; of main() */
int crw_gvisor_guest(crw_chain_t *chain);


#endif
