
/* The audit log: who did what, when, from where, and what became of it. */


#ifndef _NGX_HTTP_CODEREMOTE_AUDIT_H_INCLUDED_
#define _NGX_HTTP_CODEREMOTE_AUDIT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_cr_audit.h"
#include "ngx_cr_jwt.h"
#include "ngx_cr_watch.h"


typedef struct ngx_http_coderemote_audit_s  ngx_http_coderemote_audit_t;


/* coderemote_audit_log off | path | syslog:... */
char *ngx_http_coderemote_audit_log(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* Process exit: says which jobs this process has not seen end. */
void ngx_http_coderemote_audit_done(void);

/*
 * Each does nothing when audit is NULL.  auth: a request to /auth/ was
 * answered; action and outcome are words; email: as sent, or empty; jwt: who
 * was found to ask, NULL: whoever the request's own token names; bound: 1 for
 * what costs who asks nothing.
 */
void ngx_http_coderemote_audit_auth(ngx_http_coderemote_audit_t *audit,
    ngx_http_request_t *r, const char *action, const char *outcome,
    const ngx_str_t *email, const ngx_cr_jwt_t *jwt, ngx_uint_t bound);
/*
 * A token was refused, or holds no more; cause: a word; sub: of whom it is or
 * would have been, may be empty; NULL: as above.
 */
void ngx_http_coderemote_audit_token(ngx_http_coderemote_audit_t *audit,
    ngx_http_request_t *r, const char *cause, const ngx_str_t *sub);
/* A job was accepted: says so now, and once again when it has ended. */
void ngx_http_coderemote_audit_accepted(ngx_http_coderemote_audit_t *audit,
    ngx_http_request_t *r, const ngx_str_t *sub, const ngx_cr_job_t *job,
    const u_char id[CR_ID_TEXT], ngx_uint_t language);


#endif /* _NGX_HTTP_CODEREMOTE_AUDIT_H_INCLUDED_ */
