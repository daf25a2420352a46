
/*
 * A document against the parser of JWK sets.  Byte 0 of the input: whether
 * the rest is the whole document or what is between the brackets of `keys`.
 *
 * Holds: every key that is used can verify and has what its type must have,
 * no kid is there twice, the same text gives the same set, and OpenSSL's
 * error queue is empty.
 *
 * sources: ngx_http_coderemote_module/core/ngx_cr_base64url.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_json.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_jwk.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_jwk_set.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_jwt_jws.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_rs256.c
 * libs: -ljansson -lcrypto
 * max: 8192
 * with: nginx
 */


#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "ngx_cr_jwt_jws.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static ngx_log_t  quiet;


static void
promise(int kept)
{
    if (!kept) {
        abort();
    }
}


static void
check(ngx_cr_jwk_set_t *set)
{
    ngx_uint_t     i;
    ngx_cr_jwk_t  *key;

    promise(set->nkeys >= 1 && set->nkeys <= NGX_CR_JWK_KEYS_MAX);
    promise(set->nkeys + set->skipped <= NGX_CR_JWK_KEYS_MAX);
    promise((set->skipped != 0) == (set->reason != NULL));

    for (i = 0; i < set->nkeys; i++) {
        key = &set->keys[i];

        promise(key->verify != NULL);
        promise(key->kid.len <= NGX_CR_JWK_KID_MAX);

        if (key->alg == NGX_CR_JWK_ES256) {
            promise(key->signature == 64);

        } else {
            promise(key->alg == NGX_CR_JWK_RS256);
            promise(key->signature >= NGX_CR_JWK_RSA_MIN / 8);
            promise(key->signature <= NGX_CR_JWK_SIG_MAX);
        }

        promise(ngx_cr_jwk_set_find(set, &key->kid)
                == (key->kid.len ? key : NULL));
    }
}


/* A signature of zeros by each key: nothing accepts it. */

static void
use(ngx_cr_jwk_set_t *set)
{
    ngx_uint_t   i;
    u_char       signature[NGX_CR_JWK_SIG_MAX];
    EVP_MD_CTX  *work;

    memset(signature, 0, sizeof(signature));
    work = set->work;

    for (i = 0; i < set->nkeys; i++) {
        promise(EVP_MD_CTX_copy_ex(work, set->keys[i].verify) == 1);
        promise(EVP_DigestVerify(work, signature, set->keys[i].signature,
                                 (const u_char *) "x", 1) != 1);
        ERR_clear_error();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char            *copy;
    size_t             len;
    ngx_uint_t         i;
    const char        *reason;
    ngx_cr_jwk_set_t  *set, *same;

    if (size < 1) {
        return 0;
    }

    /* in a block of its own size, so that ASan sees a step outside */

    len = size - 1;

    if (data[0] & 1) {
        copy = malloc(len + 11);
        memcpy(copy, "{\"keys\":[", 9);
        memcpy(copy + 9, data + 1, len);
        memcpy(copy + 9 + len, "]}", 2);
        len += 11;

    } else {
        copy = malloc(len ? len : 1);
        memcpy(copy, data + 1, len);
    }

    set = ngx_cr_jwk_set_create(copy, len, 1, &quiet, &reason);
    promise((set == NULL) == (reason != NULL));
    promise(ERR_peek_error() == 0);

    same = ngx_cr_jwk_set_create(copy, len, 1, &quiet, &reason);
    promise((set == NULL) == (same == NULL));

    free(copy);

    if (set != NULL) {
        check(set);
        use(set);

        promise(set->nkeys == same->nkeys && set->skipped == same->skipped);

        for (i = 0; i < set->nkeys; i++) {
            promise(memcmp(set->keys[i].thumb, same->keys[i].thumb,
                           NGX_CR_JWK_THUMB_LEN) == 0);
        }
    }

    ngx_cr_jwk_set_destroy(set);
    ngx_cr_jwk_set_destroy(same);

    return 0;
}
