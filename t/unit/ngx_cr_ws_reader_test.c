
/*
 * The reader of frames and messages, in the order of the case groups that
 * conformance suites use: framing, ping and pong, reserved bits, opcodes,
 * fragmentation, UTF-8, close, limits.
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


/* 6: UTF-8 */

TEST("RFC 6455 section 5.6: text is UTF-8, wherever frames cut it")
{
    size_t  i;
    wire_t  w = { 0 };

    static const char  kosme[] =
        "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF";

    for (i = 0; i <= sizeof(kosme) - 1; i++) {
        wire_frame(&w, TEXT, kosme, i);
        wire_text(&w, FIN | PING, "\xff");
        wire_frame(&w, FIN | CONT, kosme + i, sizeof(kosme) - 1 - i);
        EXPECT(&w, "ping(1:<ff>) text(25:Hello-<c2><b5>@<c3><9f><c3><b6><c3>"
                   "<a4><c3><bc><c3><a0><c3><a1>-UTF)");
    }

    wire_text(&w, TEXT, "");
    for (i = 0; i < sizeof(kosme) - 1; i++) {
        wire_frame(&w, CONT, kosme + i, 1);
    }
    wire_text(&w, FIN | CONT, "");
    EXPECT(&w, "text(25:Hello-<c2><b5>@<c3><9f><c3><b6><c3>"
               "<a4><c3><bc><c3><a0><c3><a1>-UTF)");
}


TEST("RFC 6455 section 8.1: sequences that UTF-8 has not are 1007")
{
    size_t  i, at;
    char    text[64];
    wire_t  w = { 0 };

    static const char  *bad[] = {

        /* unexpected continuation bytes, lonely first bytes */
        "\x80", "\xbf", "\x80\xbf", "\x80\xbf\x80\xbf\x80\xbf",
        "\xc0 \xc1 ", "\xe0 \xe1 ", "\xf0 \xf1 ", "\xf8 \xf9 ", "\xfc \xfd ",

        /* the last continuation byte is missing */
        "\xc2", "\xe0\xa0", "\xf0\x90\x80", "\xf8\x88\x80\x80",
        "\xfc\x84\x80\x80\x80", "\xdf", "\xef\xbf", "\xf4\x8f\xbf",
        "\xfb\xbf\xbf\xbf", "\xfd\xbf\xbf\xbf\xbf",

        /* impossible bytes */
        "\xfe", "\xff", "\xfe\xfe\xff\xff",

        /* overlong forms of '/', of the largest of each length, of 0 */
        "\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf",
        "\xf8\x80\x80\x80\xaf", "\xfc\x80\x80\x80\x80\xaf",
        "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",
        "\xf8\x87\xbf\xbf\xbf", "\xfc\x83\xbf\xbf\xbf\xbf",
        "\xc0\x80", "\xe0\x80\x80", "\xf0\x80\x80\x80",
        "\xf8\x80\x80\x80\x80", "\xfc\x80\x80\x80\x80\x80",

        /* single and paired surrogates */
        "\xed\xa0\x80", "\xed\xad\xbf", "\xed\xae\x80", "\xed\xaf\xbf",
        "\xed\xb0\x80", "\xed\xbe\x80", "\xed\xbf\xbf",
        "\xed\xa0\x80\xed\xb0\x80", "\xed\xa0\x80\xed\xbf\xbf",
        "\xed\xad\xbf\xed\xb0\x80", "\xed\xad\xbf\xed\xbf\xbf",
        "\xed\xae\x80\xed\xb0\x80", "\xed\xae\x80\xed\xbf\xbf",
        "\xed\xaf\xbf\xed\xb0\x80", "\xed\xaf\xbf\xed\xbf\xbf",

        /* past U+10FFFF, and the forms of five and six bytes */
        "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xf7\xbf\xbf\xbf",
        "\xf8\x88\x80\x80\x80", "\xfb\xbf\xbf\xbf\xbf",
        "\xfc\x84\x80\x80\x80\x80", "\xfd\xbf\xbf\xbf\xbf\xbf",

        /* amid good text */
        "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80" "edited",
        "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80" "ed",
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {

        wire_frame(&w, FIN | TEXT, bad[i], strlen(bad[i]));
        EXPECT(&w, "fail1007(0:)");

        snprintf(text, sizeof(text), "%s.", bad[i]);

        for (at = 0; at <= strlen(text); at++) {
            wire_frame(&w, TEXT, text, at);
            wire_frame(&w, FIN | CONT, text + at, strlen(text) - at);
            EXPECT(&w, "fail1007(0:)");
        }
    }
}


TEST("RFC 6455 section 8.1: the limits of UTF-8 are text")
{
    size_t  i;
    wire_t  w = { 0 };

    static const struct {
        const char  *text;
        const char  *want;
    } good[] = {
        { "\x7f", "text(1:<7f>)" },
        { "\xc2\x80", "text(2:<c2><80>)" },
        { "\xdf\xbf", "text(2:<df><bf>)" },
        { "\xe0\xa0\x80", "text(3:<e0><a0><80>)" },
        { "\xed\x9f\xbf", "text(3:<ed><9f><bf>)" },
        { "\xee\x80\x80", "text(3:<ee><80><80>)" },
        { "\xef\xbf\xbd", "text(3:<ef><bf><bd>)" },
        { "\xef\xbf\xbe", "text(3:<ef><bf><be>)" },
        { "\xef\xbf\xbf", "text(3:<ef><bf><bf>)" },
        { "\xf0\x90\x80\x80", "text(4:<f0><90><80><80>)" },
        { "\xf0\x9f\xbf\xbe", "text(4:<f0><9f><bf><be>)" },
        { "\xf4\x8f\xbf\xbf", "text(4:<f4><8f><bf><bf>)" },
    };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        wire_frame(&w, FIN | TEXT, good[i].text, strlen(good[i].text));
        EXPECT(&w, good[i].want);
    }

    wire_frame(&w, FIN | TEXT, "\0", 1);
    EXPECT(&w, "text(1:<00>)");
}


TEST("RFC 6455 section 8.1: bad text fails before its frame is complete")
{
    wire_t  w = { 0 };

    static const u_char  bad[] =
        "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90";

    /* the header announces more than is sent */

    wire_header(&w, FIN | TEXT, 100, 0);
    wire_bytes(&w, "\0\0\0\0", 4);
    wire_bytes(&w, bad, sizeof(bad) - 1);
    EXPECT(&w, "fail1007(0:)");

    /* the same but for the last byte: there is still hope */

    wire_header(&w, FIN | TEXT, 100, 0);
    wire_bytes(&w, "\0\0\0\0", 4);
    wire_bytes(&w, bad, sizeof(bad) - 2);
    EXPECT(&w, "");
}


TEST("RFC 6455 section 5.6: binary messages carry any bytes")
{
    wire_t  w = { 0 };

    wire_text(&w, BIN, "\xff\xfe");
    wire_text(&w, FIN | CONT, "\xc0\x80\xed\xa0\x80");
    EXPECT(&w, "binary(7:<ff><fe><c0><80><ed><a0><80>)");
}


/* 7: close */

TEST("RFC 6455 section 5.5.1: nothing is read after a close")
{
    wire_t  w = { 0 };

    wire_text(&w, FIN | TEXT, "Hello");
    wire_close(&w, 1000, "bye");
    wire_text(&w, FIN | TEXT, "late");
    wire_text(&w, FIN | PING, "");
    wire_close(&w, 1000, "again");
    wire_bytes(&w, "\xff\xff\xff", 3);
    EXPECT(&w, "text(5:Hello) close1000(3:bye)");
}


TEST("RFC 6455 section 7.4.1: a close without a code reads as 1005")
{
    wire_t  w = { 0 };

    wire_text(&w, FIN | CLOSE, "");
    EXPECT(&w, "close1005(0:)");
}


TEST("RFC 6455 section 5.5.1: half a close code is 1002")
{
    wire_t  w = { 0 };

    wire_text(&w, FIN | CLOSE, "\x03");
    EXPECT(&w, "fail1002(0:)");
}


TEST("RFC 6455 section 5.5.1: a reason of up to 123 bytes in UTF-8")
{
    char      reason[125];
    u_char    payload[125];
    wire_t    w = { 0 };
    record_t  r;

    wire_close(&w, 1000, "Hello World!");
    EXPECT(&w, "close1000(12:Hello World!)");

    memset(reason, '*', 123);
    reason[123] = '\0';
    r.len = 0;
    record_add(&r, "close1000", (u_char *) reason, 123);
    wire_close(&w, 1000, reason);
    EXPECT(&w, r.text);

    /* one more makes it a control frame of 126 bytes */

    reason[123] = '*';
    reason[124] = '\0';
    wire_close(&w, 1000, reason);
    EXPECT(&w, "fail1002(0:)");

    wire_close(&w, 1000, "\xce\xba\xe1\xbd\xb9\xed\xa0\x80");
    EXPECT(&w, "fail1007(0:)");

    memcpy(payload, "\x03\xe8" "cut \xc3", 7);
    wire_frame(&w, FIN | CLOSE, payload, 7);
    EXPECT(&w, "fail1007(0:)");
}


TEST("RFC 6455 section 7.4: which codes may be received, of all 65536")
{
    int       good;
    char      want[32];
    wire_t    w = { 0 };
    record_t  r;
    unsigned  code;

    for (code = 0; code < 65536; code++) {

        good = (code >= 1000 && code <= 1003)
               || (code >= 1007 && code <= 1014)
               || (code >= 3000 && code <= 4999);

        if (good) {
            snprintf(want, sizeof(want), "close%u(0:)", code);

        } else {
            snprintf(want, sizeof(want), "fail1002(0:)");
        }

        wire_close(&w, code, "");
        ws_test_feed(&r, &w, 1000, 0, code & 1);
        wire_free(&w);

        CHECK_MSG(strcmp(r.text, want) == 0, "%u: %s", code, r.text);
    }
}


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
