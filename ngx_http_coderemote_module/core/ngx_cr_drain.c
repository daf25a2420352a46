
/*
 * The graceful end of an nginx worker.
 *
 * A worker that drains closes its "idle" connections: it sets c->close and
 * calls their read handler.  The connection here is idle for ever, its
 * descriptor an eventfd that nobody writes to, so its handler is called then
 * and only then.
 */


#include "ngx_cr_drain.h"

#include <sys/eventfd.h>


static void ngx_cr_drain_handler(ngx_event_t *rev);


static ngx_connection_t  *ngx_cr_drain_connection;
static ngx_queue_t        ngx_cr_drain_queue;


ngx_int_t
ngx_cr_drain_init(ngx_cycle_t *cycle)
{
    int                fd;
    ngx_connection_t  *c;

    ngx_queue_init(&ngx_cr_drain_queue);

    fd = eventfd(0, EFD_NONBLOCK|EFD_CLOEXEC);
    if (fd == -1) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_errno,
                      "eventfd() for draining failed");
        return NGX_ERROR;
    }

    c = ngx_get_connection(fd, cycle->log);
    if (c == NULL) {
        (void) close(fd);
        return NGX_ERROR;
    }

    c->idle = 1;
    c->read->handler = ngx_cr_drain_handler;
    c->read->log = cycle->log;
    c->write->log = cycle->log;
    c->log = cycle->log;

    /* "channel": not an open socket to complain about at exit */
    c->read->channel = 1;
    c->write->channel = 1;

    ngx_cr_drain_connection = c;

    return NGX_OK;
}


void
ngx_cr_drain_done(void)
{
    ngx_connection_t  *c;

    c = ngx_cr_drain_connection;
    if (c == NULL) {
        return;
    }

    (void) close(c->fd);
    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;

    ngx_cr_drain_connection = NULL;
}


void
ngx_cr_drain_add(ngx_cr_drain_t *drain)
{
    if (drain->added) {
        return;
    }

    ngx_queue_insert_tail(&ngx_cr_drain_queue, &drain->queue);
    drain->added = 1;
}


void
ngx_cr_drain_del(ngx_cr_drain_t *drain)
{
    if (!drain->added) {
        return;
    }

    ngx_queue_remove(&drain->queue);
    drain->added = 0;
}


static void
ngx_cr_drain_handler(ngx_event_t *rev)
{
    ngx_queue_t       *q;
    ngx_cr_drain_t    *drain;
    ngx_connection_t  *c;

    c = rev->data;

    if (!c->close) {
        return;
    }

    while (!ngx_queue_empty(&ngx_cr_drain_queue)) {
        q = ngx_queue_head(&ngx_cr_drain_queue);
        drain = ngx_queue_data(q, ngx_cr_drain_t, queue);

        ngx_cr_drain_del(drain);
        drain->handler(drain);
    }
}
