
/*
 * A session: what one WebSocket's client is doing.  Shared by the files that
 * make up the resource /ws.
 */


#ifndef _NGX_HTTP_CODEREMOTE_API_WS_H_INCLUDED_
#define _NGX_HTTP_CODEREMOTE_API_WS_H_INCLUDED_


#include "ngx_http_coderemote_ws.h"
#include "ngx_http_coderemote_stream.h"


typedef struct {
    ngx_http_coderemote_ws_t        *ws;
    ngx_http_coderemote_loc_conf_t  *conf;
    ngx_str_t                        user;      /* empty: nobody's */
    ngx_cr_jwt_t                    *jwt;       /* NULL: none, or auth off */
    ngx_event_t                      expiry;    /* of jwt */
    unsigned                         nobody:1;  /* a token is waited for */
    unsigned                         counted:1; /* as one of the user's */
    ngx_cr_table_key_t               place;     /* where it is counted */
    ngx_cr_jwks_wait_t               wait;      /* for keys, with a token */
    ngx_str_t                        token;
    json_t                          *ref;

    ngx_queue_t                      jobs;      /* all that are followed */
    ngx_queue_t                      ready;     /* those with something new,
                                                   each gets its turn */
    ngx_uint_t                       njobs;

    ngx_queue_t                      inputs;    /* what waits for a job */
    ngx_uint_t                       ninputs;
    size_t                           held;      /* bytes of stdin in them */
} ngx_http_coderemote_session_t;


/* an error message on its way to the client; all but problem may be absent */

typedef struct {
    json_t                          *ref;       /* as the client sent it */
    ngx_str_t                        job_id;    /* UTF-8 */
    ngx_http_coderemote_problem_t    problem;
} ngx_http_coderemote_session_error_t;


/* A client's message: data is valid UTF-8. */
void ngx_http_coderemote_session_message(ngx_http_coderemote_session_t *s,
    u_char *data, size_t len);

/*
 * With coderemote_auth jwt: starts the session as that of jwt, or with NULL
 * as nobody's; harmless with auth off.  done: gives back what it holds.
 */
void ngx_http_coderemote_session_auth_init(ngx_http_coderemote_session_t *s,
    ngx_cr_jwt_t *jwt);
void ngx_http_coderemote_session_auth_done(ngx_http_coderemote_session_t *s);

/*
 * A token that came by a message: NGX_OK: it was answered or will be, or
 * NGX_ERROR with a problem; whoever is nobody and has no good one is closed.
 */
ngx_int_t ngx_http_coderemote_session_auth(ngx_http_coderemote_session_t *s,
    const ngx_str_t *token, json_t *ref,
    ngx_http_coderemote_problem_t *problem);

/*
 * Counts the session as one of the user's: NGX_OK; NGX_BUSY: there are too
 * many; NGX_ERROR.  uncount: at its end; harmless if it was not counted.
 */
ngx_int_t ngx_http_coderemote_session_count(ngx_http_coderemote_session_t *s);
void ngx_http_coderemote_session_uncount(ngx_http_coderemote_session_t *s);

/* Says who the session is for; ref: see below. */
void ngx_http_coderemote_session_hello(ngx_http_coderemote_session_t *s,
    const json_t *ref);

/*
 * Starts to send a job's messages; a job that is followed already starts
 * anew.  NGX_OK; NGX_DECLINED: the job is gone; NGX_BUSY: too many are
 * followed; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_coderemote_session_follow(ngx_http_coderemote_session_t *s,
    const ngx_cr_job_t *job, const ngx_http_coderemote_stream_start_t *start);

/* Ends that; harmless if there is nothing to end. */
void ngx_http_coderemote_session_leave(ngx_http_coderemote_session_t *s,
    const ngx_cr_job_t *job);

/* The job may have changed by what this process did itself. */
void ngx_http_coderemote_session_look(ngx_http_coderemote_session_t *s,
    const ngx_cr_job_t *job);

/* 1: no more jobs may be followed. */
ngx_uint_t ngx_http_coderemote_session_full(ngx_http_coderemote_session_t *s);

/* Documents: begin returns NULL when memory ran out; end sends. */
ngx_cr_json_t *ngx_http_coderemote_session_begin(
    ngx_http_coderemote_session_t *s, ngx_cr_json_t *json, const char *type);
void ngx_http_coderemote_session_end(ngx_http_coderemote_session_t *s,
    ngx_cr_json_t *json);
/* The member "ref"; NULL: none. */
void ngx_http_coderemote_session_ref(ngx_cr_json_t *json, const json_t *ref);
void ngx_http_coderemote_session_error(ngx_http_coderemote_session_t *s,
    const ngx_http_coderemote_session_error_t *error);


/*
 * What a client sends to a running job.  It goes to the pool at once, or is
 * kept, in order and within bounds, until the job has started and the pool
 * takes it.
 *
 * NGX_OK: sent or kept; NGX_ERROR: refused, problem says why.
 */
ngx_int_t ngx_http_coderemote_session_stdin(ngx_http_coderemote_session_t *s,
    const ngx_cr_job_t *job, const u_char *data, size_t len,
    ngx_http_coderemote_problem_t *problem);
ngx_int_t ngx_http_coderemote_session_eof(ngx_http_coderemote_session_t *s,
    const ngx_cr_job_t *job, ngx_http_coderemote_problem_t *problem);
ngx_int_t ngx_http_coderemote_session_signal(ngx_http_coderemote_session_t *s,
    const ngx_cr_job_t *job, ngx_uint_t signal,
    ngx_http_coderemote_problem_t *problem);
ngx_int_t ngx_http_coderemote_session_cancel(ngx_http_coderemote_session_t *s,
    const ngx_cr_job_t *job, ngx_http_coderemote_problem_t *problem);

/* Forgets all that is kept. */
void ngx_http_coderemote_session_inputs_done(
    ngx_http_coderemote_session_t *s);


#endif /* _NGX_HTTP_CODEREMOTE_API_WS_H_INCLUDED_ */
