
/*
 * One job's life as a client follows it: messages of JSON, in order, made
 * only when there is room to send them.  The WebSocket and the event stream
 * put the same messages into frames of their own.
 */


#ifndef _NGX_HTTP_CODEREMOTE_STREAM_H_INCLUDED_
#define _NGX_HTTP_CODEREMOTE_STREAM_H_INCLUDED_


#include "ngx_http_coderemote.h"


/* what a client was told last of the job's state */

typedef enum {
    NGX_HTTP_CODEREMOTE_STREAM_NONE = 0,
    NGX_HTTP_CODEREMOTE_STREAM_QUEUED,
    NGX_HTTP_CODEREMOTE_STREAM_RUNNING,
    NGX_HTTP_CODEREMOTE_STREAM_ENDED
} ngx_http_coderemote_stream_state_e;


/* where a client wants to begin */

typedef struct {
    uint64_t                     offset;    /* of the first byte wanted */
    ngx_uint_t                   attempt;   /* that it counts in; 0: any */
    ngx_uint_t                   told;      /* NONE, or QUEUED: no status
                                               message for that any more */
} ngx_http_coderemote_stream_start_t;


typedef struct {
    ngx_cr_watch_t               watch;
    ngx_cr_output_t              output;
    ngx_uint_t                   told;
    ngx_uint_t                   attempt;   /* the same */
    u_char                       id[CR_ID_TEXT];
} ngx_http_coderemote_stream_t;


typedef struct {
    const char                  *event;     /* "status", "output", "result" */
    uint64_t                     offset;    /* of the output after it */
    ngx_uint_t                   attempt;
    ngx_cr_json_t                json;      /* a finished document */
    size_t                       len;
} ngx_http_coderemote_stream_message_t;


/*
 * Starts to follow a job.  handler is called with a watch whose data is data
 * when there may be a next message; not from here: ask once after opening.
 * NGX_OK; NGX_DECLINED: the job is gone, nothing is open.
 */
ngx_int_t ngx_http_coderemote_stream_open(ngx_http_coderemote_stream_t *s,
    const ngx_cr_job_t *job, const ngx_http_coderemote_stream_start_t *start,
    ngx_cr_watch_handler_pt handler, void *data);

/* Harmless when it is not open. */
void ngx_http_coderemote_stream_close(ngx_http_coderemote_stream_t *s);

/*
 * Makes the next message.  Its memory is that of
 * ngx_http_coderemote_stream_scratch(): use it before the next message.
 *
 * NGX_OK; NGX_AGAIN: nothing now, wait for the handler; NGX_DONE: the last
 * one was the result; NGX_DECLINED: the job is gone; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_coderemote_stream_next(ngx_http_coderemote_stream_t *s,
    ngx_http_coderemote_stream_message_t *message);

/* Memory for one message: empty, and emptied by the next call.  Or NULL. */
ngx_pool_t *ngx_http_coderemote_stream_scratch(void);


#endif /* _NGX_HTTP_CODEREMOTE_STREAM_H_INCLUDED_ */
