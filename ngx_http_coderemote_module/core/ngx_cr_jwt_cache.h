
/*
 * Verified tokens of one process, found by a hash of the whole token and then
 * compared with it byte by byte.  Only tokens that were found good get in, so
 * who has none cannot push out those of others.
 */


#ifndef _NGX_CR_JWT_CACHE_H_INCLUDED_
#define _NGX_CR_JWT_CACHE_H_INCLUDED_


#include "ngx_cr_jwt.h"


typedef struct {
    ngx_queue_t          lru;           /* the first was used last */
    ngx_queue_t         *buckets;
    ngx_uint_t           mask;          /* number of buckets - 1 */
    size_t               max;           /* bytes of tokens */
    size_t               used;
    ngx_uint_t           entries;
    uint64_t             hits;
    uint64_t             misses;
    uint64_t             evicted;       /* good ones, for want of room */
    uint64_t             seed;          /* of the hash */
    ngx_log_t           *log;
} ngx_cr_jwt_cache_t;


/*
 * A cache that never holds more than max bytes of tokens, what jansson takes
 * included, and about 1/64 of that for its table.  NULL: out of memory.
 */
ngx_cr_jwt_cache_t *ngx_cr_jwt_cache_create(size_t max, ngx_log_t *log);

/* Harmless with NULL; references that were given out stay good. */
void ngx_cr_jwt_cache_destroy(ngx_cr_jwt_cache_t *cache);

/*
 * ngx_cr_jwt_verify() with a memory: same arguments, same answers, and *jwt
 * is a reference of the caller's in the same way.
 *
 * A token is remembered per policy (by policy->id).  It counts
 * only while the clock is in the token's own time, to either side, and while
 * the set still has the key that signed it: when keys->generation is another
 * than last time, the key of that kid must be the same one.  So a key that
 * the issuer takes back takes its tokens along.
 */
ngx_cr_jwt_error_e ngx_cr_jwt_cache_verify(ngx_cr_jwt_cache_t *cache,
    const ngx_str_t *token, const ngx_cr_jwt_policy_t *policy,
    ngx_cr_jwk_set_t *keys, int64_t now, ngx_cr_jwt_t **jwt);

/* Forgets all tokens. */
void ngx_cr_jwt_cache_flush(ngx_cr_jwt_cache_t *cache);


#endif /* _NGX_CR_JWT_CACHE_H_INCLUDED_ */
