/*
 * One job, from the slot it was taken out of to its result in it.
 */

#ifndef CRW_JOB_H
#define CRW_JOB_H


#include "crw_worker.h"


struct crw_job_s {
    crw_worker_t  *worker;
    crw_job_t     *next;            /* free, or parked */
    crw_box_t     *box;             /* NULL: parked */
    cr_slot_t     *slot;
    uint8_t       *log;             /* arena */
    uint32_t       index;
    uint64_t       word;
    cr_job_t       job;             /* copied once */

    /* request records on their way into the sandbox */
    uint8_t       *request;
    size_t         request_len;
    size_t         request_sent;
    unsigned       header_sent:1;

    /* stdin on its way into the program */
    uint8_t       *input;
    size_t         input_len;
    size_t         input_sent;
    size_t         input_size;
    unsigned       input_eof:1;

    unsigned       pacing:1;
    unsigned       truncated:1;
    uint64_t       output;          /* bytes of both streams in the log */
    size_t         tail_len;
    char           tail[16];        /* end of stderr */

    uint64_t       started_us;      /* monotonic */
    int64_t        started_wall_us;
    cr_status_e    verdict;         /* NONE: the program decides */
    cr_limit_e     limit;
    char           error[CR_ERROR_MAX];

    crw_timer_t    wall;
    crw_timer_t    cpu;
    crw_timer_t    mark;            /* put off, so that one bell serves two */
    crw_timer_t    pace;
};


/* sandboxes failed so often in a row that jobs of the language are ended */

#define CRW_JOB_FAILURES  3


void crw_job_init(crw_job_t *job, crw_worker_t *worker);

/* a job that cr_consume_next gave us: checked, started or ended as error */
void crw_job_start(crw_worker_t *worker, uint32_t index, uint64_t word);
/* a parked job gets its sandbox */
void crw_job_run(crw_job_t *job, crw_box_t *box);

/* messages of the control rings */
void crw_job_control(crw_worker_t *worker, const cr_control_header_t *header,
    const uint8_t *payload);

/* decides how it ends, unless that is decided, and kills it */
void crw_job_end(crw_job_t *job, cr_status_e status, cr_limit_e limit,
    const char *error);

/* pool hooks */
void crw_job_exited(crw_box_t *box, const crw_exit_msg_t *msg);
void crw_job_gone(crw_box_t *box, const char *step, int errnum);
void crw_job_oom(crw_box_t *box);
void crw_job_io(crw_box_t *box, crw_event_t *ev);

/* marks the slot: now, or within CRW_JOB_MARK_US */
void crw_job_mark(crw_job_t *job, int now);


/* crw_job_watch.c */

/* those of the box, where they differ; 0, or -1 */
int crw_job_limits(crw_job_t *job, crw_error_t *err);
void crw_job_timers(crw_job_t *job);
void crw_job_wall_timer(crw_timer_t *timer);
void crw_job_cpu_timer(crw_timer_t *timer);
/* 'msg' is NULL when the program did not end by itself */
void crw_job_figures(crw_job_t *job, cr_result_t *result,
    const crw_exit_msg_t *msg);
void crw_job_verdict(crw_job_t *job, cr_result_t *result,
    const crw_exit_msg_t *msg);


/* crw_job_io.c */

/* 0, or -1: the sandbox does not take it (errno) */
int crw_job_send(crw_job_t *job);
/* appends to stdin; 0, or -1 when too much waits there */
int crw_job_input(crw_job_t *job, const uint8_t *data, size_t len);
void crw_job_input_eof(crw_job_t *job);
/* writes what the pipe takes */
void crw_job_input_write(crw_job_t *job);
/* one read; 1 when there may be more, 0 when not */
int crw_job_output(crw_job_t *job, crw_event_t *ev);
/* what is left in both pipes after the end */
void crw_job_drain(crw_job_t *job);
/* watches both streams again */
void crw_job_pace(crw_timer_t *timer);


#endif
