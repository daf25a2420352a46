
/*
 * How often a user may do something: a bucket that holds burst tokens and gets
 * new ones at a rate; what finds it empty is refused.
 */


#ifndef _NGX_CR_RATE_H_INCLUDED_
#define _NGX_CR_RATE_H_INCLUDED_


#include "ngx_cr_table.h"


typedef struct {
    ngx_uint_t                   per_minute;    /* 0: any number */
    ngx_uint_t                   burst;         /* > 0 */
} ngx_cr_rate_conf_t;


/* the value of an entry */

typedef struct {
    ngx_uint_t                   spent;     /* of the bucket, in 1/60000 of a
                                               token: a rate of one a minute
                                               gives one back in a ms */
    ngx_msec_t                   last;
} ngx_cr_rate_value_t;


typedef struct {
    ngx_uint_t                   remaining; /* tokens */
    ngx_msec_t                   next;      /* until there is one; 0: now */
    ngx_msec_t                   full;      /* until all are back */
} ngx_cr_rate_state_t;


/* Takes a token: NGX_OK, or NGX_BUSY when there is none; state is filled. */
ngx_int_t ngx_cr_rate_take(ngx_cr_table_t *table,
    const ngx_cr_rate_conf_t *conf, const ngx_cr_table_key_t *key,
    ngx_msec_t now, ngx_cr_rate_state_t *state);


#endif /* _NGX_CR_RATE_H_INCLUDED_ */
