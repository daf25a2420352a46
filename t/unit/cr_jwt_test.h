
/*
 * Keys, key sets and tokens that the tests of the verifier make themselves,
 * good and forged.
 */


#ifndef _CR_JWT_TEST_H_INCLUDED_
#define _CR_JWT_TEST_H_INCLUDED_


#include <stdarg.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "cr_test.h"
#include "ngx_cr_jwt.h"


#define NOW     1800000000LL
#define ISSUER  "https://cognito-idp.eu-central-1.amazonaws.com/eu_AbCdEfGh1"
#define CLIENT  "4mhce6lm9e0y29km4cds43ose"

#define H_RSA   "{\"kid\":\"rsa-1\",\"alg\":\"RS256\"}"
#define H_EC    "{\"kid\":\"ec-1\",\"alg\":\"ES256\"}"


static ngx_log_t  jwt_log;


/* Text that printf makes, in one of 1024 blocks that are used in turn. */

static inline __attribute__((format(printf, 1, 2))) const char *
text(const char *fmt, ...)
{
    int           n;
    char         *p;
    va_list       args;

    static int    next;
    static char  *blocks[1024];

    va_start(args, fmt);
    n = vasprintf(&p, fmt, args);
    va_end(args);

    if (n < 0) {
        abort();
    }

    next = (next + 1) % 1024;
    free(blocks[next]);
    blocks[next] = p;

    return p;
}


static inline const char *
b64url(const void *data, size_t len)
{
    char       *p;
    ngx_str_t   src, dst;
    const char *result;

    p = malloc(ngx_base64_encoded_length(len) + 1);
    src.data = (u_char *) data;
    src.len = len;
    dst.data = (u_char *) p;
    ngx_encode_base64url(&dst, &src);
    p[dst.len] = '\0';

    result = text("%s", p);
    free(p);

    return result;
}


static inline const char *
b64(const char *s)
{
    return b64url(s, strlen(s));
}


/* One key for each name, made when it is first asked for. */

static inline EVP_PKEY *
key_of(const char *name)
{
    int           i, bits;
    EVP_PKEY_CTX *ctx;
    BIGNUM       *e;

    static struct {
        const char  *name;
        int          bits;      /* 0: P-256 */
        EVP_PKEY    *key;
    } keys[] = {
        { "rsa", 2048, NULL },
        { "rsa-other", 2048, NULL },
        { "rsa-attacker", 2048, NULL },
        { "rsa-e3", -2048, NULL },
        { "rsa-3072", 3072, NULL },
        { "rsa-4096", 4096, NULL },
        { "rsa-1024", 1024, NULL },
        { "ec", 0, NULL },
        { "ec-attacker", 0, NULL },
        { NULL, 0, NULL }
    };

    for (i = 0; strcmp(keys[i].name, name) != 0; i++) { /* void */ }

    bits = keys[i].bits;

    if (keys[i].key == NULL && bits == 0) {
        keys[i].key = EVP_EC_gen("P-256");

    } else if (keys[i].key == NULL) {
        ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
        EVP_PKEY_keygen_init(ctx);
        EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, abs(bits));

        if (bits < 0) {
            e = BN_new();
            BN_set_word(e, 3);
            EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, e);
            BN_free(e);
        }

        EVP_PKEY_keygen(ctx, &keys[i].key);
        EVP_PKEY_CTX_free(ctx);
    }

    if (keys[i].key == NULL) {
        abort();
    }

    return keys[i].key;
}


static inline BIGNUM *
key_number(const char *name, const char *param)
{
    BIGNUM  *n;

    n = NULL;

    if (EVP_PKEY_get_bn_param(key_of(name), param, &n) != 1) {
        abort();
    }

    return n;
}


static inline const char *
b64_number(const char *name, const char *param, int len)
{
    u_char   buf[1024];
    BIGNUM  *n;

    n = key_number(name, param);
    len = (len != 0) ? BN_bn2binpad(n, buf, len) : BN_bn2bin(n, buf);
    BN_free(n);

    return b64url(buf, len);
}


/* A JWK; more is what else to put into it, like ,"use":"sig" */

static inline const char *
jwk_of(const char *name, const char *kid, const char *more)
{
    if (name[0] == 'e') {
        return text("{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"%s\","
                    "\"x\":\"%s\",\"y\":\"%s\"%s}", kid,
                    b64_number(name, OSSL_PKEY_PARAM_EC_PUB_X, 32),
                    b64_number(name, OSSL_PKEY_PARAM_EC_PUB_Y, 32), more);
    }

    return text("{\"kty\":\"RSA\",\"kid\":\"%s\",\"n\":\"%s\",\"e\":\"%s\"%s}",
                kid, b64_number(name, OSSL_PKEY_PARAM_RSA_N, 0),
                b64_number(name, OSSL_PKEY_PARAM_RSA_E, 0), more);
}


/* In a block of its own, so that ASan sees a step outside. */

static inline ngx_cr_jwk_set_t *
set_from(const char *json, uint64_t generation, const char **reason)
{
    u_char            *copy;
    size_t             len;
    ngx_cr_jwk_set_t  *set;

    len = strlen(json);
    copy = malloc(len + 1);
    memcpy(copy, json, len);
    copy = realloc(copy, len ? len : 1);

    set = ngx_cr_jwk_set_create(copy, len, generation, &jwt_log, reason);

    CHECK((set == NULL) == (*reason != NULL));
    CHECK_INT(ERR_peek_error(), 0);

    free(copy);

    return set;
}


static inline ngx_cr_jwk_set_t *
set_of(const char *keys, uint64_t generation)
{
    const char        *reason;
    ngx_cr_jwk_set_t  *set;

    set = set_from(text("{\"keys\":[%s]}", keys), generation, &reason);

    if (set == NULL) {
        printf("    key set: %s\n", reason);
        abort();
    }

    return set;
}


/* The keys of most tests: rsa-1, rsa-2, ec-1. */

static inline ngx_cr_jwk_set_t *
keys_of_test(void)
{
    static ngx_cr_jwk_set_t  *set;

    if (set == NULL) {
        set = set_of(text("%s,%s,%s", jwk_of("rsa", "rsa-1",
                                             ",\"use\":\"sig\","
                                             "\"alg\":\"RS256\""),
                          jwk_of("rsa-other", "rsa-2", ""),
                          jwk_of("ec", "ec-1", ",\"alg\":\"ES256\"")), 1);
    }

    return set;
}


/* Signatures.  Each returns a length. */

static inline size_t
sign(u_char *sig, EVP_PKEY *key, const EVP_MD *md, int padding,
    const char *input)
{
    size_t         len;
    EVP_MD_CTX    *ctx;
    EVP_PKEY_CTX  *pctx;

    len = 1024;
    ctx = EVP_MD_CTX_new();

    if (EVP_DigestSignInit(ctx, &pctx, md, NULL, key) != 1) {
        abort();
    }

    if (padding != 0) {
        EVP_PKEY_CTX_set_rsa_padding(pctx, padding);
    }

    if (EVP_DigestSign(ctx, sig, &len, (const u_char *) input, strlen(input))
        != 1)
    {
        abort();
    }

    EVP_MD_CTX_free(ctx);

    return len;
}


static inline size_t
sign_es256(u_char *sig, EVP_PKEY *key, const char *input)
{
    u_char         der[256];
    size_t         len;
    ECDSA_SIG     *rs;
    const u_char  *p;

    len = sign(der, key, EVP_sha256(), 0, input);

    p = der;
    rs = d2i_ECDSA_SIG(NULL, &p, len);
    BN_bn2binpad(ECDSA_SIG_get0_r(rs), sig, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(rs), sig + 32, 32);
    ECDSA_SIG_free(rs);

    return 64;
}


/* Signs two segments as they are, however odd. */

static inline const char *
token_signed(const char *header, const char *payload, const char *name)
{
    u_char       sig[1024];
    size_t       len;
    const char  *input;

    input = text("%s.%s", header, payload);

    if (name[0] == 'e') {
        len = sign_es256(sig, key_of(name), input);

    } else {
        len = sign(sig, key_of(name), EVP_sha256(), 0, input);
    }

    return text("%s.%s", input, b64url(sig, len));
}


static inline const char *
token_of(const char *header, const char *payload, const char *name)
{
    return token_signed(b64(header), b64(payload), name);
}


/*
 * An object with one member changed: value is JSON, NULL takes the member
 * out, a name that is not there is appended.
 */

static inline const char *
object_with(const char *const base[][2], const char *name, const char *value)
{
    int          i, found;
    const char  *out, *v;

    out = "";
    found = 0;

    for (i = 0; base[i][0] != NULL; i++) {
        v = base[i][1];

        if (name != NULL && strcmp(base[i][0], name) == 0) {
            v = value;
            found = 1;
        }

        if (v != NULL) {
            out = text("%s%s\"%s\":%s", out, *out ? "," : "", base[i][0], v);
        }
    }

    if (name != NULL && !found && value != NULL) {
        out = text("%s%s\"%s\":%s", out, *out ? "," : "", name, value);
    }

    return text("{%s}", out);
}


static inline const char *
access_with(const char *name, const char *value)
{
    static const char *const  base[][2] = {
        { "sub", "\"b015d388-7319-45d1-8506-cf40857e03a8\"" },
        { "iss", "\"" ISSUER "\"" },
        { "client_id", "\"" CLIENT "\"" },
        { "origin_jti", "\"6d3d2d2e-1\"" },
        { "token_use", "\"access\"" },
        { "scope", "\"aws.cognito.signin.user.admin openid\"" },
        { "auth_time", "1799999990" },
        { "exp", "1800003600" },
        { "iat", "1799999990" },
        { "jti", "\"6d3d2d2e-2\"" },
        { "username", "\"b015d388\"" },
        { "cognito:groups", "[\"users\",\"admins\"]" },
        { NULL, NULL }
    };

    return object_with(base, name, value);
}


static inline const char *
id_with(const char *name, const char *value)
{
    static const char *const  base[][2] = {
        { "sub", "\"b015d388-7319-45d1-8506-cf40857e03a8\"" },
        { "email_verified", "true" },
        { "iss", "\"" ISSUER "\"" },
        { "aud", "\"" CLIENT "\"" },
        { "token_use", "\"id\"" },
        { "auth_time", "1799999990" },
        { "exp", "1800003600" },
        { "iat", "1799999990" },
        { "email", "\"ada@example.com\"" },
        { NULL, NULL }
    };

    return object_with(base, name, value);
}


static inline const char *
header_with(const char *name, const char *value)
{
    static const char *const  base[][2] = {
        { "kid", "\"rsa-1\"" },
        { "alg", "\"RS256\"" },
        { NULL, NULL }
    };

    return object_with(base, name, value);
}


static inline const char *
good_token(void)
{
    return token_of(H_RSA, access_with(NULL, NULL), "rsa");
}


/* A list for a policy; its memory is never given back. */

static inline ngx_array_t *
strings(int n, ...)
{
    va_list              args;
    ngx_str_t           *s;
    ngx_array_t         *a;

    static ngx_pool_t   *pool;

    if (pool == NULL) {
        pool = ngx_create_pool(16384, &jwt_log);
    }

    a = ngx_array_create(pool, n + 1, sizeof(ngx_str_t));
    va_start(args, n);

    for ( /* void */ ; n > 0; n--) {
        s = ngx_array_push(a);
        s->data = (u_char *) va_arg(args, const char *);
        s->len = strlen((char *) s->data);
    }

    va_end(args);

    return a;
}


static inline ngx_cr_jwt_policy_t
cognito_access(void)
{
    ngx_cr_jwt_policy_t  p;

    ngx_cr_jwt_policy_init(&p);

    p.id = 1;
    ngx_str_set(&p.issuer, ISSUER);
    p.audiences = strings(2, "another-client", CLIENT);
    p.token_use = NGX_CR_JWT_USE_ACCESS;
    p.algs = NGX_CR_JWK_RS256 | NGX_CR_JWK_ES256;

    return p;
}


/* Verifies a token that is in a block of its own. */

static inline ngx_cr_jwt_error_e
verify_at(const char *token, size_t len, const ngx_cr_jwt_policy_t *policy,
    ngx_cr_jwk_set_t *set, int64_t now, ngx_cr_jwt_t **jwt)
{
    ngx_str_t            copy;
    ngx_cr_jwt_error_e   error;

    copy.len = len;
    copy.data = malloc(len ? len : 1);
    memcpy(copy.data, token, len);

    error = ngx_cr_jwt_verify(&copy, policy, set, now, &jwt_log, jwt);

    CHECK((error == NGX_CR_JWT_OK) == (*jwt != NULL));
    CHECK_INT(ERR_peek_error(), 0);

    free(copy.data);

    return error;
}


static inline ngx_cr_jwt_error_e
verify(const char *token, const ngx_cr_jwt_policy_t *policy,
    ngx_cr_jwk_set_t *set, int64_t now)
{
    ngx_cr_jwt_t        *jwt;
    ngx_cr_jwt_error_e   error;

    error = verify_at(token, strlen(token), policy, set, now, &jwt);
    ngx_cr_jwt_release(jwt);

    return error;
}


/* With the policy and keys of most tests. */

static inline ngx_cr_jwt_error_e
outcome(const char *token)
{
    ngx_cr_jwt_policy_t  p;

    p = cognito_access();

    return verify(token, &p, keys_of_test(), NOW);
}


#define CHECK_ERROR(got, want)                                                \
    do {                                                                      \
        ngx_cr_jwt_error_e  error_ = (got);                                   \
                                                                              \
        if (error_ != NGX_CR_JWT_ ## want) {                                  \
            CR_TEST_FAIL("%s is %s, not " #want, #got,                        \
                         ngx_cr_jwt_error_name(error_));                      \
        }                                                                     \
    } while (0)

/* the same, with a text that tells which case of a table it was */

#define CHECK_CASE(got, want, name)                                           \
    do {                                                                      \
        ngx_cr_jwt_error_e  error_ = (got);                                   \
                                                                              \
        if (error_ != (want)) {                                               \
            CR_TEST_FAIL("%.60s: it is %s, not %s", name,                     \
                         ngx_cr_jwt_error_name(error_),                       \
                         ngx_cr_jwt_error_name(want));                        \
        }                                                                     \
    } while (0)


static inline const char *
access_token(const char *name, const char *value)
{
    return token_of(H_EC, access_with(name, value), "ec");
}


static inline const char *
id_token(const char *name, const char *value)
{
    return token_of(H_EC, id_with(name, value), "ec");
}


static inline ngx_cr_jwt_error_e
by(const ngx_cr_jwt_policy_t *p, const char *token)
{
    return verify(token, p, keys_of_test(), NOW);
}


/* The verified token, or NULL with a failure noted. */

static inline ngx_cr_jwt_t *
verified(const ngx_cr_jwt_policy_t *p, const char *token)
{
    ngx_cr_jwt_t  *jwt;

    CHECK_ERROR(verify_at(token, strlen(token), p, keys_of_test(), NOW, &jwt),
                OK);

    return jwt;
}


#endif /* _CR_JWT_TEST_H_INCLUDED_ */
