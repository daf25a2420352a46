
/*
 * GET /metrics: Prometheus text.  Counters of nginx come from the shared
 * zone, those of the pool and its gauges from the segment.
 */


#include "ngx_http_coderemote.h"


#define NGX_HTTP_CODEREMOTE_METRICS_SIZE  32768


typedef struct {
    u_char                      *pos;
    u_char                      *last;
} ngx_http_coderemote_metrics_t;


typedef struct {
    const char                  *name;
    const char                  *help;
    ngx_uint_t                   stat;
} ngx_http_coderemote_metrics_stat_t;


static void ngx_http_coderemote_metrics_nginx(
    ngx_http_coderemote_metrics_t *m);
static void ngx_http_coderemote_metrics_sign_in(
    ngx_http_coderemote_metrics_t *m);
static void ngx_http_coderemote_metrics_pool(
    ngx_http_coderemote_metrics_t *m, ngx_cr_link_t *link);
static void ngx_http_coderemote_metrics_slots(
    ngx_http_coderemote_metrics_t *m, cr_segment_t *segment);
static void ngx_http_coderemote_metrics_head(
    ngx_http_coderemote_metrics_t *m, const char *name, const char *type,
    const char *help);
static void ngx_http_coderemote_metrics_print(
    ngx_http_coderemote_metrics_t *m, const char *fmt, ...);
static void ngx_http_coderemote_metrics_seconds(
    ngx_http_coderemote_metrics_t *m, const char *name, const char *help,
    uint64_t us);


static const ngx_http_coderemote_metrics_stat_t
    ngx_http_coderemote_metrics_stats[] =
{
    { "requests", "Requests to routes of the module.", NGX_CR_STAT_REQUESTS },
    { "jobs_submitted", "Jobs put into the ring.", NGX_CR_STAT_SUBMITTED },
    { "jobs_abandoned", "Jobs cancelled since their client had gone.",
      NGX_CR_STAT_CLIENT_GONE },
    { "pool_lost", "Times that a connection to the pool broke.",
      NGX_CR_STAT_POOL_LOST },
    { "websockets", "WebSocket connections opened.", NGX_CR_STAT_WS_OPENED },
    { "websocket_received", "WebSocket messages received.",
      NGX_CR_STAT_WS_RECEIVED },
    { "websocket_sent", "WebSocket messages sent.", NGX_CR_STAT_WS_SENT },
    { "event_streams", "Event streams opened.", NGX_CR_STAT_SSE_OPENED },
    { "output_bytes", "Output of jobs streamed to clients, bytes.",
      NGX_CR_STAT_OUTPUT_BYTES },
    { "jwks_fetches", "Times that an issuer was asked for its keys.",
      NGX_CR_STAT_JWKS_FETCHES },
    { "jwks_failures", "Times that it gave no usable ones.",
      NGX_CR_STAT_JWKS_FAILED },
    { NULL, NULL, 0 }
};


static const char  *ngx_http_coderemote_metrics_states[] = {
    "free", "filling", "queued", "starting", "running", "ending", "finished",
    "clearing"
};


ngx_int_t
ngx_http_coderemote_api_metrics(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx)
{
    ngx_buf_t                       *b;
    ngx_chain_t                      out;
    ngx_cr_link_t                   *link;
    ngx_http_coderemote_metrics_t    m;
    ngx_http_coderemote_loc_conf_t  *conf;
    static const ngx_str_t           type =
        ngx_string("text/plain; version=0.0.4; charset=utf-8");

    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);

    b = ngx_create_temp_buf(r->pool, NGX_HTTP_CODEREMOTE_METRICS_SIZE);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    m.pos = b->pos;
    m.last = b->end;

    link = ngx_http_coderemote_link(conf);

    ngx_http_coderemote_metrics_head(&m, "pool_up", "gauge",
                                     "1 while the pool is connected.");
    ngx_http_coderemote_metrics_print(&m, "coderemote_pool_up %d\n",
                                      link != NULL);

    ngx_http_coderemote_metrics_nginx(&m);
    ngx_http_coderemote_metrics_sign_in(&m);

    if (link != NULL) {
        ngx_http_coderemote_metrics_pool(&m, link);
        ngx_http_coderemote_metrics_slots(&m, &link->segment);
    }

    b->last = m.pos;

    out.buf = b;
    out.next = NULL;

    return ngx_http_coderemote_send(r, NGX_HTTP_OK, &type, &out,
                                    b->last - b->pos);
}


static void
ngx_http_coderemote_metrics_nginx(ngx_http_coderemote_metrics_t *m)
{
    ngx_uint_t                                 i;
    const ngx_http_coderemote_metrics_stat_t  *s;

    for (s = ngx_http_coderemote_metrics_stats; s->name != NULL; s++) {
        ngx_http_coderemote_metrics_print(m,
                       "# HELP coderemote_%s_total %s\n"
                       "# TYPE coderemote_%s_total counter\n"
                       "coderemote_%s_total %uL\n", s->name, s->help, s->name,
                       s->name, ngx_cr_stats_sum(s->stat));
    }

    ngx_http_coderemote_metrics_head(m, "websockets_open", "gauge",
                                     "WebSocket connections now.");
    ngx_http_coderemote_metrics_print(m, "coderemote_websockets_open %uL\n",
                                      ngx_cr_stats_sum(NGX_CR_STAT_WS_OPENED)
                                      - ngx_cr_stats_sum(
                                                  NGX_CR_STAT_WS_CLOSED));

    ngx_http_coderemote_metrics_head(m, "event_streams_open", "gauge",
                                     "Event streams now.");
    ngx_http_coderemote_metrics_print(m, "coderemote_event_streams_open %uL\n",
                                      ngx_cr_stats_sum(NGX_CR_STAT_SSE_OPENED)
                                      - ngx_cr_stats_sum(
                                                  NGX_CR_STAT_SSE_CLOSED));

    ngx_http_coderemote_metrics_head(m, "problems_total", "counter",
                                     "Errors told to clients, by code.");

    for (i = 0; i < NGX_HTTP_CODEREMOTE_PROBLEM_MAX; i++) {
        ngx_http_coderemote_metrics_print(m,
                       "coderemote_problems_total{code=\"%s\"} %uL\n",
                       ngx_http_coderemote_problem_code(i),
                       ngx_cr_stats_sum(NGX_CR_STAT_PROBLEMS + i));
    }

    ngx_http_coderemote_metrics_head(m, "auth_total", "counter",
                                     "Tokens looked at, by outcome.");

    for (i = 0; i < NGX_HTTP_CODEREMOTE_AUTH_CAUSES; i++) {
        ngx_http_coderemote_metrics_print(m,
                       "coderemote_auth_total{outcome=\"%s\"} %uL\n",
                       ngx_http_coderemote_auth_cause(i),
                       ngx_cr_stats_sum(NGX_CR_STAT_AUTH + i));
    }
}


/* only what was there: most of the outcomes belong to one route */

static void
ngx_http_coderemote_metrics_sign_in(ngx_http_coderemote_metrics_t *m)
{
    uint64_t    n;
    ngx_uint_t  route, outcome;

    ngx_http_coderemote_metrics_head(m, "sign_in_total", "counter",
                                     "Requests to /auth/, by route and "
                                     "outcome.");

    for (route = 0; route < NGX_CR_COGNITO_ROUTES; route++) {
        for (outcome = 0; outcome < NGX_CR_COGNITO_OUTCOMES; outcome++) {

            n = ngx_cr_stats_sum(NGX_CR_STAT_SIGN_IN
                                 + route * NGX_CR_COGNITO_OUTCOMES + outcome);
            if (n == 0) {
                continue;
            }

            ngx_http_coderemote_metrics_print(m,
                       "coderemote_sign_in_total{route=\"%s\","
                       "outcome=\"%s\"} %uL\n",
                       ngx_cr_cognito_route_name(route),
                       ngx_cr_cognito_outcome_name(outcome), n);
        }
    }
}


static void
ngx_http_coderemote_metrics_pool(ngx_http_coderemote_metrics_t *m,
    ngx_cr_link_t *link)
{
    uint32_t      i, status;
    uint64_t      finished[CR_STATUS_MAX], cpu, wall, queue, restarts, ready;
    uint64_t      built, failed, output;
    cr_worker_t  *w;

    ngx_memzero(finished, sizeof(finished));
    cpu = wall = queue = restarts = ready = built = failed = output = 0;

    for (i = 0; i < link->segment.geometry.workers; i++) {
        w = cr_segment_worker(&link->segment, i);

        for (status = 1; status < CR_STATUS_MAX; status++) {
            finished[status] += atomic_load(&w->finished[status]);
        }

        cpu += atomic_load(&w->cpu_us);
        wall += atomic_load(&w->wall_us);
        queue += atomic_load(&w->queue_us);
        output += atomic_load(&w->output_bytes);
        built += atomic_load(&w->sandboxes_built);
        failed += atomic_load(&w->sandboxes_failed);
        restarts += atomic_load(&w->restarts);
        ready += atomic_load(&w->ready);
    }

    ngx_http_coderemote_metrics_head(m, "jobs_finished_total", "counter",
                                     "Jobs that the pool finished, by status.");

    for (status = 1; status < CR_STATUS_MAX; status++) {
        ngx_http_coderemote_metrics_print(m,
                       "coderemote_jobs_finished_total{status=\"%s\"} %uL\n",
                       cr_status_name(status), finished[status]);
    }

    ngx_http_coderemote_metrics_seconds(m, "jobs_cpu_seconds_total",
                                        "CPU time that jobs used.", cpu);
    ngx_http_coderemote_metrics_seconds(m, "jobs_wall_seconds_total",
                                        "Time that jobs ran.", wall);
    ngx_http_coderemote_metrics_seconds(m, "jobs_queue_seconds_total",
                                        "Time that jobs waited.", queue);

    ngx_http_coderemote_metrics_print(m,
        "# HELP coderemote_jobs_output_bytes_total Output of jobs.\n"
        "# TYPE coderemote_jobs_output_bytes_total counter\n"
        "coderemote_jobs_output_bytes_total %uL\n"
        "# HELP coderemote_sandboxes_built_total Sandboxes made.\n"
        "# TYPE coderemote_sandboxes_built_total counter\n"
        "coderemote_sandboxes_built_total %uL\n"
        "# HELP coderemote_sandboxes_failed_total Sandboxes not made.\n"
        "# TYPE coderemote_sandboxes_failed_total counter\n"
        "coderemote_sandboxes_failed_total %uL\n"
        "# HELP coderemote_worker_restarts_total Pool workers replaced.\n"
        "# TYPE coderemote_worker_restarts_total counter\n"
        "coderemote_worker_restarts_total %uL\n"
        "# HELP coderemote_sandboxes_ready Sandboxes that wait for a job.\n"
        "# TYPE coderemote_sandboxes_ready gauge\n"
        "coderemote_sandboxes_ready %uL\n",
        output, built, failed, restarts, ready);
}


static void
ngx_http_coderemote_metrics_slots(ngx_http_coderemote_metrics_t *m,
    cr_segment_t *segment)
{
    uint32_t    i, state, count[CR_SLOT_CLEARING + 1];

    ngx_memzero(count, sizeof(count));

    for (i = 0; i < segment->geometry.slots; i++) {
        state = cr_word_state(cr_slot_word(cr_segment_slot(segment, i)));

        if (state <= CR_SLOT_CLEARING) {
            count[state]++;
        }
    }

    ngx_http_coderemote_metrics_head(m, "slots", "gauge",
                                     "Places for jobs, by state.");

    for (state = 0; state <= CR_SLOT_CLEARING; state++) {
        ngx_http_coderemote_metrics_print(m,
                       "coderemote_slots{state=\"%s\"} %uD\n",
                       ngx_http_coderemote_metrics_states[state],
                       count[state]);
    }
}


static void
ngx_http_coderemote_metrics_head(ngx_http_coderemote_metrics_t *m,
    const char *name, const char *type, const char *help)
{
    ngx_http_coderemote_metrics_print(m, "# HELP coderemote_%s %s\n"
                                      "# TYPE coderemote_%s %s\n", name, help,
                                      name, type);
}


static void
ngx_http_coderemote_metrics_seconds(ngx_http_coderemote_metrics_t *m,
    const char *name, const char *help, uint64_t us)
{
    ngx_http_coderemote_metrics_head(m, name, "counter", help);
    ngx_http_coderemote_metrics_print(m, "coderemote_%s %uL.%06uL\n", name,
                                      us / 1000000, us % 1000000);
}


static void
ngx_http_coderemote_metrics_print(ngx_http_coderemote_metrics_t *m,
    const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    m->pos = ngx_vslprintf(m->pos, m->last, fmt, args);
    va_end(args);
}
