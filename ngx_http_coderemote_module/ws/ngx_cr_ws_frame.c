
/* Writes the server's frames, RFC 6455 section 5. */


#include "ngx_cr_ws_frame.h"
#include "ngx_cr_ws_utf8.h"


size_t
ngx_cr_ws_frame_header_size(size_t len)
{
    if (len <= NGX_CR_WS_CONTROL_MAX) {
        return 2;
    }

    return (len <= 0xffff) ? 4 : 10;
}


u_char *
ngx_cr_ws_frame_header(u_char *p, ngx_uint_t first, size_t len)
{
    uint64_t    n;
    ngx_uint_t  shift;

    *p++ = (u_char) first;

    if (len <= NGX_CR_WS_CONTROL_MAX) {
        *p++ = (u_char) len;
        return p;
    }

    if (len <= 0xffff) {
        *p++ = 126;
        *p++ = (u_char) (len >> 8);
        *p++ = (u_char) len;
        return p;
    }

    n = len;
    *p++ = 127;

    for (shift = 64; shift != 0; shift -= 8) {
        *p++ = (u_char) (n >> (shift - 8));
    }

    return p;
}


u_char *
ngx_cr_ws_frame_control(u_char *p, ngx_uint_t opcode,
    const ngx_str_t *payload)
{
    if (payload->len > NGX_CR_WS_CONTROL_MAX) {
        return NULL;
    }

    p = ngx_cr_ws_frame_header(p, NGX_CR_WS_FIN | opcode, payload->len);

    if (payload->len == 0) {
        return p;
    }

    return ngx_cpymem(p, payload->data, payload->len);
}


u_char *
ngx_cr_ws_frame_close(u_char *p, ngx_uint_t code, const ngx_str_t *reason)
{
    size_t  len;

    if (code == NGX_CR_WS_CLOSE_NO_STATUS) {
        return ngx_cr_ws_frame_header(p, NGX_CR_WS_FIN | NGX_CR_WS_CLOSE, 0);
    }

    if (!ngx_cr_ws_close_code_valid(code)) {
        return NULL;
    }

    len = 0;

    if (reason != NULL && reason->len != 0) {
        len = ngx_min(reason->len, NGX_CR_WS_REASON_MAX);
        (void) ngx_cr_ws_utf8_prefix(reason->data, len, &len);
    }

    p = ngx_cr_ws_frame_header(p, NGX_CR_WS_FIN | NGX_CR_WS_CLOSE, len + 2);

    *p++ = (u_char) (code >> 8);
    *p++ = (u_char) code;

    if (len == 0) {
        return p;
    }

    return ngx_cpymem(p, reason->data, len);
}


ngx_uint_t
ngx_cr_ws_close_code_valid(ngx_uint_t code)
{
    if (code >= 3000 && code <= 4999) {
        return 1;
    }

    if (code < 1000 || code > 1014) {
        return 0;
    }

    return code < 1004 || code > 1006;
}
