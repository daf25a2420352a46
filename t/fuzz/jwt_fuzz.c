
/*
 * Tokens against the verifier, with keys that the target knows.  Byte 0 of
 * the input is what the rest is: a token; a header, a line feed and a
 * payload, to be signed; or changes of a good token, ES256 or RS256.
 *
 * Holds: no changed token is accepted; what is accepted keeps its promises
 * and is found in the cache; OpenSSL's error queue is empty.
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
 * max: 6000
 * with: nginx
 */


#include <stdlib.h>
#include <string.h>

#include <openssl/ecdsa.h>
#include <openssl/err.h>

#include "ngx_cr_jwt_cache.h"
#include "ngx_cr_jwt_claims.h"
#include "ngx_cr_jwt_jws.h"


#define NOW    1800000000
#define TOKEN  20000


int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* RFC 7515 appendix A.2: a token and its key */

static const char  rs256[] =
    "eyJhbGciOiJSUzI1NiJ9."
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7"
    "AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4"
    "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K"
    "0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv"
    "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB"
    "p0igcN_IoypGlUPQGe77Rw";

#define RSA_KEY                                                               \
    "{\"kty\":\"RSA\",\"kid\":\"r\",\"e\":\"AQAB\",\"n\":\""                  \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp"        \
    "-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOW"        \
    "vG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUs"        \
    "LA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9k"        \
    "G4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2"        \
    "PAcDTW9gb54h4FRWyuXpoQ\"}"

/* appendix A.3: a key, and its private half as SEC 1 has it */

#define EC_KEY                                                                \
    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"e\","                        \
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                  \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"

static const u_char  ec_private[] = {
    0x30, 0x31, 0x02, 0x01, 0x01, 0x04, 0x20, 0x8e, 0x9b, 0x10, 0x9e, 0x71,
    0x90, 0x98, 0xbf, 0x98, 0x04, 0x87, 0xdf, 0x1f, 0x5d, 0x77, 0xe9, 0xcb,
    0x29, 0x60, 0x6e, 0xbe, 0xd2, 0x26, 0x3b, 0x5f, 0x57, 0xc2, 0x13, 0xdf,
    0x84, 0xf4, 0xb2, 0xa0, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
    0x03, 0x01, 0x07
};

static const char  good_header[] = "{\"alg\":\"ES256\",\"kid\":\"e\"}";

static const char  good_payload[] =
    "{\"iss\":\"joe\",\"sub\":\"u\",\"aud\":[\"a\"],\"client_id\":\"a\","
    "\"token_use\":\"access\",\"exp\":1800000100,\"iat\":1799999999,"
    "\"scope\":\"x run\",\"cognito:groups\":[\"g\"],\"email\":\"u@x\"}";


static ngx_log_t             quiet;
static EVP_PKEY             *ec;
static u_char                es256[TOKEN];
static size_t                es256_len;
static ngx_cr_jwk_set_t     *keys, *rsa_key;
static ngx_cr_jwt_cache_t   *cache;
static ngx_cr_jwt_policy_t   policies[4];
static ngx_str_t             audience = ngx_string("a");
static ngx_str_t             group = ngx_string("g");
static ngx_str_t             scope = ngx_string("run");
static ngx_array_t           audiences, groups, scopes;


static void
promise(int kept)
{
    if (!kept) {
        abort();
    }
}


static u_char *
encode(u_char *p, const void *data, size_t len)
{
    ngx_str_t  src, dst;

    src.data = (u_char *) data;
    src.len = len;
    dst.data = p;
    ngx_encode_base64url(&dst, &src);

    return p + dst.len;
}


/* Writes a token to p and tells its length. */

static size_t
sign(u_char *p, const void *header, size_t header_len, const void *payload,
    size_t payload_len)
{
    u_char         der[80], raw[64], *last;
    size_t         len;
    ECDSA_SIG     *rs;
    EVP_MD_CTX    *ctx;
    const u_char  *q;

    last = encode(p, header, header_len);
    *last++ = '.';
    last = encode(last, payload, payload_len);

    len = sizeof(der);
    ctx = EVP_MD_CTX_new();
    promise(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, ec) == 1);
    promise(EVP_DigestSign(ctx, der, &len, p, last - p) == 1);
    EVP_MD_CTX_free(ctx);

    q = der;
    rs = d2i_ECDSA_SIG(NULL, &q, len);
    BN_bn2binpad(ECDSA_SIG_get0_r(rs), raw, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(rs), raw + 32, 32);
    ECDSA_SIG_free(rs);

    *last++ = '.';
    last = encode(last, raw, 64);

    return last - p;
}


static void
one(ngx_array_t *a, ngx_str_t *s)
{
    a->elts = s;
    a->nelts = 1;
    a->size = sizeof(ngx_str_t);
}


static ngx_cr_jwk_set_t *
set(const char *json)
{
    const char        *reason;
    ngx_cr_jwk_set_t  *s;

    s = ngx_cr_jwk_set_create((const u_char *) json, strlen(json), 1, &quiet,
                              &reason);
    promise(s != NULL);

    return s;
}


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    int            i;
    const u_char  *p;

    (void) argc;
    (void) argv;

    p = ec_private;
    ec = d2i_AutoPrivateKey(NULL, &p, sizeof(ec_private));
    promise(ec != NULL);

    keys = set("{\"keys\":[" EC_KEY "," RSA_KEY "]}");
    rsa_key = set("{\"keys\":[" RSA_KEY "]}");
    cache = ngx_cr_jwt_cache_create(20000, &quiet);

    one(&audiences, &audience);
    one(&groups, &group);
    one(&scopes, &scope);

    for (i = 0; i < 4; i++) {
        ngx_cr_jwt_policy_init(&policies[i]);
        policies[i].id = i;
        ngx_str_set(&policies[i].issuer, "joe");
        policies[i].audiences = &audiences;
        policies[i].algs = NGX_CR_JWK_RS256 | NGX_CR_JWK_ES256;
        policies[i].token_use = i;
        policies[i].leeway = 10 * i;
        policies[i].any_audience = (i == 2);
        policies[i].groups = (i == 1) ? &groups : NULL;
        policies[i].scopes = (i == 3) ? &scopes : NULL;
    }

    es256_len = sign(es256, good_header, sizeof(good_header) - 1,
                     good_payload, sizeof(good_payload) - 1);

    return 0;
}


static void
check(ngx_cr_jwt_t *jwt)
{
    promise(jwt->refs >= 1);
    promise(jwt->sub.len >= 1 && jwt->sub.len <= NGX_CR_JWT_SUB_MAX);
    promise(ngx_cr_jwt_claims_is_clean(&jwt->sub));
    promise(jwt->email.len <= NGX_CR_JWT_EMAIL_MAX);
    promise(ngx_cr_jwt_claims_is_clean(&jwt->email));
    promise(ngx_cr_jwt_claims_is_clean(&jwt->groups));
    promise(jwt->from <= NOW && NOW < jwt->until);
    promise(json_is_object(jwt->payload));
    promise(jwt->size > sizeof(ngx_cr_jwt_t));
    promise(cache->used <= cache->max);
}


/* Whether any of the policies accepts the token of a block of its own. */

static int
accepted(const u_char *token, size_t len)
{
    int                  i, any;
    ngx_str_t            copy;
    ngx_cr_jwt_t        *first, *second;
    ngx_cr_jwt_error_e   error, again;

    any = 0;
    copy.len = len;
    copy.data = malloc(len + 1);
    memcpy(copy.data, token, len);
    copy.data = realloc(copy.data, len ? len : 1);

    for (i = 0; i < 4; i++) {
        error = ngx_cr_jwt_cache_verify(cache, &copy, &policies[i], keys, NOW,
                                        &first);
        again = ngx_cr_jwt_cache_verify(cache, &copy, &policies[i], keys, NOW,
                                        &second);

        promise(ERR_peek_error() == 0);
        promise(error == again && error < NGX_CR_JWT_INTERNAL);
        promise((error == NGX_CR_JWT_OK) == (first != NULL));
        promise((first == NULL) == (second == NULL));

        if (first != NULL) {
            any = 1;
            check(first);
            check(second);
        }

        ngx_cr_jwt_release(first);
        ngx_cr_jwt_release(second);
    }

    free(copy.data);

    return any;
}


static int
accepted_rs256(const u_char *token, size_t len)
{
    u_char                buf[NGX_CR_JWT_JWS_BUF];
    ngx_str_t             t, payload;
    ngx_cr_jwk_t         *key;
    ngx_cr_jwt_policy_t   p;

    p = policies[0];
    p.no_kid = 1;
    t.data = (u_char *) token;
    t.len = len;

    return ngx_cr_jwt_jws_verify(&t, &p, rsa_key, buf, &payload, &key)
           == NGX_CR_JWT_OK;
}


/* Changes a token by groups of four bytes: what, where (two), with what. */

static size_t
change(u_char *token, size_t len, const uint8_t *data, size_t size)
{
    size_t  at;

    for ( /* void */ ; size >= 4; data += 4, size -= 4) {

        if (len == 0) {
            break;
        }

        at = (data[1] << 8 | data[2]) % len;

        switch (data[0] % 5) {

        case 0:
            token[at] = data[3];
            break;

        case 1:
            token[at] ^= (u_char) (1 << (data[3] & 7));
            break;

        case 2:
            memmove(token + at, token + at + 1, len - at - 1);
            len--;
            break;

        case 3:
            if (len < TOKEN) {
                memmove(token + at + 1, token + at, len - at);
                token[at] = data[3];
                len++;
            }

            break;

        default:
            len = at;
        }
    }

    return len;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t          len;
    u_char          token[TOKEN];
    const uint8_t  *line;

    if (size < 1) {
        return 0;
    }

    ngx_cr_jwt_cache_flush(cache);

    data++;
    size--;

    switch (data[-1] % 4) {

    case 0:
        (void) accepted(data, size);
        break;

    case 1:
        line = memchr(data, '\n', size);
        line = (line != NULL) ? line : data + size;
        len = line - data;

        len = sign(token, data, len, data + len + (len < size),
                   size - len - (len < size));
        (void) accepted(token, len);
        break;

    case 2:
        memcpy(token, es256, es256_len);
        len = change(token, es256_len, data, size);
        promise(accepted(token, len)
                == (len == es256_len && memcmp(token, es256, len) == 0));
        break;

    default:
        memcpy(token, rs256, sizeof(rs256) - 1);
        len = change(token, sizeof(rs256) - 1, data, size);
        promise(accepted_rs256(token, len)
                == (len == sizeof(rs256) - 1 && memcmp(token, rs256, len)
                    == 0));
    }

    return 0;
}
