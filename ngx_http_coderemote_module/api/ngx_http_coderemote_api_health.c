
/* GET /health: nginx is alive.  GET /ready: jobs would run. */


#include "ngx_http_coderemote.h"


static void ngx_http_coderemote_ready_check(ngx_cr_json_t *j,
    const char *name, const char *status, const char *detail);
static const char *ngx_http_coderemote_pool_trouble(
    ngx_http_coderemote_loc_conf_t *conf);


ngx_int_t
ngx_http_coderemote_api_health(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx)
{
    ngx_cr_json_t                    json;
    ngx_http_coderemote_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);

    ngx_cr_json_init(&json, r->pool, 256);
    ngx_cr_json_begin(&json, '{');

    ngx_cr_json_name(&json, "status");
    ngx_cr_json_cstr(&json, "ok");

    ngx_cr_json_name(&json, "version");
    ngx_cr_json_cstr(&json, CODEREMOTE_VERSION);

    ngx_cr_json_name(&json, "uptime_ms");
    ngx_cr_json_int(&json, ngx_cr_stats_uptime());

    ngx_cr_json_name(&json, "pool");
    ngx_cr_json_cstr(&json, (ngx_http_coderemote_link(conf) != NULL)
                            ? "up" : "down");

    ngx_cr_json_end(&json, '}');

    return ngx_http_coderemote_send_json(r, NGX_HTTP_OK, &json);
}


ngx_int_t
ngx_http_coderemote_api_ready(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx)
{
    ngx_uint_t                       keys;
    const char                      *trouble;
    ngx_cr_json_t                    json;
    ngx_http_coderemote_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);
    trouble = ngx_http_coderemote_pool_trouble(conf);

    keys = conf->auth.mode == NGX_HTTP_CODEREMOTE_AUTH_OFF
           || ngx_cr_jwks_keys(conf->auth.auth->keys) != NULL;

    ngx_cr_json_init(&json, r->pool, 512);
    ngx_cr_json_begin(&json, '{');

    ngx_cr_json_name(&json, "status");
    ngx_cr_json_cstr(&json, (trouble == NULL && keys) ? "ready" : "unready");

    ngx_cr_json_name(&json, "checks");
    ngx_cr_json_begin(&json, '{');

    ngx_http_coderemote_ready_check(&json, "pool",
                                    (trouble == NULL) ? "up" : "down",
                                    (trouble == NULL) ? "accepts jobs"
                                                      : trouble);
    ngx_http_coderemote_ready_check(&json, "database", "off", NULL);

    if (conf->auth.mode == NGX_HTTP_CODEREMOTE_AUTH_OFF) {
        ngx_http_coderemote_ready_check(&json, "identity", "off", NULL);

    } else {
        ngx_http_coderemote_ready_check(&json, "identity",
                                        keys ? "up" : "down",
                                        keys ? "has the issuer's keys"
                                             : "no usable keys of the issuer");
    }

    ngx_http_coderemote_ready_check(&json, "llm", "off", NULL);

    ngx_cr_json_end(&json, '}');
    ngx_cr_json_end(&json, '}');

    return ngx_http_coderemote_send_json(r,
                                         (trouble == NULL && keys)
                                         ? NGX_HTTP_OK
                                         : NGX_HTTP_SERVICE_UNAVAILABLE,
                                         &json);
}


static void
ngx_http_coderemote_ready_check(ngx_cr_json_t *j, const char *name,
    const char *status, const char *detail)
{
    ngx_cr_json_name(j, name);
    ngx_cr_json_begin(j, '{');

    ngx_cr_json_name(j, "status");
    ngx_cr_json_cstr(j, status);

    if (detail != NULL) {
        ngx_cr_json_name(j, "detail");
        ngx_cr_json_cstr(j, detail);
    }

    ngx_cr_json_end(j, '}');
}


/* why a job would not run now; NULL: it would */

static const char *
ngx_http_coderemote_pool_trouble(ngx_http_coderemote_loc_conf_t *conf)
{
    ngx_cr_link_t  *link;

    link = ngx_http_coderemote_link(conf);

    if (link == NULL) {
        return (conf->pool == NULL || conf->pool->channel == NULL
                || conf->pool->channel->why == NULL)
               ? "not connected" : conf->pool->channel->why;
    }

    if (atomic_load(&link->segment.header->draining)) {
        return "shutting down";
    }

    return (ngx_cr_channel_languages(link) != NULL)
           ? NULL : "has not told its languages";
}
