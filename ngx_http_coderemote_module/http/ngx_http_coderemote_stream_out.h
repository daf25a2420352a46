
/*
 * Bytes on their way to a client: a growing buffer that exists only while
 * there is something in it, so that an idle connection has none.
 */


#ifndef _NGX_HTTP_CODEREMOTE_STREAM_OUT_H_INCLUDED_
#define _NGX_HTTP_CODEREMOTE_STREAM_OUT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* zeroed is empty */

typedef struct {
    u_char                      *data;
    size_t                       pos;       /* bytes sent */
    size_t                       last;      /* bytes written */
    size_t                       size;
} ngx_http_coderemote_out_t;


#define ngx_http_coderemote_out_pending(out)  ((out)->last - (out)->pos)


/*
 * Room for n more bytes behind those written; the caller fills it and adds
 * to out->last what it used.  May move what is there.  NULL: no memory.
 */
u_char *ngx_http_coderemote_out_reserve(ngx_http_coderemote_out_t *out,
    size_t n, ngx_log_t *log);

/* n of the pending bytes are gone; after the last one the memory goes too. */
void ngx_http_coderemote_out_sent(ngx_http_coderemote_out_t *out, size_t n);

/*
 * To be called when the pending bytes have to wait for the client: keeps no
 * more memory than they need.
 */
void ngx_http_coderemote_out_settle(ngx_http_coderemote_out_t *out,
    ngx_log_t *log);

void ngx_http_coderemote_out_free(ngx_http_coderemote_out_t *out);


#endif /* _NGX_HTTP_CODEREMOTE_STREAM_OUT_H_INCLUDED_ */
