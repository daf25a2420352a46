
/* Answers: JSON, problems, headers. */


#include "ngx_http_coderemote.h"


static ngx_int_t ngx_http_coderemote_cors(ngx_http_request_t *r);
static ngx_int_t ngx_http_coderemote_add_retry(ngx_http_request_t *r,
    const ngx_http_coderemote_problem_t *problem);


static ngx_str_t  ngx_http_coderemote_json_type =
    ngx_string("application/json");
static ngx_str_t  ngx_http_coderemote_problem_type =
    ngx_string("application/problem+json");


ngx_int_t
ngx_http_coderemote_send_json(ngx_http_request_t *r, ngx_uint_t status,
    ngx_cr_json_t *json)
{
    size_t  len;

    if (ngx_cr_json_done(json, &len) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_coderemote_send(r, status, &ngx_http_coderemote_json_type,
                                    json->first, len);
}


ngx_int_t
ngx_http_coderemote_send(ngx_http_request_t *r, ngx_uint_t status,
    const ngx_str_t *type, ngx_chain_t *body, size_t len)
{
    ngx_int_t     rc;
    ngx_chain_t  *cl;

    r->headers_out.status = status;
    r->headers_out.content_type = *type;
    r->headers_out.content_type_len = type->len;
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.content_length_n = len;

    if (status == NGX_HTTP_CODEREMOTE_UNPROCESSABLE) {
        ngx_str_set(&r->headers_out.status_line, "422 Unprocessable Content");
    }

    if (ngx_http_coderemote_add_header(r, "Cache-Control",
                                       (u_char *) "no-store", 8)
        != NGX_OK
        || ngx_http_coderemote_cors(r) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (body == NULL) {
        r->header_only = 1;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    for (cl = body; cl->next != NULL; cl = cl->next) { /* void */ }

    cl->buf->last_buf = (r == r->main);
    cl->buf->last_in_chain = 1;

    return ngx_http_output_filter(r, body);
}


ngx_int_t
ngx_http_coderemote_refuse(ngx_http_request_t *r, ngx_uint_t code,
    const char *detail)
{
    ngx_http_coderemote_problem_t  problem;

    ngx_http_coderemote_problem(&problem, code, NULL, "%s", detail);

    return ngx_http_coderemote_send_problem(r, &problem);
}


ngx_int_t
ngx_http_coderemote_send_problem(ngx_http_request_t *r,
    const ngx_http_coderemote_problem_t *problem)
{
    size_t         len;
    ngx_int_t      rc;
    ngx_uint_t     status;
    ngx_cr_json_t  json;

    /* what of the body was not read yet: the connection stays usable */

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    status = problem->status;

    if ((status == NGX_HTTP_SERVICE_UNAVAILABLE
         || status == NGX_HTTP_TOO_MANY_REQUESTS)
        && ngx_http_coderemote_add_retry(r, problem) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_cr_json_init(&json, r->pool, 512);
    ngx_cr_json_begin(&json, '{');

    ngx_cr_json_name(&json, "type");
    ngx_cr_json_cstr(&json, "about:blank");

    ngx_cr_json_name(&json, "title");
    ngx_cr_json_cstr(&json, ngx_http_coderemote_problem_title(problem->code));

    ngx_cr_json_name(&json, "status");
    ngx_cr_json_int(&json, status);

    ngx_cr_json_name(&json, "detail");
    ngx_cr_json_text(&json, problem->detail.data, problem->detail.len);

    ngx_cr_json_name(&json, "code");
    ngx_cr_json_cstr(&json, ngx_http_coderemote_problem_code(problem->code));

    if (problem->field.len != 0) {
        ngx_cr_json_name(&json, "field");
        ngx_cr_json_text(&json, problem->field.data, problem->field.len);
    }

    if (problem->login != 0) {
        ngx_cr_json_name(&json, "login");
        ngx_cr_json_bool(&json, problem->login == 2);
    }

    ngx_cr_json_end(&json, '}');

    if (ngx_cr_json_done(&json, &len) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_coderemote_send(r, status,
                                    &ngx_http_coderemote_problem_type,
                                    json.first, len);
}


/* when to come again, and what was used up */

static ngx_int_t
ngx_http_coderemote_add_retry(ngx_http_request_t *r,
    const ngx_http_coderemote_problem_t *problem)
{
    u_char  *retry, *limit, *p;
    time_t   seconds;

    seconds = ngx_max(problem->retry, 1);

    retry = ngx_pnalloc(r->pool, NGX_TIME_T_LEN);
    if (retry == NULL) {
        return NGX_ERROR;
    }

    p = ngx_sprintf(retry, "%T", seconds);

    if (ngx_http_coderemote_add_header(r, "Retry-After", retry, p - retry)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (problem->limit == 0) {
        return NGX_OK;
    }

    limit = ngx_pnalloc(r->pool, NGX_INT_T_LEN);

    if (limit == NULL
        || ngx_http_coderemote_add_header(r, "RateLimit-Reset", retry,
                                          p - retry)
           != NGX_OK
        || ngx_http_coderemote_add_header(r, "RateLimit-Remaining",
                                          (u_char *) "0", 1)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    p = ngx_sprintf(limit, "%ui", problem->limit);

    return ngx_http_coderemote_add_header(r, "RateLimit-Limit", limit,
                                          p - limit);
}


ngx_int_t
ngx_http_coderemote_add_header(ngx_http_request_t *r, const char *name,
    u_char *value, size_t len)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.data = value;
    h->value.len = len;
    ngx_http_coderemote_header_end(h);

    return NGX_OK;
}


ngx_table_elt_t *
ngx_http_coderemote_header(ngx_http_request_t *r, const char *name,
    size_t len)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &r->headers_in.headers.part; part != NULL; part = part->next) {

        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].key.len == len
                && ngx_memcmp(h[i].lowcase_key, name, len) == 0)
            {
                return &h[i];
            }
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_coderemote_arg(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    u_char     *src, *dst;
    ngx_str_t   raw;

    if (ngx_http_arg(r, (u_char *) name, ngx_strlen(name), &raw) != NGX_OK) {
        return NGX_DECLINED;
    }

    dst = ngx_pnalloc(r->pool, raw.len + 1);
    if (dst == NULL) {
        return NGX_ERROR;
    }

    value->data = dst;
    src = raw.data;

    ngx_unescape_uri(&dst, &src, raw.len, 0);

    value->len = dst - value->data;

    return NGX_OK;
}


/* an origin that is allowed but not ours may read the answer */

static ngx_int_t
ngx_http_coderemote_cors(ngx_http_request_t *r)
{
    ngx_table_elt_t                 *origin;
    ngx_http_coderemote_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);

    if (conf->allow_origins == NULL) {
        return NGX_OK;
    }

    if (ngx_http_coderemote_add_header(r, "Vary", (u_char *) "Origin", 6)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    origin = ngx_http_coderemote_header(r, "origin", 6);

    if (origin == NULL
        || !ngx_http_coderemote_origin_listed(conf, &origin->value))
    {
        return NGX_OK;
    }

    if (ngx_http_coderemote_add_header(r, "Access-Control-Allow-Origin",
                                       origin->value.data, origin->value.len)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_coderemote_add_header(r, "Access-Control-Expose-Headers",
                                          (u_char *) "Location, Retry-After, "
                                          "WWW-Authenticate", 39);
}
