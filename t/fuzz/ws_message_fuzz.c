/*
 * What a client says over /ws: messages, split at NUL bytes, to one session.
 * Byte 0 of the input: whether authentication is on, whether the session is
 * nobody's yet, and whether binary messages come between; byte 1: what jobs
 * and the pool's control ring answer, a bit for each time in turn.
 *
 * Holds: whatever is sent is one document of JSON with a type; a job that
 * was submitted keeps its rules; what is kept for jobs stays within its
 * bounds; nothing is left when the session closes.
 *
 * sources: t/fuzz/http_stub.c ipc/
 * sources: ngx_http_coderemote_module/api/ngx_http_coderemote_api_ws.c
 * sources: ngx_http_coderemote_module/api/ngx_http_coderemote_api_ws_input.c
 * sources: ngx_http_coderemote_module/api/ngx_http_coderemote_api_ws_message.c
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
#include "ngx_http_coderemote_api_ws.h"


int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


ngx_module_t  ngx_http_coderemote_module;


static ngx_pool_t                               *scratch;
static ngx_http_coderemote_ws_t                  socket_;
static const ngx_http_coderemote_ws_handlers_t  *handlers;
static ngx_uint_t                                sent, closed, watches;
static uint8_t                                   answers;


/* the next of the answers that the input asks for */

static ngx_uint_t
answer(void)
{
    ngx_uint_t  bit;

    bit = answers & 1;
    answers = (uint8_t) (answers >> 1 | answers << 7);

    return bit;
}


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;

    http_stub_init();

    return 0;
}


/* A session as the handshake opens it. */

static ngx_http_coderemote_session_t *
open_session(ngx_http_request_t *r, ngx_uint_t flags)
{
    static void                   *confs[1];
    static ngx_connection_t        connection;
    ngx_http_coderemote_ctx_t      ctx;
    ngx_http_coderemote_session_t  *s;

    memset(r, 0, sizeof(ngx_http_request_t));
    memset(&ctx, 0, sizeof(ctx));

    confs[0] = &http_stub_conf;
    connection.log = &http_stub_log;
    r->loc_conf = confs;
    r->connection = &connection;
    r->pool = ngx_create_pool(4096, &http_stub_log);

    http_stub_conf.auth.mode = (flags & 1) ? NGX_HTTP_CODEREMOTE_AUTH_JWT
                                           : NGX_HTTP_CODEREMOTE_AUTH_OFF;
    ngx_str_set(&ctx.user, "ada");

    sent = 0;
    closed = 0;

    promise(ngx_http_coderemote_api_ws(r, &ctx) == NGX_DONE);
    promise(sent == 1);

    s = socket_.data;
    s->nobody = (flags & 3) == 3;

    return s;
}


static void
message(ngx_http_coderemote_session_t *s, const uint8_t *p, size_t len)
{
    u_char      *copy;
    size_t       n;
    ngx_uint_t   before;

    /* the reader in front has made sure of that */

    if (ngx_cr_ws_utf8_prefix(p, len, &n) != NGX_OK) {
        return;
    }

    copy = malloc(len == 0 ? 1 : len);
    memcpy(copy, p, len);
    before = sent;

    handlers->message(&socket_, copy, len);
    free(copy);

    promise(len != 0 || sent > before);

    promise(s->njobs <= s->conf->ws_max_jobs);
    promise(s->ninputs <= s->conf->ws_max_jobs);
    promise(s->held <= s->conf->max_stdin_size);

    if (http_stub.jobs != 0) {
        http_stub_check_job();
        http_stub_reset();
    }
}


/* What waits for a job is tried again, as when its worker rings. */

static void
ring(ngx_http_coderemote_session_t *s)
{
    size_t           at, n;
    ngx_queue_t     *q;
    ngx_cr_watch_t  *watch;

    /* the place of the watch is that of its handler's data */

    for (n = s->ninputs; n != 0 && !ngx_queue_empty(&s->inputs); n--) {
        q = ngx_queue_head(&s->inputs);
        at = sizeof(ngx_queue_t) + sizeof(void *);
        watch = (ngx_cr_watch_t *) (void *) ((u_char *) q + at);

        promise(watch->data == (void *) q);
        watch->handler(watch);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t                  *p, *last, *end;
    ngx_http_request_t              r;
    ngx_http_coderemote_session_t  *s;

    if (size < 2) {
        return 0;
    }

    answers = data[1];
    http_stub_reset();
    s = open_session(&r, data[0]);

    last = data + size;

    for (p = data + 2; p < last && !closed; p = end + 1) {
        end = memchr(p, '\0', last - p);
        end = (end == NULL) ? last : end;

        message(s, p, end - p);

        if (data[0] & 8 && !closed) {
            handlers->binary(&socket_);
        }

        if (data[0] & 4) {
            ring(s);
        }

        (void) handlers->pull(&socket_);
    }

    handlers->closed(&socket_);

    promise(s->njobs == 0 && s->ninputs == 0 && s->held == 0);
    promise(watches == 0);

    ngx_destroy_pool(r.pool);

    if (scratch != NULL) {
        ngx_destroy_pool(scratch);
        scratch = NULL;
    }

    http_stub_reset();

    return 0;
}


/* the connection */

ngx_int_t
ngx_http_coderemote_ws_handshake(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf, ngx_cr_ws_handshake_t *hs)
{
    (void) r;
    (void) conf;
    (void) hs;

    return NGX_DECLINED;
}


ngx_http_coderemote_ws_t *
ngx_http_coderemote_ws_open(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf, const ngx_cr_ws_handshake_t *hs,
    const ngx_http_coderemote_ws_handlers_t *h, void *data)
{
    (void) hs;

    memset(&socket_, 0, sizeof(socket_));

    handlers = h;
    socket_.request = r;
    socket_.conf = conf;
    socket_.data = data;

    return &socket_;
}


void
ngx_http_coderemote_ws_send(ngx_http_coderemote_ws_t *ws,
    const ngx_cr_json_t *json, size_t len, ngx_uint_t one)
{
    u_char       *text, *p, detail[256];
    json_t       *document;
    ngx_str_t     why;
    ngx_uint_t    bad_utf8;
    ngx_chain_t  *cl;

    (void) ws;
    (void) one;

    text = malloc(len);
    p = text;

    for (cl = json->first; cl != NULL; cl = cl->next) {
        promise((size_t) (cl->buf->last - cl->buf->pos)
                <= len - (size_t) (p - text));
        p = ngx_cpymem(p, cl->buf->pos, cl->buf->last - cl->buf->pos);
    }

    promise(p == text + len);

    why.data = detail;
    why.len = sizeof(detail);

    document = ngx_cr_json_decode(text, len, &bad_utf8, &why);
    promise(document != NULL);
    promise(json_is_string(json_object_get(document, "type")));

    json_decref(document);
    free(text);

    sent++;
}


void
ngx_http_coderemote_ws_close(ngx_http_coderemote_ws_t *ws, ngx_uint_t code,
    const char *reason)
{
    (void) ws;
    (void) reason;

    promise(code == NGX_CR_WS_CLOSE_UNAUTHENTICATED);
    closed = 1;
}


void
ngx_http_coderemote_ws_wake(ngx_http_coderemote_ws_t *ws)
{
    (void) ws;
}


/* tokens: the last byte of one says what it is worth */

void
ngx_http_coderemote_session_auth_init(ngx_http_coderemote_session_t *s,
    ngx_cr_jwt_t *jwt)
{
    (void) s;
    (void) jwt;
}


void
ngx_http_coderemote_session_auth_done(ngx_http_coderemote_session_t *s)
{
    (void) s;
}


/* the location has no limit of sockets */

ngx_int_t
ngx_http_coderemote_limits_socket(const ngx_str_t *user, ngx_uint_t max,
    ngx_cr_table_key_t *key)
{
    (void) user;
    (void) max;
    (void) key;

    abort();
}


void
ngx_http_coderemote_limits_socket_close(const ngx_cr_table_key_t *key)
{
    (void) key;

    abort();
}


ngx_int_t
ngx_http_coderemote_send_problem(ngx_http_request_t *r,
    const ngx_http_coderemote_problem_t *problem)
{
    (void) r;
    (void) problem;

    abort();
}


ngx_int_t
ngx_http_coderemote_session_auth(ngx_http_coderemote_session_t *s,
    const ngx_str_t *token, json_t *ref,
    ngx_http_coderemote_problem_t *problem)
{
    if (token->len != 0 && token->data[token->len - 1] & 1) {
        s->nobody = 0;
        ngx_http_coderemote_session_hello(s, ref);
        return NGX_OK;
    }

    ngx_http_coderemote_problem(problem, NGX_HTTP_CODEREMOTE_UNAUTHORIZED,
                                "token", "it is not good");
    return NGX_ERROR;
}


/* jobs: 0 to 7 by the last byte of their id */

ngx_int_t
ngx_http_coderemote_find(ngx_http_coderemote_loc_conf_t *conf,
    const ngx_str_t *user, const ngx_str_t *id, ngx_cr_job_t *job,
    ngx_cr_job_info_t *info)
{
    promise(user->len == 3);

    memset(job, 0, sizeof(ngx_cr_job_t));
    memset(info, 0, sizeof(ngx_cr_job_info_t));

    if (id->len == 0) {
        return NGX_DECLINED;
    }

    job->link = conf->pool->channel->link;
    job->index = id->data[id->len - 1] & 7;

    return NGX_OK;
}


void
ngx_http_coderemote_not_found(ngx_http_coderemote_problem_t *problem,
    ngx_int_t rc)
{
    (void) rc;

    ngx_http_coderemote_problem(problem, NGX_HTTP_CODEREMOTE_NOT_FOUND, NULL,
                                "there is no such job");
}


ngx_int_t
ngx_cr_job_read(const ngx_cr_job_t *job, ngx_cr_job_info_t *info)
{
    (void) job;

    memset(info, 0, sizeof(ngx_cr_job_info_t));
    info->state = answer() ? CR_SLOT_QUEUED : CR_SLOT_RUNNING;

    return NGX_OK;
}


ngx_int_t
ngx_cr_job_control(const ngx_cr_job_t *job, ngx_uint_t type, uint64_t arg,
    const u_char *data, size_t len)
{
    (void) job;
    (void) data;

    promise(len <= CR_CONTROL_PAYLOAD);
    promise(type != CR_CONTROL_SIGNAL || (arg >= 1 && arg < 64));

    if (answer()) {
        return NGX_AGAIN;
    }

    return (job->index == 7) ? NGX_DECLINED : NGX_OK;
}


ngx_int_t
ngx_cr_job_cancel(const ngx_cr_job_t *job)
{
    return ngx_cr_job_control(job, CR_CONTROL_EOF, 0, NULL, 0);
}


ngx_int_t
ngx_cr_watch_add(ngx_cr_watch_t *watch, const ngx_cr_job_t *job)
{
    watch->job = *job;
    watch->added = 1;
    watches++;

    return NGX_OK;
}


void
ngx_cr_watch_del(ngx_cr_watch_t *watch)
{
    promise(watch->added && watches != 0);
    watch->added = 0;
    watches--;
}


void
ngx_cr_watch_block(ngx_cr_watch_t *watch)
{
    promise(watch->added);
}


/* streams that have one message, then nothing */

ngx_int_t
ngx_http_coderemote_stream_open(ngx_http_coderemote_stream_t *s,
    const ngx_cr_job_t *job, const ngx_http_coderemote_stream_start_t *start,
    ngx_cr_watch_handler_pt handler, void *data)
{
    memset(s, 0, sizeof(ngx_http_coderemote_stream_t));
    memset(s->id, 'x', sizeof(s->id));

    if (job->index == 6) {
        return NGX_DECLINED;
    }

    s->attempt = start->attempt;
    s->watch.handler = handler;
    s->watch.data = data;

    return ngx_cr_watch_add(&s->watch, job);
}


void
ngx_http_coderemote_stream_close(ngx_http_coderemote_stream_t *s)
{
    if (s->watch.added) {
        ngx_cr_watch_del(&s->watch);
    }
}


ngx_int_t
ngx_http_coderemote_stream_next(ngx_http_coderemote_stream_t *s,
    ngx_http_coderemote_stream_message_t *m)
{
    switch (s->watch.job.index) {

    case 4:
        return NGX_DECLINED;

    case 5:
        return NGX_DONE;
    }

    if (s->told != NGX_HTTP_CODEREMOTE_STREAM_NONE) {
        return NGX_AGAIN;
    }

    s->told = NGX_HTTP_CODEREMOTE_STREAM_RUNNING;

    ngx_cr_json_init(&m->json, ngx_http_coderemote_stream_scratch(), 64);
    ngx_cr_json_begin(&m->json, '{');
    ngx_cr_json_name(&m->json, "type");
    ngx_cr_json_cstr(&m->json, "status");
    ngx_cr_json_end(&m->json, '}');

    return ngx_cr_json_done(&m->json, &m->len);
}


ngx_pool_t *
ngx_http_coderemote_stream_scratch(void)
{
    if (scratch != NULL) {
        ngx_destroy_pool(scratch);
    }

    scratch = ngx_create_pool(4096, &http_stub_log);

    return scratch;
}
