
/*
 * Reads whole messages: the parser of frames, the buffer that collects
 * fragments and the expansion of compressed ones behind one call.
 */


#ifndef _NGX_CR_WS_READER_H_INCLUDED_
#define _NGX_CR_WS_READER_H_INCLUDED_


#include "ngx_cr_ws_parser.h"


typedef struct {
    ngx_cr_ws_parser_t   parser;
    ngx_cr_ws_buf_t      payload;    /* of the open message, as received */
    ngx_cr_ws_buf_t      plain;      /* what it expands to */
    ngx_uint_t           opcode;     /* of the open message */
    unsigned             compressed:1;
    unsigned             taken:1;    /* the message was given out */
} ngx_cr_ws_reader_t;


/*
 * Starts the byte stream that follows the handshake.  max: bytes that a
 * message may have, expanded, too; deflate: whether the handshake agreed on
 * permessage-deflate; resize, ctx: where buffers come from.
 */
void ngx_cr_ws_reader_init(ngx_cr_ws_reader_t *r, size_t max,
    ngx_uint_t deflate, ngx_cr_ws_resize_pt resize, void *ctx);

/*
 * As ngx_cr_ws_parser_next(), but the events are MESSAGE (opcode, data, len:
 * UTF-8 if it is text), PING, PONG and CLOSE.  Data is valid until the next
 * call.  Call until it does not return NGX_OK: that also gives the buffers
 * back, so that an idle WebSocket holds none.
 *
 * NGX_OK, NGX_AGAIN, NGX_DONE; NGX_ERROR: r->parser.code is the close code
 * to send, r->parser.error says why.
 */
ngx_int_t ngx_cr_ws_reader_next(ngx_cr_ws_reader_t *r, u_char **pos,
    u_char *last, ngx_cr_ws_event_t *ev);

/* Gives all memory back; to be called once when the connection ends. */
void ngx_cr_ws_reader_done(ngx_cr_ws_reader_t *r);


#endif /* _NGX_CR_WS_READER_H_INCLUDED_ */
