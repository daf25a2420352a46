
/*
 * The audit log.
 *
 * The nginx worker that accepts a job watches it until it has ended, whether
 * or not a client does, and writes its second line then.  A worker that was
 * asked to end gracefully stays until its jobs have ended; one that ends at
 * once says of each that it did not see the end ("unseen").  A worker that
 * crashes says nothing: an "accepted" without a partner is the trace of that.
 *
 * What costs who asks nothing, and could fill a disk, is bounded: so many
 * lines a second and process, the rest is counted in a line of its own.
 */


#include "ngx_http_coderemote_audit.h"
#include "ngx_http_coderemote.h"
#include "cr_log.h"


#define NGX_HTTP_CODEREMOTE_AUDIT_RATE  20      /* bounded lines a second */
#define NGX_HTTP_CODEREMOTE_AUDIT_KEEP  60000   /* ms, of a timer only */
#define NGX_HTTP_CODEREMOTE_AUDIT_TAG   32      /* the longest of syslog */


struct ngx_http_coderemote_audit_s {
    ngx_open_file_t             *file;      /* or */
    ngx_syslog_peer_t           *syslog;
    ngx_int_t                    request_id;    /* index of the variable */
    ngx_cr_audit_bound_t         bound;
    ngx_event_t                  timer;     /* set while bound.omitted */
    time_t                       failed;    /* when a write did, said once
                                               a minute */
};


/* of a job that has not ended; one piece of memory, with its texts */

typedef struct {
    ngx_cr_watch_t               watch;
    ngx_queue_t                  queue;
    ngx_http_coderemote_audit_t *audit;
    ngx_cr_audit_who_t           who;
    ngx_cr_audit_job_t           job;
} ngx_http_coderemote_audit_job_t;


static void ngx_http_coderemote_audit_who(ngx_http_coderemote_audit_t *audit,
    ngx_http_request_t *r, ngx_cr_audit_who_t *who);
static ngx_uint_t ngx_http_coderemote_audit_allow(
    ngx_http_coderemote_audit_t *audit);
static void ngx_http_coderemote_audit_omitted(ngx_event_t *ev);
static void ngx_http_coderemote_audit_follow(
    ngx_http_coderemote_audit_t *audit, const ngx_cr_audit_who_t *who,
    const ngx_cr_audit_job_t *line, const ngx_cr_job_t *job);
static void ngx_http_coderemote_audit_changed(ngx_cr_watch_t *watch);
static void ngx_http_coderemote_audit_ended(
    ngx_http_coderemote_audit_job_t *job, const ngx_cr_job_info_t *info);
static void ngx_http_coderemote_audit_keep(ngx_event_t *ev);
static ngx_int_t ngx_http_coderemote_audit_begin(ngx_cr_json_t *j,
    const char *event);
static void ngx_http_coderemote_audit_end(ngx_http_coderemote_audit_t *audit,
    ngx_cr_json_t *j);
static void ngx_http_coderemote_audit_write(
    ngx_http_coderemote_audit_t *audit, ngx_str_t *line, ngx_pool_t *pool);
static ssize_t ngx_http_coderemote_audit_send(ngx_syslog_peer_t *peer,
    const ngx_str_t *line, ngx_pool_t *pool);


static ngx_queue_t  ngx_http_coderemote_audit_jobs = {
    &ngx_http_coderemote_audit_jobs, &ngx_http_coderemote_audit_jobs
};

/* not cancelable: a process that ends gracefully waits for its jobs */

static ngx_event_t  ngx_http_coderemote_audit_timer;

/* whose descriptor a log of level debug shows */

static ngx_connection_t  ngx_http_coderemote_audit_none = { .fd = -1 };


char *
ngx_http_coderemote_audit_log(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                    *value, name = ngx_string("request_id");
    ngx_http_coderemote_audit_t  *audit, **place;

    place = (ngx_http_coderemote_audit_t **) ((u_char *) conf + cmd->offset);

    if (*place != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        *place = NULL;
        return NGX_CONF_OK;
    }

    audit = ngx_pcalloc(cf->pool, sizeof(ngx_http_coderemote_audit_t));
    if (audit == NULL) {
        return NGX_CONF_ERROR;
    }

    audit->request_id = ngx_http_get_variable_index(cf, &name);
    if (audit->request_id == NGX_ERROR) {
        return NGX_CONF_ERROR;
    }

    audit->timer.handler = ngx_http_coderemote_audit_omitted;
    audit->timer.data = audit;
    audit->timer.log = &cf->cycle->new_log;

    *place = audit;

    if (ngx_strncmp(value[1].data, "syslog:", 7) != 0) {
        audit->file = ngx_conf_open_file(cf->cycle, &value[1]);

        return (audit->file != NULL) ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    audit->syslog = ngx_pcalloc(cf->pool, sizeof(ngx_syslog_peer_t));
    if (audit->syslog == NULL) {
        return NGX_CONF_ERROR;
    }

    return ngx_syslog_process_conf(cf, audit->syslog);
}


void
ngx_http_coderemote_audit_done(void)
{
    ngx_queue_t                      *q;
    ngx_http_coderemote_audit_job_t  *job;

    while (!ngx_queue_empty(&ngx_http_coderemote_audit_jobs)) {
        q = ngx_queue_head(&ngx_http_coderemote_audit_jobs);
        job = ngx_queue_data(q, ngx_http_coderemote_audit_job_t, queue);

        ngx_http_coderemote_audit_ended(job, NULL);
    }
}


void
ngx_http_coderemote_audit_auth(ngx_http_coderemote_audit_t *audit,
    ngx_http_request_t *r, const char *action, const char *outcome,
    const ngx_str_t *email, const ngx_cr_jwt_t *jwt, ngx_uint_t bound)
{
    ngx_cr_json_t               j;
    ngx_cr_audit_who_t          who;
    ngx_http_coderemote_ctx_t  *ctx;

    if (audit == NULL
        || (bound && !ngx_http_coderemote_audit_allow(audit))
        || ngx_http_coderemote_audit_begin(&j, "auth") != NGX_OK)
    {
        return;
    }

    ngx_http_coderemote_audit_who(audit, r, &who);
    who.email = *email;

    ctx = ngx_http_coderemote_get_ctx(r->main);

    if (jwt == NULL && ctx != NULL) {
        jwt = ctx->identity.jwt;
    }

    if (jwt != NULL) {
        who.sub = jwt->sub;

        if (email->len == 0) {
            who.email = jwt->email;
        }
    }

    ngx_cr_json_name(&j, "action");
    ngx_cr_json_cstr(&j, action);
    ngx_cr_json_name(&j, "outcome");
    ngx_cr_json_cstr(&j, outcome);
    ngx_cr_audit_who(&j, &who);

    ngx_http_coderemote_audit_end(audit, &j);
}


void
ngx_http_coderemote_audit_token(ngx_http_coderemote_audit_t *audit,
    ngx_http_request_t *r, const char *cause, const ngx_str_t *sub)
{
    ngx_cr_json_t       j;
    ngx_cr_audit_who_t  who;

    if (audit == NULL || !ngx_http_coderemote_audit_allow(audit)
        || ngx_http_coderemote_audit_begin(&j, "token_refused") != NGX_OK)
    {
        return;
    }

    ngx_http_coderemote_audit_who(audit, r, &who);

    if (sub != NULL) {
        who.sub = *sub;
    }

    ngx_cr_json_name(&j, "outcome");
    ngx_cr_json_cstr(&j, cause);
    ngx_cr_audit_who(&j, &who);

    ngx_http_coderemote_audit_end(audit, &j);
}


static void
ngx_http_coderemote_audit_who(ngx_http_coderemote_audit_t *audit,
    ngx_http_request_t *r, ngx_cr_audit_who_t *who)
{
    ngx_http_coderemote_ctx_t  *ctx;
    ngx_http_variable_value_t  *value;

    ngx_memzero(who, sizeof(ngx_cr_audit_who_t));

    who->address = r->connection->addr_text;

    value = ngx_http_get_indexed_variable(r, audit->request_id);

    if (value != NULL && !value->not_found) {
        who->request_id.data = value->data;
        who->request_id.len = value->len;
    }

    ctx = ngx_http_coderemote_get_ctx(r->main);

    if (ctx != NULL && ctx->identity.jwt != NULL) {
        who->sub = ctx->identity.jwt->sub;
    }
}


static ngx_uint_t
ngx_http_coderemote_audit_allow(ngx_http_coderemote_audit_t *audit)
{
    if (ngx_cr_audit_allow(&audit->bound, ngx_time(),
                           NGX_HTTP_CODEREMOTE_AUDIT_RATE))
    {
        return 1;
    }

    if (!audit->timer.timer_set) {
        ngx_add_timer(&audit->timer, 1000);
    }

    return 0;
}


static void
ngx_http_coderemote_audit_omitted(ngx_event_t *ev)
{
    ngx_cr_json_t                 j;
    ngx_http_coderemote_audit_t  *audit;

    audit = ev->data;

    if (ngx_http_coderemote_audit_begin(&j, "left_out") != NGX_OK) {
        return;
    }

    ngx_cr_json_name(&j, "count");
    ngx_cr_json_int(&j, audit->bound.omitted);

    audit->bound.omitted = 0;

    ngx_http_coderemote_audit_end(audit, &j);
}


void
ngx_http_coderemote_audit_accepted(ngx_http_coderemote_audit_t *audit,
    ngx_http_request_t *r, const ngx_str_t *sub, const ngx_cr_job_t *job,
    const u_char id[CR_ID_TEXT], ngx_uint_t language)
{
    ngx_cr_json_t        j;
    ngx_cr_language_t   *known;
    ngx_cr_audit_job_t   line;
    ngx_cr_audit_who_t   who;

    if (audit == NULL
        || ngx_http_coderemote_audit_begin(&j, "accepted") != NGX_OK)
    {
        return;
    }

    ngx_http_coderemote_audit_who(audit, r, &who);
    who.sub = *sub;

    known = ngx_cr_languages_get(job->link->languages, language);

    ngx_memzero(&line, sizeof(ngx_cr_audit_job_t));
    line.id = id;

    if (known != NULL) {
        line.language = known->id;
    }

    ngx_cr_audit_job(&j, &line);
    ngx_cr_audit_who(&j, &who);
    ngx_http_coderemote_audit_end(audit, &j);

    ngx_http_coderemote_audit_follow(audit, &who, &line, job);
}


static void
ngx_http_coderemote_audit_follow(ngx_http_coderemote_audit_t *audit,
    const ngx_cr_audit_who_t *who, const ngx_cr_audit_job_t *line,
    const ngx_cr_job_t *job)
{
    u_char                           *p;
    ngx_http_coderemote_audit_job_t  *kept;

    kept = ngx_calloc(sizeof(ngx_http_coderemote_audit_job_t) + CR_ID_TEXT
                      + line->language.len + who->sub.len + who->address.len
                      + who->request_id.len, ngx_cycle->log);
    if (kept == NULL) {
        return;
    }

    p = (u_char *) (kept + 1);

    kept->audit = audit;
    kept->job.id = p;
    p = ngx_cpymem(p, line->id, CR_ID_TEXT);

    kept->job.language.data = p;
    kept->job.language.len = line->language.len;
    p = ngx_cpymem(p, line->language.data, line->language.len);

    kept->who.sub.data = p;
    kept->who.sub.len = who->sub.len;
    p = ngx_cpymem(p, who->sub.data, who->sub.len);

    kept->who.address.data = p;
    kept->who.address.len = who->address.len;
    p = ngx_cpymem(p, who->address.data, who->address.len);

    kept->who.request_id.data = p;
    kept->who.request_id.len = who->request_id.len;
    ngx_memcpy(p, who->request_id.data, who->request_id.len);

    ngx_queue_insert_tail(&ngx_http_coderemote_audit_jobs, &kept->queue);

    kept->watch.handler = ngx_http_coderemote_audit_changed;
    kept->watch.data = kept;

    if (ngx_cr_watch_add(&kept->watch, job) != NGX_OK) {
        ngx_http_coderemote_audit_ended(kept, NULL);
        return;
    }

    if (!ngx_http_coderemote_audit_timer.timer_set) {
        ngx_http_coderemote_audit_timer.handler =
                                               ngx_http_coderemote_audit_keep;
        ngx_http_coderemote_audit_timer.log = ngx_cycle->log;

        ngx_http_coderemote_audit_timer.data = &ngx_http_coderemote_audit_none;

        ngx_add_timer(&ngx_http_coderemote_audit_timer,
                      NGX_HTTP_CODEREMOTE_AUDIT_KEEP);
    }

    ngx_http_coderemote_audit_changed(&kept->watch);
}


static void
ngx_http_coderemote_audit_changed(ngx_cr_watch_t *watch)
{
    ngx_int_t           rc;
    ngx_cr_job_info_t   info;

    if (!ngx_cr_job_ended(&watch->job)) {
        return;
    }

    rc = ngx_cr_job_read(&watch->job, &info);

    if (rc == NGX_OK && !info.finished) {
        return;
    }

    ngx_http_coderemote_audit_ended(watch->data, (rc == NGX_OK) ? &info
                                                                : NULL);
}


/* info: NULL: nobody here will see its end */

static void
ngx_http_coderemote_audit_ended(ngx_http_coderemote_audit_job_t *job,
    const ngx_cr_job_info_t *info)
{
    size_t            skip;
    ngx_cr_job_t     *ref;
    cr_segment_t     *segment;
    ngx_cr_json_t     j;
    cr_log_cursor_t   cursor;

    ref = &job->watch.job;

    if (ngx_http_coderemote_audit_begin(&j, (info != NULL) ? "finished"
                                                           : "unseen")
        == NGX_OK)
    {
        ngx_cr_audit_job(&j, &job->job);

        if (info != NULL) {
            segment = &ref->link->segment;
            ngx_memzero(&cursor, sizeof(cr_log_cursor_t));

            (void) cr_log_seek(cr_segment_slot(segment, ref->index),
                               cr_segment_log(segment, ref->index),
                               segment->geometry.log_size, &cursor,
                               UINT64_MAX, &skip);

            ngx_cr_audit_result(&j, info, cursor.offset);
        }

        ngx_cr_audit_who(&j, &job->who);
        ngx_http_coderemote_audit_end(job->audit, &j);
    }

    ngx_cr_watch_del(&job->watch);
    ngx_queue_remove(&job->queue);
    ngx_free(job);

    if (ngx_queue_empty(&ngx_http_coderemote_audit_jobs)
        && ngx_http_coderemote_audit_timer.timer_set)
    {
        ngx_del_timer(&ngx_http_coderemote_audit_timer);
    }
}


static void
ngx_http_coderemote_audit_keep(ngx_event_t *ev)
{
    ngx_add_timer(ev, NGX_HTTP_CODEREMOTE_AUDIT_KEEP);
}


static ngx_int_t
ngx_http_coderemote_audit_begin(ngx_cr_json_t *j, const char *event)
{
    ngx_pool_t      *pool;
    struct timeval   tv;

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    ngx_gettimeofday(&tv);

    ngx_cr_audit_begin(j, pool, (int64_t) tv.tv_sec * 1000000 + tv.tv_usec,
                       event);

    return NGX_OK;
}


static void
ngx_http_coderemote_audit_end(ngx_http_coderemote_audit_t *audit,
    ngx_cr_json_t *j)
{
    ngx_str_t  line;

    if (ngx_cr_audit_end(j, &line) == NGX_OK) {
        ngx_http_coderemote_audit_write(audit, &line, j->pool);
    }

    ngx_destroy_pool(j->pool);
}


static void
ngx_http_coderemote_audit_write(ngx_http_coderemote_audit_t *audit,
    ngx_str_t *line, ngx_pool_t *pool)
{
    ssize_t     n;
    ngx_str_t  *name;

    if (audit->syslog != NULL) {
        name = &audit->syslog->server.name;
        n = ngx_http_coderemote_audit_send(audit->syslog, line, pool);

    } else {

        /* one write, at the end of the file: workers do not mix theirs */

        name = &audit->file->name;
        n = ngx_write_fd(audit->file->fd, line->data, line->len);
    }

    if (n != (ssize_t) line->len && ngx_time() - audit->failed > 59) {
        audit->failed = ngx_time();

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, (n == -1) ? ngx_errno : 0,
                      "writing to the audit log \"%V\" failed", name);
    }
}


/*
 * A line is a datagram, and never cut: half an object is none.  Returns the
 * line's length, 0 if there was no room, or NGX_ERROR with ngx_errno.
 */

static ssize_t
ngx_http_coderemote_audit_send(ngx_syslog_peer_t *peer,
    const ngx_str_t *line, ngx_pool_t *pool)
{
    u_char   *p, *buf;
    ssize_t   n;

    buf = ngx_pnalloc(pool, sizeof("<255>Jan 01 00:00:00 ") - 1
                            + ngx_cycle->hostname.len + 1
                            + NGX_HTTP_CODEREMOTE_AUDIT_TAG + 2 + line->len);
    if (buf == NULL) {
        return 0;
    }

    p = ngx_syslog_add_header(peer, buf);
    p = ngx_cpymem(p, line->data, line->len - 1);

    n = ngx_syslog_send(peer, buf, p - buf);

    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    return (n == p - buf) ? (ssize_t) line->len : 0;
}
