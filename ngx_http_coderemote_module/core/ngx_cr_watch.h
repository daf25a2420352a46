
/*
 * Who in this nginx worker wants to know when a job changes: per link a table
 * from slot index to a queue of watches.
 */


#ifndef _NGX_CR_WATCH_H_INCLUDED_
#define _NGX_CR_WATCH_H_INCLUDED_


#include "ngx_cr_job.h"


typedef struct ngx_cr_watch_s  ngx_cr_watch_t;

/*
 * The job's state or log changed, its pool was lost (job.link->lost), or its
 * control ring has room again.  Calls are coalesced: look at the job with
 * ngx_cr_job_read() and read its log on from your own cursor.  The handler
 * may delete any watch, its own too, add others, and free their memory.
 */
typedef void (*ngx_cr_watch_handler_pt)(ngx_cr_watch_t *watch);


struct ngx_cr_watch_s {
    ngx_queue_t                  queue;
    ngx_queue_t                  blocked;   /* in link->blocked */
    ngx_cr_job_t                 job;
    ngx_cr_watch_handler_pt      handler;
    void                        *data;      /* the caller's */
    unsigned                     added:1;
    unsigned                     waits:1;   /* is in link->blocked */
};


/*
 * Starts watching watch->job; the caller has set handler and data, and owns
 * the memory until ngx_cr_watch_del().  Holds the link.  The handler is not
 * called from here: look at the job once after adding.
 * NGX_OK; NGX_DECLINED: the job is gone, nothing was added.
 */
ngx_int_t ngx_cr_watch_add(ngx_cr_watch_t *watch, const ngx_cr_job_t *job);

/* Stops watching; harmless when the watch (zeroed before) was never added. */
void ngx_cr_watch_del(ngx_cr_watch_t *watch);

/*
 * Asks for a call of the handler at the next doorbell, whatever rings it:
 * for a control message that met a full ring.
 */
void ngx_cr_watch_block(ngx_cr_watch_t *watch);

/*
 * Keeps the job's slot from being used again while the caller reads it, from
 * here to ngx_cr_watch_unhold(), within one event handler.  NGX_OK;
 * NGX_DECLINED: the job is gone.  (cr_slot.h, reader protocol.)
 */
ngx_int_t ngx_cr_watch_hold(const ngx_cr_job_t *job);
void ngx_cr_watch_unhold(const ngx_cr_job_t *job);

/*
 * For the channel.  init: the table of a new link.  ring: the doorbell rang;
 * NGX_AGAIN: there is more to do than one turn of the event loop should
 * take.  lost: the pool is gone.  done: frees the table.
 */
ngx_int_t ngx_cr_watch_init(ngx_cr_link_t *link, ngx_log_t *log);
ngx_int_t ngx_cr_watch_ring(ngx_cr_link_t *link);
void ngx_cr_watch_lost(ngx_cr_link_t *link);
void ngx_cr_watch_done(ngx_cr_link_t *link);


#endif /* _NGX_CR_WATCH_H_INCLUDED_ */
