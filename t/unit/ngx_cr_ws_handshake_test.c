
/*
 * The opening handshake and the negotiation of permessage-deflate.
 *
 * sources: ngx_http_coderemote_module/ws/ngx_cr_ws_handshake.c
 * sources: ngx_http_coderemote_module/ws/ngx_cr_ws_extensions.c
 * with: nginx
 */


#include "cr_test.h"
#include "ngx_cr_ws_handshake.h"


#define KEY  "dGhlIHNhbXBsZSBub25jZQ=="


/* headers are "Name: value" with NULL at the end; values are copied to
   blocks of their own, so that ASan sees a step outside of them */

typedef struct {
    ngx_cr_ws_handshake_t   hs;
    ngx_uint_t              status;
    char                    extensions[NGX_CR_WS_EXTENSIONS_MAX + 1];
    u_char                 *blocks[64];
    size_t                  nblocks;
} shake_t;


static void
shake_header(shake_t *s, const char *line)
{
    ngx_str_t    name, value;
    const char  *colon;

    colon = strchr(line, ':');

    name.data = (u_char *) line;
    name.len = colon - line;
    value.len = strlen(colon + 2);
    value.data = malloc(value.len);
    memcpy(value.data, colon + 2, value.len);

    s->blocks[s->nblocks++] = value.data;
    ngx_cr_ws_handshake_header(&s->hs, &name, &value);
}


static void
shake_done(shake_t *s, ngx_uint_t get, ngx_uint_t http11)
{
    u_char  *end;

    s->status = ngx_cr_ws_handshake_done(&s->hs, get, http11);

    CHECK((s->status == 101) == (s->hs.error == NULL));

    s->extensions[0] = '\0';

    if (s->status == 101 && s->hs.deflate) {
        end = ngx_cr_ws_handshake_extensions(&s->hs,
                                             (u_char *) s->extensions);
        *end = '\0';
    }
}


static void
shake_free(shake_t *s)
{
    while (s->nblocks != 0) {
        free(s->blocks[--s->nblocks]);
    }
}


static void
shake(shake_t *s, const char *const *headers)
{
    memset(s, 0, sizeof(shake_t));
    ngx_cr_ws_handshake_init(&s->hs, 1);

    while (*headers != NULL) {
        shake_header(s, *headers++);
    }

    shake_done(s, 1, 1);
}


#define SHAKE(s, ...)                                                         \
    do {                                                                      \
        const char  *headers_[] = { __VA_ARGS__, NULL };                      \
                                                                              \
        shake(s, headers_);                                                   \
    } while (0)

#define GOOD  "Upgrade: websocket", "Connection: Upgrade",                    \
              "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " KEY


static ngx_uint_t
status_of(const char *const *headers)
{
    shake_t  s;

    shake(&s, headers);
    shake_free(&s);

    return s.status;
}


#define STATUS(...)  status_of((const char *[]) { __VA_ARGS__, NULL })


TEST("RFC 6455 section 1.3: the accept value of the example")
{
    shake_t  s;

    SHAKE(&s, "Host: server.example.com", GOOD, "Origin: http://example.com");
    CHECK_INT(s.status, 101);
    CHECK_MEM(s.hs.accept, sizeof(s.hs.accept),
              "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", 28);
    CHECK_INT(s.hs.protocol.len, 0);
    CHECK_INT(s.hs.token.len, 0);
    CHECK_INT(s.hs.deflate, 0);
    shake_free(&s);
}


TEST("RFC 6455 section 4.1: method GET and HTTP/1.1 are needed")
{
    shake_t  s;

    memset(&s, 0, sizeof(s));
    ngx_cr_ws_handshake_init(&s.hs, 1);
    shake_header(&s, "Upgrade: websocket");
    shake_header(&s, "Connection: Upgrade");
    shake_header(&s, "Sec-WebSocket-Version: 13");
    shake_header(&s, "Sec-WebSocket-Key: " KEY);

    shake_done(&s, 0, 1);
    CHECK_INT(s.status, 405);
    shake_done(&s, 1, 0);
    CHECK_INT(s.status, 426);
    shake_done(&s, 1, 1);
    CHECK_INT(s.status, 101);

    shake_free(&s);
}


TEST("RFC 6455 section 4.2.1: Upgrade has websocket, in any case, in a list")
{
#define WITH(u)  STATUS("Connection: Upgrade", "Sec-WebSocket-Version: 13",   \
                        "Sec-WebSocket-Key: " KEY, "Upgrade: " u)

    CHECK_INT(WITH("WebSocket"), 101);
    CHECK_INT(WITH("h2c, websocket"), 101);
    CHECK_INT(WITH("websocket,h2c"), 101);
    CHECK_INT(WITH(" ,\t websocket\t , "), 101);
    CHECK_INT(WITH("websocket/13"), 426);
    CHECK_INT(WITH("websockets"), 426);
    CHECK_INT(WITH("web socket"), 426);
    CHECK_INT(WITH(""), 426);
    CHECK_INT(WITH(","), 426);
    CHECK_INT(WITH("h2c"), 426);
    CHECK_INT(STATUS("Connection: Upgrade", "Sec-WebSocket-Version: 13",
                     "Sec-WebSocket-Key: " KEY), 426);
    CHECK_INT(STATUS("Connection: Upgrade", "Sec-WebSocket-Version: 13",
                     "Sec-WebSocket-Key: " KEY, "Upgrade: h2c",
                     "upgrade: websocket"), 101);
#undef WITH
}


TEST("RFC 6455 section 4.2.1: Connection has Upgrade, in any case, in a list")
{
#define WITH(c)  STATUS("Upgrade: websocket", "Sec-WebSocket-Version: 13",    \
                        "Sec-WebSocket-Key: " KEY, "Connection: " c)

    CHECK_INT(WITH("upgrade"), 101);
    CHECK_INT(WITH("keep-alive, Upgrade"), 101);
    CHECK_INT(WITH("Upgrade,keep-alive"), 101);
    CHECK_INT(WITH("keep-alive"), 426);
    CHECK_INT(WITH("Upgraded"), 426);
    CHECK_INT(WITH("no-upgrade"), 426);
    CHECK_INT(WITH(""), 426);
    CHECK_INT(STATUS("Upgrade: websocket", "Sec-WebSocket-Version: 13",
                     "Sec-WebSocket-Key: " KEY), 426);
#undef WITH
}


TEST("RFC 6455 section 4.4: another version than 13 is 426")
{
#define WITH(v)  STATUS("Upgrade: websocket", "Connection: Upgrade",          \
                        "Sec-WebSocket-Key: " KEY,                            \
                        "Sec-WebSocket-Version: " v)

    CHECK_INT(WITH("13"), 101);
    CHECK_INT(WITH("8"), 426);
    CHECK_INT(WITH("14"), 426);
    CHECK_INT(WITH("013"), 426);
    CHECK_INT(WITH("13, 8"), 426);
    CHECK_INT(WITH("1"), 426);
    CHECK_INT(WITH(""), 426);
    CHECK_INT(STATUS("Upgrade: websocket", "Connection: Upgrade",
                     "Sec-WebSocket-Key: " KEY), 426);
    CHECK_INT(STATUS(GOOD, "Sec-WebSocket-Version: 13"), 426);
#undef WITH
}


TEST("RFC 6455 section 4.2.1: the key is 16 bytes in base64, given once")
{
#define WITH(k)  STATUS("Upgrade: websocket", "Connection: Upgrade",          \
                        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: " k)

    CHECK_INT(WITH(KEY), 101);
    CHECK_INT(WITH("AAAAAAAAAAAAAAAAAAAAAA=="), 101);
    CHECK_INT(WITH("++//++//++//++//++//+w=="), 101);
    CHECK_INT(WITH(""), 400);
    CHECK_INT(WITH("dGhlIHNhbXBsZSBub25jZQ"), 400);
    CHECK_INT(WITH("dGhlIHNhbXBsZSBub25jZQ="), 400);
    CHECK_INT(WITH("dGhlIHNhbXBsZSBub25jZ==="), 400);
    CHECK_INT(WITH("dGhlIHNhbXBs=SBub25jZQ=="), 400);
    CHECK_INT(WITH("dGhlIHNhbXBsZSBub25jZQ==="), 400);
    CHECK_INT(WITH("dGhlIHNhbXBsZSBub25jZQA="), 400);
    CHECK_INT(WITH("dGhlIHNhbXBsZSBub25jZQAA"), 400);
    CHECK_INT(WITH("dGhlIHNhbXBsZSBub25j-Q=="), 400);
    CHECK_INT(WITH("dGhlIHNhbXBsZSBub25j Q=="), 400);
    CHECK_INT(WITH("dGhlIHNhbXBsZSBub25jZQ==, AA"), 400);
    CHECK_INT(STATUS("Upgrade: websocket", "Connection: Upgrade",
                     "Sec-WebSocket-Version: 13"), 400);
    CHECK_INT(STATUS(GOOD, "Sec-WebSocket-Key: " KEY), 400);
#undef WITH
}


TEST("RFC 6455 section 4.2.2: header names have no case")
{
    CHECK_INT(STATUS("upgrade: websocket", "CONNECTION: Upgrade",
                     "sec-websocket-version: 13", "sec-websocket-KEY: " KEY),
              101);
}


TEST("headers that are no part of the handshake are ignored")
{
    CHECK_INT(STATUS("Connection: Upgrade", "Sec-WebSocket-Version: 13",
                     "Sec-WebSocket-Key: " KEY, "Referer: websocket"), 426);
    CHECK_INT(STATUS("Upgrade: websocket", "Sec-WebSocket-Version: 13",
                     "Sec-WebSocket-Key: " KEY, "User-Agent: upgrade"), 426);
    CHECK_INT(STATUS(GOOD, "Upgrades: x", "Sec-WebSocket-Keys: y",
                     "X: z"), 101);
}


static void
protocol(const char *value, ngx_uint_t status, const char *chosen,
    const char *token)
{
    char     line[2048];
    shake_t  s;

    snprintf(line, sizeof(line), "Sec-WebSocket-Protocol: %s", value);
    SHAKE(&s, GOOD, line);

    CHECK_MSG(s.status == status, "\"%s\": %u", value, (unsigned) s.status);

    if (s.status == 101) {
        CHECK_MEM(s.hs.protocol.data, s.hs.protocol.len, chosen,
                  strlen(chosen));
        CHECK_MEM(s.hs.token.data, s.hs.token.len, token, strlen(token));
    }

    shake_free(&s);
}


TEST("RFC 6455 section 4.2.2: coderemote.v1 is chosen from the offers")
{
    protocol("coderemote.v1", 101, "coderemote.v1", "");
    protocol("chat, coderemote.v1 ,superchat", 101, "coderemote.v1", "");
    protocol(",, coderemote.v1,", 101, "coderemote.v1", "");
    protocol("chat", 101, "", "");
    protocol("CodeRemote.v1", 101, "", "");
    protocol("coderemote.v2", 101, "", "");
    protocol("coderemote.v1x", 101, "", "");
}


TEST("a token comes along as the subprotocol bearer.<jwt>")
{
    protocol("coderemote.v1, bearer.eyJh.eyJz.c2ln", 101, "coderemote.v1",
             "eyJh.eyJz.c2ln");
    protocol("bearer.a_b-c.d", 101, "", "a_b-c.d");
    protocol("bearer.", 101, "", "");
    protocol("bearer", 101, "", "");
    protocol("bearer.a, bearer.b", 400, "", "");
}


TEST("RFC 6455 section 4.1: offers are tokens, each given once")
{
    shake_t  s;

    protocol("", 400, "", "");
    protocol(" , ,", 400, "", "");
    protocol("a b", 400, "", "");
    protocol("a;b", 400, "", "");
    protocol("a/b", 400, "", "");
    protocol("caf\xc3\xa9", 400, "", "");
    protocol("coderemote.v1, coderemote.v1", 400, "", "");
    protocol("a,b,a", 400, "", "");
    protocol("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,coderemote.v1", 101,
             "coderemote.v1", "");
    protocol("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", 400, "", "");

    SHAKE(&s, GOOD, "Sec-WebSocket-Protocol: chat",
          "Sec-WebSocket-Protocol: coderemote.v1");
    CHECK_INT(s.status, 101);
    CHECK_INT(s.hs.protocol.len, 13);
    shake_free(&s);

    CHECK_INT(STATUS(GOOD, "Sec-WebSocket-Protocol: chat",
                     "Sec-WebSocket-Protocol: chat"), 400);
}


#define OURS  "permessage-deflate; server_no_context_takeover; "              \
              "client_no_context_takeover"


/* want: the answer; "" = none; NULL = 400 */

static void
extensions(const char *value, const char *want, ngx_uint_t bits)
{
    char     line[1024];
    shake_t  s;

    snprintf(line, sizeof(line), "Sec-WebSocket-Extensions: %s", value);
    SHAKE(&s, GOOD, line);

    if (want == NULL) {
        CHECK_MSG(s.status == 400, "\"%s\": %u", value, (unsigned) s.status);
        shake_free(&s);
        return;
    }

    CHECK_MSG(s.status == 101, "\"%s\": %u", value, (unsigned) s.status);
    CHECK_MSG(strcmp(s.extensions, want) == 0, "\"%s\": \"%s\"", value,
              s.extensions);
    CHECK_MSG(s.hs.window_bits == bits, "\"%s\": %u bits", value,
              (unsigned) s.hs.window_bits);

    shake_free(&s);
}


TEST("RFC 7692 section 7.1: offers that are accepted, and the answer")
{
    extensions("permessage-deflate", OURS, 12);
    extensions("permessage-deflate; client_max_window_bits", OURS, 12);
    extensions("permessage-deflate; client_max_window_bits=8", OURS, 12);
    extensions("permessage-deflate; client_max_window_bits=15", OURS, 12);
    extensions("permessage-deflate; client_max_window_bits=\"10\"", OURS, 12);
    extensions("permessage-deflate; server_no_context_takeover", OURS, 12);
    extensions("permessage-deflate; client_no_context_takeover", OURS, 12);
    extensions("permessage-deflate;server_no_context_takeover"
               ";client_no_context_takeover;server_max_window_bits=15"
               ";client_max_window_bits=12",
               OURS "; server_max_window_bits=12", 12);
    extensions("permessage-deflate; server_max_window_bits=12",
               OURS "; server_max_window_bits=12", 12);
    extensions("permessage-deflate; server_max_window_bits=11",
               OURS "; server_max_window_bits=11", 11);
    extensions("permessage-deflate; server_max_window_bits=10",
               OURS "; server_max_window_bits=10", 10);
    extensions("permessage-deflate; server_max_window_bits=9",
               OURS "; server_max_window_bits=9", 9);
    extensions("permessage-deflate; server_max_window_bits=\"\\1\\0\"",
               OURS "; server_max_window_bits=10", 10);
    extensions(" permessage-deflate\t; server_max_window_bits = 10 ",
               OURS "; server_max_window_bits=10", 10);
}


TEST("RFC 7692 section 7.1.2.1: a window that zlib cannot make is declined")
{
    extensions("permessage-deflate; server_max_window_bits=8", "", 12);
}


TEST("RFC 7692 section 5: an offer with a bad parameter is declined")
{
    size_t  i;

    static const char  *bad[] = {
        "permessage-deflate; unknown",
        "permessage-deflate; unknown=1",
        "permessage-deflate; server_no_context_takeover"
            "; server_no_context_takeover",
        "permessage-deflate; client_no_context_takeover"
            "; client_no_context_takeover",
        "permessage-deflate; client_max_window_bits; client_max_window_bits",
        "permessage-deflate; client_max_window_bits"
            "; client_max_window_bits=10",
        "permessage-deflate; server_max_window_bits=10"
            "; server_max_window_bits=10",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=true",
        "permessage-deflate; server_no_context_takeover=\"x\"",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=010",
        "permessage-deflate; server_max_window_bits=09",
        "permessage-deflate; server_max_window_bits=100",
        "permessage-deflate; server_max_window_bits=1",
        "permessage-deflate; server_max_window_bits=-9",
        "permessage-deflate; server_max_window_bits=+9",
        "permessage-deflate; server_max_window_bits=1x",
        "permessage-deflate; server_max_window_bits=\"1000000000000\"",
        "permessage-deflate; client_max_window_bits=0",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=08",
        "permessage-deflate; Server_No_Context_Takeover",
        "x-webkit-deflate-frame",
        "permessage-bzip2",
        "permessage-deflat",
        "permessage-deflate2",
        "Permessage-Deflate",
        "foo; bar=\"baz\", qux",
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        extensions(bad[i], "", 12);
    }
}


TEST("RFC 7692 section 5.1: after a declined offer the next one is tried")
{
    shake_t  s;

    extensions("permessage-deflate; unknown, permessage-deflate", OURS, 12);
    extensions("permessage-deflate; server_max_window_bits=8, "
               "permessage-deflate; server_max_window_bits=10",
               OURS "; server_max_window_bits=10", 10);
    extensions("foo; a=b; c, permessage-deflate; client_max_window_bits, "
               "permessage-deflate; server_max_window_bits=9", OURS, 12);
    extensions("permessage-deflate; server_max_window_bits=11, "
               "permessage-deflate; server_max_window_bits=9",
               OURS "; server_max_window_bits=11", 11);

    SHAKE(&s, GOOD,
          "Sec-WebSocket-Extensions: permessage-deflate; unknown",
          "Sec-WebSocket-Extensions: foo, permessage-deflate",
          "Sec-WebSocket-Extensions: permessage-deflate; "
          "server_max_window_bits=9");
    CHECK_STR(s.extensions, OURS);
    shake_free(&s);
}


TEST("RFC 6455 section 9.1: a malformed list of extensions fails with 400")
{
    size_t  i;

    static const char  *bad[] = {
        "", " ", ",", ";", "=", "permessage-deflate;",
        "permessage-deflate; ", "permessage-deflate; ;", "; a", "a;;b",
        "permessage-deflate; server_max_window_bits=",
        "permessage-deflate; server_max_window_bits= ",
        "permessage-deflate; server_max_window_bits=\"",
        "permessage-deflate; server_max_window_bits=\"10",
        "permessage-deflate; server_max_window_bits=\"\"",
        "permessage-deflate; server_max_window_bits=\"1 0\"",
        "permessage-deflate; server_max_window_bits=\"10\\",
        "permessage-deflate; server_max_window_bits=\"10 , foo",
        "permessage-deflate; server_max_window_bits=10 11",
        "permessage-deflate; server_max_window_bits=10=11",
        "permessage-deflate; =10", "permessage-deflate=10",
        "permessage-deflate server_no_context_takeover",
        "permessage-deflate, foo bar", "\"permessage-deflate\"",
        "permessage-deflate; a=\"b\"c", "permessage-deflate, \xc3\xa9",
        "permessage-deflate; a=b@c", "permessage-deflate\x01",
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        extensions(bad[i], NULL, 0);
    }

    extensions(",permessage-deflate, ,foo,", OURS, 12);
}


TEST("without permission nothing is negotiated, but malformed stays 400")
{
    shake_t  s;

    memset(&s, 0, sizeof(s));
    ngx_cr_ws_handshake_init(&s.hs, 0);
    shake_header(&s, "Upgrade: websocket");
    shake_header(&s, "Connection: Upgrade");
    shake_header(&s, "Sec-WebSocket-Version: 13");
    shake_header(&s, "Sec-WebSocket-Key: " KEY);
    shake_header(&s, "Sec-WebSocket-Extensions: permessage-deflate");
    shake_done(&s, 1, 1);
    CHECK_INT(s.status, 101);
    CHECK_INT(s.hs.deflate, 0);

    shake_header(&s, "Sec-WebSocket-Extensions: permessage-deflate;");
    shake_done(&s, 1, 1);
    CHECK_INT(s.status, 400);

    shake_free(&s);
}
