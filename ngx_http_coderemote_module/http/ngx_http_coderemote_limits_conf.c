
/* Directives of the limits of users: their values, merged. */


#include "ngx_http_coderemote_limits.h"


static ngx_int_t ngx_http_coderemote_limits_number(const ngx_str_t *value,
    const char *name, ngx_uint_t *number);


void
ngx_http_coderemote_limits_conf_create(
    ngx_http_coderemote_limits_conf_t *conf)
{
    conf->attempts = NGX_CONF_UNSET_PTR;
    conf->rate = NGX_CONF_UNSET_PTR;
    conf->max_sockets = NGX_CONF_UNSET_UINT;
}


char *
ngx_http_coderemote_limits_conf_merge(ngx_conf_t *cf,
    ngx_http_coderemote_limits_conf_t *prev,
    ngx_http_coderemote_limits_conf_t *conf)
{
    static ngx_cr_attempts_conf_t  attempts = { 5, 20, 15 * 60 * 1000 };

    ngx_conf_merge_ptr_value(conf->attempts, prev->attempts, &attempts);
    ngx_conf_merge_ptr_value(conf->rate, prev->rate, NULL);
    ngx_conf_merge_uint_value(conf->max_sockets, prev->max_sockets, 0);

    return NGX_CONF_OK;
}


/* off | [account=N] [address=N] [max=TIME] */

char *
ngx_http_coderemote_limits_auth(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_int_t                ms;
    ngx_str_t               *value, time;
    ngx_uint_t               i;
    ngx_cr_attempts_conf_t  *attempts, **place;

    place = (ngx_cr_attempts_conf_t **) ((u_char *) conf + cmd->offset);

    if (*place != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        *place = NULL;
        return NGX_CONF_OK;
    }

    attempts = ngx_palloc(cf->pool, sizeof(ngx_cr_attempts_conf_t));
    if (attempts == NULL) {
        return NGX_CONF_ERROR;
    }

    attempts->account = 5;
    attempts->address = 20;
    attempts->max = 15 * 60 * 1000;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_http_coderemote_limits_number(&value[i], "account=",
                                              &attempts->account)
            == NGX_OK
            || ngx_http_coderemote_limits_number(&value[i], "address=",
                                                 &attempts->address)
               == NGX_OK)
        {
            continue;
        }

        if (value[i].len > 4 && ngx_strncmp(value[i].data, "max=", 4) == 0) {
            time.data = value[i].data + 4;
            time.len = value[i].len - 4;

            ms = ngx_parse_time(&time, 0);

            if (ms != NGX_ERROR && ms >= 1000) {
                attempts->max = ms;
                continue;
            }
        }

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\": "
                           "account=N, address=N, max=TIME of 1s or more, or "
                           "off alone", &value[i]);
        return NGX_CONF_ERROR;
    }

    *place = attempts;

    return NGX_CONF_OK;
}


/* off | Nr/m | Nr/s, [burst=N] */

char *
ngx_http_coderemote_limits_rate(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    size_t                len;
    ngx_int_t             n;
    ngx_str_t            *value;
    ngx_uint_t            scale;
    ngx_cr_rate_conf_t   *rate, **place;

    place = (ngx_cr_rate_conf_t **) ((u_char *) conf + cmd->offset);

    if (*place != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        *place = NULL;
        return NGX_CONF_OK;
    }

    rate = ngx_palloc(cf->pool, sizeof(ngx_cr_rate_conf_t));
    if (rate == NULL) {
        return NGX_CONF_ERROR;
    }

    len = value[1].len;
    scale = 0;

    if (len > 3 && ngx_strncmp(value[1].data + len - 3, "r/m", 3) == 0) {
        scale = 1;

    } else if (len > 3 && ngx_strncmp(value[1].data + len - 3, "r/s", 3) == 0)
    {
        scale = 60;
    }

    n = (scale != 0) ? ngx_atoi(value[1].data, len - 3) : NGX_ERROR;

    if (n == NGX_ERROR || n == 0 || n > 1000000) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid rate \"%V\": "
                           "for example 10r/m or 5r/s, or off", &value[1]);
        return NGX_CONF_ERROR;
    }

    rate->per_minute = n * scale;
    rate->burst = 1;

    if (cf->args->nelts == 3
        && ngx_http_coderemote_limits_number(&value[2], "burst=", &rate->burst)
           != NGX_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\": burst=N", &value[2]);
        return NGX_CONF_ERROR;
    }

    *place = rate;

    return NGX_CONF_OK;
}


/* NGX_DECLINED: it is not name=N with N from 1 to a million */

static ngx_int_t
ngx_http_coderemote_limits_number(const ngx_str_t *value, const char *name,
    ngx_uint_t *number)
{
    size_t     len;
    ngx_int_t  n;

    len = ngx_strlen(name);

    if (value->len <= len || ngx_strncmp(value->data, name, len) != 0) {
        return NGX_DECLINED;
    }

    n = ngx_atoi(value->data + len, value->len - len);

    if (n == NGX_ERROR || n == 0 || n > 1000000) {
        return NGX_DECLINED;
    }

    *number = n;

    return NGX_OK;
}
