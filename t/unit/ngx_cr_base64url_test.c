
/*
 * Strict base64url.
 *
 * sources: ngx_http_coderemote_module/core/ngx_cr_base64url.c
 * with: nginx
 */


#include "cr_test.h"
#include "ngx_cr_base64url.h"


/* In blocks of their own, so that ASan sees a step outside. */

static ngx_int_t
decode(const char *text, size_t len, u_char **out, size_t *n)
{
    u_char     *src;
    ngx_int_t   rc;

    src = malloc(len ? len : 1);
    memcpy(src, text, len);
    *out = malloc(ngx_cr_base64url_room(len) + 1);

    rc = ngx_cr_base64url_decode(*out, n, src, len);

    free(src);

    return rc;
}


TEST("RFC 4648 section 10: what is encoded comes back, in place too")
{
    size_t      i, n, m;
    u_char     *out, bytes[80], in[128];
    uint32_t    seed;
    ngx_str_t   src, dst;

    seed = 7;

    for (i = 0; i < 20000; i++) {
        src.data = bytes;
        src.len = i % 80;

        for (n = 0; n < src.len; n++) {
            bytes[n] = (u_char) (cr_test_random(&seed) >> 9);
        }

        dst.data = in;
        ngx_encode_base64url(&dst, &src);

        CHECK_INT(dst.len, ngx_cr_base64url_length(src.len));
        REQUIRE(decode((char *) in, dst.len, &out, &n) == NGX_OK);
        CHECK_MEM(out, n, bytes, src.len);
        free(out);

        REQUIRE(ngx_cr_base64url_decode(in, &m, in, dst.len) == NGX_OK);
        CHECK_MEM(in, m, bytes, src.len);
    }
}


TEST("J10: 64 characters are taken, each of the other 192 is not")
{
    int           c, at, good;
    char          text[4];
    size_t        n;
    u_char       *out;

    for (at = 0; at < 4; at++) {
        for (c = 0; c < 256; c++) {
            memcpy(text, "AAAA", 4);
            text[at] = (char) c;

            good = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
                   || (c >= '0' && c <= '9') || c == '-' || c == '_';

            CHECK_MSG((decode(text, 4, &out, &n) == NGX_OK) == good,
                      "byte %d at %d", c, at);
            free(out);

            /* the end that is not a group of four has code of its own */

            if (at < 3) {
                memcpy(text, "AAA", 3);
                text[at] = (char) c;

                if (at != 2 || c == 'A' || !good) {
                    CHECK_MSG((decode(text, 3, &out, &n) == NGX_OK) == good,
                              "byte %d at %d of 3", c, at);
                    free(out);
                }
            }
        }
    }
}


TEST("J10: one spelling a value: bits behind the last byte must be zero")
{
    int      c, good;
    char     text[4];
    size_t   n;
    u_char  *out;

    static const char  alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "abcdefghijklmnopqrstuvwxyz0123456789-_";

    good = 0;

    for (c = 0; c < 64; c++) {
        text[0] = 'Z';
        text[1] = alphabet[c];
        good += (decode(text, 2, &out, &n) == NGX_OK);
        free(out);
    }

    CHECK_INT(good, 4);

    good = 0;

    for (c = 0; c < 64; c++) {
        memcpy(text, "Zm", 2);
        text[2] = alphabet[c];
        good += (decode(text, 3, &out, &n) == NGX_OK);
        free(out);
    }

    CHECK_INT(good, 16);
}


TEST("J10: padding, white space and lengths of 4n+1 are refused")
{
    size_t   i, n;
    u_char  *out;

    static const char *const  bad[] = {
        "A", "AAAAA", "Zg==", "Zm8=", "Zm9v=", "=", "====", "Zm9v\n", " Zm9v",
        "Zm 9v", "Zm\t9", "Zm9v\r\n", "Zg=", "Zm+v", "Zm/v", "Zm9v.", "Z\xc3",
        NULL
    };

    for (i = 0; bad[i] != NULL; i++) {
        CHECK_MSG(decode(bad[i], strlen(bad[i]), &out, &n) == NGX_ERROR,
                  "%s", bad[i]);
        free(out);
    }

    CHECK(decode("Zm\0v", 4, &out, &n) == NGX_ERROR);
    free(out);

    CHECK(decode("", 0, &out, &n) == NGX_OK && n == 0);
    free(out);
}
