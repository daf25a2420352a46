
/*
 * How many connections a user has, over all nginx workers.  Each process
 * counts for itself, so that what a process that died had counted is known to
 * be gone, and the workers before and after a reload do not mix.
 */


#ifndef _NGX_CR_SOCKETS_H_INCLUDED_
#define _NGX_CR_SOCKETS_H_INCLUDED_


#include "ngx_cr_table.h"


#define NGX_CR_SOCKETS_PROCESSES  64


/* the value of an entry */

typedef struct {
    struct {
        ngx_pid_t                pid;
        uint32_t                 count;     /* 0: the place is free */
    } process[NGX_CR_SOCKETS_PROCESSES];
} ngx_cr_sockets_value_t;


/*
 * Counts one more of this process; NGX_BUSY: there are max already, or more
 * processes than there are places for.
 */
ngx_int_t ngx_cr_sockets_open(ngx_cr_table_t *table,
    const ngx_cr_table_key_t *key, ngx_pid_t pid, ngx_uint_t max);

/* One less. */
void ngx_cr_sockets_close(ngx_cr_table_t *table,
    const ngx_cr_table_key_t *key, ngx_pid_t pid);


#endif /* _NGX_CR_SOCKETS_H_INCLUDED_ */
