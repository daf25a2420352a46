
/* Where a token may be in a request. */


#ifndef _NGX_HTTP_CODEREMOTE_AUTH_TOKEN_H_INCLUDED_
#define _NGX_HTTP_CODEREMOTE_AUTH_TOKEN_H_INCLUDED_


#include "ngx_http_coderemote.h"


typedef enum {
    NGX_HTTP_CODEREMOTE_TOKEN_HEADER = 0,   /* Authorization: Bearer */
    NGX_HTTP_CODEREMOTE_TOKEN_PROTOCOL,     /* Sec-WebSocket-Protocol */
    NGX_HTTP_CODEREMOTE_TOKEN_COOKIE
} ngx_http_coderemote_auth_token_e;


/*
 * Finds the token; the first place of the above that has something decides,
 * whether that is good or not.  NGX_OK: token and *place are set;
 * NGX_DECLINED: there is none, or nothing that could be one; NGX_ABORT:
 * there are several in one place.
 */
ngx_int_t ngx_http_coderemote_auth_token_find(ngx_http_request_t *r,
    const ngx_str_t *cookie, ngx_str_t *token, ngx_uint_t *place);

/*
 * The value of a cookie.  NGX_DECLINED: it is absent or empty; NGX_ABORT:
 * there are several.
 */
ngx_int_t ngx_http_coderemote_auth_token_cookie(ngx_http_request_t *r,
    const ngx_str_t *name, ngx_str_t *token);


#endif /* _NGX_HTTP_CODEREMOTE_AUTH_TOKEN_H_INCLUDED_ */
