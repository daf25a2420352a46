
/* Judges a client's opening handshake, RFC 6455 section 4.2, RFC 7692. */


#ifndef _NGX_CR_WS_HANDSHAKE_H_INCLUDED_
#define _NGX_CR_WS_HANDSHAKE_H_INCLUDED_


#include "ngx_cr_ws.h"


/* the subprotocol that we speak, and how a token may come along with it */

#define NGX_CR_WS_PROTOCOL         "coderemote.v1"
#define NGX_CR_WS_BEARER           "bearer."

#define NGX_CR_WS_VERSION          "13"

/* a client may offer so many subprotocols; more are refused */

#define NGX_CR_WS_PROTOCOLS_MAX    16

#define NGX_CR_WS_KEY_LEN          24
#define NGX_CR_WS_ACCEPT_LEN       28

/* room for the value of Sec-WebSocket-Extensions */

#define NGX_CR_WS_EXTENSIONS_MAX   128


typedef struct {

    /* facts collected from the headers; strings stay the caller's */
    ngx_str_t        key;
    ngx_str_t        protocols[NGX_CR_WS_PROTOCOLS_MAX];
    ngx_uint_t       nprotocols;
    unsigned         upgrade:1;       /* Upgrade has "websocket" */
    unsigned         connection:1;    /* Connection has "upgrade" */
    unsigned         version_seen:1;
    unsigned         version_good:1;
    unsigned         allow_deflate:1;
    const char      *malformed;       /* a header that broke a rule */

    /* the outcome */
    const char      *error;           /* why not 101: what is to be done */
    u_char           accept[NGX_CR_WS_ACCEPT_LEN];
    ngx_str_t        protocol;        /* to be named in the answer; or empty */
    ngx_str_t        token;           /* <jwt> of "bearer.<jwt>"; or empty */
    unsigned         deflate:1;       /* permessage-deflate is agreed on */
    unsigned         window_asked:1;  /* the offer limits our window */
    ngx_uint_t       window_bits;     /* for ngx_cr_ws_deflate() */
} ngx_cr_ws_handshake_t;


/* Starts a handshake; deflate: whether permessage-deflate may be agreed on. */
void ngx_cr_ws_handshake_init(ngx_cr_ws_handshake_t *hs, ngx_uint_t deflate);

/*
 * Takes note of one header of the request; call it for each, in any order.
 * The value must live as long as hs.  Headers that are no part of the
 * handshake are ignored.
 */
void ngx_cr_ws_handshake_header(ngx_cr_ws_handshake_t *hs,
    const ngx_str_t *name, const ngx_str_t *value);

/*
 * Judges the request after its last header.  get: its method is GET; http11:
 * its version is HTTP/1.1, the only one that can be upgraded.
 *
 * Returns the status of the answer, hs->error says why if it is not 101:
 * 101: hs->accept, protocol, token, deflate and window_bits are set;
 * 400: a header is malformed;
 * 405: Allow: GET is to be sent along;
 * 426: no upgrade to a WebSocket of version 13: Upgrade: websocket and
 *     Sec-WebSocket-Version: 13 are to be sent along.
 * RFC 6455 section 4.2.1, 4.2.2, 4.4.
 */
ngx_uint_t ngx_cr_ws_handshake_done(ngx_cr_ws_handshake_t *hs,
    ngx_uint_t get, ngx_uint_t http11);

/*
 * Writes the value of our Sec-WebSocket-Extensions to p, room for
 * NGX_CR_WS_EXTENSIONS_MAX bytes, and returns its end; only if hs->deflate.
 * RFC 7692 section 7.1.
 */
u_char *ngx_cr_ws_handshake_extensions(const ngx_cr_ws_handshake_t *hs,
    u_char *p);


#endif /* _NGX_CR_WS_HANDSHAKE_H_INCLUDED_ */
