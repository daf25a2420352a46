
/*
 * What the reader says to text that is not UTF-8 and to close frames.
 *
 * sources: ngx_http_coderemote_module/ws/
 * libs: -lz
 * with: nginx
 */


#include "cr_ws_test.h"


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
