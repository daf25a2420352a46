
/* A job as the API shows it. */


#include "ngx_http_coderemote.h"


typedef struct {
    int                          number;
    const char                  *name;
} ngx_http_coderemote_signal_t;


static void ngx_http_coderemote_job_output(ngx_cr_json_t *j,
    ngx_cr_output_stream_t streams[2]);
static void ngx_http_coderemote_job_result(ngx_cr_json_t *j,
    const ngx_cr_job_info_t *info);
static void ngx_http_coderemote_job_times(ngx_cr_json_t *j,
    const ngx_cr_job_info_t *info);
static void ngx_http_coderemote_job_signal(ngx_cr_json_t *j, uint32_t number);


static const ngx_http_coderemote_signal_t  ngx_http_coderemote_signals[] = {
    { SIGHUP, "SIGHUP" },
    { SIGINT, "SIGINT" },
    { SIGQUIT, "SIGQUIT" },
    { SIGILL, "SIGILL" },
    { SIGTRAP, "SIGTRAP" },
    { SIGABRT, "SIGABRT" },
    { SIGBUS, "SIGBUS" },
    { SIGFPE, "SIGFPE" },
    { SIGKILL, "SIGKILL" },
    { SIGUSR1, "SIGUSR1" },
    { SIGSEGV, "SIGSEGV" },
    { SIGUSR2, "SIGUSR2" },
    { SIGPIPE, "SIGPIPE" },
    { SIGALRM, "SIGALRM" },
    { SIGTERM, "SIGTERM" },
    { SIGSTKFLT, "SIGSTKFLT" },
    { SIGXCPU, "SIGXCPU" },
    { SIGXFSZ, "SIGXFSZ" },
    { SIGVTALRM, "SIGVTALRM" },
    { SIGPROF, "SIGPROF" },
    { SIGIO, "SIGIO" },
    { SIGPWR, "SIGPWR" },
    { SIGSYS, "SIGSYS" },
    { 0, NULL }
};


ngx_int_t
ngx_http_coderemote_find(ngx_http_coderemote_loc_conf_t *conf,
    const ngx_str_t *user, const ngx_str_t *id, ngx_cr_job_t *job,
    ngx_cr_job_info_t *info)
{
    uint8_t  bytes[16];

    if (conf->pool != NULL
        && ngx_cr_job_find(conf->pool->channel, id, job) == NGX_OK
        && ngx_cr_job_read(job, info) == NGX_OK)
    {
        return ngx_http_coderemote_job_owned(info, user) ? NGX_OK
                                                         : NGX_DECLINED;
    }

    /* nobody to ask, and it may well be known when there is */

    if (ngx_http_coderemote_link(conf) == NULL
        && cr_id_parse(bytes, (char *) id->data, id->len) == 0)
    {
        return NGX_AGAIN;
    }

    return NGX_DECLINED;
}


void
ngx_http_coderemote_not_found(ngx_http_coderemote_problem_t *problem,
    ngx_int_t rc)
{
    if (rc == NGX_AGAIN) {
        ngx_http_coderemote_problem(problem,
                                    NGX_HTTP_CODEREMOTE_POOL_UNAVAILABLE, NULL,
                                    "coderemote-worker, which knows the job, "
                                    "is not reachable: try again");
        return;
    }

    ngx_http_coderemote_problem(problem, NGX_HTTP_CODEREMOTE_NOT_FOUND, NULL,
                                "there is no such job, or its result has "
                                "expired: check the id, or run it again");
}


ngx_uint_t
ngx_http_coderemote_job_owned(const ngx_cr_job_info_t *info,
    const ngx_str_t *user)
{
    return info->job.owner_len == ngx_min(user->len, CR_OWNER_MAX)
           && ngx_memcmp(info->job.owner, user->data, info->job.owner_len)
              == 0;
}


ngx_int_t
ngx_http_coderemote_job_members(ngx_cr_json_t *j, const ngx_cr_job_t *job,
    const ngx_cr_job_info_t *info)
{
    ngx_cr_output_stream_t  streams[2];

    if (ngx_cr_output_collect(job, info->finished, j->pool, streams)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_coderemote_job_summary(j, job, info);
    ngx_http_coderemote_job_output(j, streams);

    return j->error ? NGX_ERROR : NGX_OK;
}


void
ngx_http_coderemote_job_summary(ngx_cr_json_t *j, const ngx_cr_job_t *job,
    const ngx_cr_job_info_t *info)
{
    ngx_cr_language_t  *language;

    language = ngx_cr_languages_get(job->link->languages, info->job.language);

    ngx_cr_json_name(j, "job_id");
    ngx_cr_json_text(j, info->id, CR_ID_TEXT);

    ngx_cr_json_name(j, "status");
    ngx_cr_json_cstr(j, ngx_cr_job_status(info));

    ngx_cr_json_name(j, "language");
    ngx_cr_json_text(j, (language != NULL) ? language->id.data : NULL,
                     (language != NULL) ? language->id.len : 0);

    ngx_cr_json_name(j, "runtime_version");
    ngx_cr_json_text(j, (language != NULL) ? language->version.data : NULL,
                     (language != NULL) ? language->version.len : 0);

    ngx_http_coderemote_job_result(j, info);
    ngx_http_coderemote_job_times(j, info);
}


static void
ngx_http_coderemote_job_output(ngx_cr_json_t *j,
    ngx_cr_output_stream_t streams[2])
{
    ngx_uint_t   i;
    ngx_str_t   *data;
    static const char  *names[] = { "stdout", "stderr" };
    static const char  *encodings[] = { "stdout_encoding", "stderr_encoding" };

    for (i = 0; i < 2; i++) {
        data = &streams[i].data;

        ngx_cr_json_name(j, names[i]);

        if (!streams[i].binary) {
            ngx_cr_json_text(j, data->data, data->len);
            continue;
        }

        ngx_cr_json_base64(j, data->data, data->len);
        ngx_cr_json_name(j, encodings[i]);
        ngx_cr_json_cstr(j, "base64");
    }
}


static void
ngx_http_coderemote_job_result(ngx_cr_json_t *j,
    const ngx_cr_job_info_t *info)
{
    const cr_result_t  *result;

    result = &info->result;

    ngx_cr_json_name(j, "exit_code");

    if (info->finished && result->exit_code >= 0) {
        ngx_cr_json_int(j, result->exit_code);

    } else {
        ngx_cr_json_null(j);
    }

    ngx_cr_json_name(j, "signal");
    ngx_http_coderemote_job_signal(j, result->signal);

    ngx_cr_json_name(j, "limit");
    ngx_cr_json_cstr(j, cr_limit_name(result->limit));

    ngx_cr_json_name(j, "error");
    ngx_cr_json_cstr(j, (info->finished && result->status == CR_STATUS_ERROR)
                        ? result->error : NULL);

    ngx_cr_json_name(j, "truncated");
    ngx_cr_json_bool(j, result->truncated);

    ngx_cr_json_name(j, "attempt");
    ngx_cr_json_int(j, info->attempt);
}


static void
ngx_http_coderemote_job_times(ngx_cr_json_t *j, const ngx_cr_job_info_t *info)
{
    int64_t             queued;
    const cr_result_t  *result;

    result = &info->result;

    ngx_cr_json_name(j, "execution_time_ms");
    ngx_cr_json_ms(j, result->execution_us);

    ngx_cr_json_name(j, "cpu_time_ms");
    ngx_cr_json_ms(j, result->cpu_us);

    ngx_cr_json_name(j, "memory_peak_kb");
    ngx_cr_json_int(j, result->memory_peak_kb);

    queued = (result->started_us != 0)
             ? result->started_us - info->job.created_us : 0;

    ngx_cr_json_name(j, "queue_time_ms");
    ngx_cr_json_ms(j, (queued > 0) ? queued : 0);

    ngx_cr_json_name(j, "created_at");
    ngx_cr_json_time(j, info->job.created_us);

    ngx_cr_json_name(j, "started_at");
    ngx_cr_json_time(j, result->started_us);

    ngx_cr_json_name(j, "finished_at");
    ngx_cr_json_time(j, result->finished_us);
}


static void
ngx_http_coderemote_job_signal(ngx_cr_json_t *j, uint32_t number)
{
    u_char                               text[32];
    const ngx_http_coderemote_signal_t  *s;

    if (number == 0) {
        ngx_cr_json_null(j);
        return;
    }

    for (s = ngx_http_coderemote_signals; s->number != 0; s++) {
        if (s->number == (int) number) {
            ngx_cr_json_cstr(j, s->name);
            return;
        }
    }

    ngx_cr_json_text(j, text,
                     ngx_snprintf(text, sizeof(text), "signal %uD", number)
                     - text);
}


ngx_int_t
ngx_http_coderemote_send_job(ngx_http_request_t *r, ngx_uint_t status,
    const ngx_cr_job_t *job, const ngx_cr_job_info_t *info)
{
    ngx_int_t      rc;
    ngx_cr_json_t  json;

    ngx_cr_json_init(&json, r->pool, 1024);
    ngx_cr_json_begin(&json, '{');

    if (ngx_http_coderemote_job_members(&json, job, info) != NGX_OK) {
        return ngx_http_coderemote_refuse(r, NGX_HTTP_CODEREMOTE_INTERNAL,
                                          "the job's output cannot be read: "
                                          "run it again");
    }

    ngx_cr_json_end(&json, '}');

    rc = ngx_http_coderemote_send_json(r, status, &json);

    if (info->finished && rc != NGX_ERROR && !r->header_only) {
        ngx_cr_job_delivered(job);
    }

    return rc;
}
