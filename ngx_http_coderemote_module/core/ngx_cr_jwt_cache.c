
/*
 * The cache of verified tokens: a hash table whose entries are also in one
 * queue by last use.  Each operation is O(1); what is dead is dropped when it
 * is met or when it has become the last.
 */


#include "ngx_cr_jwt_cache.h"


/* one bucket for so many bytes of tokens: somewhat less than one token */
#define NGX_CR_JWT_CACHE_BUCKET  2048
#define NGX_CR_JWT_CACHE_MIN     16

#define NGX_CR_JWT_CACHE_PRIME   0x9e3779b97f4a7c15ULL


typedef struct {
    ngx_queue_t          lru;
    ngx_queue_t          bucket;
    uint64_t             hash;
    uint64_t             generation;    /* of the set that had its key */
    uint64_t             policy;        /* its id */
    ngx_cr_jwt_t        *jwt;
    size_t               len;
    u_char               token[1];
} ngx_cr_jwt_cache_entry_t;


/* what a token is looked for by */

typedef struct {
    const ngx_str_t     *token;
    uint64_t             policy;
    uint64_t             hash;
} ngx_cr_jwt_cache_key_t;


static uint64_t ngx_cr_jwt_cache_hash(uint64_t seed, const ngx_str_t *token);
static ngx_queue_t *ngx_cr_jwt_cache_bucket(ngx_cr_jwt_cache_t *cache,
    uint64_t hash);
static ngx_cr_jwt_cache_entry_t *ngx_cr_jwt_cache_find(
    ngx_cr_jwt_cache_t *cache, const ngx_cr_jwt_cache_key_t *key);
static ngx_uint_t ngx_cr_jwt_cache_is_good(ngx_cr_jwt_cache_entry_t *entry,
    ngx_cr_jwk_set_t *keys, int64_t now);
static void ngx_cr_jwt_cache_add(ngx_cr_jwt_cache_t *cache,
    const ngx_cr_jwt_cache_key_t *key, uint64_t generation,
    ngx_cr_jwt_t *jwt);
static void ngx_cr_jwt_cache_drop(ngx_cr_jwt_cache_t *cache,
    ngx_cr_jwt_cache_entry_t *entry);
static size_t ngx_cr_jwt_cache_size(size_t token, ngx_cr_jwt_t *jwt);


ngx_cr_jwt_cache_t *
ngx_cr_jwt_cache_create(size_t max, ngx_log_t *log)
{
    ngx_uint_t           i, n;
    ngx_cr_jwt_cache_t  *cache;

    cache = ngx_calloc(sizeof(ngx_cr_jwt_cache_t), log);
    if (cache == NULL) {
        return NULL;
    }

    n = NGX_CR_JWT_CACHE_MIN;

    while (n < max / NGX_CR_JWT_CACHE_BUCKET) {
        n *= 2;
    }

    ngx_queue_init(&cache->lru);

    cache->mask = n - 1;
    cache->max = max;
    cache->log = log;
    cache->seed = (uint64_t) ngx_random() << 32 ^ (uint64_t) ngx_random();
    cache->buckets = ngx_alloc(n * sizeof(ngx_queue_t), log);

    if (cache->buckets == NULL) {
        ngx_free(cache);
        return NULL;
    }

    for (i = 0; i < n; i++) {
        ngx_queue_init(&cache->buckets[i]);
    }

    return cache;
}


void
ngx_cr_jwt_cache_destroy(ngx_cr_jwt_cache_t *cache)
{
    if (cache == NULL) {
        return;
    }

    ngx_cr_jwt_cache_flush(cache);

    ngx_free(cache->buckets);
    ngx_free(cache);
}


void
ngx_cr_jwt_cache_flush(ngx_cr_jwt_cache_t *cache)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&cache->lru)) {
        q = ngx_queue_head(&cache->lru);

        ngx_cr_jwt_cache_drop(cache, ngx_queue_data(q,
                                               ngx_cr_jwt_cache_entry_t, lru));
    }
}


ngx_cr_jwt_error_e
ngx_cr_jwt_cache_verify(ngx_cr_jwt_cache_t *cache, const ngx_str_t *token,
    const ngx_cr_jwt_policy_t *policy, ngx_cr_jwk_set_t *keys, int64_t now,
    ngx_cr_jwt_t **jwt)
{
    ngx_cr_jwt_error_e         error;
    ngx_cr_jwt_cache_key_t     key;
    ngx_cr_jwt_cache_entry_t  *entry;

    *jwt = NULL;

    /* before anything is done that grows with the token */

    if (token->len > policy->max_size) {
        return NGX_CR_JWT_TOO_LARGE;
    }

    key.token = token;
    key.policy = policy->id;
    key.hash = ngx_cr_jwt_cache_hash(cache->seed + policy->id, token);

    entry = ngx_cr_jwt_cache_find(cache, &key);

    if (entry != NULL && !ngx_cr_jwt_cache_is_good(entry, keys, now)) {
        ngx_cr_jwt_cache_drop(cache, entry);
        entry = NULL;
    }

    if (entry != NULL) {
        cache->hits++;

        ngx_queue_remove(&entry->lru);
        ngx_queue_insert_head(&cache->lru, &entry->lru);

        *jwt = entry->jwt;
        (*jwt)->refs++;

        return NGX_CR_JWT_OK;
    }

    cache->misses++;

    error = ngx_cr_jwt_verify(token, policy, keys, now, cache->log, jwt);

    if (error == NGX_CR_JWT_OK) {
        ngx_cr_jwt_cache_add(cache, &key, keys->generation, *jwt);
    }

    return error;
}


/*
 * Only good tokens are in the table, and a hash alone finds none: it has to
 * be quick and even, not hard to forge.
 */

static uint64_t
ngx_cr_jwt_cache_hash(uint64_t seed, const ngx_str_t *token)
{
    size_t         left;
    uint64_t       hash, w;
    const u_char  *p;

    p = token->data;
    hash = seed ^ token->len;

    for (left = token->len; left >= 8; left -= 8) {
        ngx_memcpy(&w, p, 8);
        hash = (hash ^ w) * NGX_CR_JWT_CACHE_PRIME;
        hash ^= hash >> 29;
        p += 8;
    }

    for (w = 0; left != 0; left--) {
        w = w << 8 | *p++;
    }

    hash = (hash ^ w) * NGX_CR_JWT_CACHE_PRIME;

    return hash ^ hash >> 32;
}


static ngx_queue_t *
ngx_cr_jwt_cache_bucket(ngx_cr_jwt_cache_t *cache, uint64_t hash)
{
    return &cache->buckets[hash & cache->mask];
}


static ngx_cr_jwt_cache_entry_t *
ngx_cr_jwt_cache_find(ngx_cr_jwt_cache_t *cache,
    const ngx_cr_jwt_cache_key_t *key)
{
    ngx_queue_t               *q, *bucket;
    ngx_cr_jwt_cache_entry_t  *entry;

    bucket = ngx_cr_jwt_cache_bucket(cache, key->hash);

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = ngx_queue_next(q))
    {
        entry = ngx_queue_data(q, ngx_cr_jwt_cache_entry_t, bucket);

        if (entry->hash == key->hash
            && entry->policy == key->policy
            && entry->len == key->token->len
            && ngx_memcmp(entry->token, key->token->data, entry->len) == 0)
        {
            return entry;
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_cr_jwt_cache_is_good(ngx_cr_jwt_cache_entry_t *entry,
    ngx_cr_jwk_set_t *keys, int64_t now)
{
    ngx_cr_jwk_t  *key;
    ngx_cr_jwt_t  *jwt;

    jwt = entry->jwt;

    if (now < jwt->from || now >= jwt->until) {
        return 0;
    }

    if (entry->generation == keys->generation) {
        return 1;
    }

    if (jwt->kid.len != 0) {
        key = ngx_cr_jwk_set_find(keys, &jwt->kid);

    } else {
        key = (keys->nkeys == 1) ? keys->keys : NULL;
    }

    if (key == NULL
        || ngx_memcmp(key->thumb, jwt->thumb, NGX_CR_JWK_THUMB_LEN) != 0)
    {
        return 0;
    }

    entry->generation = keys->generation;

    return 1;
}


/* The caller keeps its reference; no room or no memory is not an error. */

static void
ngx_cr_jwt_cache_add(ngx_cr_jwt_cache_t *cache,
    const ngx_cr_jwt_cache_key_t *key, uint64_t generation, ngx_cr_jwt_t *jwt)
{
    size_t                     size;
    ngx_queue_t               *q;
    ngx_cr_jwt_cache_entry_t  *entry;

    size = ngx_cr_jwt_cache_size(key->token->len, jwt);

    if (size > cache->max) {
        return;
    }

    while (size > cache->max - cache->used) {
        q = ngx_queue_last(&cache->lru);
        cache->evicted++;

        ngx_cr_jwt_cache_drop(cache, ngx_queue_data(q,
                                               ngx_cr_jwt_cache_entry_t, lru));
    }

    entry = ngx_alloc(sizeof(ngx_cr_jwt_cache_entry_t) + key->token->len,
                      cache->log);
    if (entry == NULL) {
        return;
    }

    entry->hash = key->hash;
    entry->policy = key->policy;
    entry->len = key->token->len;
    ngx_memcpy(entry->token, key->token->data, entry->len);

    entry->generation = generation;
    entry->jwt = jwt;
    jwt->refs++;

    ngx_queue_insert_head(&cache->lru, &entry->lru);
    ngx_queue_insert_head(ngx_cr_jwt_cache_bucket(cache, key->hash),
                          &entry->bucket);

    cache->used += size;
    cache->entries++;
}


static void
ngx_cr_jwt_cache_drop(ngx_cr_jwt_cache_t *cache,
    ngx_cr_jwt_cache_entry_t *entry)
{
    ngx_queue_remove(&entry->lru);
    ngx_queue_remove(&entry->bucket);

    cache->used -= ngx_cr_jwt_cache_size(entry->len, entry->jwt);
    cache->entries--;

    ngx_cr_jwt_release(entry->jwt);
    ngx_free(entry);
}


static size_t
ngx_cr_jwt_cache_size(size_t token, ngx_cr_jwt_t *jwt)
{
    return sizeof(ngx_cr_jwt_cache_entry_t) + 16 + token + jwt->size;
}
