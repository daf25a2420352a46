
/*
 * permessage-deflate: compression, expansion and its bounds, alone and
 * behind the reader (groups 12 and 13 of conformance suites).
 *
 * sources: ngx_http_coderemote_module/ws/
 * libs: -lz
 * with: nginx
 */


#include <zlib.h>

#include "cr_ws_test.h"
#include "ngx_cr_ws_deflate.h"


#define MAX  (1024 * 1024)


/* Fills p with text (kind 0), noise (1), zeros (2) or a mix (3). */

static void
fill(u_char *p, size_t len, int kind, uint32_t seed)
{
    size_t    i;
    uint32_t  v;

    for (i = 0; i < len; i++) {
        v = cr_test_random(&seed);

        switch (kind) {

        case 0:
            p[i] = "the quick brown fox { \"type\": 1 }\n"[v % 33];
            break;

        case 1:
            p[i] = (u_char) (v >> 11);
            break;

        case 2:
            p[i] = 0;
            break;

        default:
            p[i] = (i & 4096) ? (u_char) (v >> 9) : "abcabd"[i % 6];
        }
    }
}


/* Compresses as a client with any window may, and drops the tail. */

static void
client_deflate(wire_t *w, const u_char *p, size_t len, int bits, int level)
{
    u_char    chunk[4096];
    z_stream  z;

    memset(&z, 0, sizeof(z));
    deflateInit2(&z, level, Z_DEFLATED, -bits, 8, Z_DEFAULT_STRATEGY);
    z.next_in = (Bytef *) p;
    z.avail_in = (uInt) len;

    do {
        z.next_out = chunk;
        z.avail_out = sizeof(chunk);
        deflate(&z, Z_SYNC_FLUSH);
        wire_bytes(w, chunk, sizeof(chunk) - z.avail_out);
    } while (z.avail_out == 0);

    deflateEnd(&z);
    w->len -= 4;
}


/* Expands as a client with a window of that size does: 1 or 0. */

static int
client_inflates(const u_char *p, size_t len, int bits, const u_char *want,
    size_t want_len)
{
    int       rc, same;
    u_char   *in, out[1];
    size_t    n;
    z_stream  z;

    in = malloc(len + 4);
    memcpy(in, p, len);
    memcpy(in + len, "\x00\x00\xff\xff", 4);

    memset(&z, 0, sizeof(z));
    inflateInit2(&z, -bits);
    z.next_in = in;
    z.avail_in = (uInt) len + 4;

    /* one byte at a time, so that only the window can be looked back at */

    n = 0;
    same = 1;

    for ( ;; ) {
        z.next_out = out;
        z.avail_out = 1;
        rc = inflate(&z, Z_SYNC_FLUSH);

        if ((rc != Z_OK && rc != Z_BUF_ERROR) || z.avail_out != 0) {
            break;
        }

        if (n >= want_len || want[n] != out[0]) {
            same = 0;
            break;
        }

        n++;
    }

    same = same && n == want_len && z.avail_in == 0
           && (rc == Z_OK || rc == Z_BUF_ERROR);

    inflateEnd(&z);
    free(in);

    return same;
}


static ngx_uint_t
inflate_code(const void *p, size_t len, size_t max, size_t *n)
{
    u_char           *in;
    ngx_uint_t        code;
    ngx_cr_ws_buf_t   out;

    in = malloc(len);
    memcpy(in, p, len);

    ngx_cr_ws_buf_init(&out, ws_test_resize, NULL);
    code = ngx_cr_ws_inflate(in, len, &out, max, NULL);
    *n = out.len;
    CHECK(out.size <= ((max < 512) ? 512 : max));

    ngx_cr_ws_buf_free(&out);
    free(in);

    return code;
}


TEST("RFC 7692 section 7.2.3: the examples of the RFC expand to Hello")
{
    wire_t  w = { 0 };

    /* 7.2.3.1: one block, whole and in two frames */

    wire_text(&w, FIN | RSV1 | TEXT, "\xf2\x48\xcd\xc9\xc9\x07\x00");
    wire_text(&w, RSV1 | TEXT, "\xf2\x48\xcd");
    wire_text(&w, FIN | PING, "between");
    wire_text(&w, FIN | CONT, "\xc9\xc9\x07\x00");
    EXPECT_DEFLATE(&w, 5, "text(5:Hello) ping(7:between) text(5:Hello)");

    /* 7.2.3.3: a block without compression */

    wire_text(&w, FIN | RSV1 | TEXT, "\x00\x05\x00\xfa\xffHello\x00");
    EXPECT_DEFLATE(&w, 5, "text(5:Hello)");

    /* 7.2.3.4: a block with BFINAL */

    wire_text(&w, FIN | RSV1 | TEXT, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00");
    EXPECT_DEFLATE(&w, 5, "text(5:Hello)");

    /* 7.2.3.5: two blocks in one message */

    wire_text(&w, FIN | RSV1 | TEXT,
              "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00");
    EXPECT_DEFLATE(&w, 5, "text(5:Hello)");

    /* 7.2.3.6: an empty message */

    wire_text(&w, FIN | RSV1 | TEXT, "\x00");
    EXPECT_DEFLATE(&w, 5, "text(0:)");
}


TEST("RFC 7692 section 7.1.1: a look back into the last message is 1007")
{
    wire_t  w = { 0 };

    wire_text(&w, FIN | RSV1 | TEXT, "\xf2\x48\xcd\xc9\xc9\x07\x00");
    wire_text(&w, FIN | RSV1 | TEXT, "\xf2\x00\x11\x00\x00");
    EXPECT_DEFLATE(&w, 5, "text(5:Hello) fail1007(0:)");
}


TEST("RFC 7692 section 6.1: a message without RSV1 is as it is")
{
    wire_t  w = { 0 };

    wire_text(&w, FIN | TEXT, "Hello");
    wire_text(&w, FIN | RSV1 | TEXT, "\xf2\x48\xcd\xc9\xc9\x07\x00");
    wire_text(&w, FIN | BIN, "\xf2\x48\xcd\xc9\xc9\x07\x00");
    EXPECT_DEFLATE(&w, 7, "text(5:Hello) text(5:Hello) "
                          "binary(7:<f2>H<cd><c9><c9><07><00>)");
}


TEST("RFC 7692 section 7.2.2: what is no DEFLATE data is 1007")
{
    size_t  i, n;

    static const struct {
        const char  *data;
        size_t       len;
    } bad[] = {
        { "", 0 },                       /* the tail alone is cut */
        { "\x07", 1 },                   /* block type 3 */
        { "\xff\xff\xff", 3 },
        { "\x00\x05\x00\xfa\xfeHello\x00", 11 },   /* LEN, NLEN differ */
        { "\x00\x05\x00\xfa\xffHel", 8 },          /* cut stored block */
        { "\xf2\x48\xcd\xc9\xc9\x07", 6 },         /* tail not dropped well */
        { "\xf2\x48\xcd", 3 },
        { "\xf3\x48\xcd\xc9\xc9\x07\x00", 7 },     /* BFINAL, no padding */
        { "\x02\x00\x11\x00\x00", 5 },             /* distance too far */
        { "\x04\x80", 2 },                         /* dynamic, cut */
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_MSG(inflate_code(bad[i].data, bad[i].len, MAX, &n) == 1007,
                  "%zu", i);
    }
}


TEST("RFC 7692 section 7.2.2: every cut of a compressed message is 1007")
{
    size_t  cut, n;
    u_char  text[600];
    wire_t  w = { 0 };

    fill(text, sizeof(text), 0, 7);
    client_deflate(&w, text, sizeof(text), 15, 9);

    CHECK_INT(inflate_code(w.data, w.len, MAX, &n), 0);
    CHECK_INT(n, sizeof(text));

    for (cut = 0; cut < w.len; cut++) {
        CHECK_MSG(inflate_code(w.data, cut, MAX, &n) == 1007, "%zu of %zu",
                  cut, w.len);
    }

    wire_free(&w);
}


TEST("RFC 7692 section 7.2.2: messages of every window, level and size")
{
    int      bits, level, kind;
    size_t   i;
    u_char  *p;
    wire_t   w = { 0 }, z = { 0 };

    static const size_t  sizes[] = { 0, 1, 16, 64, 256, 1024, 4096, 8192,
                                     8193, 16384, 32768, 65536, 131072 };

    p = malloc(131072);

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (bits = 9; bits <= 15; bits += 3) {
            for (level = 0; level <= 9; level += 3) {
                for (kind = 0; kind < 4; kind++) {
                    record_t  r;

                    fill(p, sizes[i], kind, (uint32_t) sizes[i] + 1);
                    client_deflate(&z, p, sizes[i], bits, level);
                    wire_frame(&w, FIN | RSV1 | BIN, z.data, z.len);
                    ws_test_feed(&r, &w, sizes[i], 1, 0);

                    {
                        static record_t  want;

                        want.len = 0;
                        record_add(&want, "binary", p, sizes[i]);
                        CHECK_MSG(strcmp(r.text, want.text) == 0,
                                  "size %zu bits %d level %d kind %d: %s",
                                  sizes[i], bits, level, kind, r.text);
                    }

                    wire_free(&z);
                    wire_free(&w);
                }
            }
        }
    }

    free(p);
}


TEST("a compressed message may be a little longer than its text")
{
    size_t   n;
    u_char  *p;
    wire_t   w = { 0 }, z = { 0 };

    /* fixed codes make 9 bits of every byte above 143 */

    p = malloc(65536);
    fill(p, 65536, 1, 5);

    for (n = 0; n < 65536; n++) {
        p[n] |= 0x90;
    }

    {
        u_char    *out;
        z_stream   s;

        out = malloc(100000);
        memset(&s, 0, sizeof(s));
        deflateInit2(&s, 1, Z_DEFLATED, -15, 8, Z_FIXED);
        s.next_in = p;
        s.avail_in = 65536;
        s.next_out = out;
        s.avail_out = 100000;
        deflate(&s, Z_SYNC_FLUSH);
        wire_bytes(&z, out, 100000 - s.avail_out - 4);
        deflateEnd(&s);
        free(out);
    }

    CHECK(z.len > 65536);
    wire_frame(&w, FIN | RSV1 | BIN, z.data, z.len);

    {
        static record_t  got, want;

        want.len = 0;
        record_add(&want, "binary", p, 65536);
        ws_test_feed(&got, &w, 65536, 1, 0);
        CHECK_STR(got.text, want.text);
    }

    wire_free(&w);
    wire_header(&w, FIN | RSV1 | BIN, 65536 + 65536 / 8 + 65, 0);
    EXPECT_DEFLATE(&w, 65536, "fail1009(0:)");

    wire_free(&z);
    free(p);
}


TEST("RFC 7692 section 8: a bomb is 1009 and never held beyond the maximum")
{
    size_t   n;
    u_char  *p;
    wire_t   w = { 0 }, z = { 0 };

    p = calloc(1, 16 * MAX);
    client_deflate(&z, p, 16 * MAX, 15, 9);
    free(p);

    CHECK(z.len < 20000);
    CHECK_INT(inflate_code(z.data, z.len, 100000, &n), 1009);
    CHECK(n <= 100000);

    wire_frame(&w, FIN | RSV1 | TEXT, z.data, z.len);
    EXPECT_DEFLATE(&w, 100000, "fail1009(0:)");
    wire_free(&z);
}


TEST("the maximum is exact: that many bytes pass, one more does not")
{
    size_t   len, n;
    u_char   p[20000];
    wire_t   z = { 0 };

    static const size_t  sizes[] = { 0, 1, 2, 511, 512, 513, 8191, 8192,
                                     8193, 16384, 20000 };
    size_t   i;

    fill(p, sizeof(p), 0, 3);

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        len = sizes[i];
        client_deflate(&z, p, len, 15, 6);

        CHECK_INT(inflate_code(z.data, z.len, len, &n), 0);
        CHECK_INT(n, len);

        if (len != 0) {
            CHECK_INT(inflate_code(z.data, z.len, len - 1, &n), 1009);
        }

        wire_free(&z);
    }
}


TEST("RFC 6455 section 8.1: compressed text must be UTF-8, else 1007")
{
    size_t  i;
    wire_t  w = { 0 }, z = { 0 };

    static const char  *bad[] = { "\xff", "abc\xc3", "\xed\xa0\x80",
                                  "Hello \xf4\x90\x80\x80" };

    for (i = 0; i < 4; i++) {
        client_deflate(&z, (const u_char *) bad[i], strlen(bad[i]), 15, 6);
        wire_frame(&w, FIN | RSV1 | TEXT, z.data, z.len);
        EXPECT_DEFLATE(&w, MAX, "fail1007(0:)");
        wire_free(&z);
    }

    client_deflate(&z, (const u_char *) "na\xc3\xafve", 6, 15, 6);
    wire_frame(&w, FIN | RSV1 | TEXT, z.data, z.len);
    EXPECT_DEFLATE(&w, MAX, "text(6:na<c3><af>ve)");
    wire_free(&z);
}


TEST("bad text at the front of a bomb is not expanded to its end")
{
    u_char            *p;
    wire_t             z = { 0 };
    ngx_cr_ws_buf_t    out;
    ngx_cr_ws_utf8_t   utf8;

    p = calloc(1, MAX);
    p[100] = 0xff;
    client_deflate(&z, p, MAX, 15, 9);
    free(p);

    ngx_cr_ws_utf8_init(&utf8);
    ngx_cr_ws_buf_init(&out, ws_test_resize, NULL);

    CHECK_INT(ngx_cr_ws_inflate(z.data, z.len, &out, MAX, &utf8), 1007);
    CHECK(out.size <= 16384);

    ngx_cr_ws_buf_free(&out);
    wire_free(&z);
}


TEST("RFC 7692 section 7.2.1: what we compress, a client can expand")
{
    int         kind;
    size_t      i, n;
    u_char     *p, *out;
    ngx_int_t   rc;
    unsigned    bits;

    static const size_t  sizes[] = { 64, 65, 256, 1000, 4095, 4096, 4097,
                                     40000, 131072 };

    p = malloc(131072);
    out = malloc(131072);

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (kind = 0; kind < 4; kind++) {
            for (bits = NGX_CR_WS_WINDOW_MIN; bits <= NGX_CR_WS_WINDOW_MAX;
                 bits++)
            {
                fill(p, sizes[i], kind, (uint32_t) i + 11);

                rc = ngx_cr_ws_deflate(p, sizes[i], bits, out, sizes[i], &n);

                if (kind == 1) {
                    CHECK_INT(rc, NGX_DECLINED);
                    continue;
                }

                if (kind == 2 || sizes[i] > 200) {
                    CHECK_INT(rc, NGX_OK);
                }

                if (rc == NGX_OK) {
                    CHECK(n < sizes[i]);
                    CHECK_MSG(client_inflates(out, n, bits, p, sizes[i]),
                              "size %zu kind %d bits %u", sizes[i], kind,
                              bits);
                }
            }
        }
    }

    free(p);
    free(out);
}


TEST("a message that would not shrink is declined, whatever the room")
{
    size_t  n, size;
    u_char  p[64], out[64];

    fill(p, sizeof(p), 2, 1);

    for (size = 0; size < 64; size++) {
        if (ngx_cr_ws_deflate(p, sizeof(p), 12, out, size, &n) == NGX_OK) {
            CHECK(n + 4 < size);
            CHECK(client_inflates(out, n, 12, p, sizeof(p)));

        } else {
            CHECK(size < 16);
        }
    }

    CHECK_INT(ngx_cr_ws_deflate(p, 0, 12, out, 0, &n), NGX_DECLINED);
}


TEST("RFC 7692 section 7.2.3.6: an empty message compresses to one zero byte")
{
    size_t  n;
    u_char  out[16];

    CHECK_INT(ngx_cr_ws_deflate((u_char *) "", 0, 12, out, sizeof(out), &n),
              NGX_OK);
    CHECK_MEM(out, n, "\x00", 1);
}
