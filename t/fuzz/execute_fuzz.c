/*
 * A body of POST /execute, from its bytes to the records that the pool gets.
 * Byte 0 of the input: whether stdin stays open when the body does not say,
 * and whether the location has timeouts of its own.
 *
 * Holds: what is accepted keeps the rules of ipc/cr_request.h, within the
 * limits of its language; what is not has a problem that can be sent, and
 * nothing was submitted.
 *
 * sources: t/fuzz/http_stub.c ipc/
 * sources: ngx_http_coderemote_module/core/ngx_cr_json.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_languages.c
 * sources: ngx_http_coderemote_module/http/ngx_http_coderemote_problem.c
 * sources: ngx_http_coderemote_module/http/ngx_http_coderemote_spec.c
 * sources: ngx_http_coderemote_module/http/ngx_http_coderemote_submit.c
 * sources: ngx_http_coderemote_module/ws/ngx_cr_ws_utf8.c
 * libs: -ljansson
 * max: 6000
 * dict: json
 * with: nginx
 */


#include <stdlib.h>
#include <string.h>

#include "http_stub.h"


int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;

    http_stub_init();

    return 0;
}


static void
submit(json_t *body, ngx_uint_t flags)
{
    u_char                         id[CR_ID_TEXT];
    ngx_int_t                      rc;
    ngx_str_t                      user = ngx_string("ada");
    ngx_cr_job_t                   job;
    ngx_http_coderemote_submit_t   s;
    ngx_http_coderemote_problem_t  problem;

    s.conf = &http_stub_conf;
    s.user = &user;
    s.body = body;
    s.flags = (flags & 1) ? CR_JOB_INTERACTIVE : 0;
    s.mem = ngx_create_pool(4096, &http_stub_log);
    s.log = &http_stub_log;
    s.request = NULL;

    http_stub_conf.default_timeout = (flags & 2) ? 5000 : 0;

    memset(&problem, 0xff, sizeof(problem));
    http_stub_reset();

    rc = ngx_http_coderemote_submit(&s, &job, id, &problem);

    if (rc == NGX_OK) {
        promise(http_stub.jobs == 1);
        http_stub_check_job();

    } else {
        promise(rc == NGX_ERROR && http_stub.jobs == 0);
        http_stub_check_problem(&problem);
    }

    http_stub_reset();
    ngx_destroy_pool(s.mem);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char      *copy, text[256];
    size_t       i;
    json_t      *body;
    ngx_str_t    detail;
    ngx_uint_t   bad_utf8;

    if (size < 1) {
        return 0;
    }

    copy = malloc(size);
    memcpy(copy, data + 1, size - 1);

    detail.data = text;
    detail.len = sizeof(text);

    body = ngx_cr_json_decode(copy, size - 1, &bad_utf8, &detail);
    free(copy);

    if (body != NULL) {
        submit(body, data[0]);
        json_decref(body);
        return 0;
    }

    promise(detail.len != 0 && detail.len <= sizeof(text));

    for (i = 0; i < detail.len; i++) {
        promise(text[i] >= 0x20 && text[i] < 0x7f);
    }

    return 0;
}
