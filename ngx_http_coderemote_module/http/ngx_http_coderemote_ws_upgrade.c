
/* From an HTTP request to a WebSocket: the opening handshake's two sides. */


#include "ngx_http_coderemote_ws_upgrade.h"


static ngx_int_t ngx_http_coderemote_ws_refuse(ngx_http_request_t *r,
    ngx_uint_t status, const char *error);
static ngx_int_t ngx_http_coderemote_ws_hint(ngx_http_request_t *r);
static ngx_uint_t ngx_http_coderemote_ws_has_body(ngx_http_request_t *r);


ngx_int_t
ngx_http_coderemote_ws_handshake(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf, ngx_cr_ws_handshake_t *hs)
{
    ngx_uint_t        i, status;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    ngx_cr_ws_handshake_init(hs, conf->ws_deflate);

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        ngx_cr_ws_handshake_header(hs, &h[i].key, &h[i].value);
    }

    status = ngx_cr_ws_handshake_done(hs, r->method == NGX_HTTP_GET,
                                      r->http_version == NGX_HTTP_VERSION_11);

    if (status == NGX_HTTP_SWITCHING_PROTOCOLS
        && (r != r->main || ngx_http_coderemote_ws_has_body(r)))
    {
        status = NGX_HTTP_BAD_REQUEST;
        hs->error = "a websocket is opened by a request without a body";
    }

    if (status == NGX_HTTP_SWITCHING_PROTOCOLS) {
        return NGX_DECLINED;
    }

    return ngx_http_coderemote_ws_refuse(r, status, hs->error);
}


static ngx_int_t
ngx_http_coderemote_ws_refuse(ngx_http_request_t *r, ngx_uint_t status,
    const char *error)
{
    switch (status) {

    case NGX_HTTP_NOT_ALLOWED:

        if (ngx_http_coderemote_add_header(r, "Allow", (u_char *) "GET", 3)
            != NGX_OK)
        {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_coderemote_refuse(r,
                               NGX_HTTP_CODEREMOTE_METHOD_NOT_ALLOWED, error);

    case NGX_HTTP_BAD_REQUEST:
        return ngx_http_coderemote_refuse(r, NGX_HTTP_CODEREMOTE_BAD_REQUEST,
                                          error);

    default: /* 426 */

        if (ngx_http_coderemote_ws_hint(r) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        return ngx_http_coderemote_refuse(r,
                                 NGX_HTTP_CODEREMOTE_UPGRADE_REQUIRED, error);
    }
}


/*
 * What 426 has to say, RFC 9110 section 15.5.22.  HTTP/2 and later forbid
 * headers of the connection, RFC 9113 section 8.2.2: there the text says it.
 */

static ngx_int_t
ngx_http_coderemote_ws_hint(ngx_http_request_t *r)
{
    if (r->http_version > NGX_HTTP_VERSION_11) {
        return NGX_OK;
    }

    if (ngx_http_coderemote_add_header(r, "Upgrade", (u_char *) "websocket", 9)
        != NGX_OK
        || ngx_http_coderemote_add_header(r, "Connection",
                                          (u_char *) "Upgrade", 7)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_coderemote_add_header(r, "Sec-WebSocket-Version",
                                          (u_char *) NGX_CR_WS_VERSION,
                                          sizeof(NGX_CR_WS_VERSION) - 1);
}


static ngx_uint_t
ngx_http_coderemote_ws_has_body(ngx_http_request_t *r)
{
    return r->headers_in.content_length_n > 0 || r->headers_in.chunked;
}


ngx_int_t
ngx_http_coderemote_ws_upgraded(ngx_http_coderemote_ws_t *ws,
    const ngx_cr_ws_handshake_t *hs)
{
    u_char  *p;

    static const char  head[] =
        "HTTP/1.1 101 Switching Protocols" CRLF
        "Upgrade: websocket" CRLF
        "Connection: Upgrade" CRLF
        "Sec-WebSocket-Accept: ";
    static const char  protocol[] = CRLF "Sec-WebSocket-Protocol: ";
    static const char  extensions[] = CRLF "Sec-WebSocket-Extensions: ";
    static const char  end[] = CRLF CRLF;

    p = ngx_http_coderemote_ws_reserve(ws, sizeof(head) + sizeof(protocol)
                                       + sizeof(extensions) + sizeof(end)
                                       + NGX_CR_WS_ACCEPT_LEN
                                       + hs->protocol.len
                                       + NGX_CR_WS_EXTENSIONS_MAX);
    if (p == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(p, head, sizeof(head) - 1);
    p = ngx_cpymem(p, hs->accept, NGX_CR_WS_ACCEPT_LEN);

    if (hs->protocol.len != 0) {
        p = ngx_cpymem(p, protocol, sizeof(protocol) - 1);
        p = ngx_cpymem(p, hs->protocol.data, hs->protocol.len);
    }

    if (hs->deflate) {
        p = ngx_cpymem(p, extensions, sizeof(extensions) - 1);
        p = ngx_cr_ws_handshake_extensions(hs, p);
    }

    p = ngx_cpymem(p, end, sizeof(end) - 1);

    ws->out.last = p - ws->out.data;

    /* for the log, and so that nginx does not send a page of its own */

    ws->request->headers_out.status = NGX_HTTP_SWITCHING_PROTOCOLS;
    ws->request->header_sent = 1;

    return NGX_OK;
}
