
/*
 * A JWK set (RFC 7517) as public keys that can verify: parsed once, looked up
 * by kid, thrown away whole when the issuer has a newer one.
 */


#ifndef _NGX_CR_JWK_H_INCLUDED_
#define _NGX_CR_JWK_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <jansson.h>
#include <openssl/evp.h>

#include "ngx_cr_rs256.h"


/* algorithms, also as a mask */
#define NGX_CR_JWK_RS256        0x01
#define NGX_CR_JWK_ES256        0x02

#define NGX_CR_JWK_KEYS_MAX     64      /* in a document */
#define NGX_CR_JWK_KID_MAX      256     /* bytes */
#define NGX_CR_JWK_RSA_MIN      2048    /* bits, RFC 7518 section 3.3 */
#define NGX_CR_JWK_RSA_MAX      4096    /* verifying costs with the square */
#define NGX_CR_JWK_EC_LEN       32      /* bytes of a coordinate of P-256 */
#define NGX_CR_JWK_SIG_MAX      (NGX_CR_JWK_RSA_MAX / 8)
#define NGX_CR_JWK_THUMB_LEN    32


typedef struct {
    ngx_str_t         kid;          /* len 0: the key has none */
    ngx_uint_t        alg;          /* the only one this key verifies */
    size_t            signature;    /* bytes of one: modulus, or r and s */
    EVP_MD_CTX       *verify;       /* ready to be copied; owns the key */
    ngx_cr_rs256_t   *rs256;        /* the quick way; of the set's pool; NULL:
                                       by verify */
    u_char            thumb[NGX_CR_JWK_THUMB_LEN];  /* SHA-256 of the SPKI */
} ngx_cr_jwk_t;


typedef struct {
    ngx_pool_t       *pool;
    ngx_cr_jwk_t     *keys;
    ngx_uint_t        nkeys;        /* at least 1 */
    ngx_uint_t        skipped;      /* members of the document not used */
    const char       *reason;       /* why the last of them; NULL: none */
    uint64_t          generation;   /* the caller's number of this document */
    EVP_MD_CTX       *work;         /* of whoever verifies right now */
} ngx_cr_jwk_set_t;


/*
 * Parses a JWK set of len bytes; the caller has bounded len.  A member that
 * is no public signature key we know is skipped: kty other than RSA and EC,
 * `use` other than "sig", `key_ops` without "verify", `alg` other than RS256
 * for RSA and ES256 for EC, anything of the wrong type, a kid that is empty
 * or longer than 256 bytes.
 *
 * RSA: modulus 2048 to 4096 bits and odd; exponent odd, 3 to 2^64-1.  3 is
 * what RFC 8017 section 3.1 allows; forgeries with small exponents (2006)
 * need a verifier that parses the padding, OpenSSL compares all of it.  The
 * upper bound is time: the cost grows with the exponent's bits.  EC: P-256,
 * coordinates of 32 bytes (RFC 7518 section 6.2.1.2), the point on the curve.
 * Numbers are base64urlUInt (RFC 7518 section 2) without leading zeros.
 *
 * A key with private or symmetric parts is skipped: OpenID Connect forbids
 * them in a published set, and everybody who read it can sign.
 *
 * A kid that two usable keys have is ambiguous: all of its keys are skipped,
 * so that nothing depends on the order of the document, and the other keys
 * go on working.
 *
 * NULL: not JSON, a duplicate member, no array `keys`, more than 64 in it,
 * none usable, or out of memory; *reason is then a static text.  The OpenSSL
 * error queue is left empty.
 */
ngx_cr_jwk_set_t *ngx_cr_jwk_set_create(const u_char *data, size_t len,
    uint64_t generation, ngx_log_t *log, const char **reason);

/* Frees the set and its keys; harmless with NULL. */
void ngx_cr_jwk_set_destroy(ngx_cr_jwk_set_t *set);

/* The key of that kid, compared byte by byte, or NULL. */
ngx_cr_jwk_t *ngx_cr_jwk_set_find(ngx_cr_jwk_set_t *set,
    const ngx_str_t *kid);


/*
 * For the set: one JWK into *key, the memory of its kid from pool.  NGX_OK:
 * the caller owns key->verify.  NGX_DECLINED: not a key we use, with a static
 * text in *reason.  NGX_ERROR: out of memory.
 */
ngx_int_t ngx_cr_jwk_parse(json_t *json, ngx_pool_t *pool, ngx_cr_jwk_t *key,
    const char **reason);


#endif /* _NGX_CR_JWK_H_INCLUDED_ */
