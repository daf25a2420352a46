
/*
 * Who may ask: with authentication who has a token, see
 * ngx_http_coderemote_auth.c; without, only who sits in front of it.
 *
 * Any web page can make its reader's browser send requests to 127.0.0.1, and
 * by DNS rebinding even under a name of its own.  Host and Origin are what a
 * page cannot forge, so both have to be ours.
 */


#include "ngx_http_coderemote_auth.h"


static ngx_uint_t ngx_http_coderemote_host_allowed(
    ngx_http_coderemote_loc_conf_t *conf, const ngx_str_t *host);
static ngx_uint_t ngx_http_coderemote_loopback(const ngx_str_t *host);
static ngx_uint_t ngx_http_coderemote_same_site(ngx_http_request_t *r,
    const ngx_str_t *origin);
static void ngx_http_coderemote_default_port(ngx_str_t *host,
    ngx_uint_t secure);
static ngx_uint_t ngx_http_coderemote_matches(const ngx_str_t *pattern,
    const ngx_str_t *name);


ngx_int_t
ngx_http_coderemote_access(ngx_http_request_t *r)
{
    ngx_table_elt_t                 *origin;
    ngx_http_coderemote_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);

    if (conf->auth.mode == NGX_HTTP_CODEREMOTE_AUTH_JWT) {
        return ngx_http_coderemote_auth_access(r, conf);
    }

    if (!conf->enable) {
        return NGX_DECLINED;
    }

    if (!ngx_http_coderemote_host_allowed(conf, &r->headers_in.server)) {
        return ngx_http_coderemote_forbid(r,
                  NGX_HTTP_CODEREMOTE_FORBIDDEN_HOST,
                  "without authentication only loopback names are served: use "
                  "localhost or 127.0.0.1, or list the name in "
                  "coderemote_allow_host");
    }

    origin = ngx_http_coderemote_header(r, "origin", 6);

    if (origin != NULL
        && !ngx_http_coderemote_origin_allowed(r, conf, &origin->value))
    {
        return ngx_http_coderemote_forbid(r,
                  NGX_HTTP_CODEREMOTE_FORBIDDEN_ORIGIN,
                  "without authentication pages of other sites are refused: "
                  "list the origin in coderemote_allow_origin to allow it");
    }

    return NGX_DECLINED;
}


/* a whole answer from the access phase */

ngx_int_t
ngx_http_coderemote_forbid(ngx_http_request_t *r, ngx_uint_t code,
    const char *detail)
{
    ngx_http_finalize_request(r, ngx_http_coderemote_refuse(r, code, detail));

    return NGX_DONE;
}


static ngx_uint_t
ngx_http_coderemote_host_allowed(ngx_http_coderemote_loc_conf_t *conf,
    const ngx_str_t *host)
{
    ngx_str_t   *name;
    ngx_uint_t   i;

    if (ngx_http_coderemote_loopback(host)) {
        return 1;
    }

    if (conf->allow_hosts == NULL || host->len == 0) {
        return 0;
    }

    name = conf->allow_hosts->elts;

    for (i = 0; i < conf->allow_hosts->nelts; i++) {
        if (ngx_http_coderemote_matches(&name[i], host)) {
            return 1;
        }
    }

    return 0;
}


/* 127.0.0.0/8, [::1], localhost and what is under it (RFC 6761 6.3) */

static ngx_uint_t
ngx_http_coderemote_loopback(const ngx_str_t *host)
{
    in_addr_t                addr;
    static const ngx_str_t   local = ngx_string("localhost");
    static const ngx_str_t   below = ngx_string("*.localhost");
    static const ngx_str_t   inet6 = ngx_string("[::1]");

    if (ngx_http_coderemote_matches(&local, host)
        || ngx_http_coderemote_matches(&inet6, host)
        || ngx_http_coderemote_matches(&below, host))
    {
        return 1;
    }

    addr = ngx_inet_addr(host->data, host->len);

    return addr != INADDR_NONE && ntohl(addr) >> 24 == 127;
}


/* an origin is scheme://host[:port]; ours has the Host of the request */

static ngx_uint_t
ngx_http_coderemote_same_site(ngx_http_request_t *r, const ngx_str_t *origin)
{
    ngx_str_t   ours, theirs;
    ngx_uint_t  secure;

    if (r->headers_in.host == NULL) {
        return 0;
    }

    theirs = *origin;
    ours = r->headers_in.host->value;

    if (theirs.len > 7 && ngx_strncasecmp(theirs.data, (u_char *) "http://", 7)
                          == 0)
    {
        secure = 0;
        theirs.data += 7;
        theirs.len -= 7;

    } else if (theirs.len > 8
               && ngx_strncasecmp(theirs.data, (u_char *) "https://", 8) == 0)
    {
        secure = 1;
        theirs.data += 8;
        theirs.len -= 8;

    } else {
        return 0;
    }

    ngx_http_coderemote_default_port(&theirs, secure);
    ngx_http_coderemote_default_port(&ours, secure);

    return theirs.len == ours.len
           && ngx_strncasecmp(theirs.data, ours.data, ours.len) == 0;
}


static void
ngx_http_coderemote_default_port(ngx_str_t *host, ngx_uint_t secure)
{
    size_t       len;
    const char  *port;

    port = secure ? ":443" : ":80";
    len = ngx_strlen(port);

    if (host->len > len
        && ngx_memcmp(host->data + host->len - len, port, len) == 0)
    {
        host->len -= len;
    }
}


ngx_uint_t
ngx_http_coderemote_origin_allowed(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf, const ngx_str_t *origin)
{
    return ngx_http_coderemote_same_site(r, origin)
           || ngx_http_coderemote_origin_listed(conf, origin);
}


ngx_uint_t
ngx_http_coderemote_origin_listed(ngx_http_coderemote_loc_conf_t *conf,
    const ngx_str_t *origin)
{
    ngx_str_t   *name;
    ngx_uint_t   i;

    if (conf->allow_origins == NULL) {
        return 0;
    }

    name = conf->allow_origins->elts;

    for (i = 0; i < conf->allow_origins->nelts; i++) {
        if (ngx_http_coderemote_matches(&name[i], origin)) {
            return 1;
        }
    }

    return 0;
}


/* the pattern is a name, "*.name" for all below it, or "*" */

static ngx_uint_t
ngx_http_coderemote_matches(const ngx_str_t *pattern, const ngx_str_t *name)
{
    size_t  len;

    if (pattern->data[0] != '*') {
        return pattern->len == name->len
               && ngx_strncasecmp(pattern->data, name->data, name->len) == 0;
    }

    len = pattern->len - 1;

    return name->len > len
           && ngx_strncasecmp(pattern->data + 1, name->data + name->len - len,
                              len)
              == 0;
}
