
/* GET /languages: the pool's own text, as it is. */


#include "ngx_http_coderemote.h"


ngx_int_t
ngx_http_coderemote_api_languages(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx)
{
    ngx_cr_json_t                    json;
    ngx_cr_link_t                   *link;
    ngx_cr_languages_t              *languages;
    ngx_http_coderemote_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);

    link = ngx_http_coderemote_link(conf);
    languages = (link != NULL) ? ngx_cr_channel_languages(link) : NULL;

    if (languages == NULL) {
        return ngx_http_coderemote_refuse(r,
                   NGX_HTTP_CODEREMOTE_POOL_UNAVAILABLE,
                   "coderemote-worker is not running or not reachable: try "
                   "again, or start it");
    }

    /* copied: a reload of the pool may replace it while it is sent */

    ngx_cr_json_init(&json, r->pool, languages->text.len);
    ngx_cr_json_raw(&json, languages->text.data, languages->text.len);

    return ngx_http_coderemote_send_json(r, NGX_HTTP_OK, &json);
}
