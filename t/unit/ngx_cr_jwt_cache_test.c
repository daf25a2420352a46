
/*
 * The cache of verified tokens: rows J23, J29, J30, J32, J37.
 *
 * sources: ngx_http_coderemote_module/core/ngx_cr_base64url.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_json.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_jwk.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_jwk_set.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_jwt.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_jwt_cache.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_jwt_claims.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_jwt_jws.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_rs256.c
 * libs: -ljansson -lcrypto
 * with: nginx
 */


#include <malloc.h>

#include "cr_jwt_test.h"
#include "ngx_cr_jwt_cache.h"


#define MB  (1024 * 1024)


static ngx_cr_jwt_error_e
cached_at(ngx_cr_jwt_cache_t *cache, const char *token,
    const ngx_cr_jwt_policy_t *p, ngx_cr_jwk_set_t *set, int64_t now,
    ngx_cr_jwt_t **jwt)
{
    ngx_str_t            t;
    ngx_cr_jwt_error_e   error;

    t.data = (u_char *) token;
    t.len = strlen(token);

    error = ngx_cr_jwt_cache_verify(cache, &t, p, set, now, jwt);

    CHECK((error == NGX_CR_JWT_OK) == (*jwt != NULL));
    CHECK_INT(ERR_peek_error(), 0);
    CHECK(cache->used <= cache->max);

    return error;
}


static ngx_cr_jwt_error_e
cached(ngx_cr_jwt_cache_t *cache, const char *token,
    const ngx_cr_jwt_policy_t *p, ngx_cr_jwk_set_t *set, int64_t now)
{
    ngx_cr_jwt_t        *jwt;
    ngx_cr_jwt_error_e   error;

    error = cached_at(cache, token, p, set, now, &jwt);
    ngx_cr_jwt_release(jwt);

    return error;
}


static const char *
token_of_user(int i)
{
    return token_of(H_EC, access_with("sub", text("\"user-%d\"", i)), "ec");
}


TEST("J30: a token is verified once, then found")
{
    const char           *token;
    ngx_cr_jwt_t         *one, *two;
    ngx_cr_jwt_cache_t   *cache;
    ngx_cr_jwt_policy_t   p;

    p = cognito_access();
    cache = ngx_cr_jwt_cache_create(MB, &jwt_log);
    REQUIRE(cache != NULL);
    token = good_token();

    CHECK_ERROR(cached_at(cache, token, &p, keys_of_test(), NOW, &one), OK);
    CHECK_INT(cache->entries, 1);
    CHECK_INT(cache->hits, 0);

    CHECK_ERROR(cached_at(cache, token, &p, keys_of_test(), NOW, &two), OK);
    CHECK_INT(cache->hits, 1);
    CHECK_INT(cache->misses, 1);
    CHECK(one == two);
    CHECK_INT(one->refs, 3);

    /* what was given out outlives the cache */

    ngx_cr_jwt_cache_destroy(cache);
    CHECK_INT(one->refs, 2);
    CHECK_MEM(one->groups.data, one->groups.len, "users,admins", 12);

    ngx_cr_jwt_release(one);
    ngx_cr_jwt_release(two);
    ngx_cr_jwt_cache_destroy(NULL);
}


TEST("J30: a cached token ends with its exp and leeway, not before")
{
    const char           *token;
    ngx_cr_jwt_cache_t   *cache;
    ngx_cr_jwt_policy_t   p;

    p = cognito_access();
    p.leeway = 30;
    cache = ngx_cr_jwt_cache_create(MB, &jwt_log);
    token = token_of(H_RSA, access_with("exp", "1800000100"), "rsa");

    CHECK_ERROR(cached(cache, token, &p, keys_of_test(), NOW), OK);
    CHECK_ERROR(cached(cache, token, &p, keys_of_test(), NOW + 129), OK);
    CHECK_INT(cache->hits, 1);

    CHECK_ERROR(cached(cache, token, &p, keys_of_test(), NOW + 130), EXPIRED);
    CHECK_INT(cache->entries, 0);
    CHECK_INT(cache->used, 0);
    CHECK_ERROR(cached(cache, token, &p, keys_of_test(), NOW + 131), EXPIRED);

    ngx_cr_jwt_cache_destroy(cache);
}


TEST("J29: a clock that goes back does not open a token before its time")
{
    const char           *token;
    ngx_cr_jwt_cache_t   *cache;
    ngx_cr_jwt_policy_t   p;

    p = cognito_access();
    cache = ngx_cr_jwt_cache_create(MB, &jwt_log);
    token = token_of(H_RSA, access_with("nbf", "1800000000"), "rsa");

    CHECK_ERROR(cached(cache, token, &p, keys_of_test(), NOW), OK);
    CHECK_ERROR(cached(cache, token, &p, keys_of_test(), NOW - 3600),
                NOT_YET);
    CHECK_ERROR(cached(cache, token, &p, keys_of_test(), NOW + 3600),
                EXPIRED);
    CHECK_ERROR(cached(cache, token, &p, keys_of_test(), NOW), OK);

    ngx_cr_jwt_cache_destroy(cache);
}


TEST("J30: the whole token is the key: no changed one is found")
{
    char                 *t;
    size_t                i, len;
    const char           *token;
    ngx_cr_jwt_cache_t   *cache;
    ngx_cr_jwt_policy_t   p;

    p = cognito_access();
    cache = ngx_cr_jwt_cache_create(MB, &jwt_log);
    token = good_token();
    len = strlen(token);

    CHECK_ERROR(cached(cache, token, &p, keys_of_test(), NOW), OK);

    t = strdup(token);

    for (i = 0; i < len; i++) {
        t[i] = (t[i] == 'A') ? 'B' : 'A';
        CHECK_MSG(cached(cache, t, &p, keys_of_test(), NOW) != NGX_CR_JWT_OK,
                  "at %zu", i);
        t[i] = token[i];
    }

    t[len - 1] = '\0';
    CHECK(cached(cache, t, &p, keys_of_test(), NOW) != NGX_CR_JWT_OK);
    CHECK(cached(cache, text("%sA", token), &p, keys_of_test(), NOW)
          != NGX_CR_JWT_OK);
    CHECK_INT(cache->hits, 0);
    CHECK_INT(cache->entries, 1);

    free(t);
    ngx_cr_jwt_cache_destroy(cache);
}


TEST("J30: the token of user A never yields user B, in a full cache too")
{
    int                   i, k;
    char                 *tokens[300];
    const char           *name;
    ngx_cr_jwt_t         *jwt;
    ngx_cr_jwt_cache_t   *cache;
    ngx_cr_jwt_policy_t   p;

    p = cognito_access();
    cache = ngx_cr_jwt_cache_create(MB / 2, &jwt_log);

    for (i = 0; i < 300; i++) {
        tokens[i] = strdup(token_of_user(i));
    }

    for (k = 0; k < 3; k++) {
        for (i = 0; i < 300; i++) {
            CHECK_ERROR(cached_at(cache, tokens[(i * 7) % 300], &p,
                                  keys_of_test(), NOW, &jwt), OK);
            REQUIRE(jwt != NULL);
            name = text("user-%d", (i * 7) % 300);
            CHECK_MEM(jwt->sub.data, jwt->sub.len, name, strlen(name));
            ngx_cr_jwt_release(jwt);
        }
    }

    CHECK(cache->evicted > 0);
    CHECK(cache->entries > 50 && cache->entries < 300);

    for (i = 0; i < 300; i++) {
        free(tokens[i]);
    }

    ngx_cr_jwt_cache_destroy(cache);
}


TEST("J30, J32: a token is found only under the policy that accepted it")
{
    const char           *token;
    ngx_cr_jwt_cache_t   *cache;
    ngx_cr_jwt_policy_t   p, q;

    p = cognito_access();
    q = cognito_access();
    q.id = 2;
    q.groups = strings(1, "nobody");

    cache = ngx_cr_jwt_cache_create(MB, &jwt_log);
    token = good_token();

    CHECK_ERROR(cached(cache, token, &p, keys_of_test(), NOW), OK);
    CHECK_ERROR(cached(cache, token, &q, keys_of_test(), NOW), GROUP);
    CHECK_INT(cache->hits, 0);
    CHECK_INT(cache->entries, 1);

    q.groups = NULL;
    CHECK_ERROR(cached(cache, token, &q, keys_of_test(), NOW), OK);
    CHECK_INT(cache->hits, 0);
    CHECK_INT(cache->entries, 2);

    ngx_cr_jwt_cache_destroy(cache);
}


TEST("J30: what was used last stays, what was not is evicted")
{
    int                   i;
    char                 *first;
    uint64_t              hits;
    ngx_cr_jwt_cache_t   *cache;
    ngx_cr_jwt_policy_t   p;

    p = cognito_access();
    cache = ngx_cr_jwt_cache_create(100 * 1024, &jwt_log);
    first = strdup(token_of_user(0));

    CHECK_ERROR(cached(cache, first, &p, keys_of_test(), NOW), OK);

    for (i = 1; i < 400; i++) {
        CHECK_ERROR(cached(cache, token_of_user(i), &p, keys_of_test(), NOW),
                    OK);

        if (i % 5 == 0) {
            hits = cache->hits;
            CHECK_ERROR(cached(cache, first, &p, keys_of_test(), NOW), OK);
            CHECK_INT(cache->hits, hits + 1);
        }
    }

    CHECK(cache->evicted > 300);
    CHECK_INT(cache->entries + cache->evicted, 400);

    free(first);
    ngx_cr_jwt_cache_destroy(cache);
}


TEST("J30: tokens that are refused push nothing out and are not kept")
{
    int                   i;
    size_t                used;
    const char           *kind;
    ngx_cr_jwt_cache_t   *cache;
    ngx_cr_jwt_policy_t   p;

    p = cognito_access();
    cache = ngx_cr_jwt_cache_create(16 * 1024, &jwt_log);

    CHECK_ERROR(cached(cache, good_token(), &p, keys_of_test(), NOW), OK);
    used = cache->used;

    for (i = 0; i < 300; i++) {
        kind = (i % 3 == 0) ? "rsa-attacker" : "rsa";

        CHECK(cached(cache,
                     token_of((i % 3 == 1)
                              ? header_with("kid", text("\"k%d\"", i))
                              : H_RSA,
                              access_with((i % 3 == 2) ? "exp" : "jti",
                                          text("%d", i)), kind),
                     &p, keys_of_test(), NOW) != NGX_CR_JWT_OK);
    }

    CHECK_INT(cache->entries, 1);
    CHECK_INT(cache->used, used);
    CHECK_INT(cache->evicted, 0);

    ngx_cr_jwt_cache_destroy(cache);
}


TEST("J30: a cache that is too small for a token still verifies it")
{
    int                   i;
    ngx_cr_jwt_cache_t   *cache;
    ngx_cr_jwt_policy_t   p;

    p = cognito_access();

    for (i = 0; i < 2; i++) {
        cache = ngx_cr_jwt_cache_create(i * 512, &jwt_log);
        REQUIRE(cache != NULL);
        CHECK_ERROR(cached(cache, good_token(), &p, keys_of_test(), NOW), OK);
        CHECK_ERROR(cached(cache, good_token(), &p, keys_of_test(), NOW), OK);
        CHECK_INT(cache->entries, 0);
        ngx_cr_jwt_cache_destroy(cache);
    }
}


TEST("J30: a flush forgets all")
{
    int                   i;
    ngx_cr_jwt_cache_t   *cache;
    ngx_cr_jwt_policy_t   p;

    p = cognito_access();
    cache = ngx_cr_jwt_cache_create(MB, &jwt_log);

    for (i = 0; i < 20; i++) {
        CHECK_ERROR(cached(cache, token_of_user(i), &p, keys_of_test(), NOW),
                    OK);
    }

    CHECK_INT(cache->entries, 20);
    ngx_cr_jwt_cache_flush(cache);
    CHECK_INT(cache->entries, 0);
    CHECK_INT(cache->used, 0);
    CHECK_ERROR(cached(cache, token_of_user(0), &p, keys_of_test(), NOW), OK);

    ngx_cr_jwt_cache_destroy(cache);
}


TEST("J12: a token that is too large is not even hashed")
{
    char                 *big;
    ngx_cr_jwt_cache_t   *cache;
    ngx_cr_jwt_policy_t   p;

    p = cognito_access();
    cache = ngx_cr_jwt_cache_create(MB, &jwt_log);

    big = calloc(1, MB + 1);
    memset(big, 'A', MB);
    CHECK_ERROR(cached(cache, big, &p, keys_of_test(), NOW), TOO_LARGE);
    CHECK_INT(cache->misses, 0);

    free(big);
    ngx_cr_jwt_cache_destroy(cache);
}


TEST("J23: a new key set with the same key keeps its tokens")
{
    const char           *token;
    ngx_cr_jwk_set_t     *set;
    ngx_cr_jwt_cache_t   *cache;
    ngx_cr_jwt_policy_t   p;

    p = cognito_access();
    cache = ngx_cr_jwt_cache_create(MB, &jwt_log);
    token = good_token();

    CHECK_ERROR(cached(cache, token, &p, keys_of_test(), NOW), OK);

    /* rotated: a key more, the old one at another place */

    set = set_of(text("%s,%s", jwk_of("rsa-other", "new", ""),
                      jwk_of("rsa", "rsa-1", "")), 2);
    CHECK_ERROR(cached(cache, token, &p, set, NOW), OK);
    CHECK_ERROR(cached(cache, token, &p, set, NOW), OK);
    CHECK_INT(cache->hits, 2);
    CHECK_INT(cache->misses, 1);

    ngx_cr_jwk_set_destroy(set);
    ngx_cr_jwt_cache_destroy(cache);
}


TEST("J23: a key that is gone or another one takes its tokens along")
{
    const char           *token;
    ngx_cr_jwk_set_t     *gone, *other;
    ngx_cr_jwt_cache_t   *cache;
    ngx_cr_jwt_policy_t   p;

    p = cognito_access();
    cache = ngx_cr_jwt_cache_create(MB, &jwt_log);
    token = good_token();
    gone = set_of(jwk_of("ec", "ec-1", ""), 2);
    other = set_of(jwk_of("rsa-attacker", "rsa-1", ""), 3);

    CHECK_ERROR(cached(cache, token, &p, keys_of_test(), NOW), OK);
    CHECK_ERROR(cached(cache, token, &p, gone, NOW), UNKNOWN_KID);
    CHECK_INT(cache->entries, 0);

    CHECK_ERROR(cached(cache, token, &p, keys_of_test(), NOW), OK);
    CHECK_ERROR(cached(cache, token, &p, other, NOW), SIGNATURE);
    CHECK_INT(cache->entries, 0);

    ngx_cr_jwk_set_destroy(gone);
    ngx_cr_jwk_set_destroy(other);
    ngx_cr_jwt_cache_destroy(cache);
}


TEST("J23: a key without kid is found again while it is the only one")
{
    const char           *token;
    ngx_cr_jwk_set_t     *one, *same, *other;
    ngx_cr_jwt_cache_t   *cache;
    ngx_cr_jwt_policy_t   p;

    p = cognito_access();
    p.no_kid = 1;
    cache = ngx_cr_jwt_cache_create(MB, &jwt_log);
    token = token_of("{\"alg\":\"RS256\"}", access_with(NULL, NULL), "rsa");

    one = set_of(text("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}",
                      b64_number("rsa", OSSL_PKEY_PARAM_RSA_N, 0)), 1);
    same = set_of(text("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}",
                       b64_number("rsa", OSSL_PKEY_PARAM_RSA_N, 0)), 2);
    other = set_of(text("{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"AQAB\"}",
                        b64_number("rsa-other", OSSL_PKEY_PARAM_RSA_N, 0)),
                   3);

    CHECK_ERROR(cached(cache, token, &p, one, NOW), OK);
    CHECK_ERROR(cached(cache, token, &p, same, NOW), OK);
    CHECK_INT(cache->hits, 1);
    CHECK_ERROR(cached(cache, token, &p, other, NOW), SIGNATURE);

    ngx_cr_jwk_set_destroy(one);
    ngx_cr_jwk_set_destroy(same);
    ngx_cr_jwk_set_destroy(other);
    ngx_cr_jwt_cache_destroy(cache);
}


#if defined(__SANITIZE_ADDRESS__)
#define MANY  20000         /* LSan looks for leaks */
#else
#define MANY  1000000
#endif


TEST("J37: memory is flat over a million refused tokens, errors are cleared")
{
    int                   i;
    char                 *tokens[8];
    size_t                before;
    ngx_cr_jwt_cache_t   *cache;
    ngx_cr_jwt_policy_t   p;

    p = cognito_access();
    cache = ngx_cr_jwt_cache_create(MB, &jwt_log);

    tokens[0] = strdup("");
    tokens[1] = strdup("a.b.c");
    tokens[2] = strdup("e30.e30.e30");
    tokens[3] = strdup(token_of(header_with("kid", "\"unknown\""), "{}",
                                "rsa"));
    tokens[4] = strdup(text("%s.e30.AAAA", b64(H_RSA)));
    tokens[5] = strdup(text("%s.e30.%s", b64("{\"alg\":\"none\"}"), "AAAA"));
    tokens[6] = strdup(token_of(H_RSA, "{\"iss\":1}", "rsa-attacker"));
    tokens[7] = strdup(token_of(H_RSA, access_with("exp", "1"), "rsa"));

    before = 0;

    for (i = 0; i < MANY; i++) {

        if (i == 1000) {
            before = mallinfo2().uordblks;
        }

        /* the ones that cost a verification more seldom */

        CHECK(cached(cache, tokens[(i % 128 == 0) ? 6 + (i / 128) % 2 : i % 6],
                     &p, keys_of_test(), NOW) != NGX_CR_JWT_OK);
    }

#if !defined(__SANITIZE_ADDRESS__)
    CHECK(mallinfo2().uordblks <= before + 1024);
#else
    (void) before;
#endif

    CHECK_INT(cache->entries, 0);

    for (i = 0; i < 8; i++) {
        free(tokens[i]);
    }

    ngx_cr_jwt_cache_destroy(cache);
}


#if !defined(__SANITIZE_ADDRESS__)

TEST("J37: memory stays within the bound over many distinct good tokens")
{
    int                   i;
    size_t                before;
    const char           *token;
    ngx_cr_jwt_cache_t   *cache;
    ngx_cr_jwt_policy_t   p;

    p = cognito_access();
    (void) token_of_user(0);
    (void) keys_of_test();

    before = mallinfo2().uordblks;
    cache = ngx_cr_jwt_cache_create(MB, &jwt_log);

    for (i = 0; i < 3000; i++) {
        token = token_of_user(i);
        CHECK_ERROR(cached(cache, token, &p, keys_of_test(), NOW), OK);

        /* the texts of the fixture, 1024 blocks of up to 4 KB, come on top */

        if (i % 100 == 99) {
            CHECK(mallinfo2().uordblks < before + MB + MB / 64 + MB);
        }
    }

    CHECK(cache->evicted > 2000);
    CHECK(cache->used > MB / 2);
    ngx_cr_jwt_cache_destroy(cache);
}

#endif
