/*
 * A pool worker: the process that takes jobs and runs them in its boxes.
 */

#ifndef CRW_WORKER_H
#define CRW_WORKER_H


#include <pthread.h>

#include "../ipc/cr_segment.h"
#include "crw_pool.h"


typedef struct crw_job_s     crw_job_t;
typedef struct crw_worker_s  crw_worker_t;


/* what master and worker tell each other, one SOCK_SEQPACKET packet each */

typedef enum {
    /* master -> worker */
    CRW_TELL_RETIRE = 1,            /* take no more jobs, end after the last */
    CRW_TELL_STOP,                  /* end now */
    /* worker -> master */
    CRW_TELL_READY,                 /* a sandbox is ready, once */
    CRW_TELL_VERSION,               /* of a language's runtime */
    CRW_TELL_TROUBLE,               /* sandboxes of a language fail */
    CRW_TELL_FINE                   /* they do not any more */
} crw_tell_e;


typedef struct {
    uint32_t  type;                 /* crw_tell_e */
    uint32_t  language;
    uint32_t  failures;
    char      text[CRW_TEXT_MAX];
} crw_tell_t;


/* what the master gives a worker; all of it inherited by fork */

typedef struct {
    uint32_t             index;     /* of cr_worker_t */
    uint32_t             first_box;
    int                  link;      /* to the master */
    const int           *channels;  /* eventfds */
    int                  bell;      /* this worker's eventfd */
    pthread_mutex_t     *mutex;     /* of the consumer side */
    cr_segment_t        *segment;
    const crw_config_t  *config;
    crw_cgroup_base_t   *base;
    int                  rootless;
    pid_t                master;
} crw_worker_start_t;


struct crw_worker_s {
    crw_loop_t           loop;
    crw_pool_t           pool;
    cr_segment_t        *segment;
    cr_worker_t         *self;
    uint32_t             index;
    uint32_t             processors;
    uint32_t             hint;      /* of cr_consume_next */
    pthread_mutex_t     *mutex;
    const int           *channels;
    crw_event_t          bell;
    crw_event_t          link;

    crw_job_t           *jobs;      /* one per box, 'park' parked */
    crw_job_t           *free;
    crw_job_t          **by_slot;
    crw_job_t           *parked;    /* wait for a sandbox, see crw_park.h */
    uint32_t             nparked;
    uint32_t             park;      /* most of them */
    uint32_t             running;

    unsigned             retiring:1;
    unsigned             stopping:1;
    unsigned             told_ready:1;
    uint8_t              payload[CR_CONTROL_PAYLOAD];
};


/* the process; never returns */
void crw_worker_main(const crw_worker_start_t *start)
    __attribute__((noreturn));

/* rings the channels of a mask, as cr_segment_mark returns it */
void crw_worker_ring(crw_worker_t *worker, uint64_t channels);


#endif
