
/*
 * Reads a job's log into chunks that can be sent as text.
 *
 * The order of the output is the log's, but for one thing: a character whose
 * bytes came in two chunks of its stream is kept back as a whole until the
 * second one, so another stream's chunk in between goes first.  This depends
 * on the log alone, so offsets mean the same to every reader.
 */


#ifndef _NGX_CR_OUTPUT_H_INCLUDED_
#define _NGX_CR_OUTPUT_H_INCLUDED_


#include "ngx_cr_job.h"
#include "cr_log.h"


#define NGX_CR_OUTPUT_TAIL      3      /* most bytes of a cut character */
#define NGX_CR_OUTPUT_SIZE_MIN  64     /* smallest buffer for a chunk */


typedef struct {
    u_char                       data[NGX_CR_OUTPUT_TAIL];
    u_char                       len;
} ngx_cr_output_tail_t;


/* a reader's place in a log */

typedef struct {
    cr_log_cursor_t              cursor;
    size_t                       skip;       /* bytes used of that chunk */
    uint64_t                     offset;     /* of the next byte to give */
    uint64_t                     start;      /* bytes before are not wanted */
    ngx_uint_t                   attempt;    /* 0: not seen yet */
    ngx_cr_output_tail_t         tails[2];   /* stdout, stderr */
} ngx_cr_output_t;


typedef struct {
    ngx_str_t                    data;       /* in the caller's buffer */
    uint64_t                     offset;     /* of its first byte */
    ngx_uint_t                   stream;     /* cr_stream_e */
    ngx_uint_t                   binary;     /* 1: not UTF-8, send base64 */
} ngx_cr_output_chunk_t;


/* Starts at the job's first byte of output, or at a client's offset. */
void ngx_cr_output_init(ngx_cr_output_t *output, uint64_t offset);

/*
 * Copies the next output into buf (size >= NGX_CR_OUTPUT_SIZE_MIN): as many
 * log chunks of one stream as are there and fit.
 *
 * NGX_OK: chunk is filled, its bytes are passed;
 * NGX_AGAIN: nothing more yet, wait for the watch;
 * NGX_DONE: the job has finished and all of its output was given;
 * NGX_DECLINED: the job was started again, all given so far is void (send
 *     status "queued" with output->attempt); the reader is at its beginning;
 * NGX_ERROR: the job is gone or its log is not believable.
 */
ngx_int_t ngx_cr_output_next(ngx_cr_output_t *output, const ngx_cr_job_t *job,
    u_char *buf, size_t size, ngx_cr_output_chunk_t *chunk);


/* the whole output, for the job as one JSON document */

typedef struct {
    ngx_str_t                    data;
    ngx_uint_t                   binary;     /* 1: not UTF-8, send base64 */
} ngx_cr_output_stream_t;

/*
 * Copies everything published so far into pool memory: streams[0] stdout,
 * streams[1] stderr.  A cut character at the end of an unfinished job is left
 * out.  NGX_OK; NGX_DECLINED: the job is gone; NGX_ERROR: no memory or the
 * log is not believable.
 */
ngx_int_t ngx_cr_output_collect(const ngx_cr_job_t *job, ngx_uint_t finished,
    ngx_pool_t *pool, ngx_cr_output_stream_t streams[2]);


#endif /* _NGX_CR_OUTPUT_H_INCLUDED_ */
