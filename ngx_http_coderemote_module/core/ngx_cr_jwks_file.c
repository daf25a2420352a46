
/*
 * Keys from a file: read and parsed once, when the configuration is; workers
 * inherit what was parsed.
 */


#include "ngx_cr_jwks.h"


static ngx_int_t ngx_cr_jwks_read(ngx_conf_t *cf, ngx_str_t *path,
    ngx_str_t *json);
static ngx_int_t ngx_cr_jwks_load(ngx_conf_t *cf, ngx_str_t *path,
    ngx_file_t *file, ngx_str_t *json);
static void ngx_cr_jwks_cleanup(void *data);


ngx_cr_jwks_t *
ngx_cr_jwks_file(ngx_conf_t *cf, ngx_array_t *list, const ngx_str_t *file)
{
    ngx_str_t            path, json;
    const char          *reason;
    ngx_uint_t           i;
    ngx_cr_jwks_t       *jwks, **slot;
    ngx_pool_cleanup_t  *cln;

    path = *file;

    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
        return NULL;
    }

    slot = list->elts;

    for (i = 0; i < list->nelts; i++) {
        if (slot[i]->file.len == path.len
            && ngx_strncmp(slot[i]->file.data, path.data, path.len) == 0)
        {
            return slot[i];
        }
    }

    jwks = ngx_pcalloc(cf->pool, sizeof(ngx_cr_jwks_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);
    slot = ngx_array_push(list);

    if (jwks == NULL || cln == NULL || slot == NULL) {
        return NULL;
    }

    *slot = jwks;
    jwks->file = path;

    cln->handler = ngx_cr_jwks_cleanup;
    cln->data = jwks;

    if (ngx_cr_jwks_read(cf, &path, &json) != NGX_OK) {
        return NULL;
    }

    /* cf->log is of the cycle before, which ends sooner than the set */

    jwks->set = ngx_cr_jwk_set_create(json.data, json.len, 1,
                                      &cf->cycle->new_log, &reason);
    if (jwks->set == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "no usable keys in \"%V\": %s", &path, reason);
        return NULL;
    }

    if (jwks->set->skipped != 0) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "%ui keys of \"%V\" are not used: %s",
                           jwks->set->skipped, &path, jwks->set->reason);
    }

    return jwks;
}


static ngx_int_t
ngx_cr_jwks_read(ngx_conf_t *cf, ngx_str_t *path, ngx_str_t *json)
{
    ngx_int_t   rc;
    ngx_file_t  file;

    ngx_memzero(&file, sizeof(ngx_file_t));

    file.name = *path;
    file.log = cf->log;
    file.fd = ngx_open_file(path->data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (file.fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", path);
        return NGX_ERROR;
    }

    rc = ngx_cr_jwks_load(cf, path, &file, json);

    if (ngx_close_file(file.fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", path);
    }

    return rc;
}


static ngx_int_t
ngx_cr_jwks_load(ngx_conf_t *cf, ngx_str_t *path, ngx_file_t *file,
    ngx_str_t *json)
{
    size_t   size;
    ssize_t  n;

    size = NGX_CR_JWKS_SIZE_MAX + 1;

    json->data = ngx_palloc(cf->temp_pool, size);
    if (json->data == NULL) {
        return NGX_ERROR;
    }

    for (json->len = 0; json->len < size; json->len += n) {

        n = ngx_read_file(file, json->data + json->len, size - json->len,
                          json->len);

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (n == 0) {
            return NGX_OK;
        }
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "\"%V\" is over %d bytes", path, NGX_CR_JWKS_SIZE_MAX);
    return NGX_ERROR;
}


static void
ngx_cr_jwks_cleanup(void *data)
{
    ngx_cr_jwks_t *jwks = data;

    ngx_cr_jwk_set_destroy(jwks->set);
    jwks->set = NULL;
}
