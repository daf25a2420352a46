
/*
 * A WebSocket in nginx: the upgrade, the life of the connection, frames in
 * and out.  What the messages mean is known to who opens it.
 */


#ifndef _NGX_HTTP_CODEREMOTE_WS_H_INCLUDED_
#define _NGX_HTTP_CODEREMOTE_WS_H_INCLUDED_


#include "ngx_http_coderemote.h"
#include "ngx_http_coderemote_stream_out.h"
#include "ngx_cr_ws_handshake.h"
#include "ngx_cr_ws_reader.h"


typedef struct ngx_http_coderemote_ws_s  ngx_http_coderemote_ws_t;


/*
 * message: a whole text message, valid UTF-8, the caller's memory until the
 *     return.
 * binary: a whole binary message came; nobody wants its bytes.
 * pull: there is room: send at most one message.  NGX_OK: ask again;
 *     NGX_AGAIN: there is nothing to send, ngx_http_coderemote_ws_wake() will
 *     tell.
 * closed: the connection ends, ws must not be used after the return.
 *
 * message, binary and pull may send and close; the memory of ws stays until
 * closed, which is called from none of them.
 */

typedef struct {
    void       (*message)(ngx_http_coderemote_ws_t *ws, u_char *data,
                          size_t len);
    void       (*binary)(ngx_http_coderemote_ws_t *ws);
    ngx_int_t  (*pull)(ngx_http_coderemote_ws_t *ws);
    void       (*closed)(ngx_http_coderemote_ws_t *ws);
} ngx_http_coderemote_ws_handlers_t;


struct ngx_http_coderemote_ws_s {
    ngx_http_request_t                       *request;
    ngx_http_coderemote_loc_conf_t           *conf;
    const ngx_http_coderemote_ws_handlers_t  *handlers;
    void                                     *data;     /* the opener's */

    ngx_cr_ws_reader_t           reader;
    ngx_http_coderemote_out_t    out;
    size_t                       answers;   /* bytes of them in out */
    ngx_uint_t                   window_bits;

    ngx_event_t                  timer;     /* ordinary: a deadline */
    ngx_event_t                  posted;    /* the rest of a long turn */
    ngx_cr_drain_t               drain;
    ngx_msec_t                   heard;     /* last bytes of the peer */
    ngx_msec_t                   moved;     /* last bytes to it, or none
                                               had to wait */
    ngx_msec_t                   pinged;

    unsigned                     deflate:1;
    unsigned                     closing:1; /* our close frame is in out */
    unsigned                     answered:1; /* the peer's was read */
    unsigned                     failed:1;  /* no sense in reading on */
    unsigned                     broken:1;  /* the connection is gone */
    unsigned                     over:1;    /* given back */
};


/*
 * Judges the request as an opening handshake.  NGX_DECLINED: it is a good
 * one, hs says what to agree on; else it was answered, and the value is what
 * a content handler returns.
 */
ngx_int_t ngx_http_coderemote_ws_handshake(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf, ngx_cr_ws_handshake_t *hs);

/*
 * Makes the request's connection a WebSocket: 101 is written, the rest
 * happens from the event loop on.  hs is of the function above.  NULL: no
 * memory, nothing has happened; else the content handler has to return
 * NGX_DONE.
 */
ngx_http_coderemote_ws_t *ngx_http_coderemote_ws_open(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf, const ngx_cr_ws_handshake_t *hs,
    const ngx_http_coderemote_ws_handlers_t *handlers, void *data);

/*
 * Sends a finished document of len bytes as one text message.  answer: 1 if
 * the client could ask for any number of it, so that one who does not read
 * what it asked for is closed (1008).  Does nothing when ws is closing.
 */
void ngx_http_coderemote_ws_send(ngx_http_coderemote_ws_t *ws,
    const ngx_cr_json_t *json, size_t len, ngx_uint_t answer);

/* Starts the closing handshake; reason: constant, NULL for none. */
void ngx_http_coderemote_ws_close(ngx_http_coderemote_ws_t *ws,
    ngx_uint_t code, const char *reason);

/*
 * There is something to pull.  Sends what it can; ws may be gone after the
 * return.  Not from within a handler of ws.
 */
void ngx_http_coderemote_ws_wake(ngx_http_coderemote_ws_t *ws);


/* for ngx_http_coderemote_ws_frame.c and ngx_http_coderemote_ws.c alone */

/* Room for n bytes in ws->out; NULL: no memory, ws is broken then. */
u_char *ngx_http_coderemote_ws_reserve(ngx_http_coderemote_ws_t *ws,
    size_t n);

/* NGX_OK: all was sent; NGX_AGAIN; NGX_ERROR: ws is broken. */
ngx_int_t ngx_http_coderemote_ws_flush(ngx_http_coderemote_ws_t *ws);

/* A ping or pong. */
void ngx_http_coderemote_ws_control(ngx_http_coderemote_ws_t *ws,
    ngx_uint_t opcode, u_char *data, size_t len);

/* The close frame itself. */
void ngx_http_coderemote_ws_close_frame(ngx_http_coderemote_ws_t *ws,
    ngx_uint_t code, const char *reason);


#endif /* _NGX_HTTP_CODEREMOTE_WS_H_INCLUDED_ */
