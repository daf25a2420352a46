
/* The module: directives, phases, process init and exit. */


#include "ngx_http_coderemote_auth.h"
#include "ngx_http_coderemote_conf.h"
#include "cr_slice.h"


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

    { ngx_string("coderemote_limit_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_coderemote_main_conf_t, limit_zone),
      NULL },

    { ngx_string("coderemote_auth_limit"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE123,
      ngx_http_coderemote_limits_auth,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, limits.attempts),
      NULL },

    { ngx_string("coderemote_execute_rate"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE12,
      ngx_http_coderemote_limits_rate,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, limits.rate),
      NULL },

    { ngx_string("coderemote_max_sockets_per_user"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, limits.max_sockets),
      NULL },

    { ngx_string("coderemote_audit_log"),
      NGX_HTTP_CODEREMOTE_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_coderemote_audit_log,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_coderemote_loc_conf_t, audit),
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

    if (ngx_cr_stats_zone(cf, &ngx_http_coderemote_module) != NGX_OK
        || ngx_http_coderemote_limits_zone(cf, cmcf->limit_zone,
                                           &ngx_http_coderemote_module)
           != NGX_OK)
    {
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

    if (cr_slice_short() == -1) {
        ngx_log_error(NGX_LOG_INFO, cycle->log, ngx_errno,
                      "no short time slices");
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

    ngx_http_coderemote_audit_done();
    ngx_cr_channel_done(&cmcf->pools);
    ngx_cr_jwks_done(&cmcf->keys);
    ngx_cr_curl_done();
    ngx_http_coderemote_auth_done();
    ngx_cr_drain_done();
}
