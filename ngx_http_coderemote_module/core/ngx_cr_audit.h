
/*
 * Lines of the audit log: one JSON object each.  Pure; who writes them is
 * somebody else.  No token, password, program or output has a way into one.
 */


#ifndef _NGX_CR_AUDIT_H_INCLUDED_
#define _NGX_CR_AUDIT_H_INCLUDED_


#include "ngx_cr_job.h"
#include "ngx_cr_json.h"


#define NGX_CR_AUDIT_TEXT_MAX  256      /* bytes of a text of a client */


/* who, and from where; a text of length 0 is not known */

typedef struct {
    ngx_str_t                    sub;
    ngx_str_t                    email;
    ngx_str_t                    address;
    ngx_str_t                    request_id;
} ngx_cr_audit_who_t;


/* of a job that was accepted; id: CR_ID_TEXT bytes */

typedef struct {
    const u_char                *id;
    ngx_str_t                    language;
} ngx_cr_audit_job_t;


/* how many lines a second may hold, and how many did not fit */

typedef struct {
    time_t                       second;
    ngx_uint_t                   lines;
    ngx_uint_t                   omitted;
} ngx_cr_audit_bound_t;


/* A line of an event, an identifier, at us since the epoch, in pool. */
void ngx_cr_audit_begin(ngx_cr_json_t *j, ngx_pool_t *pool, int64_t us,
    const char *event);

/* Members of the line; texts may hold any bytes, and are cut. */
void ngx_cr_audit_text(ngx_cr_json_t *j, const char *name,
    const ngx_str_t *text);
void ngx_cr_audit_who(ngx_cr_json_t *j, const ngx_cr_audit_who_t *who);
void ngx_cr_audit_job(ngx_cr_json_t *j, const ngx_cr_audit_job_t *job);

/* Of a job that has ended; output: its bytes. */
void ngx_cr_audit_result(ngx_cr_json_t *j, const ngx_cr_job_info_t *info,
    uint64_t output);

/* The line with its LF, in the pool.  NGX_ERROR: no memory. */
ngx_int_t ngx_cr_audit_end(ngx_cr_json_t *j, ngx_str_t *line);

/* 1: one more line may be written now; 0: it was counted as left out. */
ngx_uint_t ngx_cr_audit_allow(ngx_cr_audit_bound_t *bound, time_t now,
    ngx_uint_t max);


#endif /* _NGX_CR_AUDIT_H_INCLUDED_ */
