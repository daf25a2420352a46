
/*
 * GET /jobs/{id}/events: a job's messages as Server-Sent Events (WHATWG HTML,
 * section 9.2), over HTTP/1.1 and HTTP/2.
 *
 * Messages are made in batches: while one is on its way to the client no
 * other is begun, so a slow client has at most ws_buffer bytes and the
 * message that passed them.
 *
 * An event's id is where the output goes on after it.  Output that a second
 * attempt of the job makes void counts from 0 again, so from the second on
 * the id also names the attempt: "4096.2".
 *
 * With coderemote_auth jwt a stream ends with the token that it was asked for
 * with, as a WebSocket does; the client comes back with a newer one.
 */


#include "ngx_http_coderemote.h"
#include "ngx_http_coderemote_stream.h"
#include "ngx_http_coderemote_stream_out.h"


#define NGX_HTTP_CODEREMOTE_EVENTS_BEAT  15000     /* ms, at most */
#define NGX_HTTP_CODEREMOTE_EVENTS_TURN  262144    /* bytes before others */
#define NGX_HTTP_CODEREMOTE_EVENTS_HEAD  128       /* of one event, at most */


typedef struct {
    ngx_http_request_t              *request;
    ngx_http_coderemote_loc_conf_t  *conf;
    ngx_http_coderemote_stream_t     stream;

    ngx_http_coderemote_out_t        out;       /* the batch */
    ngx_chain_t                     *free;
    ngx_chain_t                     *busy;      /* what nginx still has */
    ngx_event_t                      timer;     /* ordinary: heartbeat */
    ngx_event_t                      posted;
    ngx_cr_drain_t                   drain;
    ngx_cr_jwt_t                    *jwt;       /* of the request, which holds
                                                   it; NULL: auth off */

    unsigned                         expired:1; /* jwt has */
    unsigned                         last:1;    /* nothing follows the batch */
    unsigned                         failed:1;
    unsigned                         over:1;
} ngx_http_coderemote_events_t;


static void ngx_http_coderemote_events_begin(ngx_http_coderemote_events_t *e);
static ngx_int_t ngx_http_coderemote_events_start(ngx_http_request_t *r,
    ngx_http_coderemote_stream_start_t *start);
static ngx_int_t ngx_http_coderemote_events_parse(const ngx_str_t *text,
    ngx_http_coderemote_stream_start_t *start);
static ngx_http_coderemote_events_t *ngx_http_coderemote_events_create(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_coderemote_events_header(ngx_http_request_t *r);
static void ngx_http_coderemote_events_changed(ngx_cr_watch_t *watch);
static void ngx_http_coderemote_events_write_handler(ngx_http_request_t *r);
static void ngx_http_coderemote_events_timer_handler(ngx_event_t *ev);
static void ngx_http_coderemote_events_posted_handler(ngx_event_t *ev);
static void ngx_http_coderemote_events_drain_handler(ngx_cr_drain_t *drain);
static void ngx_http_coderemote_events_beat(ngx_http_coderemote_events_t *e);
static void ngx_http_coderemote_events_expire(
    ngx_http_coderemote_events_t *e);
static void ngx_http_coderemote_events_turn(ngx_http_coderemote_events_t *e);
static ngx_int_t ngx_http_coderemote_events_flush(
    ngx_http_coderemote_events_t *e);
static ngx_int_t ngx_http_coderemote_events_send(
    ngx_http_coderemote_events_t *e);
static void ngx_http_coderemote_events_wait(ngx_http_coderemote_events_t *e);
static void ngx_http_coderemote_events_fill(ngx_http_coderemote_events_t *e);
static void ngx_http_coderemote_events_add(ngx_http_coderemote_events_t *e,
    const ngx_http_coderemote_stream_message_t *message);
static void ngx_http_coderemote_events_text(ngx_http_coderemote_events_t *e,
    const char *text);
static void ngx_http_coderemote_events_bytes(ngx_http_coderemote_events_t *e,
    const u_char *data, size_t len);
static void ngx_http_coderemote_events_finish(ngx_http_coderemote_events_t *e,
    ngx_int_t rc);
static void ngx_http_coderemote_events_cleanup(void *data);
static void ngx_http_coderemote_events_free(void *data);


ngx_int_t
ngx_http_coderemote_api_events(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx)
{
    ngx_int_t                            rc;
    ngx_cr_job_t                         job;
    ngx_cr_job_info_t                    info;
    ngx_http_coderemote_events_t        *e;
    ngx_http_coderemote_problem_t        problem;
    ngx_http_coderemote_loc_conf_t      *conf;
    ngx_http_coderemote_stream_start_t   start;

    rc = ngx_http_coderemote_events_start(r, &start);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);

    rc = ngx_http_coderemote_find(conf, &ctx->user, &ctx->id, &job, &info);

    if (rc != NGX_OK) {
        ngx_http_coderemote_not_found(&problem, rc);
        return ngx_http_coderemote_send_problem(r, &problem);
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    e = ngx_http_coderemote_events_create(r);
    if (e == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    e->jwt = ctx->identity.jwt;

    if (ngx_http_coderemote_stream_open(&e->stream, &job, &start,
                                        ngx_http_coderemote_events_changed, e)
        != NGX_OK)
    {
        return ngx_http_coderemote_refuse(r, NGX_HTTP_CODEREMOTE_NOT_FOUND,
                                          "the job is not kept any longer");
    }

    rc = ngx_http_coderemote_events_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        ngx_http_coderemote_events_cleanup(e);
        return rc;
    }

    ctx->data = e;
    ngx_http_coderemote_events_begin(e);

    return NGX_DONE;
}


/* The header is out: the request is ours until the end of the stream. */

static void
ngx_http_coderemote_events_begin(ngx_http_coderemote_events_t *e)
{
    ngx_http_request_t  *r;

    r = e->request;

    ngx_http_coderemote_hold(r);
    r->write_event_handler = ngx_http_coderemote_events_write_handler;

    ngx_http_coderemote_events_beat(e);

    if (ngx_exiting) {
        e->last = 1;

    } else {
        ngx_cr_drain_add(&e->drain);
    }

    /* reconnect after 2 s; this also sends the header at once */

    ngx_http_coderemote_events_text(e, "retry: 2000\n\n");
    ngx_post_event(&e->posted, &ngx_posted_events);
}


/*
 * Where to begin: what an EventSource says when it comes back, else ?offset=.
 * NGX_DECLINED: start is filled; else the value to return.
 */

static ngx_int_t
ngx_http_coderemote_events_start(ngx_http_request_t *r,
    ngx_http_coderemote_stream_start_t *start)
{
    ngx_int_t                       rc;
    ngx_str_t                       text;
    const char                     *field;
    ngx_table_elt_t                *h;
    ngx_http_coderemote_problem_t   problem;

    start->offset = 0;
    start->attempt = 0;
    start->told = NGX_HTTP_CODEREMOTE_STREAM_NONE;

    field = "Last-Event-ID";
    h = ngx_http_coderemote_header(r, "last-event-id", 13);

    if (h != NULL && h->value.len != 0) {
        text = h->value;

        if (ngx_http_coderemote_events_parse(&text, start) == NGX_OK) {

            /* an id without an attempt is of the first */

            if (start->attempt == 0) {
                start->attempt = 1;
            }

            return NGX_DECLINED;
        }

    } else {
        field = "offset";
        rc = ngx_http_coderemote_arg(r, "offset", &text);

        if (rc == NGX_ERROR) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (rc == NGX_DECLINED
            || ngx_http_coderemote_events_parse(&text, start) == NGX_OK)
        {
            return NGX_DECLINED;
        }
    }

    ngx_http_coderemote_problem(&problem, NGX_HTTP_CODEREMOTE_INVALID_FIELD,
                                field, "%s must be the id of an event: a "
                                "number of bytes of output", field);

    return ngx_http_coderemote_send_problem(r, &problem);
}


/* OFFSET or OFFSET.ATTEMPT */

static ngx_int_t
ngx_http_coderemote_events_parse(const ngx_str_t *text,
    ngx_http_coderemote_stream_start_t *start)
{
    off_t       offset;
    u_char     *dot, *last;
    ngx_int_t   attempt;

    last = text->data + text->len;
    dot = ngx_strlchr(text->data, last, '.');

    if (dot != NULL) {
        attempt = ngx_atoi(dot + 1, last - dot - 1);

        if (attempt == NGX_ERROR) {
            return NGX_ERROR;
        }

        start->attempt = attempt;
        last = dot;
    }

    offset = ngx_atoof(text->data, last - text->data);

    if (offset == (off_t) NGX_ERROR) {
        return NGX_ERROR;
    }

    start->offset = offset;

    return NGX_OK;
}


static ngx_http_coderemote_events_t *
ngx_http_coderemote_events_create(ngx_http_request_t *r)
{
    ngx_http_cleanup_t            *cln;
    ngx_pool_cleanup_t            *mem;
    ngx_http_coderemote_events_t  *e;

    e = ngx_pcalloc(r->pool, sizeof(ngx_http_coderemote_events_t));
    cln = ngx_http_cleanup_add(r, 0);
    mem = ngx_pool_cleanup_add(r->pool, 0);

    if (e == NULL || cln == NULL || mem == NULL) {
        return NULL;
    }

    e->request = r;
    e->conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);

    e->timer.handler = ngx_http_coderemote_events_timer_handler;
    e->timer.data = e;
    e->timer.log = r->connection->log;

    e->posted.handler = ngx_http_coderemote_events_posted_handler;
    e->posted.data = e;
    e->posted.log = r->connection->log;

    e->drain.handler = ngx_http_coderemote_events_drain_handler;
    e->drain.data = e;

    /* the batch outlives the stream: nginx may still have to send it */

    cln->handler = ngx_http_coderemote_events_cleanup;
    cln->data = e;

    mem->handler = ngx_http_coderemote_events_free;
    mem->data = e;

    ngx_cr_stats_add(NGX_CR_STAT_SSE_OPENED, 1);

    return e;
}


static ngx_int_t
ngx_http_coderemote_events_header(ngx_http_request_t *r)
{
    static const ngx_str_t  type = ngx_string("text/event-stream");

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_type = type;
    r->headers_out.content_type_len = type.len;
    r->headers_out.content_type_lowcase = NULL;

    ngx_http_clear_content_length(r);
    ngx_http_clear_accept_ranges(r);

    if (ngx_http_coderemote_add_header(r, "Cache-Control",
                                       (u_char *) "no-store", 8)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* a line must not wait for the acknowledgement of the one before */

    if (r->http_version <= NGX_HTTP_VERSION_11
        && ngx_tcp_nodelay(r->connection) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_send_header(r);
}


static void
ngx_http_coderemote_events_changed(ngx_cr_watch_t *watch)
{
    ngx_http_coderemote_events_t  *e;

    e = watch->data;

    /* else the write event will come, and its timer must not be put off */

    if (e->busy == NULL) {
        ngx_http_coderemote_events_turn(e);
    }
}


static void
ngx_http_coderemote_events_write_handler(ngx_http_request_t *r)
{
    ngx_event_t                   *wev;
    ngx_http_coderemote_ctx_t     *ctx;
    ngx_http_coderemote_events_t  *e;

    ctx = ngx_http_get_module_ctx(r, ngx_http_coderemote_module);
    e = ctx->data;
    wev = r->connection->write;

    if (wev->timedout) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, NGX_ETIMEDOUT,
                      "event stream client does not read");
        r->connection->timedout = 1;
        ngx_http_coderemote_events_finish(e, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (!wev->delayed) {
        ngx_http_coderemote_events_turn(e);
    }
}


static void
ngx_http_coderemote_events_timer_handler(ngx_event_t *ev)
{
    ngx_http_coderemote_events_t  *e;

    e = ev->data;

    if (e->jwt != NULL && ngx_cr_jwt_left(e->jwt) == 0) {
        e->expired = 1;

    } else {
        ngx_http_coderemote_events_beat(e);
    }

    /* a client that has not taken the last batch needs no sign of life */

    if (e->busy != NULL) {
        return;
    }

    if (!e->expired) {
        ngx_http_coderemote_events_text(e, ":\n\n");
    }

    ngx_http_coderemote_events_turn(e);
}


static void
ngx_http_coderemote_events_beat(ngx_http_coderemote_events_t *e)
{
    ngx_msec_t  wait;

    wait = NGX_HTTP_CODEREMOTE_EVENTS_BEAT;

    if (e->conf->ws_ping_interval != 0) {
        wait = ngx_min(wait, e->conf->ws_ping_interval);
    }

    if (e->jwt != NULL) {
        wait = ngx_min(wait, ngx_cr_jwt_left(e->jwt));
    }

    ngx_add_timer(&e->timer, wait);
}


static void
ngx_http_coderemote_events_posted_handler(ngx_event_t *ev)
{
    ngx_http_coderemote_events_turn(ev->data);
}


/* The worker shuts down: the client comes back to another one. */

static void
ngx_http_coderemote_events_drain_handler(ngx_cr_drain_t *drain)
{
    ngx_http_coderemote_events_t  *e;

    e = drain->data;
    e->last = 1;

    ngx_http_coderemote_events_turn(e);
}


/* Sends what it can; the only place where the stream ends of itself. */

static void
ngx_http_coderemote_events_turn(ngx_http_coderemote_events_t *e)
{
    size_t     sent;
    ngx_int_t  rc;

    for (sent = 0; !e->over; /* void */ ) {

        rc = ngx_http_coderemote_events_flush(e);

        if (rc == NGX_AGAIN) {
            ngx_http_coderemote_events_wait(e);
            return;
        }

        if (rc == NGX_ERROR || e->failed) {
            ngx_http_coderemote_events_finish(e, NGX_ERROR);
            return;
        }

        if (sent >= NGX_HTTP_CODEREMOTE_EVENTS_TURN) {
            ngx_post_event(&e->posted, &ngx_posted_next_events);
            return;
        }

        if (e->expired && !e->last) {
            ngx_http_coderemote_events_expire(e);

        } else if (!e->last) {
            ngx_http_coderemote_events_fill(e);
        }

        sent += e->out.last;

        if (e->failed) {
            continue;
        }

        if (e->last) {
            rc = ngx_http_coderemote_events_send(e);
            ngx_http_coderemote_events_finish(e, rc);
            return;
        }

        if (e->out.last == 0) {
            return;
        }

        if (ngx_http_coderemote_events_send(e) == NGX_ERROR) {
            e->failed = 1;
        }
    }
}


/* NGX_OK: the batch is gone; NGX_AGAIN; NGX_ERROR */

static ngx_int_t
ngx_http_coderemote_events_flush(ngx_http_coderemote_events_t *e)
{
    ngx_chain_t         *out;
    ngx_http_request_t  *r;

    if (e->busy == NULL) {
        return NGX_OK;
    }

    r = e->request;

    if (ngx_http_output_filter(r, NULL) == NGX_ERROR) {
        return NGX_ERROR;
    }

    out = NULL;
    ngx_chain_update_chains(r->pool, &e->free, &e->busy, &out,
                            (ngx_buf_tag_t) &ngx_http_coderemote_module);

    if (e->busy != NULL) {
        return NGX_AGAIN;
    }

    ngx_http_coderemote_out_free(&e->out);

    return NGX_OK;
}


/* Hands the batch to nginx; with e->last it is the end of the answer. */

static ngx_int_t
ngx_http_coderemote_events_send(ngx_http_coderemote_events_t *e)
{
    ngx_int_t            rc;
    ngx_buf_t           *b;
    ngx_chain_t         *out;
    ngx_http_request_t  *r;

    r = e->request;

    out = ngx_chain_get_free_buf(r->pool, &e->free);
    if (out == NULL) {
        return NGX_ERROR;
    }

    b = out->buf;

    ngx_memzero(b, sizeof(ngx_buf_t));

    b->tag = (ngx_buf_tag_t) &ngx_http_coderemote_module;
    b->start = e->out.data;
    b->pos = e->out.data;
    b->last = e->out.data + e->out.last;
    b->end = b->last;
    b->temporary = (e->out.last != 0);
    b->flush = 1;
    b->last_buf = e->last;
    b->last_in_chain = e->last;

    rc = ngx_http_output_filter(r, out);

    if (rc == NGX_ERROR || e->last) {
        return rc;
    }

    ngx_chain_update_chains(r->pool, &e->free, &e->busy, &out,
                            (ngx_buf_tag_t) &ngx_http_coderemote_module);

    if (e->busy == NULL) {
        ngx_http_coderemote_out_free(&e->out);
    }

    return NGX_OK;
}


/* A client that does not read has send_timeout to begin again. */

static void
ngx_http_coderemote_events_wait(ngx_http_coderemote_events_t *e)
{
    ngx_event_t               *wev;
    ngx_http_core_loc_conf_t  *clcf;

    wev = e->request->connection->write;
    clcf = ngx_http_get_module_loc_conf(e->request, ngx_http_core_module);

    if (!wev->delayed) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    if (ngx_handle_write_event(wev, clcf->send_lowat) != NGX_OK) {
        ngx_http_coderemote_events_finish(e, NGX_ERROR);
    }
}


static void
ngx_http_coderemote_events_fill(ngx_http_coderemote_events_t *e)
{
    ngx_event_t                           *wev;
    ngx_http_coderemote_stream_message_t   message;

    wev = e->request->connection->write;

    if (wev->timer_set && !wev->delayed) {
        ngx_del_timer(wev);
    }

    while (e->out.last < e->conf->ws_buffer && !e->failed) {

        switch (ngx_http_coderemote_stream_next(&e->stream, &message)) {

        case NGX_OK:
            ngx_http_coderemote_events_add(e, &message);
            break;

        case NGX_AGAIN:
            return;

        case NGX_DONE:
        case NGX_DECLINED:
            e->last = 1;
            return;

        default: /* NGX_ERROR */
            e->failed = 1;
            return;
        }
    }
}


static void
ngx_http_coderemote_events_add(ngx_http_coderemote_events_t *e,
    const ngx_http_coderemote_stream_message_t *message)
{
    u_char             *p;
    const ngx_chain_t  *cl;

    p = ngx_http_coderemote_out_reserve(&e->out,
                                        NGX_HTTP_CODEREMOTE_EVENTS_HEAD
                                        + message->len,
                                        e->request->connection->log);
    if (p == NULL) {
        e->failed = 1;
        return;
    }

    p = ngx_sprintf(p, "event: %s\nid: %uL", message->event, message->offset);

    if (message->attempt > 1) {
        p = ngx_sprintf(p, ".%ui", message->attempt);
    }

    p = ngx_cpymem(p, "\ndata: ", 7);

    /* JSON has no raw line feeds: it is one line */

    for (cl = message->json.first; cl != NULL; cl = cl->next) {
        p = ngx_cpymem(p, cl->buf->pos, cl->buf->last - cl->buf->pos);
    }

    *p++ = LF;
    *p++ = LF;

    e->out.last = p - e->out.data;
}


/* Without an id: the client comes back to where it was. */

static void
ngx_http_coderemote_events_expire(ngx_http_coderemote_events_t *e)
{
    ngx_http_coderemote_events_text(e, "event: error\ndata: "
        "{\"type\":\"error\",\"job_id\":\"");
    ngx_http_coderemote_events_bytes(e, e->stream.id, CR_ID_TEXT);
    ngx_http_coderemote_events_text(e, "\",\"code\":\"token_expired\","
        "\"detail\":\"the token has expired: come back with a newer one\"}"
        "\n\n");

    e->last = 1;
}


static void
ngx_http_coderemote_events_text(ngx_http_coderemote_events_t *e,
    const char *text)
{
    ngx_http_coderemote_events_bytes(e, (const u_char *) text,
                                     ngx_strlen(text));
}


static void
ngx_http_coderemote_events_bytes(ngx_http_coderemote_events_t *e,
    const u_char *data, size_t len)
{
    u_char  *p;

    p = ngx_http_coderemote_out_reserve(&e->out, len,
                                        e->request->connection->log);
    if (p == NULL) {
        e->failed = 1;
        return;
    }

    ngx_memcpy(p, data, len);
    e->out.last += len;
}


static void
ngx_http_coderemote_events_finish(ngx_http_coderemote_events_t *e,
    ngx_int_t rc)
{
    ngx_http_request_t  *r;

    r = e->request;

    ngx_http_coderemote_events_cleanup(e);
    ngx_http_coderemote_finish(r, rc);
}


static void
ngx_http_coderemote_events_cleanup(void *data)
{
    ngx_http_coderemote_events_t  *e = data;

    if (e->over) {
        return;
    }

    e->over = 1;

    ngx_http_coderemote_stream_close(&e->stream);

    if (e->timer.timer_set) {
        ngx_del_timer(&e->timer);
    }

    if (e->posted.posted) {
        ngx_delete_posted_event(&e->posted);
    }

    ngx_cr_drain_del(&e->drain);
    ngx_cr_stats_add(NGX_CR_STAT_SSE_CLOSED, 1);
}


static void
ngx_http_coderemote_events_free(void *data)
{
    ngx_http_coderemote_events_t  *e = data;

    ngx_http_coderemote_out_free(&e->out);
}
