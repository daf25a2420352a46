
/*
 * The life of a request: its body is read without nginx's temporary files
 * into one piece of memory, and it may be held until a job is finished.  The
 * only file that counts references of r.
 */


#include "ngx_http_coderemote.h"


#define NGX_HTTP_CODEREMOTE_BODY_MIN  4096


static ngx_int_t ngx_http_coderemote_check_type(ngx_http_request_t *r,
    ngx_uint_t strict);
static size_t ngx_http_coderemote_body_max(ngx_http_request_t *r);
static ngx_uint_t ngx_http_coderemote_is_utf8(const u_char *p, size_t len);
static void ngx_http_coderemote_body_start(ngx_http_request_t *r);
static void ngx_http_coderemote_body_more(ngx_http_request_t *r);
static void ngx_http_coderemote_body_end(ngx_http_request_t *r);
static ngx_int_t ngx_http_coderemote_body_take(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx);
static ngx_int_t ngx_http_coderemote_body_room(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx, size_t len);
static ngx_int_t ngx_http_coderemote_body_handle(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx);
static ngx_int_t ngx_http_coderemote_too_large(ngx_http_request_t *r);


ngx_http_coderemote_ctx_t *
ngx_http_coderemote_get_ctx(ngx_http_request_t *r)
{
    ngx_http_coderemote_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_coderemote_module);

    if (ctx == NULL) {
        ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_coderemote_ctx_t));
        if (ctx == NULL) {
            return NULL;
        }

        ngx_http_set_ctx(r, ctx, ngx_http_coderemote_module);
    }

    return ctx;
}


void
ngx_http_coderemote_hold(ngx_http_request_t *r)
{
    ngx_event_t  *rev;

    r->main->count++;

    if (r->discard_body) {
        return;
    }

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    /* it may have gone while nobody looked: no second event comes */

    rev = r->connection->read;

    if (rev->pending_eof && !rev->posted) {
        ngx_post_event(rev, &ngx_posted_events);
    }
}


void
ngx_http_coderemote_finish(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_connection_t  *c;

    c = r->connection;

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


ngx_int_t
ngx_http_coderemote_read_body(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_http_coderemote_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_coderemote_module);

    rc = ngx_http_coderemote_check_type(r, ctx->route->flags
                                           & NGX_HTTP_CODEREMOTE_ROUTE_SIGN);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (r->headers_in.content_length_n
        > (off_t) ngx_http_coderemote_body_max(r))
    {
        return ngx_http_coderemote_too_large(r);
    }

    /* in parts, by our own reading: limits and errors stay ours */

    r->request_body_no_buffering = 1;

    rc = ngx_http_read_client_request_body(r, ngx_http_coderemote_body_start);

    if (rc == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
        r->reading_body = 1;
        return ngx_http_coderemote_too_large(r);
    }

    return (rc >= NGX_HTTP_SPECIAL_RESPONSE) ? rc : NGX_DONE;
}


static size_t
ngx_http_coderemote_body_max(ngx_http_request_t *r)
{
    ngx_http_coderemote_ctx_t       *ctx;
    ngx_http_coderemote_loc_conf_t  *conf;

    ctx = ngx_http_get_module_ctx(r, ngx_http_coderemote_module);
    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);

    return (ctx->route->flags & NGX_HTTP_CODEREMOTE_ROUTE_SIGN)
           ? NGX_HTTP_CODEREMOTE_SIGN_SIZE_MAX : conf->max_body_size;
}


/*
 * JSON, or what curl -d says when it is told nothing: a page of another site
 * could send that without a preflight, but not with our Origin.  Strict: JSON
 * alone.
 */

static ngx_int_t
ngx_http_coderemote_check_type(ngx_http_request_t *r, ngx_uint_t strict)
{
    size_t      len;
    u_char     *p, *last;
    ngx_str_t  *type;
    ngx_str_t   none = ngx_null_string;

    if (r->headers_in.content_type == NULL && !strict) {
        return NGX_DECLINED;
    }

    type = (r->headers_in.content_type != NULL)
           ? &r->headers_in.content_type->value : &none;

    p = type->data;
    last = p + type->len;

    while (p < last && *p != ';' && *p != ' ') {
        p++;
    }

    len = p - type->data;

    if (len == 16
        && ngx_strncasecmp(type->data, (u_char *) "application/json", 16) == 0)
    {
        if (ngx_http_coderemote_is_utf8(p, last - p)) {
            return NGX_DECLINED;
        }

        return ngx_http_coderemote_refuse(r,
                   NGX_HTTP_CODEREMOTE_UNSUPPORTED_MEDIA_TYPE,
                   "JSON is sent as UTF-8: leave the charset out");
    }

    if (len == 33 && !strict
        && ngx_strncasecmp(type->data,
                           (u_char *) "application/x-www-form-urlencoded", 33)
           == 0)
    {
        return NGX_DECLINED;
    }

    return ngx_http_coderemote_refuse(r,
               NGX_HTTP_CODEREMOTE_UNSUPPORTED_MEDIA_TYPE,
               "send a JSON object with \"Content-Type: application/json\"");
}


/* parameters of the type: charset absent, or utf-8 */

static ngx_uint_t
ngx_http_coderemote_is_utf8(const u_char *p, size_t len)
{
    u_char  *q, *last;

    last = (u_char *) p + len;

    q = ngx_strlcasestrn((u_char *) p, last, (u_char *) "charset=", 8 - 1);
    if (q == NULL) {
        return 1;
    }

    q += 8;

    if (q < last && *q == '"') {
        q++;
    }

    return last - q >= 5 && ngx_strncasecmp(q, (u_char *) "utf-8", 5) == 0;
}


/*
 * Called once, with the whole body or with its beginning; maybe from within
 * the content handler, so posted requests are left to nginx's own caller.
 */

static void
ngx_http_coderemote_body_start(ngx_http_request_t *r)
{
    if (r->reading_body) {
        r->read_event_handler = ngx_http_coderemote_body_more;
        ngx_http_coderemote_body_more(r);
        return;
    }

    ngx_http_coderemote_body_end(r);
}


static void
ngx_http_coderemote_body_more(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_http_coderemote_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_coderemote_module);

    do {
        rc = ngx_http_coderemote_body_take(r, ctx);
        if (rc != NGX_OK) {
            goto failed;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

    } while (rc == NGX_AGAIN && r->request_body->bufs != NULL);

    if (rc == NGX_AGAIN) {
        return;
    }

    if (rc == NGX_OK) {
        ngx_http_coderemote_body_end(r);
        return;
    }

failed:

    if (rc == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
        rc = ngx_http_coderemote_too_large(r);
    }

    ngx_http_finalize_request(r, rc);
}


static void
ngx_http_coderemote_body_end(ngx_http_request_t *r)
{
    ngx_int_t                   rc;
    ngx_http_coderemote_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_coderemote_module);

    rc = ngx_http_coderemote_body_take(r, ctx);

    if (rc == NGX_OK) {
        rc = ngx_http_coderemote_body_handle(r, ctx);

    } else if (rc == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
        rc = ngx_http_coderemote_too_large(r);
    }

    ngx_http_finalize_request(r, rc);
}


/* a body that came as one piece is used where it is */

static ngx_int_t
ngx_http_coderemote_body_take(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx)
{
    size_t        n;
    ngx_buf_t    *b;
    ngx_int_t     rc;
    ngx_chain_t  *cl;

    cl = r->request_body->bufs;

    if (!r->reading_body && cl != NULL && cl->next == NULL
        && ctx->read.data == NULL && !cl->buf->in_file)
    {
        ctx->read.data = cl->buf->pos;
        ctx->read.len = cl->buf->last - cl->buf->pos;
        return NGX_OK;
    }

    for ( /* void */ ; cl != NULL; cl = cl->next) {
        b = cl->buf;
        n = b->last - b->pos;

        rc = ngx_http_coderemote_body_room(r, ctx, n);
        if (rc != NGX_OK) {
            return rc;
        }

        ngx_memcpy(ctx->read.data + ctx->read.len, b->pos, n);
        ctx->read.len += n;

        if (ctx->route->flags & NGX_HTTP_CODEREMOTE_ROUTE_SIGN) {
            explicit_bzero(b->pos, n);
        }

        b->pos = b->last;
    }

    r->request_body->bufs = NULL;

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_body_room(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx, size_t len)
{
    size_t   size;
    u_char  *p;

    if (len > ngx_http_coderemote_body_max(r) - ctx->read.len) {
        return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
    }

    if (len <= ctx->size - ctx->read.len) {
        return NGX_OK;
    }

    size = ctx->read.len + len;

    if (r->headers_in.content_length_n > (off_t) size) {
        size = r->headers_in.content_length_n;

    } else {
        size = ngx_max(size * 2, NGX_HTTP_CODEREMOTE_BODY_MIN);
    }

    p = ngx_palloc(r->pool, size);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->read.len != 0) {
        ngx_memcpy(p, ctx->read.data, ctx->read.len);

        if (ctx->route->flags & NGX_HTTP_CODEREMOTE_ROUTE_SIGN) {
            explicit_bzero(ctx->read.data, ctx->read.len);
        }

        (void) ngx_pfree(r->pool, ctx->read.data);
    }

    ctx->read.data = p;
    ctx->size = size;

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_body_handle(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx)
{
    u_char                          text[256];
    ngx_int_t                        rc;
    ngx_str_t                        detail;
    ngx_uint_t                       bad_utf8, secret;
    ngx_http_coderemote_problem_t    problem;

    detail.data = text;
    detail.len = sizeof(text);

    secret = ctx->route->flags & NGX_HTTP_CODEREMOTE_ROUTE_SIGN;
    bad_utf8 = 0;

    ctx->body = (secret && ctx->read.len == 0) ? json_object()
                : ngx_cr_json_decode(ctx->read.data, ctx->read.len, &bad_utf8,
                                     &detail);

    if (secret) {
        explicit_bzero(ctx->read.data, ctx->read.len);
    }

    if (ctx->body == NULL) {
        ngx_http_coderemote_problem(&problem,
                                    bad_utf8 ? NGX_HTTP_CODEREMOTE_INVALID_UTF8
                                           : NGX_HTTP_CODEREMOTE_INVALID_JSON,
                                    NULL, "the body must be a JSON object in "
                                    "UTF-8: %V", &detail);

        return ngx_http_coderemote_send_problem(r, &problem);
    }

    rc = ctx->route->handler(r, ctx);

    if (secret) {
        ngx_cr_cognito_wipe(ctx->body);
    }

    json_decref(ctx->body);
    ctx->body = NULL;

    return rc;
}


static ngx_int_t
ngx_http_coderemote_too_large(ngx_http_request_t *r)
{
    ngx_http_coderemote_ctx_t      *ctx;
    ngx_http_coderemote_problem_t   problem;

    ctx = ngx_http_get_module_ctx(r, ngx_http_coderemote_module);

    /* a body that is half read cannot be skipped: nginx closes gently */

    if (r->reading_body) {
        r->keepalive = 0;
    }

    ngx_http_coderemote_problem(&problem, NGX_HTTP_CODEREMOTE_TOO_LARGE, NULL,
                                "the body must not be over %uz bytes%s",
                                ngx_http_coderemote_body_max(r),
                                (ctx->route->flags
                                 & NGX_HTTP_CODEREMOTE_ROUTE_SIGN)
                                ? "" : " (coderemote_max_body_size)");

    return ngx_http_coderemote_send_problem(r, &problem);
}
