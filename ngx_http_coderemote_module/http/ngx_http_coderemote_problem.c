
/* The errors of the API: their codes, statuses and titles. */


#include "ngx_http_coderemote.h"


typedef struct {
    ngx_uint_t                   status;
    const char                  *code;
    const char                  *title;
} ngx_http_coderemote_problem_entry_t;


/* in the order of ngx_http_coderemote_code_e */

static const ngx_http_coderemote_problem_entry_t
    ngx_http_coderemote_problems[] =
{
    { 400, "bad_request", "Bad request" },
    { 400, "invalid_json", "Not valid JSON" },
    { 400, "invalid_utf8", "Not valid UTF-8" },
    { 400, "invalid_field", "A field has a wrong value" },
    { 400, "unknown_field", "Unknown field" },
    { 400, "missing_field", "A field is missing" },
    { 400, "unknown_language", "Unknown language" },
    { 401, "unauthorized", "Not signed in" },
    { 401, "invalid_credentials", "Wrong email or password" },
    { 401, "invalid_session", "The sign-in has to start again" },
    { 401, "no_session", "No session" },
    { 403, "user_not_confirmed", "The account is not confirmed" },
    { 403, "password_reset_required", "The password must be reset" },
    { 403, "forbidden_host", "Host not allowed" },
    { 403, "forbidden_origin", "Origin not allowed" },
    { 404, "not_found", "Not found" },
    { 405, "method_not_allowed", "Method not allowed" },
    { 409, "job_finished", "The job has finished" },
    { 410, "code_expired", "The code has expired" },
    { 413, "too_large", "Too large" },
    { 415, "unsupported_media_type", "Unsupported media type" },
    { 422, "code_mismatch", "Wrong code" },
    { 422, "weak_password", "The password is too weak" },
    { 426, "upgrade_required", "Upgrade required" },
    { 429, "too_many_jobs", "Too many jobs" },
    { 429, "too_many_attempts", "Too many attempts" },
    { 429, "too_many_executions", "Too many executions" },
    { 429, "too_many_sockets", "Too many WebSockets" },
    { 500, "internal", "Internal error" },
    { 500, "auth_misconfigured", "Sign-in is not set up correctly" },
    { 503, "auth_unavailable", "The identity provider does not answer" },
    { 503, "pool_unavailable", "The pool of workers is not available" },
    { 503, "queue_full", "The queue is full" }
};


void
ngx_http_coderemote_problem(ngx_http_coderemote_problem_t *problem,
    ngx_uint_t code, const char *field, const char *fmt, ...)
{
    size_t   n;
    u_char  *p;
    va_list  args;

    problem->code = code;
    problem->status = ngx_http_coderemote_problem_status(code);
    problem->retry = 1;
    problem->limit = 0;
    problem->login = 0;

    va_start(args, fmt);
    p = ngx_vslprintf(problem->text, problem->text + sizeof(problem->text),
                      fmt, args);
    va_end(args);

    problem->detail.data = problem->text;
    problem->detail.len = p - problem->text;

    /* a text of a client may have been cut within a character */

    (void) ngx_cr_ws_utf8_prefix(problem->text, problem->detail.len, &n);
    problem->detail.len = n;

    problem->field.data = problem->name;
    problem->field.len = 0;

    if (field != NULL) {
        p = ngx_snprintf(problem->name, sizeof(problem->name), "%s", field);
        (void) ngx_cr_ws_utf8_prefix(problem->name, p - problem->name, &n);
        problem->field.len = n;
    }

    ngx_cr_stats_add(NGX_CR_STAT_PROBLEMS + code, 1);
}


const char *
ngx_http_coderemote_problem_code(ngx_uint_t code)
{
    return ngx_http_coderemote_problems[code].code;
}


const char *
ngx_http_coderemote_problem_title(ngx_uint_t code)
{
    return ngx_http_coderemote_problems[code].title;
}


ngx_uint_t
ngx_http_coderemote_problem_status(ngx_uint_t code)
{
    return ngx_http_coderemote_problems[code].status;
}
