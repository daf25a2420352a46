
/*
 * The streaming UTF-8 validator.
 *
 * sources: ngx_http_coderemote_module/ws/ngx_cr_ws_utf8.c
 * with: nginx
 */


#include "cr_test.h"
#include "ngx_cr_ws_utf8.h"


#define S(s)  (const u_char *) s, sizeof(s) - 1


/* The definition, one code point at a time: what the validator must agree
   with.  Returns the length of the character at p, 0: none, -1: cut. */

static int
utf8_reference(const u_char *p, size_t len)
{
    int       n, i;
    uint32_t  cp, least;

    if (p[0] < 0x80) {
        return 1;
    }

    if ((p[0] & 0xe0) == 0xc0) {
        n = 2;
        cp = p[0] & 0x1f;
        least = 0x80;

    } else if ((p[0] & 0xf0) == 0xe0) {
        n = 3;
        cp = p[0] & 0xf;
        least = 0x800;

    } else if ((p[0] & 0xf8) == 0xf0) {
        n = 4;
        cp = p[0] & 0x7;
        least = 0x10000;

    } else {
        return 0;
    }

    for (i = 1; i < n; i++) {

        if ((size_t) i == len) {

            /* can it still become valid? look at the extremes */

            uint32_t  low = cp << (6 * (n - i));
            uint32_t  high = low | ((1u << (6 * (n - i))) - 1);

            if (high < least || low > 0x10ffff
                || (low >= 0xd800 && high <= 0xdfff))
            {
                return 0;
            }

            return -1;
        }

        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }

        cp = (cp << 6) | (p[i] & 0x3f);
    }

    if (cp < least || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff)) {
        return 0;
    }

    return n;
}


static ngx_int_t
feed_all(const u_char *p, size_t len)
{
    ngx_cr_ws_utf8_t  u;

    ngx_cr_ws_utf8_init(&u);

    return ngx_cr_ws_utf8_feed(&u, p, len);
}


static ngx_int_t
feed_bytes(const u_char *p, size_t len)
{
    size_t             i;
    ngx_int_t          rc;
    ngx_cr_ws_utf8_t   u;

    ngx_cr_ws_utf8_init(&u);
    rc = NGX_OK;

    for (i = 0; i < len && rc != NGX_ERROR; i++) {
        rc = ngx_cr_ws_utf8_feed(&u, p + i, 1);
    }

    return rc;
}


TEST("RFC 3629 section 3: every code point encoded is valid, whole and cut")
{
    int        n, i;
    size_t     good;
    u_char     b[4];
    uint32_t   cp;

    for (cp = 0; cp <= 0x10ffff; cp++) {

        if (cp >= 0xd800 && cp <= 0xdfff) {
            continue;
        }

        if (cp < 0x80) {
            n = 1;
            b[0] = (u_char) cp;

        } else if (cp < 0x800) {
            n = 2;
            b[0] = (u_char) (0xc0 | (cp >> 6));

        } else if (cp < 0x10000) {
            n = 3;
            b[0] = (u_char) (0xe0 | (cp >> 12));

        } else {
            n = 4;
            b[0] = (u_char) (0xf0 | (cp >> 18));
        }

        for (i = 1; i < n; i++) {
            b[i] = (u_char) (0x80 | ((cp >> (6 * (n - 1 - i))) & 0x3f));
        }

        if (feed_all(b, n) != NGX_OK || feed_bytes(b, n) != NGX_OK) {
            CHECK_MSG(0, "U+%04X", cp);
        }

        for (i = 1; i < n; i++) {
            if (feed_all(b, i) != NGX_AGAIN
                || ngx_cr_ws_utf8_prefix(b, i, &good) != NGX_AGAIN
                || good != 0)
            {
                CHECK_MSG(0, "U+%04X cut at %d", cp, i);
            }
        }
    }
}


TEST("RFC 3629 section 4: every 1, 2 and 3 byte string is judged by the table")
{
    int        want;
    u_char     b[3];
    size_t     len, good, at;
    uint32_t   v;
    ngx_int_t  rc, expect;

    for (v = 0; v < 0x1000000; v++) {

        b[0] = (u_char) (v >> 16);
        b[1] = (u_char) (v >> 8);
        b[2] = (u_char) v;

        /* 3 bytes are enough here: the fourth is a plain continuation */

        for (len = 1; len <= 3; len++) {

            if ((len == 1 && (v & 0xffff)) || (len == 2 && (v & 0xff))) {
                continue;
            }

            expect = NGX_OK;

            for (at = 0; at < len; at += want) {
                want = utf8_reference(b + at, len - at);

                if (want <= 0) {
                    expect = (want == 0) ? NGX_ERROR : NGX_AGAIN;
                    break;
                }
            }

            rc = ngx_cr_ws_utf8_prefix(b, len, &good);

            if (rc != expect || good != at || feed_all(b, len) != expect) {
                CHECK_MSG(0, "%02x %02x %02x, %zu bytes: %d, prefix %zu",
                          b[0], b[1], b[2], len, (int) rc, good);
                return;
            }
        }
    }
}


TEST("RFC 3629 section 3: above U+10FFFF, surrogates and overlong forms fail")
{
    CHECK_INT(feed_all(S("\xf4\x90\x80\x80")), NGX_ERROR);
    CHECK_INT(feed_all(S("\xf5\x80\x80\x80")), NGX_ERROR);
    CHECK_INT(feed_all(S("\xed\xa0\x80")), NGX_ERROR);
    CHECK_INT(feed_all(S("\xed\xbf\xbf")), NGX_ERROR);
    CHECK_INT(feed_all(S("\xc0\x80")), NGX_ERROR);
    CHECK_INT(feed_all(S("\xe0\x9f\xbf")), NGX_ERROR);
    CHECK_INT(feed_all(S("\xf0\x8f\xbf\xbf")), NGX_ERROR);
    CHECK_INT(feed_all(S("\xf8\x88\x80\x80\x80")), NGX_ERROR);
    CHECK_INT(feed_all(S("\xfc\x84\x80\x80\x80\x80")), NGX_ERROR);
}


TEST("RFC 6455 section 8.1: the byte that cannot be is refused at once")
{
    ngx_cr_ws_utf8_t  u;

    ngx_cr_ws_utf8_init(&u);

    CHECK_INT(ngx_cr_ws_utf8_feed(&u, S("\xf4")), NGX_AGAIN);
    CHECK_INT(ngx_cr_ws_utf8_feed(&u, S("\x90")), NGX_ERROR);

    ngx_cr_ws_utf8_init(&u);

    CHECK_INT(ngx_cr_ws_utf8_feed(&u, S("\xed")), NGX_AGAIN);
    CHECK_INT(ngx_cr_ws_utf8_feed(&u, S("\xa0")), NGX_ERROR);
}


TEST("a bad byte is found at every distance from the word that is skipped")
{
    size_t  at, len, good;
    u_char  b[40];

    for (len = 1; len <= sizeof(b); len++) {
        for (at = 0; at < len; at++) {

            memset(b, 'a', sizeof(b));
            b[at] = 0xff;

            CHECK_INT(feed_all(b, len), NGX_ERROR);
            CHECK_INT(ngx_cr_ws_utf8_prefix(b, len, &good), NGX_ERROR);
            CHECK_INT(good, at);
        }
    }
}


TEST("the prefix ends on a character, before a cut or a bad one")
{
    size_t  n;

    CHECK_INT(ngx_cr_ws_utf8_prefix(S("na\xc3\xafve"), &n), NGX_OK);
    CHECK_INT(n, 6);
    CHECK_INT(ngx_cr_ws_utf8_prefix(S("na\xc3"), &n), NGX_AGAIN);
    CHECK_INT(n, 2);
    CHECK_INT(ngx_cr_ws_utf8_prefix(S("\xf0\x9f\x98"), &n), NGX_AGAIN);
    CHECK_INT(n, 0);
    CHECK_INT(ngx_cr_ws_utf8_prefix(S("ab\xf0\x9f\x98\x41"), &n), NGX_ERROR);
    CHECK_INT(n, 2);
    CHECK_INT(ngx_cr_ws_utf8_prefix(S("ab\x80"), &n), NGX_ERROR);
    CHECK_INT(n, 2);
    CHECK_INT(ngx_cr_ws_utf8_prefix(S(""), &n), NGX_OK);
    CHECK_INT(n, 0);
}


TEST("any cut of mixed text gives the verdict of the whole")
{
    size_t             at, n;
    uint32_t           seed;
    ngx_int_t          rc;
    ngx_cr_ws_utf8_t   u;

    static const char  text[] =
        "plain ascii, then \xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5 and "
        "\xf0\x9f\x98\x80\xf0\x9f\x9a\x80, \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa"
        "\x9e, the end";

    for (seed = 1; seed < 2000; seed++) {
        uint32_t  state = seed;

        ngx_cr_ws_utf8_init(&u);
        rc = NGX_OK;

        for (at = 0; at < sizeof(text) - 1; at += n) {
            n = cr_test_random(&state) % 20;
            n = ngx_min(n, sizeof(text) - 1 - at);
            rc = ngx_cr_ws_utf8_feed(&u, (const u_char *) text + at, n);

            if (rc == NGX_ERROR) {
                break;
            }
        }

        CHECK_MSG(rc == NGX_OK, "seed %u", seed);
    }
}
