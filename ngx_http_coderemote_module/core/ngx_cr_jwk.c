
/*
 * One JWK into a public key of OpenSSL.  The numbers become a
 * SubjectPublicKeyInfo (RFC 5280 section 4.1), which OpenSSL 1.1.1 and 3 both
 * read without a deprecated function.
 */


#include <openssl/err.h>
#include <openssl/x509.h>

#include "ngx_cr_jwk.h"
#include "ngx_cr_base64url.h"


#define NGX_CR_JWK_E_MAX    8       /* bytes of an RSA exponent */
#define NGX_CR_JWK_DER_MAX  (NGX_CR_JWK_SIG_MAX + 64)

#define NGX_CR_JWK_DER_INTEGER   0x02
#define NGX_CR_JWK_DER_BITS      0x03
#define NGX_CR_JWK_DER_SEQUENCE  0x30


typedef struct {
    u_char         data[NGX_CR_JWK_DER_MAX];
    size_t         len;
} ngx_cr_jwk_der_t;


static const char *ngx_cr_jwk_check(json_t *json);
static const char *ngx_cr_jwk_check_ops(json_t *ops);
static const char *ngx_cr_jwk_rsa(json_t *json, ngx_pool_t *pool,
    ngx_cr_jwk_t *key, ngx_cr_jwk_der_t *der);
static void ngx_cr_jwk_rsa_ready(ngx_cr_jwk_t *key, ngx_pool_t *pool,
    const u_char *n, const u_char *e, size_t e_len);
static void ngx_cr_jwk_rsa_cleanup(void *data);
static const char *ngx_cr_jwk_rsa_check(const u_char *n, size_t len,
    const u_char *e, size_t e_len);
static void ngx_cr_jwk_rsa_der(ngx_cr_jwk_der_t *der, const u_char *n,
    size_t len, const u_char *e, size_t e_len);
static size_t ngx_cr_jwk_der_size(size_t len);
static u_char *ngx_cr_jwk_der_head(u_char *p, u_char tag, size_t len);
static u_char *ngx_cr_jwk_der_integer(u_char *p, const u_char *n, size_t len);
static const char *ngx_cr_jwk_ec(json_t *json, ngx_cr_jwk_t *key,
    ngx_cr_jwk_der_t *der);
static ngx_int_t ngx_cr_jwk_number(json_t *json, const char *name,
    u_char *dst, size_t max, size_t *len);
static ngx_int_t ngx_cr_jwk_load(ngx_cr_jwk_t *key,
    const ngx_cr_jwk_der_t *der, const char **reason);
static ngx_int_t ngx_cr_jwk_ready(ngx_cr_jwk_t *key, EVP_PKEY *pkey,
    const char **reason);
static ngx_uint_t ngx_cr_jwk_is(json_t *json, const char *text);


/* what only a private or a symmetric key has: RFC 7518 section 6 */

static const char *const  ngx_cr_jwk_private[] = {
    "d", "p", "q", "dp", "dq", "qi", "oth", "k", NULL
};


/* AlgorithmIdentifier of rsaEncryption, RFC 3279 section 2.3.1 */

static const u_char  ngx_cr_jwk_rsa_alg[] = {
    0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01,
    0x01, 0x05, 0x00
};


/* all of a P-256 key's SPKI up to the coordinates, RFC 5480 section 2 */

static const u_char  ngx_cr_jwk_ec_head[] = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
    0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03,
    0x42, 0x00, 0x04
};


ngx_int_t
ngx_cr_jwk_parse(json_t *json, ngx_pool_t *pool, ngx_cr_jwk_t *key,
    const char **reason)
{
    json_t            *kid, *kty;
    ngx_str_t          text;
    ngx_cr_jwk_der_t   der;

    ngx_memzero(key, sizeof(ngx_cr_jwk_t));

    *reason = ngx_cr_jwk_check(json);
    if (*reason != NULL) {
        return NGX_DECLINED;
    }

    kty = json_object_get(json, "kty");

    if (ngx_cr_jwk_is(kty, "RSA")) {
        *reason = ngx_cr_jwk_rsa(json, pool, key, &der);

    } else if (ngx_cr_jwk_is(kty, "EC")) {
        *reason = ngx_cr_jwk_ec(json, key, &der);

    } else {
        *reason = "kty is neither RSA nor EC";
    }

    if (*reason != NULL) {
        return NGX_DECLINED;
    }

    kid = json_object_get(json, "kid");

    if (kid != NULL) {
        text.data = (u_char *) json_string_value(kid);
        text.len = json_string_length(kid);

        key->kid.len = text.len;
        key->kid.data = ngx_pstrdup(pool, &text);

        if (key->kid.data == NULL) {
            return NGX_ERROR;
        }
    }

    return ngx_cr_jwk_load(key, &der, reason);
}


/* what does not depend on the type of key */

static const char *
ngx_cr_jwk_check(json_t *json)
{
    size_t             len;
    json_t            *value;
    const char *const *name;

    if (!json_is_object(json)) {
        return "not an object";
    }

    for (name = ngx_cr_jwk_private; *name != NULL; name++) {
        if (json_object_get(json, *name) != NULL) {
            return "it has private or symmetric parts";
        }
    }

    value = json_object_get(json, "use");
    if (value != NULL && !ngx_cr_jwk_is(value, "sig")) {
        return "use is not sig";
    }

    value = json_object_get(json, "key_ops");
    if (value != NULL && ngx_cr_jwk_check_ops(value) != NULL) {
        return "key_ops is without verify";
    }

    value = json_object_get(json, "kid");
    if (value != NULL) {
        len = json_string_length(value);

        if (!json_is_string(value) || len == 0 || len > NGX_CR_JWK_KID_MAX) {
            return "kid is not a string of 1 to 256 bytes";
        }
    }

    return NULL;
}


static const char *
ngx_cr_jwk_check_ops(json_t *ops)
{
    size_t       i;
    json_t      *op;
    ngx_uint_t   found;

    found = 0;

    json_array_foreach(ops, i, op) {
        if (!json_is_string(op)) {
            return "not a string";
        }

        found |= ngx_cr_jwk_is(op, "verify");
    }

    return found ? NULL : "no verify";
}


static const char *
ngx_cr_jwk_rsa(json_t *json, ngx_pool_t *pool, ngx_cr_jwk_t *key,
    ngx_cr_jwk_der_t *der)
{
    size_t        len, e_len;
    json_t       *alg;
    u_char        e[NGX_CR_JWK_E_MAX];
    u_char        n[NGX_CR_JWK_SIG_MAX];
    const char   *reason;

    alg = json_object_get(json, "alg");

    if (alg != NULL && !ngx_cr_jwk_is(alg, "RS256")) {
        return "alg is not RS256";
    }

    if (ngx_cr_jwk_number(json, "n", n, sizeof(n), &len) != NGX_OK) {
        return "n is not a number of up to 4096 bits";
    }

    if (ngx_cr_jwk_number(json, "e", e, sizeof(e), &e_len) != NGX_OK) {
        return "e is not a number of up to 64 bits";
    }

    reason = ngx_cr_jwk_rsa_check(n, len, e, e_len);
    if (reason != NULL) {
        return reason;
    }

    key->alg = NGX_CR_JWK_RS256;
    key->signature = len;

    ngx_cr_jwk_rsa_der(der, n, len, e, e_len);
    ngx_cr_jwk_rsa_ready(key, pool, n, e, e_len);

    return NULL;
}


/* without memory for it signatures are verified all the same */

static void
ngx_cr_jwk_rsa_ready(ngx_cr_jwk_t *key, ngx_pool_t *pool, const u_char *n,
    const u_char *e, size_t e_len)
{
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(pool, 0);
    if (cln == NULL) {
        return;
    }

    key->rs256 = ngx_cr_rs256_create(n, key->signature, e, e_len, pool->log);

    cln->handler = ngx_cr_jwk_rsa_cleanup;
    cln->data = key->rs256;
}


static void
ngx_cr_jwk_rsa_cleanup(void *data)
{
    ngx_cr_rs256_destroy(data);
}


/* the numbers have no leading zeros */

static const char *
ngx_cr_jwk_rsa_check(const u_char *n, size_t len, const u_char *e,
    size_t e_len)
{
    if (len < NGX_CR_JWK_RSA_MIN / 8
        || (len == NGX_CR_JWK_RSA_MIN / 8 && n[0] < 0x80))
    {
        return "the modulus has less than 2048 bits";
    }

    if ((n[len - 1] & 1) == 0) {
        return "the modulus is even";
    }

    if ((e[e_len - 1] & 1) == 0 || (e_len == 1 && e[0] < 3)) {
        return "the exponent is even or less than 3";
    }

    return NULL;
}


static void
ngx_cr_jwk_rsa_der(ngx_cr_jwk_der_t *der, const u_char *n, size_t len,
    const u_char *e, size_t e_len)
{
    size_t   numbers, key;
    u_char  *p;

    numbers = ngx_cr_jwk_der_size(len + (n[0] >> 7))
              + ngx_cr_jwk_der_size(e_len + (e[0] >> 7));
    key = ngx_cr_jwk_der_size(numbers);

    p = ngx_cr_jwk_der_head(der->data, NGX_CR_JWK_DER_SEQUENCE,
                            sizeof(ngx_cr_jwk_rsa_alg)
                            + ngx_cr_jwk_der_size(1 + key));
    p = ngx_cpymem(p, ngx_cr_jwk_rsa_alg, sizeof(ngx_cr_jwk_rsa_alg));

    p = ngx_cr_jwk_der_head(p, NGX_CR_JWK_DER_BITS, 1 + key);
    *p++ = 0;                           /* unused bits */

    p = ngx_cr_jwk_der_head(p, NGX_CR_JWK_DER_SEQUENCE, numbers);
    p = ngx_cr_jwk_der_integer(p, n, len);
    p = ngx_cr_jwk_der_integer(p, e, e_len);

    der->len = p - der->data;
}


/* of an element with a content of len bytes, len < 65536 */

static size_t
ngx_cr_jwk_der_size(size_t len)
{
    return len + ((len < 128) ? 2 : (len < 256) ? 3 : 4);
}


static u_char *
ngx_cr_jwk_der_head(u_char *p, u_char tag, size_t len)
{
    *p++ = tag;

    if (len >= 256) {
        *p++ = 0x82;
        *p++ = (u_char) (len >> 8);

    } else if (len >= 128) {
        *p++ = 0x81;
    }

    *p++ = (u_char) len;

    return p;
}


static u_char *
ngx_cr_jwk_der_integer(u_char *p, const u_char *n, size_t len)
{
    p = ngx_cr_jwk_der_head(p, NGX_CR_JWK_DER_INTEGER, len + (n[0] >> 7));

    if (n[0] & 0x80) {
        *p++ = 0;                       /* positive */
    }

    return ngx_cpymem(p, n, len);
}


static const char *
ngx_cr_jwk_ec(json_t *json, ngx_cr_jwk_t *key, ngx_cr_jwk_der_t *der)
{
    u_char       *p;
    size_t        i, n;
    json_t       *value;
    u_char        number[NGX_CR_JWK_EC_LEN + 3];
    const char   *text;

    static const char *const  names[] = { "x", "y" };

    value = json_object_get(json, "alg");

    if (value != NULL && !ngx_cr_jwk_is(value, "ES256")) {
        return "alg is not ES256";
    }

    if (!ngx_cr_jwk_is(json_object_get(json, "crv"), "P-256")) {
        return "crv is not P-256";
    }

    p = ngx_cpymem(der->data, ngx_cr_jwk_ec_head, sizeof(ngx_cr_jwk_ec_head));

    for (i = 0; i < 2; i++) {
        value = json_object_get(json, names[i]);
        text = json_string_value(value);

        if (text == NULL
            || json_string_length(value)
               != ngx_cr_base64url_length(NGX_CR_JWK_EC_LEN)
            || ngx_cr_base64url_decode(number, &n, (const u_char *) text,
                                       json_string_length(value))
               != NGX_OK)
        {
            return "x or y is not a coordinate of 32 bytes";
        }

        p = ngx_cpymem(p, number, NGX_CR_JWK_EC_LEN);
    }

    der->len = p - der->data;

    key->alg = NGX_CR_JWK_ES256;
    key->signature = 2 * NGX_CR_JWK_EC_LEN;

    return NULL;
}


/* base64urlUInt: at most max bytes, at least one, the first not zero */

static ngx_int_t
ngx_cr_jwk_number(json_t *json, const char *name, u_char *dst, size_t max,
    size_t *len)
{
    size_t       n;
    u_char       buf[ngx_cr_base64url_room(
                              ngx_cr_base64url_length(NGX_CR_JWK_SIG_MAX))];
    json_t      *value;
    const char  *text;

    value = json_object_get(json, name);
    text = json_string_value(value);

    if (text == NULL) {
        return NGX_ERROR;
    }

    n = json_string_length(value);

    if (n > ngx_cr_base64url_length(max)
        || ngx_cr_base64url_decode(buf, &n, (const u_char *) text, n)
           != NGX_OK
        || n == 0
        || n > max
        || buf[0] == 0)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(dst, buf, n);
    *len = n;

    return NGX_OK;
}


static ngx_int_t
ngx_cr_jwk_load(ngx_cr_jwk_t *key, const ngx_cr_jwk_der_t *der,
    const char **reason)
{
    EVP_PKEY      *pkey;
    ngx_int_t      rc;
    unsigned int   n;
    const u_char  *p;

    if (EVP_Digest(der->data, der->len, key->thumb, &n, EVP_sha256(), NULL)
        != 1)
    {
        ERR_clear_error();
        return NGX_ERROR;
    }

    p = der->data;
    pkey = d2i_PUBKEY(NULL, &p, (long) der->len);

    if (pkey == NULL) {
        ERR_clear_error();
        *reason = "the numbers are not a public key";
        return NGX_DECLINED;
    }

    rc = ngx_cr_jwk_ready(key, pkey, reason);

    EVP_PKEY_free(pkey);
    ERR_clear_error();

    return rc;
}


/*
 * A context that is initialized once and copied for every signature saves
 * 2 of 16 us.
 */

static ngx_int_t
ngx_cr_jwk_ready(ngx_cr_jwk_t *key, EVP_PKEY *pkey, const char **reason)
{
    int            ok;
    EVP_PKEY_CTX  *ctx;

    if (key->alg == NGX_CR_JWK_ES256) {

        /* d2i_PUBKEY() looks at the curve's equation too; this is its job */

        ctx = EVP_PKEY_CTX_new(pkey, NULL);
        if (ctx == NULL) {
            return NGX_ERROR;
        }

        ok = EVP_PKEY_public_check(ctx);
        EVP_PKEY_CTX_free(ctx);

        if (ok != 1) {
            *reason = "the point is not on the curve";
            return NGX_DECLINED;
        }
    }

    key->verify = EVP_MD_CTX_new();
    if (key->verify == NULL) {
        return NGX_ERROR;
    }

    /* RSA: the padding is PKCS #1 v1.5 unless another is asked for */

    if (EVP_DigestVerifyInit(key->verify, NULL, EVP_sha256(), NULL, pkey)
        != 1)
    {
        EVP_MD_CTX_free(key->verify);
        key->verify = NULL;

        *reason = "OpenSSL refuses the key";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_cr_jwk_is(json_t *json, const char *text)
{
    return json_is_string(json)
           && json_string_length(json) == ngx_strlen(text)
           && ngx_strcmp(json_string_value(json), text) == 0;
}
