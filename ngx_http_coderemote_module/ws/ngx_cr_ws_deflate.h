
/*
 * permessage-deflate (RFC 7692) without context takeover: each message is
 * compressed and expanded by itself, so between messages a WebSocket holds
 * no zlib state at all.
 */


#ifndef _NGX_CR_WS_DEFLATE_H_INCLUDED_
#define _NGX_CR_WS_DEFLATE_H_INCLUDED_


#include "ngx_cr_ws.h"
#include "ngx_cr_ws_utf8.h"


/* windows of the compressor, log2: zlib cannot make the 8 of RFC 7692 */

#define NGX_CR_WS_WINDOW_MIN   9
#define NGX_CR_WS_WINDOW_MAX   12

/* a shorter message does not become smaller: send it as it is */

#define NGX_CR_WS_DEFLATE_MIN  64


/*
 * Expands the payload in[0..len) of a compressed message behind what is in
 * out, which may grow to max bytes.  utf8 (NULL: none, a binary message)
 * checks the text as it appears, so a bad one is not expanded to its end.
 * About 40 KiB of memory while it works, none after.
 *
 * Returns 0 or the close code to send: 1007: no valid DEFLATE data, or
 * text that is not UTF-8; 1009: over max; 1011: no memory.
 * RFC 7692 section 7.2.2.
 */
ngx_uint_t ngx_cr_ws_inflate(const u_char *in, size_t len,
    ngx_cr_ws_buf_t *out, size_t max, ngx_cr_ws_utf8_t *utf8);

/*
 * Compresses the message in[0..len) into out[0..size) for a peer that takes
 * windows of 2^window_bits bytes (NGX_CR_WS_WINDOW_MIN..MAX), and sets *n to
 * the length of the payload, to be sent with NGX_CR_WS_RSV1.  A size of len
 * is enough for every message that is worth it.  About 32 KiB of memory
 * while it works, none after.
 *
 * NGX_OK; NGX_DECLINED: the result would not fit: send the message as it is;
 * NGX_ERROR: no memory.  RFC 7692 section 7.2.1.
 */
ngx_int_t ngx_cr_ws_deflate(const u_char *in, size_t len,
    ngx_uint_t window_bits, u_char *out, size_t size, size_t *n);


#endif /* _NGX_CR_WS_DEFLATE_H_INCLUDED_ */
