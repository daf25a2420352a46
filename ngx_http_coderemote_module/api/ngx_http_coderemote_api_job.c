
/* GET /jobs/{id}, its alias GET /status/{id}, and DELETE /jobs/{id}. */


#include "ngx_http_coderemote.h"


static ngx_int_t ngx_http_coderemote_no_job(ngx_http_request_t *r,
    ngx_int_t rc);


ngx_int_t
ngx_http_coderemote_api_job(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_cr_job_t                     job;
    ngx_cr_job_info_t                info;
    ngx_http_coderemote_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);

    rc = ngx_http_coderemote_find(conf, &ctx->user, &ctx->id, &job, &info);

    if (rc != NGX_OK) {
        return ngx_http_coderemote_no_job(r, rc);
    }

    return ngx_http_coderemote_send_job(r, NGX_HTTP_OK, &job, &info);
}


/* 200 and the job when it is over now, 202 while the pool still ends it */

ngx_int_t
ngx_http_coderemote_api_job_cancel(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx)
{
    ngx_int_t                        rc;
    ngx_cr_job_t                     job;
    ngx_cr_job_info_t                info;
    ngx_http_coderemote_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);

    rc = ngx_http_coderemote_find(conf, &ctx->user, &ctx->id, &job, &info);

    if (rc != NGX_OK) {
        return ngx_http_coderemote_no_job(r, rc);
    }

    if (!info.finished) {
        rc = ngx_cr_job_cancel(&job);

        if (rc == NGX_AGAIN) {
            return ngx_http_coderemote_refuse(r,
                       NGX_HTTP_CODEREMOTE_POOL_UNAVAILABLE,
                       "the pool is busy with other messages: try again");
        }

        if (ngx_cr_job_read(&job, &info) != NGX_OK) {
            return ngx_http_coderemote_no_job(r, NGX_DECLINED);
        }
    }

    return ngx_http_coderemote_send_job(r, info.finished ? NGX_HTTP_OK : 202,
                                        &job, &info);
}


static ngx_int_t
ngx_http_coderemote_no_job(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_coderemote_problem_t  problem;

    ngx_http_coderemote_not_found(&problem, rc);

    return ngx_http_coderemote_send_problem(r, &problem);
}
