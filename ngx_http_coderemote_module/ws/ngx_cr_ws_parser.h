
/* Incremental reader of a client's frames: bytes in, events out. */


#ifndef _NGX_CR_WS_PARSER_H_INCLUDED_
#define _NGX_CR_WS_PARSER_H_INCLUDED_


#include "ngx_cr_ws.h"
#include "ngx_cr_ws_utf8.h"


typedef enum {
    NGX_CR_WS_EV_START = 0,    /* a data message begins: opcode, compressed */
    NGX_CR_WS_EV_DATA,         /* the next bytes of it: data, len */
    NGX_CR_WS_EV_END,          /* it is complete */
    NGX_CR_WS_EV_MESSAGE,      /* a whole message: only from a reader */
    NGX_CR_WS_EV_PING,         /* data, len: to be sent back as a pong */
    NGX_CR_WS_EV_PONG,         /* data, len */
    NGX_CR_WS_EV_CLOSE         /* code; data, len: the reason */
} ngx_cr_ws_event_e;


typedef struct {
    ngx_cr_ws_event_e   type;
    ngx_uint_t          opcode;      /* TEXT or BINARY: START, MESSAGE */
    ngx_uint_t          compressed;  /* START: RSV1 was set */
    ngx_uint_t          code;        /* CLOSE: 1005 when there was none */
    u_char             *data;        /* valid until the next call */
    size_t              len;
} ngx_cr_ws_event_t;


/*
 * Theory.  A frame passes through the states in their order; HEAD is where
 * a frame may begin.  Every rule is checked at the byte that decides it, so
 * the outcome does not depend on how the bytes were cut, and a length is
 * refused before anything of it arrives.  The facts of the message (opcode,
 * size, UTF-8) outlive its frames, because control frames may stand between
 * them.  DONE (close was read) and FAILED are final.
 */

typedef enum {
    NGX_CR_WS_HEAD = 0,
    NGX_CR_WS_LENGTH,
    NGX_CR_WS_EXTENDED,
    NGX_CR_WS_MASK,
    NGX_CR_WS_PAYLOAD,
    NGX_CR_WS_DONE,
    NGX_CR_WS_FAILED
} ngx_cr_ws_state_e;


typedef struct {
    ngx_cr_ws_state_e   state;

    size_t              max;         /* payload bytes of a message */
    size_t              max_deflated;    /* the same, when it is compressed */
    unsigned            deflate:1;   /* RFC 7692 was negotiated */

    /* the frame */
    unsigned            fin:1;
    unsigned            started:1;   /* START of its message was emitted */
    ngx_uint_t          opcode;
    ngx_uint_t          need;        /* bytes of length or mask to come */
    uint64_t            left;        /* bytes of payload to come */
    uint64_t            least;       /* that this form of length may say */
    u_char              mask[4];
    ngx_uint_t          phase;       /* index of the next byte's mask */

    /* the message that its frames belong to */
    ngx_uint_t          message;     /* TEXT or BINARY; 0: none is open */
    unsigned            compressed:1;
    size_t              size;        /* payload bytes announced so far */
    ngx_cr_ws_utf8_t    utf8;

    /* why it failed */
    ngx_uint_t          code;        /* close code to send */
    const char         *error;       /* lower case, for log and reason */

    size_t              control_len;
    u_char              control[NGX_CR_WS_CONTROL_MAX];
} ngx_cr_ws_parser_t;


/*
 * Starts the byte stream that follows the handshake.  max: payload bytes
 * that a message may have in all its frames; deflate: whether the handshake
 * agreed on permessage-deflate.  It allocates nothing, now or later.
 */
void ngx_cr_ws_parser_init(ngx_cr_ws_parser_t *p, size_t max,
    ngx_uint_t deflate);

/* Changes max from the next frame on, as for a peer that has logged in. */
void ngx_cr_ws_parser_limit(ngx_cr_ws_parser_t *p, size_t max);

/*
 * Makes the stream fail for a reason that only the caller sees, with this
 * close code and a static text: every later call returns NGX_ERROR.
 */
void ngx_cr_ws_parser_abort(ngx_cr_ws_parser_t *p, ngx_uint_t code,
    const char *error);

/*
 * Reads bytes from *pos on until something happened or last is reached, and
 * moves *pos behind what was read.  Payload is unmasked in place: the data
 * of an event of type DATA lies in the caller's bytes, that of PING, PONG
 * and CLOSE in the parser, both until the next call.
 *
 * NGX_OK: *ev tells what happened, there may be more: call again;
 * NGX_AGAIN: everything was read, *ev is untouched;
 * NGX_DONE: the peer has sent its close frame, nothing may follow: what does
 *     is thrown away;
 * NGX_ERROR: the peer broke a rule: send p->code in a close frame and close.
 *     It stays so for every later call.  1002: RFC 6455 section 5;
 *     1007: text that is not UTF-8, section 8.1; 1009: above max.
 */
ngx_int_t ngx_cr_ws_parser_next(ngx_cr_ws_parser_t *p, u_char **pos,
    u_char *last, ngx_cr_ws_event_t *ev);


#endif /* _NGX_CR_WS_PARSER_H_INCLUDED_ */
