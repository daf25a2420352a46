
/*
 * RS256.  Nothing here is secret, so nothing has to take the same time; what
 * has to be is exact: the whole encoding is compared, never parsed, so that
 * there is no second one that passes.
 */


#include <openssl/err.h>

#include "ngx_cr_rs256.h"


#define NGX_CR_RS256_HASH    32
#define NGX_CR_RS256_SQUARE  16     /* 65537 is 2^16 + 1 */


static ngx_int_t ngx_cr_rs256_power(ngx_cr_rs256_t *key);
static ngx_int_t ngx_cr_rs256_hash(ngx_cr_rs256_t *key,
    const u_char *message, size_t len, u_char *hash);


/* RFC 8017 section 9.2, note 1: DigestInfo of SHA-256 before the hash */

static const u_char  ngx_cr_rs256_info[] = {
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
    0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20
};


ngx_cr_rs256_t *
ngx_cr_rs256_create(const u_char *n, size_t len, const u_char *e,
    size_t e_len, ngx_log_t *log)
{
    ngx_cr_rs256_t  *key;

    key = ngx_calloc(sizeof(ngx_cr_rs256_t), log);
    if (key == NULL) {
        return NULL;
    }

    key->len = len;
    key->n = BN_bin2bn(n, (int) len, NULL);
    key->e = BN_bin2bn(e, (int) e_len, NULL);
    key->mont = BN_MONT_CTX_new();
    key->ctx = BN_CTX_new();
    key->s = BN_new();
    key->m = BN_new();
    key->sha = EVP_MD_CTX_new();

    if (key->n == NULL
        || key->e == NULL
        || key->mont == NULL
        || key->ctx == NULL
        || key->s == NULL
        || key->m == NULL
        || key->sha == NULL
        || BN_MONT_CTX_set(key->mont, key->n, key->ctx) != 1
        || EVP_DigestInit_ex(key->sha, EVP_sha256(), NULL) != 1)
    {
        ERR_clear_error();
        ngx_cr_rs256_destroy(key);
        return NULL;
    }

    key->f4 = BN_is_word(key->e, 65537);

    return key;
}


void
ngx_cr_rs256_destroy(ngx_cr_rs256_t *key)
{
    if (key == NULL) {
        return;
    }

    BN_free(key->n);
    BN_free(key->e);
    BN_MONT_CTX_free(key->mont);
    BN_CTX_free(key->ctx);
    BN_free(key->s);
    BN_free(key->m);
    EVP_MD_CTX_free(key->sha);

    ngx_free(key);
}


ngx_int_t
ngx_cr_rs256_verify(ngx_cr_rs256_t *key, const u_char *sig,
    const u_char *message, size_t len)
{
    u_char  *p, want[NGX_CR_RS256_MAX], got[NGX_CR_RS256_MAX];
    size_t   pad;

    if (BN_bin2bn(sig, (int) key->len, key->s) == NULL) {
        return NGX_ERROR;
    }

    /* section 5.2.2: the representative is in 0 .. n - 1 */

    if (BN_ucmp(key->s, key->n) >= 0) {
        return NGX_DECLINED;
    }

    pad = key->len - 3 - sizeof(ngx_cr_rs256_info) - NGX_CR_RS256_HASH;

    p = want;
    *p++ = 0;
    *p++ = 1;
    ngx_memset(p, 0xff, pad);
    p += pad;
    *p++ = 0;
    p = ngx_cpymem(p, ngx_cr_rs256_info, sizeof(ngx_cr_rs256_info));

    if (ngx_cr_rs256_hash(key, message, len, p) != NGX_OK
        || ngx_cr_rs256_power(key) != NGX_OK
        || BN_bn2binpad(key->m, got, (int) key->len) != (int) key->len)
    {
        return NGX_ERROR;
    }

    return (ngx_memcmp(want, got, key->len) == 0) ? NGX_OK : NGX_DECLINED;
}


/* m = s^e mod n */

static ngx_int_t
ngx_cr_rs256_power(ngx_cr_rs256_t *key)
{
    ngx_uint_t  i;

    if (!key->f4) {
        return (BN_mod_exp_mont(key->m, key->s, key->e, key->n, key->ctx,
                                key->mont)
                == 1) ? NGX_OK : NGX_ERROR;
    }

    if (BN_to_montgomery(key->m, key->s, key->mont, key->ctx) != 1) {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_CR_RS256_SQUARE; i++) {
        if (BN_mod_mul_montgomery(key->m, key->m, key->m, key->mont,
                                  key->ctx)
            != 1)
        {
            return NGX_ERROR;
        }
    }

    /* s itself has not the form of m: that takes m's away */

    return (BN_mod_mul_montgomery(key->m, key->m, key->s, key->mont, key->ctx)
            == 1) ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_cr_rs256_hash(ngx_cr_rs256_t *key, const u_char *message, size_t len,
    u_char *hash)
{
    unsigned int  n;

    /* without a type: the one it has, which saves OpenSSL 3 a look-up */

    if (EVP_DigestInit_ex(key->sha, NULL, NULL) != 1
        || EVP_DigestUpdate(key->sha, message, len) != 1
        || EVP_DigestFinal_ex(key->sha, hash, &n) != 1)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}
