
/*
 * A job's log as text: no character is cut, offsets mean the same to every
 * reader, however it came by its place.
 *
 * sources: ngx_http_coderemote_module/core/ngx_cr_output.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_watch.c
 * sources: ngx_http_coderemote_module/ws/ngx_cr_ws_utf8.c
 * sources: ipc/
 * with: nginx
 */


#include "cr_test.h"
#include "ngx_cr_output.h"
#include "ngx_cr_watch.h"
#include "ngx_cr_ws_utf8.h"


#define JOB_BUF  4096


typedef struct {
    ngx_cr_link_t   link;
    ngx_cr_job_t    job;
    cr_slot_t      *slot;
    uint64_t        word;
    int             fd;
    u_char          buf[JOB_BUF];
} job_t;


/* everything a reader was given: streams apart, and the order */

typedef struct {
    char            text[2][65536];
    size_t          len[2];
    char            order[65536];    /* of the bytes, over both streams */
    size_t          total;
    ngx_uint_t      chunks;
    ngx_uint_t      binary;
} sink_t;


static sink_t  sink;


void
ngx_cr_channel_prune(ngx_cr_channel_t *channel)
{
    (void) channel;
}


static void
job_open(job_t *j)
{
    cr_geometry_t  geometry;

    memset(j, 0, sizeof(job_t));

    geometry.slots = 2;
    geometry.channels = 2;
    geometry.workers = 1;
    geometry.ring = 4;
    geometry.request_size = CR_PAGE;
    geometry.log_size = 64 * CR_PAGE;

    j->fd = cr_segment_create(&j->link.segment, &geometry, "test", 1);
    REQUIRE(j->fd != -1);

    j->link.index = 1;
    REQUIRE(ngx_cr_watch_init(&j->link, NULL) == NGX_OK);

    j->job.link = &j->link;
    j->job.index = cr_segment_claim(&j->link.segment, 1, &j->word);
    j->job.generation = cr_word_generation(j->word);
    j->slot = cr_segment_slot(&j->link.segment, j->job.index);

    CHECK(cr_slot_submit(j->slot, &j->word));
    CHECK(cr_slot_start(j->slot, &j->word, 0));
    CHECK(cr_slot_run(j->slot, &j->word));
}


static void
job_close(job_t *j)
{
    CHECK(atomic_load(&j->slot->watchers) == 0);
    ngx_cr_watch_done(&j->link);
    cr_segment_unmap(&j->link.segment);
    close(j->fd);
}


static void
job_write(job_t *j, uint32_t stream, const char *text, size_t len)
{
    size_t    room;
    uint8_t  *arena, *p;

    arena = cr_segment_log(&j->link.segment, j->job.index);
    room = len;

    p = cr_log_reserve(j->slot, arena, j->link.segment.geometry.log_size,
                       &room);
    REQUIRE(p != NULL && room == len);

    memcpy(p, text, len);
    CHECK(cr_log_commit(j->slot, arena, j->link.segment.geometry.log_size,
                        stream, len, 0) == 0);
}


static void
job_finish(job_t *j)
{
    CHECK(cr_slot_finish(j->slot, &j->word));
}


/* reads on until there is no more, checking what holds for every chunk */

static ngx_int_t
job_read(job_t *j, ngx_cr_output_t *out, size_t size)
{
    size_t                  n, valid;
    ngx_int_t               rc;
    ngx_uint_t              i;
    ngx_cr_output_chunk_t   chunk;

    for ( ;; ) {
        rc = ngx_cr_output_next(out, &j->job, j->buf, size, &chunk);

        if (rc != NGX_OK) {
            return rc;
        }

        n = chunk.data.len;
        i = chunk.stream - 1;

        CHECK(n > 0 && n <= size);
        CHECK(chunk.offset + n == out->offset);
        CHECK((ngx_cr_ws_utf8_prefix(chunk.data.data, n, &valid) == NGX_OK)
              == !chunk.binary);

        memcpy(sink.text[i] + sink.len[i], chunk.data.data, n);
        sink.len[i] += n;
        memcpy(sink.order + chunk.offset, chunk.data.data, n);
        sink.total += n;
        sink.chunks++;
        sink.binary += chunk.binary;
    }
}


TEST("what is written is read in order, chunks of a stream are joined")
{
    job_t            j;
    ngx_cr_output_t  out;

    memset(&sink, 0, sizeof(sink));
    job_open(&j);
    ngx_cr_output_init(&out, 0);

    CHECK(job_read(&j, &out, JOB_BUF) == NGX_AGAIN);

    job_write(&j, 1, "a", 1);
    job_write(&j, 1, "b\n", 2);
    job_write(&j, 2, "err", 3);
    job_write(&j, 1, "c", 1);

    CHECK(job_read(&j, &out, JOB_BUF) == NGX_AGAIN);
    CHECK(sink.chunks == 3);
    CHECK(memcmp(sink.order, "ab\nerrc", 7) == 0);

    job_write(&j, 1, "d", 1);
    job_finish(&j);

    CHECK(job_read(&j, &out, JOB_BUF) == NGX_DONE);
    CHECK(memcmp(sink.order, "ab\nerrcd", 8) == 0 && sink.total == 8);
    CHECK(job_read(&j, &out, JOB_BUF) == NGX_DONE);

    job_close(&j);
}


TEST("a character that is cut waits for its end, the other stream goes first")
{
    job_t            j;
    ngx_cr_output_t  out;

    memset(&sink, 0, sizeof(sink));
    job_open(&j);
    ngx_cr_output_init(&out, 0);

    job_write(&j, 1, "x\xe2", 2);
    CHECK(job_read(&j, &out, JOB_BUF) == NGX_AGAIN);
    CHECK(sink.total == 1);

    job_write(&j, 2, "!", 1);
    CHECK(job_read(&j, &out, JOB_BUF) == NGX_AGAIN);

    job_write(&j, 1, "\x82", 1);
    CHECK(job_read(&j, &out, JOB_BUF) == NGX_AGAIN);
    CHECK(sink.total == 2);

    job_write(&j, 1, "\xac", 1);
    CHECK(job_read(&j, &out, JOB_BUF) == NGX_AGAIN);

    CHECK(memcmp(sink.order, "x!\xe2\x82\xac", 5) == 0);
    CHECK(sink.binary == 0);

    job_close(&j);
}


TEST("a character that never ends comes as bytes when the job is finished")
{
    job_t            j;
    ngx_cr_output_t  out;

    memset(&sink, 0, sizeof(sink));
    job_open(&j);
    ngx_cr_output_init(&out, 0);

    job_write(&j, 2, "\xf0\x9f\x98", 3);
    job_write(&j, 1, "ok\xc3", 3);
    CHECK(job_read(&j, &out, JOB_BUF) == NGX_AGAIN);
    CHECK(sink.total == 2);

    job_finish(&j);
    CHECK(job_read(&j, &out, JOB_BUF) == NGX_DONE);
    CHECK(sink.total == 6 && sink.binary == 2);
    CHECK(memcmp(sink.text[0], "ok\xc3", 3) == 0);
    CHECK(memcmp(sink.text[1], "\xf0\x9f\x98", 3) == 0);

    job_close(&j);
}


TEST("bytes that are not UTF-8 are marked, nothing of them is lost")
{
    size_t           i;
    job_t            j;
    char             bytes[256];
    ngx_cr_output_t  out;

    memset(&sink, 0, sizeof(sink));
    job_open(&j);
    ngx_cr_output_init(&out, 0);

    for (i = 0; i < 256; i++) {
        bytes[i] = (char) i;
    }

    job_write(&j, 1, bytes, 256);
    job_finish(&j);

    CHECK(job_read(&j, &out, NGX_CR_OUTPUT_SIZE_MIN) == NGX_DONE);
    CHECK(sink.total == 256 && sink.binary > 0);
    CHECK(memcmp(sink.text[0], bytes, 256) == 0);

    job_close(&j);
}


/* a log of 400 chunks, cut anywhere, with some rubbish in it */

static void
job_write_mess(job_t *j)
{
    size_t              i, n, at;
    static const char   text[] =
        "plain \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80 \xff\xc3( \xe2\x82 end\n";

    srand(7);
    at = 0;

    for (i = 0; i < 400; i++) {
        n = 1 + (size_t) rand() % 7;

        if (n > sizeof(text) - 1 - at) {
            n = sizeof(text) - 1 - at;
        }

        job_write(j, 1 + (uint32_t) rand() % 2, text + at, n);
        at = (at + n) % (sizeof(text) - 1);
    }
}


TEST("every reader of a log sees the same bytes at the same offsets")
{
    size_t           size;
    job_t            j;
    static char      order[sizeof(sink.order)];
    uint64_t         total, start;
    ngx_cr_output_t  out;

    memset(&sink, 0, sizeof(sink));
    job_open(&j);
    job_write_mess(&j);
    job_finish(&j);

    ngx_cr_output_init(&out, 0);
    CHECK(job_read(&j, &out, JOB_BUF) == NGX_DONE);
    memcpy(order, sink.order, sizeof(order));
    total = sink.total;

    /* buffers of other sizes */

    for (size = NGX_CR_OUTPUT_SIZE_MIN; size < 200; size++) {
        memset(&sink, 0, sizeof(sink));
        ngx_cr_output_init(&out, 0);
        CHECK(job_read(&j, &out, size) == NGX_DONE);
        CHECK(sink.total == total);
        CHECK(memcmp(sink.order, order, total) == 0);
    }

    /* another beginning */

    for (start = 0; start <= total + 1; start++) {
        memset(&sink, 0, sizeof(sink));
        ngx_cr_output_init(&out, start);
        CHECK(job_read(&j, &out, JOB_BUF) == NGX_DONE);

        if (start <= total) {
            CHECK(sink.total == total - start);
            CHECK(memcmp(sink.order + start, order + start, total - start)
                  == 0);
        }
    }

    job_close(&j);
}


TEST("a reader that follows sees what one that comes late sees")
{
    job_t            late, live;
    size_t           len;
    uint64_t         tail;
    static char      order[sizeof(sink.order)];
    ngx_cr_output_t  out;

    memset(&sink, 0, sizeof(sink));
    job_open(&late);
    job_write_mess(&late);
    job_finish(&late);
    ngx_cr_output_init(&out, 0);
    CHECK(job_read(&late, &out, JOB_BUF) == NGX_DONE);
    memcpy(order, sink.order, sizeof(order));
    len = sink.total;

    /* the same log, shown chunk by chunk */

    memset(&sink, 0, sizeof(sink));
    job_open(&live);
    job_write_mess(&live);

    tail = atomic_load(&live.slot->log_tail);
    ngx_cr_output_init(&out, 0);

    for (uint64_t t = 0; t <= tail; t += 8) {
        cr_log_header_t  header;

        memcpy(&header, cr_segment_log(&live.link.segment, live.job.index)
                        + t, sizeof(header));
        atomic_store(&live.slot->log_tail, t);
        CHECK(job_read(&live, &out, JOB_BUF) == NGX_AGAIN);

        if (t < tail) {
            t += cr_log_need(header.len) - 8;
        }
    }

    job_finish(&live);
    CHECK(job_read(&live, &out, JOB_BUF) == NGX_DONE);
    CHECK(sink.total == len);
    CHECK(memcmp(sink.order, order, len) == 0);

    job_close(&late);
    job_close(&live);
}


TEST("a job that starts again voids its output, the reader begins anew")
{
    job_t            j;
    ngx_cr_output_t  out;

    memset(&sink, 0, sizeof(sink));
    job_open(&j);
    ngx_cr_output_init(&out, 2);

    job_write(&j, 1, "first\xe2", 6);
    CHECK(job_read(&j, &out, JOB_BUF) == NGX_AGAIN);
    CHECK(out.attempt == 1);

    CHECK(cr_slot_requeue(j.slot, &j.word));
    CHECK(job_read(&j, &out, JOB_BUF) == NGX_DECLINED);
    CHECK(out.attempt == 2 && out.offset == 0);
    CHECK(job_read(&j, &out, JOB_BUF) == NGX_AGAIN);

    memset(&sink, 0, sizeof(sink));
    CHECK(cr_slot_start(j.slot, &j.word, 0));
    CHECK(cr_slot_run(j.slot, &j.word));
    job_write(&j, 1, "again", 5);
    job_finish(&j);

    CHECK(job_read(&j, &out, JOB_BUF) == NGX_DONE);
    CHECK(sink.total == 5 && memcmp(sink.order, "again", 5) == 0);

    job_close(&j);
}


TEST("a slot that holds another job now is an error")
{
    job_t            j;
    ngx_cr_output_t  out;

    memset(&sink, 0, sizeof(sink));
    job_open(&j);
    ngx_cr_output_init(&out, 0);
    j.job.generation++;

    CHECK(job_read(&j, &out, JOB_BUF) == NGX_ERROR);

    job_close(&j);
}


TEST("a log that lies is an error, never a crash")
{
    job_t             j;
    cr_log_header_t   header;
    ngx_cr_output_t   out;

    memset(&sink, 0, sizeof(sink));
    job_open(&j);
    job_write(&j, 1, "abc", 3);

    memset(&header, 0xff, sizeof(header));
    memcpy(cr_segment_log(&j.link.segment, j.job.index), &header,
           sizeof(header));

    ngx_cr_output_init(&out, 0);
    CHECK(job_read(&j, &out, JOB_BUF) == NGX_ERROR);

    job_close(&j);
}


TEST("the whole output is collected, a cut end only of a finished job")
{
    job_t                    j;
    ngx_log_t                log;
    ngx_pool_t              *pool;
    ngx_cr_output_stream_t   streams[2];

    memset(&log, 0, sizeof(log));
    pool = ngx_create_pool(4096, &log);
    REQUIRE(pool != NULL);

    job_open(&j);
    job_write(&j, 1, "a\xe2", 2);
    job_write(&j, 2, "err", 3);
    job_write(&j, 1, "\x82\xac\xc3", 3);

    CHECK(ngx_cr_output_collect(&j.job, 0, pool, streams) == NGX_OK);
    CHECK(streams[0].data.len == 4 && !streams[0].binary);
    CHECK(memcmp(streams[0].data.data, "a\xe2\x82\xac", 4) == 0);
    CHECK(streams[1].data.len == 3 && !streams[1].binary);

    job_finish(&j);

    CHECK(ngx_cr_output_collect(&j.job, 1, pool, streams) == NGX_OK);
    CHECK(streams[0].data.len == 5 && streams[0].binary);

    j.job.generation++;
    CHECK(ngx_cr_output_collect(&j.job, 1, pool, streams) == NGX_DECLINED);

    job_close(&j);
    ngx_destroy_pool(pool);
}
