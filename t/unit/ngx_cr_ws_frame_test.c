
/*
 * The writer of the server's frames.
 *
 * sources: ngx_http_coderemote_module/ws/ngx_cr_ws_frame.c
 * sources: ngx_http_coderemote_module/ws/ngx_cr_ws_utf8.c
 * with: nginx
 */


#include "cr_test.h"
#include "ngx_cr_ws_frame.h"


TEST("RFC 6455 section 5.2: a header has the shortest form of length")
{
    size_t   i;
    u_char   b[NGX_CR_WS_HEADER_MAX], *end;

    static const struct {
        size_t       len;
        const char  *want;
        size_t       want_len;
    } cases[] = {
        { 0, "\x81\x00", 2 },
        { 1, "\x81\x01", 2 },
        { 125, "\x81\x7d", 2 },
        { 126, "\x81\x7e\x00\x7e", 4 },
        { 256, "\x81\x7e\x01\x00", 4 },
        { 65535, "\x81\x7e\xff\xff", 4 },
        { 65536, "\x81\x7f\0\0\0\0\0\x01\0\0", 10 },
        { 0x1234567, "\x81\x7f\0\0\0\0\x01\x23\x45\x67", 10 },
        { 0x123456789aULL, "\x81\x7f\0\0\0\x12\x34\x56\x78\x9a", 10 },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        end = ngx_cr_ws_frame_header(b, NGX_CR_WS_FIN | NGX_CR_WS_TEXT,
                                     cases[i].len);
        CHECK_MEM(b, (size_t) (end - b), cases[i].want, cases[i].want_len);
        CHECK_INT(ngx_cr_ws_frame_header_size(cases[i].len),
                  cases[i].want_len);
    }
}


TEST("RFC 6455 section 5.7: the examples of the RFC")
{
    u_char     b[NGX_CR_WS_CONTROL_FRAME_MAX], *end;
    ngx_str_t  hello = ngx_string("Hello");

    end = ngx_cr_ws_frame_control(b, NGX_CR_WS_PING, &hello);
    CHECK_MEM(b, (size_t) (end - b), "\x89\x05Hello", 7);

    end = ngx_cr_ws_frame_header(b, NGX_CR_WS_TEXT, 3);
    CHECK_MEM(b, (size_t) (end - b), "\x01\x03", 2);

    end = ngx_cr_ws_frame_header(b, NGX_CR_WS_FIN | NGX_CR_WS_CONTINUATION,
                                 2);
    CHECK_MEM(b, (size_t) (end - b), "\x80\x02", 2);

    end = ngx_cr_ws_frame_header(b, NGX_CR_WS_FIN | NGX_CR_WS_BINARY, 256);
    CHECK_MEM(b, (size_t) (end - b), "\x82\x7e\x01\x00", 4);

    end = ngx_cr_ws_frame_header(b, NGX_CR_WS_FIN | NGX_CR_WS_RSV1
                                    | NGX_CR_WS_TEXT, 7);
    CHECK_MEM(b, (size_t) (end - b), "\xc1\x07", 2);
}


TEST("RFC 6455 section 5.5.3: a pong carries up to 125 bytes, never more")
{
    u_char      b[NGX_CR_WS_CONTROL_FRAME_MAX], data[126], *end;
    ngx_str_t   payload;

    memset(data, 0xfe, sizeof(data));
    payload.data = data;
    payload.len = 0;

    end = ngx_cr_ws_frame_control(b, NGX_CR_WS_PONG, &payload);
    CHECK_MEM(b, (size_t) (end - b), "\x8a\x00", 2);

    payload.len = 125;
    end = ngx_cr_ws_frame_control(b, NGX_CR_WS_PONG, &payload);
    CHECK_INT(end - b, 127);
    CHECK_INT(b[1], 125);
    CHECK_MEM(b + 2, 125, data, 125);

    payload.len = 126;
    CHECK(ngx_cr_ws_frame_control(b, NGX_CR_WS_PONG, &payload) == NULL);
}


TEST("RFC 6455 section 5.5.1: a close is its code and its reason")
{
    u_char     b[NGX_CR_WS_CONTROL_FRAME_MAX], *end;
    ngx_str_t  reason = ngx_string("bye"), empty = ngx_null_string;

    end = ngx_cr_ws_frame_close(b, 1000, NULL);
    CHECK_MEM(b, (size_t) (end - b), "\x88\x02\x03\xe8", 4);

    end = ngx_cr_ws_frame_close(b, 1001, &empty);
    CHECK_MEM(b, (size_t) (end - b), "\x88\x02\x03\xe9", 4);

    end = ngx_cr_ws_frame_close(b, 4401, &reason);
    CHECK_MEM(b, (size_t) (end - b), "\x88\x05\x11\x31" "bye", 7);

    end = ngx_cr_ws_frame_close(b, NGX_CR_WS_CLOSE_NO_STATUS, &reason);
    CHECK_MEM(b, (size_t) (end - b), "\x88\x00", 2);
}


TEST("RFC 6455 section 5.5: a long reason is cut between two characters")
{
    size_t      n;
    u_char      b[NGX_CR_WS_CONTROL_FRAME_MAX], text[200], *end;
    ngx_str_t   reason;

    memset(text, 'a', sizeof(text));
    reason.data = text;
    reason.len = sizeof(text);

    end = ngx_cr_ws_frame_close(b, 1008, &reason);
    CHECK_INT(end - b, 127);

    for (n = 119; n <= 123; n++) {
        memset(text, 'a', sizeof(text));
        memcpy(text + n, "\xf0\x9f\x98\x80", 4);

        end = ngx_cr_ws_frame_close(b, 1008, &reason);
        CHECK_INT(end - b, (n == 119) ? 127 : 4 + (int) n);
        CHECK_INT(b[1], (n == 119) ? 125 : 2 + (int) n);
    }

    memset(text, 'a', sizeof(text));
    text[5] = 0xff;
    end = ngx_cr_ws_frame_close(b, 1008, &reason);
    CHECK_MEM(b, (size_t) (end - b), "\x88\x07\x03\xf0" "aaaaa", 9);
}


TEST("RFC 6455 section 7.4: codes that may not be sent are refused")
{
    size_t  i;
    u_char  b[NGX_CR_WS_CONTROL_FRAME_MAX];

    static const ngx_uint_t  bad[] = {
        0, 999, 1004, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535, 66536
    };

    static const ngx_uint_t  good[] = {
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013,
        1014, 3000, 3999, 4000, 4401, 4403, 4429, 4999
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK_MSG(ngx_cr_ws_frame_close(b, bad[i], NULL) == NULL, "%u",
                  (unsigned) bad[i]);
    }

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        CHECK_MSG(ngx_cr_ws_frame_close(b, good[i], NULL) == b + 4, "%u",
                  (unsigned) good[i]);
    }
}
