
/*
 * HTTP requests to other servers by libcurl, in nginx's event loop: nothing
 * here blocks, names are resolved by a thread of libcurl's own.
 */


#ifndef _NGX_CR_CURL_H_INCLUDED_
#define _NGX_CR_CURL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include <curl/curl.h>


typedef struct ngx_cr_curl_s  ngx_cr_curl_t;

typedef void (*ngx_cr_curl_handler_pt)(ngx_cr_curl_t *t);


/*
 * A transfer; the memory is the caller's until the handler is called or
 * ngx_cr_curl_cancel().  A redirect is an answer like any other.
 */

struct ngx_cr_curl_s {

    /* what to do; strings end with NUL and are read at the start */
    const char                  *url;       /* http or https */
    const char                  *ca;        /* PEM file; NULL: the system's */
    size_t                       max;       /* bytes of an answer */
    ngx_msec_t                   timeout;   /* for all of it */
    ngx_cr_curl_handler_pt       handler;
    void                        *data;
    ngx_log_t                   *log;

    /* the outcome: valid while the handler is called */
    CURLcode                     code;      /* CURLE_OK: there is an answer */
    long                         status;    /* of HTTP */
    u_char                      *answer;    /* NULL: empty */
    size_t                       len;
    char                         error[CURL_ERROR_SIZE];

    CURL                        *easy;      /* NULL: not started */
    ngx_queue_t                  queue;
};


/* Configuration: 1 if this libcurl resolves names without blocking. */
ngx_uint_t ngx_cr_curl_usable(void);

/*
 * Starts; the handler is called later, never from here.  NGX_ERROR: it is not
 * called, the cause was logged.
 */
ngx_int_t ngx_cr_curl_start(ngx_cr_curl_t *t);

/* Ends a transfer without a call of its handler; harmless without one. */
void ngx_cr_curl_cancel(ngx_cr_curl_t *t);

/* Process exit: ends all. */
void ngx_cr_curl_done(void);


#endif /* _NGX_CR_CURL_H_INCLUDED_ */
