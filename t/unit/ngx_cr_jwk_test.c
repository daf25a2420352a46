
/*
 * JWK sets: which keys are used, and which documents are refused (row J14).
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


/* Whether the set of this key alone has it; *reason says why not. */

static int
is_used(const char *jwk)
{
    int                used;
    const char        *reason;
    ngx_cr_jwk_set_t  *set;

    set = set_from(text("{\"keys\":[%s]}", jwk), 1, &reason);
    used = (set != NULL && set->nkeys == 1 && set->skipped == 0);
    ngx_cr_jwk_set_destroy(set);

    return used;
}


static int
is_refused(const char *json)
{
    const char        *reason;
    ngx_cr_jwk_set_t  *set;

    set = set_from(json, 1, &reason);
    ngx_cr_jwk_set_destroy(set);

    return set == NULL && reason != NULL;
}


/* An RSA JWK of any numbers, as bytes. */

static const char *
rsa_jwk(const u_char *n, size_t len, const u_char *e, size_t e_len)
{
    return text("{\"kty\":\"RSA\",\"kid\":\"k\",\"n\":\"%s\",\"e\":\"%s\"}",
                b64url(n, len), b64url(e, e_len));
}


/* ... with a modulus of so many bits and an exponent */

static const char *
rsa_bits(int bits, uint64_t exponent)
{
    int      i, len, e_len;
    u_char   n[4096], e[8];

    len = (bits + 7) / 8;
    memset(n, 0x5a, len);
    n[0] = (u_char) (1 << ((bits - 1) % 8));
    n[len - 1] |= 1;

    for (e_len = 0; e_len < 8 && (exponent >> (8 * e_len)) != 0; e_len++) {
        /* void */
    }

    e_len = (e_len != 0) ? e_len : 1;

    for (i = 0; i < e_len; i++) {
        e[i] = (u_char) (exponent >> (8 * (e_len - 1 - i)));
    }

    return rsa_jwk(n, len, e, e_len);
}


static ngx_cr_jwk_t *
find(ngx_cr_jwk_set_t *set, const char *kid)
{
    ngx_str_t  s;

    s.data = (u_char *) kid;
    s.len = strlen(kid);

    return ngx_cr_jwk_set_find(set, &s);
}


TEST("J14: an RSA and an EC key, as Cognito and others publish them")
{
    ngx_cr_jwk_t      *key;
    ngx_cr_jwk_set_t  *set;

    set = set_of(text("%s,%s", jwk_of("rsa", "abc=", ",\"alg\":\"RS256\","
                                      "\"use\":\"sig\""),
                      jwk_of("ec", "def=", ",\"key_ops\":[\"verify\"],"
                             "\"x5c\":[\"!\"],\"ext\":true")), 7);

    CHECK_INT(set->nkeys, 2);
    CHECK_INT(set->skipped, 0);
    CHECK_INT(set->generation, 7);
    CHECK(set->reason == NULL);

    key = find(set, "abc=");
    REQUIRE(key != NULL);
    CHECK_INT(key->alg, NGX_CR_JWK_RS256);
    CHECK_INT(key->signature, 256);

    key = find(set, "def=");
    REQUIRE(key != NULL);
    CHECK_INT(key->alg, NGX_CR_JWK_ES256);
    CHECK_INT(key->signature, 64);

    CHECK(find(set, "abc") == NULL);
    CHECK(find(set, "ABC=") == NULL);
    CHECK(find(set, "abc=x") == NULL);
    CHECK(find(set, "") == NULL);

    ngx_cr_jwk_set_destroy(set);
}


TEST("J14: RSA keys have 2048 to 4096 bits")
{
    CHECK(!is_used(rsa_bits(512, 65537)));
    CHECK(!is_used(rsa_bits(1024, 65537)));
    CHECK(!is_used(rsa_bits(2040, 65537)));
    CHECK(!is_used(rsa_bits(2047, 65537)));
    CHECK(is_used(rsa_bits(2048, 65537)));
    CHECK(is_used(rsa_bits(2049, 65537)));
    CHECK(is_used(rsa_bits(3072, 65537)));
    CHECK(is_used(rsa_bits(4096, 65537)));
    CHECK(!is_used(rsa_bits(4097, 65537)));
    CHECK(!is_used(jwk_of("rsa-1024", "k", "")));
}


TEST("J36: RSA keys of 8192 and 16384 bits are skipped")
{
    CHECK(!is_used(rsa_bits(8192, 65537)));
    CHECK(!is_used(rsa_bits(16384, 65537)));
}


TEST("J14: the RSA exponent is odd, at least 3 and at most 64 bits")
{
    u_char  n[256], e[9];

    CHECK(!is_used(rsa_bits(2048, 0)));
    CHECK(!is_used(rsa_bits(2048, 1)));
    CHECK(!is_used(rsa_bits(2048, 2)));
    CHECK(is_used(rsa_bits(2048, 3)));
    CHECK(!is_used(rsa_bits(2048, 4)));
    CHECK(is_used(rsa_bits(2048, 17)));
    CHECK(is_used(rsa_bits(2048, 65537)));
    CHECK(!is_used(rsa_bits(2048, 65536)));
    CHECK(is_used(rsa_bits(2048, UINT64_MAX)));

    memset(n, 0xa5, sizeof(n));
    memset(e, 0xff, sizeof(e));
    CHECK(!is_used(rsa_jwk(n, sizeof(n), e, sizeof(e))));
    CHECK(is_used(rsa_jwk(n, sizeof(n), e, 8)));
}


TEST("J14: RSA numbers have no leading zeros, the modulus is odd")
{
    u_char  n[258];

    memset(n, 0xa5, sizeof(n));
    n[0] = 0;

    CHECK(is_used(rsa_jwk(n + 1, 256, (u_char *) "\1\0\1", 3)));
    CHECK(!is_used(rsa_jwk(n, 257, (u_char *) "\1\0\1", 3)));
    CHECK(!is_used(rsa_jwk(n + 1, 256, (u_char *) "\0\1\0\1", 4)));

    n[256] = 0xa4;
    CHECK(!is_used(rsa_jwk(n + 1, 256, (u_char *) "\1\0\1", 3)));
}


TEST("J14: RSA numbers that are not base64urlUInt, missing or no strings")
{
    size_t       i;
    const char  *n;

    n = b64_number("rsa", OSSL_PKEY_PARAM_RSA_N, 0);

    const char *const  bad[] = {
        text("{\"kty\":\"RSA\",\"n\":\"%s=\",\"e\":\"AQAB\"}", n),
        text("{\"kty\":\"RSA\",\"n\":\"%s==\",\"e\":\"AQAB\"}", n),
        text("{\"kty\":\"RSA\",\"n\":\"%s\\n\",\"e\":\"AQAB\"}", n),
        text("{\"kty\":\"RSA\",\"n\":\" %s\",\"e\":\"AQAB\"}", n),
        text("{\"kty\":\"RSA\",\"n\":\"+%s\",\"e\":\"AQAB\"}", n + 1),
        text("{\"kty\":\"RSA\",\"n\":\"/%s\",\"e\":\"AQAB\"}", n + 1),
        text("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB==\"}", n),
        text("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQA\"}", n),
        text("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"\"}", n),
        text("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":65537}", n),
        text("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":null}", n),
        text("{\"kty\":\"RSA\",\"n\":\"%s\"}", n),
        text("{\"kty\":\"RSA\",\"n\":[\"%s\"],\"e\":\"AQAB\"}", n),
        "{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\",\"e\":\"AQAB\"}",
        "{\"kty\":\"RSA\"}",
        NULL
    };

    for (i = 0; bad[i] != NULL; i++) {
        CHECK_MSG(!is_used(bad[i]), "%s", bad[i]);
    }
}


TEST("J14: EC keys are of P-256, with a point on it")
{
    size_t       i;
    const char  *x, *y;

    x = b64_number("ec", OSSL_PKEY_PARAM_EC_PUB_X, 32);
    y = b64_number("ec", OSSL_PKEY_PARAM_EC_PUB_Y, 32);

#define EC  "{\"kty\":\"EC\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"}"

    const char *const  bad[] = {
        text(EC, "P-256K", x, y),
        text(EC, "P-384", x, y),
        text(EC, "p-256", x, y),
        text(EC, "secp256k1", x, y),
        text(EC, "", x, y),
        text("{\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y),
        text("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\"}", x),
        text("{\"kty\":\"EC\",\"crv\":\"P-256\",\"y\":\"%s\"}", y),
        text("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%s\",\"y\":1}", x),
        text(EC, "P-256", y, x),
        text(EC, "P-256", x, x),
        text(EC, "P-256", x, ""),
        text(EC, "P-256", b64url("\0", 1), b64url("\0", 1)),
        text(EC, "P-256", text("%s=", x), y),
        text(EC, "P-256", text("AA%s", x), y),
        text(EC, "P-256", x + 1, y),
        /* 0,0, the field's prime, and more */
        text(EC, "P-256", b64url("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                 "\0\0\0\0\0\0\0\0\0\0\0", 32),
             b64url("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                    "\0\0\0\0\0", 32)),
        text(EC, "P-256", "_____wAAAAEAAAAAAAAAAAAAAAD_______________8", y),
        text(EC, "P-256", "__________________________________________8", y),
        NULL
    };

    CHECK(is_used(text(EC, "P-256", x, y)));

    for (i = 0; bad[i] != NULL; i++) {
        CHECK_MSG(!is_used(bad[i]), "%zu: %s", i, bad[i]);
    }
}


TEST("J14: use, key_ops and alg must be those of a signature we verify")
{
    size_t  i;

    static const struct {
        const char  *more;
        int          rsa;
        int          ec;
    } cases[] = {
        { "", 1, 1 },
        { ",\"use\":\"sig\"", 1, 1 },
        { ",\"use\":\"enc\"", 0, 0 },
        { ",\"use\":\"SIG\"", 0, 0 },
        { ",\"use\":\"\"", 0, 0 },
        { ",\"use\":null", 0, 0 },
        { ",\"use\":[\"sig\"]", 0, 0 },
        { ",\"key_ops\":[\"verify\"]", 1, 1 },
        { ",\"key_ops\":[\"sign\",\"verify\"]", 1, 1 },
        { ",\"key_ops\":[\"encrypt\"]", 0, 0 },
        { ",\"key_ops\":[]", 0, 0 },
        { ",\"key_ops\":\"verify\"", 0, 0 },
        { ",\"key_ops\":[\"verify\",1]", 0, 0 },
        { ",\"use\":\"enc\",\"key_ops\":[\"verify\"]", 0, 0 },
        { ",\"alg\":\"RS256\"", 1, 0 },
        { ",\"alg\":\"ES256\"", 0, 1 },
        { ",\"alg\":\"RS384\"", 0, 0 },
        { ",\"alg\":\"RS512\"", 0, 0 },
        { ",\"alg\":\"PS256\"", 0, 0 },
        { ",\"alg\":\"ES384\"", 0, 0 },
        { ",\"alg\":\"RSA-OAEP\"", 0, 0 },
        { ",\"alg\":\"HS256\"", 0, 0 },
        { ",\"alg\":\"none\"", 0, 0 },
        { ",\"alg\":\"rs256\"", 0, 0 },
        { ",\"alg\":null", 0, 0 },
        { ",\"alg\":256", 0, 0 },
        { ",\"unknown\":{\"a\":[]}", 1, 1 },
        { NULL, 0, 0 }
    };

    for (i = 0; cases[i].more != NULL; i++) {
        CHECK_MSG(is_used(jwk_of("rsa", "k", cases[i].more)) == cases[i].rsa,
                  "RSA%s", cases[i].more);
        CHECK_MSG(is_used(jwk_of("ec", "k", cases[i].more)) == cases[i].ec,
                  "EC%s", cases[i].more);
    }
}


TEST("J14: oct keys, unknown types and members that are no keys are skipped")
{
    size_t             i;
    ngx_cr_jwk_set_t  *set;

    static const char *const  others[] = {
        "{\"kty\":\"oct\",\"kid\":\"k\",\"k\":\"AAAA\",\"alg\":\"HS256\"}",
        "{\"kty\":\"OKP\",\"kid\":\"k\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}",
        "{\"kty\":\"AKP\",\"kid\":\"k\"}",
        "{\"kty\":\"rsa\",\"kid\":\"k\"}",
        "{\"kty\":1}",
        "{\"kid\":\"k\"}",
        "{}",
        "[]",
        "null",
        "\"key\"",
        "7",
        NULL
    };

    for (i = 0; others[i] != NULL; i++) {
        set = set_of(text("%s,%s", others[i], jwk_of("rsa", "good", "")), 1);

        CHECK_MSG(set->nkeys == 1 && set->skipped == 1 && set->reason != NULL
                  && find(set, "good") != NULL, "%s", others[i]);

        ngx_cr_jwk_set_destroy(set);

        CHECK_MSG(is_refused(text("{\"keys\":[%s]}", others[i])), "%s",
                  others[i]);
    }
}


TEST("J14: a key of another type's numbers is skipped (kty mismatch)")
{
    CHECK(!is_used(text("{\"kty\":\"EC\",\"n\":\"%s\",\"e\":\"AQAB\"}",
                        b64_number("rsa", OSSL_PKEY_PARAM_RSA_N, 0))));
    CHECK(!is_used(text("{\"kty\":\"RSA\",\"crv\":\"P-256\",\"x\":\"%s\","
                        "\"y\":\"%s\"}",
                        b64_number("ec", OSSL_PKEY_PARAM_EC_PUB_X, 32),
                        b64_number("ec", OSSL_PKEY_PARAM_EC_PUB_Y, 32))));
}


TEST("J14: a published private key is skipped")
{
    CHECK(!is_used(jwk_of("rsa", "k", ",\"d\":\"AAAA\"")));
    CHECK(!is_used(jwk_of("rsa", "k", ",\"p\":\"AAAA\"")));
    CHECK(!is_used(jwk_of("ec", "k", ",\"d\":\"AAAA\"")));
    CHECK(!is_used(jwk_of("rsa", "k", ",\"k\":\"AAAA\"")));
}


TEST("J14: a kid is a string of 1 to 256 bytes, or there is none")
{
    char  kid[258];

    CHECK(is_used(text("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}",
                       b64_number("rsa", OSSL_PKEY_PARAM_RSA_N, 0))));
    CHECK(!is_used(text("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\","
                        "\"kid\":7}",
                        b64_number("rsa", OSSL_PKEY_PARAM_RSA_N, 0))));
    CHECK(!is_used(jwk_of("rsa", "", "")));

    memset(kid, 'k', sizeof(kid));
    kid[256] = '\0';
    CHECK(is_used(jwk_of("rsa", kid, "")));

    kid[256] = 'k';
    kid[257] = '\0';
    CHECK(!is_used(jwk_of("rsa", kid, "")));
}


TEST("J14: keys with the same kid are all skipped, in any order")
{
    const char        *reason;
    ngx_cr_jwk_set_t  *set;

    set = set_of(text("%s,%s,%s,%s,%s", jwk_of("rsa", "twice", ""),
                      jwk_of("rsa-attacker", "thrice", ""),
                      jwk_of("rsa-other", "once", ""),
                      jwk_of("ec", "thrice", ""),
                      jwk_of("ec-attacker", "twice", "")), 1);

    CHECK_INT(set->nkeys, 1);
    CHECK_INT(set->skipped, 4);
    CHECK(find(set, "twice") == NULL);
    CHECK(find(set, "thrice") == NULL);
    CHECK(find(set, "once") != NULL);
    ngx_cr_jwk_set_destroy(set);

    set = set_from(text("{\"keys\":[%s,%s]}", jwk_of("rsa", "k", ""),
                        jwk_of("rsa", "k", "")), 1, &reason);
    CHECK(set == NULL);

    /* one that is not used for another reason does not count */

    set = set_of(text("%s,%s", jwk_of("rsa", "k", ",\"use\":\"enc\""),
                      jwk_of("rsa", "k", ",\"use\":\"sig\"")), 1);
    CHECK(find(set, "k") != NULL);
    ngx_cr_jwk_set_destroy(set);

    /* no kid at all is no kid that two have */

    set = set_of(text("%s,%s",
                      text("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}",
                           b64_number("rsa", OSSL_PKEY_PARAM_RSA_N, 0)),
                      text("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}",
                           b64_number("rsa-other", OSSL_PKEY_PARAM_RSA_N,
                                      0))), 1);
    CHECK_INT(set->nkeys, 2);
    ngx_cr_jwk_set_destroy(set);
}


TEST("J14: 64 keys are taken, 65 and 10,000 are refused")
{
    int                i;
    char              *p;
    FILE              *f;
    size_t             len;
    const char        *reason;
    ngx_cr_jwk_set_t  *set;

    static const int  counts[] = { 64, 65, 10000, 0 };

    for (i = 0; counts[i] != 0; i++) {
        int  k;

        f = open_memstream(&p, &len);
        fprintf(f, "{\"keys\":[");

        for (k = 0; k < counts[i]; k++) {
            fprintf(f, "%s%s", k ? "," : "",
                    jwk_of("ec", text("k%d", k), ""));
        }

        fprintf(f, "]}");
        fclose(f);

        set = set_from(p, 1, &reason);
        CHECK_INT(set != NULL, counts[i] <= 64);

        if (set != NULL) {
            CHECK_INT(set->nkeys, 64);
            CHECK(find(set, "k63") != NULL);
        }

        ngx_cr_jwk_set_destroy(set);
        free(p);
    }
}


TEST("J14, J26: what is no set is refused whole")
{
    char         *deep;
    size_t        i;
    const char   *jwk;

    jwk = jwk_of("rsa", "k", "");

    const char *const  bad[] = {
        "", " ", "{}", "[]", "null", "<html></html>", "{\"keys\":[]}",
        "{\"keys\":{}}", "{\"keys\":null}", "{\"keys\":\"x\"}",
        text("[%s]", jwk),
        jwk,
        text("{\"keys\":%s}", jwk),
        text("{\"keys\":[%s]}x", jwk),
        text("{\"keys\":[%s]}{}", jwk),
        text("{\"keys\":[%s]", jwk),
        text("\xef\xbb\xbf{\"keys\":[%s]}", jwk),
        text("{\"keys\":[%s],\"keys\":[]}", jwk),
        text("{\"keys\":[%s],\"a\":1,\"a\":2}", jwk),
        text("{\"keys\":[%s],\"a\":\"\\u0000\"}", jwk),
        text("{\"keys\":[%s],\"a\":\"\xff\"}", jwk),
        text("{\"keys\":[%s],\"a\":1e999}", jwk),
        text("{\"keys\":[%s] /* x */}", jwk),
        text("{\"keys\":[%s]}", jwk_of("rsa", "k", ",\"kid\":\"l\"")),
        text("{\"keys\":[%s]}", jwk_of("rsa", "k", ",\"\\u006eote\":1,"
                                       "\"note\":2")),
        NULL
    };

    for (i = 0; bad[i] != NULL; i++) {
        CHECK_MSG(is_refused(bad[i]), "%s", bad[i]);
    }

    CHECK(!is_refused(text(" {\"a\":1, \"keys\":\n[%s]}\n", jwk)));

    deep = malloc(200001);
    memset(deep, '[', 200000);
    deep[200000] = '\0';
    CHECK(is_refused(deep));
    memcpy(deep, "{\"keys\":", 8);
    CHECK(is_refused(deep));
    free(deep);
}


TEST("J14: a set of keys that cannot be used says why")
{
    const char        *reason;
    ngx_cr_jwk_set_t  *set;

    set = set_from(text("{\"keys\":[%s]}", rsa_bits(1024, 65537)), 1,
                   &reason);
    CHECK(set == NULL);
    CHECK_STR(reason, "the modulus has less than 2048 bits");

    set = set_from("{\"keys\":[]}", 1, &reason);
    CHECK(set == NULL);
    CHECK_STR(reason, "no keys");

    ngx_cr_jwk_set_destroy(NULL);
}


TEST("J14: the same key has the same thumbprint, whatever else it says")
{
    ngx_cr_jwk_set_t  *a, *b;

    a = set_of(text("%s,%s", jwk_of("rsa", "1", ""),
                    jwk_of("ec", "2", "")), 1);
    b = set_of(text("%s,%s", jwk_of("ec", "2", ",\"use\":\"sig\""),
                    jwk_of("rsa", "3", "")), 2);

    CHECK_MEM(a->keys[0].thumb, 32, b->keys[1].thumb, 32);
    CHECK_MEM(a->keys[1].thumb, 32, b->keys[0].thumb, 32);
    CHECK(memcmp(a->keys[0].thumb, a->keys[1].thumb, 32) != 0);

    ngx_cr_jwk_set_destroy(a);
    ngx_cr_jwk_set_destroy(b);
}
