
/* Writes the server's frames: never masked (RFC 6455 section 5.1). */


#ifndef _NGX_CR_WS_FRAME_H_INCLUDED_
#define _NGX_CR_WS_FRAME_H_INCLUDED_


#include "ngx_cr_ws.h"


/* the longest header of an unmasked frame */

#define NGX_CR_WS_HEADER_MAX   10

/* the longest control frame of a server: 2 bytes of header and its payload */

#define NGX_CR_WS_CONTROL_FRAME_MAX  (2 + NGX_CR_WS_CONTROL_MAX)

/* what a close frame has left for the reason behind the code */

#define NGX_CR_WS_REASON_MAX   (NGX_CR_WS_CONTROL_MAX - 2)


/* How many bytes the header of a frame with len bytes of payload takes. */
size_t ngx_cr_ws_frame_header_size(size_t len);

/*
 * Writes a header to p (room for ngx_cr_ws_frame_header_size(len) bytes,
 * never above NGX_CR_WS_HEADER_MAX) and returns its end, where len bytes of
 * payload have to follow.  first is the first byte of the frame: opcode |
 * NGX_CR_WS_FIN | NGX_CR_WS_RSV1 as wanted.  RFC 6455 section 5.2.
 */
u_char *ngx_cr_ws_frame_header(u_char *p, ngx_uint_t first, size_t len);

/*
 * Writes a whole ping or pong (opcode) with its payload to p, room for
 * NGX_CR_WS_CONTROL_FRAME_MAX bytes.  Returns its end; NULL: the payload is
 * over NGX_CR_WS_CONTROL_MAX.  RFC 6455 section 5.5.2, 5.5.3.
 */
u_char *ngx_cr_ws_frame_control(u_char *p, ngx_uint_t opcode,
    const ngx_str_t *payload);

/*
 * Writes a whole close frame to p, room for NGX_CR_WS_CONTROL_FRAME_MAX
 * bytes.  reason may be NULL; one that is too long is cut between two
 * characters, one that is not UTF-8 before the first byte that is not.
 * NGX_CR_WS_CLOSE_NO_STATUS writes a frame without payload.  Returns the
 * end; NULL: code may not be sent.  RFC 6455 section 5.5.1, 7.4.
 */
u_char *ngx_cr_ws_frame_close(u_char *p, ngx_uint_t code,
    const ngx_str_t *reason);

/*
 * Tells (1 or 0) whether a close frame may carry the code: 1000..1014
 * without the reserved 1004, 1005 and 1006, and 3000..4999.
 * RFC 6455 section 7.4 and the IANA registry it founds (1012..1014).
 */
ngx_uint_t ngx_cr_ws_close_code_valid(ngx_uint_t code);


#endif /* _NGX_CR_WS_FRAME_H_INCLUDED_ */
