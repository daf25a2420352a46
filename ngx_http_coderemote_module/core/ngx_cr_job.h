
/*
 * A job in shared memory as the module sees it: a reference that proves
 * itself by its generation, a snapshot, and what may be done to it.
 */


#ifndef _NGX_CR_JOB_H_INCLUDED_
#define _NGX_CR_JOB_H_INCLUDED_


#include "ngx_cr_channel.h"
#include "cr_id.h"
#include "cr_request.h"


/*
 * A reference is plain data, copied freely.  link is valid within the event
 * handler that got it, and beyond only while a watch holds it.
 */

typedef struct {
    ngx_cr_link_t               *link;
    uint32_t                     index;
    uint32_t                     generation;
} ngx_cr_job_t;


/* a consistent copy of a slot; a lost link's unfinished job is an error */

typedef struct {
    u_char                       id[CR_ID_TEXT];
    ngx_uint_t                   state;      /* cr_slot_state_e */
    ngx_uint_t                   attempt;    /* 1, 2 */
    ngx_uint_t                   finished;   /* 1: result is valid */
    cr_job_t                     job;
    cr_result_t                  result;     /* started_us once RUNNING */
} ngx_cr_job_info_t;


/* a slot on its way to the ring: between claim and submit or abandon */

typedef struct {
    ngx_cr_job_t                 job;
    cr_slot_t                   *slot;
    uint64_t                     word;
    cr_request_writer_t          request;    /* cr_request_add() to this */
} ngx_cr_job_claim_t;


/* NGX_OK; NGX_DECLINED: the table is full. */
ngx_int_t ngx_cr_job_claim(ngx_cr_link_t *link, ngx_cr_job_claim_t *claim);

/*
 * Puts the job into the ring; id, created_us and request_len of job are
 * filled in here.  NGX_OK; NGX_DECLINED: the request did not fit its arena;
 * NGX_ERROR: the slot was taken away.  Only NGX_OK leaves a job behind.
 */
ngx_int_t ngx_cr_job_submit(ngx_cr_job_claim_t *claim, cr_job_t *job);
void ngx_cr_job_abandon(ngx_cr_job_claim_t *claim);

/*
 * Finds a job by the text of its id in the channel's link, then in its lost
 * ones.  NGX_OK; NGX_DECLINED: no such job (any more).
 */
ngx_int_t ngx_cr_job_find(ngx_cr_channel_t *channel, const ngx_str_t *id,
    ngx_cr_job_t *job);

/*
 * Copies the slot.  NGX_OK; NGX_DECLINED: the job is gone, its slot may hold
 * another one now.
 */
ngx_int_t ngx_cr_job_read(const ngx_cr_job_t *job, ngx_cr_job_info_t *info);

/* 1: finished, lost with its pool, or gone: a cheap look before a read. */
ngx_uint_t ngx_cr_job_ended(const ngx_cr_job_t *job);

/* "queued", "running", or the name of the final status. */
const char *ngx_cr_job_status(const ngx_cr_job_info_t *info);

/*
 * Cancels the job whatever its state.  NGX_OK: it is or will be finished as
 * cancelled; NGX_DECLINED: it had ended or is gone; NGX_AGAIN: the control
 * ring is full, try again (see ngx_cr_watch_block).
 */
ngx_int_t ngx_cr_job_cancel(const ngx_cr_job_t *job);

/*
 * Sends CR_CONTROL_STDIN (data, len <= CR_CONTROL_PAYLOAD), _EOF or _SIGNAL
 * (arg) to the pool worker that runs the job.  NGX_OK; NGX_AGAIN: it has not
 * started or the ring is full: keep it, try again when the watch's handler is
 * called (ngx_cr_watch_block asks for that call); NGX_DECLINED: it has ended.
 */
ngx_int_t ngx_cr_job_control(const ngx_cr_job_t *job, ngx_uint_t type,
    uint64_t arg, const u_char *data, size_t len);

/* The client has the result: the slot may be recycled when it is needed. */
void ngx_cr_job_delivered(const ngx_cr_job_t *job);

/* Nobody waits any more, the job goes on even if this nginx worker dies. */
void ngx_cr_job_keep(const ngx_cr_job_t *job);

/* How many live jobs an owner has. */
ngx_uint_t ngx_cr_job_count(ngx_cr_link_t *link, uint64_t owner_hash);


#endif /* _NGX_CR_JOB_H_INCLUDED_ */
