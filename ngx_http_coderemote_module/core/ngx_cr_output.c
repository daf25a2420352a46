
/*
 * A job's log as text.
 *
 * For each stream up to three bytes are kept back: the beginning of a
 * character whose end has not come yet.  Whether that is so is decided at the
 * end of every log chunk, by its last bytes alone; splitting a chunk to fit a
 * buffer, or joining chunks of one stream, changes nothing in the order.
 */


#include "ngx_cr_output.h"
#include "ngx_cr_watch.h"
#include "ngx_cr_ws_utf8.h"


static ngx_int_t ngx_cr_output_check(ngx_cr_output_t *output,
    const ngx_cr_job_t *job, ngx_uint_t *finished);
static ngx_int_t ngx_cr_output_fill(ngx_cr_output_t *output,
    const ngx_cr_job_t *job, u_char *buf, size_t size, ngx_uint_t *stream,
    size_t *len);
static ngx_int_t ngx_cr_output_tail(ngx_cr_output_t *output, u_char *buf,
    ngx_cr_output_chunk_t *chunk);
static ngx_int_t ngx_cr_output_clip(ngx_cr_output_t *output,
    ngx_cr_output_chunk_t *chunk);
static size_t ngx_cr_output_cut(const u_char *p, size_t len);
static ngx_int_t ngx_cr_output_measure(const ngx_cr_job_t *job,
    size_t lens[2]);
static ngx_int_t ngx_cr_output_copy(const ngx_cr_job_t *job,
    ngx_pool_t *pool, ngx_cr_output_stream_t streams[2]);


#define ngx_cr_output_stream_ok(stream)                                       \
    ((stream) == CR_STREAM_STDOUT || (stream) == CR_STREAM_STDERR)


void
ngx_cr_output_init(ngx_cr_output_t *output, uint64_t offset)
{
    ngx_memzero(output, sizeof(ngx_cr_output_t));
    output->start = offset;
}


ngx_int_t
ngx_cr_output_next(ngx_cr_output_t *output, const ngx_cr_job_t *job,
    u_char *buf, size_t size, ngx_cr_output_chunk_t *chunk)
{
    size_t      len, n;
    ngx_int_t   rc;
    ngx_uint_t  finished, stream;

    for ( ;; ) {

        /* before the log is read: all of a finished job's log is there */

        rc = ngx_cr_output_check(output, job, &finished);
        if (rc != NGX_OK) {
            return rc;
        }

        rc = ngx_cr_output_fill(output, job, buf, size, &stream, &len);

        /* after the copy: it is of this job, and of this attempt */

        if (ngx_cr_output_check(output, job, NULL) != NGX_OK) {
            continue;
        }

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_AGAIN) {

            if (!finished) {
                return NGX_AGAIN;
            }

            if (ngx_cr_output_tail(output, buf, chunk) == NGX_DONE) {
                return NGX_DONE;
            }

        } else {
            n = ngx_cr_output_cut(buf, len);

            output->tails[stream - 1].len = n;
            ngx_memcpy(output->tails[stream - 1].data, buf + len - n, n);

            chunk->stream = stream;
            chunk->data.data = buf;
            chunk->data.len = len - n;
        }

        if (ngx_cr_output_clip(output, chunk) == NGX_OK) {
            return NGX_OK;
        }
    }
}


/* NGX_OK; NGX_DECLINED: started again; NGX_ERROR: gone */

static ngx_int_t
ngx_cr_output_check(ngx_cr_output_t *output, const ngx_cr_job_t *job,
    ngx_uint_t *finished)
{
    uint64_t    word;
    cr_slot_t  *slot;
    ngx_uint_t  attempt;

    atomic_thread_fence(memory_order_acquire);

    slot = cr_segment_slot(&job->link->segment, job->index);
    word = cr_slot_word(slot);

    if (cr_word_generation(word) != job->generation) {
        return NGX_ERROR;
    }

    attempt = cr_word_attempt(word);

    if (output->attempt == 0) {
        output->attempt = attempt;
    }

    if (output->attempt != attempt) {

        /* the caller's next round tells, with finished != NULL */

        if (finished != NULL) {
            ngx_cr_output_init(output, 0);
            output->attempt = attempt;
        }

        return NGX_DECLINED;
    }

    if (finished != NULL) {
        *finished = (cr_word_state(word) >= CR_SLOT_FINISHED)
                    || job->link->lost;
    }

    return NGX_OK;
}


/*
 * Copies log chunks of one stream, behind what was kept back of it.
 * NGX_OK; NGX_AGAIN: there is none; NGX_ERROR: the log is not believable.
 */

static ngx_int_t
ngx_cr_output_fill(ngx_cr_output_t *output, const ngx_cr_job_t *job,
    u_char *buf, size_t size, ngx_uint_t *stream, size_t *len)
{
    size_t                 used;
    u_char                *arena, *p;
    ssize_t                n;
    cr_slot_t             *slot;
    cr_segment_t          *segment;
    cr_log_header_t        header;
    ngx_cr_output_tail_t  *tail;

    segment = &job->link->segment;
    slot = cr_segment_slot(segment, job->index);
    arena = cr_segment_log(segment, job->index);

    *stream = 0;
    p = buf + NGX_CR_OUTPUT_TAIL;
    used = NGX_CR_OUTPUT_TAIL;

    while (used < size) {
        n = cr_log_read(slot, arena, segment->geometry.log_size,
                        &output->cursor, output->skip, &header, buf + used,
                        size - used);

        if (n == 0) {
            break;
        }

        if (n < 0 || !ngx_cr_output_stream_ok(header.stream)) {
            return NGX_ERROR;
        }

        if (*stream == 0) {
            *stream = header.stream;

        } else if (*stream != header.stream) {
            break;
        }

        used += n;
        output->skip += n;

        if (output->skip < header.len) {
            break;
        }

        cr_log_next(&output->cursor, &header);
        output->skip = 0;
    }

    if (*stream == 0) {
        return NGX_AGAIN;
    }

    tail = &output->tails[*stream - 1];
    p -= tail->len;
    ngx_memcpy(p, tail->data, tail->len);

    *len = buf + used - p;
    ngx_memmove(buf, p, *len);
    tail->len = 0;

    return NGX_OK;
}


/* the log has ended: what was kept back will never be a character */

static ngx_int_t
ngx_cr_output_tail(ngx_cr_output_t *output, u_char *buf,
    ngx_cr_output_chunk_t *chunk)
{
    ngx_uint_t             i;
    ngx_cr_output_tail_t  *tail;

    for (i = 0; i < 2; i++) {
        tail = &output->tails[i];

        if (tail->len == 0) {
            continue;
        }

        ngx_memcpy(buf, tail->data, tail->len);

        chunk->stream = i + 1;
        chunk->data.data = buf;
        chunk->data.len = tail->len;
        tail->len = 0;

        return NGX_OK;
    }

    return NGX_DONE;
}


/* counts the chunk; NGX_DECLINED: nothing is left after the wanted offset */

static ngx_int_t
ngx_cr_output_clip(ngx_cr_output_t *output, ngx_cr_output_chunk_t *chunk)
{
    size_t  n;

    chunk->offset = output->offset;
    output->offset += chunk->data.len;

    if (output->offset <= output->start) {
        return NGX_DECLINED;
    }

    if (chunk->offset < output->start) {
        n = output->start - chunk->offset;

        chunk->offset += n;
        chunk->data.data += n;
        chunk->data.len -= n;
    }

    if (chunk->data.len == 0) {
        return NGX_DECLINED;
    }

    chunk->binary = (ngx_cr_ws_utf8_prefix(chunk->data.data, chunk->data.len,
                                           &n)
                     != NGX_OK);

    return NGX_OK;
}


/* bytes at the end that begin a character and do not end it */

static size_t
ngx_cr_output_cut(const u_char *p, size_t len)
{
    u_char  c;
    size_t  n, need;

    for (n = 1; n <= NGX_CR_OUTPUT_TAIL && n <= len; n++) {

        c = p[len - n];

        if ((c & 0xc0) == 0x80) {
            continue;
        }

        need = (c >= 0xf0 && c <= 0xf4) ? 4
               : (c >= 0xe0 && c <= 0xef) ? 3
               : (c >= 0xc2 && c <= 0xdf) ? 2 : 1;

        return (n < need) ? n : 0;
    }

    return 0;
}


ngx_int_t
ngx_cr_output_collect(const ngx_cr_job_t *job, ngx_uint_t finished,
    ngx_pool_t *pool, ngx_cr_output_stream_t streams[2])
{
    size_t      n;
    ngx_int_t   rc;
    ngx_str_t  *data;
    ngx_uint_t  i;

    if (ngx_cr_watch_hold(job) != NGX_OK) {
        return NGX_DECLINED;
    }

    rc = ngx_cr_output_copy(job, pool, streams);

    ngx_cr_watch_unhold(job);

    if (rc != NGX_OK) {
        return rc;
    }

    for (i = 0; i < 2; i++) {
        data = &streams[i].data;

        if (!finished) {
            data->len -= ngx_cr_output_cut(data->data, data->len);
        }

        streams[i].binary = (ngx_cr_ws_utf8_prefix(data->data, data->len, &n)
                             != NGX_OK);
    }

    return NGX_OK;
}


/* how long the streams are, by the headers of the log */

static ngx_int_t
ngx_cr_output_measure(const ngx_cr_job_t *job, size_t lens[2])
{
    u_char           *arena, byte;
    ssize_t           n;
    cr_slot_t        *slot;
    cr_segment_t     *segment;
    cr_log_cursor_t   cursor;
    cr_log_header_t   header;

    segment = &job->link->segment;
    slot = cr_segment_slot(segment, job->index);
    arena = cr_segment_log(segment, job->index);

    ngx_memzero(&cursor, sizeof(cr_log_cursor_t));
    lens[0] = 0;
    lens[1] = 0;

    for ( ;; ) {
        n = cr_log_read(slot, arena, segment->geometry.log_size, &cursor, 0,
                        &header, &byte, 1);

        if (n == 0) {
            return NGX_OK;
        }

        if (n < 0 || !ngx_cr_output_stream_ok(header.stream)) {
            return NGX_ERROR;
        }

        lens[header.stream - 1] += header.len;
        cr_log_next(&cursor, &header);
    }
}


/* never more than was measured, whatever the log says now */

static ngx_int_t
ngx_cr_output_copy(const ngx_cr_job_t *job, ngx_pool_t *pool,
    ngx_cr_output_stream_t streams[2])
{
    size_t            lens[2], room, i;
    u_char           *arena, byte;
    ssize_t           n;
    cr_slot_t        *slot;
    ngx_str_t        *data;
    cr_segment_t     *segment;
    cr_log_cursor_t   cursor;
    cr_log_header_t   header;

    if (ngx_cr_output_measure(job, lens) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < 2; i++) {
        streams[i].data.len = 0;
        streams[i].data.data = ngx_pnalloc(pool, lens[i] + 1);

        if (streams[i].data.data == NULL) {
            return NGX_ERROR;
        }
    }

    segment = &job->link->segment;
    slot = cr_segment_slot(segment, job->index);
    arena = cr_segment_log(segment, job->index);

    ngx_memzero(&cursor, sizeof(cr_log_cursor_t));

    for ( ;; ) {

        /* whose chunk is next */

        n = cr_log_read(slot, arena, segment->geometry.log_size, &cursor, 0,
                        &header, &byte, 1);

        if (n == 0) {
            return NGX_OK;
        }

        if (n < 0 || !ngx_cr_output_stream_ok(header.stream)) {
            return NGX_ERROR;
        }

        i = header.stream - 1;
        data = &streams[i].data;
        room = lens[i] - data->len;

        if (room < header.len) {
            return NGX_OK;
        }

        n = cr_log_read(slot, arena, segment->geometry.log_size, &cursor, 0,
                        &header, data->data + data->len, room);

        if (n <= 0 || (size_t) n != header.len) {
            return NGX_ERROR;
        }

        data->len += n;
        cr_log_next(&cursor, &header);
    }
}
