
/*
 * Variables.  They say who asks, in every phase: nobody has to have looked at
 * the token before, so limit_req and map may come first.  Empty are those of
 * a request without a good token, and of locations with coderemote_auth off.
 */


#include "ngx_http_coderemote_auth.h"


static ngx_int_t ngx_http_coderemote_variable_identity(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_coderemote_variable_claim(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_coderemote_variable_job_id(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_cr_jwt_t *ngx_http_coderemote_variable_jwt(ngx_http_request_t *r);
static json_t *ngx_http_coderemote_claim_find(ngx_cr_jwt_t *jwt,
    const ngx_str_t *name);
static ngx_uint_t ngx_http_coderemote_claim_same(const char *claim,
    const ngx_str_t *name);
static void ngx_http_coderemote_variable_set(ngx_http_variable_value_t *v,
    const ngx_str_t *value);


static ngx_http_variable_t  ngx_http_coderemote_variable_list[] = {

    { ngx_string("coderemote_user"), NULL,
      ngx_http_coderemote_variable_identity,
      offsetof(ngx_cr_jwt_t, sub), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("coderemote_email"), NULL,
      ngx_http_coderemote_variable_identity,
      offsetof(ngx_cr_jwt_t, email), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("coderemote_groups"), NULL,
      ngx_http_coderemote_variable_identity,
      offsetof(ngx_cr_jwt_t, groups), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("coderemote_claim_"), NULL,
      ngx_http_coderemote_variable_claim,
      0, NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("coderemote_job_id"), NULL,
      ngx_http_coderemote_variable_job_id,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_coderemote_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_coderemote_variable_list; v->name.len != 0; v++) {

        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


/* data: where in ngx_cr_jwt_t its text is */

static ngx_int_t
ngx_http_coderemote_variable_identity(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_cr_jwt_t  *jwt;

    jwt = ngx_http_coderemote_variable_jwt(r);

    ngx_http_coderemote_variable_set(v, (jwt == NULL) ? NULL
                                     : (ngx_str_t *) ((u_char *) jwt + data));
    return NGX_OK;
}


/* data: the name of the variable, all of it */

static ngx_int_t
ngx_http_coderemote_variable_claim(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char        buf[NGX_CR_JWT_TEXT_LEN];
    json_t       *claim;
    ngx_str_t    *var = (ngx_str_t *) data;
    ngx_str_t     name, text;
    ngx_cr_jwt_t *jwt;

    ngx_http_coderemote_variable_set(v, NULL);

    jwt = ngx_http_coderemote_variable_jwt(r);
    if (jwt == NULL) {
        return NGX_OK;
    }

    name.data = var->data + (sizeof("coderemote_claim_") - 1);
    name.len = var->len - (sizeof("coderemote_claim_") - 1);

    claim = ngx_http_coderemote_claim_find(jwt, &name);

    if (claim == NULL
        || ngx_cr_jwt_claim_text(claim, buf, &text) != NGX_OK
        || text.len == 0)
    {
        return NGX_OK;
    }

    if (text.data == buf) {
        text.data = ngx_pnalloc(r->pool, text.len);
        if (text.data == NULL) {
            return NGX_ERROR;
        }

        ngx_memcpy(text.data, buf, text.len);
    }

    ngx_http_coderemote_variable_set(v, &text);

    return NGX_OK;
}


/* the id in the path, if it is one, or that of the job just accepted */

static ngx_int_t
ngx_http_coderemote_variable_job_id(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    uint8_t                     bytes[16];
    ngx_str_t                   id;
    ngx_http_coderemote_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_coderemote_module);

    if (ctx != NULL && ctx->id.len != 0) {
        id = ctx->id;

    } else {
        ngx_http_coderemote_route_id(r, &id);
    }

    ngx_http_coderemote_variable_set(v, NULL);

    if (cr_id_parse(bytes, (const char *) id.data, id.len) == 0) {
        ngx_http_coderemote_variable_set(v, &id);
    }

    return NGX_OK;
}


static ngx_cr_jwt_t *
ngx_http_coderemote_variable_jwt(ngx_http_request_t *r)
{
    ngx_http_coderemote_identity_t  *identity;
    ngx_http_coderemote_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);

    if (conf->auth.mode != NGX_HTTP_CODEREMOTE_AUTH_JWT
        || ngx_http_coderemote_auth_identify(r, conf, &identity) != NGX_OK)
    {
        return NULL;
    }

    return identity->jwt;
}


/*
 * nginx's names of variables have letters in one case, digits and "_": what
 * is something else in the name of a claim is "_" here.  When several claims
 * then have one name, an exact one wins, or none.
 */

static json_t *
ngx_http_coderemote_claim_find(ngx_cr_jwt_t *jwt, const ngx_str_t *name)
{
    json_t      *value, *found;
    ngx_uint_t   n;
    const char  *claim;

    found = ngx_cr_jwt_claim(jwt->payload, name);
    if (found != NULL) {
        return found;
    }

    n = 0;

    json_object_foreach(jwt->payload, claim, value) {
        if (ngx_http_coderemote_claim_same(claim, name)) {
            found = value;
            n++;
        }
    }

    return (n == 1) ? found : NULL;
}


static ngx_uint_t
ngx_http_coderemote_claim_same(const char *claim, const ngx_str_t *name)
{
    u_char  ch;
    size_t  i;

    for (i = 0; i < name->len && claim[i] != '\0'; i++) {

        ch = ngx_tolower(claim[i]);

        if ((ch < 'a' || ch > 'z') && (ch < '0' || ch > '9')) {
            ch = '_';
        }

        if (ch != name->data[i]) {
            return 0;
        }
    }

    return i == name->len && claim[i] == '\0';
}


/* value: the memory stays where it is; NULL or empty: not found */

static void
ngx_http_coderemote_variable_set(ngx_http_variable_value_t *v,
    const ngx_str_t *value)
{
    v->valid = 0;
    v->no_cacheable = 1;
    v->not_found = 1;

    if (value == NULL || value->len == 0) {
        return;
    }

    v->data = value->data;
    v->len = value->len;
    v->valid = 1;
    v->not_found = 0;
}
