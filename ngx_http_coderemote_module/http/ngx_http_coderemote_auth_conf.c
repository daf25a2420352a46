
/* Directives of authentication: their values, merged and made a policy. */


#include "ngx_http_coderemote_auth_conf.h"


static ngx_uint_t ngx_http_coderemote_auth_same(
    const ngx_http_coderemote_auth_conf_t *a,
    const ngx_http_coderemote_auth_conf_t *b);
static ngx_uint_t ngx_http_coderemote_auth_equal(const ngx_str_t *a,
    const ngx_str_t *b);
static char *ngx_http_coderemote_auth_check(ngx_conf_t *cf,
    ngx_http_coderemote_auth_conf_t *conf);
static ngx_http_coderemote_auth_t *ngx_http_coderemote_auth_make(
    ngx_conf_t *cf, ngx_array_t *keys, void *tag,
    ngx_http_coderemote_auth_conf_t *conf);
static ngx_uint_t ngx_http_coderemote_auth_any(ngx_array_t *audiences);


ngx_conf_enum_t  ngx_http_coderemote_auth_modes[] = {
    { ngx_string("off"), NGX_HTTP_CODEREMOTE_AUTH_OFF },
    { ngx_string("jwt"), NGX_HTTP_CODEREMOTE_AUTH_JWT },
    { ngx_null_string, 0 }
};


ngx_conf_enum_t  ngx_http_coderemote_auth_uses[] = {
    { ngx_string("off"), NGX_CR_JWT_USE_OFF },
    { ngx_string("access"), NGX_CR_JWT_USE_ACCESS },
    { ngx_string("id"), NGX_CR_JWT_USE_ID },
    { ngx_string("either"), NGX_CR_JWT_USE_EITHER },
    { ngx_null_string, 0 }
};


ngx_conf_bitmask_t  ngx_http_coderemote_auth_algs[] = {
    { ngx_string("RS256"), NGX_CR_JWK_RS256 },
    { ngx_string("ES256"), NGX_CR_JWK_ES256 },
    { ngx_null_string, 0 }
};


/* in a policy's id: tokens are remembered by it */

static uint64_t  ngx_http_coderemote_auth_number;


void
ngx_http_coderemote_auth_conf_create(ngx_http_coderemote_auth_conf_t *conf)
{
    ngx_memzero(conf, sizeof(ngx_http_coderemote_auth_conf_t));

    conf->mode = NGX_CONF_UNSET_UINT;
    conf->audiences = NGX_CONF_UNSET_PTR;
    conf->token_use = NGX_CONF_UNSET_UINT;
    conf->leeway = NGX_CONF_UNSET;
    conf->groups = NGX_CONF_UNSET_PTR;
    conf->scopes = NGX_CONF_UNSET_PTR;
}


char *
ngx_http_coderemote_auth_conf_merge(ngx_conf_t *cf, ngx_array_t *keys,
    void *tag, ngx_http_coderemote_auth_conf_t *prev,
    ngx_http_coderemote_auth_conf_t *conf)
{
    ngx_conf_merge_uint_value(conf->mode, prev->mode,
                              NGX_HTTP_CODEREMOTE_AUTH_OFF);
    ngx_conf_merge_str_value(conf->issuer, prev->issuer, "");
    ngx_conf_merge_ptr_value(conf->audiences, prev->audiences, NULL);
    ngx_conf_merge_uint_value(conf->token_use, prev->token_use,
                              NGX_CR_JWT_USE_OFF);
    ngx_conf_merge_bitmask_value(conf->algs, prev->algs,
                                 (NGX_CONF_BITMASK_SET|NGX_CR_JWK_RS256));
    ngx_conf_merge_sec_value(conf->leeway, prev->leeway, 10);
    ngx_conf_merge_ptr_value(conf->groups, prev->groups, NULL);
    ngx_conf_merge_str_value(conf->groups_claim, prev->groups_claim,
                             "cognito:groups");
    ngx_conf_merge_ptr_value(conf->scopes, prev->scopes, NULL);
    ngx_conf_merge_str_value(conf->cookie, prev->cookie, "");

    if (conf->jwks_file.data == NULL && conf->jwks_uri == NULL) {
        conf->jwks_file = prev->jwks_file;
        conf->jwks_uri = prev->jwks_uri;
    }

    if (conf->claims == NULL) {
        conf->claims = prev->claims;
    }

    if (conf->mode != NGX_HTTP_CODEREMOTE_AUTH_JWT) {
        return NGX_CONF_OK;
    }

    if (prev->auth != NULL && ngx_http_coderemote_auth_same(prev, conf)) {
        conf->auth = prev->auth;
        return NGX_CONF_OK;
    }

    if (ngx_http_coderemote_auth_check(cf, conf) != NGX_CONF_OK) {
        return NGX_CONF_ERROR;
    }

    conf->auth = ngx_http_coderemote_auth_make(cf, keys, tag, conf);

    return (conf->auth != NULL) ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* inherited arrays are the same ones */

static ngx_uint_t
ngx_http_coderemote_auth_same(const ngx_http_coderemote_auth_conf_t *a,
    const ngx_http_coderemote_auth_conf_t *b)
{
    return a->audiences == b->audiences
           && a->token_use == b->token_use
           && a->algs == b->algs
           && a->leeway == b->leeway
           && a->claims == b->claims
           && a->groups == b->groups
           && a->scopes == b->scopes
           && a->jwks_uri == b->jwks_uri
           && ngx_http_coderemote_auth_equal(&a->issuer, &b->issuer)
           && ngx_http_coderemote_auth_equal(&a->jwks_file, &b->jwks_file)
           && ngx_http_coderemote_auth_equal(&a->groups_claim,
                                             &b->groups_claim)
           && ngx_http_coderemote_auth_equal(&a->cookie, &b->cookie);
}


static ngx_uint_t
ngx_http_coderemote_auth_equal(const ngx_str_t *a, const ngx_str_t *b)
{
    return a->len == b->len && ngx_memcmp(a->data, b->data, a->len) == 0;
}


static char *
ngx_http_coderemote_auth_check(ngx_conf_t *cf,
    ngx_http_coderemote_auth_conf_t *conf)
{
    const char  *missing;

    missing = NULL;

    if (conf->issuer.len == 0) {
        missing = "coderemote_jwt_issuer";

    } else if (conf->audiences == NULL) {
        missing = "coderemote_jwt_audience";

    } else if (conf->jwks_file.len == 0 && conf->jwks_uri == NULL) {
        missing = "coderemote_jwt_jwks_uri\" or \"coderemote_jwt_jwks_file";
    }

    if (missing != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"coderemote_auth jwt\" needs \"%s\"", missing);
        return NGX_CONF_ERROR;
    }

    if (conf->jwks_file.len != 0 && conf->jwks_uri != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"coderemote_jwt_jwks_uri\" and "
                           "\"coderemote_jwt_jwks_file\" exclude each other");
        return NGX_CONF_ERROR;
    }

    if (conf->leeway > NGX_HTTP_CODEREMOTE_LEEWAY_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"coderemote_jwt_leeway\" must not be over %ds",
                           NGX_HTTP_CODEREMOTE_LEEWAY_MAX);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_http_coderemote_auth_t *
ngx_http_coderemote_auth_make(ngx_conf_t *cf, ngx_array_t *keys, void *tag,
    ngx_http_coderemote_auth_conf_t *conf)
{
    ngx_cr_jwt_policy_t         *policy;
    ngx_http_coderemote_auth_t  *auth;

    auth = ngx_pcalloc(cf->pool, sizeof(ngx_http_coderemote_auth_t));
    if (auth == NULL) {
        return NULL;
    }

    auth->keys = (conf->jwks_uri != NULL)
                 ? ngx_cr_jwks_uri(cf, keys, conf->jwks_uri, tag)
                 : ngx_cr_jwks_file(cf, keys, &conf->jwks_file);
    if (auth->keys == NULL) {
        return NULL;
    }

    auth->cookie = conf->cookie;

    policy = &auth->policy;

    ngx_cr_jwt_policy_init(policy);

    policy->id = ++ngx_http_coderemote_auth_number;
    policy->issuer = conf->issuer;
    policy->audiences = conf->audiences;
    policy->any_audience = ngx_http_coderemote_auth_any(conf->audiences);
    policy->token_use = conf->token_use;
    policy->algs = conf->algs & (NGX_CR_JWK_RS256|NGX_CR_JWK_ES256);
    policy->leeway = conf->leeway;
    policy->claims = conf->claims;
    policy->groups = conf->groups;
    policy->groups_claim = conf->groups_claim;
    policy->scopes = conf->scopes;

    return auth;
}


ngx_http_coderemote_auth_t *
ngx_http_coderemote_auth_conf_id(ngx_conf_t *cf,
    const ngx_http_coderemote_auth_t *auth)
{
    ngx_http_coderemote_auth_t  *id;

    id = ngx_palloc(cf->pool, sizeof(ngx_http_coderemote_auth_t));
    if (id == NULL) {
        return NULL;
    }

    *id = *auth;

    id->policy.id = ++ngx_http_coderemote_auth_number;
    id->policy.token_use = NGX_CR_JWT_USE_ID;
    id->policy.claims = NULL;
    id->policy.groups = NULL;
    id->policy.scopes = NULL;

    return id;
}


static ngx_uint_t
ngx_http_coderemote_auth_any(ngx_array_t *audiences)
{
    ngx_str_t   *value;
    ngx_uint_t   i;

    value = audiences->elts;

    for (i = 0; i < audiences->nelts; i++) {
        if (value[i].len == 1 && value[i].data[0] == '*') {
            return 1;
        }
    }

    return 0;
}


char *
ngx_http_coderemote_auth_list(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t     *value, *item;
    ngx_uint_t     i;
    ngx_array_t  **list;

    list = (ngx_array_t **) ((u_char *) conf + cmd->offset);

    if (*list == NGX_CONF_UNSET_PTR) {
        *list = ngx_array_create(cf->pool, 4, sizeof(ngx_str_t));
        if (*list == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (value[i].len == 0) {
            return "must not have an empty value";
        }

        item = ngx_array_push(*list);
        if (item == NULL) {
            return NGX_CONF_ERROR;
        }

        *item = value[i];
    }

    return NGX_CONF_OK;
}
