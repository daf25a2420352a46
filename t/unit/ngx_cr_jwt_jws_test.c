
/*
 * The header of a JWT, and its key: rows J1 to J9, J31, J32, J36.
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


#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "cr_jwt_test.h"


static const char *
payload(void)
{
    return access_with(NULL, NULL);
}


TEST("a good token is accepted, RS256 and ES256")
{
    CHECK_ERROR(outcome(good_token()), OK);
    CHECK_ERROR(outcome(token_of("{\"kid\":\"rsa-2\",\"alg\":\"RS256\"}",
                                 payload(), "rsa-other")), OK);
    CHECK_ERROR(outcome(token_of(H_EC, payload(), "ec")), OK);
}


TEST("J1: alg none in any spelling is refused, with and without signature")
{
    size_t       i;
    const char  *h, *p, *good;

    static const char *const  none[] = { "none", "None", "nOnE", "NONE", "",
                                         NULL };

    p = b64(payload());

    for (i = 0; none[i] != NULL; i++) {
        h = header_with("alg", text("\"%s\"", none[i]));

        CHECK_CASE(outcome(text("%s.%s.", b64(h), p)), NGX_CR_JWT_MALFORMED,
                   none[i]);
        CHECK_CASE(outcome(text("%s.%s", b64(h), p)), NGX_CR_JWT_MALFORMED,
                   none[i]);
        CHECK_CASE(outcome(text("%s.%s.AA", b64(h), p)), NGX_CR_JWT_ALG,
                   none[i]);
        CHECK_CASE(outcome(token_of(h, payload(), "rsa")), NGX_CR_JWT_ALG,
                   none[i]);
    }

    /* a good token, stripped */

    good = good_token();
    CHECK_ERROR(outcome(text("%.*s", (int) (strrchr(good, '.') - good),
                             good)), MALFORMED);
    CHECK_ERROR(outcome(text("%.*s", (int) (strrchr(good, '.') - good) + 1,
                             good)), MALFORMED);
}


/* HS256 with a secret that everybody knows */

static const char *
hs256(const void *secret, size_t len, const char *kid)
{
    u_char        mac[32];
    unsigned int  n;
    const char   *input;

    input = text("%s.%s",
                 b64(text("{\"kid\":\"%s\",\"alg\":\"HS256\"}", kid)),
                 b64(payload()));

    HMAC(EVP_sha256(), secret, (int) len, (const u_char *) input,
         strlen(input), mac, &n);

    return text("%s.%s", input, b64url(mac, n));
}


TEST("J2: HS256 with the public key as the secret is refused")
{
    BIO         *bio;
    int          len;
    char        *pem;
    u_char      *der, n[256];
    BIGNUM      *bn;
    const char  *jwk;

    static const struct {
        const char  *key;
        const char  *kid;
    } keys[] = { { "rsa", "rsa-1" }, { "ec", "ec-1" }, { NULL, NULL } };

    int  i;

    for (i = 0; keys[i].key != NULL; i++) {

        bio = BIO_new(BIO_s_mem());
        PEM_write_bio_PUBKEY(bio, key_of(keys[i].key));
        len = (int) BIO_get_mem_data(bio, &pem);
        CHECK_ERROR(outcome(hs256(pem, len, keys[i].kid)), ALG);
        CHECK_ERROR(outcome(hs256(pem, len - 1, keys[i].kid)), ALG);
        BIO_free(bio);

        der = NULL;
        len = i2d_PUBKEY(key_of(keys[i].key), &der);
        CHECK_ERROR(outcome(hs256(der, len, keys[i].kid)), ALG);
        OPENSSL_free(der);

        jwk = jwk_of(keys[i].key, keys[i].kid, "");
        CHECK_ERROR(outcome(hs256(jwk, strlen(jwk), keys[i].kid)), ALG);
    }

    bn = key_number("rsa", OSSL_PKEY_PARAM_RSA_N);
    len = BN_bn2bin(bn, n);
    BN_free(bn);
    CHECK_ERROR(outcome(hs256(n, len, "rsa-1")), ALG);

    jwk = b64_number("rsa", OSSL_PKEY_PARAM_RSA_N, 0);
    CHECK_ERROR(outcome(hs256(jwk, strlen(jwk), "rsa-1")), ALG);
    CHECK_ERROR(outcome(hs256("", 0, "rsa-1")), ALG);
}


TEST("J3: any other alg, none at all or no string is refused")
{
    size_t  i;

    static const char *const  algs[] = {
        "\"RS384\"", "\"RS512\"", "\"PS256\"", "\"PS384\"", "\"ES384\"",
        "\"ES512\"", "\"ES256K\"", "\"EdDSA\"", "\"HS256\"", "\"HS512\"",
        "\"rs256\"", "\"RS256 \"", "\" RS256\"", "\"RS2566\"", "\"RS25\"",
        "\"RSA-OAEP\"", "\"dir\"", "\"unknown\"", "null", "256", "true",
        "[\"RS256\"]", "{\"alg\":\"RS256\"}", NULL
    };

    for (i = 0; algs[i] != NULL; i++) {
        CHECK_CASE(outcome(token_of(header_with("alg", algs[i]), payload(),
                                    "rsa")), NGX_CR_JWT_ALG, algs[i]);
    }

    CHECK_ERROR(outcome(token_of("{\"kid\":\"rsa-1\"}", payload(), "rsa")),
                ALG);
}


TEST("J3: a signature of another algorithm under RS256 or ES256 is refused")
{
    size_t       len;
    u_char       sig[1024];
    const char  *input;

    input = text("%s.%s", b64(H_RSA), b64(payload()));

    len = sign(sig, key_of("rsa"), EVP_sha384(), 0, input);
    CHECK_ERROR(outcome(text("%s.%s", input, b64url(sig, len))), SIGNATURE);

    len = sign(sig, key_of("rsa"), EVP_sha512(), 0, input);
    CHECK_ERROR(outcome(text("%s.%s", input, b64url(sig, len))), SIGNATURE);

    len = sign(sig, key_of("rsa"), EVP_sha1(), 0, input);
    CHECK_ERROR(outcome(text("%s.%s", input, b64url(sig, len))), SIGNATURE);

    len = sign(sig, key_of("rsa"), EVP_sha256(), RSA_PKCS1_PSS_PADDING,
               input);
    CHECK_ERROR(outcome(text("%s.%s", input, b64url(sig, len))), SIGNATURE);

    input = text("%s.%s", b64(H_EC), b64(payload()));
    len = sign(sig, key_of("rsa"), EVP_sha256(), 0, input);
    CHECK_ERROR(outcome(text("%s.%s", input, b64url(sig, len))), SIGNATURE);
}


TEST("J3: the algorithm is the policy's and the key's, not the token's")
{
    ngx_cr_jwt_policy_t  p;

    /* the key of that kid verifies the other one */

    CHECK_ERROR(outcome(token_of("{\"kid\":\"rsa-1\",\"alg\":\"ES256\"}",
                                 payload(), "ec")), ALG);
    CHECK_ERROR(outcome(token_of("{\"kid\":\"ec-1\",\"alg\":\"RS256\"}",
                                 payload(), "rsa")), ALG);

    p = cognito_access();

    p.algs = NGX_CR_JWK_RS256;
    CHECK_ERROR(verify(token_of(H_EC, payload(), "ec"), &p, keys_of_test(),
                       NOW), ALG);
    CHECK_ERROR(verify(good_token(), &p, keys_of_test(), NOW), OK);

    p.algs = NGX_CR_JWK_ES256;
    CHECK_ERROR(verify(good_token(), &p, keys_of_test(), NOW), ALG);

    p.algs = 0;
    CHECK_ERROR(verify(good_token(), &p, keys_of_test(), NOW), ALG);

    ngx_cr_jwt_policy_init(&p);
    CHECK_INT(p.algs, NGX_CR_JWK_RS256);
}


TEST("J4: jwk, jku, x5u, x5c and x5t of the header choose no key")
{
    size_t       i;
    const char  *h;

    const char *const  members[][2] = {
        { "jwk", jwk_of("rsa-attacker", "rsa-1", "") },
        { "jku", "\"https://attacker.example/jwks.json\"" },
        { "x5u", "\"https://attacker.example/key.pem\"" },
        { "x5c", "[\"MIIB\"]" },
        { "x5t", "\"AAAA\"" },
        { "x5t#S256", "\"AAAA\"" },
        { NULL, NULL }
    };

    for (i = 0; members[i][0] != NULL; i++) {
        h = header_with(members[i][0], members[i][1]);

        CHECK_CASE(outcome(token_of(h, payload(), "rsa-attacker")),
                   NGX_CR_JWT_SIGNATURE, members[i][0]);
        CHECK_CASE(outcome(token_of(h, payload(), "rsa")), NGX_CR_JWT_OK,
                   members[i][0]);
    }

    CHECK_ERROR(outcome(token_of(text("{\"alg\":\"ES256\",\"kid\":\"ec-1\","
                                      "\"jwk\":%s}",
                                      jwk_of("ec-attacker", "ec-1", "")),
                                 payload(), "ec-attacker")), SIGNATURE);
    CHECK_ERROR(outcome(token_of(text("{\"alg\":\"RS256\",\"jwk\":%s}",
                                      jwk_of("rsa-attacker", "rsa-1", "")),
                                 payload(), "rsa-attacker")), KID);
}


TEST("J5: a kid that is missing, no string, empty, long or strange is refused")
{
    size_t  i;
    char    kid[512];

    static const char *const  none[] = { "7", "null", "true", "[\"rsa-1\"]",
                                         "{}", "\"\"", NULL };

    static const char *const  unknown[] = {
        "../../etc/passwd", "' OR 1=1 --", "rsa-1\\r\\nX: y", "rsa-1\\n",
        "RSA-1", "rsa-1 ", " rsa-1", "rsa-", "rsa-11", "rsa\xe2\x80\x91""1",
        "rs\xd0\xb0-1", "\xef\xbd\x92sa-1", "http://127.0.0.1/x", "%s%n", NULL
    };

    CHECK_ERROR(outcome(token_of("{\"alg\":\"RS256\"}", payload(), "rsa")),
                KID);

    for (i = 0; none[i] != NULL; i++) {
        CHECK_CASE(outcome(token_of(header_with("kid", none[i]), payload(),
                                    "rsa")), NGX_CR_JWT_KID, none[i]);
    }

    for (i = 0; unknown[i] != NULL; i++) {
        CHECK_CASE(outcome(token_of(header_with("kid",
                                                text("\"%s\"", unknown[i])),
                                    payload(), "rsa")),
                   NGX_CR_JWT_UNKNOWN_KID, unknown[i]);
    }

    CHECK_ERROR(outcome(token_of(header_with("kid", "\"rsa-1\\u0000\""),
                                 payload(), "rsa")), HEADER);
    CHECK_ERROR(outcome(token_of(header_with("kid", "\"\\u0000\""),
                                 payload(), "rsa")), HEADER);

    memset(kid, 'k', sizeof(kid));
    CHECK_ERROR(outcome(token_of(header_with("kid", text("\"%.256s\"", kid)),
                                 payload(), "rsa")), UNKNOWN_KID);
    CHECK_ERROR(outcome(token_of(header_with("kid", text("\"%.257s\"", kid)),
                                 payload(), "rsa")), KID);
    CHECK_ERROR(outcome(token_of(header_with("kid", text("\"%010000d\"", 1)),
                                 payload(), "rsa")), TOO_LARGE);

    /* an escaped spelling is the same kid */

    CHECK_ERROR(outcome(token_of(header_with("kid", "\"\\u0072sa-1\""),
                                 payload(), "rsa")), OK);
}


TEST("J5: a token without kid counts only by policy and for a single key")
{
    const char           *token;
    ngx_cr_jwk_set_t     *one;
    ngx_cr_jwt_policy_t   p;

    token = token_of("{\"alg\":\"RS256\"}", payload(), "rsa");
    one = set_of(jwk_of("rsa", "rsa-1", ""), 1);

    p = cognito_access();
    CHECK_ERROR(verify(token, &p, one, NOW), KID);

    p.no_kid = 1;
    CHECK_ERROR(verify(token, &p, one, NOW), OK);
    CHECK_ERROR(verify(token, &p, keys_of_test(), NOW), KID);
    CHECK_ERROR(verify(token_of(header_with("kid", "\"\""), payload(), "rsa"),
                       &p, one, NOW), KID);
    CHECK_ERROR(verify(token_of("{\"alg\":\"ES256\"}", payload(), "ec"), &p,
                       one, NOW), ALG);

    ngx_cr_jwk_set_destroy(one);
}


TEST("J6, J7: crit, b64, zip, cty and enc are refused whatever they say")
{
    size_t  i;

    static const char *const  members[][2] = {
        { "crit", "[\"exp\"]" }, { "crit", "[]" }, { "crit", "[\"alg\"]" },
        { "crit", "[\"b64\"],\"b64\":false" }, { "crit", "null" },
        { "crit", "\"exp\"" }, { "crit", "[\"http://x/\"]" },
        { "crit", "[\"b64\"],\"b64\":true" },
        { "b64", "false" }, { "b64", "true" },
        { "zip", "\"DEF\"" }, { "zip", "null" },
        { "cty", "\"JWT\"" }, { "cty", "\"json\"" }, { "cty", "\"\"" },
        { "enc", "\"A256GCM\"" },
        { NULL, NULL }
    };

    for (i = 0; members[i][0] != NULL; i++) {
        CHECK_CASE(outcome(token_of(header_with(members[i][0], members[i][1]),
                                    payload(), "rsa")),
                   NGX_CR_JWT_UNSUPPORTED, members[i][1]);
    }

    /* nested: the payload is a token */

    CHECK_ERROR(outcome(token_of(header_with("cty", "\"JWT\""), good_token(),
                                 "rsa")), UNSUPPORTED);
    CHECK_ERROR(outcome(token_of(H_RSA, good_token(), "rsa")), PAYLOAD);
}


TEST("J7: typ is JWT, at+jwt or absent, each by policy")
{
    size_t                i, k;
    const char           *token;
    ngx_cr_jwt_policy_t   p;

    static const struct {
        const char  *typ;
        ngx_uint_t   type;
    } cases[] = {
        { NULL, NGX_CR_JWT_TYP_ABSENT },
        { "\"JWT\"", NGX_CR_JWT_TYP_JWT },
        { "\"jwt\"", NGX_CR_JWT_TYP_JWT },
        { "\"application/jwt\"", NGX_CR_JWT_TYP_JWT },
        { "\"at+jwt\"", NGX_CR_JWT_TYP_AT_JWT },
        { "\"AT+JWT\"", NGX_CR_JWT_TYP_AT_JWT },
        { "\"application/at+jwt\"", NGX_CR_JWT_TYP_AT_JWT },
        { "\"\"", 0 }, { "\"JOSE\"", 0 }, { "\"JWT \"", 0 },
        { "\"logout+jwt\"", 0 }, { "\"dpop+jwt\"", 0 },
        { "\"application/\"", 0 }, { "\"application\"", 0 },
        { "\"application/application/jwt\"", 0 }, { "\"text/jwt\"", 0 },
        { "null", 0 }, { "7", 0 }, { "[\"JWT\"]", 0 },
    };

    p = cognito_access();

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        token = token_of(header_with("typ", cases[i].typ), payload(), "rsa");

        for (k = 0; k < 8; k++) {
            p.types = k;
            CHECK_CASE(verify(token, &p, keys_of_test(), NOW),
                       (cases[i].type & k) ? NGX_CR_JWT_OK : NGX_CR_JWT_TYP,
                       cases[i].typ ? cases[i].typ : "absent");
        }
    }
}


TEST("J8: duplicate members of the header or the payload are refused")
{
    size_t  i;

    static const char *const  headers[] = {
        "{\"kid\":\"rsa-1\",\"alg\":\"RS256\",\"alg\":\"RS256\"}",
        "{\"alg\":\"none\",\"kid\":\"rsa-1\",\"alg\":\"RS256\"}",
        "{\"kid\":\"rsa-1\",\"alg\":\"RS256\",\"al\\u0067\":\"none\"}",
        "{\"kid\":\"x\",\"kid\":\"rsa-1\",\"alg\":\"RS256\"}",
        "{\"kid\":\"rsa-1\",\"alg\":\"RS256\",\"x\":{\"a\":1,\"a\":1}}",
        NULL
    };

    static const char *const  members[][2] = {
        { "jti", "\"1\",\"exp\":1800003600" },
        { "jti", "\"1\",\"ex\\u0070\":1" },
        { "jti", "\"1\",\"client_id\":\"other\"" },
        { "jti", "\"1\",\"sub\":\"other\"" },
        { "jti", "\"1\",\"jti\":\"1\"" },
        { "jti", "{\"a\":1,\"\\u0061\":2}" },
        { NULL, NULL }
    };

    for (i = 0; headers[i] != NULL; i++) {
        CHECK_CASE(outcome(token_of(headers[i], payload(), "rsa")),
                   NGX_CR_JWT_HEADER, headers[i]);
    }

    for (i = 0; members[i][0] != NULL; i++) {
        CHECK_CASE(outcome(token_of(H_RSA, access_with(members[i][0],
                                                       members[i][1]),
                                    "rsa")), NGX_CR_JWT_PAYLOAD,
                   members[i][1]);
    }
}


/* What no parser may take for one JSON object.  %s is the object's inside. */

static const char *const  not_json[] = {
    "{%s}x", "{%s}{}", "{%s},", "{%s", "%s}", "[{%s}]", "\"{}\"", "[]",
    "null", "7", "", " ", "\xef\xbb\xbf{%s}", "{%s/* */}", "{%s}//", "{%s,}",
    "{%s,\"a\":NaN}", "{%s,\"a\":Infinity}", "{%s,\"a\":1e400}",
    "{%s,\"a\":-1e400}", "{%s,\"a\":01}", "{%s,\"a\":+1}", "{%s,\"a\":.5}",
    "{%s,\"a\":1.}", "{%s,\"a\":0x10}", "{%s,\"a\":9223372036854775808}",
    "{%s,\"a\":\"\xff\"}", "{%s,\"a\":\"\xc0\xaf\"}",
    "{%s,\"a\":\"\xed\xa0\x80\"}", "{%s,\"a\":\"\\ud800\"}",
    "{%s,\"a\":\"\\udc00\\ud800\"}", "{%s,\"a\":\"\\u0000\"}",
    "{%s,\"\\u0000\":1}", "{%s,\"a\":\"\n\"}", "{%s,\"a\":'b'}", "{%s,a:1}",
    "{%s,\"a\":True}", "{%s,\"a\":undefined}", "{%s,\"a\"}", "{%s,\"a\":}",
    NULL
};


TEST("J9: a header or payload that is not one JSON object is refused")
{
    size_t       i;
    char        *json;
    const char  *inside;

    for (i = 0; not_json[i] != NULL; i++) {
        inside = strstr(not_json[i], "%s");

        json = (char *) text("%.*s%s%s",
                             inside ? (int) (inside - not_json[i]) : 999,
                             not_json[i],
                             inside ? "\"kid\":\"rsa-1\",\"alg\":\"RS256\""
                                    : "", inside ? inside + 2 : "");

        CHECK_CASE(outcome(token_of(json, payload(), "rsa")),
                   *json ? NGX_CR_JWT_HEADER : NGX_CR_JWT_MALFORMED,
                   not_json[i]);

        json = (char *) text("%.*s%.*s%s",
                             inside ? (int) (inside - not_json[i]) : 999,
                             not_json[i],
                             inside ? (int) strlen(payload()) - 2 : 0,
                             payload() + 1, inside ? inside + 2 : "");

        CHECK_CASE(outcome(token_of(H_RSA, json, "rsa")),
                   *json ? NGX_CR_JWT_PAYLOAD : NGX_CR_JWT_MALFORMED,
                   not_json[i]);
    }

    CHECK_ERROR(outcome(token_of("{}", payload(), "rsa")), ALG);
    CHECK_ERROR(outcome(token_of(H_RSA, "{}", "rsa")), ISSUER);
}


TEST("J9: a NUL, deep nesting and long keys do no harm")
{
    char                 *deep;
    size_t                i, len;
    const char           *token;
    ngx_cr_jwt_policy_t   p;

    /* a NUL after, and in */

    token = token_signed(b64url(H_RSA "\0", sizeof(H_RSA)), b64(payload()),
                         "rsa");
    CHECK_ERROR(outcome(token), HEADER);

    token = token_signed(b64(H_RSA), b64url(payload(), strlen(payload()) + 1),
                         "rsa");
    CHECK_ERROR(outcome(token), PAYLOAD);

    p = cognito_access();
    p.max_size = NGX_CR_JWT_SIZE_MAX;

    for (i = 0; i < 2; i++) {
        len = i ? 5600 : 1500;
        deep = calloc(1, 2 * len + 64);
        memcpy(deep, "{\"a\":", 5);
        memset(deep + 5, '[', len);
        memset(deep + 5 + len, ']', len);
        deep[5 + 2 * len] = '}';

        CHECK_CASE(verify(token_of(deep, payload(), "rsa"), &p,
                          keys_of_test(), NOW),
                   i ? NGX_CR_JWT_HEADER : NGX_CR_JWT_ALG, "depth");
        deep[5 + 2 * len] = '\0';
        token = token_of(H_RSA, access_with("x", deep + 5), "rsa");
        CHECK_CASE(verify(token, &p, keys_of_test(), NOW),
                   i ? NGX_CR_JWT_PAYLOAD : NGX_CR_JWT_OK, "depth");
        free(deep);
    }

    token = token_of(text("{\"%01000000d\":1}", 1), payload(), "rsa");
    CHECK_ERROR(verify(token, &p, keys_of_test(), NOW), TOO_LARGE);

    token = token_of(H_RSA, access_with(text("%04000d", 1), "1"), "rsa");
    CHECK_ERROR(verify(token, &p, keys_of_test(), NOW), OK);
}


TEST("J31: the two keys of a Cognito pool sign either kind of token")
{
    ngx_cr_jwt_policy_t  access, id;

    access = cognito_access();
    id = cognito_access();
    id.token_use = NGX_CR_JWT_USE_ID;

    CHECK_ERROR(verify(token_of(header_with("kid", "\"rsa-1\""),
                                access_with(NULL, NULL), "rsa"), &access,
                       keys_of_test(), NOW), OK);
    CHECK_ERROR(verify(token_of(header_with("kid", "\"rsa-2\""),
                                id_with(NULL, NULL), "rsa-other"), &id,
                       keys_of_test(), NOW), OK);
    CHECK_ERROR(verify(token_of(header_with("kid", "\"rsa-2\""),
                                access_with(NULL, NULL), "rsa-other"),
                       &access, keys_of_test(), NOW), OK);
    CHECK_ERROR(verify(token_of(header_with("kid", "\"rsa-1\""),
                                id_with(NULL, NULL), "rsa"), &id,
                       keys_of_test(), NOW), OK);

    /* and a key never stands in for the other */

    CHECK_ERROR(outcome(token_of(header_with("kid", "\"rsa-2\""), payload(),
                                 "rsa")), SIGNATURE);
    CHECK_ERROR(outcome(token_of(header_with("kid", "\"rsa-1\""), payload(),
                                 "rsa-other")), SIGNATURE);
}


TEST("J32: two issuers with the same kid: the key is the issuer's own")
{
    const char           *one, *two;
    ngx_cr_jwk_set_t     *first, *second;
    ngx_cr_jwt_policy_t   p, q;

    first = set_of(jwk_of("rsa", "same", ""), 1);
    second = set_of(jwk_of("rsa-other", "same", ""), 1);

    p = cognito_access();
    q = cognito_access();
    ngx_str_set(&q.issuer, "https://second.example/");

    one = token_of(header_with("kid", "\"same\""), payload(), "rsa");
    two = token_of(header_with("kid", "\"same\""),
                   access_with("iss", "\"https://second.example/\""),
                   "rsa-other");

    CHECK_ERROR(verify(one, &p, first, NOW), OK);
    CHECK_ERROR(verify(two, &q, second, NOW), OK);
    CHECK_ERROR(verify(one, &q, second, NOW), SIGNATURE);
    CHECK_ERROR(verify(two, &p, first, NOW), SIGNATURE);

    /* the second issuer's key under the first one's name */

    CHECK_ERROR(verify(token_of(header_with("kid", "\"same\""), payload(),
                                "rsa-other"), &p, first, NOW), SIGNATURE);
    CHECK_ERROR(verify(token_of(header_with("kid", "\"same\""), payload(),
                                "rsa-other"), &q, second, NOW), ISSUER);

    ngx_cr_jwk_set_destroy(first);
    ngx_cr_jwk_set_destroy(second);
}


TEST("J36: RSA keys of 2048, 3072 and 4096 bits verify")
{
    size_t                i;
    ngx_cr_jwk_set_t     *set;
    ngx_cr_jwt_policy_t   p;

    static const char *const  names[] = { "rsa", "rsa-3072", "rsa-4096",
                                          "rsa-e3", NULL };

    p = cognito_access();

    for (i = 0; names[i] != NULL; i++) {
        set = set_of(jwk_of(names[i], "rsa-1", ""), 1);
        CHECK_CASE(verify(token_of(H_RSA, payload(), names[i]), &p, set, NOW),
                   NGX_CR_JWT_OK, names[i]);
        CHECK_CASE(verify(token_of(H_RSA, payload(), "rsa-attacker"), &p, set,
                          NOW), NGX_CR_JWT_SIGNATURE, names[i]);
        ngx_cr_jwk_set_destroy(set);
    }
}
