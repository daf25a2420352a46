
/*
 * The growing buffer of a message: it doubles as data arrives, so a peer
 * that only announces a large frame makes nobody allocate it.
 */


#include "ngx_cr_ws.h"


#define NGX_CR_WS_BUF_FIRST  512


void
ngx_cr_ws_buf_init(ngx_cr_ws_buf_t *b, ngx_cr_ws_resize_pt resize, void *ctx)
{
    b->data = NULL;
    b->len = 0;
    b->size = 0;
    b->resize = resize;
    b->ctx = ctx;
}


ngx_int_t
ngx_cr_ws_buf_reserve(ngx_cr_ws_buf_t *b, size_t n, size_t max)
{
    void    *p;
    size_t   size;

    if (b->len > max || n > max - b->len) {
        return NGX_DECLINED;
    }

    if (n <= b->size - b->len) {
        return NGX_OK;
    }

    size = (b->size > max / 2) ? max : b->size * 2;

    if (size < NGX_CR_WS_BUF_FIRST && max >= NGX_CR_WS_BUF_FIRST) {
        size = NGX_CR_WS_BUF_FIRST;
    }

    if (size < b->len + n) {
        size = b->len + n;
    }

    p = b->resize(b->ctx, b->data, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    b->data = p;
    b->size = size;

    return NGX_OK;
}


ngx_int_t
ngx_cr_ws_buf_append(ngx_cr_ws_buf_t *b, const u_char *p, size_t len,
    size_t max)
{
    ngx_int_t  rc;

    rc = ngx_cr_ws_buf_reserve(b, len, max);
    if (rc != NGX_OK) {
        return rc;
    }

    if (len != 0) {
        ngx_memcpy(b->data + b->len, p, len);
        b->len += len;
    }

    return NGX_OK;
}


void
ngx_cr_ws_buf_free(ngx_cr_ws_buf_t *b)
{
    if (b->data != NULL) {
        b->resize(b->ctx, b->data, 0);
    }

    b->data = NULL;
    b->len = 0;
    b->size = 0;
}
