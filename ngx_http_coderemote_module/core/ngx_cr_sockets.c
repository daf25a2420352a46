
/* Connections of a user, counted by process; see the header. */


#include "ngx_cr_sockets.h"


static ngx_uint_t ngx_cr_sockets_count(ngx_cr_sockets_value_t *value);


ngx_int_t
ngx_cr_sockets_open(ngx_cr_table_t *table, const ngx_cr_table_key_t *key,
    ngx_pid_t pid, ngx_uint_t max)
{
    ngx_uint_t               i, place;
    ngx_cr_sockets_value_t  *value;

    value = ngx_cr_table_get(table, key);

    if (ngx_cr_sockets_count(value) >= max) {
        return NGX_BUSY;
    }

    place = NGX_CR_SOCKETS_PROCESSES;

    for (i = 0; i < NGX_CR_SOCKETS_PROCESSES; i++) {

        if (value->process[i].count == 0) {
            place = ngx_min(place, i);

        } else if (value->process[i].pid == pid) {
            place = i;
            break;
        }
    }

    if (place == NGX_CR_SOCKETS_PROCESSES) {
        return NGX_BUSY;
    }

    value->process[place].pid = pid;
    value->process[place].count++;

    return NGX_OK;
}


/* forgets those of processes that are no more */

static ngx_uint_t
ngx_cr_sockets_count(ngx_cr_sockets_value_t *value)
{
    ngx_uint_t  i, n;

    n = 0;

    for (i = 0; i < NGX_CR_SOCKETS_PROCESSES; i++) {

        if (value->process[i].count == 0) {
            continue;
        }

        if (kill(value->process[i].pid, 0) == -1 && ngx_errno == ESRCH) {
            value->process[i].count = 0;
        }

        n += value->process[i].count;
    }

    return n;
}


void
ngx_cr_sockets_close(ngx_cr_table_t *table, const ngx_cr_table_key_t *key,
    ngx_pid_t pid)
{
    ngx_uint_t               i, left;
    ngx_cr_sockets_value_t  *value;

    value = ngx_cr_table_find(table, key);
    if (value == NULL) {
        return;
    }

    left = 0;

    for (i = 0; i < NGX_CR_SOCKETS_PROCESSES; i++) {

        if (value->process[i].pid == pid && value->process[i].count != 0) {
            value->process[i].count--;
        }

        left += value->process[i].count;
    }

    if (left == 0) {
        ngx_cr_table_drop(table, value);
    }
}
