
/*
 * The keys of one JWK set document.  The set lives in a pool of its own;
 * OpenSSL's objects are freed by a cleanup of that pool.
 */


#include <openssl/err.h>

#include "ngx_cr_jwk.h"
#include "ngx_cr_json.h"


#define NGX_CR_JWK_SET_POOL  4096


static ngx_int_t ngx_cr_jwk_set_fill(ngx_cr_jwk_set_t *set, json_t *list,
    const char **reason);
static void ngx_cr_jwk_set_unique(ngx_cr_jwk_set_t *set);
static ngx_uint_t ngx_cr_jwk_set_same(ngx_cr_jwk_t *a, ngx_cr_jwk_t *b);
static void ngx_cr_jwk_set_cleanup(void *data);


ngx_cr_jwk_set_t *
ngx_cr_jwk_set_create(const u_char *data, size_t len, uint64_t generation,
    ngx_log_t *log, const char **reason)
{
    u_char               buf[128];
    json_t              *json;
    ngx_int_t            rc;
    ngx_str_t            detail;
    ngx_pool_t          *pool;
    ngx_uint_t           bad_utf8;
    ngx_cr_jwk_set_t    *set;
    ngx_pool_cleanup_t  *cln;

    detail.data = buf;
    detail.len = sizeof(buf);

    json = ngx_cr_json_decode(data, len, &bad_utf8, &detail);
    if (json == NULL) {
        *reason = "not a JSON object, or one with a duplicate member";
        return NULL;
    }

    *reason = "no memory";
    set = NULL;
    rc = NGX_ERROR;

    pool = ngx_create_pool(NGX_CR_JWK_SET_POOL, log);
    if (pool == NULL) {
        goto done;
    }

    set = ngx_pcalloc(pool, sizeof(ngx_cr_jwk_set_t));
    cln = ngx_pool_cleanup_add(pool, 0);

    if (set == NULL || cln == NULL) {
        ngx_destroy_pool(pool);
        set = NULL;
        goto done;
    }

    set->pool = pool;
    set->generation = generation;

    cln->handler = ngx_cr_jwk_set_cleanup;
    cln->data = set;

    rc = ngx_cr_jwk_set_fill(set, json_object_get(json, "keys"), reason);

done:

    json_decref(json);

    if (rc != NGX_OK) {
        ngx_cr_jwk_set_destroy(set);
        return NULL;
    }

    *reason = NULL;

    return set;
}


void
ngx_cr_jwk_set_destroy(ngx_cr_jwk_set_t *set)
{
    if (set != NULL) {
        ngx_destroy_pool(set->pool);
    }
}


static ngx_int_t
ngx_cr_jwk_set_fill(ngx_cr_jwk_set_t *set, json_t *list, const char **reason)
{
    size_t       i, n;
    ngx_int_t    rc;
    const char  *why;

    if (!json_is_array(list)) {
        *reason = "no array keys";
        return NGX_ERROR;
    }

    n = json_array_size(list);

    if (n > NGX_CR_JWK_KEYS_MAX) {
        *reason = "more than 64 keys";
        return NGX_ERROR;
    }

    set->work = EVP_MD_CTX_new();
    set->keys = ngx_palloc(set->pool, (n + 1) * sizeof(ngx_cr_jwk_t));

    if (set->work == NULL || set->keys == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        rc = ngx_cr_jwk_parse(json_array_get(list, i), set->pool,
                              &set->keys[set->nkeys], &why);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_OK) {
            set->nkeys++;

        } else {
            set->skipped++;
            set->reason = why;
        }
    }

    ngx_cr_jwk_set_unique(set);

    if (set->nkeys == 0) {
        *reason = (set->reason != NULL) ? set->reason : "no keys";
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* drops every key whose kid another one has too */

static void
ngx_cr_jwk_set_unique(ngx_cr_jwk_set_t *set)
{
    ngx_uint_t   i, j, n;
    ngx_uint_t   twice[NGX_CR_JWK_KEYS_MAX];

    for (i = 0; i < set->nkeys; i++) {
        twice[i] = 0;

        for (j = 0; j < set->nkeys; j++) {
            if (j != i && ngx_cr_jwk_set_same(&set->keys[i], &set->keys[j])) {
                twice[i] = 1;
            }
        }
    }

    n = 0;

    for (i = 0; i < set->nkeys; i++) {

        if (twice[i]) {
            EVP_MD_CTX_free(set->keys[i].verify);
            set->skipped++;
            set->reason = "another key has the same kid";
            continue;
        }

        set->keys[n++] = set->keys[i];
    }

    set->nkeys = n;
}


static ngx_uint_t
ngx_cr_jwk_set_same(ngx_cr_jwk_t *a, ngx_cr_jwk_t *b)
{
    return a->kid.len == b->kid.len && a->kid.len != 0
           && ngx_memcmp(a->kid.data, b->kid.data, a->kid.len) == 0;
}


static void
ngx_cr_jwk_set_cleanup(void *data)
{
    ngx_cr_jwk_set_t *set = data;

    ngx_uint_t  i;

    for (i = 0; i < set->nkeys; i++) {
        EVP_MD_CTX_free(set->keys[i].verify);
    }

    EVP_MD_CTX_free(set->work);
}


ngx_cr_jwk_t *
ngx_cr_jwk_set_find(ngx_cr_jwk_set_t *set, const ngx_str_t *kid)
{
    ngx_uint_t     i;
    ngx_cr_jwk_t  *key;

    for (i = 0; i < set->nkeys; i++) {
        key = &set->keys[i];

        if (key->kid.len == kid->len
            && kid->len != 0
            && ngx_memcmp(key->kid.data, kid->data, kid->len) == 0)
        {
            return key;
        }
    }

    return NULL;
}
