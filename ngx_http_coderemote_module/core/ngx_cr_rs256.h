
/*
 * RS256, RSASSA-PKCS1-v1_5 with SHA-256, as RFC 8017 section 8.2.2 verifies
 * it: the signature to the power of e, compared with the one encoding that
 * the message has.  By OpenSSL's numbers, with what depends on the key alone
 * computed once: that is a third less time than by EVP_DigestVerify().
 */


#ifndef _NGX_CR_RS256_H_INCLUDED_
#define _NGX_CR_RS256_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/bn.h>
#include <openssl/evp.h>


/* bytes of the longest modulus */

#define NGX_CR_RS256_MAX  512


typedef struct {
    BIGNUM           *n;
    BIGNUM           *e;
    BN_MONT_CTX      *mont;         /* of n */
    size_t            len;          /* bytes of n */
    ngx_uint_t        f4;           /* e is 65537 */

    /* of whoever verifies right now */
    BN_CTX           *ctx;
    BIGNUM           *s;
    BIGNUM           *m;
    EVP_MD_CTX       *sha;
} ngx_cr_rs256_t;


/*
 * n, e: big-endian, without leading zeros; n is odd, len <= NGX_CR_RS256_MAX.
 * NULL: no memory.
 */
ngx_cr_rs256_t *ngx_cr_rs256_create(const u_char *n, size_t len,
    const u_char *e, size_t e_len, ngx_log_t *log);

/* Harmless with NULL. */
void ngx_cr_rs256_destroy(ngx_cr_rs256_t *key);

/*
 * NGX_OK: sig, of key->len bytes, is of that message; NGX_DECLINED: it is
 * not; NGX_ERROR: out of memory.
 */
ngx_int_t ngx_cr_rs256_verify(ngx_cr_rs256_t *key, const u_char *sig,
    const u_char *message, size_t len);


#endif /* _NGX_CR_RS256_H_INCLUDED_ */
