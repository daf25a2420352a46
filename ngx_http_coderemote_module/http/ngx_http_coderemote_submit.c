
/* From a checked body to a job in the ring. */


#include "ngx_http_coderemote_spec.h"


#define NGX_HTTP_CODEREMOTE_FNV_BASE   0xcbf29ce484222325ULL
#define NGX_HTTP_CODEREMOTE_FNV_PRIME  0x100000001b3ULL


static ngx_cr_link_t *ngx_http_coderemote_submit_link(
    ngx_http_coderemote_submit_t *submit,
    ngx_http_coderemote_problem_t *problem);
static ngx_int_t ngx_http_coderemote_submit_allowed(
    ngx_http_coderemote_submit_t *submit, ngx_cr_link_t *link, uint64_t hash,
    ngx_http_coderemote_problem_t *problem);
static void ngx_http_coderemote_submit_records(cr_request_writer_t *w,
    ngx_http_coderemote_spec_t *spec);
static void ngx_http_coderemote_submit_env(cr_request_writer_t *w,
    json_t *env);
static uint64_t ngx_http_coderemote_hash(const ngx_str_t *owner);


ngx_int_t
ngx_http_coderemote_submit(ngx_http_coderemote_submit_t *submit,
    ngx_cr_job_t *ref, u_char id[CR_ID_TEXT],
    ngx_http_coderemote_problem_t *problem)
{
    ngx_int_t                    rc;
    cr_job_t                     job;
    ngx_cr_link_t               *link;
    ngx_cr_job_claim_t           claim;
    ngx_cr_languages_t          *languages;
    ngx_http_coderemote_spec_t   spec;

    link = ngx_http_coderemote_submit_link(submit, problem);
    if (link == NULL) {
        return NGX_ERROR;
    }

    languages = ngx_cr_channel_languages(link);
    if (languages == NULL) {
        ngx_http_coderemote_problem(problem,
                                    NGX_HTTP_CODEREMOTE_POOL_UNAVAILABLE, NULL,
                                    "the pool has not told its languages yet: "
                                    "try again");
        return NGX_ERROR;
    }

    if (ngx_http_coderemote_spec_parse(submit, languages, &spec, problem)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memzero(&job, sizeof(cr_job_t));

    job.owner_len = ngx_min(submit->user->len, CR_OWNER_MAX);
    ngx_memcpy(job.owner, submit->user->data, job.owner_len);
    job.owner_hash = ngx_http_coderemote_hash(submit->user);
    job.language = spec.language;
    job.limits = spec.limits;
    job.flags = (submit->flags & CR_JOB_WAITED)
                | (spec.interactive ? CR_JOB_INTERACTIVE : 0);

    if (ngx_http_coderemote_submit_allowed(submit, link, job.owner_hash,
                                           problem)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_cr_job_claim(link, &claim) != NGX_OK) {
        ngx_http_coderemote_problem(problem, NGX_HTTP_CODEREMOTE_QUEUE_FULL,
                                    NULL, "all places for jobs are taken: try "
                                    "again in a second");
        return NGX_ERROR;
    }

    ngx_http_coderemote_submit_records(&claim.request, &spec);

    rc = ngx_cr_job_submit(&claim, &job);

    if (rc == NGX_DECLINED) {
        ngx_http_coderemote_problem(problem, NGX_HTTP_CODEREMOTE_TOO_LARGE,
                                    NULL, "code, files, stdin, args and env "
                                    "together must fit into %uL bytes",
                                    link->segment.geometry.request_size);
        return NGX_ERROR;
    }

    if (rc != NGX_OK) {
        ngx_http_coderemote_problem(problem,
                                    NGX_HTTP_CODEREMOTE_POOL_UNAVAILABLE, NULL,
                                    "the pool is going away: try again");
        return NGX_ERROR;
    }

    *ref = claim.job;
    cr_id_format(job.id, (char *) id);

    ngx_http_coderemote_audit_accepted(submit->conf->audit, submit->request,
                                       submit->user, ref, id, job.language);

    return NGX_OK;
}


static ngx_cr_link_t *
ngx_http_coderemote_submit_link(ngx_http_coderemote_submit_t *submit,
    ngx_http_coderemote_problem_t *problem)
{
    ngx_cr_link_t  *link;

    link = ngx_http_coderemote_link(submit->conf);

    if (link == NULL) {
        ngx_http_coderemote_problem(problem,
                                    NGX_HTTP_CODEREMOTE_POOL_UNAVAILABLE, NULL,
                                    "coderemote-worker is not running or not "
                                    "reachable: try again, or start it");
        return NULL;
    }

    if (atomic_load(&link->segment.header->draining)) {
        ngx_http_coderemote_problem(problem,
                                    NGX_HTTP_CODEREMOTE_POOL_UNAVAILABLE, NULL,
                                    "the pool is shutting down: try again");
        return NULL;
    }

    return link;
}


ngx_cr_link_t *
ngx_http_coderemote_link(ngx_http_coderemote_loc_conf_t *conf)
{
    if (conf->pool == NULL || conf->pool->channel == NULL) {
        return NULL;
    }

    return conf->pool->channel->link;
}


static ngx_int_t
ngx_http_coderemote_submit_allowed(ngx_http_coderemote_submit_t *submit,
    ngx_cr_link_t *link, uint64_t hash,
    ngx_http_coderemote_problem_t *problem)
{
    ngx_int_t             rc;
    ngx_uint_t            max;
    ngx_cr_rate_conf_t   *rate;
    ngx_cr_rate_state_t   state;

    max = submit->conf->max_jobs;
    rate = submit->conf->limits.rate;

    if (max != 0 && ngx_cr_job_count(link, hash) >= max) {
        ngx_http_coderemote_problem(problem, NGX_HTTP_CODEREMOTE_TOO_MANY_JOBS,
                                    NULL, "%ui unfinished jobs are the most a "
                                    "user may have: wait for one, or cancel "
                                    "one", max);
        problem->limit = max;
        return NGX_ERROR;
    }

    if (rate == NULL) {
        return NGX_OK;
    }

    rc = ngx_http_coderemote_limits_execute(rate, submit->user, &state);

    if (rc == NGX_ERROR) {
        ngx_http_coderemote_problem(problem, NGX_HTTP_CODEREMOTE_INTERNAL,
                                    NULL, "try again");

    } else if (rc == NGX_BUSY) {
        ngx_http_coderemote_problem(problem,
                                    NGX_HTTP_CODEREMOTE_TOO_MANY_EXECUTIONS,
                                    NULL, "%ui executions a minute, and %ui "
                                    "at once, are the most a user may have: "
                                    "wait and try again", rate->per_minute,
                                    rate->burst);
        problem->limit = rate->burst;
        problem->retry = (state.next + 999) / 1000;
    }

    return rc;
}


/* an overflow is kept by the writer and seen by ngx_cr_job_submit() */

static void
ngx_http_coderemote_submit_records(cr_request_writer_t *w,
    ngx_http_coderemote_spec_t *spec)
{
    size_t                            i;
    json_t                           *arg;
    ngx_http_coderemote_spec_file_t  *file;

    (void) cr_request_add(w, CR_RECORD_CODE, spec->code.data, spec->code.len);

    if (spec->input.data != NULL) {
        (void) cr_request_add(w, CR_RECORD_STDIN, spec->input.data,
                              spec->input.len);
    }

    for (i = 0; i < json_array_size(spec->args); i++) {
        arg = json_array_get(spec->args, i);
        (void) cr_request_add(w, CR_RECORD_ARG, json_string_value(arg),
                              json_string_length(arg));
    }

    if (spec->env != NULL) {
        ngx_http_coderemote_submit_env(w, spec->env);
    }

    file = spec->files.elts;

    for (i = 0; i < spec->files.nelts; i++) {
        (void) cr_request_add(w, CR_RECORD_FILE_NAME, file[i].name.data,
                              file[i].name.len);
        (void) cr_request_add(w, CR_RECORD_FILE_DATA, file[i].data.data,
                              file[i].data.len);
    }
}


static void
ngx_http_coderemote_submit_env(cr_request_writer_t *w, json_t *env)
{
    size_t       len, size;
    u_char      *p;
    json_t      *value;
    const char  *name;

    json_object_foreach(env, name, value) {

        /* NAME=value in one piece: the writer has no other way */

        len = ngx_strlen(name);
        size = len + 1 + json_string_length(value);

        p = ngx_alloc(size, ngx_cycle->log);
        if (p == NULL) {
            w->overflow = 1;
            return;
        }

        ngx_memcpy(p, name, len);
        p[len] = '=';
        ngx_memcpy(p + len + 1, json_string_value(value), size - len - 1);

        (void) cr_request_add(w, CR_RECORD_ENV, p, size);

        ngx_free(p);
    }
}


/* FNV-1a: for counting a user's jobs, nothing depends on its strength */

static uint64_t
ngx_http_coderemote_hash(const ngx_str_t *owner)
{
    size_t    i;
    uint64_t  hash;

    hash = NGX_HTTP_CODEREMOTE_FNV_BASE;

    for (i = 0; i < owner->len; i++) {
        hash ^= owner->data[i];
        hash *= NGX_HTTP_CODEREMOTE_FNV_PRIME;
    }

    return hash;
}
