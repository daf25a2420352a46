
/*
 * What a user, an account or an address may do how often: the directives, the
 * zone that all nginx workers share, and the questions.
 */


#ifndef _NGX_HTTP_CODEREMOTE_LIMITS_H_INCLUDED_
#define _NGX_HTTP_CODEREMOTE_LIMITS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_cr_attempts.h"
#include "ngx_cr_rate.h"
#include "ngx_cr_sockets.h"


#define NGX_HTTP_CODEREMOTE_LIMITS_SIZE_MIN  (256 * 1024)


typedef struct {
    ngx_cr_attempts_conf_t      *attempts;      /* NULL: off */
    ngx_cr_rate_conf_t          *rate;          /* of executions; NULL: off */
    ngx_uint_t                   max_sockets;   /* of a user; 0: any */
} ngx_http_coderemote_limits_conf_t;


void ngx_http_coderemote_limits_conf_create(
    ngx_http_coderemote_limits_conf_t *conf);
char *ngx_http_coderemote_limits_conf_merge(ngx_conf_t *cf,
    ngx_http_coderemote_limits_conf_t *prev,
    ngx_http_coderemote_limits_conf_t *conf);

/* coderemote_auth_limit, coderemote_execute_rate */
char *ngx_http_coderemote_limits_auth(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_coderemote_limits_rate(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* The zone of coderemote_limit_zone, of so many bytes. */
ngx_int_t ngx_http_coderemote_limits_zone(ngx_conf_t *cf, size_t size,
    void *tag);


/*
 * An attempt to sign in to account from where r comes: NGX_OK: it may be made
 * and is counted; NGX_BUSY: after so many seconds; NGX_ERROR.  right and undo
 * as in ngx_cr_attempts.h.
 */
ngx_int_t ngx_http_coderemote_limits_attempt(ngx_http_request_t *r,
    const ngx_cr_attempts_conf_t *conf, const ngx_str_t *account,
    ngx_cr_attempts_who_t *who, time_t *wait);
void ngx_http_coderemote_limits_right(const ngx_cr_attempts_who_t *who);
void ngx_http_coderemote_limits_undo(const ngx_cr_attempts_who_t *who);

/* One more execution of user: NGX_OK, NGX_BUSY, NGX_ERROR. */
ngx_int_t ngx_http_coderemote_limits_execute(const ngx_cr_rate_conf_t *conf,
    const ngx_str_t *user, ngx_cr_rate_state_t *state);

/*
 * One more connection of user: NGX_OK, and key is what close wants; NGX_BUSY;
 * NGX_ERROR.
 */
ngx_int_t ngx_http_coderemote_limits_socket(const ngx_str_t *user,
    ngx_uint_t max, ngx_cr_table_key_t *key);
void ngx_http_coderemote_limits_socket_close(const ngx_cr_table_key_t *key);


#endif /* _NGX_HTTP_CODEREMOTE_LIMITS_H_INCLUDED_ */
