
/*
 * permessage-deflate, RFC 7692 section 7.2: a message is raw DEFLATE data
 * that ends with an empty stored block, whose last four bytes are not sent.
 */


#include "ngx_cr_ws_deflate.h"

#include <zlib.h>


/* output between two looks at its size and its text */

#define NGX_CR_WS_INFLATE_STEP    8192

/*
 * Level 1 since latency is what counts here; with 2^12 bytes of window a
 * memory level of 5 makes hash, window and pending buffer 8 KiB each.
 */

#define NGX_CR_WS_DEFLATE_LEVEL   1
#define NGX_CR_WS_DEFLATE_MEMORY  5


static ngx_uint_t ngx_cr_ws_inflate_part(z_stream *z, const u_char *in,
    size_t len, ngx_cr_ws_buf_t *out, size_t max, ngx_cr_ws_utf8_t *utf8);
static ngx_uint_t ngx_cr_ws_inflate_room(z_stream *z, ngx_cr_ws_buf_t *out,
    size_t max, u_char *spare);
static ngx_uint_t ngx_cr_ws_inflate_taken(z_stream *z, ngx_cr_ws_buf_t *out,
    const u_char *spare, ngx_cr_ws_utf8_t *utf8);


static const u_char  ngx_cr_ws_tail[] = { 0x00, 0x00, 0xff, 0xff };


ngx_uint_t
ngx_cr_ws_inflate(const u_char *in, size_t len, ngx_cr_ws_buf_t *out,
    size_t max, ngx_cr_ws_utf8_t *utf8)
{
    z_stream    z;
    ngx_uint_t  code;

    if (len > NGX_MAX_UINT32_VALUE) {
        return NGX_CR_WS_CLOSE_TOO_BIG;
    }

    ngx_memzero(&z, sizeof(z_stream));

    /* the largest window also reads what was made with a smaller one */

    if (inflateInit2(&z, -MAX_WBITS) != Z_OK) {
        return NGX_CR_WS_CLOSE_INTERNAL;
    }

    code = ngx_cr_ws_inflate_part(&z, in, len, out, max, utf8);

    if (code == 0) {
        code = ngx_cr_ws_inflate_part(&z, ngx_cr_ws_tail,
                                      sizeof(ngx_cr_ws_tail), out, max, utf8);
    }

    /*
     * zlib tells in data_type where it stopped: bit 7 set and bits 0..2
     * clear is between two blocks, with no bits left.  Anything else is a
     * message that was cut within a block.
     */

    if (code == 0 && (z.data_type & 0x87) != 0x80) {
        code = NGX_CR_WS_CLOSE_INVALID;
    }

    if (code == 0 && utf8 != NULL && utf8->need != 0) {
        code = NGX_CR_WS_CLOSE_INVALID;
    }

    (void) inflateEnd(&z);

    return code;
}


ngx_int_t
ngx_cr_ws_deflate(const u_char *in, size_t len, ngx_uint_t window_bits,
    u_char *out, size_t size, size_t *n)
{
    int       rc;
    z_stream  z;

    if (len > NGX_MAX_UINT32_VALUE || size > NGX_MAX_UINT32_VALUE) {
        return NGX_DECLINED;
    }

    ngx_memzero(&z, sizeof(z_stream));

    rc = deflateInit2(&z, NGX_CR_WS_DEFLATE_LEVEL, Z_DEFLATED,
                      -(int) window_bits, NGX_CR_WS_DEFLATE_MEMORY,
                      Z_DEFAULT_STRATEGY);
    if (rc != Z_OK) {
        return NGX_ERROR;
    }

    z.next_in = (Bytef *) in;
    z.avail_in = (uInt) len;
    z.next_out = out;
    z.avail_out = (uInt) size;

    /*
     * Unless room is left the flush may be incomplete.  An error can only
     * be Z_BUF_ERROR, of a size of 0.  Z_DATA_ERROR of deflateEnd() says
     * that the stream was not finished: so it is meant.
     */

    rc = deflate(&z, Z_SYNC_FLUSH);

    (void) deflateEnd(&z);

    if (rc != Z_OK || z.avail_out == 0) {
        return NGX_DECLINED;
    }

    *n = size - z.avail_out - sizeof(ngx_cr_ws_tail);

    return NGX_OK;
}


/* Returns 0 when all of in was taken, or a close code. */

static ngx_uint_t
ngx_cr_ws_inflate_part(z_stream *z, const u_char *in, size_t len,
    ngx_cr_ws_buf_t *out, size_t max, ngx_cr_ws_utf8_t *utf8)
{
    int         rc;
    u_char      spare;
    ngx_uint_t  code;

    z->next_in = (Bytef *) in;
    z->avail_in = (uInt) len;

    for ( ;; ) {

        code = ngx_cr_ws_inflate_room(z, out, max, &spare);
        if (code != 0) {
            return code;
        }

        rc = inflate(z, Z_SYNC_FLUSH);

        code = ngx_cr_ws_inflate_taken(z, out, &spare, utf8);
        if (code != 0) {
            return code;
        }

        if (rc == Z_MEM_ERROR) {
            return NGX_CR_WS_CLOSE_INTERNAL;
        }

        if (rc == Z_STREAM_END) {

            /*
             * A block with BFINAL does not end the message, RFC 7692
             * section 7.2.3.4; the rest of its last byte is padding.
             */

            (void) inflateReset(z);
            z->data_type = 0x80;

        } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
            return NGX_CR_WS_CLOSE_INVALID;
        }

        if (z->avail_in == 0 && (z->avail_out != 0 || rc != Z_OK)) {
            return 0;
        }
    }
}


/* Gives zlib a place to write to, at the limit one byte to show excess. */

static ngx_uint_t
ngx_cr_ws_inflate_room(z_stream *z, ngx_cr_ws_buf_t *out, size_t max,
    u_char *spare)
{
    size_t  n;

    if (out->len >= max) {
        z->next_out = spare;
        z->avail_out = 1;
        return 0;
    }

    if (ngx_cr_ws_buf_reserve(out, 1, max) != NGX_OK) {
        return NGX_CR_WS_CLOSE_INTERNAL;
    }

    n = ngx_min(out->size, max) - out->len;

    z->next_out = out->data + out->len;
    z->avail_out = (uInt) ngx_min(n, NGX_CR_WS_INFLATE_STEP);

    return 0;
}


static ngx_uint_t
ngx_cr_ws_inflate_taken(z_stream *z, ngx_cr_ws_buf_t *out,
    const u_char *spare, ngx_cr_ws_utf8_t *utf8)
{
    size_t   n;
    u_char  *begin;

    if (z->next_out == spare) {
        return 0;
    }

    if (z->next_out == spare + 1) {
        return NGX_CR_WS_CLOSE_TOO_BIG;
    }

    begin = out->data + out->len;
    n = z->next_out - begin;
    out->len += n;

    if (utf8 != NULL && ngx_cr_ws_utf8_feed(utf8, begin, n) == NGX_ERROR) {
        return NGX_CR_WS_CLOSE_INVALID;
    }

    return 0;
}
