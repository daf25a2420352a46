
/* The configuration: made, merged and checked. */


#include "ngx_http_coderemote_conf.h"


static char *ngx_http_coderemote_check(ngx_conf_t *cf,
    ngx_http_coderemote_loc_conf_t *conf);
static char *ngx_http_coderemote_enable(ngx_conf_t *cf,
    ngx_http_coderemote_loc_conf_t *conf);
static ngx_cr_pool_t *ngx_http_coderemote_add_pool(ngx_conf_t *cf,
    ngx_str_t *name);


void *
ngx_http_coderemote_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_coderemote_main_conf_t  *cmcf;

    cmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_coderemote_main_conf_t));
    if (cmcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&cmcf->pools, cf->pool, 1, sizeof(ngx_cr_pool_t *))
        != NGX_OK
        || ngx_array_init(&cmcf->keys, cf->pool, 1, sizeof(ngx_cr_jwks_t *))
           != NGX_OK)
    {
        return NULL;
    }

    cmcf->jwt_cache = NGX_CONF_UNSET_SIZE;
    cmcf->limit_zone = NGX_CONF_UNSET_SIZE;

    return cmcf;
}


char *
ngx_http_coderemote_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_coderemote_main_conf_t *cmcf = conf;

    ngx_conf_init_size_value(cmcf->jwt_cache, 8 * 1024 * 1024);
    ngx_conf_init_size_value(cmcf->limit_zone, 1024 * 1024);

    if (cmcf->limit_zone < NGX_HTTP_CODEREMOTE_LIMITS_SIZE_MIN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"coderemote_limit_zone\" must be 256k or more");
        return NGX_CONF_ERROR;
    }

    if (cmcf->jwt_cache < NGX_HTTP_CODEREMOTE_JWT_CACHE_MIN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"coderemote_jwt_cache\" must not be under 64k");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


void *
ngx_http_coderemote_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_coderemote_loc_conf_t  *conf;

    conf = ngx_palloc(cf->pool, sizeof(ngx_http_coderemote_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->enable = NGX_CONF_UNSET;
    conf->pool = NGX_CONF_UNSET_PTR;
    conf->audit = NGX_CONF_UNSET_PTR;
    ngx_http_coderemote_auth_conf_create(&conf->auth);
    ngx_http_coderemote_cognito_conf_create(&conf->cognito);
    ngx_http_coderemote_limits_conf_create(&conf->limits);
    conf->max_code_size = NGX_CONF_UNSET_SIZE;
    conf->max_stdin_size = NGX_CONF_UNSET_SIZE;
    conf->max_body_size = NGX_CONF_UNSET_SIZE;
    conf->default_timeout = NGX_CONF_UNSET_MSEC;
    conf->max_timeout = NGX_CONF_UNSET_MSEC;
    conf->wait_timeout = NGX_CONF_UNSET_MSEC;
    conf->max_jobs = NGX_CONF_UNSET_UINT;
    conf->allow_hosts = NGX_CONF_UNSET_PTR;
    conf->allow_origins = NGX_CONF_UNSET_PTR;
    conf->ws_max_message = NGX_CONF_UNSET_SIZE;
    conf->ws_buffer = NGX_CONF_UNSET_SIZE;
    conf->ws_max_jobs = NGX_CONF_UNSET_UINT;
    conf->ws_ping_interval = NGX_CONF_UNSET_MSEC;
    conf->ws_timeout = NGX_CONF_UNSET_MSEC;
    conf->ws_deflate = NGX_CONF_UNSET;

    return conf;
}


char *
ngx_http_coderemote_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_coderemote_loc_conf_t *prev = parent;
    ngx_http_coderemote_loc_conf_t *conf = child;

    ngx_http_coderemote_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_coderemote_module);

    ngx_conf_merge_value(conf->enable, prev->enable, 0);
    ngx_conf_merge_ptr_value(conf->pool, prev->pool, NULL);
    ngx_conf_merge_ptr_value(conf->audit, prev->audit, NULL);
    ngx_conf_merge_size_value(conf->max_code_size, prev->max_code_size,
                              64 * 1024);
    ngx_conf_merge_size_value(conf->max_stdin_size, prev->max_stdin_size,
                              1024 * 1024);
    ngx_conf_merge_size_value(conf->max_body_size, prev->max_body_size,
                              4 * 1024 * 1024);
    ngx_conf_merge_msec_value(conf->default_timeout, prev->default_timeout, 0);
    ngx_conf_merge_msec_value(conf->max_timeout, prev->max_timeout, 0);
    ngx_conf_merge_msec_value(conf->wait_timeout, prev->wait_timeout, 120000);
    ngx_conf_merge_uint_value(conf->max_jobs, prev->max_jobs, 0);
    ngx_conf_merge_ptr_value(conf->allow_hosts, prev->allow_hosts, NULL);
    ngx_conf_merge_ptr_value(conf->allow_origins, prev->allow_origins, NULL);
    ngx_conf_merge_size_value(conf->ws_max_message, prev->ws_max_message,
                              4 * 1024 * 1024);
    ngx_conf_merge_size_value(conf->ws_buffer, prev->ws_buffer, 64 * 1024);
    ngx_conf_merge_uint_value(conf->ws_max_jobs, prev->ws_max_jobs, 64);
    ngx_conf_merge_msec_value(conf->ws_ping_interval, prev->ws_ping_interval,
                              30000);
    ngx_conf_merge_msec_value(conf->ws_timeout, prev->ws_timeout, 75000);
    ngx_conf_merge_value(conf->ws_deflate, prev->ws_deflate, 1);

    if (ngx_http_coderemote_auth_conf_merge(cf, &cmcf->keys,
                                            &ngx_http_coderemote_module,
                                            &prev->auth, &conf->auth)
        != NGX_CONF_OK
        || ngx_http_coderemote_cognito_conf_merge(cf, conf->auth.auth,
                                                  &prev->cognito,
                                                  &conf->cognito)
           != NGX_CONF_OK
        || ngx_http_coderemote_limits_conf_merge(cf, &prev->limits,
                                                 &conf->limits)
           != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->auth.auth != NULL) {
        cmcf->enabled = 1;
    }

    if (!conf->enable) {
        return NGX_CONF_OK;
    }

    if (ngx_http_coderemote_check(cf, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_coderemote_enable(cf, conf);
}


/* values that make sense alone and not together */

static char *
ngx_http_coderemote_check(ngx_conf_t *cf,
    ngx_http_coderemote_loc_conf_t *conf)
{
    if (conf->default_timeout != 0 && conf->max_timeout != 0
        && conf->default_timeout > conf->max_timeout)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"coderemote_default_timeout\" must not be over "
                           "\"coderemote_max_timeout\"");
        return NGX_CONF_ERROR;
    }

    if (conf->max_body_size < conf->max_code_size) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"coderemote_max_body_size\" must not be less than "
                           "\"coderemote_max_code_size\"");
        return NGX_CONF_ERROR;
    }

    if (conf->ws_timeout <= conf->ws_ping_interval) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"coderemote_ws_timeout\" must be over "
                           "\"coderemote_ws_ping_interval\"");
        return NGX_CONF_ERROR;
    }

    if (conf->wait_timeout == 0 || conf->ws_max_jobs == 0
        || conf->ws_max_message == 0
        || conf->ws_buffer < NGX_HTTP_CODEREMOTE_WS_BUFFER_MIN)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"coderemote_wait_timeout\", "
                           "\"coderemote_ws_max_jobs\" and "
                           "\"coderemote_ws_max_message_size\" must not be 0, "
                           "\"coderemote_ws_buffer_size\" not under 4k");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_coderemote_enable(ngx_conf_t *cf,
    ngx_http_coderemote_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t         *clcf;
    ngx_http_coderemote_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_coderemote_module);
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    cmcf->enabled = 1;

    if (conf->pool == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"coderemote\" is on but there is no "
                           "\"coderemote_pool\": add, for example, "
                           "\"coderemote_pool unix:/run/coderemote/pool.sock"
                           "\"");
        return NGX_CONF_ERROR;
    }

    /* our routes have a limit, and an answer, of their own */

    if (clcf->client_max_body_size != 0
        && clcf->client_max_body_size < NGX_HTTP_CODEREMOTE_BODY_REFUSED)
    {
        clcf->client_max_body_size = NGX_HTTP_CODEREMOTE_BODY_REFUSED;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_coderemote_pool(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                       *value;
    ngx_http_coderemote_loc_conf_t  *clcf = conf;

    if (clcf->pool != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    clcf->pool = ngx_http_coderemote_add_pool(cf, &value[1]);

    return (clcf->pool != NULL) ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* one channel a pool, however many locations name it */

static ngx_cr_pool_t *
ngx_http_coderemote_add_pool(ngx_conf_t *cf, ngx_str_t *name)
{
    ngx_str_t                         path;
    ngx_uint_t                        i;
    ngx_cr_pool_t                    *pool, **slot;
    ngx_http_coderemote_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_coderemote_module);

    if (name->len <= 5 || ngx_strncmp(name->data, "unix:", 5) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid pool \"%V\": must be unix:PATH", name);
        return NULL;
    }

    path.data = name->data + 5;
    path.len = name->len - 5;

    if (ngx_conf_full_name(cf->cycle, &path, 0) != NGX_OK) {
        return NULL;
    }

    if (path.len >= sizeof(((struct sockaddr_un *) NULL)->sun_path)) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the path of pool \"%V\" is too long", name);
        return NULL;
    }

    slot = cmcf->pools.elts;

    for (i = 0; i < cmcf->pools.nelts; i++) {
        if (slot[i]->path.len == path.len
            && ngx_memcmp(slot[i]->path.data, path.data, path.len) == 0)
        {
            return slot[i];
        }
    }

    pool = ngx_pcalloc(cf->pool, sizeof(ngx_cr_pool_t));
    slot = ngx_array_push(&cmcf->pools);

    if (pool == NULL || slot == NULL) {
        return NULL;
    }

    pool->name = *name;
    pool->path = path;

    *slot = pool;

    return pool;
}


/* a list of ngx_str_t at cmd->offset; "*" stands first in a name or not */

char *
ngx_http_coderemote_names(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t    *value, *name;
    ngx_uint_t    i;
    ngx_array_t **names;

    names = (ngx_array_t **) ((u_char *) conf + cmd->offset);

    if (*names == NGX_CONF_UNSET_PTR) {
        *names = ngx_array_create(cf->pool, 4, sizeof(ngx_str_t));
        if (*names == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (value[i].len == 0
            || ngx_strlchr(value[i].data + 1, value[i].data + value[i].len,
                           '*') != NULL
            || (value[i].data[0] == '*' && value[i].len > 1
                && value[i].data[1] != '.'))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid value \"%V\": a name, \"*.name\" or "
                               "\"*\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        name = ngx_array_push(*names);
        if (name == NULL) {
            return NGX_CONF_ERROR;
        }

        *name = value[i];
    }

    return NGX_CONF_OK;
}


char *
ngx_http_coderemote_check_size(ngx_conf_t *cf, void *post, void *data)
{
    size_t *sp = data;

    if (*sp == 0 || *sp > NGX_HTTP_CODEREMOTE_CODE_SIZE_MAX) {
        return "must be from 1 byte to 1m";
    }

    return NGX_CONF_OK;
}
