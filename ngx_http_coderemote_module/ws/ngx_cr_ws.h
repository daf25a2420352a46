
/*
 * What every part of the WebSocket codec shares: the numbers of RFC 6455 and
 * the growing byte buffer that holds a message.
 */


#ifndef _NGX_CR_WS_H_INCLUDED_
#define _NGX_CR_WS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* opcodes, RFC 6455 section 5.2 */

#define NGX_CR_WS_CONTINUATION  0x0
#define NGX_CR_WS_TEXT          0x1
#define NGX_CR_WS_BINARY        0x2
#define NGX_CR_WS_CLOSE         0x8
#define NGX_CR_WS_PING          0x9
#define NGX_CR_WS_PONG          0xa

/* the flags that share the first byte of a frame with the opcode */

#define NGX_CR_WS_FIN           0x80
#define NGX_CR_WS_RSV1          0x40

/* RFC 6455 section 5.5: a control frame carries at most so much */

#define NGX_CR_WS_CONTROL_MAX   125

/* close codes, RFC 6455 section 7.4.1, and ours of the private range */

#define NGX_CR_WS_CLOSE_NORMAL            1000
#define NGX_CR_WS_CLOSE_GOING_AWAY        1001
#define NGX_CR_WS_CLOSE_PROTOCOL          1002
#define NGX_CR_WS_CLOSE_UNSUPPORTED       1003
#define NGX_CR_WS_CLOSE_NO_STATUS         1005
#define NGX_CR_WS_CLOSE_INVALID           1007
#define NGX_CR_WS_CLOSE_POLICY            1008
#define NGX_CR_WS_CLOSE_TOO_BIG           1009
#define NGX_CR_WS_CLOSE_INTERNAL          1011
#define NGX_CR_WS_CLOSE_UNAUTHENTICATED   4401
#define NGX_CR_WS_CLOSE_FORBIDDEN         4403
#define NGX_CR_WS_CLOSE_TOO_MANY          4429


/*
 * The caller's memory: resizes block p (NULL: none yet) to size bytes and
 * returns it, or NULL and leaves p alone; size 0 frees p and returns NULL.
 * It has the contract of realloc(); ctx is the caller's own.
 */

typedef void *(*ngx_cr_ws_resize_pt)(void *ctx, void *p, size_t size);


typedef struct {
    u_char               *data;
    size_t                len;       /* bytes in use */
    size_t                size;      /* bytes allocated */
    ngx_cr_ws_resize_pt   resize;
    void                 *ctx;
} ngx_cr_ws_buf_t;


/*
 * Makes an empty buffer that takes its memory from resize(ctx, ...).
 * It owns nothing until the first append.
 */
void ngx_cr_ws_buf_init(ngx_cr_ws_buf_t *b, ngx_cr_ws_resize_pt resize,
    void *ctx);

/*
 * Makes room for n more bytes after b->len, doubling, never above max bytes
 * in all.  NGX_OK; NGX_DECLINED: that would pass max; NGX_ERROR: no memory.
 */
ngx_int_t ngx_cr_ws_buf_reserve(ngx_cr_ws_buf_t *b, size_t n, size_t max);

/*
 * Copies len bytes behind those in b, max bytes in all.
 * Returns as ngx_cr_ws_buf_reserve() does.
 */
ngx_int_t ngx_cr_ws_buf_append(ngx_cr_ws_buf_t *b, const u_char *p,
    size_t len, size_t max);

/* Gives the memory back; the buffer is empty and may be used again. */
void ngx_cr_ws_buf_free(ngx_cr_ws_buf_t *b);


#endif /* _NGX_CR_WS_H_INCLUDED_ */
