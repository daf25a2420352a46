
/*
 * The claims of a JWT: rows J15 to J17, J20, J21.
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


static ngx_cr_jwt_policy_t
cognito_id(void)
{
    ngx_cr_jwt_policy_t  p;

    p = cognito_access();
    p.token_use = NGX_CR_JWT_USE_ID;

    return p;
}


static ngx_cr_jwt_policy_t
oidc(void)
{
    ngx_cr_jwt_policy_t  p;

    p = cognito_access();
    p.token_use = NGX_CR_JWT_USE_OFF;

    return p;
}


static ngx_array_t *
pairs(int n, ...)
{
    va_list        args;
    ngx_array_t   *a;
    ngx_keyval_t  *kv;

    static ngx_pool_t  *pool;

    if (pool == NULL) {
        pool = ngx_create_pool(4096, &jwt_log);
    }

    a = ngx_array_create(pool, n, sizeof(ngx_keyval_t));
    va_start(args, n);

    for ( /* void */ ; n > 0; n--) {
        kv = ngx_array_push(a);
        kv->key.data = (u_char *) va_arg(args, const char *);
        kv->key.len = strlen((char *) kv->key.data);
        kv->value.data = (u_char *) va_arg(args, const char *);
        kv->value.len = strlen((char *) kv->value.data);
    }

    va_end(args);

    return a;
}


TEST("J15: iss is compared exactly")
{
    size_t  i;

    static const char *const  bad[] = {
        "\"https://cognito-idp.eu-central-1.amazonaws.com/eu_AbCdEfGh2\"",
        "\"https://cognito-idp.eu-west-1.amazonaws.com/eu_AbCdEfGh1\"",
        "\"http://cognito-idp.eu-central-1.amazonaws.com/eu_AbCdEfGh1\"",
        "\"" ISSUER "/\"", "\"" ISSUER ".evil\"", "\"" ISSUER "?\"",
        "\"" ISSUER "#\"", "\"" ISSUER " \"", "\" " ISSUER "\"",
        "\"x" ISSUER "\"", "\"https://evil.example/" ISSUER "\"",
        "\"https://cognito-idp.eu-central-1.amazonaws.com/eu_abcdefgh1\"",
        "\"HTTPS://COGNITO-IDP.EU-CENTRAL-1.AMAZONAWS.COM/EU_ABCDEFGH1\"",
        "\"https://cognito-idp.eu-central-1.amazonaws.com/\"",
        "\"https://cognito-idp.eu-central-1.amazonaws.com/eu_AbCdEfGh\"",
        "[\"" ISSUER "\"]", "{\"iss\":\"" ISSUER "\"}", "\"\"", "null", "7",
        "true", NULL, NULL
    };

    for (i = 0; bad[i] != NULL || bad[i - 1] != NULL; i++) {
        CHECK_CASE(outcome(access_token("iss", bad[i])), NGX_CR_JWT_ISSUER,
                   bad[i] ? bad[i] : "missing");
    }

    /* an escaped slash is a slash */

    CHECK_ERROR(outcome(access_token("iss", "\"https:\\/\\/cognito-idp.eu-"
                                     "central-1.amazonaws.com/eu_AbCdEfGh1\""
                                     )), OK);
}


TEST("J15: a policy without an issuer accepts nothing")
{
    ngx_cr_jwt_policy_t  p;

    p = cognito_access();
    ngx_str_null(&p.issuer);

    CHECK_ERROR(by(&p, access_token("iss", "\"\"")), ISSUER);
    CHECK_ERROR(by(&p, access_token("iss", NULL)), ISSUER);
    CHECK_ERROR(by(&p, access_token(NULL, NULL)), ISSUER);
}


TEST("J16: token_use is the one the policy wants")
{
    size_t                i;
    ngx_cr_jwt_policy_t   access, id, either;

    static const char *const  bad[] = {
        "\"ID\"", "\"Access\"", "\"access \"", "\"\"", "\"refresh\"", "null",
        "[\"access\"]", "[\"id\"]", "[\"access\",\"id\"]", "1", "true",
        "{\"access\":1}", NULL, NULL
    };

    access = cognito_access();
    id = cognito_id();
    either = cognito_access();
    either.token_use = NGX_CR_JWT_USE_EITHER;

    CHECK_ERROR(by(&access, access_token(NULL, NULL)), OK);
    CHECK_ERROR(by(&access, id_token(NULL, NULL)), TOKEN_USE);
    CHECK_ERROR(by(&id, id_token(NULL, NULL)), OK);
    CHECK_ERROR(by(&id, access_token(NULL, NULL)), TOKEN_USE);
    CHECK_ERROR(by(&either, access_token(NULL, NULL)), OK);
    CHECK_ERROR(by(&either, id_token(NULL, NULL)), OK);

    for (i = 0; bad[i] != NULL || bad[i - 1] != NULL; i++) {
        CHECK_CASE(by(&access, access_token("token_use", bad[i])),
                   NGX_CR_JWT_TOKEN_USE, bad[i] ? bad[i] : "missing");
        CHECK_CASE(by(&id, id_token("token_use", bad[i])),
                   NGX_CR_JWT_TOKEN_USE, bad[i] ? bad[i] : "missing");
        CHECK_CASE(by(&either, access_token("token_use", bad[i])),
                   NGX_CR_JWT_TOKEN_USE, bad[i] ? bad[i] : "missing");
    }
}


TEST("J17: an access token names the client in client_id, never in aud")
{
    size_t  i;

    static const char *const  bad[] = {
        "\"other\"", "[\"" CLIENT "\"]", "\"" CLIENT " \"", "\"\"", "null",
        "7", "\"4mhce6lm9e0y29km4cds43os\"", "\"4MHCE6LM9E0Y29KM4CDS43OSE\"",
        NULL, NULL
    };

    for (i = 0; bad[i] != NULL || bad[i - 1] != NULL; i++) {
        CHECK_CASE(outcome(access_token("client_id", bad[i])),
                   NGX_CR_JWT_AUDIENCE, bad[i] ? bad[i] : "missing");
    }

    CHECK_ERROR(outcome(access_token("client_id", "\"another-client\"")), OK);
    CHECK_ERROR(outcome(token_of(H_EC, text("%.*s,\"aud\":\"" CLIENT "\"}",
                                 (int) strlen(access_with("client_id", NULL))
                                 - 1, access_with("client_id", NULL)),
                                 "ec")), AUDIENCE);
}


TEST("J17: an access token that has an aud too was made for that audience")
{
    CHECK_ERROR(outcome(access_token("aud", "\"https://other.example\"")),
                AUDIENCE);
    CHECK_ERROR(outcome(access_token("aud", "null")), AUDIENCE);
    CHECK_ERROR(outcome(access_token("aud", "[]")), AUDIENCE);
    CHECK_ERROR(outcome(access_token("aud", "\"" CLIENT "\"")), OK);
}


TEST("J17: an id token and an OIDC token name the audience in aud")
{
    size_t                i, k;
    ngx_cr_jwt_policy_t   p[2];

    static const struct {
        const char          *aud;
        ngx_cr_jwt_error_e   error;
    } cases[] = {
        { "\"" CLIENT "\"", NGX_CR_JWT_OK },
        { "\"another-client\"", NGX_CR_JWT_OK },
        { "[\"" CLIENT "\"]", NGX_CR_JWT_OK },
        { "[\"x\",\"" CLIENT "\"]", NGX_CR_JWT_OK },
        { "[\"" CLIENT "\",\"x\"]", NGX_CR_JWT_OK },
        { "[\"" CLIENT "\",7]", NGX_CR_JWT_AUDIENCE },
        { "[null,\"" CLIENT "\"]", NGX_CR_JWT_AUDIENCE },
        { "[[\"" CLIENT "\"]]", NGX_CR_JWT_AUDIENCE },
        { "{\"" CLIENT "\":1}", NGX_CR_JWT_AUDIENCE },
        { "[]", NGX_CR_JWT_AUDIENCE },
        { "\"\"", NGX_CR_JWT_AUDIENCE },
        { "[\"\"]", NGX_CR_JWT_AUDIENCE },
        { "\"other\"", NGX_CR_JWT_AUDIENCE },
        { "\"" CLIENT ",x\"", NGX_CR_JWT_AUDIENCE },
        { "\"" CLIENT " x\"", NGX_CR_JWT_AUDIENCE },
        { "\"x" CLIENT "\"", NGX_CR_JWT_AUDIENCE },
        { "null", NGX_CR_JWT_AUDIENCE },
        { "7", NGX_CR_JWT_AUDIENCE },
        { NULL, NGX_CR_JWT_AUDIENCE },
    };

    p[0] = cognito_id();
    p[1] = oidc();

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (k = 0; k < 2; k++) {
            CHECK_CASE(by(&p[k], id_token("aud", cases[i].aud)),
                       cases[i].error,
                       cases[i].aud ? cases[i].aud : "missing");
        }
    }

    /* client_id is no aud */

    CHECK_ERROR(by(&p[0], token_of(H_EC, text("%.*s,\"client_id\":\"" CLIENT
                                              "\"}", (int)
                                              strlen(id_with("aud", NULL)) - 1,
                                              id_with("aud", NULL)), "ec")),
                AUDIENCE);
    CHECK_ERROR(by(&p[1], access_token(NULL, NULL)), AUDIENCE);
}


TEST("J17: without audiences a policy accepts nothing, unless it says any")
{
    ngx_cr_jwt_policy_t  p;

    p = oidc();
    p.audiences = NULL;
    CHECK_ERROR(by(&p, id_token(NULL, NULL)), AUDIENCE);
    CHECK_ERROR(by(&p, id_token("aud", NULL)), AUDIENCE);

    p.audiences = strings(0);
    CHECK_ERROR(by(&p, id_token(NULL, NULL)), AUDIENCE);

    p = cognito_access();
    p.audiences = NULL;
    CHECK_ERROR(by(&p, access_token(NULL, NULL)), AUDIENCE);

    p = oidc();
    p.audiences = NULL;
    p.any_audience = 1;
    CHECK_ERROR(by(&p, id_token("aud", NULL)), OK);
    CHECK_ERROR(by(&p, id_token("aud", "\"other\"")), OK);
}


TEST("J20: sub is a string of 1 to 128 bytes without control characters")
{
    size_t  i;

    static const char *const  bad[] = {
        "\"\"", "null", "7", "true", "[\"u\"]", "{\"u\":1}", "\"a\\nb\"",
        "\"a\\r\\nSet-Cookie: x\"", "\"\\t\"", "\"\\u0001\"", "\"a\\u001f\"",
        "\"a\\u007f\"", "\"a\\u0080\"", "\"\\u009f\"", "\"a\\u0085b\"", NULL,
        NULL
    };

    static const char *const  good[] = {
        "\"u\"", "\"google-oauth2|1048\"", "\"a'b\\\"c\"", "\"<script>\"",
        "\"\xc3\xa9\"", "\"\\u00a0\"", "\"\xf0\x9f\x98\x80\"", "\"a b\"",
        "\"' OR 1=1 --\"", NULL
    };

    for (i = 0; bad[i] != NULL || bad[i - 1] != NULL; i++) {
        CHECK_CASE(outcome(access_token("sub", bad[i])), NGX_CR_JWT_SUBJECT,
                   bad[i] ? bad[i] : "missing");
    }

    for (i = 0; good[i] != NULL; i++) {
        CHECK_CASE(outcome(access_token("sub", good[i])), NGX_CR_JWT_OK,
                   good[i]);
    }

    CHECK_ERROR(outcome(access_token("sub", "\"\\u0000\"")), PAYLOAD);
    CHECK_ERROR(outcome(access_token("sub", text("\"%0128d\"", 1))), OK);
    CHECK_ERROR(outcome(access_token("sub", text("\"%0129d\"", 1))), SUBJECT);
    CHECK_ERROR(outcome(access_token("sub", text("\"%01000000d\"", 1))),
                TOO_LARGE);
}


TEST("J20: a user name or email of any kind harms nothing and shows nowhere")
{
    size_t                i;
    ngx_cr_jwt_t         *jwt;
    ngx_cr_jwt_policy_t   p;

    static const struct {
        const char  *json;
        const char  *email;
    } cases[] = {
        { "\"ada@example.com\"", "ada@example.com" },
        { "\"a'\\\"b@example.com\"", "a'\"b@example.com" },
        { "\"a\\nb@example.com\"", "" },
        { "\"a\\r\\nX: y\"", "" },
        { "\"\\u0085\"", "" },
        { "\"\"", "" },
        { "7", "" },
        { "[\"a@example.com\"]", "" },
        { "null", "" },
        { NULL, "" },
    };

    p = cognito_id();

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        jwt = verified(&p, id_token("email", cases[i].json));
        REQUIRE(jwt != NULL);
        CHECK_MEM(jwt->email.data, jwt->email.len, cases[i].email,
                  strlen(cases[i].email));
        ngx_cr_jwt_release(jwt);
    }

    jwt = verified(&p, id_token("email", text("\"%0255d\"", 1)));
    REQUIRE(jwt != NULL);
    CHECK_INT(jwt->email.len, 0);
    ngx_cr_jwt_release(jwt);

    CHECK_ERROR(by(&p, id_token("cognito:username", "\"a\\n'\\\"\"")), OK);
}


TEST("J21: a required scope is a whole word of scope")
{
    size_t                i;
    ngx_cr_jwt_policy_t   p;

    static const struct {
        const char          *scope;
        ngx_cr_jwt_error_e   error;
    } cases[] = {
        { "\"run\"", NGX_CR_JWT_OK },
        { "\"openid run\"", NGX_CR_JWT_OK },
        { "\"run openid\"", NGX_CR_JWT_OK },
        { "\"openid  run\"", NGX_CR_JWT_OK },
        { "\" run \"", NGX_CR_JWT_OK },
        { "\"running\"", NGX_CR_JWT_SCOPE },
        { "\"ru\"", NGX_CR_JWT_SCOPE },
        { "\"prerun run:all\"", NGX_CR_JWT_SCOPE },
        { "\"RUN\"", NGX_CR_JWT_SCOPE },
        { "\"openid,run\"", NGX_CR_JWT_SCOPE },
        { "\"openid\\trun\"", NGX_CR_JWT_SCOPE },
        { "\"openid\\nrun\"", NGX_CR_JWT_SCOPE },
        { "\"\"", NGX_CR_JWT_SCOPE },
        { "\"  \"", NGX_CR_JWT_SCOPE },
        { "[\"run\"]", NGX_CR_JWT_SCOPE },
        { "null", NGX_CR_JWT_SCOPE },
        { NULL, NGX_CR_JWT_SCOPE },
    };

    p = cognito_access();
    p.scopes = strings(1, "run");

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_CASE(by(&p, access_token("scope", cases[i].scope)),
                   cases[i].error, cases[i].scope ? cases[i].scope : "none");
    }

    p.scopes = strings(2, "run", "openid");
    CHECK_ERROR(by(&p, access_token("scope", "\"openid x run\"")), OK);
    CHECK_ERROR(by(&p, access_token("scope", "\"run\"")), SCOPE);

    p.scopes = strings(1, "");
    CHECK_ERROR(by(&p, access_token("scope", "\"  \"")), SCOPE);
}


TEST("J21: a required group is a member of an array of strings")
{
    size_t                i;
    ngx_cr_jwt_policy_t   p;

    static const struct {
        const char          *groups;
        ngx_cr_jwt_error_e   error;
    } cases[] = {
        { "[\"admins\"]", NGX_CR_JWT_OK },
        { "[\"users\",\"admins\"]", NGX_CR_JWT_OK },
        { "\"admins\"", NGX_CR_JWT_GROUP },
        { "\"users admins\"", NGX_CR_JWT_GROUP },
        { "[\"users,admins\"]", NGX_CR_JWT_GROUP },
        { "[\"admins \"]", NGX_CR_JWT_GROUP },
        { "[\"Admins\"]", NGX_CR_JWT_GROUP },
        { "[\"admin\",\"administrators\"]", NGX_CR_JWT_GROUP },
        { "[\"admins\",7]", NGX_CR_JWT_GROUP },
        { "[[\"admins\"]]", NGX_CR_JWT_GROUP },
        { "{\"admins\":true}", NGX_CR_JWT_GROUP },
        { "[]", NGX_CR_JWT_GROUP },
        { "null", NGX_CR_JWT_GROUP },
        { NULL, NGX_CR_JWT_GROUP },
    };

    p = cognito_access();
    p.groups = strings(1, "admins");

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_CASE(by(&p, access_token("cognito:groups", cases[i].groups)),
                   cases[i].error, cases[i].groups ? cases[i].groups : "none");
    }

    p.groups = strings(2, "admins", "users");
    CHECK_ERROR(by(&p, access_token(NULL, NULL)), OK);
    CHECK_ERROR(by(&p, access_token("cognito:groups", "[\"admins\"]")),
                GROUP);
}


TEST("groups may be in another claim, also within objects")
{
    ngx_cr_jwt_t         *jwt;
    ngx_cr_jwt_policy_t   p;

    p = cognito_access();
    p.groups = strings(1, "runner");

    ngx_str_set(&p.groups_claim, "https://app.example/roles");
    CHECK_ERROR(by(&p, access_token("https://app.example/roles",
                                    "[\"runner\"]")), OK);
    CHECK_ERROR(by(&p, access_token("roles", "[\"runner\"]")), GROUP);

    ngx_str_set(&p.groups_claim, "/realm_access/roles");
    CHECK_ERROR(by(&p, access_token("realm_access",
                                    "{\"roles\":[\"runner\"]}")), OK);
    CHECK_ERROR(by(&p, access_token("/realm_access/roles", "[\"runner\"]")),
                GROUP);
    CHECK_ERROR(by(&p, access_token("realm_access", "[\"runner\"]")), GROUP);
    CHECK_ERROR(by(&p, access_token("realm_access", NULL)), GROUP);

    jwt = verified(&p, access_token("realm_access",
                                    "{\"roles\":[\"runner\",\"b\"]}"));
    REQUIRE(jwt != NULL);
    CHECK_MEM(jwt->groups.data, jwt->groups.len, "runner,b", 8);
    ngx_cr_jwt_release(jwt);
}


TEST("required claims are compared with strings, booleans and integers")
{
    size_t                i;
    ngx_cr_jwt_policy_t   p;

    static const struct {
        const char          *want;
        const char          *json;
        ngx_cr_jwt_error_e   error;
    } cases[] = {
        { "pro", "\"pro\"", NGX_CR_JWT_OK },
        { "pro", "\"prod\"", NGX_CR_JWT_CLAIM },
        { "pro", "\"Pro\"", NGX_CR_JWT_CLAIM },
        { "pro", "\"pro \"", NGX_CR_JWT_CLAIM },
        { "pro", "[\"pro\"]", NGX_CR_JWT_CLAIM },
        { "pro", "{\"pro\":1}", NGX_CR_JWT_CLAIM },
        { "pro", "null", NGX_CR_JWT_CLAIM },
        { "pro", NULL, NGX_CR_JWT_CLAIM },
        { "true", "true", NGX_CR_JWT_OK },
        { "true", "\"true\"", NGX_CR_JWT_OK },
        { "true", "false", NGX_CR_JWT_CLAIM },
        { "true", "1", NGX_CR_JWT_CLAIM },
        { "false", "false", NGX_CR_JWT_OK },
        { "7", "7", NGX_CR_JWT_OK },
        { "7", "7.0", NGX_CR_JWT_CLAIM },
        { "7", "\"7\"", NGX_CR_JWT_OK },
        { "-9223372036854775808", "-9223372036854775808", NGX_CR_JWT_OK },
        { "null", "null", NGX_CR_JWT_CLAIM },
        { "", "\"\"", NGX_CR_JWT_OK },
        { "", NULL, NGX_CR_JWT_CLAIM },
        { "a\nb", "\"a\\nb\"", NGX_CR_JWT_CLAIM },
    };

    p = cognito_access();

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        p.claims = pairs(1, "tier", cases[i].want);
        CHECK_CASE(by(&p, access_token("tier", cases[i].json)),
                   cases[i].error, cases[i].json ? cases[i].json : "none");
    }

    p.claims = pairs(2, "tier", "pro", "/org/id", "9");
    CHECK_ERROR(by(&p, access_token("tier", "\"pro\",\"org\":{\"id\":9}")),
                OK);
    CHECK_ERROR(by(&p, access_token("tier", "\"pro\"")), CLAIM);
    CHECK_ERROR(by(&p, access_token("org", "{\"id\":9}")), CLAIM);
}


TEST("the order: signature before claims, and the first that fails decides")
{
    ngx_cr_jwt_policy_t  p;

    p = cognito_access();
    p.groups = strings(1, "none");
    p.claims = pairs(1, "none", "x");

    /* forged and expired: only the forgery is told */

    CHECK_ERROR(by(&p, token_of(H_RSA, access_with("exp", "1"),
                                "rsa-attacker")), SIGNATURE);
    CHECK_ERROR(by(&p, token_of(H_RSA, "not JSON", "rsa-attacker")),
                SIGNATURE);
    CHECK_ERROR(by(&p, access_token("exp", "1")), EXPIRED);
    CHECK_ERROR(by(&p, access_token(NULL, NULL)), CLAIM);

    p.claims = NULL;
    CHECK_ERROR(by(&p, access_token(NULL, NULL)), GROUP);
}


TEST("every error has a stable name of its own")
{
    int          i, j;
    const char  *p;

    for (i = 0; i < NGX_CR_JWT_ERRORS; i++) {
        p = ngx_cr_jwt_error_name(i);
        CHECK(*p != '\0');
        CHECK_INT(p[strspn(p, "abcdefghijklmnopqrstuvwxyz_")], 0);

        for (j = 0; j < i; j++) {
            CHECK(strcmp(p, ngx_cr_jwt_error_name(j)) != 0);
        }
    }

    CHECK_STR(ngx_cr_jwt_error_name(NGX_CR_JWT_OK), "ok");
    CHECK_STR(ngx_cr_jwt_error_name(NGX_CR_JWT_UNKNOWN_KID), "unknown_kid");
    CHECK_STR(ngx_cr_jwt_error_name(NGX_CR_JWT_INTERNAL), "internal");
    CHECK_STR(ngx_cr_jwt_error_name(NGX_CR_JWT_ERRORS), "unknown");
}
