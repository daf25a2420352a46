
/*
 * One job's life as messages.
 *
 * A client is told "queued" and "running" once an attempt, then gets the
 * output and the result.  A stream has no queue of its own: it is a cursor
 * in the job's log, so a slow client costs no memory and holds up nobody.
 */


#include "ngx_http_coderemote_stream.h"


#define NGX_HTTP_CODEREMOTE_STREAM_CHUNK    16384
#define NGX_HTTP_CODEREMOTE_STREAM_SCRATCH  16384


typedef ngx_http_coderemote_stream_message_t  ngx_http_coderemote_message_t;


static ngx_int_t ngx_http_coderemote_stream_state(
    ngx_http_coderemote_stream_t *s, ngx_http_coderemote_message_t *message);
static ngx_int_t ngx_http_coderemote_stream_status(
    ngx_http_coderemote_stream_t *s, ngx_http_coderemote_message_t *message,
    const char *status);
static ngx_int_t ngx_http_coderemote_stream_output(
    ngx_http_coderemote_stream_t *s, ngx_http_coderemote_message_t *message,
    const ngx_cr_output_chunk_t *chunk);
static ngx_int_t ngx_http_coderemote_stream_result(
    ngx_http_coderemote_stream_t *s, ngx_http_coderemote_message_t *message);
static ngx_int_t ngx_http_coderemote_stream_begin(
    ngx_http_coderemote_stream_t *s, ngx_http_coderemote_message_t *message,
    const char *event, size_t size);
static ngx_int_t ngx_http_coderemote_stream_end(
    ngx_http_coderemote_stream_t *s, ngx_http_coderemote_message_t *message);


ngx_int_t
ngx_http_coderemote_stream_open(ngx_http_coderemote_stream_t *s,
    const ngx_cr_job_t *job, const ngx_http_coderemote_stream_start_t *start,
    ngx_cr_watch_handler_pt handler, void *data)
{
    uint64_t           offset;
    ngx_cr_job_info_t  info;

    ngx_memzero(s, sizeof(ngx_http_coderemote_stream_t));

    s->watch.handler = handler;
    s->watch.data = data;

    if (ngx_cr_watch_add(&s->watch, job) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (ngx_cr_job_read(job, &info) != NGX_OK) {
        ngx_cr_watch_del(&s->watch);
        return NGX_DECLINED;
    }

    offset = start->offset;

    if (start->attempt != 0 && start->attempt != info.attempt) {
        offset = 0;
    }

    ngx_cr_output_init(&s->output, offset);

    s->told = start->told;
    s->attempt = (start->told == NGX_HTTP_CODEREMOTE_STREAM_NONE)
                 ? info.attempt : 1;
    ngx_memcpy(s->id, info.id, CR_ID_TEXT);

    return NGX_OK;
}


void
ngx_http_coderemote_stream_close(ngx_http_coderemote_stream_t *s)
{
    ngx_cr_watch_del(&s->watch);
}


ngx_int_t
ngx_http_coderemote_stream_next(ngx_http_coderemote_stream_t *s,
    ngx_http_coderemote_stream_message_t *message)
{
    ngx_int_t              rc;
    ngx_cr_output_chunk_t  chunk;

    static u_char          buf[NGX_HTTP_CODEREMOTE_STREAM_CHUNK];

    if (s->told == NGX_HTTP_CODEREMOTE_STREAM_ENDED) {
        return NGX_DONE;
    }

    if (s->told != NGX_HTTP_CODEREMOTE_STREAM_RUNNING) {
        rc = ngx_http_coderemote_stream_state(s, message);

        if (rc != NGX_DONE) {
            return rc;
        }
    }

    rc = ngx_cr_output_next(&s->output, &s->watch.job, buf, sizeof(buf),
                            &chunk);

    switch (rc) {

    case NGX_OK:
        return ngx_http_coderemote_stream_output(s, message, &chunk);

    case NGX_AGAIN:
        return NGX_AGAIN;

    case NGX_DONE:
        return ngx_http_coderemote_stream_result(s, message);

    case NGX_DECLINED:
        s->told = NGX_HTTP_CODEREMOTE_STREAM_QUEUED;
        s->attempt = s->output.attempt;
        return ngx_http_coderemote_stream_status(s, message, "queued");

    default: /* NGX_ERROR */
        return NGX_DECLINED;
    }
}


/*
 * Until "running" was told: tells what there is to tell.  NGX_DONE: that is
 * over, go on with the output.  There is no output before "running", and the
 * state is looked at first, so the order of the messages is kept.
 */

static ngx_int_t
ngx_http_coderemote_stream_state(ngx_http_coderemote_stream_t *s,
    ngx_http_coderemote_message_t *message)
{
    ngx_uint_t          queued;
    const char         *status;
    ngx_cr_job_info_t   info;

    if (ngx_cr_job_read(&s->watch.job, &info) != NGX_OK) {
        return NGX_DECLINED;
    }

    status = ngx_cr_job_status(&info);
    queued = (ngx_strcmp(status, "queued") == 0);

    /* a final status here is what someone sees who comes after the end */

    if (s->told == NGX_HTTP_CODEREMOTE_STREAM_NONE) {
        s->told = queued ? NGX_HTTP_CODEREMOTE_STREAM_QUEUED
                         : NGX_HTTP_CODEREMOTE_STREAM_RUNNING;
        s->attempt = info.attempt;
        return ngx_http_coderemote_stream_status(s, message, status);
    }

    if (info.attempt != s->attempt) {
        s->attempt = info.attempt;
        return ngx_http_coderemote_stream_status(s, message, "queued");
    }

    if (queued) {
        return NGX_AGAIN;
    }

    s->told = NGX_HTTP_CODEREMOTE_STREAM_RUNNING;

    if (info.result.started_us == 0) {
        return NGX_DONE;
    }

    return ngx_http_coderemote_stream_status(s, message, "running");
}


static ngx_int_t
ngx_http_coderemote_stream_status(ngx_http_coderemote_stream_t *s,
    ngx_http_coderemote_message_t *message, const char *status)
{
    if (ngx_http_coderemote_stream_begin(s, message, "status", 256)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_cr_json_name(&message->json, "job_id");
    ngx_cr_json_text(&message->json, s->id, CR_ID_TEXT);
    ngx_cr_json_name(&message->json, "status");
    ngx_cr_json_cstr(&message->json, status);

    if (s->attempt > 1) {
        ngx_cr_json_name(&message->json, "attempt");
        ngx_cr_json_int(&message->json, s->attempt);
    }

    return ngx_http_coderemote_stream_end(s, message);
}


static ngx_int_t
ngx_http_coderemote_stream_output(ngx_http_coderemote_stream_t *s,
    ngx_http_coderemote_message_t *message, const ngx_cr_output_chunk_t *chunk)
{
    ngx_cr_json_t  *j;

    /* most bytes of text take one byte, those of base64 four thirds */

    if (ngx_http_coderemote_stream_begin(s, message, "output",
                                         chunk->data.len
                                         + chunk->data.len / 2 + 256)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    j = &message->json;

    ngx_cr_json_name(j, "job_id");
    ngx_cr_json_text(j, s->id, CR_ID_TEXT);
    ngx_cr_json_name(j, "stream");
    ngx_cr_json_cstr(j, (chunk->stream == CR_STREAM_STDERR) ? "stderr"
                                                            : "stdout");
    ngx_cr_json_name(j, "data");

    if (chunk->binary) {
        ngx_cr_json_base64(j, chunk->data.data, chunk->data.len);
        ngx_cr_json_name(j, "encoding");
        ngx_cr_json_cstr(j, "base64");

    } else {
        ngx_cr_json_text(j, chunk->data.data, chunk->data.len);
    }

    ngx_cr_json_name(j, "offset");
    ngx_cr_json_int(j, (int64_t) chunk->offset);

    ngx_cr_stats_add(NGX_CR_STAT_OUTPUT_BYTES, chunk->data.len);

    return ngx_http_coderemote_stream_end(s, message);
}


static ngx_int_t
ngx_http_coderemote_stream_result(ngx_http_coderemote_stream_t *s,
    ngx_http_coderemote_message_t *message)
{
    ngx_cr_job_info_t  info;

    if (ngx_cr_job_read(&s->watch.job, &info) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (ngx_http_coderemote_stream_begin(s, message, "result", 1024)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* an error is "gone" too: it is told apart where memory really ran out */

    if (ngx_http_coderemote_job_members(&message->json, &s->watch.job, &info)
        != NGX_OK)
    {
        return message->json.error ? NGX_ERROR : NGX_DECLINED;
    }

    if (ngx_http_coderemote_stream_end(s, message) != NGX_OK) {
        return NGX_ERROR;
    }

    s->told = NGX_HTTP_CODEREMOTE_STREAM_ENDED;
    ngx_cr_job_delivered(&s->watch.job);

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_stream_begin(ngx_http_coderemote_stream_t *s,
    ngx_http_coderemote_message_t *message, const char *event, size_t size)
{
    ngx_pool_t  *pool;

    pool = ngx_http_coderemote_stream_scratch();
    if (pool == NULL) {
        return NGX_ERROR;
    }

    message->event = event;

    ngx_cr_json_init(&message->json, pool, size);
    ngx_cr_json_begin(&message->json, '{');
    ngx_cr_json_name(&message->json, "type");
    ngx_cr_json_cstr(&message->json, event);

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_stream_end(ngx_http_coderemote_stream_t *s,
    ngx_http_coderemote_message_t *message)
{
    ngx_cr_json_end(&message->json, '}');

    /* what was skipped on the way to a client's offset was not lost to it */

    message->offset = ngx_max(s->output.offset, s->output.start);
    message->attempt = s->attempt;

    return ngx_cr_json_done(&message->json, &message->len);
}


ngx_pool_t *
ngx_http_coderemote_stream_scratch(void)
{
    static ngx_pool_t  *pool;

    if (pool == NULL) {
        pool = ngx_create_pool(NGX_HTTP_CODEREMOTE_STREAM_SCRATCH,
                               ngx_cycle->log);
        return pool;
    }

    ngx_reset_pool(pool);

    return pool;
}
