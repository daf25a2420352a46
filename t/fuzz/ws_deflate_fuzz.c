
/*
 * permessage-deflate.  Byte 0 chooses: expand the rest of the input under a
 * limit, or compress it and expand it again.
 *
 * Holds: never above the limit, nothing left allocated, zlib itself agrees
 * on what a valid message expands to, and inflate(deflate(x)) == x.
 *
 * sources: ngx_http_coderemote_module/ws/ngx_cr_ws_deflate.c
 * sources: ngx_http_coderemote_module/ws/ngx_cr_ws_buf.c
 * sources: ngx_http_coderemote_module/ws/ngx_cr_ws_utf8.c
 * libs: -lz
 * with: nginx
 * max: 16384
 */


#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "ngx_cr_ws_deflate.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void *
resize(void *ctx, void *p, size_t size)
{
    (void) ctx;

    if (size == 0) {
        free(p);
        return NULL;
    }

    return realloc(p, size);
}


static void
promise(int kept)
{
    if (!kept) {
        abort();
    }
}


/* The first block sequence by zlib alone: the beginning of what we said. */

static void
agrees(const uint8_t *data, size_t size, const ngx_cr_ws_buf_t *out)
{
    u_char    *plain;
    size_t     n;
    z_stream   z;

    plain = malloc(out->len + 1);
    memset(&z, 0, sizeof(z));
    promise(inflateInit2(&z, -15) == Z_OK);

    z.next_in = (Bytef *) data;
    z.avail_in = (uInt) size;
    z.next_out = plain;
    z.avail_out = (uInt) out->len + 1;

    (void) inflate(&z, Z_SYNC_FLUSH);

    n = out->len + 1 - z.avail_out;
    promise(n <= out->len);
    promise(n == 0 || memcmp(plain, out->data, n) == 0);

    inflateEnd(&z);
    free(plain);
}


static void
expand(const uint8_t *data, size_t size, size_t max, int text)
{
    size_t             n;
    ngx_uint_t         code;
    ngx_cr_ws_buf_t    out;
    ngx_cr_ws_utf8_t   utf8;

    ngx_cr_ws_utf8_init(&utf8);
    ngx_cr_ws_buf_init(&out, resize, NULL);

    code = ngx_cr_ws_inflate(data, size, &out, max, text ? &utf8 : NULL);

    promise(code == 0 || code == 1007 || code == 1009);
    promise(out.len <= max && out.size <= max);

    if (code == 0) {
        agrees(data, size, &out);

        if (text) {
            promise(out.len == 0
                    || ngx_cr_ws_utf8_prefix(out.data, out.len, &n)
                       == NGX_OK);
        }
    }

    ngx_cr_ws_buf_free(&out);
}


static void
there_and_back(const uint8_t *data, size_t size, ngx_uint_t bits,
    ngx_uint_t repeat)
{
    u_char           *in, *small;
    size_t            len, n;
    ngx_int_t         rc;
    ngx_uint_t        i;
    ngx_cr_ws_buf_t   out;

    /* repeated, so that matches reach as far as the window */

    len = size * repeat;
    in = malloc(len);
    small = malloc(len);

    for (i = 0; i < repeat; i++) {
        memcpy(in + i * size, data, size);
    }

    rc = ngx_cr_ws_deflate(in, len, bits, small, len, &n);

    if (rc == NGX_OK) {
        promise(n < len);

        ngx_cr_ws_buf_init(&out, resize, NULL);
        promise(ngx_cr_ws_inflate(small, n, &out, len, NULL) == 0);
        promise(out.len == len && memcmp(out.data, in, len) == 0);
        ngx_cr_ws_buf_free(&out);

    } else {
        promise(rc == NGX_DECLINED);
    }

    free(in);
    free(small);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t  maxima[] = { 0, 1, 100, 511, 5000, 8192, 65536,
                                      1024 * 1024 };

    if (size < 2) {
        return 0;
    }

    if (data[0] & 1) {
        there_and_back(data + 1, size - 1, 9 + ((data[0] >> 1) & 3),
                       1 + ((data[0] >> 3) & 7));

    } else {
        expand(data + 1, size - 1, maxima[(data[0] >> 2) & 7],
               data[0] & 2);
    }

    return 0;
}
