
/*
 * Counters of all nginx workers in a shared zone.  A process adds to its own
 * stripe, so that counting costs no contended cache line; GET /metrics sums.
 */


#ifndef _NGX_CR_STATS_H_INCLUDED_
#define _NGX_CR_STATS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef enum {
    NGX_CR_STAT_REQUESTS = 0,       /* to our own routes */
    NGX_CR_STAT_SUBMITTED,          /* jobs put into the ring */
    NGX_CR_STAT_CLIENT_GONE,        /* waited jobs cancelled for that */
    NGX_CR_STAT_POOL_LOST,
    NGX_CR_STAT_WS_OPENED,
    NGX_CR_STAT_WS_CLOSED,
    NGX_CR_STAT_WS_RECEIVED,        /* messages */
    NGX_CR_STAT_WS_SENT,
    NGX_CR_STAT_SSE_OPENED,
    NGX_CR_STAT_SSE_CLOSED,
    NGX_CR_STAT_OUTPUT_BYTES,       /* of jobs, streamed to clients */
    NGX_CR_STAT_JWKS_FETCHES,       /* begun */
    NGX_CR_STAT_JWKS_FAILED,        /* of them, or no usable set */
    NGX_CR_STAT_PROBLEMS,           /* first of one for each problem code */
    NGX_CR_STAT_AUTH = NGX_CR_STAT_PROBLEMS + 64,
                                    /* first of one for each outcome of
                                       looking at a token */
    NGX_CR_STAT_SIGN_IN = NGX_CR_STAT_AUTH + 32,
                                    /* first of one for each outcome of each
                                       route of /auth/ */
    NGX_CR_STAT_MAX = NGX_CR_STAT_SIGN_IN + 256
} ngx_cr_stat_e;


/* Configuration: makes the zone; tag is the module. */
ngx_int_t ngx_cr_stats_zone(ngx_conf_t *cf, void *tag);
/* Process init: a dead predecessor's open connections are closed. */
void ngx_cr_stats_init(void);

void ngx_cr_stats_add(ngx_uint_t stat, ngx_uint_t n);
uint64_t ngx_cr_stats_sum(ngx_uint_t stat);
/* Milliseconds since nginx was started; a reload does not change it. */
uint64_t ngx_cr_stats_uptime(void);


#endif /* _NGX_CR_STATS_H_INCLUDED_ */
