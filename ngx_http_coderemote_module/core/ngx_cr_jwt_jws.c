
/*
 * JWS compact form.  The header is the only part of a token that is parsed
 * before the signature was found good: it chooses nothing but which key of
 * the set is tried.
 */


#include <openssl/err.h>

#include "ngx_cr_jwt_jws.h"
#include "ngx_cr_json.h"


#define NGX_CR_JWT_JWS_DER_MAX  (2 * (2 + 1 + NGX_CR_JWK_EC_LEN) + 2)


typedef struct {
    ngx_str_t      header;
    ngx_str_t      payload;
    ngx_str_t      signature;
    ngx_str_t      input;           /* what was signed */
} ngx_cr_jwt_jws_t;


static ngx_int_t ngx_cr_jwt_jws_split(ngx_cr_jwt_jws_t *jws,
    const ngx_str_t *token);
static ngx_cr_jwt_error_e ngx_cr_jwt_jws_header(json_t *header,
    const ngx_cr_jwt_policy_t *policy, ngx_cr_jwk_set_t *keys,
    ngx_cr_jwk_t **key);
static ngx_uint_t ngx_cr_jwt_jws_alg(json_t *alg);
static ngx_uint_t ngx_cr_jwt_jws_typ(json_t *typ);
static ngx_cr_jwt_error_e ngx_cr_jwt_jws_key(json_t *kid,
    const ngx_cr_jwt_policy_t *policy, ngx_cr_jwk_set_t *keys,
    ngx_cr_jwk_t **key);
static ngx_cr_jwt_error_e ngx_cr_jwt_jws_signature(ngx_cr_jwt_jws_t *jws,
    ngx_cr_jwk_set_t *keys, ngx_cr_jwk_t *key);
static size_t ngx_cr_jwt_jws_der(u_char *der, const u_char *raw);
static u_char *ngx_cr_jwt_jws_der_integer(u_char *p, const u_char *n);


/*
 * Extensions that change what the token means.  We know none of them, and
 * RFC 7515 section 4.1.11 wants a token refused whose `crit` names one; the
 * others would be a payload that is compressed, nested, not encoded (RFC
 * 7797) or encrypted.
 */

static const char *const  ngx_cr_jwt_jws_unsupported[] = {
    "crit", "zip", "cty", "b64", "enc", NULL
};


/* the order of P-256's group, FIPS 186-4 section D.1.2.3 */

static const u_char  ngx_cr_jwt_jws_p256_order[NGX_CR_JWK_EC_LEN] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
    0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51
};

static const u_char  ngx_cr_jwt_jws_zero[NGX_CR_JWK_EC_LEN];


ngx_cr_jwt_error_e
ngx_cr_jwt_jws_verify(const ngx_str_t *token,
    const ngx_cr_jwt_policy_t *policy, ngx_cr_jwk_set_t *keys, u_char *buf,
    ngx_str_t *payload, ngx_cr_jwk_t **key)
{
    size_t               n;
    u_char               text[128];
    json_t              *header;
    ngx_str_t            detail;
    ngx_uint_t           bad_utf8;
    ngx_cr_jwt_jws_t     jws;
    ngx_cr_jwt_error_e   error;

    if (token->len > policy->max_size || token->len > NGX_CR_JWT_SIZE_MAX) {
        return NGX_CR_JWT_TOO_LARGE;
    }

    if (ngx_cr_jwt_jws_split(&jws, token) != NGX_OK
        || ngx_cr_base64url_decode(buf, &n, jws.header.data, jws.header.len)
           != NGX_OK)
    {
        return NGX_CR_JWT_MALFORMED;
    }

    detail.data = text;
    detail.len = sizeof(text);

    header = ngx_cr_json_decode(buf, n, &bad_utf8, &detail);
    if (header == NULL) {
        return NGX_CR_JWT_HEADER;
    }

    error = ngx_cr_jwt_jws_header(header, policy, keys, key);

    json_decref(header);

    if (error != NGX_CR_JWT_OK) {
        return error;
    }

    error = ngx_cr_jwt_jws_signature(&jws, keys, *key);

    ERR_clear_error();

    if (error != NGX_CR_JWT_OK) {
        return error;
    }

    if (ngx_cr_base64url_decode(buf, &n, jws.payload.data, jws.payload.len)
        != NGX_OK)
    {
        return NGX_CR_JWT_MALFORMED;
    }

    payload->data = buf;
    payload->len = n;

    return NGX_CR_JWT_OK;
}


/* three segments, none empty */

static ngx_int_t
ngx_cr_jwt_jws_split(ngx_cr_jwt_jws_t *jws, const ngx_str_t *token)
{
    u_char  *first, *second, *last;

    last = token->data + token->len;

    first = ngx_strlchr(token->data, last, '.');
    if (first == NULL) {
        return NGX_ERROR;
    }

    second = ngx_strlchr(first + 1, last, '.');
    if (second == NULL || ngx_strlchr(second + 1, last, '.') != NULL) {
        return NGX_ERROR;
    }

    jws->header.data = token->data;
    jws->header.len = first - token->data;
    jws->payload.data = first + 1;
    jws->payload.len = second - jws->payload.data;
    jws->signature.data = second + 1;
    jws->signature.len = last - jws->signature.data;
    jws->input.data = token->data;
    jws->input.len = second - token->data;

    if (jws->header.len == 0
        || jws->payload.len == 0
        || jws->signature.len == 0)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_cr_jwt_error_e
ngx_cr_jwt_jws_header(json_t *header, const ngx_cr_jwt_policy_t *policy,
    ngx_cr_jwk_set_t *keys, ngx_cr_jwk_t **key)
{
    ngx_uint_t           alg;
    const char *const   *name;
    ngx_cr_jwt_error_e   error;

    for (name = ngx_cr_jwt_jws_unsupported; *name != NULL; name++) {
        if (json_object_get(header, *name) != NULL) {
            return NGX_CR_JWT_UNSUPPORTED;
        }
    }

    alg = ngx_cr_jwt_jws_alg(json_object_get(header, "alg"));

    if ((alg & policy->algs) == 0) {
        return NGX_CR_JWT_ALG;
    }

    if ((ngx_cr_jwt_jws_typ(json_object_get(header, "typ")) & policy->types)
        == 0)
    {
        return NGX_CR_JWT_TYP;
    }

    error = ngx_cr_jwt_jws_key(json_object_get(header, "kid"), policy, keys,
                               key);

    if (error == NGX_CR_JWT_OK && (*key)->alg != alg) {
        return NGX_CR_JWT_ALG;
    }

    return error;
}


/* 0: none that we verify; names are case-sensitive, RFC 7515 section 4.1.1 */

static ngx_uint_t
ngx_cr_jwt_jws_alg(json_t *alg)
{
    const char  *text;

    text = json_string_value(alg);

    if (text == NULL) {
        return 0;
    }

    if (ngx_strcmp(text, "RS256") == 0) {
        return NGX_CR_JWK_RS256;
    }

    if (ngx_strcmp(text, "ES256") == 0) {
        return NGX_CR_JWK_ES256;
    }

    return 0;
}


/*
 * A media type: any case, and "application/" may be left out (RFC 7515
 * section 4.1.9).  0: another type, or not a string.
 */

static ngx_uint_t
ngx_cr_jwt_jws_typ(json_t *typ)
{
    u_char  *text;

    if (typ == NULL) {
        return NGX_CR_JWT_TYP_ABSENT;
    }

    text = (u_char *) json_string_value(typ);

    if (text == NULL) {
        return 0;
    }

    if (ngx_strncasecmp(text, (u_char *) "application/", 12) == 0) {
        text += 12;
    }

    if (ngx_strcasecmp(text, (u_char *) "jwt") == 0) {
        return NGX_CR_JWT_TYP_JWT;
    }

    if (ngx_strcasecmp(text, (u_char *) "at+jwt") == 0) {
        return NGX_CR_JWT_TYP_AT_JWT;
    }

    return 0;
}


static ngx_cr_jwt_error_e
ngx_cr_jwt_jws_key(json_t *kid, const ngx_cr_jwt_policy_t *policy,
    ngx_cr_jwk_set_t *keys, ngx_cr_jwk_t **key)
{
    ngx_str_t  text;

    if (kid == NULL) {

        if (!policy->no_kid || keys->nkeys != 1) {
            return NGX_CR_JWT_KID;
        }

        *key = keys->keys;

        return NGX_CR_JWT_OK;
    }

    text.data = (u_char *) json_string_value(kid);
    text.len = json_string_length(kid);

    if (text.data == NULL || text.len == 0 || text.len > NGX_CR_JWK_KID_MAX) {
        return NGX_CR_JWT_KID;
    }

    *key = ngx_cr_jwk_set_find(keys, &text);

    return (*key != NULL) ? NGX_CR_JWT_OK : NGX_CR_JWT_UNKNOWN_KID;
}


/*
 * RS256: RFC 8017 section 8.2.2; a signature that is not less than the modulus
 * is refused and the whole padded hash compared, by us or by OpenSSL.  ES256:
 * RFC 7518 section 3.4.
 */

static ngx_cr_jwt_error_e
ngx_cr_jwt_jws_signature(ngx_cr_jwt_jws_t *jws, ngx_cr_jwk_set_t *keys,
    ngx_cr_jwk_t *key)
{
    size_t         len;
    u_char         raw[ngx_cr_base64url_room(
                              ngx_cr_base64url_length(NGX_CR_JWK_SIG_MAX))];
    u_char         der[NGX_CR_JWT_JWS_DER_MAX];
    ngx_int_t      rc;
    const u_char  *signature;

    if (jws->signature.len != ngx_cr_base64url_length(key->signature)) {
        return NGX_CR_JWT_SIGNATURE;
    }

    if (ngx_cr_base64url_decode(raw, &len, jws->signature.data,
                                jws->signature.len)
        != NGX_OK)
    {
        return NGX_CR_JWT_MALFORMED;
    }

    if (key->rs256 != NULL) {
        rc = ngx_cr_rs256_verify(key->rs256, raw, jws->input.data,
                                 jws->input.len);

        if (rc != NGX_ERROR) {
            return (rc == NGX_OK) ? NGX_CR_JWT_OK : NGX_CR_JWT_SIGNATURE;
        }
    }

    signature = raw;

    if (key->alg == NGX_CR_JWK_ES256) {
        signature = der;
        len = ngx_cr_jwt_jws_der(der, raw);

        if (len == 0) {
            return NGX_CR_JWT_SIGNATURE;
        }
    }

    if (EVP_MD_CTX_copy_ex(keys->work, key->verify) != 1) {
        return NGX_CR_JWT_INTERNAL;
    }

    if (EVP_DigestVerify(keys->work, signature, len, jws->input.data,
                         jws->input.len)
        != 1)
    {
        return NGX_CR_JWT_SIGNATURE;
    }

    return NGX_CR_JWT_OK;
}


/*
 * r and s as ECDSA-Sig-Value (RFC 3279 section 2.2.3).  0: one of them is not
 * in 1 .. n-1.
 */

static size_t
ngx_cr_jwt_jws_der(u_char *der, const u_char *raw)
{
    u_char      *p;
    ngx_uint_t   i;

    for (i = 0; i < 2; i++) {
        if (ngx_memcmp(raw + i * NGX_CR_JWK_EC_LEN, ngx_cr_jwt_jws_zero,
                       NGX_CR_JWK_EC_LEN) == 0
            || ngx_memcmp(raw + i * NGX_CR_JWK_EC_LEN,
                          ngx_cr_jwt_jws_p256_order, NGX_CR_JWK_EC_LEN) >= 0)
        {
            return 0;
        }
    }

    p = ngx_cr_jwt_jws_der_integer(der + 2, raw);
    p = ngx_cr_jwt_jws_der_integer(p, raw + NGX_CR_JWK_EC_LEN);

    der[0] = 0x30;
    der[1] = (u_char) (p - der - 2);

    return p - der;
}


/* n is not zero */

static u_char *
ngx_cr_jwt_jws_der_integer(u_char *p, const u_char *n)
{
    size_t  len;

    for (len = NGX_CR_JWK_EC_LEN; *n == 0; len--) {
        n++;
    }

    *p++ = 0x02;
    *p++ = (u_char) (len + (*n >> 7));

    if (*n & 0x80) {
        *p++ = 0;
    }

    return ngx_cpymem(p, n, len);
}
