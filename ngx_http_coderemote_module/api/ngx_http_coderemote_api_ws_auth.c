
/*
 * Whose session it is, with coderemote_auth jwt.
 *
 * A token comes with the handshake or, soon after, by a message; a session
 * ends with its token unless a message has brought a newer one of the same
 * user.  Until there is one, nothing but that message is taken.
 */


#include "ngx_http_coderemote_api_ws.h"
#include "ngx_http_coderemote_auth.h"


/* how long a session may be nobody's, and what it may say until then */

#define NGX_HTTP_CODEREMOTE_SESSION_AUTH_WAIT  10000
#define NGX_HTTP_CODEREMOTE_SESSION_AUTH_SIZE  (2 * NGX_CR_JWT_SIZE_MAX)

/* the clock may be set: it is looked at so often at least */

#define NGX_HTTP_CODEREMOTE_SESSION_AUTH_LOOK  30000


static void ngx_http_coderemote_session_auth_arm(
    ngx_http_coderemote_session_t *s);
static void ngx_http_coderemote_session_auth_handler(ngx_event_t *ev);
static ngx_int_t ngx_http_coderemote_session_auth_try(
    ngx_http_coderemote_session_t *s, const ngx_str_t *token,
    ngx_uint_t *cause);
static ngx_int_t ngx_http_coderemote_session_auth_wait(
    ngx_http_coderemote_session_t *s, const ngx_str_t *token, json_t *ref,
    ngx_uint_t cause);
static void ngx_http_coderemote_session_auth_again(ngx_cr_jwks_wait_t *wait);
static void ngx_http_coderemote_session_auth_forget(
    ngx_http_coderemote_session_t *s);
static void ngx_http_coderemote_session_auth_refuse(
    ngx_http_coderemote_session_t *s, ngx_int_t rc, ngx_uint_t cause,
    ngx_http_coderemote_problem_t *problem);
static void ngx_http_coderemote_session_auth_tell(
    ngx_http_coderemote_session_t *s, ngx_int_t rc, ngx_uint_t cause);
static ngx_int_t ngx_http_coderemote_session_auth_take(
    ngx_http_coderemote_session_t *s, ngx_cr_jwt_t *jwt);


void
ngx_http_coderemote_session_auth_init(ngx_http_coderemote_session_t *s,
    ngx_cr_jwt_t *jwt)
{
    if (s->conf->auth.mode == NGX_HTTP_CODEREMOTE_AUTH_OFF) {
        return;
    }

    s->expiry.handler = ngx_http_coderemote_session_auth_handler;
    s->expiry.data = s;
    s->expiry.log = s->ws->request->connection->log;

    /* the connection has a timer that holds the process */
    s->expiry.cancelable = 1;

    if (jwt != NULL) {
        jwt->refs++;
        s->jwt = jwt;

    } else {
        s->nobody = 1;
        ngx_cr_ws_parser_limit(&s->ws->reader.parser,
                               ngx_min(s->conf->ws_max_message,
                                       NGX_HTTP_CODEREMOTE_SESSION_AUTH_SIZE));
    }

    ngx_http_coderemote_session_auth_arm(s);
}


void
ngx_http_coderemote_session_auth_done(ngx_http_coderemote_session_t *s)
{
    if (s->expiry.timer_set) {
        ngx_del_timer(&s->expiry);
    }

    ngx_http_coderemote_session_auth_forget(s);

    ngx_cr_jwt_release(s->jwt);
    s->jwt = NULL;
}


static void
ngx_http_coderemote_session_auth_arm(ngx_http_coderemote_session_t *s)
{
    ngx_msec_t  wait;

    if (s->expiry.timer_set) {
        ngx_del_timer(&s->expiry);
    }

    if (s->jwt == NULL) {
        wait = NGX_HTTP_CODEREMOTE_SESSION_AUTH_WAIT;

    } else {
        wait = ngx_min(NGX_HTTP_CODEREMOTE_SESSION_AUTH_LOOK,
                       ngx_cr_jwt_left(s->jwt));
    }

    ngx_add_timer(&s->expiry, wait);
}


static void
ngx_http_coderemote_session_auth_handler(ngx_event_t *ev)
{
    ngx_http_coderemote_session_t  *s;

    s = ev->data;

    if (s->jwt == NULL) {
        ngx_http_coderemote_ws_close(s->ws, NGX_CR_WS_CLOSE_UNAUTHENTICATED,
                                     "no token came");

    } else if (ngx_cr_jwt_left(s->jwt) == 0) {
        ngx_http_coderemote_audit_token(s->conf->audit, s->ws->request,
                                        "session_expired", &s->user);
        ngx_http_coderemote_ws_close(s->ws, NGX_CR_WS_CLOSE_UNAUTHENTICATED,
                                     "the token has expired");

    } else {
        ngx_http_coderemote_session_auth_arm(s);
        return;
    }

    ngx_http_coderemote_ws_wake(s->ws);
}


ngx_int_t
ngx_http_coderemote_session_auth(ngx_http_coderemote_session_t *s,
    const ngx_str_t *token, json_t *ref,
    ngx_http_coderemote_problem_t *problem)
{
    ngx_int_t   rc;
    ngx_uint_t  cause;

    if (s->token.data != NULL) {
        ngx_http_coderemote_problem(problem, NGX_HTTP_CODEREMOTE_BAD_REQUEST,
                                    NULL, "wait for the answer to the last "
                                    "auth first");
        return NGX_ERROR;
    }

    rc = ngx_http_coderemote_session_auth_try(s, token, &cause);

    if (rc == NGX_OK) {
        ngx_http_coderemote_session_hello(s, ref);
        return NGX_OK;
    }

    if (rc != NGX_BUSY
        && ngx_http_coderemote_session_auth_wait(s, token, ref, cause)
           == NGX_AGAIN)
    {
        return NGX_OK;
    }

    ngx_http_coderemote_session_auth_refuse(s, rc, cause, problem);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_coderemote_session_auth_try(ngx_http_coderemote_session_t *s,
    const ngx_str_t *token, ngx_uint_t *cause)
{
    ngx_int_t      rc;
    ngx_cr_jwt_t  *jwt;

    rc = ngx_http_coderemote_auth_verify(s->conf->auth.auth, token,
                                         s->ws->request->connection->log,
                                         &jwt, cause);

    return (rc == NGX_OK) ? ngx_http_coderemote_session_auth_take(s, jwt) : rc;
}


/* NGX_AGAIN: keys may come that help; the token is kept until then */

static ngx_int_t
ngx_http_coderemote_session_auth_wait(ngx_http_coderemote_session_t *s,
    const ngx_str_t *token, json_t *ref, ngx_uint_t cause)
{
    u_char  *p;

    /* room for at least one byte: NULL says that there is none */

    p = ngx_alloc(token->len + 1, s->ws->request->connection->log);
    if (p == NULL) {
        return NGX_DECLINED;
    }

    s->wait.handler = ngx_http_coderemote_session_auth_again;
    s->wait.data = s;

    if (ngx_http_coderemote_auth_wait(s->conf->auth.auth, cause, &s->wait)
        != NGX_AGAIN)
    {
        ngx_free(p);
        return NGX_DECLINED;
    }

    ngx_memcpy(p, token->data, token->len);

    s->token.data = p;
    s->token.len = token->len;
    s->ref = json_incref(ref);

    return NGX_AGAIN;
}


static void
ngx_http_coderemote_session_auth_again(ngx_cr_jwks_wait_t *wait)
{
    ngx_int_t                            rc;
    ngx_uint_t                           cause;
    ngx_http_coderemote_session_t       *s;
    ngx_http_coderemote_session_error_t  error;

    s = wait->data;

    rc = ngx_http_coderemote_session_auth_try(s, &s->token, &cause);

    if (rc == NGX_OK) {
        ngx_http_coderemote_session_hello(s, s->ref);

    } else {
        ngx_memzero(&error, sizeof(ngx_http_coderemote_session_error_t));

        ngx_http_coderemote_session_auth_refuse(s, rc, cause, &error.problem);

        error.ref = s->ref;
        ngx_http_coderemote_session_error(s, &error);
    }

    ngx_http_coderemote_session_auth_forget(s);

    ngx_http_coderemote_ws_wake(s->ws);
}


static void
ngx_http_coderemote_session_auth_forget(ngx_http_coderemote_session_t *s)
{
    ngx_cr_jwks_wait_cancel(&s->wait);

    ngx_free(s->token.data);
    ngx_str_null(&s->token);

    json_decref(s->ref);
    s->ref = NULL;
}


static void
ngx_http_coderemote_session_auth_refuse(ngx_http_coderemote_session_t *s,
    ngx_int_t rc, ngx_uint_t cause, ngx_http_coderemote_problem_t *problem)
{
    if (rc == NGX_BUSY) {
        ngx_http_coderemote_problem(problem,
                                    NGX_HTTP_CODEREMOTE_TOO_MANY_SOCKETS,
                                    NULL, "%ui WebSockets are the most a user "
                                    "may have: close one",
                                    s->conf->limits.max_sockets);
        ngx_http_coderemote_ws_close(s->ws, NGX_CR_WS_CLOSE_TOO_MANY,
                                     "too many WebSockets");
        return;
    }

    ngx_http_coderemote_session_auth_tell(s, rc, cause);

    if (rc == NGX_ERROR) {
        ngx_http_coderemote_problem(problem,
                                    NGX_HTTP_CODEREMOTE_AUTH_UNAVAILABLE,
                                    NULL, "tokens cannot be verified now: "
                                    "try again");
        return;
    }

    ngx_http_coderemote_problem(problem, NGX_HTTP_CODEREMOTE_UNAUTHORIZED,
                                NULL, "send a valid token of the user whose "
                                "session this is");

    /* who is somebody already goes on until that token expires */

    if (s->nobody) {
        ngx_http_coderemote_ws_close(s->ws, NGX_CR_WS_CLOSE_UNAUTHENTICATED,
                                     "not authenticated");
    }
}


/* who the session is for already, not who the token would have named */

static void
ngx_http_coderemote_session_auth_tell(ngx_http_coderemote_session_t *s,
    ngx_int_t rc, ngx_uint_t cause)
{
    const char  *outcome;

    if (cause == NGX_CR_JWT_OK) {
        outcome = (rc == NGX_DECLINED)
                  ? "other_user"
                  : ngx_http_coderemote_auth_cause(NGX_CR_JWT_INTERNAL);

    } else {
        outcome = ngx_http_coderemote_auth_cause(cause);
    }

    ngx_http_coderemote_audit_token(s->conf->audit, s->ws->request, outcome,
                                    &s->user);
}


/* takes the reference */

static ngx_int_t
ngx_http_coderemote_session_auth_take(ngx_http_coderemote_session_t *s,
    ngx_cr_jwt_t *jwt)
{
    u_char     *p;
    ngx_int_t   rc;

    if (s->nobody) {
        p = ngx_pnalloc(s->ws->request->pool, jwt->sub.len);

        if (p == NULL) {
            ngx_cr_jwt_release(jwt);
            return NGX_ERROR;
        }

        ngx_memcpy(p, jwt->sub.data, jwt->sub.len);

        s->user.data = p;
        s->user.len = jwt->sub.len;

        rc = ngx_http_coderemote_session_count(s);

        if (rc != NGX_OK) {
            ngx_str_null(&s->user);
            ngx_cr_jwt_release(jwt);
            return rc;
        }

        s->nobody = 0;

        ngx_cr_ws_parser_limit(&s->ws->reader.parser,
                               s->conf->ws_max_message);

    } else if (jwt->sub.len != s->user.len
               || ngx_memcmp(jwt->sub.data, s->user.data, s->user.len) != 0)
    {
        ngx_cr_jwt_release(jwt);
        return NGX_DECLINED;
    }

    ngx_cr_jwt_release(s->jwt);
    s->jwt = jwt;

    ngx_http_coderemote_session_auth_arm(s);

    return NGX_OK;
}
