
/* Directives of the identity provider: their values, merged and checked. */


#include "ngx_http_coderemote_cognito.h"


#define NGX_HTTP_CODEREMOTE_SECRET_MAX  256


static ngx_uint_t ngx_http_coderemote_cognito_same(
    const ngx_http_coderemote_cognito_conf_t *a,
    const ngx_http_coderemote_cognito_conf_t *b);
static ngx_uint_t ngx_http_coderemote_cognito_equal(const ngx_str_t *a,
    const ngx_str_t *b);
static ngx_http_coderemote_cognito_t *ngx_http_coderemote_cognito_make(
    ngx_conf_t *cf, ngx_http_coderemote_auth_t *auth,
    ngx_http_coderemote_cognito_conf_t *conf);
static ngx_int_t ngx_http_coderemote_cognito_secret(ngx_conf_t *cf,
    ngx_str_t *name, ngx_str_t *secret);
static ngx_int_t ngx_http_coderemote_cognito_read(ngx_conf_t *cf,
    ngx_fd_t fd, const ngx_str_t *name, ngx_str_t *secret);


void
ngx_http_coderemote_cognito_conf_create(
    ngx_http_coderemote_cognito_conf_t *conf)
{
    ngx_memzero(conf, sizeof(ngx_http_coderemote_cognito_conf_t));

    conf->timeout = NGX_CONF_UNSET_MSEC;
}


char *
ngx_http_coderemote_cognito_conf_merge(ngx_conf_t *cf,
    ngx_http_coderemote_auth_t *auth,
    ngx_http_coderemote_cognito_conf_t *prev,
    ngx_http_coderemote_cognito_conf_t *conf)
{
    ngx_conf_merge_str_value(conf->endpoint, prev->endpoint, "");
    ngx_conf_merge_str_value(conf->client_id, prev->client_id, "");
    ngx_conf_merge_str_value(conf->secret_file, prev->secret_file, "");
    ngx_conf_merge_str_value(conf->ca_file, prev->ca_file, "");
    ngx_conf_merge_msec_value(conf->timeout, prev->timeout, 10000);

    /* without authentication there is nothing to sign in to; 404 says that */

    if (conf->endpoint.len == 0 || auth == NULL) {
        return NGX_CONF_OK;
    }

    if (conf->client_id.len == 0 || conf->timeout == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"coderemote_cognito_endpoint\" needs "
                           "\"coderemote_cognito_client_id\", and a "
                           "\"coderemote_cognito_timeout\" that is not 0");
        return NGX_CONF_ERROR;
    }

    if (prev->cognito != NULL
        && prev->cognito->auth == auth
        && ngx_http_coderemote_cognito_same(prev, conf))
    {
        conf->cognito = prev->cognito;
        return NGX_CONF_OK;
    }

    conf->cognito = ngx_http_coderemote_cognito_make(cf, auth, conf);

    return (conf->cognito != NULL) ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_uint_t
ngx_http_coderemote_cognito_same(const ngx_http_coderemote_cognito_conf_t *a,
    const ngx_http_coderemote_cognito_conf_t *b)
{
    return a->timeout == b->timeout
           && ngx_http_coderemote_cognito_equal(&a->endpoint, &b->endpoint)
           && ngx_http_coderemote_cognito_equal(&a->client_id, &b->client_id)
           && ngx_http_coderemote_cognito_equal(&a->secret_file,
                                                &b->secret_file)
           && ngx_http_coderemote_cognito_equal(&a->ca_file, &b->ca_file);
}


static ngx_uint_t
ngx_http_coderemote_cognito_equal(const ngx_str_t *a, const ngx_str_t *b)
{
    return a->len == b->len && ngx_memcmp(a->data, b->data, a->len) == 0;
}


static ngx_http_coderemote_cognito_t *
ngx_http_coderemote_cognito_make(ngx_conf_t *cf,
    ngx_http_coderemote_auth_t *auth, ngx_http_coderemote_cognito_conf_t *conf)
{
    ngx_str_t                       name;
    ngx_http_coderemote_cognito_t  *cognito;

    cognito = ngx_pcalloc(cf->pool, sizeof(ngx_http_coderemote_cognito_t));
    if (cognito == NULL) {
        return NULL;
    }

    cognito->url = (const char *) conf->endpoint.data;
    cognito->client.id = conf->client_id;
    cognito->timeout = conf->timeout;
    cognito->auth = auth;

    cognito->id = ngx_http_coderemote_auth_conf_id(cf, auth);
    if (cognito->id == NULL) {
        return NULL;
    }

    if (conf->ca_file.len != 0) {
        name = conf->ca_file;

        if (ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
            return NULL;
        }

        cognito->ca = (const char *) name.data;
    }

    if (conf->secret_file.len != 0) {
        name = conf->secret_file;

        if (ngx_http_coderemote_cognito_secret(cf, &name,
                                               &cognito->client.secret)
            != NGX_OK)
        {
            return NULL;
        }
    }

    return cognito;
}


static ngx_int_t
ngx_http_coderemote_cognito_secret(ngx_conf_t *cf, ngx_str_t *name,
    ngx_str_t *secret)
{
    ngx_fd_t         fd;
    ngx_int_t        rc;
    ngx_file_info_t  fi;

    if (ngx_conf_full_name(cf->cycle, name, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    fd = ngx_open_file(name->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", name);
        return NGX_ERROR;
    }

    if (ngx_fd_info(fd, &fi) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_fd_info_n " \"%V\" failed", name);
        rc = NGX_ERROR;

    } else {

        if (ngx_file_access(&fi) & 077) {
            ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                               "the client secret in \"%V\" is open to others "
                               "than its owner: chmod 600", name);
        }

        rc = ngx_http_coderemote_cognito_read(cf, fd, name, secret);
    }

    (void) ngx_close_file(fd);

    return rc;
}


/* one line; no byte of it is logged */

static ngx_int_t
ngx_http_coderemote_cognito_read(ngx_conf_t *cf, ngx_fd_t fd,
    const ngx_str_t *name, ngx_str_t *secret)
{
    size_t    i;
    ssize_t   n;
    u_char   *p;

    p = ngx_pnalloc(cf->pool, NGX_HTTP_CODEREMOTE_SECRET_MAX);
    if (p == NULL) {
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, p, NGX_HTTP_CODEREMOTE_SECRET_MAX);

    while (n > 0 && p[n - 1] <= ' ') {
        n--;
    }

    for (i = 0; (ssize_t) i < n; i++) {
        if (p[i] <= ' ' || p[i] > '~') {
            n = 0;
        }
    }

    if (n <= 0 || n == NGX_HTTP_CODEREMOTE_SECRET_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" must have the client secret, on one line "
                           "and nothing else", name);
        return NGX_ERROR;
    }

    secret->data = p;
    secret->len = n;

    return NGX_OK;
}


char *
ngx_http_coderemote_cognito_endpoint(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_str_t   *value, *place;
    ngx_uint_t   allow_http;

    place = (ngx_str_t *) ((u_char *) conf + cmd->offset);

    if (place->data != NULL) {
        return "is duplicate";
    }

    if (!ngx_cr_curl_usable()) {
        return "needs a libcurl that resolves names asynchronously";
    }

    value = cf->args->elts;

    *place = value[1];

    if (value[1].len == 3 && ngx_strncmp(value[1].data, "off", 3) == 0) {
        place->len = 0;
        return NGX_CONF_OK;
    }

    allow_http = 0;

    if (cf->args->nelts == 3) {
        if (ngx_strcmp(value[2].data, "allow_http") != 0) {
            return "has an invalid parameter";
        }

        allow_http = 1;
    }

    return ngx_http_coderemote_auth_uri_secure(place, allow_http);
}
