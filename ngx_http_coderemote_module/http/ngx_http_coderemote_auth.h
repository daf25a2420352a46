
/* Who asks: the token of a request, verified once, and what follows of it. */


#ifndef _NGX_HTTP_CODEREMOTE_AUTH_H_INCLUDED_
#define _NGX_HTTP_CODEREMOTE_AUTH_H_INCLUDED_


#include "ngx_http_coderemote.h"


/* Process init and exit; size: of the memory for verified tokens. */
ngx_int_t ngx_http_coderemote_auth_init(ngx_cycle_t *cycle, size_t size);
void ngx_http_coderemote_auth_done(void);

/*
 * The access phase with coderemote_auth jwt; returns what a handler of that
 * phase does.
 */
ngx_int_t ngx_http_coderemote_auth_access(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf);

/*
 * The identity of the request, from whatever phase and also of a subrequest:
 * it is that of the main request.  The first call verifies, later ones for
 * the same conf remember.  NGX_OK: identity->jwt is valid as long as the
 * request; NGX_DECLINED: there is no good token; NGX_ABORT: the request has
 * two; NGX_ERROR: no keys, or no memory.
 */
ngx_int_t ngx_http_coderemote_auth_identify(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf,
    ngx_http_coderemote_identity_t **identity);

/*
 * For the content handler: may this route be run, and as whom.  NGX_OK:
 * ctx->user is set, empty if a client of /ws has to say it by a message;
 * NGX_DECLINED: refuse with ngx_http_coderemote_auth_refuse().
 */
ngx_int_t ngx_http_coderemote_auth_route(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf, ngx_http_coderemote_ctx_t *ctx);

/*
 * 1: a request that acts, or one with a cookie, comes from a page of ours or
 * of a listed origin.
 */
ngx_uint_t ngx_http_coderemote_auth_same_site(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf);

/*
 * For the content handler: may this route with ROUTE_SIGN be run.  NGX_DECLINED
 * says yes; anything else is to be returned.
 */
ngx_int_t ngx_http_coderemote_auth_sign(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf);

/* 401, after the above failed; returns what a content handler returns. */
ngx_int_t ngx_http_coderemote_auth_refuse(ngx_http_request_t *r);


/*
 * A token from where no request is, like a message of a WebSocket.  Returns
 * as ngx_http_coderemote_auth_identify(); *jwt is the caller's reference.
 */
ngx_int_t ngx_http_coderemote_auth_verify(ngx_http_coderemote_auth_t *auth,
    const ngx_str_t *token, ngx_log_t *log, ngx_cr_jwt_t **jwt,
    ngx_uint_t *cause);

/*
 * After one of the above failed: waits for newer keys if these can help.
 * NGX_AGAIN and NGX_DECLINED as in ngx_cr_jwks_wait().
 */
ngx_int_t ngx_http_coderemote_auth_wait(ngx_http_coderemote_auth_t *auth,
    ngx_uint_t cause, ngx_cr_jwks_wait_t *wait);


#endif /* _NGX_HTTP_CODEREMOTE_AUTH_H_INCLUDED_ */
