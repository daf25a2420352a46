
/* A body of POST /execute, checked: what a job is to be. */


#ifndef _NGX_HTTP_CODEREMOTE_SPEC_H_INCLUDED_
#define _NGX_HTTP_CODEREMOTE_SPEC_H_INCLUDED_


#include "ngx_http_coderemote.h"


/* the most members of args, env and files each */

#define NGX_HTTP_CODEREMOTE_SPEC_LIST  256


typedef struct {
    ngx_str_t                    name;
    ngx_str_t                    data;
} ngx_http_coderemote_spec_file_t;


/* texts belong to the JSON, decoded files to the caller's pool */

typedef struct {
    ngx_str_t                    code;
    ngx_str_t                    input;      /* data NULL: none */
    json_t                      *args;       /* of strings; NULL: none */
    json_t                      *env;        /* of strings; NULL: none */
    ngx_array_t                  files;      /* of ..._spec_file_t */
    ngx_uint_t                   language;
    ngx_uint_t                   interactive;
    cr_limits_t                  limits;
} ngx_http_coderemote_spec_t;


/* NGX_OK; NGX_ERROR: problem says which field breaks which rule. */
ngx_int_t ngx_http_coderemote_spec_parse(
    ngx_http_coderemote_submit_t *submit, ngx_cr_languages_t *languages,
    ngx_http_coderemote_spec_t *spec,
    ngx_http_coderemote_problem_t *problem);


#endif /* _NGX_HTTP_CODEREMOTE_SPEC_H_INCLUDED_ */
