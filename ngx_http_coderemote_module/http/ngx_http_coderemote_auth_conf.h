
/* What the configuration says about authentication. */


#ifndef _NGX_HTTP_CODEREMOTE_AUTH_CONF_H_INCLUDED_
#define _NGX_HTTP_CODEREMOTE_AUTH_CONF_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_cr_jwks.h"
#include "ngx_cr_jwt.h"


#define NGX_HTTP_CODEREMOTE_AUTH_OFF       0
#define NGX_HTTP_CODEREMOTE_AUTH_JWT       1

#define NGX_HTTP_CODEREMOTE_LEEWAY_MAX     300      /* seconds */
#define NGX_HTTP_CODEREMOTE_JWT_CACHE_MIN  65536


/* what a token has to be and where it may be; NULL where there is none */

typedef struct {
    ngx_cr_jwt_policy_t          policy;
    ngx_cr_jwks_t               *keys;
    ngx_str_t                    cookie;    /* its name; len 0: none */
} ngx_http_coderemote_auth_t;


/* the directives of one location, as they are written */

typedef struct {
    ngx_uint_t                   mode;      /* NGX_HTTP_CODEREMOTE_AUTH_... */
    ngx_str_t                    issuer;
    ngx_array_t                 *audiences; /* of ngx_str_t; "*": any */
    ngx_uint_t                   token_use; /* ngx_cr_jwt_use_e */
    ngx_uint_t                   algs;      /* NGX_CR_JWK_... */
    ngx_str_t                    jwks_file;
    ngx_cr_jwks_source_t        *jwks_uri;  /* NULL: from the file */
    time_t                       leeway;
    ngx_array_t                 *claims;    /* of ngx_keyval_t */
    ngx_array_t                 *groups;    /* of ngx_str_t */
    ngx_str_t                    groups_claim;
    ngx_array_t                 *scopes;    /* of ngx_str_t */
    ngx_str_t                    cookie;

    ngx_http_coderemote_auth_t  *auth;      /* made of the above */
} ngx_http_coderemote_auth_conf_t;


void ngx_http_coderemote_auth_conf_create(
    ngx_http_coderemote_auth_conf_t *conf);

/*
 * Merges, and with mode jwt makes conf->auth, or takes that of prev when
 * nothing differs.  keys: of the cycle, and tag: see ngx_cr_jwks_uri().
 */
char *ngx_http_coderemote_auth_conf_merge(ngx_conf_t *cf, ngx_array_t *keys,
    void *tag, ngx_http_coderemote_auth_conf_t *prev,
    ngx_http_coderemote_auth_conf_t *conf);

/* coderemote_jwt_jwks_uri */
char *ngx_http_coderemote_auth_uri(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Configuration: NGX_CONF_OK if a URI has https, or http to this machine, or
 * if that does not matter; else what it needs.
 */
char *ngx_http_coderemote_auth_uri_secure(const ngx_str_t *uri,
    ngx_uint_t allow_http);

/*
 * Of the same issuer, for the ID token that comes along with an access token:
 * who it is for and who it is of, nothing else.  NULL: no memory.
 */
ngx_http_coderemote_auth_t *ngx_http_coderemote_auth_conf_id(ngx_conf_t *cf,
    const ngx_http_coderemote_auth_t *auth);

/* A directive's values, appended to the ngx_array_t * of ngx_str_t. */
char *ngx_http_coderemote_auth_list(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


extern ngx_conf_enum_t     ngx_http_coderemote_auth_modes[];
extern ngx_conf_enum_t     ngx_http_coderemote_auth_uses[];
extern ngx_conf_bitmask_t  ngx_http_coderemote_auth_algs[];


#endif /* _NGX_HTTP_CODEREMOTE_AUTH_CONF_H_INCLUDED_ */
