
/* What the files of /auth/ share: a call to the identity provider. */


#ifndef _NGX_HTTP_CODEREMOTE_API_AUTH_H_INCLUDED_
#define _NGX_HTTP_CODEREMOTE_API_AUTH_H_INCLUDED_


#include "ngx_http_coderemote_auth.h"
#include "ngx_cr_curl.h"


typedef struct ngx_http_coderemote_auth_call_s
    ngx_http_coderemote_auth_call_t;

/*
 * The provider has answered, or did not in time: call->outcome says what
 * follows.  Returns what a content handler returns, which ends the request,
 * or NGX_AGAIN when something else was started.
 */
typedef ngx_int_t (*ngx_http_coderemote_auth_step_pt)(
    ngx_http_coderemote_auth_call_t *call);


/*
 * Of a request, in its pool, from ngx_http_coderemote_auth_call_create() to
 * its end.  The timer is the deadline, and then the wait of an answer whose
 * time must not tell anything; it keeps a process that wants to end.
 */

struct ngx_http_coderemote_auth_call_s {
    ngx_http_request_t                *request;
    ngx_http_coderemote_cognito_t     *cognito;
    ngx_cr_cognito_route_e             route;
    ngx_cr_cognito_op_e                op;
    ngx_cr_cognito_outcome_e           outcome;
    ngx_cr_cognito_answer_t            answer;
    ngx_http_coderemote_auth_step_pt   step;
    ngx_str_t                          email;     /* empty: not known */
    ngx_cr_attempts_who_t              who;       /* if counted */
    time_t                             retry;     /* of TOO_MANY of ours, s */
    ngx_cr_cognito_fields_t            fields;    /* of a second try */
    ngx_str_t                          body;      /* wiped at the end */
    ngx_cr_curl_t                      curl;
    ngx_cr_jwks_wait_t                 wait;
    ngx_event_t                        timer;
    ngx_msec_t                         started;
    unsigned                           waited:1;  /* for newer keys, once */
    unsigned                           counted:1; /* as an attempt */
    unsigned                           asking:1;  /* one of those of which
                                                     there may be so many */
    unsigned                           even:1;    /* the answer comes after a
                                                     multiple of some time */
};


/* api_auth_call.c: NULL: no memory */
ngx_http_coderemote_auth_call_t *ngx_http_coderemote_auth_call_create(
    ngx_http_request_t *r, ngx_cr_cognito_route_e route,
    ngx_http_coderemote_auth_step_pt step);

/*
 * From a content handler: starts, and holds the request; returns what it has
 * to return.  Refuses when too many wait for the provider already.
 */
ngx_int_t ngx_http_coderemote_auth_call(ngx_http_coderemote_auth_call_t *call,
    ngx_cr_cognito_op_e op, const ngx_cr_cognito_fields_t *fields);

/* From a step: another operation.  NGX_AGAIN, or an outcome is told. */
ngx_int_t ngx_http_coderemote_auth_call_next(
    ngx_http_coderemote_auth_call_t *call, ngx_cr_cognito_op_e op,
    const ngx_cr_cognito_fields_t *fields,
    ngx_http_coderemote_auth_step_pt step);

/*
 * From a step: waits for newer keys and calls it again; NGX_AGAIN, or
 * NGX_DECLINED when that cannot help.
 */
ngx_int_t ngx_http_coderemote_auth_call_keys(
    ngx_http_coderemote_auth_call_t *call, ngx_uint_t cause);

/*
 * From a step: every outcome but OK and CHALLENGED, as a problem; counts it.
 * Returns what a step returns.
 */
ngx_int_t ngx_http_coderemote_auth_call_refuse(
    ngx_http_coderemote_auth_call_t *call);

/*
 * Notes what became of a call, and whether it was a wrong attempt: once, when
 * it is answered.  jwt: who has a session now; NULL: nobody.
 */
void ngx_http_coderemote_auth_call_note(ngx_http_coderemote_auth_call_t *call,
    const ngx_cr_jwt_t *jwt);

/*
 * The same of any request to /auth/: every one that is answered passes here
 * once.  email: as it was sent, or empty; jwt: NULL: as the request says;
 * bound: as in ngx_http_coderemote_audit_auth().
 */
void ngx_http_coderemote_auth_note(ngx_http_request_t *r,
    ngx_cr_cognito_route_e route, ngx_cr_cognito_outcome_e outcome,
    const ngx_str_t *email, const ngx_cr_jwt_t *jwt, ngx_uint_t bound);


/*
 * api_auth_fields.c: reads the members of a body.  NGX_OK: fields point into
 * it, email and challenge are checked; NGX_ERROR: problem says what is wrong.
 */
ngx_int_t ngx_http_coderemote_auth_fields(ngx_cr_cognito_route_e route,
    json_t *body, ngx_cr_cognito_fields_t *fields,
    ngx_http_coderemote_problem_t *problem);


/* api_auth_session.c: the step after tokens came */
ngx_int_t ngx_http_coderemote_auth_session(
    ngx_http_coderemote_auth_call_t *call);


/* api_auth_cookie.c: the refresh token in its cookie */

typedef struct {
    ngx_str_t                    user;      /* as the provider names it */
    ngx_str_t                    token;
} ngx_http_coderemote_auth_cookie_t;

/* NGX_DECLINED: there is none, or none that is ours. */
ngx_int_t ngx_http_coderemote_auth_cookie_get(ngx_http_request_t *r,
    ngx_http_coderemote_auth_cookie_t *cookie);
/* NGX_DECLINED: the token cannot be in a cookie. */
ngx_int_t ngx_http_coderemote_auth_cookie_set(ngx_http_request_t *r,
    const ngx_http_coderemote_auth_cookie_t *cookie);
ngx_int_t ngx_http_coderemote_auth_cookie_clear(ngx_http_request_t *r);


#endif /* _NGX_HTTP_CODEREMOTE_API_AUTH_H_INCLUDED_ */
