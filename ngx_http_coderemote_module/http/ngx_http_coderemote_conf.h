
/* What the table of directives and the module's context point to. */


#ifndef _NGX_HTTP_CODEREMOTE_CONF_H_INCLUDED_
#define _NGX_HTTP_CODEREMOTE_CONF_H_INCLUDED_


#include "ngx_http_coderemote.h"


void *ngx_http_coderemote_create_main_conf(ngx_conf_t *cf);
char *ngx_http_coderemote_init_main_conf(ngx_conf_t *cf, void *conf);
void *ngx_http_coderemote_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_coderemote_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);

/* coderemote_pool */
char *ngx_http_coderemote_pool(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
/* A list of names, "*.name" and "*", into the ngx_array_t * at cmd->offset. */
char *ngx_http_coderemote_names(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
/* What follows a size of code: 1 byte to 1m. */
char *ngx_http_coderemote_check_size(ngx_conf_t *cf, void *post, void *data);


#endif /* _NGX_HTTP_CODEREMOTE_CONF_H_INCLUDED_ */
