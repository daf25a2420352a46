/*
 * Puts keepers into their cgroups on a thread of its own, since one attach
 * takes 10 to 60 ms and jobs are running meanwhile.
 */

#ifndef CRW_ATTACH_H
#define CRW_ATTACH_H


#include <pthread.h>
#include <sys/types.h>

#include "crw_error.h"
#include "crw_event.h"
#include "sandbox/crw_cgroup.h"


typedef struct {
    crw_cgroup_t  *cgroup;          /* not to be touched until it is done */
    pid_t          pid;
    int            rc;
    crw_error_t    err;
    void          *data;
} crw_attach_request_t;

typedef void (*crw_attach_pt)(crw_attach_request_t *request);


typedef struct {
    pthread_t      thread;
    int            started;
    int            requests[2];     /* pipes that carry pointers */
    int            thread_end;      /* of the results */
    crw_event_t    results;
    crw_attach_pt  done;
} crw_attach_t;


/* 'done' is called by the loop */
int crw_attach_start(crw_attach_t *attach, crw_loop_t *loop,
    crw_attach_pt done, crw_error_t *err);
void crw_attach_stop(crw_attach_t *attach);

/* takes the request over until done; 0 or -1 */
int crw_attach_push(crw_attach_t *attach, crw_attach_request_t *request);


#endif
