
/*
 * The routes, in the only table of them, and the content handler.  A URI that
 * no row has goes on to nginx's own handlers.
 */


#include "ngx_http_coderemote_auth.h"


#define NGX_HTTP_CODEREMOTE_ALLOW_MAX  64

#define NGX_HTTP_CODEREMOTE_ROUTE_SIGN_IN                                     \
    (NGX_HTTP_CODEREMOTE_ROUTE_BODY|NGX_HTTP_CODEREMOTE_ROUTE_OPEN            \
     |NGX_HTTP_CODEREMOTE_ROUTE_SIGN)


static const ngx_http_coderemote_route_t *ngx_http_coderemote_route(
    ngx_http_request_t *r, ngx_str_t *id, ngx_uint_t *methods);
static uint32_t ngx_http_coderemote_route_letters(void);
static ngx_uint_t ngx_http_coderemote_route_match(const ngx_str_t *path,
    const ngx_str_t *uri, ngx_str_t *id);
static ngx_int_t ngx_http_coderemote_no_method(ngx_http_request_t *r,
    ngx_uint_t methods);
static ngx_int_t ngx_http_coderemote_preflight(ngx_http_request_t *r,
    u_char *allow, size_t len);


static const ngx_http_coderemote_route_t  ngx_http_coderemote_routes[] = {

    { ngx_string("/execute"), NGX_HTTP_POST,
      NGX_HTTP_CODEREMOTE_ROUTE_BODY|NGX_HTTP_CODEREMOTE_ROUTE_POOL,
      ngx_http_coderemote_api_execute },

    { ngx_string("/jobs/{id}"), NGX_HTTP_GET,
      NGX_HTTP_CODEREMOTE_ROUTE_POOL, ngx_http_coderemote_api_job },

    { ngx_string("/status/{id}"), NGX_HTTP_GET,
      NGX_HTTP_CODEREMOTE_ROUTE_POOL, ngx_http_coderemote_api_job },

    { ngx_string("/jobs/{id}"), NGX_HTTP_DELETE,
      NGX_HTTP_CODEREMOTE_ROUTE_POOL, ngx_http_coderemote_api_job_cancel },

    { ngx_string("/jobs/{id}/events"), NGX_HTTP_GET,
      NGX_HTTP_CODEREMOTE_ROUTE_POOL, ngx_http_coderemote_api_events },

    { ngx_string("/jobs"), NGX_HTTP_GET,
      NGX_HTTP_CODEREMOTE_ROUTE_POOL, ngx_http_coderemote_api_jobs },

    { ngx_string("/languages"), NGX_HTTP_GET,
      NGX_HTTP_CODEREMOTE_ROUTE_POOL, ngx_http_coderemote_api_languages },

    { ngx_string("/ws"), NGX_HTTP_GET,
      NGX_HTTP_CODEREMOTE_ROUTE_LATE|NGX_HTTP_CODEREMOTE_ROUTE_POOL,
      ngx_http_coderemote_api_ws },

    { ngx_string("/health"), NGX_HTTP_GET, NGX_HTTP_CODEREMOTE_ROUTE_OPEN,
      ngx_http_coderemote_api_health },

    { ngx_string("/ready"), NGX_HTTP_GET, NGX_HTTP_CODEREMOTE_ROUTE_OPEN,
      ngx_http_coderemote_api_ready },

    { ngx_string("/metrics"), NGX_HTTP_GET, 0,
      ngx_http_coderemote_api_metrics },

    { ngx_string("/auth/login"), NGX_HTTP_POST,
      NGX_HTTP_CODEREMOTE_ROUTE_SIGN_IN,
      ngx_http_coderemote_api_auth },

    { ngx_string("/auth/challenge"), NGX_HTTP_POST,
      NGX_HTTP_CODEREMOTE_ROUTE_SIGN_IN,
      ngx_http_coderemote_api_auth },

    { ngx_string("/auth/register"), NGX_HTTP_POST,
      NGX_HTTP_CODEREMOTE_ROUTE_SIGN_IN,
      ngx_http_coderemote_api_auth },

    { ngx_string("/auth/confirm"), NGX_HTTP_POST,
      NGX_HTTP_CODEREMOTE_ROUTE_SIGN_IN,
      ngx_http_coderemote_api_auth },

    { ngx_string("/auth/resend"), NGX_HTTP_POST,
      NGX_HTTP_CODEREMOTE_ROUTE_SIGN_IN,
      ngx_http_coderemote_api_auth },

    { ngx_string("/auth/refresh"), NGX_HTTP_POST,
      NGX_HTTP_CODEREMOTE_ROUTE_SIGN_IN,
      ngx_http_coderemote_api_auth_refresh },

    { ngx_string("/auth/logout"), NGX_HTTP_POST,
      NGX_HTTP_CODEREMOTE_ROUTE_SIGN_IN,
      ngx_http_coderemote_api_auth_logout },

    { ngx_string("/auth/forgot"), NGX_HTTP_POST,
      NGX_HTTP_CODEREMOTE_ROUTE_SIGN_IN,
      ngx_http_coderemote_api_auth },

    { ngx_string("/auth/reset"), NGX_HTTP_POST,
      NGX_HTTP_CODEREMOTE_ROUTE_SIGN_IN,
      ngx_http_coderemote_api_auth },

    { ngx_string("/auth/me"), NGX_HTTP_GET, 0,
      ngx_http_coderemote_api_auth_me },

    { ngx_null_string, 0, 0, NULL }
};


ngx_int_t
ngx_http_coderemote_handler(ngx_http_request_t *r)
{
    ngx_int_t                           rc;
    ngx_str_t                           id;
    ngx_uint_t                          methods;
    ngx_http_coderemote_ctx_t          *ctx;
    ngx_http_coderemote_loc_conf_t     *conf;
    const ngx_http_coderemote_route_t  *route;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);

    if (!conf->enable) {
        return NGX_DECLINED;
    }

    route = ngx_http_coderemote_route(r, &id, &methods);

    if (route == NULL && methods == 0) {
        return NGX_DECLINED;
    }

    ngx_cr_stats_add(NGX_CR_STAT_REQUESTS, 1);

    if (route == NULL) {
        return ngx_http_coderemote_no_method(r, methods);
    }

    ctx = ngx_http_coderemote_get_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->route = route;
    ctx->id = id;

    if (ngx_http_coderemote_auth_route(r, conf, ctx) != NGX_OK) {
        return ngx_http_coderemote_auth_refuse(r);
    }

    if (route->flags & NGX_HTTP_CODEREMOTE_ROUTE_SIGN) {
        rc = ngx_http_coderemote_auth_sign(r, conf);
        if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    if ((route->flags & NGX_HTTP_CODEREMOTE_ROUTE_POOL)
        && ngx_http_coderemote_meet(r, conf) == NGX_DONE)
    {
        return NGX_DONE;
    }

    return ngx_http_coderemote_serve(r, ctx);
}


ngx_int_t
ngx_http_coderemote_serve(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (ctx->route->flags & NGX_HTTP_CODEREMOTE_ROUTE_BODY) {
        return ngx_http_coderemote_read_body(r);
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    return ctx->route->handler(r, ctx);
}


ngx_uint_t
ngx_http_coderemote_route_guard(ngx_http_request_t *r)
{
    ngx_str_t                           id;
    ngx_uint_t                          methods;
    const ngx_http_coderemote_route_t  *route;

    route = ngx_http_coderemote_route(r, &id, &methods);

    if (route == NULL) {

        /* a preflight has no token, and learns the methods alone */

        return (methods == 0 || r->method == NGX_HTTP_OPTIONS)
               ? NGX_HTTP_CODEREMOTE_GUARD_OPEN
               : NGX_HTTP_CODEREMOTE_GUARD_TOKEN;
    }

    if (route->flags & NGX_HTTP_CODEREMOTE_ROUTE_OPEN) {
        return NGX_HTTP_CODEREMOTE_GUARD_OPEN;
    }

    return (route->flags & NGX_HTTP_CODEREMOTE_ROUTE_LATE)
           ? NGX_HTTP_CODEREMOTE_GUARD_LATE
           : NGX_HTTP_CODEREMOTE_GUARD_TOKEN;
}


void
ngx_http_coderemote_route_id(ngx_http_request_t *r, ngx_str_t *id)
{
    ngx_uint_t                       methods;
    ngx_http_coderemote_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);

    if (!conf->enable || ngx_http_coderemote_route(r, id, &methods) == NULL) {
        ngx_str_null(id);
    }
}


/* NULL and *methods: what the path serves, 0 when it is not ours */

static const ngx_http_coderemote_route_t *
ngx_http_coderemote_route(ngx_http_request_t *r, ngx_str_t *id,
    ngx_uint_t *methods)
{
    ngx_str_t                           uri;
    ngx_uint_t                          method;
    const ngx_http_coderemote_route_t  *route;

    *methods = 0;

    uri = r->uri;

    if (uri.len > 1 && uri.data[uri.len - 1] == '/') {
        uri.len--;
    }

    /* most of what a site serves are files, and goes on at once */

    if (uri.len < 2
        || (ngx_http_coderemote_route_letters() & 1u << (uri.data[1] & 31))
           == 0)
    {
        return NULL;
    }

    method = (r->method == NGX_HTTP_HEAD) ? NGX_HTTP_GET : r->method;

    for (route = ngx_http_coderemote_routes; route->path.len != 0; route++) {

        if (!ngx_http_coderemote_route_match(&route->path, &uri, id)) {
            continue;
        }

        if (route->method == method) {
            return route;
        }

        *methods |= route->method;
    }

    return NULL;
}


/* the first letters of all routes, a bit each */

static uint32_t
ngx_http_coderemote_route_letters(void)
{
    static uint32_t                     letters;
    const ngx_http_coderemote_route_t  *route;

    if (letters == 0) {
        for (route = ngx_http_coderemote_routes; route->path.len != 0;
             route++)
        {
            letters |= 1u << (route->path.data[1] & 31);
        }
    }

    return letters;
}


static ngx_uint_t
ngx_http_coderemote_route_match(const ngx_str_t *path, const ngx_str_t *uri,
    ngx_str_t *id)
{
    size_t   head, tail;
    u_char  *p, *last;

    /* the second characters differ most */

    if (uri->len < 2 || path->data[1] != uri->data[1]) {
        return 0;
    }

    p = ngx_strlchr(path->data, path->data + path->len, '{');

    if (p == NULL) {
        ngx_str_null(id);

        return path->len == uri->len
               && ngx_memcmp(path->data, uri->data, uri->len) == 0;
    }

    head = p - path->data;
    tail = path->len - head - (sizeof("{id}") - 1);

    if (uri->len <= head + tail
        || ngx_memcmp(path->data, uri->data, head) != 0
        || ngx_memcmp(path->data + path->len - tail,
                      uri->data + uri->len - tail, tail) != 0)
    {
        return 0;
    }

    id->data = uri->data + head;
    id->len = uri->len - head - tail;
    last = id->data + id->len;

    return ngx_strlchr(id->data, last, '/') == NULL;
}


static ngx_int_t
ngx_http_coderemote_no_method(ngx_http_request_t *r, ngx_uint_t methods)
{
    u_char                         *p, *allow;
    ngx_http_coderemote_problem_t   problem;

    allow = ngx_pnalloc(r->pool, NGX_HTTP_CODEREMOTE_ALLOW_MAX);
    if (allow == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_sprintf(allow, "%s%s%sOPTIONS",
                    (methods & NGX_HTTP_GET) ? "GET, HEAD, " : "",
                    (methods & NGX_HTTP_POST) ? "POST, " : "",
                    (methods & NGX_HTTP_DELETE) ? "DELETE, " : "");

    if (ngx_http_coderemote_add_header(r, "Allow", allow, p - allow)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (r->method == NGX_HTTP_OPTIONS) {
        return ngx_http_coderemote_preflight(r, allow, p - allow);
    }

    ngx_http_coderemote_problem(&problem,
                                NGX_HTTP_CODEREMOTE_METHOD_NOT_ALLOWED, NULL,
                                "use one of: %*s", (size_t) (p - allow),
                                allow);

    return ngx_http_coderemote_send_problem(r, &problem);
}


/* send() adds the origin when it is an allowed one; without, nothing counts */

static ngx_int_t
ngx_http_coderemote_preflight(ngx_http_request_t *r, u_char *allow,
    size_t len)
{
    ngx_int_t  rc;
    ngx_str_t  none = ngx_null_string;

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_coderemote_header(r, "origin", 6) != NULL
        && (ngx_http_coderemote_add_header(r, "Access-Control-Allow-Methods",
                                           allow, len) != NGX_OK
            || ngx_http_coderemote_add_header(r,
                             "Access-Control-Allow-Headers",
                             (u_char *) "Authorization, Content-Type, "
                             "Prefer, Last-Event-ID", 50) != NGX_OK))
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_coderemote_send(r, NGX_HTTP_NO_CONTENT, &none, NULL, 0);
}
