
/*
 * What nginx's core functions want from a running server.  Weak, so that a
 * test may bring its own.
 */


#include <ngx_config.h>
#include <ngx_core.h>


#define weak  __attribute__((weak))


weak ngx_uint_t            ngx_pagesize = 4096;
weak ngx_uint_t            ngx_pagesize_shift = 12;
weak ngx_uint_t            ngx_cacheline_size = 64;
weak ngx_pid_t             ngx_pid;
weak volatile ngx_cycle_t *ngx_cycle;


weak void
ngx_log_error_core(ngx_uint_t level, ngx_log_t *log, ngx_err_t err,
    const char *fmt, ...)
{
    (void) level;
    (void) log;
    (void) err;
    (void) fmt;
}
