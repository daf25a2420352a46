
/*
 * A request that comes before this worker of nginx has met its pool, which
 * takes a few milliseconds after nginx's own start, a reload or the death of
 * a worker: it is held before anything of it is read.
 *
 * The wait ends in one of four ways: the pool has answered, or refused; the
 * time is over; the client goes; the worker shuts down, which waits no longer
 * than that.  Then the request goes on, with a pool or without.
 */


#include "ngx_http_coderemote.h"


#define NGX_HTTP_CODEREMOTE_MEET_TIMEOUT  1000


typedef struct {
    ngx_http_request_t          *request;
    ngx_cr_channel_wait_t        wait;
    ngx_event_t                  deadline;
} ngx_http_coderemote_meet_t;


static void ngx_http_coderemote_meet_met(ngx_cr_channel_wait_t *wait);
static void ngx_http_coderemote_meet_deadline(ngx_event_t *ev);
static void ngx_http_coderemote_meet_go_on(ngx_http_coderemote_meet_t *meet);
static void ngx_http_coderemote_meet_cleanup(void *data);


ngx_int_t
ngx_http_coderemote_meet(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf)
{
    ngx_cr_channel_t            *ch;
    ngx_http_cleanup_t          *cln;
    ngx_http_coderemote_meet_t  *meet;

    ch = (conf->pool != NULL) ? conf->pool->channel : NULL;

    if (ch == NULL || !ngx_cr_channel_meeting(ch)) {
        return NGX_DECLINED;
    }

    cln = ngx_http_cleanup_add(r, sizeof(ngx_http_coderemote_meet_t));
    if (cln == NULL) {
        return NGX_DECLINED;
    }

    meet = cln->data;
    ngx_memzero(meet, sizeof(ngx_http_coderemote_meet_t));

    meet->request = r;
    meet->wait.handler = ngx_http_coderemote_meet_met;
    meet->wait.data = meet;
    meet->deadline.handler = ngx_http_coderemote_meet_deadline;
    meet->deadline.data = meet;
    meet->deadline.log = r->connection->log;

    cln->handler = ngx_http_coderemote_meet_cleanup;

    (void) ngx_cr_channel_wait(ch, &meet->wait);
    ngx_add_timer(&meet->deadline, NGX_HTTP_CODEREMOTE_MEET_TIMEOUT);

    ngx_http_coderemote_hold(r);

    return NGX_DONE;
}


static void
ngx_http_coderemote_meet_met(ngx_cr_channel_wait_t *wait)
{
    ngx_http_coderemote_meet_go_on(wait->data);
}


static void
ngx_http_coderemote_meet_deadline(ngx_event_t *ev)
{
    ngx_http_coderemote_meet_go_on(ev->data);
}


static void
ngx_http_coderemote_meet_go_on(ngx_http_coderemote_meet_t *meet)
{
    ngx_http_request_t         *r;
    ngx_http_coderemote_ctx_t  *ctx;

    r = meet->request;
    ctx = ngx_http_get_module_ctx(r, ngx_http_coderemote_module);

    ngx_http_coderemote_meet_cleanup(meet);

    r->read_event_handler = ngx_http_block_reading;

    ngx_http_coderemote_finish(r, ngx_http_coderemote_serve(r, ctx));
}


static void
ngx_http_coderemote_meet_cleanup(void *data)
{
    ngx_http_coderemote_meet_t  *meet;

    meet = data;

    ngx_cr_channel_wait_del(&meet->wait);

    if (meet->deadline.timer_set) {
        ngx_del_timer(&meet->deadline);
    }
}
