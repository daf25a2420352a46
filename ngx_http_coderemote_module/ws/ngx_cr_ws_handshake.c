
/*
 * Judges a client's opening handshake.  Headers come one by one, as nginx
 * keeps them; the verdict falls after the last, so its order of causes does
 * not depend on theirs.
 */


#include "ngx_cr_ws_deflate.h"
#include "ngx_cr_ws_extensions.h"
#include "ngx_cr_ws_handshake.h"

#include <ngx_sha1.h>


typedef void (*ngx_cr_ws_header_pt)(ngx_cr_ws_handshake_t *hs,
    const ngx_str_t *value);


typedef struct {
    ngx_str_t             name;
    ngx_cr_ws_header_pt   handler;
} ngx_cr_ws_header_t;


static void ngx_cr_ws_header_upgrade(ngx_cr_ws_handshake_t *hs,
    const ngx_str_t *value);
static void ngx_cr_ws_header_connection(ngx_cr_ws_handshake_t *hs,
    const ngx_str_t *value);
static void ngx_cr_ws_header_version(ngx_cr_ws_handshake_t *hs,
    const ngx_str_t *value);
static void ngx_cr_ws_header_key(ngx_cr_ws_handshake_t *hs,
    const ngx_str_t *value);
static void ngx_cr_ws_header_protocol(ngx_cr_ws_handshake_t *hs,
    const ngx_str_t *value);
static void ngx_cr_ws_header_extensions(ngx_cr_ws_handshake_t *hs,
    const ngx_str_t *value);
static const char *ngx_cr_ws_protocol_add(ngx_cr_ws_handshake_t *hs,
    const ngx_str_t *protocol);
static ngx_uint_t ngx_cr_ws_list_has(const ngx_str_t *value,
    const ngx_str_t *token);
static ngx_int_t ngx_cr_ws_list_next(ngx_str_t *rest, ngx_str_t *element);
static void ngx_cr_ws_handshake_accept(ngx_cr_ws_handshake_t *hs);


static const ngx_cr_ws_header_t  ngx_cr_ws_headers[] = {

    { ngx_string("Upgrade"), ngx_cr_ws_header_upgrade },

    { ngx_string("Connection"), ngx_cr_ws_header_connection },

    { ngx_string("Sec-WebSocket-Version"), ngx_cr_ws_header_version },

    { ngx_string("Sec-WebSocket-Key"), ngx_cr_ws_header_key },

    { ngx_string("Sec-WebSocket-Protocol"), ngx_cr_ws_header_protocol },

    { ngx_string("Sec-WebSocket-Extensions"), ngx_cr_ws_header_extensions },

    { ngx_null_string, NULL }
};


static const ngx_str_t  ngx_cr_ws_name = ngx_string("websocket");
static const ngx_str_t  ngx_cr_ws_upgrade = ngx_string("upgrade");
static const ngx_str_t  ngx_cr_ws_protocol = ngx_string(NGX_CR_WS_PROTOCOL);
static const ngx_str_t  ngx_cr_ws_bearer = ngx_string(NGX_CR_WS_BEARER);

/* RFC 6455 section 1.3 */

static const ngx_str_t  ngx_cr_ws_guid =
    ngx_string("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");


void
ngx_cr_ws_handshake_init(ngx_cr_ws_handshake_t *hs, ngx_uint_t deflate)
{
    ngx_memzero(hs, sizeof(ngx_cr_ws_handshake_t));

    hs->allow_deflate = (deflate != 0);
    hs->window_bits = NGX_CR_WS_WINDOW_MAX;
}


void
ngx_cr_ws_handshake_header(ngx_cr_ws_handshake_t *hs, const ngx_str_t *name,
    const ngx_str_t *value)
{
    const ngx_cr_ws_header_t  *h;

    for (h = ngx_cr_ws_headers; h->handler != NULL; h++) {

        if (h->name.len == name->len
            && ngx_strncasecmp(h->name.data, name->data, name->len) == 0)
        {
            h->handler(hs, value);
            return;
        }
    }
}


ngx_uint_t
ngx_cr_ws_handshake_done(ngx_cr_ws_handshake_t *hs, ngx_uint_t get,
    ngx_uint_t http11)
{
    if (!get) {
        hs->error = "a websocket is opened with GET";
        return 405;
    }

    if (!http11) {
        hs->error = "a websocket is opened over HTTP/1.1: use that version";
        return 426;
    }

    if (!hs->upgrade || !hs->connection) {
        hs->error = "this is a websocket: send \"Connection: Upgrade\" and "
                    "\"Upgrade: websocket\"";
        return 426;
    }

    if (!hs->version_good) {
        hs->error = "send \"Sec-WebSocket-Version: " NGX_CR_WS_VERSION "\"";
        return 426;
    }

    if (hs->malformed != NULL) {
        hs->error = hs->malformed;
        return 400;
    }

    if (hs->key.len == 0) {
        hs->error = "send Sec-WebSocket-Key: 16 random bytes in base64";
        return 400;
    }

    ngx_cr_ws_handshake_accept(hs);

    hs->error = NULL;

    return 101;
}


u_char *
ngx_cr_ws_handshake_extensions(const ngx_cr_ws_handshake_t *hs, u_char *p)
{
    static const char  fixed[] = "permessage-deflate; "
                                 "server_no_context_takeover; "
                                 "client_no_context_takeover";
    static const char  window[] = "; server_max_window_bits=";

    p = ngx_cpymem(p, fixed, sizeof(fixed) - 1);

    if (!hs->window_asked) {
        return p;
    }

    p = ngx_cpymem(p, window, sizeof(window) - 1);

    if (hs->window_bits >= 10) {
        *p++ = '1';
    }

    *p++ = (u_char) ('0' + hs->window_bits % 10);

    return p;
}


static void
ngx_cr_ws_header_upgrade(ngx_cr_ws_handshake_t *hs, const ngx_str_t *value)
{
    if (ngx_cr_ws_list_has(value, &ngx_cr_ws_name)) {
        hs->upgrade = 1;
    }
}


static void
ngx_cr_ws_header_connection(ngx_cr_ws_handshake_t *hs, const ngx_str_t *value)
{
    if (ngx_cr_ws_list_has(value, &ngx_cr_ws_upgrade)) {
        hs->connection = 1;
    }
}


/* RFC 6455 section 11.3.5: not more than once; then it is not version 13 */

static void
ngx_cr_ws_header_version(ngx_cr_ws_handshake_t *hs, const ngx_str_t *value)
{
    hs->version_good = !hs->version_seen
                       && value->len == sizeof(NGX_CR_WS_VERSION) - 1
                       && ngx_strncmp(value->data, NGX_CR_WS_VERSION,
                                      sizeof(NGX_CR_WS_VERSION) - 1) == 0;
    hs->version_seen = 1;
}


/* RFC 6455 section 4.2.1: 16 bytes in base64, so 22 digits and "==" */

static void
ngx_cr_ws_header_key(ngx_cr_ws_handshake_t *hs, const ngx_str_t *value)
{
    u_char      raw[ngx_base64_decoded_length(NGX_CR_WS_KEY_LEN)];
    ngx_str_t   in, out;

    if (hs->key.len != 0) {
        hs->malformed = "send Sec-WebSocket-Key only once";
        return;
    }

    in.data = value->data;
    in.len = NGX_CR_WS_KEY_LEN - 2;
    out.data = raw;

    if (value->len != NGX_CR_WS_KEY_LEN
        || value->data[NGX_CR_WS_KEY_LEN - 1] != '='
        || value->data[NGX_CR_WS_KEY_LEN - 2] != '='
        || ngx_strlchr(in.data, in.data + in.len, '=') != NULL
        || ngx_decode_base64(&out, &in) != NGX_OK
        || out.len != 16)
    {
        hs->malformed = "Sec-WebSocket-Key is not 16 bytes in base64";
        return;
    }

    hs->key = *value;
}


static void
ngx_cr_ws_header_protocol(ngx_cr_ws_handshake_t *hs, const ngx_str_t *value)
{
    ngx_str_t     rest, element;
    ngx_uint_t    n;
    const char   *error;

    rest = *value;

    for (n = 0; ngx_cr_ws_list_next(&rest, &element) == NGX_OK; n++) {

        error = ngx_cr_ws_protocol_add(hs, &element);

        if (error != NULL) {
            hs->malformed = error;
            return;
        }
    }

    if (n == 0) {
        hs->malformed = "Sec-WebSocket-Protocol is empty";
    }
}


/* Returns NULL or what is wrong with it; tokens of users are never named. */

static const char *
ngx_cr_ws_protocol_add(ngx_cr_ws_handshake_t *hs, const ngx_str_t *protocol)
{
    ngx_str_t     *known;
    ngx_uint_t     i;
    const u_char  *p;

    p = protocol->data;

    if (ngx_cr_ws_token(&p, protocol->data + protocol->len) != protocol->len)
    {
        return "Sec-WebSocket-Protocol is malformed";
    }

    /* RFC 6455 section 4.1: the elements are unique */

    for (i = 0; i < hs->nprotocols; i++) {
        known = &hs->protocols[i];

        if (known->len == protocol->len
            && ngx_strncmp(known->data, protocol->data, known->len) == 0)
        {
            return "Sec-WebSocket-Protocol names something twice";
        }
    }

    if (hs->nprotocols == NGX_CR_WS_PROTOCOLS_MAX) {
        return "Sec-WebSocket-Protocol offers too much";
    }

    hs->protocols[hs->nprotocols++] = *protocol;

    if (protocol->len == ngx_cr_ws_protocol.len
        && ngx_strncmp(protocol->data, ngx_cr_ws_protocol.data,
                       protocol->len) == 0)
    {
        hs->protocol = ngx_cr_ws_protocol;
        return NULL;
    }

    if (protocol->len <= ngx_cr_ws_bearer.len
        || ngx_strncmp(protocol->data, ngx_cr_ws_bearer.data,
                       ngx_cr_ws_bearer.len) != 0)
    {
        return NULL;
    }

    if (hs->token.len != 0) {
        return "Sec-WebSocket-Protocol has two tokens";
    }

    hs->token.data = protocol->data + ngx_cr_ws_bearer.len;
    hs->token.len = protocol->len - ngx_cr_ws_bearer.len;

    return NULL;
}


static void
ngx_cr_ws_header_extensions(ngx_cr_ws_handshake_t *hs, const ngx_str_t *value)
{
    ngx_int_t           rc;
    ngx_cr_ws_offer_t   offer;

    rc = ngx_cr_ws_extensions_parse(value, &offer);

    if (rc == NGX_ERROR) {
        hs->malformed = "Sec-WebSocket-Extensions is malformed";
        return;
    }

    /* RFC 6455 section 9.1: several headers are one list, first wins */

    if (rc == NGX_OK && hs->allow_deflate && !hs->deflate) {
        hs->deflate = 1;
        hs->window_bits = offer.window_bits;
        hs->window_asked = offer.window_asked;
    }
}


static ngx_uint_t
ngx_cr_ws_list_has(const ngx_str_t *value, const ngx_str_t *token)
{
    ngx_str_t  rest, element;

    rest = *value;

    while (ngx_cr_ws_list_next(&rest, &element) == NGX_OK) {

        if (element.len == token->len
            && ngx_strncasecmp(element.data, token->data, token->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* The next element of a comma-separated list that is not empty. */

static ngx_int_t
ngx_cr_ws_list_next(ngx_str_t *rest, ngx_str_t *element)
{
    u_char  *p, *end, *last;

    last = rest->data + rest->len;

    for (p = rest->data; p < last; p++) {

        if (*p != ',' && *p != ' ' && *p != '\t') {
            break;
        }
    }

    if (p == last) {
        return NGX_DONE;
    }

    element->data = p;
    end = p;

    for ( /* void */ ; p < last && *p != ','; p++) {

        if (*p != ' ' && *p != '\t') {
            end = p + 1;
        }
    }

    element->len = end - element->data;
    rest->data = p;
    rest->len = last - p;

    return NGX_OK;
}


static void
ngx_cr_ws_handshake_accept(ngx_cr_ws_handshake_t *hs)
{
    u_char        digest[20];
    ngx_str_t     in, out;
    ngx_sha1_t    sha1;

    ngx_sha1_init(&sha1);
    ngx_sha1_update(&sha1, hs->key.data, hs->key.len);
    ngx_sha1_update(&sha1, ngx_cr_ws_guid.data, ngx_cr_ws_guid.len);
    ngx_sha1_final(digest, &sha1);

    in.data = digest;
    in.len = sizeof(digest);
    out.data = hs->accept;

    ngx_encode_base64(&out, &in);
}
