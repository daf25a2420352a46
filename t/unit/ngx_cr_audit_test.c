
/*
 * Lines of the audit log: every one is one line of JSON, whatever is in it.
 *
 * sources: ngx_http_coderemote_module/core/ngx_cr_audit.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_json.c
 * sources: ipc/cr_abi.c
 * libs: -ljansson
 * with: nginx
 */


#include "cr_test.h"
#include "ngx_cr_audit.h"


static ngx_log_t    test_log;
static ngx_pool_t  *test_pool;


static void
audit_open(void)
{
    test_pool = ngx_create_pool(4096, &test_log);
    REQUIRE(test_pool != NULL);
}


static json_t *
audit_take(ngx_cr_json_t *j)
{
    size_t     i;
    json_t    *json;
    ngx_str_t  line;

    if (ngx_cr_audit_end(j, &line) != NGX_OK) {
        return NULL;
    }

    CHECK(line.data[line.len - 1] == LF);

    for (i = 0; i < line.len - 1; i++) {
        CHECK(line.data[i] >= 0x20);
        CHECK(line.data[i] != 0x7f);
    }

    json = json_loadb((char *) line.data, line.len,
                      JSON_REJECT_DUPLICATES|JSON_ALLOW_NUL, NULL);
    CHECK(json != NULL);

    return json;
}


static json_t *
audit_email(const char *data, size_t len)
{
    ngx_cr_json_t       j;
    ngx_cr_audit_who_t  who;

    ngx_memzero(&who, sizeof(ngx_cr_audit_who_t));
    who.email.data = (u_char *) data;
    who.email.len = len;

    ngx_cr_audit_begin(&j, test_pool, 1767225600123456, "auth");
    ngx_cr_audit_who(&j, &who);

    return audit_take(&j);
}


static void
check_email(const char *in, size_t len, const char *out, size_t out_len)
{
    json_t  *json, *email;

    json = audit_email(in, len);
    email = json_object_get(json, "email");

    REQUIRE(json_is_string(email));
    CHECK(json_string_length(email) == out_len);
    CHECK(memcmp(json_string_value(email), out, out_len) == 0);

    json_decref(json);
}


#define check_text(in, out)                                                   \
    check_email(in, sizeof(in) - 1, out, sizeof(out) - 1)


TEST("a line says when, what and who")
{
    json_t  *json;

    audit_open();

    json = audit_email("ada@example.com", 15);

    CHECK(strcmp(json_string_value(json_object_get(json, "time")),
                 "2026-01-01T00:00:00.123Z") == 0);
    CHECK(strcmp(json_string_value(json_object_get(json, "event")), "auth")
          == 0);
    CHECK(json_is_null(json_object_get(json, "sub")));
    CHECK(json_is_null(json_object_get(json, "address")));

    json_decref(json);

    ngx_destroy_pool(test_pool);
}


TEST("no address ends its line or its string")
{
    audit_open();

    check_text("a\nb\r\n{\"event\":\"auth\"}", "a\nb\r\n{\"event\":\"auth\"}");
    check_text("\"},{\"sub\":\"root", "\"},{\"sub\":\"root");
    check_text("\\\\\"\\", "\\\\\"\\");
    check_text("a\0b", "a\0b");
    check_text("\x1b[2J\x7f", "\x1b[2J?");

    /* not UTF-8: alone, cut, too long, a surrogate, C1 */

    check_text("\xff\xfe", "??");
    check_text("a\xc3", "a?");
    check_text("\xc3(", "?(");
    check_text("\xc0\xaf", "??");
    check_text("\xc2\x9b" "1m", "?1m");
    check_text("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
               "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");

    ngx_destroy_pool(test_pool);
}


TEST("whatever bytes there are, the line can be read")
{
    char      data[300];
    size_t    i, len;
    json_t   *json;
    uint32_t  seed;

    audit_open();

    seed = 1;

    for (len = 0; len < 3000; len++) {

        for (i = 0; i < len % 300; i++) {
            seed = seed * 1103515245 + 12345;
            data[i] = (char) (seed >> 16);
        }

        json = audit_email(data, len % 300);
        json_decref(json);
        ngx_reset_pool(test_pool);
    }

    ngx_destroy_pool(test_pool);
}


TEST("long texts are cut between characters")
{
    char  data[1000];

    audit_open();

    memset(data, 'x', sizeof(data));
    check_email(data, sizeof(data), data, NGX_CR_AUDIT_TEXT_MAX);

    /* no half character at the end */

    memcpy(data + NGX_CR_AUDIT_TEXT_MAX - 1, "\xc3\xa4", 2);
    check_email(data, sizeof(data), data, NGX_CR_AUDIT_TEXT_MAX - 1);

    /* nothing but what grows */

    memset(data, 1, sizeof(data));
    check_email(data, sizeof(data), data, NGX_CR_AUDIT_TEXT_MAX);

    ngx_destroy_pool(test_pool);
}


TEST("how a job ended is numbers and words")
{
    json_t             *json;
    ngx_cr_json_t       j;
    ngx_cr_job_info_t   info;
    ngx_cr_audit_job_t  job;

    audit_open();

    ngx_memzero(&info, sizeof(ngx_cr_job_info_t));
    info.attempt = 2;
    info.job.created_us = 1000000;
    info.result.started_us = 1002500;
    info.result.execution_us = 12000;
    info.result.cpu_us = 7125;
    info.result.memory_peak_kb = 4096;
    info.result.exit_code = -1;
    info.result.signal = 9;
    info.result.status = CR_STATUS_CANCELLED;
    memcpy(info.result.error, "secret", 7);

    job.id = (const u_char *) "01234567-89ab-7def-8123-456789abcdef";
    ngx_str_set(&job.language, "python");

    ngx_cr_audit_begin(&j, test_pool, 1, "finished");
    ngx_cr_audit_job(&j, &job);
    ngx_cr_audit_result(&j, &info, 77);
    json = audit_take(&j);

    CHECK(json_integer_value(json_object_get(json, "output_bytes")) == 77);
    CHECK(json_integer_value(json_object_get(json, "attempt")) == 2);
    CHECK(json_integer_value(json_object_get(json, "signal")) == 9);
    CHECK(json_is_null(json_object_get(json, "exit_code")));
    CHECK(json_is_null(json_object_get(json, "limit")));
    CHECK(json_real_value(json_object_get(json, "queue_time_ms")) == 2.5);
    CHECK(json_real_value(json_object_get(json, "cpu_time_ms")) == 7.125);
    CHECK(json_object_get(json, "error") == NULL);
    CHECK(strcmp(json_string_value(json_object_get(json, "job_id")),
                 "01234567-89ab-7def-8123-456789abcdef") == 0);

    json_decref(json);

    ngx_destroy_pool(test_pool);
}


TEST("a second has so many lines, the rest is counted")
{
    ngx_uint_t            i, n;
    ngx_cr_audit_bound_t  bound;

    ngx_memzero(&bound, sizeof(ngx_cr_audit_bound_t));
    n = 0;

    for (i = 0; i < 100; i++) {
        n += ngx_cr_audit_allow(&bound, 5, 20);
    }

    CHECK(n == 20);
    CHECK(bound.omitted == 80);
    CHECK(ngx_cr_audit_allow(&bound, 6, 20) == 1);
    CHECK(bound.omitted == 80);
}
