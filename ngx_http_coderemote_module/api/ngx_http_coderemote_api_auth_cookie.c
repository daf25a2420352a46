
/*
 * The cookie with the refresh token: only for /auth/, only over TLS (browsers
 * take loopback for that), not for scripts, not for other sites.  Its value
 * is the user's name at the provider, in base64url, a dot, and the token:
 * a client with a secret has to prove it with that name.
 */


#include "ngx_http_coderemote_api_auth.h"
#include "ngx_http_coderemote_auth_token.h"
#include "ngx_cr_base64url.h"


#define NGX_HTTP_CODEREMOTE_COOKIE_ATTRIBUTES                                 \
    "; HttpOnly; Secure; SameSite=Strict; Path=/auth"


static ngx_uint_t ngx_http_coderemote_auth_cookie_fits(
    const ngx_str_t *token);


static const ngx_str_t  ngx_http_coderemote_auth_cookie_name =
    ngx_string("coderemote_refresh");


ngx_int_t
ngx_http_coderemote_auth_cookie_get(ngx_http_request_t *r,
    ngx_http_coderemote_auth_cookie_t *cookie)
{
    size_t      n, len;
    u_char     *dot, *last;
    ngx_str_t   value;

    if (ngx_http_coderemote_auth_token_cookie(r,
                              &ngx_http_coderemote_auth_cookie_name, &value)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    last = value.data + value.len;
    dot = ngx_strlchr(value.data, last, '.');

    if (dot == NULL) {
        return NGX_DECLINED;
    }

    cookie->token.data = dot + 1;
    cookie->token.len = last - (dot + 1);

    len = dot - value.data;

    if (len > ngx_cr_base64url_length(NGX_CR_JWT_NAME_MAX)
        || !ngx_http_coderemote_auth_cookie_fits(&cookie->token))
    {
        return NGX_DECLINED;
    }

    cookie->user.data = ngx_pnalloc(r->pool, ngx_cr_base64url_room(len) + 1);
    if (cookie->user.data == NULL) {
        return NGX_ERROR;
    }

    if (ngx_cr_base64url_decode(cookie->user.data, &cookie->user.len,
                                value.data, len)
        != NGX_OK
        || cookie->user.len == 0
        || ngx_cr_ws_utf8_prefix(cookie->user.data, cookie->user.len, &n)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* RFC 6265 section 4.1.1: cookie-octet */

static ngx_uint_t
ngx_http_coderemote_auth_cookie_fits(const ngx_str_t *token)
{
    u_char  ch;
    size_t  i;

    if (token->len == 0 || token->len > NGX_CR_COGNITO_REFRESH_MAX) {
        return 0;
    }

    for (i = 0; i < token->len; i++) {
        ch = token->data[i];

        if (ch <= ' ' || ch > '~' || ch == '"' || ch == ',' || ch == ';'
            || ch == '\\')
        {
            return 0;
        }
    }

    return 1;
}


ngx_int_t
ngx_http_coderemote_auth_cookie_set(ngx_http_request_t *r,
    const ngx_http_coderemote_auth_cookie_t *cookie)
{
    size_t      len;
    u_char     *p;
    ngx_str_t   value, user, raw;

    if (!ngx_http_coderemote_auth_cookie_fits(&cookie->token)
        || cookie->user.len > NGX_CR_JWT_NAME_MAX)
    {
        return NGX_DECLINED;
    }

    len = ngx_http_coderemote_auth_cookie_name.len + 2
          + ngx_base64_encoded_length(cookie->user.len)
          + cookie->token.len + sizeof(NGX_HTTP_CODEREMOTE_COOKIE_ATTRIBUTES);

    value.data = ngx_pnalloc(r->pool, len);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(value.data, "%V=", &ngx_http_coderemote_auth_cookie_name);

    user.data = p;
    raw = cookie->user;
    ngx_encode_base64url(&user, &raw);

    p = ngx_sprintf(p + user.len, ".%V" NGX_HTTP_CODEREMOTE_COOKIE_ATTRIBUTES,
                    &cookie->token);

    return ngx_http_coderemote_add_header(r, "Set-Cookie", value.data,
                                          p - value.data);
}


ngx_int_t
ngx_http_coderemote_auth_cookie_clear(ngx_http_request_t *r)
{
    static u_char  gone[] = "coderemote_refresh=; Max-Age=0"
                            NGX_HTTP_CODEREMOTE_COOKIE_ATTRIBUTES;

    return ngx_http_coderemote_add_header(r, "Set-Cookie", gone,
                                          sizeof(gone) - 1);
}
