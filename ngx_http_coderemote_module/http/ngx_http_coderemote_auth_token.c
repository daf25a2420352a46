
/*
 * Where a token may be in a request: RFC 6750 section 2.1 (the other two ways
 * of that RFC, a form and the query, get into logs and are not looked at), a
 * subprotocol, since a browser's WebSocket has no other header to set, and a
 * cookie.
 */


#include "ngx_http_coderemote_auth_token.h"


static ngx_int_t ngx_http_coderemote_auth_token_header(ngx_http_request_t *r,
    ngx_str_t *token);
static ngx_int_t ngx_http_coderemote_auth_token_bearer(
    const ngx_str_t *value, ngx_str_t *token);
static ngx_int_t ngx_http_coderemote_auth_token_protocol(
    ngx_http_request_t *r, ngx_str_t *token);
static ngx_int_t ngx_http_coderemote_auth_token_cookies(
    const ngx_str_t *value, const ngx_str_t *name, ngx_str_t *token);
static ngx_table_elt_t *ngx_http_coderemote_auth_token_next(
    ngx_list_part_t **part, ngx_uint_t *i, const ngx_str_t *name);


static const ngx_str_t  ngx_http_coderemote_authorization =
    ngx_string("authorization");
static const ngx_str_t  ngx_http_coderemote_protocols =
    ngx_string("sec-websocket-protocol");
static const ngx_str_t  ngx_http_coderemote_cookies = ngx_string("cookie");


ngx_int_t
ngx_http_coderemote_auth_token_find(ngx_http_request_t *r,
    const ngx_str_t *cookie, ngx_str_t *token, ngx_uint_t *place)
{
    ngx_str_null(token);

    *place = NGX_HTTP_CODEREMOTE_TOKEN_HEADER;

    if (r->headers_in.authorization != NULL) {
        return ngx_http_coderemote_auth_token_header(r, token);
    }

    *place = NGX_HTTP_CODEREMOTE_TOKEN_PROTOCOL;

    if (r->headers_in.upgrade != NULL) {
        switch (ngx_http_coderemote_auth_token_protocol(r, token)) {

        case NGX_OK:
            return NGX_OK;

        case NGX_ABORT:
            return NGX_ABORT;

        default: /* NGX_DECLINED */
            break;
        }
    }

    *place = NGX_HTTP_CODEREMOTE_TOKEN_COOKIE;

    if (cookie->len == 0) {
        return NGX_DECLINED;
    }

    return ngx_http_coderemote_auth_token_cookie(r, cookie, token);
}


static ngx_int_t
ngx_http_coderemote_auth_token_header(ngx_http_request_t *r,
    ngx_str_t *token)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    i = 0;
    part = &r->headers_in.headers.part;

    h = ngx_http_coderemote_auth_token_next(&part, &i,
                                          &ngx_http_coderemote_authorization);
    if (h == NULL) {
        return NGX_DECLINED;
    }

    if (ngx_http_coderemote_auth_token_next(&part, &i,
                                          &ngx_http_coderemote_authorization)
        != NULL)
    {
        return NGX_ABORT;
    }

    return ngx_http_coderemote_auth_token_bearer(&h->value, token);
}


/* RFC 9110 section 11.4: a scheme in any case, spaces, the token */

static ngx_int_t
ngx_http_coderemote_auth_token_bearer(const ngx_str_t *value,
    ngx_str_t *token)
{
    u_char  *p, *last;

    if (value->len <= sizeof("Bearer ") - 1
        || ngx_strncasecmp(value->data, (u_char *) "Bearer ", 7) != 0)
    {
        return NGX_DECLINED;
    }

    p = value->data + 7;
    last = value->data + value->len;

    while (p < last && *p == ' ') {
        p++;
    }

    if (p == last) {
        return NGX_DECLINED;
    }

    token->data = p;
    token->len = last - p;

    return NGX_OK;
}


/* RFC 6455 section 11.3.4: several headers are one list */

static ngx_int_t
ngx_http_coderemote_auth_token_protocol(ngx_http_request_t *r,
    ngx_str_t *token)
{
    ngx_uint_t             i;
    ngx_list_part_t       *part;
    ngx_table_elt_t       *h;
    ngx_cr_ws_handshake_t  hs;

    i = 0;
    part = &r->headers_in.headers.part;

    ngx_cr_ws_handshake_init(&hs, 0);

    for ( ;; ) {
        h = ngx_http_coderemote_auth_token_next(&part, &i,
                                              &ngx_http_coderemote_protocols);
        if (h == NULL) {
            break;
        }

        ngx_cr_ws_handshake_header(&hs, &h->key, &h->value);
    }

    /* the handshake itself will say what is wrong with a malformed list */

    if (hs.token.len == 0) {
        return NGX_DECLINED;
    }

    *token = hs.token;

    return (hs.malformed == NULL) ? NGX_OK : NGX_ABORT;
}


ngx_int_t
ngx_http_coderemote_auth_token_cookie(ngx_http_request_t *r,
    const ngx_str_t *name, ngx_str_t *token)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    i = 0;
    part = &r->headers_in.headers.part;

    ngx_str_null(token);

    for ( ;; ) {
        h = ngx_http_coderemote_auth_token_next(&part, &i,
                                                &ngx_http_coderemote_cookies);
        if (h == NULL) {
            break;
        }

        if (ngx_http_coderemote_auth_token_cookies(&h->value, name, token)
            != NGX_OK)
        {
            return NGX_ABORT;
        }
    }

    return (token->len != 0) ? NGX_OK : NGX_DECLINED;
}


/*
 * One header of them, RFC 6265 section 4.2.1.  A second cookie of that name
 * is one that a neighbour below the same domain has planted: which of them is
 * ours cannot be told.
 */

static ngx_int_t
ngx_http_coderemote_auth_token_cookies(const ngx_str_t *value,
    const ngx_str_t *name, ngx_str_t *token)
{
    u_char  *p, *end, *last;

    p = value->data;
    last = p + value->len;

    while (p < last) {

        if (*p == ' ' || *p == ';') {
            p++;
            continue;
        }

        end = ngx_strlchr(p, last, ';');
        end = (end != NULL) ? end : last;

        if ((size_t) (end - p) > name->len
            && p[name->len] == '='
            && ngx_memcmp(p, name->data, name->len) == 0)
        {
            if (token->data != NULL) {
                return NGX_ERROR;
            }

            token->data = p + name->len + 1;
            token->len = end - token->data;
        }

        p = end;
    }

    return NGX_OK;
}


/* the next header of that lowercase name; *part and *i are where to go on */

static ngx_table_elt_t *
ngx_http_coderemote_auth_token_next(ngx_list_part_t **part, ngx_uint_t *i,
    const ngx_str_t *name)
{
    ngx_table_elt_t  *h;

    for ( /* void */ ; *part != NULL; *part = (*part)->next, *i = 0) {

        while (*i < (*part)->nelts) {
            h = (ngx_table_elt_t *) (*part)->elts + (*i)++;

            if (h->key.len == name->len
                && ngx_memcmp(h->lowcase_key, name->data, name->len) == 0)
            {
                return h;
            }
        }
    }

    return NULL;
}
