
/*
 * What goes out on a WebSocket: messages and control frames into the
 * connection's buffer, the buffer into the socket.
 */


#include "ngx_http_coderemote_ws.h"
#include "ngx_cr_ws_deflate.h"
#include "ngx_cr_ws_frame.h"


/* shorter messages gain nothing from being compressed */

#define NGX_HTTP_CODEREMOTE_WS_DEFLATE_MIN  1024

/* unread bytes of answers that a client may let come together */

#define NGX_HTTP_CODEREMOTE_WS_ANSWERS_MAX  65536


static ngx_int_t ngx_http_coderemote_ws_compress(ngx_http_coderemote_ws_t *ws,
    const ngx_cr_json_t *json, size_t len);
static u_char *ngx_http_coderemote_ws_join(const ngx_chain_t *in, size_t len,
    ngx_pool_t *pool);
static u_char *ngx_http_coderemote_ws_copy(u_char *p, const ngx_chain_t *in);
static void ngx_http_coderemote_ws_answered(ngx_http_coderemote_ws_t *ws,
    size_t len);


void
ngx_http_coderemote_ws_send(ngx_http_coderemote_ws_t *ws,
    const ngx_cr_json_t *json, size_t len, ngx_uint_t answer)
{
    size_t   before;
    u_char  *p;

    if (ws->closing || ws->broken) {
        return;
    }

    before = ngx_http_coderemote_out_pending(&ws->out);

    if (!ws->deflate
        || len < NGX_HTTP_CODEREMOTE_WS_DEFLATE_MIN
        || ngx_http_coderemote_ws_compress(ws, json, len) != NGX_OK)
    {
        p = ngx_http_coderemote_ws_reserve(ws, NGX_CR_WS_HEADER_MAX + len);
        if (p == NULL) {
            return;
        }

        p = ngx_cr_ws_frame_header(p, NGX_CR_WS_FIN|NGX_CR_WS_TEXT, len);
        p = ngx_http_coderemote_ws_copy(p, json->first);
        ws->out.last = p - ws->out.data;
    }

    ngx_cr_stats_add(NGX_CR_STAT_WS_SENT, 1);

    if (answer) {
        ngx_http_coderemote_ws_answered(ws,
                      ngx_http_coderemote_out_pending(&ws->out) - before);
    }
}


/* NGX_DECLINED: to be sent as it is */

static ngx_int_t
ngx_http_coderemote_ws_compress(ngx_http_coderemote_ws_t *ws,
    const ngx_cr_json_t *json, size_t len)
{
    size_t      n;
    u_char     *in, *p, *head;
    ngx_int_t   rc;

    in = ngx_http_coderemote_ws_join(json->first, len, json->pool);
    if (in == NULL) {
        return NGX_DECLINED;
    }

    p = ngx_http_coderemote_ws_reserve(ws, NGX_CR_WS_HEADER_MAX + len);
    if (p == NULL) {
        return NGX_DECLINED;
    }

    rc = ngx_cr_ws_deflate(in, len, ws->window_bits,
                           p + NGX_CR_WS_HEADER_MAX, len, &n);

    if (rc != NGX_OK) {
        return NGX_DECLINED;
    }

    head = ngx_cr_ws_frame_header(p,
                               NGX_CR_WS_FIN|NGX_CR_WS_RSV1|NGX_CR_WS_TEXT, n);
    ngx_memmove(head, p + NGX_CR_WS_HEADER_MAX, n);

    ws->out.last = head + n - ws->out.data;

    return NGX_OK;
}


static u_char *
ngx_http_coderemote_ws_join(const ngx_chain_t *in, size_t len,
    ngx_pool_t *pool)
{
    u_char  *p;

    if (in->next == NULL) {
        return in->buf->pos;
    }

    p = ngx_pnalloc(pool, len);

    if (p != NULL) {
        (void) ngx_http_coderemote_ws_copy(p, in);
    }

    return p;
}


static u_char *
ngx_http_coderemote_ws_copy(u_char *p, const ngx_chain_t *in)
{
    for ( /* void */ ; in != NULL; in = in->next) {
        p = ngx_cpymem(p, in->buf->pos, in->buf->last - in->buf->pos);
    }

    return p;
}


void
ngx_http_coderemote_ws_control(ngx_http_coderemote_ws_t *ws,
    ngx_uint_t opcode, u_char *data, size_t len)
{
    u_char     *p, *last;
    ngx_str_t   payload;

    if (ws->closing || ws->broken) {
        return;
    }

    p = ngx_http_coderemote_ws_reserve(ws, NGX_CR_WS_CONTROL_FRAME_MAX);
    if (p == NULL) {
        return;
    }

    payload.data = data;
    payload.len = len;

    last = ngx_cr_ws_frame_control(p, opcode, &payload);
    if (last == NULL) {
        return;
    }

    ws->out.last = last - ws->out.data;

    if (opcode == NGX_CR_WS_PONG) {
        ngx_http_coderemote_ws_answered(ws, last - p);
    }
}


void
ngx_http_coderemote_ws_close_frame(ngx_http_coderemote_ws_t *ws,
    ngx_uint_t code, const char *reason)
{
    u_char     *p, *last;
    ngx_str_t   text;

    p = ngx_http_coderemote_ws_reserve(ws, NGX_CR_WS_CONTROL_FRAME_MAX);
    if (p == NULL) {
        return;
    }

    text.data = (u_char *) reason;
    text.len = (reason == NULL) ? 0 : ngx_strlen(reason);

    last = ngx_cr_ws_frame_close(p, code, &text);

    if (last == NULL) {
        last = ngx_cr_ws_frame_close(p, NGX_CR_WS_CLOSE_INTERNAL, NULL);
    }

    ws->out.last = last - ws->out.data;
}


/*
 * An answer was written.  Whatever was sent counts as answers, so a client
 * that reads at all gets on with it, and one that does not read has at most
 * these above ws_buffer.
 */

static void
ngx_http_coderemote_ws_answered(ngx_http_coderemote_ws_t *ws, size_t len)
{
    ws->answers += len;

    if (ws->answers <= NGX_HTTP_CODEREMOTE_WS_ANSWERS_MAX) {
        return;
    }

    if (ngx_http_coderemote_ws_flush(ws) == NGX_AGAIN
        && ws->answers > NGX_HTTP_CODEREMOTE_WS_ANSWERS_MAX)
    {
        ngx_http_coderemote_ws_close(ws, NGX_CR_WS_CLOSE_POLICY,
                                     "you ask much and read nothing");
    }
}


u_char *
ngx_http_coderemote_ws_reserve(ngx_http_coderemote_ws_t *ws, size_t n)
{
    u_char  *p;

    if (ngx_http_coderemote_out_pending(&ws->out) == 0) {
        ws->moved = ngx_current_msec;
    }

    p = ngx_http_coderemote_out_reserve(&ws->out, n,
                                        ws->request->connection->log);
    if (p == NULL) {
        ws->broken = 1;
    }

    return p;
}


ngx_int_t
ngx_http_coderemote_ws_flush(ngx_http_coderemote_ws_t *ws)
{
    size_t             pending;
    ssize_t            n;
    ngx_connection_t  *c;

    c = ws->request->connection;

    for ( ;; ) {
        pending = ngx_http_coderemote_out_pending(&ws->out);

        if (pending == 0) {
            return NGX_OK;
        }

        if (!c->write->ready) {
            return NGX_AGAIN;
        }

        n = c->send(c, ws->out.data + ws->out.pos, pending);

        if (n == NGX_ERROR) {
            ws->broken = 1;
            return NGX_ERROR;
        }

        if (n == NGX_AGAIN || n == 0) {
            return NGX_AGAIN;
        }

        ws->moved = ngx_current_msec;
        ws->answers -= ngx_min(ws->answers, (size_t) n);
        ngx_http_coderemote_out_sent(&ws->out, n);
    }
}
