
/* Streaming UTF-8 validation, RFC 3629 (no surrogates, nothing overlong). */


#ifndef _NGX_CR_WS_UTF8_H_INCLUDED_
#define _NGX_CR_WS_UTF8_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * Where a character was cut: all zero bytes is "between two characters", so
 * a zeroed struct is ready for use.
 */

typedef struct {
    u_char  need;     /* continuation bytes still to come */
    u_char  low;      /* the next byte must lie in low..high */
    u_char  high;
} ngx_cr_ws_utf8_t;


/* Starts a new text. */
void ngx_cr_ws_utf8_init(ngx_cr_ws_utf8_t *u);

/*
 * Checks the next len bytes of the text.
 *
 * NGX_OK: valid and between two characters (a text may end here);
 * NGX_AGAIN: valid, the last character is incomplete;
 * NGX_ERROR: no continuation of the text could be valid.  RFC 6455 8.1.
 */
ngx_int_t ngx_cr_ws_utf8_feed(ngx_cr_ws_utf8_t *u, const u_char *p,
    size_t len);

/*
 * Tells how much of p[0..len) is whole, valid characters: *n bytes, the
 * longest such prefix.
 *
 * NGX_OK: all of it, *n == len;
 * NGX_AGAIN: p[*n..len) is the beginning of a valid character (1..3 bytes),
 *     to be completed by what follows;
 * NGX_ERROR: no valid character begins at p[*n].
 */
ngx_int_t ngx_cr_ws_utf8_prefix(const u_char *p, size_t len, size_t *n);


#endif /* _NGX_CR_WS_UTF8_H_INCLUDED_ */
