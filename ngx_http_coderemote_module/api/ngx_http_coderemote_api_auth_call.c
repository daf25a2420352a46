
/*
 * The life of a call to the identity provider: it ends with an answer, at its
 * deadline, or with the request when the client has gone.  What was secret in
 * it is wiped then.
 *
 * Registering, and asking for a code, take the provider longer for some
 * accounts than for others, since it sends mail.  Their answers, and those to
 * codes, come at a multiple of half a second after the question, so that the
 * time they take does not tell which.
 *
 * A provider that hangs holds what asks it until the deadline.  Whoever asks
 * when that are many already is told so at once: each has a connection, and
 * those of a process are for everybody.
 */


#include "ngx_http_coderemote_api_auth.h"


#define NGX_HTTP_CODEREMOTE_AUTH_EVEN   500     /* milliseconds */
#define NGX_HTTP_CODEREMOTE_AUTH_SPARE  1000    /* libcurl's own deadline is
                                                   only the second */
#define NGX_HTTP_CODEREMOTE_AUTH_CALLS  64      /* at once, in a process */


static ngx_uint_t ngx_http_coderemote_auth_call_full(ngx_log_t *log);
static ngx_int_t ngx_http_coderemote_auth_call_start(
    ngx_http_coderemote_auth_call_t *call, ngx_cr_cognito_op_e op,
    const ngx_cr_cognito_fields_t *fields);
static void ngx_http_coderemote_auth_call_answered(ngx_cr_curl_t *t);
static void ngx_http_coderemote_auth_call_log(
    ngx_http_coderemote_auth_call_t *call, long status);
static void ngx_http_coderemote_auth_call_run(
    ngx_http_coderemote_auth_call_t *call);
static void ngx_http_coderemote_auth_call_tell(
    ngx_http_coderemote_auth_call_t *call);
static void ngx_http_coderemote_auth_call_late(ngx_event_t *ev);
static void ngx_http_coderemote_auth_call_later(ngx_event_t *ev);
static void ngx_http_coderemote_auth_call_keyed(ngx_cr_jwks_wait_t *wait);
static void ngx_http_coderemote_auth_call_forget(
    ngx_http_coderemote_auth_call_t *call);
static void ngx_http_coderemote_auth_call_cleanup(void *data);


typedef struct {
    ngx_uint_t                   code;
    const char                  *field;
    const char                  *detail;
} ngx_http_coderemote_auth_told_t;


static ngx_uint_t  ngx_http_coderemote_auth_calls;


/* in the order of ngx_cr_cognito_outcome_e */

static const ngx_http_coderemote_auth_told_t
    ngx_http_coderemote_auth_told[] =
{
    { NGX_HTTP_CODEREMOTE_INTERNAL, NULL, "" },

    { NGX_HTTP_CODEREMOTE_INTERNAL, NULL, "" },

    { NGX_HTTP_CODEREMOTE_INVALID_CREDENTIALS, NULL,
      "the email address or the password is wrong" },

    { NGX_HTTP_CODEREMOTE_USER_NOT_CONFIRMED, NULL,
      "enter the code that was sent to this address, or ask for another" },

    { NGX_HTTP_CODEREMOTE_PASSWORD_RESET_REQUIRED, NULL,
      "ask for a code and choose a new password" },

    { NGX_HTTP_CODEREMOTE_INVALID_SESSION, NULL,
      "it took too long, or was answered already: sign in again" },

    { NGX_HTTP_CODEREMOTE_NO_SESSION, NULL,
      "there is no session, or it has ended: sign in" },

    { NGX_HTTP_CODEREMOTE_CODE_MISMATCH, "code",
      "the code is wrong: enter the latest one" },

    { NGX_HTTP_CODEREMOTE_CODE_EXPIRED, "code",
      "the code has expired: ask for another" },

    { NGX_HTTP_CODEREMOTE_WEAK_PASSWORD, "password",
      "choose a longer password, with letters of both cases, digits and "
      "symbols" },

    { NGX_HTTP_CODEREMOTE_INVALID_FIELD, "email",
      "the identity provider does not take this address" },

    { NGX_HTTP_CODEREMOTE_TOO_MANY_ATTEMPTS, NULL,
      "too many attempts: wait and try again" },

    { NGX_HTTP_CODEREMOTE_AUTH_MISCONFIGURED, NULL,
      "sign-in is not set up correctly here: its log says what to mend" },

    { NGX_HTTP_CODEREMOTE_AUTH_UNAVAILABLE, NULL,
      "the identity provider does not answer now: try again" }
};


ngx_http_coderemote_auth_call_t *
ngx_http_coderemote_auth_call_create(ngx_http_request_t *r,
    ngx_cr_cognito_route_e route, ngx_http_coderemote_auth_step_pt step)
{
    ngx_http_cleanup_t               *cln;
    ngx_http_coderemote_loc_conf_t   *conf;
    ngx_http_coderemote_auth_call_t  *call;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);

    cln = ngx_http_cleanup_add(r, sizeof(ngx_http_coderemote_auth_call_t));
    if (cln == NULL) {
        return NULL;
    }

    call = cln->data;
    ngx_memzero(call, sizeof(ngx_http_coderemote_auth_call_t));

    cln->handler = ngx_http_coderemote_auth_call_cleanup;

    call->request = r;
    call->cognito = conf->cognito.cognito;
    call->route = route;
    call->step = step;
    call->started = ngx_current_msec;

    call->timer.data = call;
    call->timer.log = r->connection->log;
    call->timer.handler = ngx_http_coderemote_auth_call_late;

    call->wait.handler = ngx_http_coderemote_auth_call_keyed;
    call->wait.data = call;

    call->curl.url = call->cognito->url;
    call->curl.ca = call->cognito->ca;
    call->curl.max = NGX_CR_COGNITO_ANSWER_MAX;
    call->curl.timeout = call->cognito->timeout
                         + NGX_HTTP_CODEREMOTE_AUTH_SPARE;
    call->curl.want = "x-amzn-errortype";
    call->curl.handler = ngx_http_coderemote_auth_call_answered;
    call->curl.data = call;
    call->curl.log = r->connection->log;
    call->curl.keep = 1;
    call->curl.secret = 1;

    return call;
}


ngx_int_t
ngx_http_coderemote_auth_call(ngx_http_coderemote_auth_call_t *call,
    ngx_cr_cognito_op_e op, const ngx_cr_cognito_fields_t *fields)
{
    if (ngx_http_coderemote_auth_call_full(call->request->connection->log)
        || ngx_http_coderemote_auth_call_start(call, op, fields) != NGX_OK)
    {
        call->outcome = NGX_CR_COGNITO_UNAVAILABLE;
        return ngx_http_coderemote_auth_call_refuse(call);
    }

    call->asking = 1;
    ngx_http_coderemote_auth_calls++;

    ngx_add_timer(&call->timer, call->cognito->timeout);

    ngx_http_coderemote_hold(call->request);

    return NGX_DONE;
}


/* said once a second */

static ngx_uint_t
ngx_http_coderemote_auth_call_full(ngx_log_t *log)
{
    static time_t  said;

    if (ngx_http_coderemote_auth_calls < NGX_HTTP_CODEREMOTE_AUTH_CALLS) {
        return 0;
    }

    if (said != ngx_time()) {
        said = ngx_time();

        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "identity provider is asked by %ui requests at once, "
                      "more are refused", ngx_http_coderemote_auth_calls);
    }

    return 1;
}


ngx_int_t
ngx_http_coderemote_auth_call_next(ngx_http_coderemote_auth_call_t *call,
    ngx_cr_cognito_op_e op, const ngx_cr_cognito_fields_t *fields,
    ngx_http_coderemote_auth_step_pt step)
{
    ngx_cr_cognito_done(&call->answer);

    call->step = step;

    if (ngx_http_coderemote_auth_call_start(call, op, fields) != NGX_OK) {
        call->outcome = NGX_CR_COGNITO_UNAVAILABLE;
        return ngx_http_coderemote_auth_call_refuse(call);
    }

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_coderemote_auth_call_start(ngx_http_coderemote_auth_call_t *call,
    ngx_cr_cognito_op_e op, const ngx_cr_cognito_fields_t *fields)
{
    if (call->body.len != 0) {
        explicit_bzero(call->body.data, call->body.len);
        call->body.len = 0;
    }

    if (ngx_cr_cognito_request(op, &call->cognito->client, fields,
                               call->request->pool, &call->body)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    call->op = op;
    call->curl.headers = ngx_cr_cognito_headers(op);
    call->curl.body = (const char *) call->body.data;
    call->curl.body_len = call->body.len;

    return ngx_cr_curl_start(&call->curl);
}


static void
ngx_http_coderemote_auth_call_answered(ngx_cr_curl_t *t)
{
    ngx_http_coderemote_auth_call_t  *call;

    call = t->data;

    if (t->code != CURLE_OK) {
        ngx_log_error(NGX_LOG_ERR, t->log, 0,
                      "identity provider does not answer: %s", t->error);

        call->answer.error = NGX_CR_COGNITO_E_OTHER;
        call->outcome = NGX_CR_COGNITO_UNAVAILABLE;

    } else {
        ngx_cr_cognito_parse(t->status, t->answer, t->len, t->found,
                             &call->answer);

        call->outcome = ngx_cr_cognito_outcome(call->route, &call->answer);

        ngx_http_coderemote_auth_call_log(call, t->status);
    }

    ngx_http_coderemote_auth_call_run(call);
}


/*
 * What an operator has to know.  The message of an error may quote a field;
 * that of a wrong configuration names the client.
 */

static void
ngx_http_coderemote_auth_call_log(ngx_http_coderemote_auth_call_t *call,
    long status)
{
    ngx_str_t   *type, *message;
    ngx_uint_t   level;
    const char  *route;

    type = &call->answer.type;
    message = &call->answer.message;
    route = ngx_cr_cognito_route_name(call->route);

    switch (call->outcome) {

    case NGX_CR_COGNITO_MISCONFIGURED:

        if (call->answer.error == NGX_CR_COGNITO_E_NONE) {
            ngx_log_error(NGX_LOG_ERR, call->curl.log, 0,
                          "identity provider demands a challenge that is not "
                          "supported, change the user pool's sign-in to "
                          "SOFTWARE_TOKEN_MFA or SMS_MFA");
            return;
        }

        ngx_log_error(NGX_LOG_ERR, call->curl.log, 0,
                      "identity provider refuses %s: %V \"%V\", mend "
                      "coderemote_cognito_client_id, "
                      "coderemote_cognito_client_secret_file or the client's "
                      "sign-in flows (ALLOW_USER_PASSWORD_AUTH)", route, type,
                      message);
        return;

    case NGX_CR_COGNITO_UNAVAILABLE:

        /* there is another operation for refreshing */

        level = (call->op == NGX_CR_COGNITO_REFRESH
                 && call->answer.error == NGX_CR_COGNITO_E_UNSUPPORTED)
                ? NGX_LOG_INFO : NGX_LOG_ERR;

        ngx_log_error(level, call->curl.log, 0,
                      "identity provider fails at %s: status %l, %V", route,
                      status, type);
        return;

    default:

        if (call->answer.error != NGX_CR_COGNITO_E_NONE) {
            ngx_log_error(NGX_LOG_INFO, call->curl.log, 0,
                          "identity provider refuses %s: %V", route, type);
        }
    }
}


static void
ngx_http_coderemote_auth_call_run(ngx_http_coderemote_auth_call_t *call)
{
    ngx_msec_t  passed;

    if (!call->even) {
        ngx_http_coderemote_auth_call_tell(call);
        return;
    }

    if (call->timer.timer_set) {
        ngx_del_timer(&call->timer);
    }

    passed = ngx_current_msec - call->started;

    call->timer.handler = ngx_http_coderemote_auth_call_later;

    ngx_add_timer(&call->timer, NGX_HTTP_CODEREMOTE_AUTH_EVEN
                                - passed % NGX_HTTP_CODEREMOTE_AUTH_EVEN);
}


static void
ngx_http_coderemote_auth_call_tell(ngx_http_coderemote_auth_call_t *call)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = call->request;

    rc = call->step(call);

    if (rc == NGX_AGAIN) {
        return;
    }

    /* the answer may wait for a slow client; nothing else waits then */

    ngx_http_coderemote_auth_call_forget(call);

    ngx_http_coderemote_finish(r, rc);
}


static void
ngx_http_coderemote_auth_call_late(ngx_event_t *ev)
{
    ngx_http_coderemote_auth_call_t  *call;

    call = ev->data;

    ngx_log_error(NGX_LOG_ERR, ev->log, 0,
                  "identity provider does not answer in time: "
                  "coderemote_cognito_timeout is %M ms",
                  call->cognito->timeout);

    ngx_cr_curl_cancel(&call->curl);
    ngx_cr_jwks_wait_cancel(&call->wait);
    ngx_cr_cognito_done(&call->answer);

    call->answer.error = NGX_CR_COGNITO_E_OTHER;
    call->outcome = NGX_CR_COGNITO_UNAVAILABLE;

    ngx_http_coderemote_auth_call_run(call);
}


static void
ngx_http_coderemote_auth_call_later(ngx_event_t *ev)
{
    ngx_http_coderemote_auth_call_tell(ev->data);
}


ngx_int_t
ngx_http_coderemote_auth_call_keys(ngx_http_coderemote_auth_call_t *call,
    ngx_uint_t cause)
{
    if (call->waited) {
        return NGX_DECLINED;
    }

    call->waited = 1;

    return ngx_http_coderemote_auth_wait(call->cognito->auth, cause,
                                         &call->wait);
}


static void
ngx_http_coderemote_auth_call_keyed(ngx_cr_jwks_wait_t *wait)
{
    ngx_http_coderemote_auth_call_tell(wait->data);
}


ngx_int_t
ngx_http_coderemote_auth_call_refuse(ngx_http_coderemote_auth_call_t *call)
{
    const ngx_str_t                        *message;
    ngx_http_coderemote_problem_t           problem;
    const ngx_http_coderemote_auth_told_t  *told;

    told = &ngx_http_coderemote_auth_told[call->outcome];
    message = &call->answer.message;

    ngx_http_coderemote_auth_call_note(call, NULL);

    if (call->outcome == NGX_CR_COGNITO_WEAK) {

        /* the provider knows best what its policy lacks */

        ngx_http_coderemote_problem(&problem, told->code,
                      (call->route == NGX_CR_COGNITO_REGISTER)
                      ? "password" : "new_password", "%V%s", message,
                      (message->len == 0) ? told->detail : "");

    } else {
        ngx_http_coderemote_problem(&problem, told->code, told->field, "%s",
                                    told->detail);
    }

    if (call->outcome == NGX_CR_COGNITO_BAD_FIELD) {
        problem.status = NGX_HTTP_CODEREMOTE_UNPROCESSABLE;
    }

    if (call->retry != 0) {
        problem.retry = call->retry;

    } else if (call->outcome == NGX_CR_COGNITO_TOO_MANY) {
        problem.retry = (call->answer.error == NGX_CR_COGNITO_E_LIMIT)
                        ? 60 : 5;

    } else if (call->outcome == NGX_CR_COGNITO_UNAVAILABLE) {
        problem.retry = 5;
    }

    return ngx_http_coderemote_send_problem(call->request, &problem);
}


void
ngx_http_coderemote_auth_call_note(ngx_http_coderemote_auth_call_t *call,
    const ngx_cr_jwt_t *jwt)
{
    ngx_http_coderemote_auth_note(call->request, call->route, call->outcome,
                                  &call->email, jwt,
                                  !call->asking
                                  || call->outcome == NGX_CR_COGNITO_TOO_MANY);

    if (!call->counted) {
        return;
    }

    call->counted = 0;

    switch (call->outcome) {

    case NGX_CR_COGNITO_OK:
        ngx_http_coderemote_limits_right(&call->who);
        break;

    /* the password was right, and what comes next is an attempt of its own */
    case NGX_CR_COGNITO_CHALLENGED:
    case NGX_CR_COGNITO_MUST_RESET:

    /* nobody was asked */
    case NGX_CR_COGNITO_MISCONFIGURED:
    case NGX_CR_COGNITO_UNAVAILABLE:
        ngx_http_coderemote_limits_undo(&call->who);
        break;

    default:
        break;
    }
}


void
ngx_http_coderemote_auth_note(ngx_http_request_t *r,
    ngx_cr_cognito_route_e route, ngx_cr_cognito_outcome_e outcome,
    const ngx_str_t *email, const ngx_cr_jwt_t *jwt, ngx_uint_t bound)
{
    ngx_http_coderemote_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);

    ngx_http_coderemote_audit_auth(conf->audit, r,
                                   ngx_cr_cognito_route_name(route),
                                   ngx_cr_cognito_outcome_name(outcome),
                                   email, jwt, bound);

    ngx_cr_stats_add(NGX_CR_STAT_SIGN_IN + route * NGX_CR_COGNITO_OUTCOMES
                     + outcome, 1);
}


static void
ngx_http_coderemote_auth_call_forget(ngx_http_coderemote_auth_call_t *call)
{
    ngx_cr_curl_cancel(&call->curl);
    ngx_cr_jwks_wait_cancel(&call->wait);
    ngx_cr_cognito_done(&call->answer);

    if (call->asking) {
        call->asking = 0;
        ngx_http_coderemote_auth_calls--;
    }

    if (call->timer.timer_set) {
        ngx_del_timer(&call->timer);
    }

    if (call->body.len != 0) {
        explicit_bzero(call->body.data, call->body.len);
        call->body.len = 0;
    }
}


/* the request has ended, maybe since its client has gone */

static void
ngx_http_coderemote_auth_call_cleanup(void *data)
{
    ngx_http_coderemote_auth_call_forget(data);
}
