
/*
 * Reads Sec-WebSocket-Extensions.  A value that is malformed fails the
 * handshake, an offer that we cannot honour to the letter is declined and
 * the next one is tried: RFC 7692 section 5 wants exactly that for unknown,
 * repeated and invalid parameters.
 */


#include "ngx_cr_ws_deflate.h"
#include "ngx_cr_ws_extensions.h"


#define NGX_CR_WS_SERVER_NO_TAKEOVER  0x1
#define NGX_CR_WS_CLIENT_NO_TAKEOVER  0x2
#define NGX_CR_WS_SERVER_WINDOW       0x4
#define NGX_CR_WS_CLIENT_WINDOW       0x8


typedef struct {
    const u_char  *p;
    const u_char  *last;
} ngx_cr_ws_scan_t;


/* The longest value that means something has two digits. */

typedef struct {
    ngx_str_t      name;
    u_char         value[2];
    size_t         len;          /* of the value, unescaped */
    unsigned       has_value:1;
} ngx_cr_ws_param_t;


typedef struct {
    ngx_str_t      name;
    ngx_uint_t     flag;
} ngx_cr_ws_param_name_t;


static ngx_int_t ngx_cr_ws_extensions_one(ngx_cr_ws_scan_t *s,
    ngx_cr_ws_offer_t *offer);
static ngx_int_t ngx_cr_ws_extensions_param(ngx_cr_ws_scan_t *s,
    ngx_cr_ws_param_t *param);
static ngx_int_t ngx_cr_ws_extensions_quoted(ngx_cr_ws_scan_t *s,
    ngx_cr_ws_param_t *param);
static ngx_int_t ngx_cr_ws_extensions_accept(ngx_cr_ws_offer_t *offer,
    const ngx_cr_ws_param_t *param, ngx_uint_t *seen);
static ngx_uint_t ngx_cr_ws_extensions_bits(const ngx_cr_ws_param_t *param);
static void ngx_cr_ws_extensions_space(ngx_cr_ws_scan_t *s);
static ngx_uint_t ngx_cr_ws_is_token(u_char ch);


static const ngx_str_t  ngx_cr_ws_deflate_name =
    ngx_string("permessage-deflate");


static const ngx_cr_ws_param_name_t  ngx_cr_ws_param_names[] = {

    { ngx_string("server_no_context_takeover"),
      NGX_CR_WS_SERVER_NO_TAKEOVER },

    { ngx_string("client_no_context_takeover"),
      NGX_CR_WS_CLIENT_NO_TAKEOVER },

    { ngx_string("server_max_window_bits"),
      NGX_CR_WS_SERVER_WINDOW },

    { ngx_string("client_max_window_bits"),
      NGX_CR_WS_CLIENT_WINDOW },

    { ngx_null_string, 0 }
};


#define ngx_cr_ws_str_eq(a, b)                                                \
    ((a)->len == (b)->len && ngx_strncmp((a)->data, (b)->data, (a)->len) == 0)


ngx_int_t
ngx_cr_ws_extensions_parse(const ngx_str_t *value, ngx_cr_ws_offer_t *offer)
{
    ngx_int_t           rc, found;
    ngx_uint_t          n;
    ngx_cr_ws_scan_t    s;
    ngx_cr_ws_offer_t   one;

    s.p = value->data;
    s.last = value->data + value->len;

    found = NGX_DECLINED;

    for (n = 0; /* void */ ; n++) {

        /* RFC 2616 section 2.1: a list may have empty elements */

        ngx_cr_ws_extensions_space(&s);

        while (s.p < s.last && *s.p == ',') {
            s.p++;
            ngx_cr_ws_extensions_space(&s);
        }

        if (s.p == s.last) {
            return (n != 0) ? found : NGX_ERROR;
        }

        rc = ngx_cr_ws_extensions_one(&s, &one);

        if (rc == NGX_ERROR || (s.p < s.last && *s.p != ',')) {
            return NGX_ERROR;
        }

        if (rc == NGX_OK && found == NGX_DECLINED) {
            *offer = one;
            found = NGX_OK;
        }
    }
}


size_t
ngx_cr_ws_token(const u_char **p, const u_char *last)
{
    const u_char  *begin;

    begin = *p;

    while (*p < last && ngx_cr_ws_is_token(**p)) {
        (*p)++;
    }

    return *p - begin;
}


/* One extension and its parameters; stops at what follows them. */

static ngx_int_t
ngx_cr_ws_extensions_one(ngx_cr_ws_scan_t *s, ngx_cr_ws_offer_t *offer)
{
    ngx_int_t           rc;
    ngx_str_t           name;
    ngx_uint_t          seen;
    ngx_cr_ws_param_t   param;

    offer->window_bits = NGX_CR_WS_WINDOW_MAX;
    offer->window_asked = 0;
    seen = 0;

    name.data = (u_char *) s->p;
    name.len = ngx_cr_ws_token(&s->p, s->last);

    if (name.len == 0) {
        return NGX_ERROR;
    }

    rc = ngx_cr_ws_str_eq(&name, &ngx_cr_ws_deflate_name) ? NGX_OK
                                                          : NGX_DECLINED;

    for ( ;; ) {

        ngx_cr_ws_extensions_space(s);

        if (s->p == s->last || *s->p != ';') {
            return rc;
        }

        s->p++;

        if (ngx_cr_ws_extensions_param(s, &param) != NGX_OK) {
            return NGX_ERROR;
        }

        if (rc == NGX_OK) {
            rc = ngx_cr_ws_extensions_accept(offer, &param, &seen);
        }
    }
}


static ngx_int_t
ngx_cr_ws_extensions_param(ngx_cr_ws_scan_t *s, ngx_cr_ws_param_t *param)
{
    const u_char  *begin;

    param->has_value = 0;
    param->len = 0;

    ngx_cr_ws_extensions_space(s);

    param->name.data = (u_char *) s->p;
    param->name.len = ngx_cr_ws_token(&s->p, s->last);

    if (param->name.len == 0) {
        return NGX_ERROR;
    }

    ngx_cr_ws_extensions_space(s);

    if (s->p == s->last || *s->p != '=') {
        return NGX_OK;
    }

    s->p++;
    param->has_value = 1;

    ngx_cr_ws_extensions_space(s);

    if (s->p < s->last && *s->p == '"') {
        s->p++;
        return ngx_cr_ws_extensions_quoted(s, param);
    }

    begin = s->p;
    param->len = ngx_cr_ws_token(&s->p, s->last);

    if (param->len == 0) {
        return NGX_ERROR;
    }

    ngx_memcpy(param->value, begin, ngx_min(param->len, 2));

    return NGX_OK;
}


/* RFC 6455 section 9.1: what is in the quotes must be a token, unescaped. */

static ngx_int_t
ngx_cr_ws_extensions_quoted(ngx_cr_ws_scan_t *s, ngx_cr_ws_param_t *param)
{
    u_char  ch;

    while (s->p < s->last) {

        ch = *s->p++;

        if (ch == '"') {
            return (param->len != 0) ? NGX_OK : NGX_ERROR;
        }

        if (ch == '\\') {
            if (s->p == s->last) {
                break;
            }

            ch = *s->p++;
        }

        if (!ngx_cr_ws_is_token(ch)) {
            return NGX_ERROR;
        }

        if (param->len < 2) {
            param->value[param->len] = ch;
        }

        param->len++;
    }

    return NGX_ERROR;
}


/* NGX_DECLINED: with this parameter the offer is not ours. */

static ngx_int_t
ngx_cr_ws_extensions_accept(ngx_cr_ws_offer_t *offer,
    const ngx_cr_ws_param_t *param, ngx_uint_t *seen)
{
    ngx_uint_t                     bits;
    const ngx_cr_ws_param_name_t  *known;

    for (known = ngx_cr_ws_param_names; known->flag != 0; known++) {
        if (ngx_cr_ws_str_eq(&known->name, &param->name)) {
            break;
        }
    }

    if (known->flag == 0 || (*seen & known->flag)) {
        return NGX_DECLINED;
    }

    *seen |= known->flag;
    bits = ngx_cr_ws_extensions_bits(param);

    switch (known->flag) {

    case NGX_CR_WS_SERVER_WINDOW:

        if (bits < NGX_CR_WS_WINDOW_MIN) {
            return NGX_DECLINED;
        }

        offer->window_bits = ngx_min(bits, NGX_CR_WS_WINDOW_MAX);
        offer->window_asked = 1;

        return NGX_OK;

    case NGX_CR_WS_CLIENT_WINDOW:

        /* without a value it says that the client knows the parameter */

        return (!param->has_value || bits != 0) ? NGX_OK : NGX_DECLINED;

    default: /* both of no_context_takeover, which we do anyway */

        return param->has_value ? NGX_DECLINED : NGX_OK;
    }
}


/* RFC 7692 section 7.1.2: 8 to 15 without leading zeros; else 0. */

static ngx_uint_t
ngx_cr_ws_extensions_bits(const ngx_cr_ws_param_t *param)
{
    if (param->len == 1 && (param->value[0] == '8' || param->value[0] == '9'))
    {
        return param->value[0] - '0';
    }

    if (param->len == 2 && param->value[0] == '1'
        && param->value[1] >= '0' && param->value[1] <= '5')
    {
        return 10 + param->value[1] - '0';
    }

    return 0;
}


static void
ngx_cr_ws_extensions_space(ngx_cr_ws_scan_t *s)
{
    while (s->p < s->last && (*s->p == ' ' || *s->p == '\t')) {
        s->p++;
    }
}


static ngx_uint_t
ngx_cr_ws_is_token(u_char ch)
{
    if (ch <= 0x20 || ch >= 0x7f) {
        return 0;
    }

    switch (ch) {

    case '(': case ')': case '<': case '>': case '@':
    case ',': case ';': case ':': case '\\': case '"':
    case '/': case '[': case ']': case '?': case '=':
    case '{': case '}':
        return 0;

    default:
        return 1;
    }
}
