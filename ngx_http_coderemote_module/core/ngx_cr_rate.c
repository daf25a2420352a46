
/* Token buckets in a shared table; see the header. */


#include "ngx_cr_rate.h"


#define NGX_CR_RATE_TOKEN  60000


static ngx_msec_t ngx_cr_rate_time(ngx_uint_t amount, ngx_uint_t per_minute);


ngx_int_t
ngx_cr_rate_take(ngx_cr_table_t *table, const ngx_cr_rate_conf_t *conf,
    const ngx_cr_table_key_t *key, ngx_msec_t now, ngx_cr_rate_state_t *state)
{
    ngx_int_t             rc;
    ngx_uint_t            size, given;
    ngx_msec_int_t        passed;
    ngx_cr_rate_value_t  *value;

    size = conf->burst * NGX_CR_RATE_TOKEN;
    value = ngx_cr_table_get(table, key);

    /* another process may be a moment ahead; a reload may lower burst */

    passed = (ngx_msec_int_t) (now - value->last);

    if (passed > 0) {
        given = ((ngx_uint_t) passed < size)
                ? (ngx_uint_t) passed * conf->per_minute : size;

        value->spent -= ngx_min(given, value->spent);
        value->last = now;
    }

    value->spent = ngx_min(value->spent, size);

    rc = (value->spent + NGX_CR_RATE_TOKEN <= size) ? NGX_OK : NGX_BUSY;

    if (rc == NGX_OK) {
        value->spent += NGX_CR_RATE_TOKEN;
    }

    state->remaining = (size - value->spent) / NGX_CR_RATE_TOKEN;
    state->full = ngx_cr_rate_time(value->spent, conf->per_minute);
    state->next = (state->remaining != 0) ? 0
                  : ngx_cr_rate_time(value->spent + NGX_CR_RATE_TOKEN - size,
                                     conf->per_minute);
    return rc;
}


static ngx_msec_t
ngx_cr_rate_time(ngx_uint_t amount, ngx_uint_t per_minute)
{
    return (amount + per_minute - 1) / per_minute;
}
