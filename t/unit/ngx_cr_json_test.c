
/*
 * JSON in and out: what is refused, and that what is written can be read.
 *
 * sources: ngx_http_coderemote_module/core/ngx_cr_json.c
 * libs: -ljansson
 * with: nginx
 */


#include "cr_test.h"
#include "ngx_cr_json.h"


static ngx_log_t    test_log;
static ngx_pool_t  *test_pool;
static char         test_text[4 * 1024 * 1024];


static void
json_open(ngx_cr_json_t *j, size_t size)
{
    test_pool = ngx_create_pool(4096, &test_log);
    REQUIRE(test_pool != NULL);
    ngx_cr_json_init(j, test_pool, size);
}


/* the document in test_text; its length */

static size_t
json_take(ngx_cr_json_t *j)
{
    size_t        n, total;
    ngx_chain_t  *cl;

    n = 0;

    if (ngx_cr_json_done(j, &total) != NGX_OK) {
        return 0;
    }

    for (cl = j->first; cl != NULL; cl = cl->next) {
        memcpy(test_text + n, cl->buf->pos, cl->buf->last - cl->buf->pos);
        n += cl->buf->last - cl->buf->pos;
    }

    CHECK(n == total);
    test_text[n] = '\0';

    return n;
}


static void
json_close(void)
{
    ngx_destroy_pool(test_pool);
}


static ngx_int_t
decode(const char *text, size_t len, ngx_uint_t *bad_utf8)
{
    u_char     buf[128];
    json_t    *json;
    ngx_str_t  detail;

    detail.data = buf;
    detail.len = sizeof(buf);

    json = ngx_cr_json_decode((u_char *) text, len, bad_utf8, &detail);

    if (json == NULL) {
        CHECK(detail.len > 0 && detail.len <= sizeof(buf));
        return NGX_ERROR;
    }

    json_decref(json);

    return NGX_OK;
}


TEST("only an object is taken, without duplicates, NUL or bad UTF-8")
{
    size_t              i;
    ngx_uint_t          bad;
    static const char  *good[] = { "{}", " {\"a\":[1,2.5,null,true]} ",
                                   "{\"\xc3\xa4\":\"\\u00e4\\ud83d\\ude00\"}" };
    static const char  *wrong[] = { "", " ", "[]", "1", "null", "\"x\"", "{",
                                    "{\"a\":1,}", "{a:1}", "{'a':1}",
                                    "{\"a\":1,\"a\":2}", "{} x",
                                    "{\"a\":\"\\u0000\"}",
                                    "{\"a\":\"\\ud800\"}", "{\"a\":01}",
                                    "{\"a\":NaN}", "{\"a\":\"\n\"}" };
    static const char  *bytes[] = { "{\"a\":\"\xff\"}", "{\"\xc3\":1}",
                                    "{\"a\":\"\xed\xa0\x80\"}",
                                    "{\"a\":\"\xc0\x80\"}" };

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        CHECK(decode(good[i], strlen(good[i]), &bad) == NGX_OK);
    }

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        CHECK(decode(wrong[i], strlen(wrong[i]), &bad) == NGX_ERROR && !bad);
    }

    for (i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
        CHECK(decode(bytes[i], strlen(bytes[i]), &bad) == NGX_ERROR && bad);
    }

    CHECK(decode("{}\0", 3, &bad) == NGX_ERROR);
}


TEST("nesting without end is refused, not recursed into")
{
    ngx_uint_t    bad;
    static char   deep[200000];

    memset(deep, '[', sizeof(deep));
    CHECK(decode(deep, sizeof(deep), &bad) == NGX_ERROR);
}


TEST("commas, brackets and values are where they belong")
{
    ngx_cr_json_t  j;

    json_open(&j, 0);

    ngx_cr_json_begin(&j, '{');
    ngx_cr_json_name(&j, "a");
    ngx_cr_json_int(&j, -9007199254740993LL);
    ngx_cr_json_name(&j, "b");
    ngx_cr_json_begin(&j, '[');
    ngx_cr_json_cstr(&j, "x");
    ngx_cr_json_begin(&j, '{');
    ngx_cr_json_end(&j, '}');
    ngx_cr_json_bool(&j, 1);
    ngx_cr_json_null(&j);
    ngx_cr_json_end(&j, ']');
    ngx_cr_json_name(&j, "c");
    ngx_cr_json_raw(&j, (u_char *) "[1]", 3);
    ngx_cr_json_name(&j, "d");
    ngx_cr_json_cstr(&j, NULL);
    ngx_cr_json_end(&j, '}');

    (void) json_take(&j);
    CHECK(strcmp(test_text, "{\"a\":-9007199254740993,\"b\":[\"x\",{},true,"
                            "null],\"c\":[1],\"d\":null}") == 0);
    json_close();
}


TEST("every byte below 0x80 is written so that it is read again")
{
    size_t          n;
    u_char          c, text[9];
    json_t         *json;
    ngx_cr_json_t   j;

    /* in each place of a word of eight */

    for (c = 1; c < 0x80; c++) {
        for (n = 0; n < 8; n++) {
            memset(text, 'x', 8);
            text[n] = c;

            json_open(&j, 0);
            ngx_cr_json_text(&j, text, 8);
            REQUIRE(json_take(&j) > 0);

            json = json_loads(test_text, JSON_DECODE_ANY, NULL);
            CHECK(json != NULL && json_string_length(json) == 8
                  && memcmp(json_string_value(json), text, 8) == 0);
            json_decref(json);
            json_close();
        }
    }
}


TEST("long texts of any length survive, escapes and all")
{
    size_t          i, len;
    char           *text;
    json_t         *json;
    ngx_cr_json_t   j;

    text = malloc(300000);
    REQUIRE(text != NULL);
    srand(3);

    for (i = 0; i < 300000; i++) {
        text[i] = (char) (1 + rand() % 127);
    }

    for (len = 0; len < 300000; len = len * 3 + 1) {
        json_open(&j, 16);
        ngx_cr_json_text(&j, (u_char *) text, len);
        REQUIRE(json_take(&j) > 0);

        json = json_loads(test_text, JSON_DECODE_ANY, NULL);
        CHECK(json != NULL && json_string_length(json) == len
              && memcmp(json_string_value(json), text, len) == 0);
        json_decref(json);
        json_close();
    }

    free(text);
}


TEST("UTF-8 passes as it is")
{
    ngx_cr_json_t  j;

    json_open(&j, 0);
    ngx_cr_json_cstr(&j, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\x7f");
    (void) json_take(&j);
    CHECK(strcmp(test_text, "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"")
          == 0);
    json_close();
}


TEST("base64 is padded at its end only, whatever the length")
{
    size_t          len, i;
    u_char         *bytes, *back;
    ngx_str_t       src, dst;
    ngx_cr_json_t   j;

    bytes = malloc(100000);
    back = malloc(100000);
    REQUIRE(bytes != NULL && back != NULL);

    for (i = 0; i < 100000; i++) {
        bytes[i] = (u_char) (i * 7);
    }

    for (len = 0; len < 100000; len = len * 2 + 1) {
        json_open(&j, 0);
        ngx_cr_json_base64(&j, bytes, len);
        i = json_take(&j);
        CHECK(i == 2 + (len + 2) / 3 * 4);

        src.data = (u_char *) test_text + 1;
        src.len = i - 2;
        dst.data = back;
        CHECK(ngx_decode_base64(&dst, &src) == NGX_OK);
        CHECK(dst.len == len && memcmp(back, bytes, len) == 0);
        json_close();
    }

    free(bytes);
    free(back);
}


TEST("times are RFC 3339 with milliseconds, none is null")
{
    ngx_cr_json_t  j;

    json_open(&j, 0);
    ngx_cr_json_begin(&j, '[');
    ngx_cr_json_time(&j, 1784512345678901LL);
    ngx_cr_json_time(&j, 0);
    ngx_cr_json_time(&j, -5);
    ngx_cr_json_time(&j, 1000);
    ngx_cr_json_end(&j, ']');
    (void) json_take(&j);
    CHECK(strcmp(test_text, "[\"2026-07-20T01:52:25.678Z\",null,null,"
                            "\"1970-01-01T00:00:00.001Z\"]") == 0);
    json_close();
}


TEST("durations are milliseconds with as many decimals as they need")
{
    ngx_cr_json_t  j;

    json_open(&j, 0);
    ngx_cr_json_begin(&j, '[');
    ngx_cr_json_ms(&j, 0);
    ngx_cr_json_ms(&j, 1);
    ngx_cr_json_ms(&j, 1000);
    ngx_cr_json_ms(&j, 1500);
    ngx_cr_json_ms(&j, 123456);
    ngx_cr_json_ms(&j, 1000010);
    ngx_cr_json_end(&j, ']');
    (void) json_take(&j);
    CHECK(strcmp(test_text, "[0,0.001,1,1.5,123.456,1000.01]") == 0);
    json_close();
}
