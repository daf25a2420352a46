/*
 * A box: from its cgroup to the sandbox that waits for a job, and back.
 */

#ifndef CRW_BOX_H
#define CRW_BOX_H


#include "crw_pool.h"


void crw_box_init(crw_box_t *box, crw_family_t *family, uint32_t number);

/* for the zygote: makes the cgroup (-1: failed, will be tried later) ... */
int crw_box_prepare(crw_box_t *box);
/* ... the zygote has been asked for the keeper ... */
void crw_box_asked(crw_box_t *box, crw_zygote_t *zygote);
/* ... and here it is; takes pidfd over */
void crw_box_keeper(crw_box_t *box, pid_t pid, int pidfd);

/* the attach thread's answer */
void crw_box_attached(crw_attach_request_t *request);

/* SIGKILL to everything in the sandbox; hooks->gone follows */
void crw_box_kill(crw_box_t *box);

/* signal to the program itself */
int crw_box_signal(crw_box_t *box, int signo);

/* the job is over: whatever is left is killed, then built again */
void crw_box_release(crw_box_t *box);

/* logs the step, counts it, drops the box */
void crw_box_fail(crw_box_t *box, const char *step, int errnum);

/* kills all of it, keeper and cgroup too, and starts it from the beginning */
void crw_box_drop(crw_box_t *box);


/* crw_box_sandbox.c */

/* opens pipes and link and sends BUILD; NULL, or the step that failed */
const char *crw_box_open_sandbox(crw_box_t *box);
/* our ends of link, stdin, stdout, stderr; then the pidfds too */
void crw_box_close_streams(crw_box_t *box);
void crw_box_close_sandbox(crw_box_t *box);
/* closes those that are not -1 and makes them so */
void crw_box_close_fds(int *fds, int nfds);
/* sets the language's default limits; 'ready': also takes the baseline; 0, or
   -1 and the box has failed */
int crw_box_limits(crw_box_t *box, int ready);
/* what is charged to the cgroup; 0, or -1 and the box has failed */
int crw_box_usage(crw_box_t *box, uint64_t *used_kb);
/* takes note of an event of the cgroup that is no job's */
void crw_box_calm(crw_box_t *box);
/* what the cgroup is told for a job's limits */
void crw_box_limits_of(const crw_box_t *box, uint64_t memory_kb,
    uint32_t processes, crw_cgroup_limits_t *limits);
/* lifts the cpu limit of what has been killed */
void crw_box_unthrottle(crw_box_t *box);


#endif
