
/*
 * GET /jobs: the caller's own jobs, newest first, from memory.  The id of a
 * job begins with its time, so ids sort as times do and the cursor of the
 * next page is the last id of this one.
 */


#include "ngx_http_coderemote.h"


#define NGX_HTTP_CODEREMOTE_JOBS_DEFAULT  20
#define NGX_HTTP_CODEREMOTE_JOBS_MAX      100


typedef struct {
    uint8_t                      id[16];
    ngx_cr_job_t                 job;
} ngx_http_coderemote_jobs_item_t;


/* what is asked for, and the best limit + 1 jobs so far, newest first */

typedef struct {
    const ngx_str_t             *user;
    ngx_uint_t                   limit;
    ngx_str_t                    language;
    ngx_str_t                    status;
    ngx_uint_t                   before;     /* 1: only ids below cursor */
    uint8_t                      cursor[16];
    ngx_uint_t                   n;
    ngx_http_coderemote_jobs_item_t
                                 items[NGX_HTTP_CODEREMOTE_JOBS_MAX + 1];
} ngx_http_coderemote_jobs_t;


static ngx_int_t ngx_http_coderemote_jobs_args(ngx_http_request_t *r,
    ngx_http_coderemote_jobs_t *jobs, ngx_http_coderemote_problem_t *problem);
static ngx_int_t ngx_http_coderemote_jobs_limit(
    ngx_http_coderemote_jobs_t *jobs, ngx_str_t *value,
    ngx_http_coderemote_problem_t *problem);
static ngx_uint_t ngx_http_coderemote_jobs_status_known(ngx_str_t *status);
static void ngx_http_coderemote_jobs_scan(ngx_http_coderemote_jobs_t *jobs,
    ngx_cr_link_t *link);
static ngx_uint_t ngx_http_coderemote_jobs_match(
    ngx_http_coderemote_jobs_t *jobs, ngx_cr_link_t *link,
    const ngx_cr_job_info_t *info);
static void ngx_http_coderemote_jobs_insert(ngx_http_coderemote_jobs_t *jobs,
    const uint8_t *id, const ngx_cr_job_t *job);
static void ngx_http_coderemote_jobs_write(ngx_http_coderemote_jobs_t *jobs,
    ngx_cr_json_t *j);


ngx_int_t
ngx_http_coderemote_api_jobs(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx)
{
    ngx_queue_t                     *q;
    ngx_cr_json_t                    json;
    ngx_cr_channel_t                *ch;
    ngx_http_coderemote_jobs_t      *jobs;
    ngx_http_coderemote_problem_t    problem;
    ngx_http_coderemote_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);

    jobs = ngx_pcalloc(r->pool, sizeof(ngx_http_coderemote_jobs_t));
    if (jobs == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    jobs->user = &ctx->user;

    if (ngx_http_coderemote_jobs_args(r, jobs, &problem) != NGX_OK) {
        return ngx_http_coderemote_send_problem(r, &problem);
    }

    ch = (conf->pool != NULL) ? conf->pool->channel : NULL;

    if (ch != NULL && ch->link == NULL && ch->nold == 0) {
        return ngx_http_coderemote_refuse(r,
                   NGX_HTTP_CODEREMOTE_POOL_UNAVAILABLE,
                   "coderemote-worker, which knows the jobs, is not "
                   "reachable: try again");
    }

    if (ch != NULL) {

        if (ch->link != NULL) {
            ngx_http_coderemote_jobs_scan(jobs, ch->link);
        }

        for (q = ngx_queue_head(&ch->old);
             q != ngx_queue_sentinel(&ch->old);
             q = ngx_queue_next(q))
        {
            ngx_http_coderemote_jobs_scan(jobs,
                                   ngx_queue_data(q, ngx_cr_link_t, queue));
        }
    }

    ngx_cr_json_init(&json, r->pool, 4096);
    ngx_http_coderemote_jobs_write(jobs, &json);

    return ngx_http_coderemote_send_json(r, NGX_HTTP_OK, &json);
}


static ngx_int_t
ngx_http_coderemote_jobs_args(ngx_http_request_t *r,
    ngx_http_coderemote_jobs_t *jobs, ngx_http_coderemote_problem_t *problem)
{
    ngx_str_t  value;

    jobs->limit = NGX_HTTP_CODEREMOTE_JOBS_DEFAULT;

    if (ngx_http_coderemote_arg(r, "limit", &value) == NGX_OK
        && ngx_http_coderemote_jobs_limit(jobs, &value, problem) != NGX_OK)
    {
        return NGX_ERROR;
    }

    (void) ngx_http_coderemote_arg(r, "language", &jobs->language);

    if (ngx_http_coderemote_arg(r, "status", &jobs->status) == NGX_OK
        && !ngx_http_coderemote_jobs_status_known(&jobs->status))
    {
        ngx_http_coderemote_problem(problem, NGX_HTTP_CODEREMOTE_INVALID_FIELD,
                                    "status", "must be queued, running, "
                                    "succeeded, failed, timed_out, "
                                    "memory_exceeded, output_exceeded, "
                                    "cancelled or error");
        return NGX_ERROR;
    }

    if (ngx_http_coderemote_arg(r, "cursor", &value) != NGX_OK) {
        return NGX_OK;
    }

    if (cr_id_parse(jobs->cursor, (char *) value.data, value.len) != 0) {
        ngx_http_coderemote_problem(problem, NGX_HTTP_CODEREMOTE_INVALID_FIELD,
                                    "cursor", "must be next_cursor of the "
                                    "page before");
        return NGX_ERROR;
    }

    jobs->before = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_jobs_limit(ngx_http_coderemote_jobs_t *jobs,
    ngx_str_t *value, ngx_http_coderemote_problem_t *problem)
{
    ngx_int_t  n;

    n = ngx_atoi(value->data, value->len);

    if (n < 1 || n > NGX_HTTP_CODEREMOTE_JOBS_MAX) {
        ngx_http_coderemote_problem(problem, NGX_HTTP_CODEREMOTE_INVALID_FIELD,
                                    "limit", "must be from 1 to %d",
                                    NGX_HTTP_CODEREMOTE_JOBS_MAX);
        return NGX_ERROR;
    }

    jobs->limit = n;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_coderemote_jobs_status_known(ngx_str_t *status)
{
    uint32_t     i;
    const char  *name;

    for (i = 0; i < CR_STATUS_MAX + 1; i++) {
        name = (i == 0) ? "queued" : (i == CR_STATUS_MAX) ? "running"
                                                    : cr_status_name(i);

        if (ngx_strlen(name) == status->len
            && ngx_memcmp(name, status->data, status->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_http_coderemote_jobs_scan(ngx_http_coderemote_jobs_t *jobs,
    ngx_cr_link_t *link)
{
    uint32_t            i;
    uint64_t            word;
    ngx_cr_job_t        job;
    ngx_cr_job_info_t   info;

    job.link = link;

    for (i = 0; i < link->segment.geometry.slots; i++) {
        word = cr_slot_word(cr_segment_slot(&link->segment, i));

        if (cr_word_state(word) == CR_SLOT_FREE) {
            continue;
        }

        job.index = i;
        job.generation = cr_word_generation(word);

        if (ngx_cr_job_read(&job, &info) == NGX_OK
            && ngx_http_coderemote_jobs_match(jobs, link, &info))
        {
            ngx_http_coderemote_jobs_insert(jobs, info.job.id, &job);
        }
    }
}


static ngx_uint_t
ngx_http_coderemote_jobs_match(ngx_http_coderemote_jobs_t *jobs,
    ngx_cr_link_t *link, const ngx_cr_job_info_t *info)
{
    const char         *status;
    ngx_cr_language_t  *language;

    if (!ngx_http_coderemote_job_owned(info, jobs->user)) {
        return 0;
    }

    if (jobs->before && ngx_memcmp(info->job.id, jobs->cursor, 16) >= 0) {
        return 0;
    }

    if (jobs->status.data != NULL) {
        status = ngx_cr_job_status(info);

        if (ngx_strlen(status) != jobs->status.len
            || ngx_memcmp(status, jobs->status.data, jobs->status.len) != 0)
        {
            return 0;
        }
    }

    if (jobs->language.data != NULL) {
        language = ngx_cr_languages_get(link->languages, info->job.language);

        return language != NULL
               && language->id.len == jobs->language.len
               && ngx_memcmp(language->id.data, jobs->language.data,
                             jobs->language.len)
                  == 0;
    }

    return 1;
}


static void
ngx_http_coderemote_jobs_insert(ngx_http_coderemote_jobs_t *jobs,
    const uint8_t *id, const ngx_cr_job_t *job)
{
    ngx_uint_t                        i;
    ngx_http_coderemote_jobs_item_t  *items;

    items = jobs->items;

    for (i = jobs->n; i > 0; i--) {
        if (ngx_memcmp(items[i - 1].id, id, 16) > 0) {
            break;
        }

        if (i <= jobs->limit) {
            items[i] = items[i - 1];
        }
    }

    if (i > jobs->limit) {
        return;
    }

    ngx_memcpy(items[i].id, id, 16);
    items[i].job = *job;

    if (jobs->n <= jobs->limit) {
        jobs->n++;
    }
}


static void
ngx_http_coderemote_jobs_write(ngx_http_coderemote_jobs_t *jobs,
    ngx_cr_json_t *j)
{
    char                id[CR_ID_TEXT];
    ngx_uint_t          i, n;
    ngx_cr_job_t       *job;
    ngx_cr_job_info_t   info;

    n = ngx_min(jobs->n, jobs->limit);

    ngx_cr_json_begin(j, '{');
    ngx_cr_json_name(j, "jobs");
    ngx_cr_json_begin(j, '[');

    for (i = 0; i < n; i++) {
        job = &jobs->items[i].job;

        if (ngx_cr_job_read(job, &info) != NGX_OK) {
            continue;
        }

        ngx_cr_json_begin(j, '{');
        ngx_http_coderemote_job_summary(j, job, &info);
        ngx_cr_json_end(j, '}');
    }

    ngx_cr_json_end(j, ']');
    ngx_cr_json_name(j, "next_cursor");

    if (jobs->n > jobs->limit) {
        cr_id_format(jobs->items[n - 1].id, id);
        ngx_cr_json_text(j, (u_char *) id, CR_ID_TEXT);

    } else {
        ngx_cr_json_null(j);
    }

    ngx_cr_json_end(j, '}');
}
