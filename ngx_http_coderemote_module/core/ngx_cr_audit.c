
/* Lines of the audit log. */


#include "ngx_cr_audit.h"


#define NGX_CR_AUDIT_SIZE     1024      /* a line, as a rule */
#define NGX_CR_AUDIT_INVALID  0xffffffff


static size_t ngx_cr_audit_clean(u_char *dst, const ngx_str_t *text);


void
ngx_cr_audit_begin(ngx_cr_json_t *j, ngx_pool_t *pool, int64_t us,
    const char *event)
{
    ngx_cr_json_init(j, pool, NGX_CR_AUDIT_SIZE);
    ngx_cr_json_begin(j, '{');
    ngx_cr_json_name(j, "time");
    ngx_cr_json_time(j, us);
    ngx_cr_json_name(j, "event");
    ngx_cr_json_cstr(j, event);
}


void
ngx_cr_audit_text(ngx_cr_json_t *j, const char *name, const ngx_str_t *text)
{
    size_t  len;
    u_char  buf[NGX_CR_AUDIT_TEXT_MAX];

    ngx_cr_json_name(j, name);

    if (text->len == 0) {
        ngx_cr_json_null(j);
        return;
    }

    len = ngx_cr_audit_clean(buf, text);

    ngx_cr_json_text(j, buf, len);
}


/*
 * Whole characters of UTF-8, as many as there is room for; a byte that is not
 * part of one is '?', and so is what a terminal would act upon beyond the
 * control characters that JSON escapes: DEL and U+0080 to U+009F.
 */

static size_t
ngx_cr_audit_clean(u_char *dst, const ngx_str_t *text)
{
    u_char    *p, *last, *start, *next, *d;
    uint32_t   c;

    d = dst;
    p = text->data;
    last = p + text->len;

    while (p < last) {
        start = p;

        if (*p < 0x80) {
            c = *p++;

        } else {
            c = ngx_utf8_decode(&p, last - p);

            /* it does not look at the upper bound of what follows */

            for (next = start + 1; c <= 0x10ffff && next < p; next++) {
                if ((*next & 0xc0) != 0x80) {
                    c = NGX_CR_AUDIT_INVALID;
                }
            }

            if (c > 0x10ffff) {
                p = start + 1;
            }
        }

        if (c > 0x10ffff || (c >= 0x7f && c < 0xa0)
            || (c >= 0xd800 && c < 0xe000))
        {
            if (d == dst + NGX_CR_AUDIT_TEXT_MAX) {
                break;
            }

            *d++ = '?';
            continue;
        }

        if (p - start > dst + NGX_CR_AUDIT_TEXT_MAX - d) {
            break;
        }

        d = ngx_cpymem(d, start, p - start);
    }

    return d - dst;
}


void
ngx_cr_audit_who(ngx_cr_json_t *j, const ngx_cr_audit_who_t *who)
{
    ngx_cr_audit_text(j, "sub", &who->sub);

    if (who->email.len != 0) {
        ngx_cr_audit_text(j, "email", &who->email);
    }

    ngx_cr_audit_text(j, "address", &who->address);
    ngx_cr_audit_text(j, "request_id", &who->request_id);
}


void
ngx_cr_audit_job(ngx_cr_json_t *j, const ngx_cr_audit_job_t *job)
{
    ngx_cr_json_name(j, "job_id");
    ngx_cr_json_text(j, job->id, CR_ID_TEXT);
    ngx_cr_audit_text(j, "language", &job->language);
}


void
ngx_cr_audit_result(ngx_cr_json_t *j, const ngx_cr_job_info_t *info,
    uint64_t output)
{
    int64_t             waited;
    const cr_result_t  *result;

    result = &info->result;

    ngx_cr_json_name(j, "status");
    ngx_cr_json_cstr(j, cr_status_name(result->status));
    ngx_cr_json_name(j, "limit");
    ngx_cr_json_cstr(j, cr_limit_name(result->limit));
    ngx_cr_json_name(j, "exit_code");

    if (result->exit_code >= 0) {
        ngx_cr_json_int(j, result->exit_code);

    } else {
        ngx_cr_json_null(j);
    }

    ngx_cr_json_name(j, "signal");
    ngx_cr_json_int(j, result->signal);
    ngx_cr_json_name(j, "attempt");
    ngx_cr_json_int(j, info->attempt);

    waited = (result->started_us != 0)
             ? result->started_us - info->job.created_us : 0;

    ngx_cr_json_name(j, "queue_time_ms");
    ngx_cr_json_ms(j, ngx_max(waited, 0));
    ngx_cr_json_name(j, "execution_time_ms");
    ngx_cr_json_ms(j, result->execution_us);
    ngx_cr_json_name(j, "cpu_time_ms");
    ngx_cr_json_ms(j, result->cpu_us);
    ngx_cr_json_name(j, "memory_peak_kb");
    ngx_cr_json_int(j, result->memory_peak_kb);
    ngx_cr_json_name(j, "output_bytes");
    ngx_cr_json_int(j, output);
    ngx_cr_json_name(j, "truncated");
    ngx_cr_json_bool(j, result->truncated != 0);
}


ngx_int_t
ngx_cr_audit_end(ngx_cr_json_t *j, ngx_str_t *line)
{
    size_t        total;
    u_char       *p;
    ngx_chain_t  *cl;

    ngx_cr_json_end(j, '}');

    if (ngx_cr_json_done(j, &total) != NGX_OK) {
        return NGX_ERROR;
    }

    line->len = total + 1;
    line->data = ngx_pnalloc(j->pool, line->len);
    if (line->data == NULL) {
        return NGX_ERROR;
    }

    p = line->data;

    for (cl = j->first; cl != NULL; cl = cl->next) {
        p = ngx_cpymem(p, cl->buf->pos, cl->buf->last - cl->buf->pos);
    }

    *p = LF;

    return NGX_OK;
}


ngx_uint_t
ngx_cr_audit_allow(ngx_cr_audit_bound_t *bound, time_t now, ngx_uint_t max)
{
    if (bound->second != now) {
        bound->second = now;
        bound->lines = 0;
    }

    if (bound->lines >= max) {
        bound->omitted++;
        return 0;
    }

    bound->lines++;

    return 1;
}
