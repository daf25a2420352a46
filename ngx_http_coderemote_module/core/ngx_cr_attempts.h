
/*
 * Guessing passwords and codes gets slow: an attempt that is one too many has
 * to wait, and the wait doubles from a second to some minutes.
 *
 * Counted are an account, wherever the attempts come from, and an address,
 * whatever accounts it tries; the longer wait counts.  An address from which
 * somebody has signed in to an account is known to it: it has a count of its
 * own with that account, so that a stranger who guesses does not lock the
 * owner out.  Counts halve with every longest wait in which an attempt could
 * be made and none was.
 *
 * An attempt is counted when it begins, so that many at a time are as slow as
 * one after the other; one that was right, or was none, is taken back.
 */


#ifndef _NGX_CR_ATTEMPTS_H_INCLUDED_
#define _NGX_CR_ATTEMPTS_H_INCLUDED_


#include "ngx_cr_table.h"


typedef struct {
    ngx_uint_t                   account;   /* attempts that need not wait */
    ngx_uint_t                   address;
    ngx_msec_t                   max;       /* the longest wait */
} ngx_cr_attempts_conf_t;


/* the value of an entry */

typedef struct {
    ngx_uint_t                   count;
    ngx_msec_t                   until;     /* the next has to wait; halved
                                               then, each longest wait */
    ngx_uint_t                   known;     /* of an account and an address:
                                               somebody has signed in */
} ngx_cr_attempts_value_t;


/* whose attempt it is; made once, for begin and what follows */

typedef struct {
    ngx_cr_table_key_t           account;
    ngx_cr_table_key_t           address;
    ngx_cr_table_key_t           pair;
} ngx_cr_attempts_who_t;


/*
 * account: as it was typed, up to 512 bytes count; address: in binary form,
 * 4 bytes, or 16 of which the first 8 count, since the rest is one site's.
 */
ngx_int_t ngx_cr_attempts_who(const ngx_cr_table_t *table,
    const ngx_str_t *account, const ngx_str_t *address,
    ngx_cr_attempts_who_t *who);

/*
 * 0: the attempt may be made, and is counted; else the milliseconds that it
 * would have to wait, and nothing is counted.
 */
ngx_msec_t ngx_cr_attempts_begin(ngx_cr_table_t *table,
    const ngx_cr_attempts_conf_t *conf, const ngx_cr_attempts_who_t *who,
    ngx_msec_t now);

/* The attempt was right: the account is free again, the address known. */
void ngx_cr_attempts_right(ngx_cr_table_t *table,
    const ngx_cr_attempts_who_t *who, ngx_msec_t now);

/* It was none: nobody answered. */
void ngx_cr_attempts_undo(ngx_cr_table_t *table,
    const ngx_cr_attempts_who_t *who);


#endif /* _NGX_CR_ATTEMPTS_H_INCLUDED_ */
