
/*
 * The pool's languages: what the text must have, and that a text from a
 * hostile pool is refused, not believed.
 *
 * sources: ngx_http_coderemote_module/core/ngx_cr_languages.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_json.c
 * libs: -ljansson
 * with: nginx
 */


#include "cr_test.h"
#include "ngx_cr_languages.h"


#define LIMIT(name, initial, max)                                             \
    "\"" name "\":{\"default\":" #initial ",\"max\":" #max "}"

#define LIMITS                                                                \
    "{" LIMIT("timeout_ms", 10, 20) "," LIMIT("cpu_ms", 30, 40) ","           \
    LIMIT("memory_mb", 5, 6) "," LIMIT("output_kb", 7, 8) ","                 \
    LIMIT("processes", 9, 10) "}"


static ngx_log_t  test_log;


static ngx_cr_languages_t *
create(const char *text)
{
    ngx_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return ngx_cr_languages_create(&s, 2, &test_log);
}


static ngx_cr_language_t *
find(ngx_cr_languages_t *languages, const char *name)
{
    ngx_str_t  s;

    s.data = (u_char *) name;
    s.len = strlen(name);

    return ngx_cr_languages_find(languages, &s);
}


TEST("a language is found by id and alias, with its limits in our units")
{
    ngx_cr_language_t   *l;
    ngx_cr_languages_t  *languages;

    languages = create("{\"languages\":[{\"id\":\"c\",\"version\":\"1\","
                       "\"aliases\":[],\"limits\":" LIMITS "},"
                       "{\"id\":\"python\",\"version\":\"3.11\","
                       "\"code_file\":\"main.py\",\"aliases\":"
                       "[\"py\",\"python3\"],\"limits\":" LIMITS "}]}");
    REQUIRE(languages != NULL);

    l = find(languages, "python");
    REQUIRE(l != NULL);
    CHECK(l == find(languages, "py") && l == find(languages, "python3"));
    CHECK(l == ngx_cr_languages_get(languages, 1) && l->index == 1);
    CHECK(find(languages, "c") == ngx_cr_languages_get(languages, 0));

    CHECK(l->code_file.len == 7
          && memcmp(l->code_file.data, "main.py", 7) == 0);
    CHECK_INT(ngx_cr_languages_get(languages, 0)->code_file.len, 0);

    CHECK_INT(l->initial.timeout_ms, 10);
    CHECK_INT(l->max.cpu_ms, 40);
    CHECK_INT(l->initial.memory_kb, 5 * 1024);
    CHECK_INT(l->max.output_bytes, 8 * 1024);
    CHECK_INT(l->max.processes, 10);

    CHECK(find(languages, "Python") == NULL);
    CHECK(find(languages, "") == NULL);
    CHECK(find(languages, "pytho") == NULL);
    CHECK(ngx_cr_languages_get(languages, 2) == NULL);
    CHECK(ngx_cr_languages_get(NULL, 0) == NULL);

    CHECK_MEM(languages->known.data, languages->known.len, "c, python", 9);
    CHECK_INT(languages->seq, 2);

    ngx_cr_languages_destroy(languages);
    ngx_cr_languages_destroy(NULL);
}


TEST("no language at all is a list too")
{
    ngx_cr_languages_t  *languages;

    languages = create("{\"languages\":[]}");
    REQUIRE(languages != NULL);
    CHECK(languages->known.len == 0 && find(languages, "c") == NULL);
    ngx_cr_languages_destroy(languages);
}


TEST("a text that is not what it should be is refused")
{
    size_t              i;
    static const char  *texts[] = {
        "", "[]", "{", "\xff",
        "{\"languages\":[1]}",
        "{\"languages\":[{}]}",
        "{\"languages\":[{\"id\":1,\"version\":\"\",\"aliases\":[],"
        "\"limits\":" LIMITS "}]}",
        "{\"languages\":[{\"id\":\"c\",\"version\":\"\",\"aliases\":[1],"
        "\"limits\":" LIMITS "}]}",
        "{\"languages\":[{\"id\":\"c\",\"version\":\"\",\"aliases\":[],"
        "\"limits\":{}}]}",
        "{\"languages\":[{\"id\":\"c\",\"version\":\"\",\"aliases\":[],"
        "\"limits\":{" LIMIT("timeout_ms", 2, 1) "," LIMIT("cpu_ms", 1, 1)
        "," LIMIT("memory_mb", 1, 1) "," LIMIT("output_kb", 1, 1) ","
        LIMIT("processes", 1, 1) "}}]}",
        "{\"languages\":[{\"id\":\"c\",\"version\":\"\",\"aliases\":[],"
        "\"limits\":{" LIMIT("timeout_ms", 1, 1) "," LIMIT("cpu_ms", 1, 1)
        "," LIMIT("memory_mb", 1, 99999999) "," LIMIT("output_kb", 1, 1) ","
        LIMIT("processes", 1, 1) "}}]}",
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        CHECK_MSG(create(texts[i]) == NULL, "%s", texts[i]);
    }
}
