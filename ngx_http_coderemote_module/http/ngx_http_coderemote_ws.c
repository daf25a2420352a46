
/*
 * The life of a WebSocket's connection.
 *
 * Everything happens in turns: an event (bytes came, there is room, a timer,
 * a job changed, the worker drains) changes the state, then one function,
 * ngx_http_coderemote_ws_turn(), sends what there is to send and decides
 * whether the connection ends; it is the only one that ends it, so that no
 * other has to ask itself whether ws is still there.
 *
 * Back-pressure: messages are pulled from the owner while less than
 * ws_buffer is unsent.  Nothing is read into memory of the connection's own:
 * the process has one input buffer, and what is left of it is at most the
 * unfinished message that the reader collects.
 *
 * The end: both sides have sent a close frame; or the peer broke the
 * protocol, then ours is sent and nginx's lingering close does the rest; or
 * the peer vanished; or it did not answer our close frame in time.
 */


#include "ngx_http_coderemote_ws_upgrade.h"

#define NGX_HTTP_CODEREMOTE_WS_INPUT       16384

/* bytes read, and sent, before other connections have their turn */

#define NGX_HTTP_CODEREMOTE_WS_READS       4
#define NGX_HTTP_CODEREMOTE_WS_TURN        262144

/* unsent bytes that are enough to fill a socket once */

#define NGX_HTTP_CODEREMOTE_WS_FILL        65536

/* how long a peer may take to answer our close frame */

#define NGX_HTTP_CODEREMOTE_WS_CLOSE_WAIT  3000


static ngx_int_t ngx_http_coderemote_ws_init(ngx_http_coderemote_ws_t *ws,
    const ngx_cr_ws_handshake_t *hs);
static void ngx_http_coderemote_ws_take(ngx_http_coderemote_ws_t *ws);
static void ngx_http_coderemote_ws_read_handler(ngx_http_request_t *r);
static void ngx_http_coderemote_ws_write_handler(ngx_http_request_t *r);
static void ngx_http_coderemote_ws_posted_handler(ngx_event_t *ev);
static void ngx_http_coderemote_ws_timer_handler(ngx_event_t *ev);
static void ngx_http_coderemote_ws_drain_handler(ngx_cr_drain_t *drain);
static void ngx_http_coderemote_ws_read(ngx_http_coderemote_ws_t *ws);
static void ngx_http_coderemote_ws_feed(ngx_http_coderemote_ws_t *ws,
    u_char *pos, u_char *last);
static void ngx_http_coderemote_ws_event(ngx_http_coderemote_ws_t *ws,
    ngx_cr_ws_event_t *ev);
static void ngx_http_coderemote_ws_arm(ngx_http_coderemote_ws_t *ws);
static void ngx_http_coderemote_ws_turn(ngx_http_coderemote_ws_t *ws);
static void ngx_http_coderemote_ws_pump(ngx_http_coderemote_ws_t *ws);
static ngx_uint_t ngx_http_coderemote_ws_fill(ngx_http_coderemote_ws_t *ws);
static ngx_uint_t ngx_http_coderemote_ws_ended(ngx_http_coderemote_ws_t *ws);
static void ngx_http_coderemote_ws_finish(ngx_http_coderemote_ws_t *ws);
static void ngx_http_coderemote_ws_cleanup(void *data);
static void *ngx_http_coderemote_ws_resize(void *ctx, void *p, size_t size);


/* what was read last, by any connection: it is used up before the next */

static u_char  ngx_http_coderemote_ws_input[NGX_HTTP_CODEREMOTE_WS_INPUT];


ngx_http_coderemote_ws_t *
ngx_http_coderemote_ws_open(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf, const ngx_cr_ws_handshake_t *hs,
    const ngx_http_coderemote_ws_handlers_t *handlers, void *data)
{
    ngx_http_cleanup_t         *cln;
    ngx_http_coderemote_ws_t   *ws;
    ngx_http_coderemote_ctx_t  *ctx;

    ws = ngx_pcalloc(r->pool, sizeof(ngx_http_coderemote_ws_t));
    cln = ngx_http_cleanup_add(r, 0);

    if (ws == NULL || cln == NULL) {
        return NULL;
    }

    ws->request = r;
    ws->conf = conf;
    ws->handlers = handlers;
    ws->data = data;

    if (ngx_http_coderemote_ws_init(ws, hs) != NGX_OK
        || ngx_tcp_nodelay(r->connection) != NGX_OK)
    {
        ngx_http_coderemote_out_free(&ws->out);
        return NULL;
    }

    ngx_http_coderemote_ws_take(ws);

    ctx = ngx_http_get_module_ctx(r, ngx_http_coderemote_module);
    ctx->data = ws;

    cln->handler = ngx_http_coderemote_ws_cleanup;
    cln->data = ws;

    ngx_cr_stats_add(NGX_CR_STAT_WS_OPENED, 1);
    ngx_http_coderemote_ws_arm(ws);

    if (ngx_exiting) {
        ngx_http_coderemote_ws_close(ws, NGX_CR_WS_CLOSE_GOING_AWAY, NULL);

    } else {
        ngx_cr_drain_add(&ws->drain);
    }

    /* the first turn comes when the content handler has returned */

    ngx_post_event(r->connection->read, &ngx_posted_events);

    return ws;
}


static ngx_int_t
ngx_http_coderemote_ws_init(ngx_http_coderemote_ws_t *ws,
    const ngx_cr_ws_handshake_t *hs)
{
    ngx_connection_t  *c;

    c = ws->request->connection;

    ngx_cr_ws_reader_init(&ws->reader, ws->conf->ws_max_message, hs->deflate,
                          ngx_http_coderemote_ws_resize, c->log);

    ws->deflate = hs->deflate;
    ws->window_bits = hs->window_bits;
    ws->heard = ngx_current_msec;
    ws->pinged = ngx_current_msec;

    ws->timer.handler = ngx_http_coderemote_ws_timer_handler;
    ws->timer.data = ws;
    ws->timer.log = c->log;

    ws->posted.handler = ngx_http_coderemote_ws_posted_handler;
    ws->posted.data = ws;
    ws->posted.log = c->log;

    ws->drain.handler = ngx_http_coderemote_ws_drain_handler;
    ws->drain.data = ws;

    return ngx_http_coderemote_ws_upgraded(ws, hs);
}


/* The connection becomes ours, as in nginx's own upgrade of a proxy. */

static void
ngx_http_coderemote_ws_take(ngx_http_coderemote_ws_t *ws)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = ws->request;
    c = r->connection;

#if (NGX_HTTP_SSL)
    if (c->ssl != NULL) {

        /* an unsent rest may have moved by the time that it is retried */

        (void) SSL_set_mode(c->ssl->connection,
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }
#endif

    ngx_http_coderemote_hold(r);

    r->keepalive = 0;
    r->read_event_handler = ngx_http_coderemote_ws_read_handler;
    r->write_event_handler = ngx_http_coderemote_ws_write_handler;
    c->log->action = "serving websocket";
}


static void
ngx_http_coderemote_ws_read_handler(ngx_http_request_t *r)
{
    ngx_buf_t                  *b;
    ngx_http_coderemote_ws_t   *ws;
    ngx_http_coderemote_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_coderemote_module);
    ws = ctx->data;

    /* what the client sent without waiting for 101 */

    b = r->header_in;

    if (b->pos < b->last) {
        ngx_http_coderemote_ws_feed(ws, b->pos, b->last);
        b->pos = b->last;
    }

    ngx_http_coderemote_ws_read(ws);
    ngx_http_coderemote_ws_turn(ws);
}


static void
ngx_http_coderemote_ws_write_handler(ngx_http_request_t *r)
{
    ngx_http_coderemote_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_coderemote_module);

    ngx_http_coderemote_ws_turn(ctx->data);
}


static void
ngx_http_coderemote_ws_posted_handler(ngx_event_t *ev)
{
    ngx_http_coderemote_ws_turn(ev->data);
}


void
ngx_http_coderemote_ws_wake(ngx_http_coderemote_ws_t *ws)
{
    ngx_http_coderemote_ws_turn(ws);
}


static void
ngx_http_coderemote_ws_timer_handler(ngx_event_t *ev)
{
    ngx_msec_t                 silence;
    ngx_http_coderemote_ws_t  *ws;

    ws = ev->data;

    if (ws->closing) {
        ngx_log_error(NGX_LOG_INFO, ws->request->connection->log, 0,
                      "websocket client did not answer the close frame");
        ws->broken = 1;
        ngx_http_coderemote_ws_turn(ws);
        return;
    }

    silence = ngx_current_msec - ws->heard;

    if (silence >= ws->conf->ws_timeout) {
        ngx_http_coderemote_ws_close(ws, NGX_CR_WS_CLOSE_GOING_AWAY,
                                     "nothing was heard for too long");

    } else if (ngx_http_coderemote_out_pending(&ws->out) != 0
               && ngx_current_msec - ws->moved >= ws->conf->ws_timeout)
    {
        /* it lives but does not read: what it follows cannot wait for ever */

        ngx_http_coderemote_ws_close(ws, NGX_CR_WS_CLOSE_POLICY,
                                     "nothing was read for too long");

    } else {

        if (ws->conf->ws_ping_interval != 0
            && silence >= ws->conf->ws_ping_interval
            && ngx_current_msec - ws->pinged >= ws->conf->ws_ping_interval)
        {
            ws->pinged = ngx_current_msec;
            ngx_http_coderemote_ws_control(ws, NGX_CR_WS_PING, NULL, 0);
        }

        ngx_http_coderemote_ws_arm(ws);
    }

    ngx_http_coderemote_ws_turn(ws);
}


/* To the next ping or to the end of the peer's time, whichever is first. */

static void
ngx_http_coderemote_ws_arm(ngx_http_coderemote_ws_t *ws)
{
    ngx_msec_t      interval, now;
    ngx_msec_int_t  ping, wait;

    now = ngx_current_msec;
    interval = ws->conf->ws_ping_interval;

    wait = (ngx_msec_int_t) (ws->heard + ws->conf->ws_timeout - now);

    if (interval != 0) {
        ping = (ngx_msec_int_t) (ws->heard + interval - now);
        ping = ngx_max(ping, (ngx_msec_int_t) (ws->pinged + interval - now));
        wait = ngx_min(wait, ping);
    }

    ngx_add_timer(&ws->timer, (ngx_msec_t) ngx_max(wait, 1));
}


static void
ngx_http_coderemote_ws_drain_handler(ngx_cr_drain_t *drain)
{
    ngx_http_coderemote_ws_t  *ws;

    ws = drain->data;

    ngx_http_coderemote_ws_close(ws, NGX_CR_WS_CLOSE_GOING_AWAY,
                                 "the server restarts, connect again");
    ngx_http_coderemote_ws_turn(ws);
}


static void
ngx_http_coderemote_ws_read(ngx_http_coderemote_ws_t *ws)
{
    ssize_t            n;
    ngx_uint_t         i;
    ngx_connection_t  *c;

    c = ws->request->connection;

    for (i = 0; i < NGX_HTTP_CODEREMOTE_WS_READS; i++) {

        if (ws->failed || ws->broken) {
            return;
        }

        n = c->recv(c, ngx_http_coderemote_ws_input,
                    NGX_HTTP_CODEREMOTE_WS_INPUT);

        if (n == NGX_AGAIN) {
            return;
        }

        /* the end of the stream without a close frame is one, too */

        if (n == 0 || n == NGX_ERROR) {
            ws->broken = !ws->answered;
            return;
        }

        ws->heard = ngx_current_msec;

        ngx_http_coderemote_ws_feed(ws, ngx_http_coderemote_ws_input,
                                    ngx_http_coderemote_ws_input + n);
    }

    /* after its close frame a peer has said enough */

    if (!ws->answered) {
        ngx_post_event(c->read, &ngx_posted_next_events);
    }
}


static void
ngx_http_coderemote_ws_feed(ngx_http_coderemote_ws_t *ws, u_char *pos,
    u_char *last)
{
    ngx_int_t          rc;
    ngx_cr_ws_event_t  ev;

    while (!ws->broken) {

        rc = ngx_cr_ws_reader_next(&ws->reader, &pos, last, &ev);

        if (rc == NGX_OK) {
            ngx_http_coderemote_ws_event(ws, &ev);
            continue;
        }

        if (rc == NGX_ERROR) {
            ngx_log_error(NGX_LOG_INFO, ws->request->connection->log, 0,
                          "websocket client failed: %s",
                          ws->reader.parser.error);

            ws->failed = 1;
            ngx_http_coderemote_ws_close(ws, ws->reader.parser.code,
                                         ws->reader.parser.error);
        }

        /* NGX_AGAIN; NGX_DONE: nothing counts after a close frame */

        return;
    }
}


static void
ngx_http_coderemote_ws_event(ngx_http_coderemote_ws_t *ws,
    ngx_cr_ws_event_t *ev)
{
    if (ev->type == NGX_CR_WS_EV_CLOSE) {
        ws->answered = 1;
        ngx_http_coderemote_ws_close(ws, ev->code, NULL);
        return;
    }

    /* RFC 6455 section 1.4: who has sent a close frame may ignore the rest */

    if (ws->closing) {
        return;
    }

    if (ev->type == NGX_CR_WS_EV_PING) {
        ngx_http_coderemote_ws_control(ws, NGX_CR_WS_PONG, ev->data, ev->len);
        return;
    }

    if (ev->type != NGX_CR_WS_EV_MESSAGE) {
        return;
    }

    ngx_cr_stats_add(NGX_CR_STAT_WS_RECEIVED, 1);

    if (ev->opcode == NGX_CR_WS_BINARY) {
        ws->handlers->binary(ws);
        return;
    }

    ws->handlers->message(ws, ev->data, ev->len);
}


void
ngx_http_coderemote_ws_close(ngx_http_coderemote_ws_t *ws, ngx_uint_t code,
    const char *reason)
{
    if (ws->closing || ws->broken) {
        return;
    }

    ngx_http_coderemote_ws_close_frame(ws, code, reason);

    ws->closing = 1;

    ngx_cr_drain_del(&ws->drain);
    ngx_add_timer(&ws->timer, NGX_HTTP_CODEREMOTE_WS_CLOSE_WAIT);
}


static void
ngx_http_coderemote_ws_turn(ngx_http_coderemote_ws_t *ws)
{
    ngx_connection_t  *c;

    if (ws->over) {
        return;
    }

    c = ws->request->connection;

    ngx_http_coderemote_ws_pump(ws);

    if (ngx_http_coderemote_ws_ended(ws)) {
        ngx_http_coderemote_ws_finish(ws);
        return;
    }

    ngx_http_coderemote_out_settle(&ws->out, c->log);

    if (ngx_handle_write_event(c->write, 0) != NGX_OK
        || ngx_handle_read_event(c->read, 0) != NGX_OK)
    {
        ws->broken = 1;
        ngx_http_coderemote_ws_finish(ws);
    }
}


static void
ngx_http_coderemote_ws_pump(ngx_http_coderemote_ws_t *ws)
{
    size_t      sent;
    ngx_uint_t  more;

    sent = 0;

    for ( ;; ) {
        more = ngx_http_coderemote_ws_fill(ws);
        sent += ngx_http_coderemote_out_pending(&ws->out);

        if (ws->broken
            || ngx_http_coderemote_ws_flush(ws) != NGX_OK
            || !more)
        {
            return;
        }

        if (sent >= NGX_HTTP_CODEREMOTE_WS_TURN) {
            ngx_post_event(&ws->posted, &ngx_posted_next_events);
            return;
        }
    }
}


/* Returns 1 if there may be more to pull. */

static ngx_uint_t
ngx_http_coderemote_ws_fill(ngx_http_coderemote_ws_t *ws)
{
    size_t  limit;

    limit = ngx_min(ws->conf->ws_buffer, NGX_HTTP_CODEREMOTE_WS_FILL);

    while (ngx_http_coderemote_out_pending(&ws->out) < limit) {

        if (ws->closing || ws->broken) {
            return 0;
        }

        if (ws->handlers->pull(ws) != NGX_OK) {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
ngx_http_coderemote_ws_ended(ngx_http_coderemote_ws_t *ws)
{
    if (ws->broken) {
        return 1;
    }

    return ws->closing
           && (ws->answered || ws->failed)
           && ngx_http_coderemote_out_pending(&ws->out) == 0;
}


/*
 * A peer that failed may go on sending: nginx's lingering close reads that
 * for a while, or a reset could take our last frame away.
 */

static void
ngx_http_coderemote_ws_finish(ngx_http_coderemote_ws_t *ws)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = ws->request;
    r->lingering_close = ws->failed;
    rc = NGX_OK;

    if (ws->broken) {
        r->connection->timedout = 1;
        rc = NGX_ERROR;
    }

    ngx_http_coderemote_ws_cleanup(ws);
    ngx_http_coderemote_finish(r, rc);
}


/* Also the request's cleanup, for when nginx closes it. */

static void
ngx_http_coderemote_ws_cleanup(void *data)
{
    ngx_http_coderemote_ws_t  *ws = data;

    if (ws->over) {
        return;
    }

    ws->over = 1;

    if (ws->timer.timer_set) {
        ngx_del_timer(&ws->timer);
    }

    if (ws->posted.posted) {
        ngx_delete_posted_event(&ws->posted);
    }

    ngx_cr_drain_del(&ws->drain);
    ngx_cr_ws_reader_done(&ws->reader);
    ngx_http_coderemote_out_free(&ws->out);
    ngx_cr_stats_add(NGX_CR_STAT_WS_CLOSED, 1);

    ws->handlers->closed(ws);
}


/*
 * The reader's buffers: on the heap, since those of a pool never shrink.
 * Each has its size in front of it.
 */

static void *
ngx_http_coderemote_ws_resize(void *ctx, void *p, size_t size)
{
    size_t     *block, *old;
    ngx_log_t  *log = ctx;

    old = (p == NULL) ? NULL : (size_t *) p - 2;

    if (size == 0) {
        ngx_free(old);
        return NULL;
    }

    block = ngx_alloc(2 * sizeof(size_t) + size, log);
    if (block == NULL) {
        return NULL;
    }

    block[0] = size;

    if (old != NULL) {
        ngx_memcpy(block + 2, old + 2, ngx_min(old[0], size));
        ngx_free(old);
    }

    return block + 2;
}
