
/*
 * Counters in a shared zone: one stripe of cache lines for each place of
 * nginx's process table (modulo their number), so that processes seldom
 * share one; additions are atomic for when they do.
 */


#include "ngx_cr_stats.h"


#define NGX_CR_STATS_STRIPES  64
#define NGX_CR_STATS_LINE     64


typedef struct {
    ngx_atomic_t                 counters[NGX_CR_STAT_MAX];
    u_char                       pad[NGX_CR_STATS_LINE];
} ngx_cr_stats_stripe_t;


typedef struct {
    int64_t                      started_ms;   /* written once, at creation */
    ngx_cr_stats_stripe_t        stripes[NGX_CR_STATS_STRIPES];
} ngx_cr_stats_t;


static ngx_int_t ngx_cr_stats_init_zone(ngx_shm_zone_t *zone, void *data);
static int64_t ngx_cr_stats_now(void);


static ngx_cr_stats_t         *ngx_cr_stats;
static ngx_cr_stats_stripe_t  *ngx_cr_stats_own;
static ngx_shm_zone_t         *ngx_cr_stats_shm;


ngx_int_t
ngx_cr_stats_zone(ngx_conf_t *cf, void *tag)
{
    size_t           size;
    ngx_str_t        name = ngx_string("coderemote_stats");
    ngx_shm_zone_t  *zone;

    /* the slab allocator's own pages, and room for one large block */
    size = ngx_align(sizeof(ngx_cr_stats_t), ngx_pagesize) + 8 * ngx_pagesize;

    zone = ngx_shared_memory_add(cf, &name, size, tag);
    if (zone == NULL) {
        return NGX_ERROR;
    }

    zone->init = ngx_cr_stats_init_zone;
    ngx_cr_stats_shm = zone;

    return NGX_OK;
}


static ngx_int_t
ngx_cr_stats_init_zone(ngx_shm_zone_t *zone, void *data)
{
    ngx_cr_stats_t   *stats;
    ngx_slab_pool_t  *shpool;

    if (data != NULL) {
        zone->data = data;
        return NGX_OK;
    }

    shpool = (ngx_slab_pool_t *) zone->shm.addr;

    if (zone->shm.exists) {
        zone->data = shpool->data;
        return NGX_OK;
    }

    stats = ngx_slab_calloc(shpool, sizeof(ngx_cr_stats_t));
    if (stats == NULL) {
        return NGX_ERROR;
    }

    stats->started_ms = ngx_cr_stats_now();

    shpool->data = stats;
    zone->data = stats;

    return NGX_OK;
}


void
ngx_cr_stats_init(void)
{
    ngx_atomic_t  *c;

    if (ngx_cr_stats_shm == NULL) {
        return;
    }

    ngx_cr_stats = ngx_cr_stats_shm->data;
    ngx_cr_stats_own =
        &ngx_cr_stats->stripes[ngx_process_slot % NGX_CR_STATS_STRIPES];

    c = ngx_cr_stats_own->counters;
    c[NGX_CR_STAT_WS_CLOSED] = c[NGX_CR_STAT_WS_OPENED];
    c[NGX_CR_STAT_SSE_CLOSED] = c[NGX_CR_STAT_SSE_OPENED];
}


void
ngx_cr_stats_add(ngx_uint_t stat, ngx_uint_t n)
{
    if (ngx_cr_stats_own != NULL) {
        (void) ngx_atomic_fetch_add(&ngx_cr_stats_own->counters[stat], n);
    }
}


uint64_t
ngx_cr_stats_sum(ngx_uint_t stat)
{
    uint64_t    sum;
    ngx_uint_t  i;

    sum = 0;

    if (ngx_cr_stats != NULL) {
        for (i = 0; i < NGX_CR_STATS_STRIPES; i++) {
            sum += ngx_cr_stats->stripes[i].counters[stat];
        }
    }

    return sum;
}


uint64_t
ngx_cr_stats_uptime(void)
{
    int64_t  now;

    now = ngx_cr_stats_now();

    return (ngx_cr_stats != NULL && now > ngx_cr_stats->started_ms)
           ? now - ngx_cr_stats->started_ms : 0;
}


static int64_t
ngx_cr_stats_now(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (int64_t) tp->sec * 1000 + tp->msec;
}
