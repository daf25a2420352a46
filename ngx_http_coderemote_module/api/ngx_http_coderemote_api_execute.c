
/*
 * POST /execute: 202 at once, or the finished job when the client waits.
 *
 * A wait ends in one of four ways: the job is finished; its time, or that of
 * the client's token, is over and the client gets 202 after all; the client
 * goes, and the job is cancelled; this nginx worker dies, and the pool cancels
 * what it waited for.
 */


#include "ngx_http_coderemote.h"


#define NGX_HTTP_CODEREMOTE_ACCEPTED  202


typedef struct {
    ngx_http_request_t          *request;
    ngx_cr_watch_t               watch;
    ngx_event_t                  deadline;
    u_char                       id[CR_ID_TEXT];
} ngx_http_coderemote_wait_t;


static ngx_int_t ngx_http_coderemote_wait_asked(ngx_http_request_t *r,
    ngx_msec_t *wait, ngx_http_coderemote_problem_t *problem);
static ngx_int_t ngx_http_coderemote_wait_preferred(ngx_http_request_t *r,
    ngx_msec_t *wait);
static ngx_int_t ngx_http_coderemote_wait_start(ngx_http_request_t *r,
    ngx_cr_job_t *job, const u_char *id, ngx_msec_t wait);
static void ngx_http_coderemote_wait_done(ngx_http_coderemote_wait_t *w);
static void ngx_http_coderemote_wait_cleanup(void *data);
static void ngx_http_coderemote_wait_deadline(ngx_event_t *ev);
static void ngx_http_coderemote_wait_changed(ngx_cr_watch_t *watch);
static ngx_int_t ngx_http_coderemote_wait_answer(
    ngx_http_coderemote_wait_t *w);
static ngx_int_t ngx_http_coderemote_accepted(ngx_http_request_t *r,
    const u_char *id);


static ngx_str_t  ngx_http_coderemote_accepted_type =
    ngx_string("application/json");


ngx_int_t
ngx_http_coderemote_api_execute(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx)
{
    u_char                          id[CR_ID_TEXT];
    ngx_msec_t                      wait;
    ngx_cr_job_t                    job;
    ngx_http_coderemote_submit_t    submit;
    ngx_http_coderemote_problem_t   problem;

    if (ngx_http_coderemote_wait_asked(r, &wait, &problem) != NGX_OK) {
        return ngx_http_coderemote_send_problem(r, &problem);
    }

    submit.conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);
    submit.user = &ctx->user;
    submit.request = r;
    submit.body = ctx->body;
    submit.flags = (wait != 0) ? CR_JOB_WAITED : 0;
    submit.mem = r->pool;
    submit.log = r->connection->log;

    if (ngx_http_coderemote_submit(&submit, &job, id, &problem) != NGX_OK) {
        return ngx_http_coderemote_send_problem(r, &problem);
    }

    /* for $coderemote_job_id */

    ctx->id.data = ngx_pnalloc(r->pool, CR_ID_TEXT);
    if (ctx->id.data != NULL) {
        ngx_memcpy(ctx->id.data, id, CR_ID_TEXT);
        ctx->id.len = CR_ID_TEXT;
    }

    if (wait == 0) {
        return ngx_http_coderemote_accepted(r, id);
    }

    /* no result for a token that has expired while it was waited for */

    if (ctx->identity.jwt != NULL) {
        wait = ngx_min(wait, ngx_cr_jwt_left(ctx->identity.jwt));
    }

    return ngx_http_coderemote_wait_start(r, &job, id, wait);
}


static ngx_int_t
ngx_http_coderemote_wait_asked(ngx_http_request_t *r, ngx_msec_t *wait,
    ngx_http_coderemote_problem_t *problem)
{
    ngx_str_t                        value;
    ngx_http_coderemote_loc_conf_t  *conf;

    *wait = 0;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);

    if (r->args.len != 0
        && ngx_http_arg(r, (u_char *) "wait", 4, &value) == NGX_OK)
    {
        if ((value.len == 4 && ngx_memcmp(value.data, "true", 4) == 0)
            || (value.len == 1 && value.data[0] == '1'))
        {
            *wait = conf->wait_timeout;

        } else if ((value.len != 5 || ngx_memcmp(value.data, "false", 5) != 0)
                   && (value.len != 1 || value.data[0] != '0'))
        {
            ngx_http_coderemote_problem(problem,
                                        NGX_HTTP_CODEREMOTE_INVALID_FIELD,
                                        "wait", "must be true or false");
            return NGX_ERROR;
        }
    }

    if (ngx_http_coderemote_wait_preferred(r, wait) != NGX_OK) {
        ngx_http_coderemote_problem(problem, NGX_HTTP_CODEREMOTE_INTERNAL,
                                    NULL, "out of memory: try again");
        return NGX_ERROR;
    }

    *wait = ngx_min(*wait, conf->wait_timeout);

    return NGX_OK;
}


/* RFC 7240: a preference that is not understood is ignored */

static ngx_int_t
ngx_http_coderemote_wait_preferred(ngx_http_request_t *r, ngx_msec_t *wait)
{
    u_char           *p, *q, *last;
    ngx_int_t         n;
    ngx_table_elt_t  *h;

    h = ngx_http_coderemote_header(r, "prefer", 6);

    if (h == NULL) {
        return NGX_OK;
    }

    p = h->value.data;
    last = p + h->value.len;

    p = ngx_strlcasestrn(p, last, (u_char *) "wait=", 5 - 1);

    if (p == NULL
        || (p != h->value.data && p[-1] != ' ' && p[-1] != ','
            && p[-1] != ';'))
    {
        return NGX_OK;
    }

    for (q = p + 5; q < last && *q >= '0' && *q <= '9'; q++) { /* void */ }

    n = ngx_atoi(p + 5, q - p - 5);

    if (n == NGX_ERROR) {
        return NGX_OK;
    }

    *wait = (ngx_msec_t) ngx_min(n, 86400) * 1000;

    return ngx_http_coderemote_add_header(r, "Preference-Applied", p, q - p);
}


static ngx_int_t
ngx_http_coderemote_wait_start(ngx_http_request_t *r, ngx_cr_job_t *job,
    const u_char *id, ngx_msec_t wait)
{
    ngx_http_cleanup_t          *cln;
    ngx_http_coderemote_wait_t  *w;

    cln = ngx_http_cleanup_add(r, sizeof(ngx_http_coderemote_wait_t));
    if (cln == NULL) {
        (void) ngx_cr_job_cancel(job);
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    w = cln->data;
    ngx_memzero(w, sizeof(ngx_http_coderemote_wait_t));

    w->request = r;
    w->watch.handler = ngx_http_coderemote_wait_changed;
    w->watch.data = w;
    w->deadline.handler = ngx_http_coderemote_wait_deadline;
    w->deadline.data = w;
    w->deadline.log = r->connection->log;
    ngx_memcpy(w->id, id, CR_ID_TEXT);

    cln->handler = ngx_http_coderemote_wait_cleanup;

    if (ngx_cr_watch_add(&w->watch, job) != NGX_OK) {
        cln->handler = NULL;
        return ngx_http_coderemote_refuse(r, NGX_HTTP_CODEREMOTE_INTERNAL,
                                          "the job is gone: send it again");
    }

    /* it may have finished before it was watched */

    if (ngx_cr_job_ended(job)) {
        return ngx_http_coderemote_wait_answer(w);
    }

    ngx_add_timer(&w->deadline, wait);

    ngx_http_coderemote_hold(r);

    return NGX_DONE;
}


static void
ngx_http_coderemote_wait_done(ngx_http_coderemote_wait_t *w)
{
    ngx_cr_watch_del(&w->watch);

    if (w->deadline.timer_set) {
        ngx_del_timer(&w->deadline);
    }
}


/* the request ends while the job is still watched: the client has gone */

static void
ngx_http_coderemote_wait_cleanup(void *data)
{
    ngx_cr_job_t                 job;
    ngx_http_coderemote_wait_t  *w;

    w = data;

    if (!w->watch.added) {
        return;
    }

    job = w->watch.job;

    /* before the watch goes: it holds the link */

    (void) ngx_cr_job_cancel(&job);
    ngx_cr_job_delivered(&job);
    ngx_cr_stats_add(NGX_CR_STAT_CLIENT_GONE, 1);

    ngx_http_coderemote_wait_done(w);
}


static void
ngx_http_coderemote_wait_deadline(ngx_event_t *ev)
{
    ngx_http_request_t          *r;
    ngx_http_coderemote_wait_t  *w;

    w = ev->data;
    r = w->request;

    ngx_cr_job_keep(&w->watch.job);
    ngx_http_coderemote_wait_done(w);

    ngx_http_coderemote_finish(r, ngx_http_coderemote_accepted(r, w->id));
}


static void
ngx_http_coderemote_wait_changed(ngx_cr_watch_t *watch)
{
    ngx_int_t                    rc;
    ngx_http_request_t          *r;
    ngx_http_coderemote_wait_t  *w;

    w = watch->data;
    r = w->request;

    if (!ngx_cr_job_ended(&watch->job)) {
        return;
    }

    rc = ngx_http_coderemote_wait_answer(w);

    ngx_http_coderemote_finish(r, rc);
}


/* the watch holds the link and the slot until the answer is made */

static ngx_int_t
ngx_http_coderemote_wait_answer(ngx_http_coderemote_wait_t *w)
{
    ngx_int_t           rc;
    ngx_cr_job_t        job;
    ngx_cr_job_info_t   info;

    job = w->watch.job;

    if (ngx_cr_job_read(&job, &info) == NGX_OK) {
        rc = ngx_http_coderemote_send_job(w->request, NGX_HTTP_OK, &job,
                                          &info);

    } else {
        rc = ngx_http_coderemote_refuse(w->request,
                                        NGX_HTTP_CODEREMOTE_INTERNAL,
                                        "the job is gone: send it again");
    }

    ngx_http_coderemote_wait_done(w);

    return rc;
}


/* the hottest answer of all: one buffer, no writer */

static ngx_int_t
ngx_http_coderemote_accepted(ngx_http_request_t *r, const u_char *id)
{
    size_t               len;
    u_char              *p;
    ngx_buf_t           *b;
    ngx_chain_t         *out;
    static const u_char  head[] = "{\"job_id\":\"";
    static const u_char  tail[] = "\",\"status\":\"queued\"}";
    static const u_char  path[] = "/jobs/";

    len = sizeof(head) - 1 + CR_ID_TEXT + sizeof(tail) - 1;

    b = ngx_create_temp_buf(r->pool, len + sizeof(path) - 1 + CR_ID_TEXT);
    out = ngx_alloc_chain_link(r->pool);

    if (b == NULL || out == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    out->buf = b;
    out->next = NULL;

    p = ngx_cpymem(b->last, head, sizeof(head) - 1);
    p = ngx_cpymem(p, id, CR_ID_TEXT);
    b->last = ngx_cpymem(p, tail, sizeof(tail) - 1);

    /* the path of the job, behind what is sent */

    p = ngx_cpymem(b->last, path, sizeof(path) - 1);
    ngx_memcpy(p, id, CR_ID_TEXT);

    if (ngx_http_coderemote_add_header(r, "Location", b->last,
                                       sizeof(path) - 1 + CR_ID_TEXT)
        != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_coderemote_send(r, NGX_HTTP_CODEREMOTE_ACCEPTED,
                                    &ngx_http_coderemote_accepted_type, out,
                                    len);
}
