
/* Reads whole messages, see the header. */


#include "ngx_cr_ws_deflate.h"
#include "ngx_cr_ws_reader.h"


static ngx_int_t ngx_cr_ws_reader_data(ngx_cr_ws_reader_t *r,
    ngx_cr_ws_event_t *ev);
static ngx_int_t ngx_cr_ws_reader_message(ngx_cr_ws_reader_t *r,
    ngx_cr_ws_event_t *ev);
static ngx_int_t ngx_cr_ws_reader_fail(ngx_cr_ws_reader_t *r,
    ngx_uint_t code);


void
ngx_cr_ws_reader_init(ngx_cr_ws_reader_t *r, size_t max, ngx_uint_t deflate,
    ngx_cr_ws_resize_pt resize, void *ctx)
{
    ngx_cr_ws_parser_init(&r->parser, max, deflate);
    ngx_cr_ws_buf_init(&r->payload, resize, ctx);
    ngx_cr_ws_buf_init(&r->plain, resize, ctx);

    r->opcode = 0;
    r->compressed = 0;
    r->taken = 0;
}


ngx_int_t
ngx_cr_ws_reader_next(ngx_cr_ws_reader_t *r, u_char **pos, u_char *last,
    ngx_cr_ws_event_t *ev)
{
    ngx_int_t  rc;

    if (r->taken) {
        r->taken = 0;
        ngx_cr_ws_reader_done(r);
    }

    for ( ;; ) {

        rc = ngx_cr_ws_parser_next(&r->parser, pos, last, ev);

        if (rc == NGX_DONE || rc == NGX_ERROR) {
            ngx_cr_ws_reader_done(r);
        }

        if (rc != NGX_OK) {
            return rc;
        }

        switch (ev->type) {

        case NGX_CR_WS_EV_START:
            r->opcode = ev->opcode;
            r->compressed = (ev->compressed != 0);
            break;

        case NGX_CR_WS_EV_DATA:
            if (ngx_cr_ws_reader_data(r, ev) != NGX_OK) {
                return NGX_ERROR;
            }

            break;

        case NGX_CR_WS_EV_END:
            return ngx_cr_ws_reader_message(r, ev);

        default:
            return NGX_OK;
        }
    }
}


static ngx_int_t
ngx_cr_ws_reader_data(ngx_cr_ws_reader_t *r, ngx_cr_ws_event_t *ev)
{
    switch (ngx_cr_ws_buf_append(&r->payload, ev->data, ev->len,
                                 r->parser.max_deflated))
    {
    case NGX_OK:
        return NGX_OK;

    case NGX_DECLINED:   /* the limit was lowered within the message */
        return ngx_cr_ws_reader_fail(r, NGX_CR_WS_CLOSE_TOO_BIG);

    default:
        return ngx_cr_ws_reader_fail(r, NGX_CR_WS_CLOSE_INTERNAL);
    }
}


static ngx_int_t
ngx_cr_ws_reader_message(ngx_cr_ws_reader_t *r, ngx_cr_ws_event_t *ev)
{
    ngx_uint_t         code;
    ngx_cr_ws_buf_t   *b;
    ngx_cr_ws_utf8_t   utf8;

    b = &r->payload;

    if (r->compressed) {
        ngx_cr_ws_utf8_init(&utf8);

        b = &r->plain;
        code = ngx_cr_ws_inflate(r->payload.data, r->payload.len, b,
                                 r->parser.max,
                                 (r->opcode == NGX_CR_WS_TEXT) ? &utf8
                                                               : NULL);
        if (code != 0) {
            return ngx_cr_ws_reader_fail(r, code);
        }

        ngx_cr_ws_buf_free(&r->payload);
    }

    r->taken = 1;

    ev->type = NGX_CR_WS_EV_MESSAGE;
    ev->opcode = r->opcode;
    ev->len = b->len;

    /* an empty message has no buffer, but is not nowhere */

    ev->data = (b->data != NULL) ? b->data : r->parser.control;

    return NGX_OK;
}


static ngx_int_t
ngx_cr_ws_reader_fail(ngx_cr_ws_reader_t *r, ngx_uint_t code)
{
    const char  *error;

    switch (code) {

    case NGX_CR_WS_CLOSE_INVALID:
        error = "compressed message is not valid";
        break;

    case NGX_CR_WS_CLOSE_TOO_BIG:
        error = "message is too big";
        break;

    default:
        error = "no memory for the message";
        break;
    }

    ngx_cr_ws_parser_abort(&r->parser, code, error);
    ngx_cr_ws_reader_done(r);

    return NGX_ERROR;
}


void
ngx_cr_ws_reader_done(ngx_cr_ws_reader_t *r)
{
    ngx_cr_ws_buf_free(&r->payload);
    ngx_cr_ws_buf_free(&r->plain);
}
