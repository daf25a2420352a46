
/* Attempts to sign in, counted; see the header. */


#include "ngx_cr_attempts.h"


#define NGX_CR_ATTEMPTS_ACCOUNT_MAX  512
#define NGX_CR_ATTEMPTS_STEP         1000   /* the first wait, ms */

#define NGX_CR_ATTEMPTS_OF_ACCOUNT   'a'
#define NGX_CR_ATTEMPTS_OF_ADDRESS   'i'
#define NGX_CR_ATTEMPTS_OF_PAIR      'p'


static ngx_msec_t ngx_cr_attempts_wait(ngx_cr_attempts_value_t *value,
    ngx_msec_t max, ngx_msec_t now);
static void ngx_cr_attempts_count(ngx_cr_attempts_value_t *value,
    ngx_uint_t allowed, ngx_msec_t max, ngx_msec_t now);
static void ngx_cr_attempts_take_back(ngx_cr_table_t *table,
    const ngx_cr_table_key_t *key);


ngx_int_t
ngx_cr_attempts_who(const ngx_cr_table_t *table, const ngx_str_t *account,
    const ngx_str_t *address, ngx_cr_attempts_who_t *who)
{
    u_char     *p, *last;
    u_char      lower[NGX_CR_ATTEMPTS_ACCOUNT_MAX];
    ngx_str_t   name, from;

    /* Ada@example.com and ada@example.com are one account */

    p = account->data;
    last = p + account->len;

    while (p < last && *p == ' ') {
        p++;
    }

    while (last > p && last[-1] == ' ') {
        last--;
    }

    name.data = lower;
    name.len = ngx_min((size_t) (last - p), sizeof(lower));
    ngx_strlow(lower, p, name.len);

    from = *address;

    if (from.len == 16) {
        from.len = 8;
    }

    if (ngx_cr_table_key(table, NGX_CR_ATTEMPTS_OF_ACCOUNT, &name, NULL,
                         &who->account)
        != NGX_OK
        || ngx_cr_table_key(table, NGX_CR_ATTEMPTS_OF_ADDRESS, &from, NULL,
                            &who->address)
           != NGX_OK
        || ngx_cr_table_key(table, NGX_CR_ATTEMPTS_OF_PAIR, &name, &from,
                            &who->pair)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_msec_t
ngx_cr_attempts_begin(ngx_cr_table_t *table,
    const ngx_cr_attempts_conf_t *conf, const ngx_cr_attempts_who_t *who,
    ngx_msec_t now)
{
    ngx_msec_t                wait, other;
    ngx_cr_attempts_value_t  *account, *address;

    /* the address first: the account must not push it out of the table */

    address = ngx_cr_table_get(table, &who->address);
    account = ngx_cr_table_find(table, &who->pair);

    if (account == NULL || !account->known) {
        account = ngx_cr_table_get(table, &who->account);
    }

    wait = ngx_cr_attempts_wait(address, conf->max, now);
    other = ngx_cr_attempts_wait(account, conf->max, now);

    if (wait != 0 || other != 0) {
        return ngx_max(wait, other);
    }

    ngx_cr_attempts_count(address, conf->address, conf->max, now);
    ngx_cr_attempts_count(account, conf->account, conf->max, now);

    return 0;
}


static ngx_msec_t
ngx_cr_attempts_wait(ngx_cr_attempts_value_t *value, ngx_msec_t max,
    ngx_msec_t now)
{
    ngx_msec_t  idle, wait;

    if (value->count == 0) {
        return 0;
    }

    /* another process may be a moment ahead, a reload may lower max */

    if ((ngx_msec_int_t) (value->until - now) > 0) {
        wait = value->until - now;
        return ngx_min(wait, max);
    }

    idle = (now - value->until) / max;

    if (idle != 0) {
        value->count = (idle < 8 * sizeof(ngx_uint_t))
                       ? value->count >> idle : 0;
        value->until += idle * max;
    }

    return 0;
}


static void
ngx_cr_attempts_count(ngx_cr_attempts_value_t *value, ngx_uint_t allowed,
    ngx_msec_t max, ngx_msec_t now)
{
    ngx_msec_t  wait;
    ngx_uint_t  over;

    value->count++;
    value->until = now;

    if (value->count < allowed) {
        return;
    }

    over = value->count - allowed;

    wait = (over < 20) ? (ngx_msec_t) NGX_CR_ATTEMPTS_STEP << over : max;

    value->until = now + ngx_min(wait, max);
}


void
ngx_cr_attempts_right(ngx_cr_table_t *table, const ngx_cr_attempts_who_t *who,
    ngx_msec_t now)
{
    ngx_cr_attempts_value_t  *value;

    ngx_cr_attempts_take_back(table, &who->address);

    value = ngx_cr_table_find(table, &who->account);
    if (value != NULL) {
        ngx_cr_table_drop(table, value);
    }

    value = ngx_cr_table_get(table, &who->pair);

    value->known = 1;
    value->count = 0;
    value->until = now;
}


void
ngx_cr_attempts_undo(ngx_cr_table_t *table, const ngx_cr_attempts_who_t *who)
{
    ngx_cr_attempts_value_t  *value;

    ngx_cr_attempts_take_back(table, &who->address);

    value = ngx_cr_table_find(table, &who->pair);

    ngx_cr_attempts_take_back(table, (value != NULL && value->known)
                                     ? &who->pair : &who->account);
}


static void
ngx_cr_attempts_take_back(ngx_cr_table_t *table,
    const ngx_cr_table_key_t *key)
{
    ngx_cr_attempts_value_t  *value;

    value = ngx_cr_table_find(table, key);

    if (value != NULL && value->count != 0) {
        value->count--;
    }
}
