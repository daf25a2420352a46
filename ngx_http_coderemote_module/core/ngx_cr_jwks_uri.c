
/* Keys from a URI: what the configuration says of it, and its zone. */


#include "ngx_cr_jwks.h"


static ngx_cr_jwks_t *ngx_cr_jwks_uri_create(ngx_conf_t *cf,
    const ngx_cr_jwks_source_t *source, void *tag);
static ngx_int_t ngx_cr_jwks_uri_init_zone(ngx_shm_zone_t *zone, void *data);
static void ngx_cr_jwks_uri_cleanup(void *data);


ngx_cr_jwks_t *
ngx_cr_jwks_uri(ngx_conf_t *cf, ngx_array_t *list,
    const ngx_cr_jwks_source_t *source, void *tag)
{
    ngx_uint_t             i;
    ngx_cr_jwks_t         *jwks, **slot;
    ngx_cr_jwks_source_t  *known;

    slot = list->elts;

    for (i = 0; i < list->nelts; i++) {
        known = &slot[i]->source;

        if (known->uri.len != source->uri.len
            || ngx_strncmp(known->uri.data, source->uri.data, known->uri.len)
               != 0)
        {
            continue;
        }

        if (known->refresh != source->refresh
            || known->stale != source->stale
            || known->interval != source->interval
            || known->timeout != source->timeout
            || known->ca.len != source->ca.len
            || ngx_strncmp(known->ca.data, source->ca.data, known->ca.len)
               != 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" is used with other parameters before",
                               &source->uri);
            return NULL;
        }

        return slot[i];
    }

    jwks = ngx_cr_jwks_uri_create(cf, source, tag);
    slot = ngx_array_push(list);

    if (jwks == NULL || slot == NULL) {
        return NULL;
    }

    *slot = jwks;

    return jwks;
}


static ngx_cr_jwks_t *
ngx_cr_jwks_uri_create(ngx_conf_t *cf, const ngx_cr_jwks_source_t *source,
    void *tag)
{
    size_t               size;
    ngx_str_t            name;
    ngx_cr_jwks_t       *jwks;
    ngx_pool_cleanup_t  *cln;
    static const char    prefix[] = "coderemote_jwks:";

    jwks = ngx_pcalloc(cf->pool, sizeof(ngx_cr_jwks_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);
    name.data = ngx_pnalloc(cf->pool, sizeof(prefix) + source->uri.len);

    if (jwks == NULL || cln == NULL || name.data == NULL) {
        return NULL;
    }

    jwks->source = *source;

    cln->handler = ngx_cr_jwks_uri_cleanup;
    cln->data = jwks;

    name.len = ngx_sprintf(name.data, "%s%V", prefix, &source->uri)
               - name.data;

    /* the slab allocator's own pages, and room for one large block */

    size = ngx_align(sizeof(ngx_cr_jwks_shared_t), ngx_pagesize)
           + 8 * ngx_pagesize;

    jwks->zone = ngx_shared_memory_add(cf, &name, size, tag);
    if (jwks->zone == NULL) {
        return NULL;
    }

    jwks->zone->init = ngx_cr_jwks_uri_init_zone;

    return jwks;
}


/* a reload goes on with what the URI gave before */

static ngx_int_t
ngx_cr_jwks_uri_init_zone(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t       *pool;
    ngx_cr_jwks_shared_t  *shared;

    if (data != NULL) {
        zone->data = data;
        return NGX_OK;
    }

    pool = (ngx_slab_pool_t *) zone->shm.addr;

    if (zone->shm.exists) {
        zone->data = pool->data;
        return NGX_OK;
    }

    shared = ngx_slab_calloc(pool, sizeof(ngx_cr_jwks_shared_t));
    if (shared == NULL) {
        return NGX_ERROR;
    }

    pool->data = shared;
    zone->data = shared;

    return NGX_OK;
}


/* without a master process the timers of an old configuration are still set */

static void
ngx_cr_jwks_uri_cleanup(void *data)
{
    ngx_cr_jwks_t *jwks = data;

    if (jwks->started) {
        ngx_cr_curl_cancel(&jwks->fetch);

        if (jwks->refresh.timer_set) {
            ngx_del_timer(&jwks->refresh);
        }

        if (jwks->poll.timer_set) {
            ngx_del_timer(&jwks->poll);
        }
    }

    ngx_cr_jwk_set_destroy(jwks->set);
    jwks->set = NULL;
}
