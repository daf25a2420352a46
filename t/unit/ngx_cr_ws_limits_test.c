
/*
 * The reader's limits: of messages, of memory, of its life; and the events
 * of the parser by itself.
 *
 * sources: ngx_http_coderemote_module/ws/
 * libs: -lz
 * with: nginx
 */


#include "cr_ws_test.h"


/* 9: limits */

TEST("RFC 6455 section 7.4.1: a message above the maximum is 1009")
{
    wire_t  w = { 0 };

    wire_text(&w, FIN | TEXT, "0123456789");
    EXPECT_MAX(&w, 10, "text(10:0123456789)");

    wire_text(&w, FIN | TEXT, "0123456789a");
    EXPECT_MAX(&w, 10, "fail1009(0:)");

    wire_text(&w, FIN | BIN, "");
    wire_text(&w, FIN | BIN, "x");
    EXPECT_MAX(&w, 0, "binary(0:) fail1009(0:)");
}


TEST("RFC 6455 section 10.4: an excessive length fails before its data")
{
    wire_t  w = { 0 };

    wire_header(&w, FIN | TEXT, 1001, 0);
    EXPECT_MAX(&w, 1000, "fail1009(0:)");

    wire_header(&w, FIN | BIN, 0x7fffffffffffffffULL, 64);
    EXPECT_MAX(&w, 1000, "fail1009(0:)");

    wire_header(&w, FIN | BIN, 0x100000000ULL, 64);
    EXPECT_MAX(&w, 1000, "fail1009(0:)");
}


TEST("RFC 6455 section 10.4: the maximum counts all fragments of a message")
{
    wire_t  w = { 0 };

    wire_text(&w, TEXT, "01234");
    wire_text(&w, FIN | PING, "pings do not count");
    wire_text(&w, CONT, "56789");
    wire_text(&w, FIN | CONT, "");
    wire_text(&w, FIN | TEXT, "anew");
    EXPECT_MAX(&w, 10, "ping(18:pings do not count) text(10:0123456789) "
                       "text(4:anew)");

    wire_text(&w, TEXT, "01234");
    wire_text(&w, CONT, "56789");
    wire_header(&w, FIN | CONT, 1, 0);
    EXPECT_MAX(&w, 10, "fail1009(0:)");

    wire_text(&w, TEXT, "01234");
    wire_header(&w, CONT, 0x7fffffffffffffffULL, 64);
    EXPECT_MAX(&w, 10, "fail1009(0:)");
}


TEST("a megabyte arrives in one frame and in 64-byte fragments")
{
    size_t    i;
    u_char   *p;
    wire_t    w = { 0 };
    record_t  r;

    p = malloc(1024 * 1024);

    for (i = 0; i < 1024 * 1024; i++) {
        p[i] = (u_char) (i * 7 + (i >> 8));
    }

    r.len = 0;
    record_add(&r, "binary", p, 1024 * 1024);

    wire_frame(&w, FIN | BIN, p, 1024 * 1024);
    EXPECT(&w, r.text);

    for (i = 0; i < 1024 * 1024; i += 64) {
        wire_frame(&w, (i == 0) ? BIN : CONT, p + i, 64);
    }

    wire_text(&w, FIN | CONT, "");
    EXPECT(&w, r.text);

    free(p);
}


TEST("a large announced length makes nobody allocate it")
{
    u_char               frame[] = "\x82\xff\0\0\0\0\0\x0f\0\0\0\0\0\0xyz";
    u_char              *pos;
    ngx_cr_ws_event_t    ev;
    ngx_cr_ws_reader_t   r;

    ngx_cr_ws_reader_init(&r, 1024 * 1024, 0, ws_test_resize, NULL);

    pos = frame;
    CHECK_INT(ngx_cr_ws_reader_next(&r, &pos, frame + sizeof(frame) - 1, &ev),
              NGX_AGAIN);
    CHECK(r.payload.size <= 4096);

    ngx_cr_ws_reader_done(&r);
}


TEST("an idle connection holds no buffer once its message was taken")
{
    wire_t               w = { 0 };
    u_char              *pos;
    ngx_cr_ws_event_t    ev;
    ngx_cr_ws_reader_t   r;

    wire_text(&w, FIN | TEXT, "message");
    ngx_cr_ws_reader_init(&r, 1000, 0, ws_test_resize, NULL);

    pos = w.data;
    CHECK_INT(ngx_cr_ws_reader_next(&r, &pos, w.data + w.len, &ev), NGX_OK);
    CHECK_INT(ws_test_blocks, 1);
    CHECK_INT(ngx_cr_ws_reader_next(&r, &pos, w.data + w.len, &ev),
              NGX_AGAIN);
    CHECK_INT(ws_test_blocks, 0);

    ngx_cr_ws_reader_done(&r);
    wire_free(&w);
}


TEST("a stream that failed or was closed holds no buffer")
{
    wire_t               w = { 0 };
    u_char              *pos;
    unsigned             broken;
    ngx_cr_ws_event_t    ev;
    ngx_cr_ws_reader_t   r;

    for (broken = 0; broken < 2; broken++) {

        wire_text(&w, TEXT, "open");

        if (broken) {
            wire_byte(&w, 0xff);

        } else {
            wire_close(&w, 1000, "");
        }

        ngx_cr_ws_reader_init(&r, 1000, 0, ws_test_resize, NULL);
        pos = w.data;

        while (ngx_cr_ws_reader_next(&r, &pos, w.data + w.len, &ev)
               == NGX_OK)
        {
            CHECK_INT(ev.type, NGX_CR_WS_EV_CLOSE);
        }

        CHECK_INT(ws_test_blocks, 0);
        ngx_cr_ws_reader_done(&r);
        wire_free(&w);
    }
}


TEST("an empty message has an address, so that callers may add 0 to it")
{
    wire_t               w = { 0 };
    u_char              *pos;
    ngx_cr_ws_event_t    ev;
    ngx_cr_ws_reader_t   r;

    wire_text(&w, FIN | TEXT, "");
    ngx_cr_ws_reader_init(&r, 1000, 0, ws_test_resize, NULL);

    pos = w.data;
    CHECK_INT(ngx_cr_ws_reader_next(&r, &pos, w.data + w.len, &ev), NGX_OK);
    CHECK_INT(ev.len, 0);
    CHECK(ev.data != NULL);

    ngx_cr_ws_reader_done(&r);
    wire_free(&w);
}


static void *
no_memory(void *ctx, void *p, size_t size)
{
    (void) ctx;
    (void) p;
    (void) size;

    return NULL;
}


TEST("RFC 6455 section 7.4.1: no memory for a message is 1011")
{
    wire_t               w = { 0 };
    u_char              *pos;
    ngx_cr_ws_event_t    ev;
    ngx_cr_ws_reader_t   r;

    wire_text(&w, FIN | TEXT, "message");
    ngx_cr_ws_reader_init(&r, 1000, 0, no_memory, NULL);

    pos = w.data;
    CHECK_INT(ngx_cr_ws_reader_next(&r, &pos, w.data + w.len, &ev),
              NGX_ERROR);
    CHECK_INT(r.parser.code, 1011);

    ngx_cr_ws_reader_done(&r);
    wire_free(&w);
}


TEST("the limit can be changed between two messages")
{
    wire_t               w = { 0 };
    u_char              *pos, *last;
    ngx_cr_ws_event_t    ev;
    ngx_cr_ws_reader_t   r;

    wire_text(&w, FIN | TEXT, "12345");
    wire_text(&w, FIN | TEXT, "1234567890");
    wire_text(&w, FIN | TEXT, "1234567890");
    ngx_cr_ws_reader_init(&r, 5, 0, ws_test_resize, NULL);

    pos = w.data;
    last = w.data + w.len;

    CHECK_INT(ngx_cr_ws_reader_next(&r, &pos, last, &ev), NGX_OK);
    ngx_cr_ws_parser_limit(&r.parser, 10);
    CHECK_INT(ngx_cr_ws_reader_next(&r, &pos, last, &ev), NGX_OK);
    CHECK_INT(ev.len, 10);
    ngx_cr_ws_parser_limit(&r.parser, 5);
    CHECK_INT(ngx_cr_ws_reader_next(&r, &pos, last, &ev), NGX_ERROR);
    CHECK_INT(r.parser.code, 1009);

    ngx_cr_ws_reader_done(&r);
    wire_free(&w);
}


/* the parser by itself: how data streams */

TEST("the parser emits start, data and end, control frames in between")
{
    wire_t               w = { 0 };
    u_char              *pos, *last;
    ngx_cr_ws_event_t    ev;
    ngx_cr_ws_parser_t   p;

    wire_text(&w, TEXT, "one");
    wire_text(&w, FIN | PING, "p");
    wire_text(&w, CONT, "");
    wire_text(&w, FIN | CONT, "two");

    ngx_cr_ws_parser_init(&p, 100, 0);
    pos = w.data;
    last = w.data + w.len;

    REQUIRE(ngx_cr_ws_parser_next(&p, &pos, last, &ev) == NGX_OK);
    CHECK_INT(ev.type, NGX_CR_WS_EV_START);
    CHECK_INT(ev.opcode, TEXT);
    CHECK_INT(ev.compressed, 0);

    REQUIRE(ngx_cr_ws_parser_next(&p, &pos, last, &ev) == NGX_OK);
    CHECK_INT(ev.type, NGX_CR_WS_EV_DATA);
    CHECK_MEM(ev.data, ev.len, "one", 3);
    CHECK(ev.data > w.data && ev.data < last);

    REQUIRE(ngx_cr_ws_parser_next(&p, &pos, last, &ev) == NGX_OK);
    CHECK_INT(ev.type, NGX_CR_WS_EV_PING);
    CHECK_MEM(ev.data, ev.len, "p", 1);

    REQUIRE(ngx_cr_ws_parser_next(&p, &pos, last, &ev) == NGX_OK);
    CHECK_INT(ev.type, NGX_CR_WS_EV_DATA);
    CHECK_MEM(ev.data, ev.len, "two", 3);

    REQUIRE(ngx_cr_ws_parser_next(&p, &pos, last, &ev) == NGX_OK);
    CHECK_INT(ev.type, NGX_CR_WS_EV_END);

    CHECK_INT(ngx_cr_ws_parser_next(&p, &pos, last, &ev), NGX_AGAIN);
    CHECK(pos == last);

    wire_free(&w);
}
