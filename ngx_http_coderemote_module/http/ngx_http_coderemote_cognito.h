
/* What the configuration says about the identity provider of /auth/. */


#ifndef _NGX_HTTP_CODEREMOTE_COGNITO_H_INCLUDED_
#define _NGX_HTTP_CODEREMOTE_COGNITO_H_INCLUDED_


#include "ngx_http_coderemote_auth_conf.h"
#include "ngx_cr_cognito.h"


/* texts end with NUL */

typedef struct {
    const char                  *url;
    const char                  *ca;        /* NULL: the system's */
    ngx_cr_cognito_client_t      client;
    ngx_msec_t                   timeout;
    ngx_http_coderemote_auth_t  *auth;      /* for what is handed out */
    ngx_http_coderemote_auth_t  *id;        /* for ID tokens */

    /* of this process: the provider does not have the newer operation */
    ngx_uint_t                   old_refresh;
} ngx_http_coderemote_cognito_t;


typedef struct {
    ngx_str_t                    endpoint;
    ngx_str_t                    client_id;
    ngx_str_t                    secret_file;
    ngx_str_t                    ca_file;
    ngx_msec_t                   timeout;

    ngx_http_coderemote_cognito_t  *cognito;  /* made of the above; NULL: no
                                                 sign-in here */
} ngx_http_coderemote_cognito_conf_t;


void ngx_http_coderemote_cognito_conf_create(
    ngx_http_coderemote_cognito_conf_t *conf);

/* Merges; auth: that of the location, merged; NULL: authentication is off. */
char *ngx_http_coderemote_cognito_conf_merge(ngx_conf_t *cf,
    ngx_http_coderemote_auth_t *auth,
    ngx_http_coderemote_cognito_conf_t *prev,
    ngx_http_coderemote_cognito_conf_t *conf);

/* coderemote_cognito_endpoint */
char *ngx_http_coderemote_cognito_endpoint(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


#endif /* _NGX_HTTP_CODEREMOTE_COGNITO_H_INCLUDED_ */
