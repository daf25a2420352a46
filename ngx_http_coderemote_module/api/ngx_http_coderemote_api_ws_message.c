
/*
 * What a client may say over /ws: one table of messages, each with the
 * members that it may have.  A message that breaks a rule is answered with
 * an error, and the connection stays.
 */


#include "ngx_http_coderemote_api_ws.h"

#include <signal.h>


#define NGX_HTTP_CODEREMOTE_SESSION_REF_MAX  128


typedef struct {
    ngx_http_coderemote_session_t        *session;
    json_t                               *body;
    ngx_http_coderemote_session_error_t   error;

    /* messages about a job */
    ngx_cr_job_t                          job;
    ngx_cr_job_info_t                     info;
} ngx_http_coderemote_request_t;


/* NGX_OK; NGX_ERROR: to be answered with request->error */

typedef ngx_int_t (*ngx_http_coderemote_request_pt)(
    ngx_http_coderemote_request_t *request);


#define NGX_HTTP_CODEREMOTE_SESSION_MEMBERS  3


typedef struct {
    const char                      *type;
    ngx_http_coderemote_request_pt   handler;
    ngx_uint_t                       any;       /* checks members itself */
    const char                      *members[NGX_HTTP_CODEREMOTE_SESSION_MEMBERS
                                             + 1];
} ngx_http_coderemote_request_type_t;


typedef struct {
    const char                      *name;      /* without SIG */
    ngx_uint_t                       number;
} ngx_http_coderemote_signal_t;


static ngx_int_t ngx_http_coderemote_request_run(
    ngx_http_coderemote_request_t *request);
static const ngx_http_coderemote_request_type_t *
    ngx_http_coderemote_request_type(ngx_http_coderemote_request_t *request);
static ngx_int_t ngx_http_coderemote_request_ref(
    ngx_http_coderemote_request_t *request);
static ngx_int_t ngx_http_coderemote_request_members(
    ngx_http_coderemote_request_t *request,
    const ngx_http_coderemote_request_type_t *type);
static ngx_int_t ngx_http_coderemote_request_job(
    ngx_http_coderemote_request_t *request);
static ngx_int_t ngx_http_coderemote_request_number(
    ngx_http_coderemote_request_t *request, const char *name, uint64_t *n);
static ngx_int_t ngx_http_coderemote_request_fail(
    ngx_http_coderemote_request_t *request, ngx_uint_t code,
    const char *field, const char *detail);
static ngx_int_t ngx_http_coderemote_request_auth(
    ngx_http_coderemote_request_t *request);
static ngx_int_t ngx_http_coderemote_request_execute(
    ngx_http_coderemote_request_t *request);
static void ngx_http_coderemote_request_accepted(
    ngx_http_coderemote_request_t *request, const u_char *id);
static ngx_int_t ngx_http_coderemote_request_subscribe(
    ngx_http_coderemote_request_t *request);
static ngx_int_t ngx_http_coderemote_request_unsubscribe(
    ngx_http_coderemote_request_t *request);
static ngx_int_t ngx_http_coderemote_request_follow(
    ngx_http_coderemote_request_t *request,
    const ngx_http_coderemote_stream_start_t *start);
static ngx_int_t ngx_http_coderemote_request_stdin(
    ngx_http_coderemote_request_t *request);
static ngx_int_t ngx_http_coderemote_request_eof(
    ngx_http_coderemote_request_t *request);
static ngx_int_t ngx_http_coderemote_request_signal(
    ngx_http_coderemote_request_t *request);
static ngx_uint_t ngx_http_coderemote_signal_number(const json_t *value);
static ngx_int_t ngx_http_coderemote_request_cancel(
    ngx_http_coderemote_request_t *request);
static ngx_int_t ngx_http_coderemote_request_ping(
    ngx_http_coderemote_request_t *request);


static const ngx_http_coderemote_request_type_t
    ngx_http_coderemote_request_types[] =
{
    { "execute", ngx_http_coderemote_request_execute, 1, { NULL } },

    { "stdin", ngx_http_coderemote_request_stdin, 0,
      { "job_id", "data", NULL } },

    { "eof", ngx_http_coderemote_request_eof, 0, { "job_id", NULL } },

    { "signal", ngx_http_coderemote_request_signal, 0,
      { "job_id", "signal", NULL } },

    { "cancel", ngx_http_coderemote_request_cancel, 0, { "job_id", NULL } },

    { "subscribe", ngx_http_coderemote_request_subscribe, 0,
      { "job_id", "offset", "attempt", NULL } },

    { "unsubscribe", ngx_http_coderemote_request_unsubscribe, 0,
      { "job_id", NULL } },

    { "ping", ngx_http_coderemote_request_ping, 0, { NULL } },

    { "auth", ngx_http_coderemote_request_auth, 0, { "token", NULL } },

    { NULL, NULL, 0, { NULL } }
};


/* the signals of a terminal, of a shell's job control, and USR1, USR2 */

static const ngx_http_coderemote_signal_t  ngx_http_coderemote_signals[] = {
    { "HUP", SIGHUP },
    { "INT", SIGINT },
    { "QUIT", SIGQUIT },
    { "KILL", SIGKILL },
    { "USR1", SIGUSR1 },
    { "USR2", SIGUSR2 },
    { "ALRM", SIGALRM },
    { "TERM", SIGTERM },
    { "CONT", SIGCONT },
    { "STOP", SIGSTOP },
    { "TSTP", SIGTSTP },
    { "WINCH", SIGWINCH },
    { NULL, 0 }
};


void
ngx_http_coderemote_session_message(ngx_http_coderemote_session_t *s,
    u_char *data, size_t len)
{
    u_char                         text[256];
    ngx_str_t                      detail;
    ngx_uint_t                     bad_utf8;
    ngx_http_coderemote_request_t  request;

    ngx_memzero(&request.error, sizeof(ngx_http_coderemote_session_error_t));

    request.session = s;

    detail.data = text;
    detail.len = sizeof(text);

    request.body = ngx_cr_json_decode(data, len, &bad_utf8, &detail);

    if (request.body == NULL) {
        ngx_http_coderemote_problem(&request.error.problem,
                                    bad_utf8 ? NGX_HTTP_CODEREMOTE_INVALID_UTF8
                                           : NGX_HTTP_CODEREMOTE_INVALID_JSON,
                                    NULL,
                                    "a message must be a JSON object: %V",
                                    &detail);

        ngx_http_coderemote_session_error(s, &request.error);
        return;
    }

    if (ngx_http_coderemote_request_run(&request) != NGX_OK) {
        ngx_http_coderemote_session_error(s, &request.error);
    }

    json_decref(request.body);
}


static ngx_int_t
ngx_http_coderemote_request_run(ngx_http_coderemote_request_t *request)
{
    const ngx_http_coderemote_request_type_t  *type;

    if (ngx_http_coderemote_request_ref(request) != NGX_OK) {
        return NGX_ERROR;
    }

    type = ngx_http_coderemote_request_type(request);
    if (type == NULL) {
        return NGX_ERROR;
    }

    if (request->session->nobody
        && type->handler != ngx_http_coderemote_request_auth)
    {
        ngx_http_coderemote_ws_close(request->session->ws,
                                     NGX_CR_WS_CLOSE_UNAUTHENTICATED,
                                     "not authenticated");
        return NGX_OK;
    }

    if (!type->any
        && ngx_http_coderemote_request_members(request, type) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return type->handler(request);
}


static ngx_int_t
ngx_http_coderemote_request_ref(ngx_http_coderemote_request_t *request)
{
    json_t  *ref;

    ref = json_object_get(request->body, "ref");

    if (ref == NULL) {
        return NGX_OK;
    }

    if (json_is_integer(ref)
        || (json_is_string(ref)
            && json_string_length(ref) <= NGX_HTTP_CODEREMOTE_SESSION_REF_MAX))
    {
        request->error.ref = ref;
        return NGX_OK;
    }

    return ngx_http_coderemote_request_fail(request,
                           NGX_HTTP_CODEREMOTE_INVALID_FIELD, "ref",
                           "ref must be a string of up to 128 bytes or an "
                           "integer");
}


static const ngx_http_coderemote_request_type_t *
ngx_http_coderemote_request_type(ngx_http_coderemote_request_t *request)
{
    json_t                                    *type;
    const ngx_http_coderemote_request_type_t  *t;

    type = json_object_get(request->body, "type");

    if (type == NULL) {
        (void) ngx_http_coderemote_request_fail(request,
                           NGX_HTTP_CODEREMOTE_MISSING_FIELD, "type",
                           "every message needs a type");
        return NULL;
    }

    for (t = ngx_http_coderemote_request_types; t->type != NULL; t++) {

        if (json_is_string(type)
            && ngx_strcmp(json_string_value(type), t->type) == 0)
        {
            return t;
        }
    }

    (void) ngx_http_coderemote_request_fail(request,
                           NGX_HTTP_CODEREMOTE_INVALID_FIELD, "type",
                           "type must be one of \"execute\", \"subscribe\", "
                           "\"unsubscribe\", \"stdin\", \"eof\", \"signal\", "
                           "\"cancel\", \"ping\", \"auth\"");
    return NULL;
}


static ngx_int_t
ngx_http_coderemote_request_members(ngx_http_coderemote_request_t *request,
    const ngx_http_coderemote_request_type_t *type)
{
    json_t      *value;
    const char  *name, *const *m;

    json_object_foreach(request->body, name, value) {

        if (ngx_strcmp(name, "type") == 0 || ngx_strcmp(name, "ref") == 0) {
            continue;
        }

        for (m = type->members; *m != NULL; m++) {
            if (ngx_strcmp(name, *m) == 0) {
                break;
            }
        }

        if (*m != NULL) {
            continue;
        }

        ngx_http_coderemote_problem(&request->error.problem,
                                    NGX_HTTP_CODEREMOTE_UNKNOWN_FIELD, name,
                                    "a message \"%s\" has no such member",
                                    type->type);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* The job that the message names; it is looked for and must be the user's. */

static ngx_int_t
ngx_http_coderemote_request_job(ngx_http_coderemote_request_t *request)
{
    json_t                         *value;
    ngx_int_t                       rc;
    ngx_str_t                       id;
    ngx_http_coderemote_session_t  *s;

    s = request->session;
    value = json_object_get(request->body, "job_id");

    if (value == NULL) {
        return ngx_http_coderemote_request_fail(request,
                           NGX_HTTP_CODEREMOTE_MISSING_FIELD, "job_id",
                           "say which job by its job_id");
    }

    if (!json_is_string(value)) {
        return ngx_http_coderemote_request_fail(request,
                           NGX_HTTP_CODEREMOTE_INVALID_FIELD, "job_id",
                           "job_id must be a string");
    }

    id.data = (u_char *) json_string_value(value);
    id.len = json_string_length(value);

    if (id.len <= NGX_HTTP_CODEREMOTE_SESSION_REF_MAX) {
        request->error.job_id = id;
    }

    rc = ngx_http_coderemote_find(s->conf, &s->user, &id, &request->job,
                                  &request->info);

    if (rc != NGX_OK) {
        ngx_http_coderemote_not_found(&request->error.problem, rc);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* An optional member that counts; *n is left alone when it is absent. */

static ngx_int_t
ngx_http_coderemote_request_number(ngx_http_coderemote_request_t *request,
    const char *name, uint64_t *n)
{
    json_t  *value;

    value = json_object_get(request->body, name);

    if (value == NULL) {
        return NGX_OK;
    }

    if (!json_is_integer(value) || json_integer_value(value) < 0) {
        ngx_http_coderemote_problem(&request->error.problem,
                                    NGX_HTTP_CODEREMOTE_INVALID_FIELD, name,
                                    "%s must be an integer from 0 on", name);
        return NGX_ERROR;
    }

    *n = json_integer_value(value);

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_request_fail(ngx_http_coderemote_request_t *request,
    ngx_uint_t code, const char *field, const char *detail)
{
    ngx_http_coderemote_problem(&request->error.problem, code, field, "%s",
                                detail);
    return NGX_ERROR;
}


static ngx_int_t
ngx_http_coderemote_request_auth(ngx_http_coderemote_request_t *request)
{
    json_t                         *value;
    ngx_str_t                       token;
    ngx_http_coderemote_session_t  *s;

    s = request->session;

    if (s->conf->auth.mode == NGX_HTTP_CODEREMOTE_AUTH_OFF) {
        return ngx_http_coderemote_request_fail(request,
                           NGX_HTTP_CODEREMOTE_BAD_REQUEST, NULL,
                           "authentication is off here (coderemote_auth off): "
                           "go on without it");
    }

    value = json_object_get(request->body, "token");

    if (!json_is_string(value)) {
        return ngx_http_coderemote_request_fail(request,
                           (value == NULL) ? NGX_HTTP_CODEREMOTE_MISSING_FIELD
                                         : NGX_HTTP_CODEREMOTE_INVALID_FIELD,
                           "token", "token must be a string");
    }

    token.data = (u_char *) json_string_value(value);
    token.len = json_string_length(value);

    return ngx_http_coderemote_session_auth(s, &token, request->error.ref,
                                            &request->error.problem);
}


static ngx_int_t
ngx_http_coderemote_request_execute(ngx_http_coderemote_request_t *request)
{
    u_char                               id[CR_ID_TEXT];
    ngx_int_t                            rc;
    ngx_pool_t                          *pool;
    ngx_http_coderemote_submit_t         submit;
    ngx_http_coderemote_session_t       *s;
    ngx_http_coderemote_stream_start_t   start;

    s = request->session;

    if (ngx_http_coderemote_session_full(s)) {
        return ngx_http_coderemote_request_follow(request, NULL);
    }

    pool = ngx_create_pool(4096, s->ws->request->connection->log);
    if (pool == NULL) {
        return ngx_http_coderemote_request_fail(request,
                           NGX_HTTP_CODEREMOTE_INTERNAL, NULL,
                           "out of memory, try again");
    }

    /* the answer still needs ref, which the body owns */

    json_incref(request->error.ref);
    (void) json_object_del(request->body, "ref");
    (void) json_object_del(request->body, "type");

    submit.conf = s->conf;
    submit.user = &s->user;
    submit.request = s->ws->request;
    submit.body = request->body;
    submit.flags = CR_JOB_INTERACTIVE;
    submit.mem = pool;
    submit.log = s->ws->request->connection->log;

    rc = ngx_http_coderemote_submit(&submit, &request->job, id,
                                    &request->error.problem);

    ngx_destroy_pool(pool);

    if (rc == NGX_OK) {
        start.offset = 0;
        start.attempt = 0;
        start.told = NGX_HTTP_CODEREMOTE_STREAM_QUEUED;

        ngx_http_coderemote_request_accepted(request, id);

        request->error.job_id.data = id;
        request->error.job_id.len = CR_ID_TEXT;

        rc = ngx_http_coderemote_request_follow(request, &start);
    }

    if (rc != NGX_OK) {
        ngx_http_coderemote_session_error(s, &request->error);
    }

    json_decref(request->error.ref);

    return NGX_OK;
}


static void
ngx_http_coderemote_request_accepted(ngx_http_coderemote_request_t *request,
    const u_char *id)
{
    ngx_cr_json_t  *j, json;

    j = ngx_http_coderemote_session_begin(request->session, &json,
                                          "accepted");
    if (j == NULL) {
        return;
    }

    ngx_http_coderemote_session_ref(j, request->error.ref);

    ngx_cr_json_name(j, "job_id");
    ngx_cr_json_text(j, id, CR_ID_TEXT);
    ngx_cr_json_name(j, "status");
    ngx_cr_json_cstr(j, "queued");

    ngx_http_coderemote_session_end(request->session, j);
}


/* start == NULL: only says that there is no room */

static ngx_int_t
ngx_http_coderemote_request_follow(ngx_http_coderemote_request_t *request,
    const ngx_http_coderemote_stream_start_t *start)
{
    ngx_int_t                       rc;
    ngx_http_coderemote_session_t  *s;

    s = request->session;
    rc = (start == NULL) ? NGX_BUSY
         : ngx_http_coderemote_session_follow(s, &request->job, start);

    switch (rc) {

    case NGX_OK:
        return NGX_OK;

    case NGX_BUSY:
        ngx_http_coderemote_problem(&request->error.problem,
                                    NGX_HTTP_CODEREMOTE_TOO_MANY_JOBS, NULL,
                                    "this connection follows %ui jobs "
                                    "already (coderemote_ws_max_jobs): "
                                    "unsubscribe from one, or wait for a "
                                    "result", s->conf->ws_max_jobs);
        return NGX_ERROR;

    case NGX_DECLINED:
        return ngx_http_coderemote_request_fail(request,
                           NGX_HTTP_CODEREMOTE_NOT_FOUND, NULL,
                           "there is no such job, or it is not kept any "
                           "longer");

    default: /* NGX_ERROR */
        return ngx_http_coderemote_request_fail(request,
                           NGX_HTTP_CODEREMOTE_INTERNAL, NULL,
                           "out of memory: subscribe again");
    }
}


static ngx_int_t
ngx_http_coderemote_request_subscribe(ngx_http_coderemote_request_t *request)
{
    uint64_t                            attempt;
    ngx_http_coderemote_stream_start_t  start;

    attempt = 0;
    start.offset = 0;

    if (ngx_http_coderemote_request_number(request, "offset", &start.offset)
        != NGX_OK
        || ngx_http_coderemote_request_number(request, "attempt", &attempt)
           != NGX_OK
        || ngx_http_coderemote_request_job(request) != NGX_OK)
    {
        return NGX_ERROR;
    }

    start.attempt = attempt;
    start.told = NGX_HTTP_CODEREMOTE_STREAM_NONE;

    return ngx_http_coderemote_request_follow(request, &start);
}


static ngx_int_t
ngx_http_coderemote_request_unsubscribe(
    ngx_http_coderemote_request_t *request)
{
    if (ngx_http_coderemote_request_job(request) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_coderemote_session_leave(request->session, &request->job);

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_request_stdin(ngx_http_coderemote_request_t *request)
{
    json_t  *data;

    data = json_object_get(request->body, "data");

    if (data == NULL) {
        return ngx_http_coderemote_request_fail(request,
                           NGX_HTTP_CODEREMOTE_MISSING_FIELD, "data",
                           "data is what the program is to read");
    }

    if (!json_is_string(data)) {
        return ngx_http_coderemote_request_fail(request,
                           NGX_HTTP_CODEREMOTE_INVALID_FIELD, "data",
                           "data must be a string");
    }

    if (ngx_http_coderemote_request_job(request) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_coderemote_session_stdin(request->session, &request->job,
                                         (u_char *) json_string_value(data),
                                         json_string_length(data),
                                         &request->error.problem);
}


static ngx_int_t
ngx_http_coderemote_request_eof(ngx_http_coderemote_request_t *request)
{
    if (ngx_http_coderemote_request_job(request) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_coderemote_session_eof(request->session, &request->job,
                                           &request->error.problem);
}


static ngx_int_t
ngx_http_coderemote_request_signal(ngx_http_coderemote_request_t *request)
{
    json_t      *value;
    ngx_uint_t   signal;

    value = json_object_get(request->body, "signal");

    if (value == NULL) {
        return ngx_http_coderemote_request_fail(request,
                           NGX_HTTP_CODEREMOTE_MISSING_FIELD, "signal",
                           "say which signal, as \"SIGINT\"");
    }

    signal = ngx_http_coderemote_signal_number(value);

    if (signal == 0) {
        return ngx_http_coderemote_request_fail(request,
                           NGX_HTTP_CODEREMOTE_INVALID_FIELD, "signal",
                           "signal must be the name or the number of one of "
                           "SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGUSR1, "
                           "SIGUSR2, SIGALRM, SIGTERM, SIGCONT, SIGSTOP, "
                           "SIGTSTP, SIGWINCH");
    }

    if (ngx_http_coderemote_request_job(request) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_coderemote_session_signal(request->session, &request->job,
                                              signal,
                                              &request->error.problem);
}


/* Returns 0 for what is no signal that may be sent. */

static ngx_uint_t
ngx_http_coderemote_signal_number(const json_t *value)
{
    const char                          *name;
    const ngx_http_coderemote_signal_t  *s;

    name = json_string_value(value);

    if (name != NULL && ngx_strncmp(name, "SIG", 3) == 0) {
        name += 3;
    }

    for (s = ngx_http_coderemote_signals; s->name != NULL; s++) {

        if (name != NULL ? ngx_strcmp(name, s->name) == 0
                         : json_is_integer(value)
                           && json_integer_value(value)
                              == (json_int_t) s->number)
        {
            return s->number;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_coderemote_request_cancel(ngx_http_coderemote_request_t *request)
{
    if (ngx_http_coderemote_request_job(request) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_coderemote_session_cancel(request->session, &request->job,
                                              &request->error.problem);
}


static ngx_int_t
ngx_http_coderemote_request_ping(ngx_http_coderemote_request_t *request)
{
    ngx_cr_json_t  *j, json;

    j = ngx_http_coderemote_session_begin(request->session, &json, "pong");

    if (j != NULL) {
        ngx_http_coderemote_session_ref(j, request->error.ref);
        ngx_http_coderemote_session_end(request->session, j);
    }

    return NGX_OK;
}
