
/*
 * Bytes on their way to a client.
 *
 * Most of what is written is sent within the same turn of the event loop, so
 * one block of memory goes round among all connections of the process: who
 * writes takes it, who has sent everything gives it back.
 */


#include "ngx_http_coderemote_stream_out.h"


#define NGX_HTTP_CODEREMOTE_OUT_BLOCK  65536


static size_t ngx_http_coderemote_out_grown(ngx_http_coderemote_out_t *out,
    size_t need);
static u_char *ngx_http_coderemote_out_take(size_t size, ngx_log_t *log);
static void ngx_http_coderemote_out_give(u_char *data, size_t size);


static u_char  *ngx_http_coderemote_out_spare;


u_char *
ngx_http_coderemote_out_reserve(ngx_http_coderemote_out_t *out, size_t n,
    ngx_log_t *log)
{
    size_t   pending, size;
    u_char  *data;

    if (n <= out->size - out->last) {
        return out->data + out->last;
    }

    pending = ngx_http_coderemote_out_pending(out);

    if (n > NGX_MAX_INT32_VALUE - pending) {
        return NULL;
    }

    /* moving costs no more than what was sent since the last move */

    if (n <= out->size - pending && out->pos >= pending) {
        ngx_memmove(out->data, out->data + out->pos, pending);
        out->pos = 0;
        out->last = pending;
        return out->data + pending;
    }

    size = ngx_http_coderemote_out_grown(out, pending + n);

    data = ngx_http_coderemote_out_take(size, log);
    if (data == NULL) {
        return NULL;
    }

    if (out->data != NULL) {
        ngx_memcpy(data, out->data + out->pos, pending);
        ngx_http_coderemote_out_give(out->data, out->size);
    }

    out->data = data;
    out->pos = 0;
    out->last = pending;
    out->size = size;

    return data + pending;
}


void
ngx_http_coderemote_out_sent(ngx_http_coderemote_out_t *out, size_t n)
{
    out->pos += n;

    if (out->pos == out->last) {
        ngx_http_coderemote_out_free(out);
    }
}


void
ngx_http_coderemote_out_settle(ngx_http_coderemote_out_t *out,
    ngx_log_t *log)
{
    size_t   pending;
    u_char  *data;

    pending = ngx_http_coderemote_out_pending(out);

    if (out->data == NULL
        || (out->size != NGX_HTTP_CODEREMOTE_OUT_BLOCK
            && pending > out->size / 2))
    {
        return;
    }

    data = ngx_alloc(pending, log);
    if (data == NULL) {
        return;
    }

    ngx_memcpy(data, out->data + out->pos, pending);
    ngx_http_coderemote_out_give(out->data, out->size);

    out->data = data;
    out->pos = 0;
    out->last = pending;
    out->size = pending;
}


void
ngx_http_coderemote_out_free(ngx_http_coderemote_out_t *out)
{
    if (out->data != NULL) {
        ngx_http_coderemote_out_give(out->data, out->size);
    }

    ngx_memzero(out, sizeof(ngx_http_coderemote_out_t));
}


static size_t
ngx_http_coderemote_out_grown(ngx_http_coderemote_out_t *out, size_t need)
{
    size_t  size;

    if (need <= NGX_HTTP_CODEREMOTE_OUT_BLOCK) {
        return NGX_HTTP_CODEREMOTE_OUT_BLOCK;
    }

    size = out->size + out->size / 2;

    return ngx_max(size, need);
}


static u_char *
ngx_http_coderemote_out_take(size_t size, ngx_log_t *log)
{
    u_char  *data;

    if (size != NGX_HTTP_CODEREMOTE_OUT_BLOCK
        || ngx_http_coderemote_out_spare == NULL)
    {
        return ngx_alloc(size, log);
    }

    data = ngx_http_coderemote_out_spare;
    ngx_http_coderemote_out_spare = NULL;

    return data;
}


static void
ngx_http_coderemote_out_give(u_char *data, size_t size)
{
    if (size == NGX_HTTP_CODEREMOTE_OUT_BLOCK
        && ngx_http_coderemote_out_spare == NULL)
    {
        ngx_http_coderemote_out_spare = data;
        return;
    }

    ngx_free(data);
}
