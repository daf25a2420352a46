
/* coderemote_jwt_jwks_uri: the URI, and its parameters. */


#include "ngx_http_coderemote_auth_conf.h"


typedef struct {
    ngx_str_t                    name;      /* with "=" */
    size_t                       offset;    /* in ngx_cr_jwks_source_t */
    ngx_msec_t                   min;
} ngx_http_coderemote_auth_time_t;


static char *ngx_http_coderemote_auth_uri_parameter(ngx_conf_t *cf,
    ngx_cr_jwks_source_t *source, ngx_str_t *value);
static char *ngx_http_coderemote_auth_uri_check(ngx_cr_jwks_source_t *source,
    ngx_uint_t allow_http);
static ngx_uint_t ngx_http_coderemote_auth_uri_is_loopback(
    const u_char *host, size_t len);


static const ngx_http_coderemote_auth_time_t
    ngx_http_coderemote_auth_times[] =
{
    { ngx_string("refresh="), offsetof(ngx_cr_jwks_source_t, refresh), 1000 },
    { ngx_string("stale="), offsetof(ngx_cr_jwks_source_t, stale), 1000 },
    { ngx_string("interval="), offsetof(ngx_cr_jwks_source_t, interval), 500 },
    { ngx_string("timeout="), offsetof(ngx_cr_jwks_source_t, timeout), 100 },
    { ngx_null_string, 0, 0 }
};


char *
ngx_http_coderemote_auth_uri(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char                  *rc;
    ngx_str_t             *value;
    ngx_uint_t             i, allow_http;
    ngx_cr_jwks_source_t  *source, **place;

    place = (ngx_cr_jwks_source_t **) ((u_char *) conf + cmd->offset);

    if (*place != NULL) {
        return "is duplicate";
    }

    if (!ngx_cr_curl_usable()) {
        return "needs a libcurl that resolves names asynchronously";
    }

    source = ngx_pcalloc(cf->pool, sizeof(ngx_cr_jwks_source_t));
    if (source == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;
    allow_http = 0;

    source->uri = value[1];
    source->refresh = 3600 * 1000;
    source->stale = 24 * 3600 * 1000;
    source->interval = 10 * 1000;
    source->timeout = 5 * 1000;

    for (i = 2; i < cf->args->nelts; i++) {

        if (value[i].len == 10
            && ngx_strncmp(value[i].data, "allow_http", 10) == 0)
        {
            allow_http = 1;
            continue;
        }

        rc = ngx_http_coderemote_auth_uri_parameter(cf, source, &value[i]);

        if (rc != NGX_CONF_OK) {
            return rc;
        }
    }

    *place = source;

    return ngx_http_coderemote_auth_uri_check(source, allow_http);
}


static char *
ngx_http_coderemote_auth_uri_parameter(ngx_conf_t *cf,
    ngx_cr_jwks_source_t *source, ngx_str_t *value)
{
    ngx_int_t                               time;
    ngx_str_t                               text;
    const ngx_http_coderemote_auth_time_t  *t;

    if (value->len > 3 && ngx_strncmp(value->data, "ca=", 3) == 0) {
        source->ca.data = value->data + 3;
        source->ca.len = value->len - 3;

        return (ngx_conf_full_name(cf->cycle, &source->ca, 1) == NGX_OK)
               ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    for (t = ngx_http_coderemote_auth_times; t->name.len != 0; t++) {

        if (value->len <= t->name.len
            || ngx_strncmp(value->data, t->name.data, t->name.len) != 0)
        {
            continue;
        }

        text.data = value->data + t->name.len;
        text.len = value->len - t->name.len;

        time = ngx_parse_time(&text, 0);

        if (time == NGX_ERROR || (ngx_msec_t) time < t->min) {
            break;
        }

        *(ngx_msec_t *) ((u_char *) source + t->offset) = time;

        return NGX_CONF_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                       value);

    return NGX_CONF_ERROR;
}


static char *
ngx_http_coderemote_auth_uri_check(ngx_cr_jwks_source_t *source,
    ngx_uint_t allow_http)
{
    if (source->stale < source->refresh) {
        return "needs a \"stale\" that is not under \"refresh\"";
    }

    return ngx_http_coderemote_auth_uri_secure(&source->uri, allow_http);
}


/* whoever sits between could put a key of his own into an answer of http */

char *
ngx_http_coderemote_auth_uri_secure(const ngx_str_t *uri,
    ngx_uint_t allow_http)
{
    size_t   len;
    u_char  *p;

    p = uri->data;

    if (ngx_strlchr(p, p + uri->len, '@') != NULL) {
        return "must not have a user in its URI";
    }

    if (uri->len > 8 && ngx_strncmp(p, "https://", 8) == 0) {
        return NGX_CONF_OK;
    }

    if (uri->len <= 7 || ngx_strncmp(p, "http://", 7) != 0) {
        return "needs a URI that begins with https://";
    }

    p += 7;
    len = strcspn((char *) p, "/?#");

    if (allow_http || ngx_http_coderemote_auth_uri_is_loopback(p, len)) {
        return NGX_CONF_OK;
    }

    return "needs https, or the parameter \"allow_http\"";
}


/* host, or host:port */

static ngx_uint_t
ngx_http_coderemote_auth_uri_is_loopback(const u_char *host, size_t len)
{
    u_char     *colon, *last;
    in_addr_t   addr;

    last = (u_char *) host + len;

    if (len >= 5 && ngx_strncmp(host, "[::1]", 5) == 0) {
        return len == 5 || host[5] == ':';
    }

    colon = ngx_strlchr((u_char *) host, last, ':');
    if (colon != NULL) {
        len = colon - host;
    }

    if (len == 9 && ngx_strncmp(host, "localhost", 9) == 0) {
        return 1;
    }

    addr = ngx_inet_addr((u_char *) host, len);

    return addr != INADDR_NONE && ntohl(addr) >> 24 == 127;
}
