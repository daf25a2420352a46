
/*
 * Streaming UTF-8 validation by the table of RFC 3629 section 4 (the Unicode
 * standard's table 3-7): only the byte after the first one has bounds of its
 * own, and they exclude overlong forms, surrogates and what is past U+10FFFF.
 */


#include "ngx_cr_ws_utf8.h"


static const u_char *ngx_cr_ws_utf8_scan(ngx_cr_ws_utf8_t *u,
    const u_char *p, const u_char *last);
static const u_char *ngx_cr_ws_utf8_skip_ascii(const u_char *p,
    const u_char *last);
static ngx_int_t ngx_cr_ws_utf8_lead(ngx_cr_ws_utf8_t *u, u_char ch);


void
ngx_cr_ws_utf8_init(ngx_cr_ws_utf8_t *u)
{
    u->need = 0;
    u->low = 0;
    u->high = 0;
}


ngx_int_t
ngx_cr_ws_utf8_feed(ngx_cr_ws_utf8_t *u, const u_char *p, size_t len)
{
    if (ngx_cr_ws_utf8_scan(u, p, p + len) != p + len) {
        return NGX_ERROR;
    }

    return (u->need == 0) ? NGX_OK : NGX_AGAIN;
}


ngx_int_t
ngx_cr_ws_utf8_prefix(const u_char *p, size_t len, size_t *n)
{
    const u_char      *stop;
    ngx_cr_ws_utf8_t   u;

    ngx_cr_ws_utf8_init(&u);

    stop = ngx_cr_ws_utf8_scan(&u, p, p + len);
    *n = stop - p;

    if (u.need == 0) {
        return (*n == len) ? NGX_OK : NGX_ERROR;
    }

    /* stopped within a character: back to its first byte */

    do {
        (*n)--;
    } while ((p[*n] & 0xc0) == 0x80);

    return (stop == p + len) ? NGX_AGAIN : NGX_ERROR;
}


/* Returns last, or the first byte that cannot be; u->need is kept then. */

static const u_char *
ngx_cr_ws_utf8_scan(ngx_cr_ws_utf8_t *u, const u_char *p, const u_char *last)
{
    for ( ;; ) {

        if (u->need == 0) {
            p = ngx_cr_ws_utf8_skip_ascii(p, last);

            if (p == last || ngx_cr_ws_utf8_lead(u, *p) != NGX_OK) {
                return p;
            }

            p++;
        }

        if (p == last || *p < u->low || *p > u->high) {
            return p;
        }

        p++;
        u->need--;
        u->low = 0x80;
        u->high = 0xbf;
    }
}


static const u_char *
ngx_cr_ws_utf8_skip_ascii(const u_char *p, const u_char *last)
{
    uint64_t  word;

    while ((size_t) (last - p) >= sizeof(uint64_t)) {

        ngx_memcpy(&word, p, sizeof(uint64_t));

        if (word & 0x8080808080808080ULL) {
            break;
        }

        p += sizeof(uint64_t);
    }

    while (p < last && *p < 0x80) {
        p++;
    }

    return p;
}


static ngx_int_t
ngx_cr_ws_utf8_lead(ngx_cr_ws_utf8_t *u, u_char ch)
{
    u->low = 0x80;
    u->high = 0xbf;

    if (ch >= 0xc2 && ch <= 0xdf) {
        u->need = 1;
        return NGX_OK;
    }

    if (ch >= 0xe0 && ch <= 0xef) {
        u->need = 2;

        if (ch == 0xe0) {
            u->low = 0xa0;       /* below: overlong */

        } else if (ch == 0xed) {
            u->high = 0x9f;      /* above: surrogates */
        }

        return NGX_OK;
    }

    if (ch >= 0xf0 && ch <= 0xf4) {
        u->need = 3;

        if (ch == 0xf0) {
            u->low = 0x90;       /* below: overlong */

        } else if (ch == 0xf4) {
            u->high = 0x8f;      /* above: past U+10FFFF */
        }

        return NGX_OK;
    }

    /* 80..c1 begin nothing, f5..ff are never used */

    return NGX_ERROR;
}
