
/* Reads Sec-WebSocket-Extensions: offers of permessage-deflate. */


#ifndef _NGX_CR_WS_EXTENSIONS_H_INCLUDED_
#define _NGX_CR_WS_EXTENSIONS_H_INCLUDED_


#include "ngx_cr_ws.h"


typedef struct {
    ngx_uint_t   window_bits;    /* that our compressor may use */
    unsigned     window_asked:1; /* the client named a limit */
} ngx_cr_ws_offer_t;


/*
 * Finds the first offer in one header value that we can accept.
 *
 * NGX_OK: *offer is filled; NGX_DECLINED: none can be accepted, all is well
 * formed; NGX_ERROR: the value is malformed, the handshake has to fail.
 * RFC 6455 section 9.1, RFC 7692 section 5 and 7.1.
 */
ngx_int_t ngx_cr_ws_extensions_parse(const ngx_str_t *value,
    ngx_cr_ws_offer_t *offer);

/*
 * Reads a token of RFC 2616 section 2.2 from *p on and moves *p behind it.
 * Returns its length, 0 if there is none.
 */
size_t ngx_cr_ws_token(const u_char **p, const u_char *last);


#endif /* _NGX_CR_WS_EXTENSIONS_H_INCLUDED_ */
