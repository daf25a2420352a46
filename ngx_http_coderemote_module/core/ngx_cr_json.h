
/*
 * JSON in, by jansson with bounds; JSON out, by a writer of our own straight
 * into buffers.
 */


#ifndef _NGX_CR_JSON_H_INCLUDED_
#define _NGX_CR_JSON_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <jansson.h>


/*
 * Parses len bytes as one JSON object (RFC 8259): duplicate members, a NUL in
 * a string, more levels than jansson's bound (2,048) and invalid UTF-8 are
 * refused.  Returns a
 * reference that the caller drops with json_decref(), or NULL with *bad_utf8
 * (1: that is the reason) and an ASCII text in detail, whose memory of
 * detail->len bytes is the caller's and whose len is then set.
 */
json_t *ngx_cr_json_decode(const u_char *data, size_t len,
    ngx_uint_t *bad_utf8, ngx_str_t *detail);


/* a document being written: a chain of buffers of pool */

typedef struct {
    ngx_pool_t                  *pool;
    ngx_chain_t                 *first;
    ngx_chain_t                **last;
    ngx_buf_t                   *buf;
    size_t                       size;      /* of the next buffer */
    size_t                       total;     /* bytes in finished buffers */
    unsigned                     comma:1;   /* a value came before */
    unsigned                     error:1;   /* no memory; checked at the end */
} ngx_cr_json_t;


/* size: of the first buffer; later ones double up to 64k */
void ngx_cr_json_init(ngx_cr_json_t *j, ngx_pool_t *pool, size_t size);

/* Bytes written; the chain is j->first.  NGX_ERROR: memory ran out. */
ngx_int_t ngx_cr_json_done(ngx_cr_json_t *j, size_t *total);

void ngx_cr_json_begin(ngx_cr_json_t *j, u_char bracket);   /* '{' or '[' */
void ngx_cr_json_end(ngx_cr_json_t *j, u_char bracket);     /* '}' or ']' */

/* Name of a member: needs no escapes. */
void ngx_cr_json_name(ngx_cr_json_t *j, const char *name);

/* Values; the text must be UTF-8.  data == NULL writes null. */
void ngx_cr_json_text(ngx_cr_json_t *j, const u_char *data, size_t len);
void ngx_cr_json_base64(ngx_cr_json_t *j, const u_char *data, size_t len);
void ngx_cr_json_cstr(ngx_cr_json_t *j, const char *s);
void ngx_cr_json_int(ngx_cr_json_t *j, int64_t n);
void ngx_cr_json_bool(ngx_cr_json_t *j, ngx_uint_t value);
void ngx_cr_json_null(ngx_cr_json_t *j);
/* RFC 3339 with milliseconds, UTC; 0 writes null */
void ngx_cr_json_time(ngx_cr_json_t *j, int64_t us);
/* microseconds as milliseconds with up to three decimals */
void ngx_cr_json_ms(ngx_cr_json_t *j, uint64_t us);
/* JSON that is there already */
void ngx_cr_json_raw(ngx_cr_json_t *j, const u_char *data, size_t len);


#endif /* _NGX_CR_JSON_H_INCLUDED_ */
