
/* The module: directives, configuration, phases, process init and exit. */


#include "ngx_http_coderemote_auth.h"


static void *ngx_http_coderemote_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_coderemote_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_http_coderemote_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_coderemote_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_http_coderemote_check(ngx_conf_t *cf,
    ngx_http_coderemote_loc_conf_t *conf);
static char *ngx_http_coderemote_enable(ngx_conf_t *cf,
    ngx_http_coderemote_loc_conf_t *conf);
static char *ngx_http_coderemote_pool(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_cr_pool_t *ngx_http_coderemote_add_pool(ngx_conf_t *cf,
    ngx_str_t *name);
static char *ngx_http_coderemote_names(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_coderemote_check_size(ngx_conf_t *cf, void *post,
    void *data);
static ngx_int_t ngx_http_coderemote_postconfiguration(ngx_conf_t *cf);
static ngx_int_t ngx_http_coderemote_init_process(ngx_cycle_t *cycle);
static void ngx_http_coderemote_exit_process(ngx_cycle_t *cycle);


#define NGX_HTTP_CODEREMOTE_ANY_CONF                                          \
    (NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF)


static ngx_conf_post_t  ngx_http_coderemote_code_size_post = {
    ngx_http_coderemote_check_size
};


static ngx_command_t  ngx_http_coderemote_commands[] = {

    { ngx_string("coderemote"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, enable),
      NULL },

    { ngx_string("coderemote_pool"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_coderemote_pool,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("coderemote_auth"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, auth.mode),
      &ngx_http_coderemote_auth_modes },

    { ngx_string("coderemote_auth_cookie"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, auth.cookie),
      NULL },

    { ngx_string("coderemote_jwt_issuer"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, auth.issuer),
      NULL },

    { ngx_string("coderemote_jwt_audience"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_coderemote_auth_list,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, auth.audiences),
      NULL },

    { ngx_string("coderemote_jwt_token_use"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, auth.token_use),
      &ngx_http_coderemote_auth_uses },

    { ngx_string("coderemote_jwt_algorithm"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_1MORE,
      ngx_conf_set_bitmask_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, auth.algs),
      &ngx_http_coderemote_auth_algs },

    { ngx_string("coderemote_jwt_jwks_file"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, auth.jwks_file),
      NULL },

    { ngx_string("coderemote_jwt_jwks_uri"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_coderemote_auth_uri,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, auth.jwks_uri),
      NULL },

    { ngx_string("coderemote_jwt_leeway"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_sec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, auth.leeway),
      NULL },

    { ngx_string("coderemote_jwt_required_claim"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE2,
      ngx_conf_set_keyval_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, auth.claims),
      NULL },

    { ngx_string("coderemote_jwt_required_group"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_coderemote_auth_list,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, auth.groups),
      NULL },

    { ngx_string("coderemote_jwt_required_scope"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_coderemote_auth_list,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, auth.scopes),
      NULL },

    { ngx_string("coderemote_jwt_groups_claim"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, auth.groups_claim),
      NULL },

    { ngx_string("coderemote_jwt_cache"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_coderemote_main_conf_t, jwt_cache),
      NULL },

    { ngx_string("coderemote_cognito_endpoint"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE12,
      ngx_http_coderemote_cognito_endpoint,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, cognito.endpoint),
      NULL },

    { ngx_string("coderemote_cognito_client_id"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, cognito.client_id),
      NULL },

    { ngx_string("coderemote_cognito_client_secret_file"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, cognito.secret_file),
      NULL },

    { ngx_string("coderemote_cognito_ca_file"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, cognito.ca_file),
      NULL },

    { ngx_string("coderemote_cognito_timeout"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, cognito.timeout),
      NULL },

    { ngx_string("coderemote_max_code_size"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, max_code_size),
      &ngx_http_coderemote_code_size_post },

    { ngx_string("coderemote_max_stdin_size"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, max_stdin_size),
      NULL },

    { ngx_string("coderemote_max_body_size"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, max_body_size),
      NULL },

    { ngx_string("coderemote_default_timeout"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, default_timeout),
      NULL },

    { ngx_string("coderemote_max_timeout"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, max_timeout),
      NULL },

    { ngx_string("coderemote_wait_timeout"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, wait_timeout),
      NULL },

    { ngx_string("coderemote_max_jobs_per_user"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, max_jobs),
      NULL },

    { ngx_string("coderemote_allow_host"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_coderemote_names,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, allow_hosts),
      NULL },

    { ngx_string("coderemote_allow_origin"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_coderemote_names,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, allow_origins),
      NULL },

    { ngx_string("coderemote_ws_max_message_size"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, ws_max_message),
      NULL },

    { ngx_string("coderemote_ws_buffer_size"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, ws_buffer),
      NULL },

    { ngx_string("coderemote_ws_max_jobs"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, ws_max_jobs),
      NULL },

    { ngx_string("coderemote_ws_ping_interval"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, ws_ping_interval),
      NULL },

    { ngx_string("coderemote_ws_timeout"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, ws_timeout),
      NULL },

    { ngx_string("coderemote_ws_deflate"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, ws_deflate),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_coderemote_module_ctx = {
    ngx_http_coderemote_add_variables,     /* preconfiguration */
    ngx_http_coderemote_postconfiguration, /* postconfiguration */

    ngx_http_coderemote_create_main_conf,  /* create main configuration */
    ngx_http_coderemote_init_main_conf,    /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_coderemote_create_loc_conf,   /* create location configuration */
    ngx_http_coderemote_merge_loc_conf     /* merge location configuration */
};


ngx_module_t  ngx_http_coderemote_module = {
    NGX_MODULE_V1,
    &ngx_http_coderemote_module_ctx,       /* module context */
    ngx_http_coderemote_commands,          /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_coderemote_init_process,      /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_coderemote_exit_process,      /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
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

    return cmcf;
}


static char *
ngx_http_coderemote_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_coderemote_main_conf_t *cmcf = conf;

    ngx_conf_init_size_value(cmcf->jwt_cache, 8 * 1024 * 1024);

    if (cmcf->jwt_cache < NGX_HTTP_CODEREMOTE_JWT_CACHE_MIN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"coderemote_jwt_cache\" must not be under 64k");
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static void *
ngx_http_coderemote_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_coderemote_loc_conf_t  *conf;

    conf = ngx_palloc(cf->pool, sizeof(ngx_http_coderemote_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->enable = NGX_CONF_UNSET;
    conf->pool = NGX_CONF_UNSET_PTR;
    ngx_http_coderemote_auth_conf_create(&conf->auth);
    ngx_http_coderemote_cognito_conf_create(&conf->cognito);
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


static char *
ngx_http_coderemote_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_coderemote_loc_conf_t *prev = parent;
    ngx_http_coderemote_loc_conf_t *conf = child;

    ngx_http_coderemote_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_coderemote_module);

    ngx_conf_merge_value(conf->enable, prev->enable, 0);
    ngx_conf_merge_ptr_value(conf->pool, prev->pool, NULL);
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


static char *
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

static char *
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


static char *
ngx_http_coderemote_check_size(ngx_conf_t *cf, void *post, void *data)
{
    size_t *sp = data;

    if (*sp == 0 || *sp > NGX_HTTP_CODEREMOTE_CODE_SIZE_MAX) {
        return "must be from 1 byte to 1m";
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_coderemote_postconfiguration(ngx_conf_t *cf)
{
    ngx_http_handler_pt              *h;
    ngx_http_core_main_conf_t        *core;
    ngx_http_coderemote_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_coderemote_module);

    if (!cmcf->enabled) {
        return NGX_OK;
    }

    if (ngx_cr_stats_zone(cf, &ngx_http_coderemote_module) != NGX_OK) {
        return NGX_ERROR;
    }

    core = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&core->phases[NGX_HTTP_ACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_coderemote_access;

    h = ngx_array_push(&core->phases[NGX_HTTP_CONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_coderemote_handler;

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_init_process(ngx_cycle_t *cycle)
{
    ngx_http_coderemote_main_conf_t  *cmcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    cmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_coderemote_module);

    if (cmcf == NULL || !cmcf->enabled) {
        return NGX_OK;
    }

    ngx_cr_stats_init();

    if (ngx_http_coderemote_auth_init(cycle, cmcf->jwt_cache) != NGX_OK
        || ngx_cr_drain_init(cycle) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_cr_jwks_start(&cmcf->keys, cycle->log);

    return ngx_cr_channel_init(cycle, &cmcf->pools);
}


static void
ngx_http_coderemote_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_coderemote_main_conf_t  *cmcf;

    cmcf = ngx_http_cycle_get_module_main_conf(cycle,
                                               ngx_http_coderemote_module);

    if (cmcf == NULL || !cmcf->enabled) {
        return;
    }

    ngx_cr_channel_done(&cmcf->pools);
    ngx_cr_jwks_done(&cmcf->keys);
    ngx_cr_curl_done();
    ngx_http_coderemote_auth_done();
    ngx_cr_drain_done();
}
