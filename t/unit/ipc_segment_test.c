/*
 * The segment: layout, sealing, mapping, claims, info.
 *
 * sources: ipc/
 */

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "ipc_fixture.h"


static const char *
map_text(int fd)
{
    const char    *why;
    cr_segment_t   seg;

    if (cr_segment_map(&seg, fd, &why) == 0) {
        cr_segment_unmap(&seg);
        return "mapped";
    }

    return why;
}


static int
layout(cr_geometry_t g)
{
    cr_segment_t  seg;

    memset(&seg, 0, sizeof(seg));
    seg.geometry = g;

    return cr_segment_layout(&seg);
}


static uint64_t
blocks(int fd)
{
    struct stat  st;

    return fstat(fd, &st) == 0 ? (uint64_t) st.st_blocks * 512 : 0;
}


TEST("no two parts of the layout overlap, the largest included")
{
    size_t         i;
    cr_segment_t   seg;

    static const cr_geometry_t  g[] = {
        { 1, 2, 1, 2, 4096, 4096 },
        { 1024, 17, 8, 2048, 2097152, 1048576 },
        { CR_SLOTS_MAX, CR_CHANNELS_MAX, CR_WORKERS_MAX, 131072,
          CR_REQUEST_MAX, CR_LOG_MAX },
    };

    for (i = 0; i < sizeof(g) / sizeof(g[0]); i++) {
        memset(&seg, 0, sizeof(seg));
        seg.geometry = g[i];
        REQUIRE(cr_segment_layout(&seg) == 0);

        CHECK(seg.channels >= sizeof(cr_header_t));
        CHECK(seg.workers >= seg.channels
                             + g[i].channels * sizeof(cr_channel_t));
        CHECK(seg.rings >= seg.workers + g[i].workers * sizeof(cr_worker_t));
        CHECK(seg.controls >= seg.rings
                              + g[i].channels * cr_ring_size(g[i].ring));
        CHECK(seg.bitmaps >= seg.controls + (size_t) g[i].channels
                             * g[i].workers * CR_CONTROL_SIZE);
        CHECK(seg.bitmap_words * 64 >= g[i].slots);
        CHECK(seg.slots >= seg.bitmaps
                           + g[i].channels * seg.bitmap_words * 8);
        CHECK(seg.info >= seg.slots + g[i].slots * sizeof(cr_slot_t));
        CHECK(seg.requests >= seg.info + CR_INFO_MAX);
        CHECK(seg.logs == seg.requests + g[i].slots * g[i].request_size);
        CHECK(seg.size == seg.logs + g[i].slots * g[i].log_size);
    }
}


TEST("a geometry out of range is refused")
{
    cr_geometry_t  g, bad;

    g = ipc_geometry(8);
    CHECK_INT(layout(g), 0);

#define BAD(field, value)                                                     \
    bad = g; bad.field = value; CHECK_MSG(layout(bad) == -1, #field " " #value)

    BAD(slots, 0);
    BAD(slots, 9);
    BAD(slots, CR_SLOTS_MAX + 1);
    BAD(slots, UINT32_MAX);
    BAD(slots, UINT32_MAX / 2 + 2);
    BAD(channels, 0);
    BAD(channels, 1);
    BAD(channels, CR_CHANNELS_MAX + 1);
    BAD(workers, 0);
    BAD(workers, CR_WORKERS_MAX + 1);
    BAD(ring, 0);
    BAD(ring, 8);
    BAD(ring, 24);
    BAD(ring, 1U << 31);
    BAD(request_size, 0);
    BAD(request_size, 4097);
    BAD(request_size, (uint64_t) CR_REQUEST_MAX + 4096);
    BAD(log_size, 0);
    BAD(log_size, 100);
    BAD(log_size, UINT64_MAX - 4095);
}


TEST("what one side creates, the other maps and sees")
{
    int            fd;
    uint64_t       w;
    const char    *why;
    cr_segment_t   a, b;

    fd = ipc_create(&a, 8);
    REQUIRE(cr_segment_map(&b, fd, &why) == 0);
    CHECK(why == NULL);

    CHECK(a.base != b.base);
    CHECK(a.size == b.size);
    CHECK_STR(b.header->version, CODEREMOTE_VERSION);
    CHECK_INT(atomic_load(&b.header->nfree), 8);

    CHECK_INT(cr_segment_claim(&a, 1, &w), 0);
    CHECK(cr_slot_word(cr_segment_slot(&b, 0)) == w);

    cr_segment_log(&a, 7)[a.geometry.log_size - 1] = 42;
    CHECK_INT(cr_segment_log(&b, 7)[b.geometry.log_size - 1], 42);

    cr_segment_unmap(&b);
    CHECK(b.base == NULL);
    ipc_destroy(&a, fd);
}


TEST("the memfd is sealed against resizing and closes on exec")
{
    int           fd;
    cr_segment_t  seg;

    fd = ipc_create(&seg, 1);

    CHECK(ftruncate(fd, 4096) == -1);
    CHECK(ftruncate(fd, (off_t) seg.size + 4096) == -1);
    CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == -1);
    CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);

    ipc_destroy(&seg, fd);
}


TEST("a descriptor that is no sealed memfd is refused")
{
    int  fd, p[2];

    fd = memfd_create("t", MFD_CLOEXEC|MFD_ALLOW_SEALING);
    CHECK_STR(map_text(fd), "the segment is not sealed");
    close(fd);

    REQUIRE(pipe(p) == 0);
    CHECK_STR(map_text(p[0]), "the segment is not a memfd");
    close(p[0]);
    close(p[1]);

    CHECK_STR(map_text(-1), "the segment is not a memfd");

    fd = memfd_create("t", MFD_CLOEXEC|MFD_ALLOW_SEALING);
    CHECK_INT(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK|F_SEAL_GROW|F_SEAL_SEAL),
              0);
    CHECK_STR(map_text(fd), "the segment's header cannot be read");
    close(fd);
}


TEST("a header that does not fit is refused with its reason")
{
    int            fd;
    cr_header_t   *h, saved;
    cr_segment_t   seg;

    fd = ipc_create(&seg, 4);
    h = seg.header;
    memcpy(&saved, h, sizeof(saved));

    h->magic++;
    CHECK_STR(map_text(fd), "the segment has another magic number");
    h->magic = saved.magic;

    h->abi++;
    CHECK_STR(map_text(fd), "the segment has another ABI version");
    h->abi = saved.abi;

    h->slot_size++;
    CHECK_STR(map_text(fd), "the segment has other structure sizes");
    h->slot_size = saved.slot_size;

    h->geometry.ring = 3;
    CHECK_STR(map_text(fd), "the segment's geometry is out of range");
    h->geometry.ring = saved.geometry.ring;

    h->geometry.log_size += CR_PAGE;
    CHECK_STR(map_text(fd),
              "the segment's size does not follow from its geometry");
    h->geometry.log_size = saved.geometry.log_size;

    CHECK_STR(map_text(fd), "mapped");
    ipc_destroy(&seg, fd);
}


TEST("an untouched slot costs no memory")
{
    int            fd;
    cr_segment_t   seg;

    fd = ipc_create(&seg, 1024);

    CHECK_MSG(blocks(fd) <= 64 * 1024, "%ju", (uintmax_t) blocks(fd));
    CHECK(seg.size > 512 * 1024 * 1024);

    ipc_destroy(&seg, fd);
}


TEST("claims take every free slot once, then say that the table is full")
{
    int           fd;
    uint32_t      i, index, seen;
    uint64_t      w;
    cr_segment_t  seg;

    fd = ipc_create(&seg, 16);
    seen = 0;

    for (i = 0; i < 16; i++) {
        index = cr_segment_claim(&seg, 1, &w);
        REQUIRE(index < 16);
        seen |= 1U << index;
        CHECK_INT(cr_word_channel(w), 1);
        CHECK_INT(atomic_load(&seg.header->nfree), 15 - (int) i);
    }

    CHECK_INT(seen, 0xffff);
    CHECK_INT(cr_segment_claim(&seg, 1, &w), CR_NONE);

    ipc_destroy(&seg, fd);
}


TEST("free slots go first, then delivered results, oldest position first")
{
    int           fd;
    uint32_t      i;
    uint64_t      w[4], word;
    cr_segment_t  seg;

    fd = ipc_create(&seg, 4);

    for (i = 0; i < 3; i++) {
        REQUIRE(cr_segment_claim(&seg, 1, &w[i]) == i);
        (void) cr_slot_submit(cr_segment_slot(&seg, i), &w[i]);
        ipc_finish(&seg, i, &w[i], 1);
    }

    CHECK_INT(cr_segment_claim(&seg, 1, &word), 3);
    CHECK_INT(cr_segment_claim(&seg, 1, &word), 0);
    CHECK_INT(cr_segment_claim(&seg, 1, &word), 1);
    CHECK_INT(cr_segment_claim(&seg, 1, &word), 2);
    CHECK_INT(cr_segment_claim(&seg, 1, &word), CR_NONE);

    ipc_destroy(&seg, fd);
}


TEST("of delivered results the oldest goes first, whoever claims")
{
    int           fd;
    uint32_t      channel, i;
    uint64_t      w;
    cr_segment_t  seg;

    fd = ipc_create(&seg, 8);

    for (i = 0; i < 64; i++) {
        channel = i % 5 < 3 ? 1 : 2;

        REQUIRE(cr_segment_claim(&seg, channel, &w) == i % 8);
        (void) cr_slot_submit(cr_segment_slot(&seg, i % 8), &w);
        ipc_finish(&seg, i % 8, &w, 1);
    }

    ipc_destroy(&seg, fd);
}


TEST("nfree is only a hint: a wrong one hides no slot and is mended")
{
    int           fd;
    uint64_t      w;
    cr_segment_t  seg;

    fd = ipc_create(&seg, 2);

    atomic_store(&seg.header->nfree, -5);
    CHECK_INT(cr_segment_claim(&seg, 1, &w), 0);
    CHECK_INT(cr_segment_claim(&seg, 1, &w), 1);

    atomic_store(&seg.header->nfree, 1000);
    CHECK_INT(cr_segment_claim(&seg, 1, &w), CR_NONE);
    CHECK_INT(atomic_load(&seg.header->nfree), 0);

    ipc_destroy(&seg, fd);
}


TEST("a claimed slot has no log, no result, no watcher, nothing delivered")
{
    int           fd;
    uint64_t      w;
    cr_slot_t    *slot;
    cr_segment_t  seg;

    fd = ipc_create(&seg, 1);
    slot = cr_segment_slot(&seg, 0);

    REQUIRE(ipc_submit(&seg, 1, &w) == 0);
    atomic_store(&slot->log_tail, 999);
    ipc_finish(&seg, 0, &w, 1234);

    REQUIRE(cr_segment_claim(&seg, 2, &w) == 0);
    CHECK_INT(cr_word_generation(w), 2);
    CHECK_INT(atomic_load(&slot->log_tail), 0);
    CHECK_INT(atomic_load(&slot->delivered), 0);
    CHECK_INT(atomic_load(&slot->watchers), 0);
    CHECK_INT(slot->result.finished_us, 0);
    CHECK_INT(slot->result.status, CR_STATUS_NONE);

    ipc_destroy(&seg, fd);
}


TEST("pages of a big job are given back at the next claim, 64 KiB are kept")
{
    int           fd;
    uint64_t      w, base;
    cr_slot_t    *slot;
    cr_segment_t  seg;

    fd = ipc_create(&seg, 1);
    slot = cr_segment_slot(&seg, 0);

    REQUIRE(ipc_submit(&seg, 1, &w) == 0);
    base = blocks(fd);
    memset(cr_segment_request(&seg, 0), 1, seg.geometry.request_size);
    memset(cr_segment_log(&seg, 0), 1, seg.geometry.log_size);
    slot->job.request_len = (uint32_t) seg.geometry.request_size;
    atomic_store(&slot->log_tail, seg.geometry.log_size);
    CHECK_INT(blocks(fd) - base, 512 * 1024);

    ipc_finish(&seg, 0, &w, 1);
    REQUIRE(cr_segment_claim(&seg, 1, &w) == 0);
    CHECK_INT(blocks(fd) - base, 128 * 1024);
    CHECK_INT(cr_segment_request(&seg, 0)[64 * 1024 - 1], 1);

    ipc_destroy(&seg, fd);
}


TEST("an abandoned slot is free again and counted")
{
    int           fd;
    uint64_t      w;
    cr_segment_t  seg;

    fd = ipc_create(&seg, 1);

    REQUIRE(cr_segment_claim(&seg, 1, &w) == 0);
    CHECK_INT(cr_segment_abandon(&seg, 0, &w), 1);
    CHECK_INT(cr_segment_abandon(&seg, 0, &w), 0);
    CHECK_INT(atomic_load(&seg.header->nfree), 1);
    CHECK_INT(cr_segment_claim(&seg, 1, &w), 0);
    CHECK_INT(cr_word_generation(w), 2);

    ipc_destroy(&seg, fd);
}


TEST("a cleared slot keeps no page and nothing of the job")
{
    int           fd;
    size_t        i;
    uint64_t      w, base;
    cr_slot_t    *slot;
    cr_segment_t  seg;

    fd = ipc_create(&seg, 1);
    slot = cr_segment_slot(&seg, 0);

    REQUIRE(ipc_submit(&seg, 1, &w) == 0);
    memset(&slot->job, 'x', sizeof(slot->job));
    base = blocks(fd);
    memset(cr_segment_request(&seg, 0), 1, 8192);
    memset(cr_segment_log(&seg, 0), 1, 8192);
    ipc_finish(&seg, 0, &w, 1);

    REQUIRE(cr_segment_clear(&seg, 0, &w) == 1);
    CHECK_INT(cr_word_state(w), CR_SLOT_FREE);
    CHECK_INT(atomic_load(&seg.header->nfree), 1);
    CHECK_INT(blocks(fd) - base, 0);

    for (i = 0; i < sizeof(slot->job); i++) {
        CHECK_INT(((uint8_t *) &slot->job)[i], 0);
    }

    ipc_destroy(&seg, fd);
}


TEST("info is read as it was written, and not before or in between")
{
    int            fd;
    char          *buf;
    size_t         len;
    uint32_t       seq, seq2;
    cr_segment_t   seg;

    fd = ipc_create(&seg, 1);
    buf = malloc(CR_INFO_MAX);
    REQUIRE(buf != NULL);

    CHECK_INT(cr_segment_info_read(&seg, buf, &len, &seq), -1);

    CHECK_INT(cr_segment_info_write(&seg, "{\"a\":1}", 7), 0);
    REQUIRE(cr_segment_info_read(&seg, buf, &len, &seq) == 0);
    CHECK_MEM(buf, len, "{\"a\":1}", 7);

    CHECK_INT(cr_segment_info_write(&seg, "[1, 2, 3]", 9), 0);
    REQUIRE(cr_segment_info_read(&seg, buf, &len, &seq2) == 0);
    CHECK_MEM(buf, len, "[1, 2, 3]", 9);
    CHECK(seq2 != seq);

    atomic_fetch_add(&seg.header->info_seq, 1);
    CHECK_INT(cr_segment_info_read(&seg, buf, &len, &seq), -1);

    memset(buf, 'x', CR_INFO_MAX);
    CHECK_INT(cr_segment_info_write(&seg, buf, CR_INFO_MAX), 0);
    CHECK_INT(cr_segment_info_read(&seg, buf, &len, &seq), 0);
    CHECK_INT(len, CR_INFO_MAX);

    CHECK_INT(cr_segment_info_write(&seg, buf, CR_INFO_MAX + 1), -1);
    CHECK_INT(cr_segment_info_write(&seg, buf, 0), -1);

    atomic_store(&seg.header->info_len, CR_INFO_MAX + 1);
    CHECK_INT(cr_segment_info_read(&seg, buf, &len, &seq), -1);

    free(buf);
    ipc_destroy(&seg, fd);
}


TEST("a claim and its release cost microseconds, not system calls")
{
    int              fd;
    uint32_t         i, index;
    uint64_t         w;
    int64_t          from, us;
    cr_segment_t     seg;

    fd = ipc_create(&seg, 64);

    for (i = 0; i < 64; i++) {
        index = cr_segment_claim(&seg, 1, &w);
        (void) cr_slot_submit(cr_segment_slot(&seg, index), &w);
        ipc_finish(&seg, index, &w, 1);
    }

    from = ipc_now_us();

    for (i = 0; i < 10000; i++) {
        index = cr_segment_claim(&seg, 1, &w);
        REQUIRE(index != CR_NONE);
        (void) cr_slot_submit(cr_segment_slot(&seg, index), &w);
        ipc_finish(&seg, index, &w, 1);
    }

    us = ipc_now_us() - from;

    /* 0.1 us measured; wide, for sanitizers and busy machines */

    CHECK_MSG(us < 10000 * 20, "%jd us for 10000", (intmax_t) us);
    ipc_destroy(&seg, fd);
}
