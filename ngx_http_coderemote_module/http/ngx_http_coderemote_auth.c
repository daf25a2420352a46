
/*
 * Who asks.  A token is verified in this process, without a subrequest, when
 * somebody wants to know: the access phase, or a variable before it.  The
 * answer stays with the main request; verified tokens stay with the process.
 *
 * Whoever is refused learns nothing but that: status, headers and body are
 * the same for every cause.  The cause is in the log (level info) and in a
 * counter; no byte of a token is in either.
 */


#include "ngx_http_coderemote_auth.h"
#include "ngx_http_coderemote_auth_token.h"
#include "ngx_cr_jwt_cache.h"


static ngx_int_t ngx_http_coderemote_auth_hold(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf,
    ngx_http_coderemote_identity_t *identity);
static void ngx_http_coderemote_auth_resume(ngx_cr_jwks_wait_t *wait);
static void ngx_http_coderemote_auth_gone(void *data);
static ngx_int_t ngx_http_coderemote_auth_look(ngx_http_request_t *r,
    ngx_http_coderemote_auth_t *auth,
    ngx_http_coderemote_identity_t *identity);
static ngx_int_t ngx_http_coderemote_auth_check(
    ngx_http_coderemote_auth_t *auth, const ngx_str_t *token,
    ngx_cr_jwt_t **jwt, ngx_uint_t *cause);
static void ngx_http_coderemote_auth_tell(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf,
    ngx_http_coderemote_identity_t *identity);
static void ngx_http_coderemote_auth_log(ngx_uint_t cause, ngx_log_t *log);
static void ngx_http_coderemote_auth_cleanup(void *data);
static ngx_int_t ngx_http_coderemote_auth_forged(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf);
static ngx_int_t ngx_http_coderemote_auth_deny(ngx_http_request_t *r,
    ngx_int_t rc);
static ngx_int_t ngx_http_coderemote_auth_challenge(ngx_http_request_t *r);


static ngx_cr_jwt_cache_t  *ngx_http_coderemote_tokens;


static const char *const  ngx_http_coderemote_auth_causes[] = {
    "none",
    "several",
    "no_keys"
};


ngx_int_t
ngx_http_coderemote_auth_init(ngx_cycle_t *cycle, size_t size)
{
    /* without a master process a reload ends no process */

    ngx_cr_jwt_cache_destroy(ngx_http_coderemote_tokens);

    ngx_http_coderemote_tokens = ngx_cr_jwt_cache_create(size, cycle->log);

    return (ngx_http_coderemote_tokens != NULL) ? NGX_OK : NGX_ERROR;
}


void
ngx_http_coderemote_auth_done(void)
{
    ngx_cr_jwt_cache_destroy(ngx_http_coderemote_tokens);
    ngx_http_coderemote_tokens = NULL;
}


ngx_int_t
ngx_http_coderemote_auth_access(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf)
{
    ngx_int_t                        rc;
    ngx_uint_t                       guard;
    ngx_http_coderemote_identity_t  *identity;

    guard = NGX_HTTP_CODEREMOTE_GUARD_TOKEN;

    if (conf->enable) {
        guard = ngx_http_coderemote_route_guard(r);

        if (guard == NGX_HTTP_CODEREMOTE_GUARD_OPEN) {
            return NGX_DECLINED;
        }
    }

    rc = ngx_http_coderemote_auth_identify(r, conf, &identity);

    if (rc == NGX_OK) {
        return (identity->place == NGX_HTTP_CODEREMOTE_TOKEN_COOKIE)
               ? ngx_http_coderemote_auth_forged(r, conf) : NGX_OK;
    }

    if (rc == NGX_DECLINED
        && guard == NGX_HTTP_CODEREMOTE_GUARD_LATE
        && identity->cause == NGX_HTTP_CODEREMOTE_AUTH_NONE)
    {
        return NGX_DECLINED;
    }

    if (identity != NULL && !identity->waited) {
        identity->waited = 1;

        if (ngx_http_coderemote_auth_hold(r, conf, identity) == NGX_AGAIN) {
            return NGX_AGAIN;
        }
    }

    if (identity != NULL) {
        ngx_http_coderemote_auth_tell(r, conf, identity);
    }

    return ngx_http_coderemote_auth_deny(r, rc);
}


/* the request sleeps as in limit_req, until keys come or do not */

static ngx_int_t
ngx_http_coderemote_auth_hold(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf,
    ngx_http_coderemote_identity_t *identity)
{
    ngx_event_t         *rev;
    ngx_cr_jwks_wait_t  *wait;
    ngx_http_cleanup_t  *cln;

    wait = ngx_pcalloc(r->pool, sizeof(ngx_cr_jwks_wait_t));
    cln = ngx_http_cleanup_add(r, 0);

    if (wait == NULL || cln == NULL) {
        return NGX_DECLINED;
    }

    wait->handler = ngx_http_coderemote_auth_resume;
    wait->data = r;

    if (ngx_http_coderemote_auth_wait(conf->auth.auth, identity->cause, wait)
        != NGX_AGAIN)
    {
        return NGX_DECLINED;
    }

    cln->handler = ngx_http_coderemote_auth_gone;
    cln->data = wait;

    /* it is looked at again */

    identity->auth = NULL;

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_request_empty_handler;

    rev = r->connection->read;

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_cr_jwks_wait_cancel(wait);
        return NGX_DECLINED;
    }

    if (rev->pending_eof && !rev->posted) {
        ngx_post_event(rev, &ngx_posted_events);
    }

    return NGX_AGAIN;
}


static void
ngx_http_coderemote_auth_resume(ngx_cr_jwks_wait_t *wait)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = wait->data;
    c = r->connection;

    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;

    ngx_http_core_run_phases(r);
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_coderemote_auth_gone(void *data)
{
    ngx_cr_jwks_wait_cancel(data);
}


ngx_int_t
ngx_http_coderemote_auth_wait(ngx_http_coderemote_auth_t *auth,
    ngx_uint_t cause, ngx_cr_jwks_wait_t *wait)
{
    if (cause != NGX_CR_JWT_UNKNOWN_KID
        && cause != NGX_HTTP_CODEREMOTE_AUTH_NO_KEYS)
    {
        return NGX_DECLINED;
    }

    return ngx_cr_jwks_wait(auth->keys, wait,
                            cause == NGX_CR_JWT_UNKNOWN_KID);
}


ngx_int_t
ngx_http_coderemote_auth_identify(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf,
    ngx_http_coderemote_identity_t **identity)
{
    ngx_http_coderemote_ctx_t   *ctx;
    ngx_http_coderemote_auth_t  *auth;

    auth = conf->auth.auth;

    ctx = ngx_http_coderemote_get_ctx(r->main);
    if (ctx == NULL) {
        *identity = NULL;
        return NGX_ERROR;
    }

    *identity = &ctx->identity;

    if (ctx->identity.auth != auth) {
        ctx->identity.rc = ngx_http_coderemote_auth_look(r, auth,
                                                         &ctx->identity);

        /* keys may come in time for somebody who asks later */

        ctx->identity.auth = (ctx->identity.rc != NGX_ERROR) ? auth : NULL;
    }

    return ctx->identity.rc;
}


static ngx_int_t
ngx_http_coderemote_auth_look(ngx_http_request_t *r,
    ngx_http_coderemote_auth_t *auth,
    ngx_http_coderemote_identity_t *identity)
{
    ngx_int_t            rc;
    ngx_str_t            token;
    ngx_pool_cleanup_t  *cln;

    identity->jwt = NULL;

    rc = ngx_http_coderemote_auth_token_find(r, &auth->cookie, &token,
                                             &identity->place);

    if (rc == NGX_OK) {
        cln = ngx_pool_cleanup_add(r->pool, 0);
        if (cln == NULL) {
            return NGX_ERROR;
        }

        rc = ngx_http_coderemote_auth_check(auth, &token, &identity->jwt,
                                            &identity->cause);

        if (identity->jwt != NULL) {
            cln->handler = ngx_http_coderemote_auth_cleanup;
            cln->data = identity->jwt;
        }

    } else {
        identity->cause = (rc == NGX_ABORT)
                          ? NGX_HTTP_CODEREMOTE_AUTH_SEVERAL
                          : NGX_HTTP_CODEREMOTE_AUTH_NONE;
    }

    ngx_cr_stats_add(NGX_CR_STAT_AUTH + identity->cause, 1);

    return rc;
}


ngx_int_t
ngx_http_coderemote_auth_verify(ngx_http_coderemote_auth_t *auth,
    const ngx_str_t *token, ngx_log_t *log, ngx_cr_jwt_t **jwt,
    ngx_uint_t *cause)
{
    ngx_int_t  rc;

    rc = ngx_http_coderemote_auth_check(auth, token, jwt, cause);

    ngx_cr_stats_add(NGX_CR_STAT_AUTH + *cause, 1);

    if (rc != NGX_OK) {
        ngx_http_coderemote_auth_log(*cause, log);
    }

    return rc;
}


static ngx_int_t
ngx_http_coderemote_auth_check(ngx_http_coderemote_auth_t *auth,
    const ngx_str_t *token, ngx_cr_jwt_t **jwt, ngx_uint_t *cause)
{
    ngx_cr_jwk_set_t  *keys;

    *jwt = NULL;

    keys = ngx_cr_jwks_keys(auth->keys);

    if (keys == NULL) {
        *cause = NGX_HTTP_CODEREMOTE_AUTH_NO_KEYS;
        return NGX_ERROR;
    }

    *cause = ngx_cr_jwt_cache_verify(ngx_http_coderemote_tokens, token,
                                     &auth->policy, keys, ngx_time(), jwt);

    if (*cause == NGX_CR_JWT_INTERNAL) {
        return NGX_ERROR;
    }

    return (*cause == NGX_CR_JWT_OK) ? NGX_OK : NGX_DECLINED;
}


/* a request is refused; with "satisfy any" maybe twice */

static void
ngx_http_coderemote_auth_tell(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf,
    ngx_http_coderemote_identity_t *identity)
{
    if (identity->told) {
        return;
    }

    identity->told = 1;

    ngx_http_coderemote_auth_log(identity->cause, r->connection->log);

    if (identity->cause != NGX_HTTP_CODEREMOTE_AUTH_NONE) {
        ngx_http_coderemote_audit_token(conf->audit, r,
                           ngx_http_coderemote_auth_cause(identity->cause),
                                        NULL);
    }
}


static void
ngx_http_coderemote_auth_log(ngx_uint_t cause, ngx_log_t *log)
{
    ngx_log_error(NGX_LOG_INFO, log, 0, "no access, token: %s",
                  ngx_http_coderemote_auth_cause(cause));
}


const char *
ngx_http_coderemote_auth_cause(ngx_uint_t cause)
{
    return (cause < NGX_HTTP_CODEREMOTE_AUTH_NONE)
           ? ngx_cr_jwt_error_name(cause)
           : ngx_http_coderemote_auth_causes[cause
                                             - NGX_HTTP_CODEREMOTE_AUTH_NONE];
}


static void
ngx_http_coderemote_auth_cleanup(void *data)
{
    ngx_cr_jwt_release(data);
}


ngx_int_t
ngx_http_coderemote_auth_route(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf, ngx_http_coderemote_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_http_coderemote_identity_t  *identity;

    if (conf->auth.mode == NGX_HTTP_CODEREMOTE_AUTH_OFF) {
        ngx_str_set(&ctx->user, "local");
        return NGX_OK;
    }

    ngx_str_null(&ctx->user);

    if (ctx->route->flags & NGX_HTTP_CODEREMOTE_ROUTE_OPEN) {
        return NGX_OK;
    }

    /* the access phase has done this already, but not for subrequests */

    rc = ngx_http_coderemote_auth_identify(r, conf, &identity);

    if (rc == NGX_OK) {
        ctx->user = identity->jwt->sub;
        return NGX_OK;
    }

    return ((ctx->route->flags & NGX_HTTP_CODEREMOTE_ROUTE_LATE)
            && rc == NGX_DECLINED
            && identity->cause == NGX_HTTP_CODEREMOTE_AUTH_NONE)
           ? NGX_OK : NGX_DECLINED;
}


/*
 * A browser sends cookies along with requests that pages of other sites make.
 * SameSite=Lax keeps them off most; what is left is refused here: unsafe
 * methods and WebSockets have to come from our own pages.  Browsers name the
 * origin of those; what does not has to say that it is the same.
 */

ngx_uint_t
ngx_http_coderemote_auth_same_site(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf)
{
    ngx_table_elt_t  *h;

    h = ngx_http_coderemote_header(r, "origin", 6);

    if (h != NULL) {
        return ngx_http_coderemote_origin_allowed(r, conf, &h->value);
    }

    if ((r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))
        && r->headers_in.upgrade == NULL)
    {
        return 1;
    }

    h = ngx_http_coderemote_header(r, "sec-fetch-site", 14);

    return h != NULL
           && h->value.len == 11
           && ngx_memcmp(h->value.data, "same-origin", 11) == 0;
}


static ngx_int_t
ngx_http_coderemote_auth_forged(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf)
{
    if (ngx_http_coderemote_auth_same_site(r, conf)) {
        return NGX_OK;
    }

    return ngx_http_coderemote_forbid(r, NGX_HTTP_CODEREMOTE_FORBIDDEN_ORIGIN,
                  "with a cookie only pages of this site may ask: send the "
                  "token in \"Authorization: Bearer\", or list the origin in "
                  "coderemote_allow_origin");
}


static ngx_int_t
ngx_http_coderemote_auth_deny(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_core_loc_conf_t  *clcf;

    if (rc == NGX_ABORT) {
        return ngx_http_coderemote_forbid(r, NGX_HTTP_CODEREMOTE_BAD_REQUEST,
                                          "send one token only");
    }

    if (rc == NGX_ERROR) {
        return ngx_http_coderemote_forbid(r,
                  NGX_HTTP_CODEREMOTE_AUTH_UNAVAILABLE,
                  "tokens cannot be verified now: try again");
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    /* another module may still let it in */

    if (clcf->satisfy == NGX_HTTP_SATISFY_ANY) {
        return (ngx_http_coderemote_auth_challenge(r) == NGX_OK)
               ? NGX_HTTP_UNAUTHORIZED : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_finalize_request(r, ngx_http_coderemote_auth_refuse(r));

    return NGX_DONE;
}


ngx_int_t
ngx_http_coderemote_auth_sign(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf)
{
    if (conf->cognito.cognito == NULL) {
        return ngx_http_coderemote_refuse(r, NGX_HTTP_CODEREMOTE_NOT_FOUND,
                   "this server does not sign anybody in: it would with "
                   "\"coderemote_auth jwt\" and "
                   "\"coderemote_cognito_endpoint\"");
    }

    if (!ngx_http_coderemote_auth_same_site(r, conf)) {
        return ngx_http_coderemote_refuse(r,
                   NGX_HTTP_CODEREMOTE_FORBIDDEN_ORIGIN,
                   "only pages of this site may ask: send this site's own "
                   "\"Origin\", or list the origin in "
                   "coderemote_allow_origin");
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_coderemote_auth_refuse(ngx_http_request_t *r)
{
    ngx_http_coderemote_ctx_t       *ctx;
    ngx_http_coderemote_problem_t    problem;
    ngx_http_coderemote_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);
    ctx = ngx_http_coderemote_get_ctx(r->main);

    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_coderemote_auth_tell(r, conf, &ctx->identity);

    if (ngx_http_coderemote_auth_challenge(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_coderemote_problem(&problem, NGX_HTTP_CODEREMOTE_UNAUTHORIZED,
                                NULL, "sign in, or send a valid token: "
                                "\"Authorization: Bearer\"");

    problem.login = (conf->cognito.cognito != NULL) ? 2 : 1;

    return ngx_http_coderemote_send_problem(r, &problem);
}


/* RFC 6750 section 3; nginx itself takes it back when something else grants */

static ngx_int_t
ngx_http_coderemote_auth_challenge(ngx_http_request_t *r)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    ngx_str_set(&h->key, "WWW-Authenticate");
    ngx_str_set(&h->value, "Bearer error=\"invalid_token\"");
    ngx_http_coderemote_header_end(h);

    r->headers_out.www_authenticate = h;

    return NGX_OK;
}
