
/*
 * Limits of users: the shared zone, and what is asked of it.  Half of the zone
 * is for attempts to sign in, which anybody can make many of.
 */


#include "ngx_http_coderemote_limits.h"


#define NGX_HTTP_CODEREMOTE_LIMITS_SPARE  4     /* pages, of the allocator */

#define NGX_HTTP_CODEREMOTE_LIMITS_OF_RATE    'r'
#define NGX_HTTP_CODEREMOTE_LIMITS_OF_SOCKET  's'


typedef struct {
    ngx_cr_table_t              *attempts;
    ngx_cr_table_t              *rates;
    ngx_cr_table_t              *sockets;
} ngx_http_coderemote_limits_t;


static ngx_int_t ngx_http_coderemote_limits_init(ngx_shm_zone_t *zone,
    void *data);
static ngx_cr_table_t *ngx_http_coderemote_limits_table(ngx_slab_pool_t *pool,
    size_t pages, size_t value);
static void ngx_http_coderemote_limits_address(ngx_http_request_t *r,
    ngx_str_t *address);


static ngx_http_coderemote_limits_t  *ngx_http_coderemote_limits;
static ngx_slab_pool_t               *ngx_http_coderemote_limits_pool;


ngx_int_t
ngx_http_coderemote_limits_zone(ngx_conf_t *cf, size_t size, void *tag)
{
    ngx_str_t        name = ngx_string("coderemote_limits");
    ngx_shm_zone_t  *zone;

    zone = ngx_shared_memory_add(cf, &name, size, tag);
    if (zone == NULL) {
        return NGX_ERROR;
    }

    zone->init = ngx_http_coderemote_limits_init;

    return NGX_OK;
}


/* a reload keeps what was counted */

static ngx_int_t
ngx_http_coderemote_limits_init(ngx_shm_zone_t *zone, void *data)
{
    size_t                         pages;
    ngx_slab_pool_t               *pool;
    ngx_http_coderemote_limits_t  *limits;

    pool = (ngx_slab_pool_t *) zone->shm.addr;
    limits = (data != NULL) ? data
             : zone->shm.exists ? pool->data : NULL;

    if (limits == NULL) {

        limits = ngx_slab_calloc(pool, sizeof(ngx_http_coderemote_limits_t));
        if (limits == NULL) {
            return NGX_ERROR;
        }

        pages = pool->pfree - NGX_HTTP_CODEREMOTE_LIMITS_SPARE;

        limits->attempts = ngx_http_coderemote_limits_table(pool, pages / 2,
                                           sizeof(ngx_cr_attempts_value_t));
        limits->rates = ngx_http_coderemote_limits_table(pool, pages / 4,
                                           sizeof(ngx_cr_rate_value_t));
        limits->sockets = ngx_http_coderemote_limits_table(pool, pages / 4,
                                           sizeof(ngx_cr_sockets_value_t));

        if (limits->attempts == NULL || limits->rates == NULL
            || limits->sockets == NULL)
        {
            ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                          "\"coderemote_limit_zone\" is too small");
            return NGX_ERROR;
        }

        pool->data = limits;
    }

    zone->data = limits;

    ngx_http_coderemote_limits = limits;
    ngx_http_coderemote_limits_pool = pool;

    return NGX_OK;
}


static ngx_cr_table_t *
ngx_http_coderemote_limits_table(ngx_slab_pool_t *pool, size_t pages,
    size_t value)
{
    void    *memory;
    size_t   size;

    size = pages * ngx_pagesize;

    memory = ngx_slab_alloc(pool, size);
    if (memory == NULL) {
        return NULL;
    }

    return ngx_cr_table_create(memory, size, value);
}


ngx_int_t
ngx_http_coderemote_limits_attempt(ngx_http_request_t *r,
    const ngx_cr_attempts_conf_t *conf, const ngx_str_t *account,
    ngx_cr_attempts_who_t *who, time_t *wait)
{
    ngx_str_t   address;
    ngx_msec_t  ms;

    ngx_http_coderemote_limits_address(r, &address);

    if (ngx_cr_attempts_who(ngx_http_coderemote_limits->attempts, account,
                            &address, who)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_shmtx_lock(&ngx_http_coderemote_limits_pool->mutex);

    ms = ngx_cr_attempts_begin(ngx_http_coderemote_limits->attempts, conf, who,
                               ngx_current_msec);

    ngx_shmtx_unlock(&ngx_http_coderemote_limits_pool->mutex);

    *wait = (ms + 999) / 1000;

    return (ms == 0) ? NGX_OK : NGX_BUSY;
}


void
ngx_http_coderemote_limits_right(const ngx_cr_attempts_who_t *who)
{
    ngx_shmtx_lock(&ngx_http_coderemote_limits_pool->mutex);

    ngx_cr_attempts_right(ngx_http_coderemote_limits->attempts, who,
                          ngx_current_msec);

    ngx_shmtx_unlock(&ngx_http_coderemote_limits_pool->mutex);
}


void
ngx_http_coderemote_limits_undo(const ngx_cr_attempts_who_t *who)
{
    ngx_shmtx_lock(&ngx_http_coderemote_limits_pool->mutex);

    ngx_cr_attempts_undo(ngx_http_coderemote_limits->attempts, who);

    ngx_shmtx_unlock(&ngx_http_coderemote_limits_pool->mutex);
}


/* in binary form; all clients of a unix socket are one */

static void
ngx_http_coderemote_limits_address(ngx_http_request_t *r, ngx_str_t *address)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    struct sockaddr_in6  *sin6;
#endif

    ngx_str_set(address, "unix");

    switch (r->connection->sockaddr->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) r->connection->sockaddr;
        address->data = (u_char *) &sin->sin_addr;
        address->len = 4;
        break;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) r->connection->sockaddr;
        address->data = sin6->sin6_addr.s6_addr;
        address->len = 16;

        if (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr)) {
            address->data += 12;
            address->len = 4;
        }

        break;
#endif
    }
}


ngx_int_t
ngx_http_coderemote_limits_execute(const ngx_cr_rate_conf_t *conf,
    const ngx_str_t *user, ngx_cr_rate_state_t *state)
{
    ngx_int_t           rc;
    ngx_cr_table_t     *table;
    ngx_cr_table_key_t  key;

    table = ngx_http_coderemote_limits->rates;

    if (ngx_cr_table_key(table, NGX_HTTP_CODEREMOTE_LIMITS_OF_RATE, user, NULL,
                         &key)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_shmtx_lock(&ngx_http_coderemote_limits_pool->mutex);

    rc = ngx_cr_rate_take(table, conf, &key, ngx_current_msec, state);

    ngx_shmtx_unlock(&ngx_http_coderemote_limits_pool->mutex);

    return rc;
}


ngx_int_t
ngx_http_coderemote_limits_socket(const ngx_str_t *user, ngx_uint_t max,
    ngx_cr_table_key_t *key)
{
    ngx_int_t        rc;
    ngx_cr_table_t  *table;

    table = ngx_http_coderemote_limits->sockets;

    if (ngx_cr_table_key(table, NGX_HTTP_CODEREMOTE_LIMITS_OF_SOCKET, user,
                         NULL, key)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_shmtx_lock(&ngx_http_coderemote_limits_pool->mutex);

    rc = ngx_cr_sockets_open(table, key, ngx_pid, max);

    ngx_shmtx_unlock(&ngx_http_coderemote_limits_pool->mutex);

    return rc;
}


void
ngx_http_coderemote_limits_socket_close(const ngx_cr_table_key_t *key)
{
    ngx_shmtx_lock(&ngx_http_coderemote_limits_pool->mutex);

    ngx_cr_sockets_close(ngx_http_coderemote_limits->sockets, key, ngx_pid);

    ngx_shmtx_unlock(&ngx_http_coderemote_limits_pool->mutex);
}
