
/*
 * The pool's languages.  The text comes from another program, so every field
 * is looked at before it is believed.
 */


#include "ngx_cr_languages.h"
#include "ngx_cr_json.h"


#define NGX_CR_LANGUAGES_POOL  4096


typedef struct {
    const char                  *name;
    size_t                       offset;    /* in cr_limits_t */
    json_int_t                   factor;    /* from the unit of the text */
} ngx_cr_languages_limit_t;


static ngx_int_t ngx_cr_languages_parse(ngx_cr_languages_t *languages,
    json_t *list);
static ngx_int_t ngx_cr_languages_item(ngx_cr_languages_t *languages,
    json_t *json, ngx_cr_language_t *language);
static ngx_int_t ngx_cr_languages_limits(json_t *json,
    ngx_cr_language_t *language);
static ngx_int_t ngx_cr_languages_text(ngx_pool_t *pool, json_t *json,
    ngx_str_t *text);
static ngx_int_t ngx_cr_languages_join(ngx_cr_languages_t *languages);


static const ngx_cr_languages_limit_t  ngx_cr_languages_limit_table[] = {
    { "timeout_ms", offsetof(cr_limits_t, timeout_ms), 1 },
    { "cpu_ms", offsetof(cr_limits_t, cpu_ms), 1 },
    { "memory_mb", offsetof(cr_limits_t, memory_kb), 1024 },
    { "output_kb", offsetof(cr_limits_t, output_bytes), 1024 },
    { "processes", offsetof(cr_limits_t, processes), 1 },
    { NULL, 0, 0 }
};


ngx_cr_languages_t *
ngx_cr_languages_create(const ngx_str_t *text, uint32_t seq, ngx_log_t *log)
{
    u_char               buf[256];
    json_t              *json;
    ngx_int_t            rc;
    ngx_str_t            detail;
    ngx_pool_t          *pool;
    ngx_uint_t           bad_utf8;
    ngx_cr_languages_t  *languages;

    pool = ngx_create_pool(NGX_CR_LANGUAGES_POOL, log);
    if (pool == NULL) {
        return NULL;
    }

    languages = ngx_pcalloc(pool, sizeof(ngx_cr_languages_t));
    if (languages == NULL) {
        goto failed;
    }

    languages->pool = pool;
    languages->seq = seq;
    languages->text.len = text->len;
    languages->text.data = ngx_pstrdup(pool, (ngx_str_t *) text);

    if (languages->text.data == NULL) {
        goto failed;
    }

    detail.data = buf;
    detail.len = sizeof(buf);

    json = ngx_cr_json_decode(text->data, text->len, &bad_utf8, &detail);
    if (json == NULL) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "languages of the coderemote pool: %V", &detail);
        goto failed;
    }

    rc = ngx_cr_languages_parse(languages, json_object_get(json, "languages"));

    json_decref(json);

    if (rc != NGX_OK || ngx_cr_languages_join(languages) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "languages of the coderemote pool: unexpected fields");
        goto failed;
    }

    return languages;

failed:

    ngx_destroy_pool(pool);
    return NULL;
}


void
ngx_cr_languages_destroy(ngx_cr_languages_t *languages)
{
    if (languages != NULL) {
        ngx_destroy_pool(languages->pool);
    }
}


static ngx_int_t
ngx_cr_languages_parse(ngx_cr_languages_t *languages, json_t *list)
{
    size_t              i, n;
    ngx_cr_language_t  *language;

    n = json_array_size(list);

    if (n > CR_LANGUAGES_MAX
        || ngx_array_init(&languages->items, languages->pool, n + 1,
                          sizeof(ngx_cr_language_t)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        language = ngx_array_push(&languages->items);
        language->index = i;

        if (ngx_cr_languages_item(languages, json_array_get(list, i), language)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_cr_languages_item(ngx_cr_languages_t *languages, json_t *json,
    ngx_cr_language_t *language)
{
    size_t      i, n;
    json_t     *aliases, *code_file;
    ngx_str_t  *alias;

    if (ngx_cr_languages_text(languages->pool, json_object_get(json, "id"),
                              &language->id) != NGX_OK
        || ngx_cr_languages_text(languages->pool,
                                 json_object_get(json, "version"),
                                 &language->version) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* a pool of before has none */

    ngx_str_null(&language->code_file);
    code_file = json_object_get(json, "code_file");

    if (code_file != NULL
        && ngx_cr_languages_text(languages->pool, code_file,
                                 &language->code_file)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    aliases = json_object_get(json, "aliases");
    n = json_array_size(aliases);

    if (ngx_array_init(&language->aliases, languages->pool, n + 1,
                       sizeof(ngx_str_t)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        alias = ngx_array_push(&language->aliases);

        if (alias == NULL
            || ngx_cr_languages_text(languages->pool,
                                     json_array_get(aliases, i), alias)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return ngx_cr_languages_limits(json_object_get(json, "limits"), language);
}


static ngx_int_t
ngx_cr_languages_limits(json_t *json, ngx_cr_language_t *language)
{
    json_t                          *limit;
    json_int_t                       initial, max;
    const ngx_cr_languages_limit_t  *l;

    for (l = ngx_cr_languages_limit_table; l->name != NULL; l++) {

        limit = json_object_get(json, l->name);
        initial = json_integer_value(json_object_get(limit, "default"));
        max = json_integer_value(json_object_get(limit, "max"));

        if (initial < 1 || initial > max || max > NGX_MAX_INT32_VALUE
            || max > NGX_MAX_INT32_VALUE / l->factor)
        {
            return NGX_ERROR;
        }

        *(uint32_t *) ((u_char *) &language->initial + l->offset) =
                                               (uint32_t) (initial * l->factor);
        *(uint32_t *) ((u_char *) &language->max + l->offset) =
                                                   (uint32_t) (max * l->factor);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_cr_languages_text(ngx_pool_t *pool, json_t *json, ngx_str_t *text)
{
    ngx_str_t  value;

    if (!json_is_string(json)) {
        return NGX_ERROR;
    }

    value.data = (u_char *) json_string_value(json);
    value.len = json_string_length(json);

    text->len = value.len;
    text->data = ngx_pstrdup(pool, &value);

    return (text->data != NULL) ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_cr_languages_join(ngx_cr_languages_t *languages)
{
    size_t              len;
    u_char             *p;
    ngx_uint_t          i;
    ngx_cr_language_t  *language;

    len = 0;
    language = languages->items.elts;

    for (i = 0; i < languages->items.nelts; i++) {
        len += language[i].id.len + 2;
    }

    p = ngx_pnalloc(languages->pool, len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    languages->known.data = p;

    for (i = 0; i < languages->items.nelts; i++) {
        if (i != 0) {
            *p++ = ',';
            *p++ = ' ';
        }

        p = ngx_cpymem(p, language[i].id.data, language[i].id.len);
    }

    languages->known.len = p - languages->known.data;

    return NGX_OK;
}


ngx_cr_language_t *
ngx_cr_languages_find(ngx_cr_languages_t *languages, const ngx_str_t *name)
{
    ngx_str_t          *alias;
    ngx_uint_t          i, j;
    ngx_cr_language_t  *language;

    language = languages->items.elts;

    for (i = 0; i < languages->items.nelts; i++) {

        if (language[i].id.len == name->len
            && ngx_memcmp(language[i].id.data, name->data, name->len) == 0)
        {
            return &language[i];
        }

        alias = language[i].aliases.elts;

        for (j = 0; j < language[i].aliases.nelts; j++) {
            if (alias[j].len == name->len
                && ngx_memcmp(alias[j].data, name->data, name->len) == 0)
            {
                return &language[i];
            }
        }
    }

    return NULL;
}


ngx_cr_language_t *
ngx_cr_languages_get(ngx_cr_languages_t *languages, ngx_uint_t index)
{
    ngx_cr_language_t  *language;

    if (languages == NULL || index >= languages->items.nelts) {
        return NULL;
    }

    language = languages->items.elts;

    return &language[index];
}
