/*
 * A pool that is always there, for what reads a client's JSON: a link whose
 * jobs end in memory of our own instead of a segment's.
 */

#ifndef HTTP_STUB_H
#define HTTP_STUB_H


#include "ngx_http_coderemote.h"


/* a block of this size for each job, so that ASan sees a step outside */

#define STUB_ARENA  32768


/* what was submitted since http_stub_reset() */

typedef struct {
    ngx_uint_t   jobs;
    cr_job_t     job;               /* the last one */
    uint8_t     *arena;
    size_t       used;
} http_stub_t;


extern http_stub_t                     http_stub;
extern ngx_http_coderemote_loc_conf_t  http_stub_conf;
extern ngx_log_t                       http_stub_log;


/* once, before the first input; then before each */
void http_stub_init(void);
void http_stub_reset(void);

/* what was submitted last keeps the rules of ipc/cr_request.h */
void http_stub_check_job(void);
/* a problem has a code and texts that JSON may carry */
void http_stub_check_problem(const ngx_http_coderemote_problem_t *problem);

/* aborts, which is what fuzzing looks for */
void promise(int kept);


#endif
