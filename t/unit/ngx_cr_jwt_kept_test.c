
/*
 * What is kept of a verified JWT.
 *
 * sources: ngx_http_coderemote_module/core/ngx_cr_base64url.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_json.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_jwk.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_jwk_set.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_jwt.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_jwt_claims.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_jwt_jws.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_rs256.c
 * libs: -ljansson -lcrypto
 * with: nginx
 */


#include <malloc.h>

#include "cr_jwt_test.h"


TEST("what is kept: sub, email, groups, kid and the payload")
{
    json_t               *claim;
    ngx_str_t             name;
    ngx_cr_jwt_t         *jwt;
    ngx_cr_jwt_policy_t   p;

    p = cognito_access();
    jwt = verified(&p, good_token());
    REQUIRE(jwt != NULL);

    CHECK_INT(jwt->refs, 1);
    CHECK_MEM(jwt->sub.data, jwt->sub.len,
              "b015d388-7319-45d1-8506-cf40857e03a8", 36);
    CHECK_MEM(jwt->groups.data, jwt->groups.len, "users,admins", 12);
    CHECK_MEM(jwt->kid.data, jwt->kid.len, "rsa-1", 5);
    CHECK_MEM(jwt->thumb, 32, keys_of_test()->keys[0].thumb, 32);
    CHECK_INT(jwt->email.len, 0);
    CHECK_INT(jwt->exp, NOW + 3600);
    CHECK_INT(jwt->from, NOW - 10);

    ngx_str_set(&name, "username");
    claim = ngx_cr_jwt_claim(jwt->payload, &name);
    REQUIRE(claim != NULL);
    CHECK_STR(json_string_value(claim), "b015d388");

    /* a second reference */

    jwt->refs++;
    ngx_cr_jwt_release(jwt);
    CHECK_STR(json_string_value(claim), "b015d388");
    ngx_cr_jwt_release(jwt);
    ngx_cr_jwt_release(NULL);
}


TEST("the joined groups have no name that could be read as two")
{
    size_t                i;
    ngx_cr_jwt_t         *jwt;
    ngx_cr_jwt_policy_t   p;

    static const struct {
        const char  *json;
        const char  *joined;
    } cases[] = {
        { "[\"a\"]", "a" },
        { "[\"a\",\"b\",\"c d\"]", "a,b,c d" },
        { "[\"x,admins\",\"b\"]", "b" },
        { "[\"a\\nb\",\"\",\"b\",7,null,[\"c\"],\"d\"]", "b,d" },
        { "[\"\xc3\xa9\"]", "\xc3\xa9" },
        { "[]", "" },
        { "[7]", "" },
        { "\"a\"", "" },
        { "{\"a\":1}", "" },
        { NULL, "" },
    };

    p = cognito_access();

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        jwt = verified(&p, access_token("cognito:groups", cases[i].json));
        REQUIRE(jwt != NULL);
        CHECK_MEM(jwt->groups.data, jwt->groups.len, cases[i].joined,
                  strlen(cases[i].joined));
        ngx_cr_jwt_release(jwt);
    }
}


TEST("RFC 6901 section 5: a claim by pointer")
{
    size_t        i;
    json_t       *json, *got;
    ngx_str_t     name;
    json_error_t  error;

    static const struct {
        const char  *pointer;
        const char  *value;
    } cases[] = {
        { "/foo/bar", "1" }, { "/", "2" }, { "/a~1b", "3" }, { "/m~0n", "4" },
        { "/c%d", "5" }, { "foo/bar", "6" }, { "a/b", "3" }, { "m~n", "4" },
        { "//x", "7" }, { "/~01", "8" },
        { "/foo/baz", NULL }, { "/foo/bar/x", NULL }, { "/m~2n", NULL },
        { "/m~", NULL }, { "none", NULL }, { "/none/x", NULL }, { "x", NULL },
        { "/list/0", NULL }, { "m~0n", NULL },
    };

    json = json_loads("{\"foo\":{\"bar\":\"1\"},\"\":\"2\",\"a/b\":\"3\","
                      "\"m~n\":\"4\",\"c%d\":\"5\",\"foo/bar\":\"6\","
                      "\"list\":[\"0\"],\"~1\":\"8\"}", 0, &error);
    REQUIRE(json != NULL);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {

        if (strcmp(cases[i].pointer, "//x") == 0) {
            json_object_set_new(json, "", json_pack("{s:s}", "x", "7"));
        }

        name.data = (u_char *) cases[i].pointer;
        name.len = strlen(cases[i].pointer);

        got = ngx_cr_jwt_claim(json, &name);

        CHECK_MSG((got == NULL) == (cases[i].value == NULL), "%s",
                  cases[i].pointer);

        if (got != NULL && cases[i].value != NULL) {
            CHECK_STR(json_string_value(got), cases[i].value);
        }
    }

    name.data = (u_char *) text("%0300d", 1);
    name.len = 300;
    CHECK(ngx_cr_jwt_claim(json, &name) == NULL);
    name.len = 0;
    CHECK(ngx_cr_jwt_claim(json, &name) != NULL);

    json_decref(json);
}


#if !defined(__SANITIZE_ADDRESS__)

TEST("the memory that a token says it takes is what it takes at most")
{
    size_t                i, before, after;
    ngx_cr_jwt_t         *jwt;
    ngx_cr_jwt_policy_t   p;

    const char *const  extras[] = {
        "1", text("\"%04000d\"", 1), "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]",
        "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,"
        "\"i\":9,\"j\":10,\"k\":11,\"l\":12,\"m\":13,\"n\":14,\"o\":15,"
        "\"p\":16,\"q\":17}",
        "[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]",
        "[{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{},{}]",
        "[1.5,true,null,\"\",\"a\",\"\",\"b\",\"c\",\"d\",1.5,1.5,1.5,1.5]",
        NULL
    };

    p = cognito_access();

    for (i = 0; extras[i] != NULL; i++) {
        const char  *token = access_token("x", extras[i]);

        ngx_cr_jwt_release(verified(&p, token));

        before = mallinfo2().uordblks;
        jwt = verified(&p, token);
        after = mallinfo2().uordblks;

        REQUIRE(jwt != NULL);
        CHECK_MSG(after - before <= jwt->size, "%.40s: %zu of %zu", extras[i],
                  after - before, jwt->size);
        CHECK_MSG((after - before) * 4 >= jwt->size, "%.40s: %zu of %zu",
                  extras[i], after - before, jwt->size);
        ngx_cr_jwt_release(jwt);
    }
}

#endif
