
/* The pool's languages, as its info text gives them (GET /languages). */


#ifndef _NGX_CR_LANGUAGES_H_INCLUDED_
#define _NGX_CR_LANGUAGES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "cr_segment.h"


typedef struct {
    ngx_str_t                    id;
    ngx_str_t                    version;
    ngx_str_t                    code_file; /* empty: not known */
    ngx_uint_t                   index;     /* of cr_job_t.language */
    ngx_array_t                  aliases;   /* of ngx_str_t */
    cr_limits_t                  initial;   /* without limits in the request */
    cr_limits_t                  max;
} ngx_cr_language_t;


typedef struct {
    ngx_pool_t                  *pool;      /* owns all of this */
    uint32_t                     seq;       /* of the info it was read from */
    ngx_str_t                    text;      /* as it came: a JSON object */
    ngx_str_t                    known;     /* "python, c, go" for errors */
    ngx_array_t                  items;     /* of ngx_cr_language_t */
} ngx_cr_languages_t;


/*
 * Parses the text, which is copied.  NULL: it is not what it should be (one
 * line was logged), or no memory.
 */
ngx_cr_languages_t *ngx_cr_languages_create(const ngx_str_t *text,
    uint32_t seq, ngx_log_t *log);
/* NULL is harmless */
void ngx_cr_languages_destroy(ngx_cr_languages_t *languages);

/* By id or alias, which are case-sensitive; NULL: unknown. */
ngx_cr_language_t *ngx_cr_languages_find(ngx_cr_languages_t *languages,
    const ngx_str_t *name);
/* By cr_job_t.language; NULL: out of range. */
ngx_cr_language_t *ngx_cr_languages_get(ngx_cr_languages_t *languages,
    ngx_uint_t index);


#endif /* _NGX_CR_LANGUAGES_H_INCLUDED_ */
