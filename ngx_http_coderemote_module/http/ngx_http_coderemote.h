
/*
 * What the files of http/ and api/ share: configuration, a request's facts,
 * the routing table, answers.
 */


#ifndef _NGX_HTTP_CODEREMOTE_H_INCLUDED_
#define _NGX_HTTP_CODEREMOTE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_coderemote_audit.h"
#include "ngx_http_coderemote_auth_conf.h"
#include "ngx_http_coderemote_cognito.h"
#include "ngx_http_coderemote_compat.h"
#include "ngx_http_coderemote_limits.h"
#include "ngx_cr_channel.h"
#include "ngx_cr_drain.h"
#include "ngx_cr_job.h"
#include "ngx_cr_json.h"
#include "ngx_cr_output.h"
#include "ngx_cr_stats.h"
#include "ngx_cr_watch.h"
#include "ngx_cr_ws_handshake.h"
#include "ngx_cr_ws_utf8.h"


#define NGX_HTTP_CODEREMOTE_CODE_SIZE_MAX  (1024 * 1024)

#define NGX_HTTP_CODEREMOTE_WS_BUFFER_MIN  4096

/* a status that nginx has no name for */

#define NGX_HTTP_CODEREMOTE_UNPROCESSABLE  422

/* of a body with ROUTE_SIGN */

#define NGX_HTTP_CODEREMOTE_SIGN_SIZE_MAX  16384

/* a Content-Length over this gets nginx's own 413, under it a problem */

#define NGX_HTTP_CODEREMOTE_BODY_REFUSED   (1024 * 1024 * 1024)


typedef struct {
    ngx_array_t                  pools;     /* of ngx_cr_pool_t * */
    ngx_array_t                  keys;      /* of ngx_cr_jwks_t * */
    size_t                       jwt_cache; /* bytes, of verified tokens */
    size_t                       limit_zone;    /* bytes */
    ngx_uint_t                   enabled;   /* some location is on */
} ngx_http_coderemote_main_conf_t;


typedef struct {
    ngx_flag_t                   enable;
    ngx_http_coderemote_auth_conf_t  auth;
    ngx_http_coderemote_cognito_conf_t  cognito;
    ngx_http_coderemote_limits_conf_t   limits;
    ngx_http_coderemote_audit_t *audit;     /* NULL: off */
    ngx_cr_pool_t               *pool;
    size_t                       max_code_size;
    size_t                       max_stdin_size;
    size_t                       max_body_size;
    ngx_msec_t                   default_timeout;   /* 0: the language's */
    ngx_msec_t                   max_timeout;
    ngx_msec_t                   wait_timeout;      /* of ?wait=true */
    ngx_uint_t                   max_jobs;          /* of a user, 0: any */
    ngx_array_t                 *allow_hosts;       /* of ngx_str_t */
    ngx_array_t                 *allow_origins;     /* of ngx_str_t */

    /* the WebSocket endpoint and the event stream */
    size_t                       ws_max_message;
    size_t                       ws_buffer;         /* unsent, a connection */
    ngx_uint_t                   ws_max_jobs;       /* subscriptions */
    ngx_msec_t                   ws_ping_interval;
    ngx_msec_t                   ws_timeout;        /* silence that closes */
    ngx_flag_t                   ws_deflate;        /* RFC 7692 */
} ngx_http_coderemote_loc_conf_t;


/* problem codes, in the order of their counters and of the table of texts */

typedef enum {
    NGX_HTTP_CODEREMOTE_BAD_REQUEST = 0,
    NGX_HTTP_CODEREMOTE_INVALID_JSON,
    NGX_HTTP_CODEREMOTE_INVALID_UTF8,
    NGX_HTTP_CODEREMOTE_INVALID_FIELD,
    NGX_HTTP_CODEREMOTE_UNKNOWN_FIELD,
    NGX_HTTP_CODEREMOTE_MISSING_FIELD,
    NGX_HTTP_CODEREMOTE_UNKNOWN_LANGUAGE,
    NGX_HTTP_CODEREMOTE_UNAUTHORIZED,
    NGX_HTTP_CODEREMOTE_INVALID_CREDENTIALS,
    NGX_HTTP_CODEREMOTE_INVALID_SESSION,
    NGX_HTTP_CODEREMOTE_NO_SESSION,
    NGX_HTTP_CODEREMOTE_USER_NOT_CONFIRMED,
    NGX_HTTP_CODEREMOTE_PASSWORD_RESET_REQUIRED,
    NGX_HTTP_CODEREMOTE_FORBIDDEN_HOST,
    NGX_HTTP_CODEREMOTE_FORBIDDEN_ORIGIN,
    NGX_HTTP_CODEREMOTE_NOT_FOUND,
    NGX_HTTP_CODEREMOTE_METHOD_NOT_ALLOWED,
    NGX_HTTP_CODEREMOTE_JOB_FINISHED,
    NGX_HTTP_CODEREMOTE_CODE_EXPIRED,
    NGX_HTTP_CODEREMOTE_TOO_LARGE,
    NGX_HTTP_CODEREMOTE_UNSUPPORTED_MEDIA_TYPE,
    NGX_HTTP_CODEREMOTE_CODE_MISMATCH,
    NGX_HTTP_CODEREMOTE_WEAK_PASSWORD,
    NGX_HTTP_CODEREMOTE_UPGRADE_REQUIRED,
    NGX_HTTP_CODEREMOTE_TOO_MANY_JOBS,
    NGX_HTTP_CODEREMOTE_TOO_MANY_ATTEMPTS,
    NGX_HTTP_CODEREMOTE_TOO_MANY_EXECUTIONS,
    NGX_HTTP_CODEREMOTE_TOO_MANY_SOCKETS,
    NGX_HTTP_CODEREMOTE_INTERNAL,
    NGX_HTTP_CODEREMOTE_AUTH_MISCONFIGURED,
    NGX_HTTP_CODEREMOTE_AUTH_UNAVAILABLE,
    NGX_HTTP_CODEREMOTE_POOL_UNAVAILABLE,
    NGX_HTTP_CODEREMOTE_QUEUE_FULL,
    NGX_HTTP_CODEREMOTE_PROBLEM_MAX
} ngx_http_coderemote_code_e;


/* an error on its way to a client, over HTTP or a WebSocket */

typedef struct {
    ngx_uint_t                   code;      /* ngx_http_coderemote_code_e */
    ngx_uint_t                   status;    /* that of the code, unless it is
                                               changed before it is sent */
    time_t                       retry;     /* seconds for Retry-After, of 429
                                               and 503 */
    ngx_uint_t                   limit;     /* that was reached, for the
                                               RateLimit headers; 0: none */
    ngx_uint_t                   login;     /* 0: not told; 1: nobody is
                                               signed in here, 2: one can be */
    ngx_str_t                    detail;    /* constant, or in text */
    ngx_str_t                    field;     /* len 0: none; in name */
    u_char                       text[512];
    u_char                       name[128];
} ngx_http_coderemote_problem_t;


typedef struct ngx_http_coderemote_route_s  ngx_http_coderemote_route_t;


/* why a token did not do, beyond what ngx_cr_jwt_error_e says */

typedef enum {
    NGX_HTTP_CODEREMOTE_AUTH_NONE = NGX_CR_JWT_ERRORS,
    NGX_HTTP_CODEREMOTE_AUTH_SEVERAL,
    NGX_HTTP_CODEREMOTE_AUTH_NO_KEYS,
    NGX_HTTP_CODEREMOTE_AUTH_CAUSES
} ngx_http_coderemote_auth_cause_e;


/* who asks, once somebody wanted to know; of a main request */

typedef struct {
    const ngx_http_coderemote_auth_t  *auth;  /* what it was judged by; NULL:
                                                 it was not, or could not */
    ngx_int_t                    rc;
    ngx_cr_jwt_t                *jwt;       /* NULL: no good token */
    ngx_uint_t                   cause;
    ngx_uint_t                   place;     /* where the token was */
    unsigned                     waited:1;  /* for newer keys, once */
    unsigned                     told:1;    /* to the logs, why it is none */
} ngx_http_coderemote_identity_t;


/* a request's facts; r's module context */

typedef struct {
    ngx_http_coderemote_identity_t      identity;

    /* from here on: from the moment a route matched */
    const ngx_http_coderemote_route_t  *route;
    ngx_str_t                    user;      /* "local" with auth off; empty
                                               on a route that is open */
    ngx_str_t                    id;        /* the path's {id}, as sent, or
                                               of the job just accepted */
    json_t                      *body;      /* ROUTE_BODY: parsed object,
                                               until the handler returns */
    ngx_str_t                    read;      /* body so far, while reading */
    size_t                       size;      /* room in it */
    void                        *data;      /* the handler's own */
} ngx_http_coderemote_ctx_t;


/*
 * Answers the request: returns what a content handler returns (NGX_DONE when
 * it called ngx_http_coderemote_hold).  With ROUTE_BODY it is called when the
 * body was read and parsed, and its return value finalizes the request.
 */
typedef ngx_int_t (*ngx_http_coderemote_handler_pt)(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx);


#define NGX_HTTP_CODEREMOTE_ROUTE_BODY  0x01    /* has a JSON object */
#define NGX_HTTP_CODEREMOTE_ROUTE_OPEN  0x02    /* for everybody */
#define NGX_HTTP_CODEREMOTE_ROUTE_LATE  0x04    /* the token may come later,
                                                   by a message */
#define NGX_HTTP_CODEREMOTE_ROUTE_SIGN  0x08    /* with ROUTE_BODY: has an
                                                   identity provider, is asked
                                                   by pages of ours; the body
                                                   is small, secret, may be
                                                   empty, and says its type */
#define NGX_HTTP_CODEREMOTE_ROUTE_POOL  0x10    /* says what the pool knows */

/* what the access phase has to ask for */

#define NGX_HTTP_CODEREMOTE_GUARD_OPEN   0
#define NGX_HTTP_CODEREMOTE_GUARD_LATE   1
#define NGX_HTTP_CODEREMOTE_GUARD_TOKEN  2


/* path: literal, or with one "{id}" as a whole component */

struct ngx_http_coderemote_route_s {
    ngx_str_t                        path;
    ngx_uint_t                       method;    /* NGX_HTTP_GET serves HEAD */
    ngx_uint_t                       flags;
    ngx_http_coderemote_handler_pt   handler;
};


/*
 * routing: the only table of routes is in ngx_http_coderemote_route.c.
 * The content handler; NGX_DECLINED for every URI that is not ours.
 */
ngx_int_t ngx_http_coderemote_handler(ngx_http_request_t *r);
/* The request's route: reads the body, if it has one, and answers. */
ngx_int_t ngx_http_coderemote_serve(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx);
/*
 * NGX_DONE: this worker is just meeting the location's pool, the request is
 * held until it has, for a second at most, and then served.  NGX_DECLINED:
 * there is nothing to wait for.
 */
ngx_int_t ngx_http_coderemote_meet(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf);
/* NGX_HTTP_CODEREMOTE_GUARD_...; what is not ours is open. */
ngx_uint_t ngx_http_coderemote_route_guard(ngx_http_request_t *r);
/* The {id} of the path, as sent; empty when there is none. */
void ngx_http_coderemote_route_id(ngx_http_request_t *r, ngx_str_t *id);
/* The access phase: a token, or Host and Origin. */
ngx_int_t ngx_http_coderemote_access(ngx_http_request_t *r);
/* Refuses with a problem from the access phase: return what it returns. */
ngx_int_t ngx_http_coderemote_forbid(ngx_http_request_t *r, ngx_uint_t code,
    const char *detail);
/* 1: the origin is the request's own host, or listed. */
ngx_uint_t ngx_http_coderemote_origin_allowed(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf, const ngx_str_t *origin);
/* 1: coderemote_allow_origin has it. */
ngx_uint_t ngx_http_coderemote_origin_listed(
    ngx_http_coderemote_loc_conf_t *conf, const ngx_str_t *origin);

/* Of r, made at the first call; NULL: no memory. */
ngx_http_coderemote_ctx_t *ngx_http_coderemote_get_ctx(ngx_http_request_t *r);

/* A word for a cause of ngx_http_coderemote_auth_cause_e: [a-z_]+ */
const char *ngx_http_coderemote_auth_cause(ngx_uint_t cause);

/*
 * The life of a request that answers later.  hold: takes the reference for a
 * handler that is going to return NGX_DONE, and notices when the client goes:
 * then nginx ends the request and runs its cleanups.  finish: gives the
 * reference back with what a content handler would have returned; nothing may
 * follow, and it must not be called before the handler has returned.
 */
void ngx_http_coderemote_hold(ngx_http_request_t *r);
void ngx_http_coderemote_finish(ngx_http_request_t *r, ngx_int_t rc);

/*
 * Reads and parses the body, then calls the route's handler and finalizes.
 * Returns what the content handler has to return.
 */
ngx_int_t ngx_http_coderemote_read_body(ngx_http_request_t *r);

/* Sends the whole answer; returns what a content handler returns. */
ngx_int_t ngx_http_coderemote_send_json(ngx_http_request_t *r,
    ngx_uint_t status, ngx_cr_json_t *json);
ngx_int_t ngx_http_coderemote_send(ngx_http_request_t *r, ngx_uint_t status,
    const ngx_str_t *type, ngx_chain_t *body, size_t len);
ngx_int_t ngx_http_coderemote_send_problem(ngx_http_request_t *r,
    const ngx_http_coderemote_problem_t *problem);
/* detail: a constant text */
ngx_int_t ngx_http_coderemote_refuse(ngx_http_request_t *r, ngx_uint_t code,
    const char *detail);
/* A header of the answer; the bytes of both must live as long as r does. */
ngx_int_t ngx_http_coderemote_add_header(ngx_http_request_t *r,
    const char *name, u_char *value, size_t len);
/* The first request header of that lowercase name; NULL: absent. */
ngx_table_elt_t *ngx_http_coderemote_header(ngx_http_request_t *r,
    const char *name, size_t len);
/*
 * A query argument, percent-decoded into memory of r: NGX_OK; NGX_DECLINED:
 * absent; NGX_ERROR.
 */
ngx_int_t ngx_http_coderemote_arg(ngx_http_request_t *r, const char *name,
    ngx_str_t *value);

/*
 * Problem codes.  problem: field may be NULL; fmt is ngx_snprintf's.  Bytes
 * of a client are put in with %V only after they were found to be UTF-8.
 */
void ngx_http_coderemote_problem(ngx_http_coderemote_problem_t *problem,
    ngx_uint_t code, const char *field, const char *fmt, ...);
const char *ngx_http_coderemote_problem_code(ngx_uint_t code);
const char *ngx_http_coderemote_problem_title(ngx_uint_t code);
ngx_uint_t ngx_http_coderemote_problem_status(ngx_uint_t code);

/*
 * Validates the body of POST /execute and puts the job into the ring.  The
 * caller has removed members that are its own ("type", "ref").  flags:
 * CR_JOB_*; body's "interactive", absent, is (flags & CR_JOB_INTERACTIVE).
 * mem lives at least until the return.  NGX_OK: job and info are filled;
 * NGX_ERROR: problem says why, nothing was submitted.
 */
typedef struct {
    ngx_http_coderemote_loc_conf_t  *conf;
    const ngx_str_t                 *user;
    ngx_http_request_t              *request;   /* for the audit log */
    json_t                          *body;
    ngx_uint_t                       flags;
    ngx_pool_t                      *mem;
    ngx_log_t                       *log;
} ngx_http_coderemote_submit_t;

ngx_int_t ngx_http_coderemote_submit(ngx_http_coderemote_submit_t *submit,
    ngx_cr_job_t *job, u_char id[CR_ID_TEXT],
    ngx_http_coderemote_problem_t *problem);

/*
 * The user's job by the text of its id.  NGX_OK; NGX_DECLINED: there is none
 * or it is someone else's, which nobody is told; NGX_AGAIN: the pool, which
 * might have it, is not there.
 */
ngx_int_t ngx_http_coderemote_find(ngx_http_coderemote_loc_conf_t *conf,
    const ngx_str_t *user, const ngx_str_t *id, ngx_cr_job_t *job,
    ngx_cr_job_info_t *info);

/* What to say when there is none: rc is that of ngx_http_coderemote_find. */
void ngx_http_coderemote_not_found(ngx_http_coderemote_problem_t *problem,
    ngx_int_t rc);

/* 1: it is this user's job */
ngx_uint_t ngx_http_coderemote_job_owned(const ngx_cr_job_info_t *info,
    const ngx_str_t *user);

/* The location's pool as it is now; NULL: it is down. */
ngx_cr_link_t *ngx_http_coderemote_link(ngx_http_coderemote_loc_conf_t *conf);

/*
 * Writes the members of the job object (job_id, status, ... output) into an
 * object that is open in j.  NGX_OK; NGX_ERROR: out of memory, or the job
 * went away meanwhile.
 */
ngx_int_t ngx_http_coderemote_job_members(ngx_cr_json_t *j,
    const ngx_cr_job_t *job, const ngx_cr_job_info_t *info);

/* The same without the output. */
void ngx_http_coderemote_job_summary(ngx_cr_json_t *j,
    const ngx_cr_job_t *job, const ngx_cr_job_info_t *info);

/* Answers with the job; a finished one counts as delivered then. */
ngx_int_t ngx_http_coderemote_send_job(ngx_http_request_t *r,
    ngx_uint_t status, const ngx_cr_job_t *job,
    const ngx_cr_job_info_t *info);


/* api/, each in a file of its resource */

ngx_int_t ngx_http_coderemote_api_execute(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx);
ngx_int_t ngx_http_coderemote_api_job(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx);
ngx_int_t ngx_http_coderemote_api_job_cancel(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx);
ngx_int_t ngx_http_coderemote_api_jobs(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx);
ngx_int_t ngx_http_coderemote_api_events(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx);
ngx_int_t ngx_http_coderemote_api_ws(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx);
ngx_int_t ngx_http_coderemote_api_languages(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx);
ngx_int_t ngx_http_coderemote_api_health(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx);
ngx_int_t ngx_http_coderemote_api_ready(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx);
ngx_int_t ngx_http_coderemote_api_metrics(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx);
ngx_int_t ngx_http_coderemote_api_auth(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx);
ngx_int_t ngx_http_coderemote_api_auth_refresh(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx);
ngx_int_t ngx_http_coderemote_api_auth_logout(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx);
ngx_int_t ngx_http_coderemote_api_auth_me(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx);


/* Preconfiguration: $coderemote_user and the others. */
ngx_int_t ngx_http_coderemote_add_variables(ngx_conf_t *cf);


extern ngx_module_t  ngx_http_coderemote_module;


#endif /* _NGX_HTTP_CODEREMOTE_H_INCLUDED_ */
