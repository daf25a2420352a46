
/*
 * A table of what is remembered of users, accounts and addresses, in memory
 * that processes share.
 *
 * Bounded: it is made of the memory it is given, and a new entry takes the
 * place of the one that was not asked for the longest.  Keys are keyed hashes,
 * so that nobody can choose names that collide, and nobody who reads the
 * memory learns a name.
 *
 * Nothing here takes a lock: whoever shares the memory does.
 */


#ifndef _NGX_CR_TABLE_H_INCLUDED_
#define _NGX_CR_TABLE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_CR_TABLE_KEY     16
#define NGX_CR_TABLE_SECRET  32


typedef struct {
    u_char                       bytes[NGX_CR_TABLE_KEY];
} ngx_cr_table_key_t;


typedef struct {
    ngx_rbtree_t                 tree;
    ngx_rbtree_node_t            sentinel;
    ngx_queue_t                  used;      /* the latest first */
    ngx_queue_t                  unused;
    ngx_uint_t                   capacity;  /* entries */
    ngx_uint_t                   evicted;   /* since it was made */
    u_char                       secret[NGX_CR_TABLE_SECRET];
} ngx_cr_table_t;


/*
 * Makes an empty table of size bytes at memory, whose entries have a value of
 * so many bytes each.  NULL: no room for one entry, or no random bytes.
 */
ngx_cr_table_t *ngx_cr_table_create(void *memory, size_t size, size_t value);

/*
 * The key of two texts (b may be NULL) under a name of what it is for, a
 * letter, so that the same text may have entries of several kinds.
 */
ngx_int_t ngx_cr_table_key(const ngx_cr_table_t *table, u_char kind,
    const ngx_str_t *a, const ngx_str_t *b, ngx_cr_table_key_t *key);

/* The value of key, which counts as asked for; NULL: there is none. */
void *ngx_cr_table_find(ngx_cr_table_t *table, const ngx_cr_table_key_t *key);

/* The same, and if there is none a new one, all zeroes. */
void *ngx_cr_table_get(ngx_cr_table_t *table, const ngx_cr_table_key_t *key);

/* Forgets the value, which find or get gave. */
void ngx_cr_table_drop(ngx_cr_table_t *table, void *value);


#endif /* _NGX_CR_TABLE_H_INCLUDED_ */
