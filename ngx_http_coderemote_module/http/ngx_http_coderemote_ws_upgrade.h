
/* The opening handshake's answer, for who makes the WebSocket. */


#ifndef _NGX_HTTP_CODEREMOTE_WS_UPGRADE_H_INCLUDED_
#define _NGX_HTTP_CODEREMOTE_WS_UPGRADE_H_INCLUDED_


#include "ngx_http_coderemote_ws.h"


/* Writes 101 into ws->out, as the first thing there.  NGX_ERROR: no memory. */
ngx_int_t ngx_http_coderemote_ws_upgraded(ngx_http_coderemote_ws_t *ws,
    const ngx_cr_ws_handshake_t *hs);


#endif /* _NGX_HTTP_CODEREMOTE_WS_UPGRADE_H_INCLUDED_ */
