
/*
 * Watches: who is told, whatever the handlers do meanwhile, and when the
 * pool is asked to ring.
 *
 * sources: ngx_http_coderemote_module/core/ngx_cr_watch.c
 * sources: ipc/
 * with: nginx
 */


#include "cr_test.h"
#include "ngx_cr_watch.h"


#define CHANNEL  3


static ngx_cr_link_t   test_link;
static ngx_cr_job_t    test_job;
static cr_slot_t      *test_slot;
static int             test_fd;
static ngx_uint_t      test_pruned;
static ngx_log_t       test_log;

static ngx_uint_t      calls[4];
static ngx_cr_watch_t  watches[4];


void
ngx_cr_channel_prune(ngx_cr_channel_t *channel)
{
    (void) channel;
    test_pruned++;
}


static void
link_open(void)
{
    uint64_t       word;
    cr_geometry_t  geometry;

    geometry.slots = 600;
    geometry.channels = 4;
    geometry.workers = 1;
    geometry.ring = 2048;
    geometry.request_size = CR_PAGE;
    geometry.log_size = CR_PAGE;

    memset(&test_link, 0, sizeof(test_link));
    memset(watches, 0, sizeof(watches));
    memset(calls, 0, sizeof(calls));
    test_pruned = 0;

    test_fd = cr_segment_create(&test_link.segment, &geometry, "test", 1);
    REQUIRE(test_fd != -1);

    test_link.index = CHANNEL;
    REQUIRE(ngx_cr_watch_init(&test_link, &test_log) == NGX_OK);
    CHECK(ngx_cr_watch_ring(&test_link) == NGX_OK);

    test_job.link = &test_link;
    test_job.index = cr_segment_claim(&test_link.segment, CHANNEL, &word);
    test_job.generation = cr_word_generation(word);
    test_slot = cr_segment_slot(&test_link.segment, test_job.index);
    CHECK(cr_slot_submit(test_slot, &word));
}


static void
link_close(void)
{
    ngx_cr_watch_done(&test_link);
    cr_segment_unmap(&test_link.segment);
    close(test_fd);
}


/* the pool changed the slot; 1 when it rings */

static int
change(void)
{
    return cr_segment_mark(&test_link.segment, test_job.index)
           == (uint64_t) 1 << CHANNEL;
}


static ngx_uint_t
asked(void)
{
    return atomic_load(&test_slot->watchers) == (uint64_t) 1 << CHANNEL;
}


static void
count(ngx_cr_watch_t *watch)
{
    calls[watch - watches]++;
}


static void
count_and_leave(ngx_cr_watch_t *watch)
{
    calls[watch - watches]++;
    ngx_cr_watch_del(watch);
    memset(watch, 0xee, sizeof(ngx_cr_watch_t));
    watch->added = 0;
}


static void
take_all(ngx_cr_watch_t *watch)
{
    ngx_uint_t  i;

    calls[watch - watches]++;

    for (i = 0; i < 4; i++) {
        ngx_cr_watch_del(&watches[i]);
    }
}


static void
add_another(ngx_cr_watch_t *watch)
{
    calls[watch - watches]++;

    if (!watches[3].added) {
        watches[3].handler = count;
        CHECK(ngx_cr_watch_add(&watches[3], &test_job) == NGX_OK);
    }
}


static void
watch(ngx_uint_t i, ngx_cr_watch_handler_pt handler)
{
    watches[i].handler = handler;
    CHECK(ngx_cr_watch_add(&watches[i], &test_job) == NGX_OK);
}


TEST("the bit is set with the first watch and cleared with the last")
{
    link_open();
    CHECK(!asked());

    watch(0, count);
    CHECK(asked());
    watch(1, count);
    ngx_cr_watch_del(&watches[0]);
    CHECK(asked());
    ngx_cr_watch_del(&watches[1]);
    CHECK(!asked());
    ngx_cr_watch_del(&watches[1]);
    CHECK(test_link.nwatches == 0);

    link_close();
}


TEST("a change rings once and tells all watches of the slot")
{
    link_open();
    watch(0, count);
    watch(1, count);

    CHECK(change());
    CHECK(!change());
    CHECK(ngx_cr_watch_ring(&test_link) == NGX_OK);
    CHECK(calls[0] == 1 && calls[1] == 1);

    CHECK(ngx_cr_watch_ring(&test_link) == NGX_OK);
    CHECK(calls[0] == 1);

    CHECK(change());
    CHECK(ngx_cr_watch_ring(&test_link) == NGX_OK);
    CHECK(calls[0] == 2 && calls[1] == 2);

    link_close();
}


TEST("a handler may delete and free its own watch")
{
    link_open();
    watch(0, count_and_leave);
    watch(1, count);
    watch(2, count_and_leave);

    (void) change();
    CHECK(ngx_cr_watch_ring(&test_link) == NGX_OK);
    CHECK(calls[0] == 1 && calls[1] == 1 && calls[2] == 1);
    CHECK(asked() && test_link.nwatches == 1);

    ngx_cr_watch_del(&watches[1]);
    CHECK(!asked());

    link_close();
}


TEST("the bit stays while a handler empties the queue others wait in")
{
    link_open();
    watch(0, count_and_leave);
    watch(1, count);

    /* 0 leaves while 1 is still to be called */

    (void) change();
    CHECK(ngx_cr_watch_ring(&test_link) == NGX_OK);
    CHECK(asked());

    (void) change();
    CHECK(ngx_cr_watch_ring(&test_link) == NGX_OK);
    CHECK(calls[1] == 2);

    link_close();
}


TEST("a handler may delete all others, they are not called")
{
    link_open();
    watch(0, take_all);
    watch(1, count);
    watch(2, count);

    (void) change();
    CHECK(ngx_cr_watch_ring(&test_link) == NGX_OK);
    CHECK(calls[0] == 1 && calls[1] == 0 && calls[2] == 0);
    CHECK(!asked() && test_link.nwatches == 0);

    link_close();
}


TEST("a handler may add a watch, it is called from the next change on")
{
    link_open();
    watch(0, add_another);

    (void) change();
    CHECK(ngx_cr_watch_ring(&test_link) == NGX_OK);
    CHECK(calls[3] == 0);

    (void) change();
    CHECK(ngx_cr_watch_ring(&test_link) == NGX_OK);
    CHECK(calls[3] == 1);

    link_close();
}


TEST("a job that is gone cannot be watched")
{
    link_open();
    test_job.generation++;

    watches[0].handler = count;
    CHECK(ngx_cr_watch_add(&watches[0], &test_job) == NGX_DECLINED);
    CHECK(!watches[0].added && !asked());
    ngx_cr_watch_del(&watches[0]);

    link_close();
}


TEST("a watch that waits for room is called at the next bell, once")
{
    link_open();
    watch(0, count);
    watch(1, count);
    ngx_cr_watch_block(&watches[0]);
    ngx_cr_watch_block(&watches[0]);

    CHECK(ngx_cr_watch_ring(&test_link) == NGX_OK);
    CHECK(calls[0] == 1 && calls[1] == 0);
    CHECK(ngx_cr_watch_ring(&test_link) == NGX_OK);
    CHECK(calls[0] == 1);

    ngx_cr_watch_block(&watches[1]);
    ngx_cr_watch_del(&watches[1]);
    CHECK(ngx_cr_watch_ring(&test_link) == NGX_OK);
    CHECK(calls[1] == 0);

    link_close();
}


TEST("a lost pool is told to every watch, its link goes with the last")
{
    link_open();
    watch(0, count);
    watch(1, count_and_leave);

    test_link.lost = 1;
    ngx_cr_watch_lost(&test_link);
    CHECK(calls[0] == 1 && calls[1] == 1);
    CHECK(test_pruned == 0);

    ngx_cr_watch_del(&watches[0]);
    CHECK(test_pruned == 1);

    link_close();
}


TEST("many changes are served in turns of the event loop")
{
    ngx_uint_t             i, turns;
    static ngx_cr_watch_t  many[600];

    link_open();
    memset(many, 0, sizeof(many));

    for (i = 1; i < 600; i++) {
        uint64_t      word;
        ngx_cr_job_t  job = { &test_link, 0, 0 };

        job.index = cr_segment_claim(&test_link.segment, CHANNEL, &word);
        job.generation = cr_word_generation(word);
        many[i].handler = ngx_cr_watch_del;
        CHECK(ngx_cr_watch_add(&many[i], &job) == NGX_OK);
        (void) cr_segment_mark(&test_link.segment, job.index);
    }

    for (turns = 1; ngx_cr_watch_ring(&test_link) == NGX_AGAIN; turns++) {
        CHECK(turns < 10);
    }

    CHECK(turns == 3);
    CHECK(test_link.nwatches == 0);

    link_close();
}
