
/*
 * The graceful end of an nginx worker (reload, quit), for which nginx has no
 * callback: an eventfd of our own as an "idle" fake connection.
 */


#ifndef _NGX_CR_DRAIN_H_INCLUDED_
#define _NGX_CR_DRAIN_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>


typedef struct ngx_cr_drain_s  ngx_cr_drain_t;

typedef void (*ngx_cr_drain_handler_pt)(ngx_cr_drain_t *drain);

struct ngx_cr_drain_s {
    ngx_queue_t                  queue;
    ngx_cr_drain_handler_pt      handler;
    void                        *data;
    unsigned                     added:1;
};


/* Process init, in real workers only. */
ngx_int_t ngx_cr_drain_init(ngx_cycle_t *cycle);
void ngx_cr_drain_done(void);

/*
 * Asks for one call of the handler when this worker starts to shut down; it
 * is taken off the list before the call.  The memory is the caller's until
 * then or ngx_cr_drain_del().  Look at ngx_exiting before adding.
 */
void ngx_cr_drain_add(ngx_cr_drain_t *drain);
void ngx_cr_drain_del(ngx_cr_drain_t *drain);


#endif /* _NGX_CR_DRAIN_H_INCLUDED_ */
