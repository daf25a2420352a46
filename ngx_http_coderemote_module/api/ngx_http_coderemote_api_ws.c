
/*
 * GET /ws: a session.
 *
 * Jobs that a client follows wait in two queues: all of them, and those with
 * something new.  The head of the second gives one message when there is room
 * and goes to its tail, so that a job that floods does not silence another.
 */


#include "ngx_http_coderemote_api_ws.h"


typedef struct {
    ngx_queue_t                      queue;     /* in session->jobs */
    ngx_queue_t                      turn;      /* in session->ready */
    ngx_http_coderemote_session_t   *session;
    ngx_http_coderemote_stream_t     stream;
    unsigned                         ready:1;
} ngx_http_coderemote_followed_t;


static ngx_int_t ngx_http_coderemote_session_too_many(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf, ngx_int_t rc);
static void ngx_http_coderemote_session_received(ngx_http_coderemote_ws_t *ws,
    u_char *data, size_t len);
static void ngx_http_coderemote_session_binary(ngx_http_coderemote_ws_t *ws);
static ngx_int_t ngx_http_coderemote_session_pull(
    ngx_http_coderemote_ws_t *ws);
static ngx_int_t ngx_http_coderemote_session_pull_job(
    ngx_http_coderemote_session_t *s, ngx_http_coderemote_followed_t *job);
static void ngx_http_coderemote_session_gone(ngx_http_coderemote_session_t *s,
    ngx_http_coderemote_followed_t *job);
static void ngx_http_coderemote_session_closed(ngx_http_coderemote_ws_t *ws);
static void ngx_http_coderemote_followed_handler(ngx_cr_watch_t *watch);
static ngx_http_coderemote_followed_t *ngx_http_coderemote_followed_find(
    ngx_http_coderemote_session_t *s, const ngx_cr_job_t *job);
static void ngx_http_coderemote_followed_set_ready(
    ngx_http_coderemote_followed_t *job);
static void ngx_http_coderemote_followed_free(
    ngx_http_coderemote_followed_t *job);


static const ngx_http_coderemote_ws_handlers_t
    ngx_http_coderemote_session_handlers =
{
    ngx_http_coderemote_session_received,
    ngx_http_coderemote_session_binary,
    ngx_http_coderemote_session_pull,
    ngx_http_coderemote_session_closed
};


ngx_int_t
ngx_http_coderemote_api_ws(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_cr_ws_handshake_t            hs;
    ngx_http_coderemote_session_t   *s;
    ngx_http_coderemote_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);

    rc = ngx_http_coderemote_ws_handshake(r, conf, &hs);
    if (rc != NGX_DECLINED) {
        return rc;
    }

    s = ngx_pcalloc(r->pool, sizeof(ngx_http_coderemote_session_t));
    if (s == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    s->conf = conf;
    s->user = ctx->user;

    ngx_queue_init(&s->jobs);
    ngx_queue_init(&s->ready);
    ngx_queue_init(&s->inputs);

    if (s->user.len != 0) {
        rc = ngx_http_coderemote_session_count(s);

        if (rc != NGX_OK) {
            return ngx_http_coderemote_session_too_many(r, conf, rc);
        }
    }

    s->ws = ngx_http_coderemote_ws_open(r, conf, &hs,
                                    &ngx_http_coderemote_session_handlers, s);
    if (s->ws == NULL) {
        ngx_http_coderemote_session_uncount(s);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_coderemote_session_auth_init(s, ctx->identity.jwt);
    ngx_http_coderemote_session_hello(s, NULL);

    return NGX_DONE;
}


/* before the handshake: an answer of HTTP says more than a close code */

static ngx_int_t
ngx_http_coderemote_session_too_many(ngx_http_request_t *r,
    ngx_http_coderemote_loc_conf_t *conf, ngx_int_t rc)
{
    ngx_http_coderemote_problem_t  problem;

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_coderemote_problem(&problem,
                                NGX_HTTP_CODEREMOTE_TOO_MANY_SOCKETS, NULL,
                                "%ui WebSockets are the most a user may have: "
                                "close one", conf->limits.max_sockets);
    problem.limit = conf->limits.max_sockets;

    return ngx_http_coderemote_send_problem(r, &problem);
}


void
ngx_http_coderemote_session_hello(ngx_http_coderemote_session_t *s,
    const json_t *ref)
{
    ngx_cr_json_t  *j, json;

    j = ngx_http_coderemote_session_begin(s, &json, "hello");
    if (j == NULL) {
        return;
    }

    ngx_http_coderemote_session_ref(j, ref);

    ngx_cr_json_name(j, "protocol");
    ngx_cr_json_cstr(j, NGX_CR_WS_PROTOCOL);
    ngx_cr_json_name(j, "version");
    ngx_cr_json_cstr(j, CODEREMOTE_VERSION);
    ngx_cr_json_name(j, "user");
    ngx_cr_json_text(j, s->nobody ? NULL : s->user.data, s->user.len);
    ngx_cr_json_name(j, "max_message_bytes");
    ngx_cr_json_int(j, s->conf->ws_max_message);

    ngx_http_coderemote_session_end(s, j);
}


ngx_cr_json_t *
ngx_http_coderemote_session_begin(ngx_http_coderemote_session_t *s,
    ngx_cr_json_t *json, const char *type)
{
    ngx_pool_t  *pool;

    pool = ngx_http_coderemote_stream_scratch();

    if (pool == NULL) {
        ngx_http_coderemote_ws_close(s->ws, NGX_CR_WS_CLOSE_INTERNAL, NULL);
        return NULL;
    }

    ngx_cr_json_init(json, pool, 512);
    ngx_cr_json_begin(json, '{');
    ngx_cr_json_name(json, "type");
    ngx_cr_json_cstr(json, type);

    return json;
}


void
ngx_http_coderemote_session_end(ngx_http_coderemote_session_t *s,
    ngx_cr_json_t *json)
{
    size_t  len;

    ngx_cr_json_end(json, '}');

    if (ngx_cr_json_done(json, &len) != NGX_OK) {
        ngx_http_coderemote_ws_close(s->ws, NGX_CR_WS_CLOSE_INTERNAL, NULL);
        return;
    }

    ngx_http_coderemote_ws_send(s->ws, json, len, 1);
}


void
ngx_http_coderemote_session_ref(ngx_cr_json_t *json, const json_t *ref)
{
    if (ref == NULL) {
        return;
    }

    ngx_cr_json_name(json, "ref");

    if (json_is_string(ref)) {
        ngx_cr_json_text(json, (u_char *) json_string_value(ref),
                         json_string_length(ref));

    } else {
        ngx_cr_json_int(json, json_integer_value(ref));
    }
}


void
ngx_http_coderemote_session_error(ngx_http_coderemote_session_t *s,
    const ngx_http_coderemote_session_error_t *error)
{
    ngx_cr_json_t                        *j, json;
    const ngx_http_coderemote_problem_t  *problem;

    problem = &error->problem;

    j = ngx_http_coderemote_session_begin(s, &json, "error");
    if (j == NULL) {
        return;
    }

    ngx_http_coderemote_session_ref(j, error->ref);

    if (error->job_id.len != 0) {
        ngx_cr_json_name(j, "job_id");
        ngx_cr_json_text(j, error->job_id.data, error->job_id.len);
    }

    ngx_cr_json_name(j, "code");
    ngx_cr_json_cstr(j, ngx_http_coderemote_problem_code(problem->code));
    ngx_cr_json_name(j, "detail");
    ngx_cr_json_text(j, problem->detail.data, problem->detail.len);

    if (problem->field.len != 0) {
        ngx_cr_json_name(j, "field");
        ngx_cr_json_text(j, problem->field.data, problem->field.len);
    }

    ngx_http_coderemote_session_end(s, j);
}


static void
ngx_http_coderemote_session_received(ngx_http_coderemote_ws_t *ws,
    u_char *data, size_t len)
{
    ngx_http_coderemote_session_message(ws->data, data, len);
}


/* RFC 6455 section 7.4.1 would let us close, with all jobs that are followed */

static void
ngx_http_coderemote_session_binary(ngx_http_coderemote_ws_t *ws)
{
    ngx_http_coderemote_session_t        *s;
    ngx_http_coderemote_session_error_t   error;

    s = ws->data;

    if (s->nobody) {
        ngx_http_coderemote_ws_close(ws, NGX_CR_WS_CLOSE_UNAUTHENTICATED,
                                     "not authenticated");
        return;
    }

    ngx_memzero(&error, sizeof(ngx_http_coderemote_session_error_t));

    ngx_http_coderemote_problem(&error.problem,
                                NGX_HTTP_CODEREMOTE_UNSUPPORTED_MEDIA_TYPE,
                                NULL, "messages are text: JSON objects");

    ngx_http_coderemote_session_error(s, &error);
}


static ngx_int_t
ngx_http_coderemote_session_pull(ngx_http_coderemote_ws_t *ws)
{
    ngx_int_t                        rc;
    ngx_queue_t                     *q;
    ngx_http_coderemote_session_t   *s;
    ngx_http_coderemote_followed_t  *job;

    s = ws->data;

    while (!ngx_queue_empty(&s->ready)) {
        q = ngx_queue_head(&s->ready);
        job = ngx_queue_data(q, ngx_http_coderemote_followed_t, turn);

        rc = ngx_http_coderemote_session_pull_job(s, job);

        if (rc != NGX_AGAIN) {
            return rc;
        }
    }

    return NGX_AGAIN;
}


/* NGX_OK: a message was sent; NGX_AGAIN: none, and job is not ready now */

static ngx_int_t
ngx_http_coderemote_session_pull_job(ngx_http_coderemote_session_t *s,
    ngx_http_coderemote_followed_t *job)
{
    ngx_http_coderemote_stream_message_t  message;

    switch (ngx_http_coderemote_stream_next(&job->stream, &message)) {

    case NGX_OK:
        ngx_http_coderemote_ws_send(s->ws, &message.json, message.len, 0);

        ngx_queue_remove(&job->turn);
        ngx_queue_insert_tail(&s->ready, &job->turn);
        return NGX_OK;

    case NGX_AGAIN:
        ngx_queue_remove(&job->turn);
        job->ready = 0;
        return NGX_AGAIN;

    case NGX_DONE:
        ngx_http_coderemote_followed_free(job);
        return NGX_AGAIN;

    case NGX_DECLINED:
        ngx_http_coderemote_session_gone(s, job);
        return NGX_OK;

    default: /* NGX_ERROR */
        ngx_http_coderemote_ws_close(s->ws, NGX_CR_WS_CLOSE_INTERNAL, NULL);
        return NGX_AGAIN;
    }
}


/* a result is kept for some time only; who reads slower than that loses it */

static void
ngx_http_coderemote_session_gone(ngx_http_coderemote_session_t *s,
    ngx_http_coderemote_followed_t *job)
{
    u_char                               id[CR_ID_TEXT];
    ngx_http_coderemote_session_error_t  error;

    ngx_memcpy(id, job->stream.id, CR_ID_TEXT);
    ngx_http_coderemote_followed_free(job);

    error.ref = NULL;
    error.job_id.data = id;
    error.job_id.len = CR_ID_TEXT;

    ngx_http_coderemote_problem(&error.problem, NGX_HTTP_CODEREMOTE_NOT_FOUND,
                                NULL, "the job's output is not kept any "
                                "longer");

    ngx_http_coderemote_session_error(s, &error);
}


static void
ngx_http_coderemote_session_closed(ngx_http_coderemote_ws_t *ws)
{
    ngx_queue_t                     *q;
    ngx_http_coderemote_session_t   *s;
    ngx_http_coderemote_followed_t  *job;

    s = ws->data;

    while (!ngx_queue_empty(&s->jobs)) {
        q = ngx_queue_head(&s->jobs);
        job = ngx_queue_data(q, ngx_http_coderemote_followed_t, queue);

        ngx_http_coderemote_followed_free(job);
    }

    ngx_http_coderemote_session_inputs_done(s);
    ngx_http_coderemote_session_auth_done(s);
    ngx_http_coderemote_session_uncount(s);
}


ngx_int_t
ngx_http_coderemote_session_count(ngx_http_coderemote_session_t *s)
{
    ngx_int_t  rc;

    if (s->conf->limits.max_sockets == 0) {
        return NGX_OK;
    }

    rc = ngx_http_coderemote_limits_socket(&s->user,
                                           s->conf->limits.max_sockets,
                                           &s->place);
    s->counted = (rc == NGX_OK);

    return rc;
}


void
ngx_http_coderemote_session_uncount(ngx_http_coderemote_session_t *s)
{
    if (s->counted) {
        ngx_http_coderemote_limits_socket_close(&s->place);
        s->counted = 0;
    }
}


ngx_uint_t
ngx_http_coderemote_session_full(ngx_http_coderemote_session_t *s)
{
    return s->njobs >= s->conf->ws_max_jobs;
}


ngx_int_t
ngx_http_coderemote_session_follow(ngx_http_coderemote_session_t *s,
    const ngx_cr_job_t *job, const ngx_http_coderemote_stream_start_t *start)
{
    ngx_http_coderemote_followed_t  *followed;

    ngx_http_coderemote_session_leave(s, job);

    if (ngx_http_coderemote_session_full(s)) {
        return NGX_BUSY;
    }

    followed = ngx_alloc(sizeof(ngx_http_coderemote_followed_t),
                         s->ws->request->connection->log);
    if (followed == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_coderemote_stream_open(&followed->stream, job, start,
                                        ngx_http_coderemote_followed_handler,
                                        followed)
        != NGX_OK)
    {
        ngx_free(followed);
        return NGX_DECLINED;
    }

    followed->session = s;
    followed->ready = 0;

    ngx_queue_insert_tail(&s->jobs, &followed->queue);
    s->njobs++;

    ngx_http_coderemote_followed_set_ready(followed);

    return NGX_OK;
}


void
ngx_http_coderemote_session_leave(ngx_http_coderemote_session_t *s,
    const ngx_cr_job_t *job)
{
    ngx_http_coderemote_followed_t  *followed;

    followed = ngx_http_coderemote_followed_find(s, job);

    if (followed != NULL) {
        ngx_http_coderemote_followed_free(followed);
    }
}


void
ngx_http_coderemote_session_look(ngx_http_coderemote_session_t *s,
    const ngx_cr_job_t *job)
{
    ngx_http_coderemote_followed_t  *followed;

    followed = ngx_http_coderemote_followed_find(s, job);

    if (followed != NULL) {
        ngx_http_coderemote_followed_set_ready(followed);
    }
}


static void
ngx_http_coderemote_followed_handler(ngx_cr_watch_t *watch)
{
    ngx_http_coderemote_followed_t  *job;

    job = watch->data;

    ngx_http_coderemote_followed_set_ready(job);
    ngx_http_coderemote_ws_wake(job->session->ws);
}


static ngx_http_coderemote_followed_t *
ngx_http_coderemote_followed_find(ngx_http_coderemote_session_t *s,
    const ngx_cr_job_t *job)
{
    ngx_queue_t                     *q;
    ngx_cr_job_t                    *known;
    ngx_http_coderemote_followed_t  *followed;

    for (q = ngx_queue_head(&s->jobs);
         q != ngx_queue_sentinel(&s->jobs);
         q = ngx_queue_next(q))
    {
        followed = ngx_queue_data(q, ngx_http_coderemote_followed_t, queue);
        known = &followed->stream.watch.job;

        if (known->link == job->link
            && known->index == job->index
            && known->generation == job->generation)
        {
            return followed;
        }
    }

    return NULL;
}


static void
ngx_http_coderemote_followed_set_ready(ngx_http_coderemote_followed_t *job)
{
    if (!job->ready) {
        ngx_queue_insert_tail(&job->session->ready, &job->turn);
        job->ready = 1;
    }
}


static void
ngx_http_coderemote_followed_free(ngx_http_coderemote_followed_t *job)
{
    ngx_http_coderemote_session_t  *s;

    s = job->session;

    ngx_http_coderemote_stream_close(&job->stream);

    if (job->ready) {
        ngx_queue_remove(&job->turn);
    }

    ngx_queue_remove(&job->queue);
    s->njobs--;

    ngx_free(job);
}
