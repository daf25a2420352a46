
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


/* room for the header of an answer that the caller wants to see */

#define NGX_CR_CURL_FOUND_MAX  128


/*
 * A transfer; the memory is the caller's until the handler is called or
 * ngx_cr_curl_cancel(), zeroed before the first start.  A redirect is an
 * answer like any other.
 */

struct ngx_cr_curl_s {

    /* what to do; strings end with NUL and are read at the start */
    const char                  *url;       /* http or https */
    const char                  *ca;        /* PEM file; NULL: the system's */
    const char *const           *headers;   /* of the request, up to a NULL;
                                               NULL: only libcurl's own */
    const char                  *body;      /* of a POST; NULL: a GET; in
                                               place until the end */
    size_t                       body_len;
    const char                  *want;      /* a header of the answer, in any
                                               case, without ":"; or NULL */
    size_t                       max;       /* bytes of an answer */
    ngx_msec_t                   timeout;   /* for all of it */
    ngx_cr_curl_handler_pt       handler;
    void                        *data;
    ngx_log_t                   *log;
    unsigned                     keep:1;    /* the connection, for the next */
    unsigned                     secret:1;  /* the answer is wiped */

    /* the outcome: valid while the handler is called */
    CURLcode                     code;      /* CURLE_OK: there is an answer */
    long                         status;    /* of HTTP */
    u_char                      *answer;    /* NULL: empty */
    size_t                       len;
    char                         error[CURL_ERROR_SIZE];
    char                         found[NGX_CR_CURL_FOUND_MAX];
                                            /* value of want, cut; "": none */

    struct curl_slist           *list;
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
