
/*
 * exp, nbf, iat and auth_time of a JWT: rows J18, J19, J29.
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


#include "cr_jwt_test.h"


TEST("J18: exp is required, an integer of 0 to 2^53 - 1")
{
    size_t  i;

    static const struct {
        const char          *exp;
        ngx_cr_jwt_error_e   error;
    } cases[] = {
        { NULL, NGX_CR_JWT_EXP },
        { "null", NGX_CR_JWT_EXP },
        { "true", NGX_CR_JWT_EXP },
        { "\"1800003600\"", NGX_CR_JWT_EXP },
        { "[1800003600]", NGX_CR_JWT_EXP },
        { "{}", NGX_CR_JWT_EXP },
        { "1800003600.0", NGX_CR_JWT_EXP },
        { "1800003600.5", NGX_CR_JWT_EXP },
        { "1.8000036e9", NGX_CR_JWT_EXP },
        { "1e20", NGX_CR_JWT_EXP },
        { "1E10", NGX_CR_JWT_EXP },
        { "-1", NGX_CR_JWT_EXP },
        { "-1800003600", NGX_CR_JWT_EXP },
        { "-9223372036854775808", NGX_CR_JWT_EXP },
        { "-0", NGX_CR_JWT_EXPIRED },
        { "0", NGX_CR_JWT_EXPIRED },
        { "1", NGX_CR_JWT_EXPIRED },
        { "1799999999", NGX_CR_JWT_EXPIRED },
        { "1800000000", NGX_CR_JWT_EXPIRED },
        { "1800000001", NGX_CR_JWT_OK },
        { "2147483647", NGX_CR_JWT_OK },
        { "2147483648", NGX_CR_JWT_OK },
        { "4294967296", NGX_CR_JWT_OK },
        { "9007199254740991", NGX_CR_JWT_OK },
        { "9007199254740992", NGX_CR_JWT_EXP },
        { "9007199254740993", NGX_CR_JWT_EXP },
        { "9223372036854775807", NGX_CR_JWT_EXP },
        { "18446744073709551616", NGX_CR_JWT_PAYLOAD },
        { "1e400", NGX_CR_JWT_PAYLOAD },
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_CASE(outcome(access_token("exp", cases[i].exp)),
                   cases[i].error, cases[i].exp ? cases[i].exp : "missing");
    }
}


TEST("J18: a token is good while now < exp + leeway")
{
    int64_t               leeway;
    ngx_cr_jwt_t         *jwt;
    const char           *token;
    ngx_cr_jwt_policy_t   p;

    token = access_token("exp", "1800000100");
    p = cognito_access();

    for (leeway = 0; leeway <= 60; leeway += 30) {
        p.leeway = leeway;

        CHECK_ERROR(verify(token, &p, keys_of_test(), NOW + 99 + leeway), OK);
        CHECK_ERROR(verify(token, &p, keys_of_test(), NOW + 100 + leeway),
                    EXPIRED);
        CHECK_ERROR(verify(token, &p, keys_of_test(), NOW + 101 + leeway),
                    EXPIRED);

        jwt = verified(&p, token);
        REQUIRE(jwt != NULL);
        CHECK_INT(jwt->exp, NOW + 100);
        CHECK_INT(jwt->until, NOW + 100 + leeway);
        ngx_cr_jwt_release(jwt);
    }
}


TEST("J29: after 2038 a token is judged as before")
{
    ngx_cr_jwt_policy_t  p;

    p = cognito_access();

    CHECK_ERROR(verify(access_token("exp", "4102448400"), &p, keys_of_test(),
                       4102444800), OK);
    CHECK_ERROR(verify(access_token("exp", "4102448400"), &p, keys_of_test(),
                       4102448400), EXPIRED);
    CHECK_ERROR(verify(access_token("exp", "2147483648"), &p, keys_of_test(),
                       2147483648), EXPIRED);
}


TEST("J19: nbf, iat and auth_time may not be in the future")
{
    size_t                i;
    ngx_cr_jwt_policy_t   p;

    static const char *const  names[] = { "nbf", "iat", "auth_time", NULL };

    p = cognito_access();

    for (i = 0; names[i] != NULL; i++) {
        p.leeway = 0;
        CHECK_CASE(by(&p, access_token(names[i], "1800000000")),
                   NGX_CR_JWT_OK, names[i]);
        CHECK_CASE(by(&p, access_token(names[i], "1800000001")),
                   NGX_CR_JWT_NOT_YET, names[i]);

        p.leeway = 60;
        CHECK_CASE(by(&p, access_token(names[i], "1800000060")),
                   NGX_CR_JWT_OK, names[i]);
        CHECK_CASE(by(&p, access_token(names[i], "1800000061")),
                   NGX_CR_JWT_NOT_YET, names[i]);

        CHECK_CASE(by(&p, access_token(names[i], NULL)), NGX_CR_JWT_OK,
                   names[i]);
        CHECK_CASE(by(&p, access_token(names[i], "0")), NGX_CR_JWT_OK,
                   names[i]);
    }
}


TEST("J19: nbf, iat and auth_time are integers that are not after exp")
{
    size_t  i, k;

    static const char *const  names[] = { "nbf", "iat", "auth_time", NULL };

    static const char *const  bad[] = {
        "1800003601", "9007199254740991", "9007199254740992", "-1",
        "\"1799999990\"", "1799999990.0", "1.7e9", "null", "true", "[]", "{}",
        NULL
    };

    for (i = 0; names[i] != NULL; i++) {
        for (k = 0; bad[k] != NULL; k++) {
            CHECK_CASE(outcome(access_token(names[i], bad[k])),
                       NGX_CR_JWT_TIME, bad[k]);
        }
    }

    CHECK_ERROR(outcome(access_token("nbf", "1800003600")), NOT_YET);
}
