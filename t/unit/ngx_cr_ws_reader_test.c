
/*
 * The reader of frames and messages, in the order of the case groups that
 * conformance suites use: framing, ping and pong, reserved bits, opcodes,
 * fragmentation.  UTF-8 and close are in ngx_cr_ws_text_test.c, limits in
 * ngx_cr_ws_limits_test.c.
 *
 * sources: ngx_http_coderemote_module/ws/
 * libs: -lz
 * with: nginx
 */


#include "cr_ws_test.h"


/* 1: framing */

TEST("RFC 6455 section 5.7: the masked \"Hello\" of the RFC")
{
    wire_t  w = { 0 };

    wire_bytes(&w, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11);
    EXPECT(&w, "text(5:Hello)");
}


TEST("RFC 6455 section 5.2: payloads of every form of length arrive")
{
    size_t     i;
    u_char    *p;
    wire_t     w = { 0 };
    record_t   r;
    unsigned   opcode;

    static const size_t  sizes[] = {
        0, 1, 7, 8, 9, 125, 126, 127, 128, 4095, 65535, 65536, 65537, 300000
    };

    p = malloc(300000);

    for (i = 0; i < 300000; i++) {
        p[i] = (u_char) ('a' + i % 23);
    }

    for (opcode = TEXT; opcode <= BIN; opcode++) {
        for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {

            r.len = 0;
            record_add(&r, (opcode == TEXT) ? "text" : "binary", p, sizes[i]);

            wire_frame(&w, FIN | opcode, p, sizes[i]);
            EXPECT(&w, r.text);
        }
    }

    free(p);
}


TEST("RFC 6455 section 5.2: a length that is not minimally encoded is 1002")
{
    size_t  i;
    wire_t  w = { 0 };

    static const struct {
        uint64_t     len;
        unsigned     form;
        const char  *want;
    } cases[] = {
        { 0, 16, "fail1002(0:)" },
        { 125, 16, "fail1002(0:)" },
        { 126, 16, "" },
        { 0, 64, "fail1002(0:)" },
        { 126, 64, "fail1002(0:)" },
        { 65535, 64, "fail1002(0:)" },
        { 65536, 64, "" },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wire_header(&w, FIN | BIN, cases[i].len, cases[i].form);
        EXPECT(&w, cases[i].want);
    }
}


TEST("RFC 6455 section 5.2: the top bit of a 64-bit length is 1002 at once")
{
    wire_t  w = { 0 };

    wire_bytes(&w, "\x82\xff\x80", 3);
    EXPECT(&w, "fail1002(0:)");

    wire_header(&w, FIN | BIN, 0xffffffffffffffffULL, 64);
    EXPECT(&w, "fail1002(0:)");
}


TEST("RFC 6455 section 5.1: a client's frame without mask is 1002")
{
    wire_t  w = { 0 };

    wire_bytes(&w, "\x81\x05Hello", 7);
    EXPECT(&w, "fail1002(0:)");

    wire_bytes(&w, "\x89\x00", 2);
    EXPECT(&w, "fail1002(0:)");

    wire_bytes(&w, "\x88\x00", 2);
    EXPECT(&w, "fail1002(0:)");

    wire_text(&w, TEXT, "Hel");
    wire_bytes(&w, "\x80\x02lo", 4);
    EXPECT(&w, "fail1002(0:)");
}


TEST("RFC 6455 section 5.3: every frame has a mask of its own, even zero")
{
    wire_t  w = { 0 };

    wire_bytes(&w, "\x01\x83\x00\x00\x00\x00" "abc", 9);
    wire_bytes(&w, "\x80\x83\xff\xff\xff\xff\x9b\x9a\x99", 9);
    EXPECT(&w, "text(6:abcdef)");
}


/* 2: ping and pong */

TEST("RFC 6455 section 5.5.2: pings of up to 125 bytes, any bytes")
{
    wire_t    w = { 0 };
    u_char    p[125];
    record_t  r;

    wire_text(&w, FIN | PING, "");
    wire_text(&w, FIN | PING, "Hello");
    wire_text(&w, FIN | PING, "\x00\xff\xfe\xfd\xfc\xfb\x00\xff");
    EXPECT(&w, "ping(0:) ping(5:Hello) "
               "ping(8:<00><ff><fe><fd><fc><fb><00><ff>)");

    memset(p, 0xfe, sizeof(p));
    r.len = 0;
    record_add(&r, "ping", p, 125);
    wire_frame(&w, FIN | PING, p, 125);
    EXPECT(&w, r.text);
}


TEST("RFC 6455 section 5.5: a control frame above 125 bytes is 1002")
{
    wire_t    w = { 0 };
    unsigned  opcode;

    for (opcode = CLOSE; opcode <= PONG; opcode++) {
        wire_header(&w, FIN | opcode, 126, 16);
        EXPECT(&w, "fail1002(0:)");

        wire_header(&w, FIN | opcode, 65536, 64);
        EXPECT(&w, "fail1002(0:)");
    }

    /* refused at the second byte: what it would announce is not awaited */

    wire_bytes(&w, "\x89\xfe", 2);
    EXPECT(&w, "fail1002(0:)");
}


TEST("RFC 6455 section 5.5.3: pongs that nobody asked for are fine")
{
    wire_t  w = { 0 };

    wire_text(&w, FIN | PONG, "");
    wire_text(&w, FIN | PONG, "unsolicited");
    wire_text(&w, FIN | PING, "ping");
    EXPECT(&w, "pong(0:) pong(11:unsolicited) ping(4:ping)");
}


TEST("RFC 6455 section 5.5.2: ten pings in a row come in order")
{
    int     i;
    char    p;
    wire_t  w = { 0 };

    for (i = 0; i < 10; i++) {
        p = (char) ('0' + i);
        wire_frame(&w, FIN | PING, &p, 1);
    }

    EXPECT(&w, "ping(1:0) ping(1:1) ping(1:2) ping(1:3) ping(1:4) ping(1:5) "
               "ping(1:6) ping(1:7) ping(1:8) ping(1:9)");
}


/* 3: reserved bits */

TEST("RFC 6455 section 5.2: any reserved bit without an extension is 1002")
{
    size_t    i;
    wire_t    w = { 0 };
    unsigned  rsv;

    static const unsigned  opcodes[] = { TEXT, BIN, CLOSE, PING, PONG };

    for (rsv = 1; rsv < 8; rsv++) {
        for (i = 0; i < 5; i++) {
            wire_text(&w, FIN | TEXT, "before");
            wire_text(&w, FIN | (rsv << 4) | opcodes[i], "x");
            wire_text(&w, FIN | PING, "never");
            EXPECT(&w, "text(6:before) fail1002(0:)");
        }
    }
}


TEST("RFC 7692 section 6: RSV2 and RSV3 stay reserved with deflate")
{
    wire_t    w = { 0 };
    unsigned  rsv;

    for (rsv = 1; rsv < 8; rsv++) {

        if (rsv == 4) {
            continue;
        }

        wire_text(&w, FIN | (rsv << 4) | TEXT, "\x00");
        EXPECT_DEFLATE(&w, 1000, "fail1002(0:)");
    }
}


TEST("RFC 7692 section 6: RSV1 only on the first frame of a data message")
{
    wire_t    w = { 0 };
    unsigned  opcode;

    for (opcode = CLOSE; opcode <= PONG; opcode++) {
        wire_text(&w, FIN | RSV1 | opcode, "");
        EXPECT_DEFLATE(&w, 1000, "fail1002(0:)");
    }

    wire_text(&w, RSV1 | TEXT, "\xf2\x48\xcd");
    wire_text(&w, FIN | RSV1 | CONT, "\xc9\xc9\x07\x00");
    EXPECT_DEFLATE(&w, 1000, "fail1002(0:)");

    wire_text(&w, TEXT, "Hel");
    wire_text(&w, FIN | RSV1 | CONT, "lo");
    EXPECT_DEFLATE(&w, 1000, "fail1002(0:)");
}


/* 4: opcodes */

TEST("RFC 6455 section 5.2: reserved opcodes are 1002")
{
    wire_t    w = { 0 };
    unsigned  opcode;

    for (opcode = 0; opcode < 16; opcode++) {

        if (opcode <= 2 || (opcode >= 8 && opcode <= 10)) {
            continue;
        }

        wire_text(&w, FIN | opcode, "");
        EXPECT(&w, "fail1002(0:)");

        wire_text(&w, FIN | TEXT, "Hello");
        wire_text(&w, FIN | opcode, "reserved");
        wire_text(&w, FIN | PING, "");
        EXPECT(&w, "text(5:Hello) fail1002(0:)");

        /* at the first byte, not when the frame is complete */

        wire_byte(&w, opcode);
        EXPECT(&w, "fail1002(0:)");
    }
}


/* 5: fragmentation */

TEST("RFC 6455 section 5.4: control frames are not fragmented, else 1002")
{
    wire_t    w = { 0 };
    unsigned  opcode;

    for (opcode = CLOSE; opcode <= PONG; opcode++) {
        wire_text(&w, opcode, "frag");
        wire_text(&w, FIN | CONT, "ment");
        EXPECT(&w, "fail1002(0:)");
    }
}


TEST("RFC 6455 section 5.4: fragments make one message")
{
    int     i;
    wire_t  w = { 0 };

    wire_text(&w, TEXT, "fragment1");
    wire_text(&w, FIN | CONT, "fragment2");
    EXPECT(&w, "text(18:fragment1fragment2)");

    wire_text(&w, BIN, "");
    wire_text(&w, CONT, "");
    wire_text(&w, FIN | CONT, "");
    EXPECT(&w, "binary(0:)");

    wire_text(&w, TEXT, "");
    wire_text(&w, CONT, "middle");
    wire_text(&w, FIN | CONT, "");
    EXPECT(&w, "text(6:middle)");

    wire_text(&w, TEXT, "0");

    for (i = 1; i < 30; i++) {
        wire_text(&w, CONT, "+");
    }

    wire_text(&w, FIN | CONT, "1");
    EXPECT(&w, "text(31:0+++++++++++++++++++++++++++++1)");
}


TEST("RFC 6455 section 5.4: control frames between fragments come at once")
{
    wire_t  w = { 0 };

    wire_text(&w, TEXT, "fragment1");
    wire_text(&w, FIN | PING, "ping 1");
    wire_text(&w, CONT, "fragment2");
    wire_text(&w, FIN | PONG, "pong");
    wire_text(&w, FIN | PING, "");
    wire_text(&w, FIN | CONT, "fragment3");
    wire_text(&w, FIN | BIN, "next");
    EXPECT(&w, "ping(6:ping 1) pong(4:pong) ping(0:) "
               "text(27:fragment1fragment2fragment3) binary(4:next)");
}


TEST("RFC 6455 section 5.5.1: a close between fragments ends all")
{
    wire_t  w = { 0 };

    wire_text(&w, TEXT, "fragment1");
    wire_close(&w, 1000, "");
    wire_text(&w, FIN | CONT, "fragment2");
    EXPECT(&w, "close1000(0:)");
}


TEST("RFC 6455 section 5.4: a continuation of nothing is 1002")
{
    wire_t  w = { 0 };

    wire_text(&w, FIN | CONT, "non-continuation");
    EXPECT(&w, "fail1002(0:)");

    wire_text(&w, CONT, "non-continuation");
    wire_text(&w, FIN | TEXT, "Hello");
    EXPECT(&w, "fail1002(0:)");

    wire_text(&w, TEXT, "fragment1");
    wire_text(&w, FIN | CONT, "fragment2");
    wire_text(&w, CONT, "fragment3");
    EXPECT(&w, "text(18:fragment1fragment2) fail1002(0:)");

    wire_text(&w, FIN | PING, "");
    wire_text(&w, FIN | CONT, "");
    EXPECT(&w, "ping(0:) fail1002(0:)");
}


TEST("RFC 6455 section 5.4: a new message within a message is 1002")
{
    wire_t    w = { 0 };
    unsigned  opcode;

    for (opcode = TEXT; opcode <= BIN; opcode++) {
        wire_text(&w, opcode, "fragment1");
        wire_text(&w, FIN | opcode, "fragment2");
        EXPECT(&w, "fail1002(0:)");

        wire_text(&w, TEXT, "fragment1");
        wire_text(&w, FIN | PING, "");
        wire_text(&w, opcode, "fragment2");
        EXPECT(&w, "ping(0:) fail1002(0:)");
    }
}
