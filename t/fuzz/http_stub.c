/* See http_stub.h: in place of ngx_cr_channel.c, _job.c and _stats.c. */


#include <stdlib.h>
#include <string.h>

#include "http_stub.h"


http_stub_t                     http_stub;
ngx_http_coderemote_loc_conf_t  http_stub_conf;
ngx_log_t                       http_stub_log;


static cr_header_t          header;
static ngx_cr_link_t        up;
static ngx_cr_channel_t     channel;
static ngx_cr_pool_t        pool;
static ngx_cr_languages_t  *languages;

static ngx_str_t  text = ngx_string(
    "{\"languages\":["
    "{\"id\":\"python\",\"version\":\"3.11\",\"aliases\":[\"py\",\"python3\"],"
    "\"limits\":{\"timeout_ms\":{\"default\":10000,\"max\":30000},"
    "\"cpu_ms\":{\"default\":10000,\"max\":30000},"
    "\"memory_mb\":{\"default\":256,\"max\":1024},"
    "\"output_kb\":{\"default\":1024,\"max\":1024},"
    "\"processes\":{\"default\":64,\"max\":256}}},"
    "{\"id\":\"c\",\"version\":\"12\",\"aliases\":[],"
    "\"limits\":{\"timeout_ms\":{\"default\":1,\"max\":3600000},"
    "\"cpu_ms\":{\"default\":1,\"max\":3600000},"
    "\"memory_mb\":{\"default\":16,\"max\":1048576},"
    "\"output_kb\":{\"default\":1,\"max\":65536},"
    "\"processes\":{\"default\":1,\"max\":32768}}}]}");


void
promise(int kept)
{
    if (!kept) {
        abort();
    }
}


void
http_stub_init(void)
{
    static ngx_cycle_t  cycle;

    cycle.log = &http_stub_log;
    ngx_cycle = &cycle;

    languages = ngx_cr_languages_create(&text, 1, &http_stub_log);
    promise(languages != NULL);

    up.segment.header = &header;
    up.segment.geometry.request_size = STUB_ARENA;
    channel.link = &up;
    pool.channel = &channel;

    http_stub_conf.pool = &pool;
    http_stub_conf.max_code_size = 1024;
    http_stub_conf.max_stdin_size = 512;
    http_stub_conf.max_timeout = 20000;
    http_stub_conf.ws_max_message = 65536;
    http_stub_conf.ws_max_jobs = 4;
}


void
http_stub_reset(void)
{
    free(http_stub.arena);
    memset(&http_stub, 0, sizeof(http_stub));
}


static void
check_limits(const cr_limits_t *limits, const cr_limits_t *max)
{
    promise(limits->timeout_ms >= 1 && limits->timeout_ms <= max->timeout_ms);
    promise(limits->timeout_ms <= http_stub_conf.max_timeout);
    promise(limits->cpu_ms >= 1 && limits->cpu_ms <= max->cpu_ms);
    promise(limits->memory_kb >= 1024 && limits->memory_kb <= max->memory_kb);
    promise(limits->output_bytes >= 1024
            && limits->output_bytes <= max->output_bytes);
    promise(limits->processes >= 1 && limits->processes <= max->processes);
}


void
http_stub_check_job(void)
{
    ngx_cr_language_t  *language;

    language = ngx_cr_languages_get(languages, http_stub.job.language);
    promise(language != NULL);

    check_limits(&http_stub.job.limits, &language->max);

    promise(http_stub.used <= STUB_ARENA);
    promise(cr_request_check(http_stub.arena, http_stub.used) == 0);
}


void
http_stub_check_problem(const ngx_http_coderemote_problem_t *problem)
{
    size_t  n;

    promise(problem->code < NGX_HTTP_CODEREMOTE_PROBLEM_MAX);
    promise(problem->detail.len != 0);
    promise(problem->detail.len <= sizeof(problem->text));
    promise(problem->field.len <= sizeof(problem->name));
    promise(ngx_cr_ws_utf8_prefix(problem->detail.data, problem->detail.len,
                                  &n) == NGX_OK);
    promise(ngx_cr_ws_utf8_prefix(problem->field.data, problem->field.len, &n)
            == NGX_OK);
}


ngx_cr_languages_t *
ngx_cr_channel_languages(ngx_cr_link_t *l)
{
    (void) l;

    return languages;
}


ngx_uint_t
ngx_cr_job_count(ngx_cr_link_t *l, uint64_t hash)
{
    (void) l;
    (void) hash;

    return 0;
}


ngx_int_t
ngx_cr_job_claim(ngx_cr_link_t *l, ngx_cr_job_claim_t *claim)
{
    memset(claim, 0, sizeof(ngx_cr_job_claim_t));

    http_stub_reset();
    http_stub.arena = malloc(STUB_ARENA);
    promise(http_stub.arena != NULL);

    claim->job.link = l;
    cr_request_init(&claim->request, http_stub.arena, STUB_ARENA);

    return NGX_OK;
}


ngx_int_t
ngx_cr_job_submit(ngx_cr_job_claim_t *claim, cr_job_t *job)
{
    if (claim->request.overflow) {
        return NGX_DECLINED;
    }

    memset(job->id, 0x11, sizeof(job->id));

    http_stub.jobs++;
    http_stub.job = *job;
    http_stub.used = claim->request.used;

    return NGX_OK;
}


void
ngx_cr_stats_add(ngx_uint_t stat, ngx_uint_t n)
{
    (void) n;

    promise(stat < NGX_CR_STAT_MAX);
}


/* the location has no limits of users, and no log of what they do */

ngx_int_t
ngx_http_coderemote_limits_execute(const ngx_cr_rate_conf_t *conf,
    const ngx_str_t *user, ngx_cr_rate_state_t *state)
{
    (void) conf;
    (void) user;
    (void) state;

    abort();
}


void
ngx_http_coderemote_audit_accepted(ngx_http_coderemote_audit_t *audit,
    ngx_http_request_t *r, const ngx_str_t *sub, const ngx_cr_job_t *job,
    const u_char id[CR_ID_TEXT], ngx_uint_t language)
{
    (void) r;
    (void) sub;
    (void) job;
    (void) id;
    (void) language;

    promise(audit == NULL);
}
