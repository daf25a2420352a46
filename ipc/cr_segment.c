/*
 * The segment: its layout, its life, and the claim of a slot.  Doorbells are
 * in cr_doorbell.c.
 */

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cr_segment.h"


#ifndef MFD_NOEXEC_SEAL                 /* Linux 6.3 */
#define MFD_NOEXEC_SEAL  0x0008U
#endif

/* no F_SEAL_FUTURE_WRITE: both sides map it for writing */

#define CR_SEALS      (F_SEAL_SHRINK|F_SEAL_GROW|F_SEAL_SEAL)

#define CR_RING_MAX   (1024 * 1024)

/* what an arena keeps when its slot is claimed anew, so that a claim rarely
   costs a system call */

#define CR_ARENA_KEEP  (64 * 1024)


static size_t cr_segment_align(size_t size);
static int cr_segment_memfd(void);
static int cr_segment_mmap(cr_segment_t *seg, int fd);
static const char *cr_segment_check(cr_segment_t *seg, int fd);
static uint32_t cr_segment_search(cr_segment_t *seg, uint32_t state,
    uint32_t channel, uint64_t *word);
static void cr_segment_prepare(cr_segment_t *seg, uint32_t index);
static void cr_segment_punch(uint8_t *arena, size_t size, size_t keep);


_Static_assert(sizeof(cr_slot_t) % CR_CACHELINE == 0, "layout of a slot");
_Static_assert(sizeof(cr_header_t) <= CR_PAGE, "layout of the header");
_Static_assert(CR_CHANNELS_MAX <= 64 && CR_WORKERS_MAX <= 64, "bit masks");


int
cr_segment_layout(cr_segment_t *seg)
{
    size_t                at;
    const cr_geometry_t  *g;

    g = &seg->geometry;

    if (g->slots == 0 || g->slots > CR_SLOTS_MAX
        || g->channels < 2 || g->channels > CR_CHANNELS_MAX
        || g->workers == 0 || g->workers > CR_WORKERS_MAX
        || g->ring < 2 * g->slots || g->ring > CR_RING_MAX
        || (g->ring & (g->ring - 1)) != 0
        || g->request_size == 0 || g->request_size > CR_REQUEST_MAX
        || g->request_size % CR_PAGE != 0
        || g->log_size == 0 || g->log_size > CR_LOG_MAX
        || g->log_size % CR_PAGE != 0)
    {
        return -1;
    }

    /* with these bounds nothing below passes 2^48 */

    seg->ring_size = cr_ring_size(g->ring);
    seg->bitmap_words = ((size_t) g->slots + 511) / 512 * 8;

    at = CR_PAGE;
    seg->channels = at;
    at += cr_segment_align(g->channels * sizeof(cr_channel_t));
    seg->workers = at;
    at += cr_segment_align(g->workers * sizeof(cr_worker_t));
    seg->rings = at;
    at += cr_segment_align(g->channels * seg->ring_size);
    seg->controls = at;
    at += cr_segment_align((size_t) g->channels * g->workers
                           * CR_CONTROL_SIZE);
    seg->bitmaps = at;
    at += cr_segment_align(g->channels * seg->bitmap_words * 8);
    seg->slots = at;
    at += cr_segment_align(g->slots * sizeof(cr_slot_t));
    seg->info = at;
    at += cr_segment_align(CR_INFO_MAX);
    seg->requests = at;
    at += g->slots * g->request_size;
    seg->logs = at;
    at += g->slots * g->log_size;

    seg->size = at;
    seg->cursor = 0;

    return 0;
}


int
cr_segment_create(cr_segment_t *seg, const cr_geometry_t *geometry,
    const char *version, int64_t now_us)
{
    int           fd, err;
    cr_header_t  *header;

    memset(seg, 0, sizeof(cr_segment_t));
    seg->geometry = *geometry;

    if (cr_segment_layout(seg) != 0) {
        errno = EINVAL;
        return -1;
    }

    fd = cr_segment_memfd();

    if (fd == -1) {
        return -1;
    }

    if (ftruncate(fd, (off_t) seg->size) != 0
        || fcntl(fd, F_ADD_SEALS, CR_SEALS) != 0
        || cr_segment_mmap(seg, fd) != 0)
    {
        err = errno;
        (void) close(fd);
        errno = err;
        return -1;
    }

    header = seg->header;

    header->magic = CR_ABI_MAGIC;
    header->abi = CR_ABI_VERSION;
    header->slot_size = sizeof(cr_slot_t);
    header->channel_size = sizeof(cr_channel_t);
    header->worker_size = sizeof(cr_worker_t);
    header->geometry = *geometry;
    header->created_us = now_us;
    memcpy(header->version, version, strnlen(version, CR_VERSION_MAX - 1));

    atomic_store(&header->nfree, (int32_t) geometry->slots);

    return fd;
}


int
cr_segment_map(cr_segment_t *seg, int fd, const char **why)
{
    memset(seg, 0, sizeof(cr_segment_t));

    *why = cr_segment_check(seg, fd);

    if (*why != NULL) {
        return -1;
    }

    if (cr_segment_mmap(seg, fd) != 0) {
        *why = "the segment cannot be mapped";
        return -1;
    }

    return 0;
}


void
cr_segment_unmap(cr_segment_t *seg)
{
    if (seg->base != NULL) {
        (void) munmap(seg->base, seg->size);
    }

    memset(seg, 0, sizeof(cr_segment_t));
}


cr_channel_t *
cr_segment_channel(const cr_segment_t *seg, uint32_t index)
{
    return (cr_channel_t *) (void *) (seg->base + seg->channels) + index;
}


cr_worker_t *
cr_segment_worker(const cr_segment_t *seg, uint32_t index)
{
    return (cr_worker_t *) (void *) (seg->base + seg->workers) + index;
}


cr_ring_t *
cr_segment_ring(const cr_segment_t *seg, uint32_t channel)
{
    return (cr_ring_t *) (void *)
               (seg->base + seg->rings + channel * seg->ring_size);
}


cr_control_t *
cr_segment_control(const cr_segment_t *seg, uint32_t channel,
    uint32_t worker)
{
    size_t  n;

    n = (size_t) channel * seg->geometry.workers + worker;

    return (cr_control_t *) (void *)
               (seg->base + seg->controls + n * CR_CONTROL_SIZE);
}


_Atomic uint64_t *
cr_segment_bitmap(const cr_segment_t *seg, uint32_t channel)
{
    return (_Atomic uint64_t *) (void *) (seg->base + seg->bitmaps)
           + channel * seg->bitmap_words;
}


cr_slot_t *
cr_segment_slot(const cr_segment_t *seg, uint32_t index)
{
    return (cr_slot_t *) (void *) (seg->base + seg->slots) + index;
}


uint8_t *
cr_segment_request(const cr_segment_t *seg, uint32_t index)
{
    return seg->base + seg->requests + index * seg->geometry.request_size;
}


uint8_t *
cr_segment_log(const cr_segment_t *seg, uint32_t index)
{
    return seg->base + seg->logs + index * seg->geometry.log_size;
}


uint32_t
cr_segment_claim(cr_segment_t *seg, uint32_t channel, uint64_t *word)
{
    int32_t   nfree;
    uint32_t  index;

    nfree = atomic_load_explicit(&seg->header->nfree, memory_order_relaxed);

    if (nfree > 0) {
        index = cr_segment_search(seg, CR_SLOT_FREE, channel, word);

        if (index != CR_NONE) {
            return index;
        }

        /* the count was wrong: mend it, or every claim would search */

        (void) atomic_compare_exchange_strong(&seg->header->nfree, &nfree, 0);
    }

    index = cr_segment_search(seg, CR_SLOT_FINISHED, channel, word);

    if (index != CR_NONE || nfree > 0) {
        return index;
    }

    return cr_segment_search(seg, CR_SLOT_FREE, channel, word);
}


int
cr_segment_abandon(cr_segment_t *seg, uint32_t index, uint64_t *word)
{
    if (cr_word_state(*word) != CR_SLOT_FILLING) {
        return 0;
    }

    /* how far the request got is not known: it may not be written yet */

    cr_segment_release(seg, index, CR_ARENA_KEEP);

    if (!cr_slot_abandon(cr_segment_slot(seg, index), word)) {
        return 0;
    }

    (void) atomic_fetch_add(&seg->header->nfree, 1);

    return 1;
}


int
cr_segment_clear(cr_segment_t *seg, uint32_t index, uint64_t *word)
{
    cr_slot_t  *slot;

    slot = cr_segment_slot(seg, index);

    if (!cr_slot_clear(slot, word)) {
        return 0;
    }

    cr_segment_release(seg, index, 0);

    /* the job's owner and text are not kept for whoever maps this later */

    memset(&slot->job, 0, sizeof(cr_job_t));
    memset(&slot->result, 0, sizeof(cr_result_t));
    atomic_store(&slot->log_tail, 0);

    if (!cr_slot_free(slot, word)) {
        return 0;
    }

    (void) atomic_fetch_add(&seg->header->nfree, 1);

    return 1;
}


void
cr_segment_release(cr_segment_t *seg, uint32_t index, size_t keep)
{
    keep = cr_segment_align(keep);

    cr_segment_punch(cr_segment_request(seg, index),
                     seg->geometry.request_size, keep);
    cr_segment_punch(cr_segment_log(seg, index),
                     seg->geometry.log_size, keep);
}


/*
 * The text is copied by words with acquire and release, which cost nothing
 * here and order every word between the two loads of info_seq.
 */

int
cr_segment_info_write(cr_segment_t *seg, const char *text, size_t len)
{
    size_t             i, n;
    uint32_t           seq;
    uint64_t           w;
    _Atomic uint64_t  *words;

    if (len == 0 || len > CR_INFO_MAX) {
        return -1;
    }

    words = (_Atomic uint64_t *) (void *) (seg->base + seg->info);

    seq = atomic_load(&seg->header->info_seq) | 1;

    atomic_store(&seg->header->info_seq, seq);

    for (i = 0; i < len; i += n) {
        n = len - i < sizeof(w) ? len - i : sizeof(w);
        w = 0;
        memcpy(&w, text + i, n);
        atomic_store_explicit(&words[i / sizeof(w)], w,
                              memory_order_release);
    }

    atomic_store_explicit(&seg->header->info_len, (uint32_t) len,
                          memory_order_release);

    atomic_store(&seg->header->info_seq, seq + 1);

    return 0;
}


int
cr_segment_info_read(cr_segment_t *seg, char *buf, size_t *len,
    uint32_t *seq)
{
    size_t             i, n;
    uint32_t           before, used;
    uint64_t           w;
    _Atomic uint64_t  *words;

    before = atomic_load(&seg->header->info_seq);
    used = atomic_load_explicit(&seg->header->info_len,
                                memory_order_acquire);

    if ((before & 1) != 0 || used == 0 || used > CR_INFO_MAX) {
        return -1;
    }

    words = (_Atomic uint64_t *) (void *) (seg->base + seg->info);

    for (i = 0; i < used; i += n) {
        n = used - i < sizeof(w) ? used - i : sizeof(w);
        w = atomic_load_explicit(&words[i / sizeof(w)],
                                 memory_order_acquire);
        memcpy(buf + i, &w, n);
    }

    if (atomic_load(&seg->header->info_seq) != before) {
        return -1;
    }

    *len = used;
    *seq = before;

    return 0;
}


static size_t
cr_segment_align(size_t size)
{
    return (size + CR_PAGE - 1) & ~(size_t) (CR_PAGE - 1);
}


static int
cr_segment_memfd(void)
{
    int  fd;

    fd = memfd_create("coderemote",
                      MFD_CLOEXEC|MFD_ALLOW_SEALING|MFD_NOEXEC_SEAL);

    if (fd == -1 && errno == EINVAL) {
        fd = memfd_create("coderemote", MFD_CLOEXEC|MFD_ALLOW_SEALING);
    }

    return fd;
}


static int
cr_segment_mmap(cr_segment_t *seg, int fd)
{
    void  *p;

    p = mmap(NULL, seg->size, PROT_READ|PROT_WRITE, MAP_SHARED|MAP_NORESERVE,
             fd, 0);

    if (p == MAP_FAILED) {
        return -1;
    }

    /* user code must not get into core dumps; a failure is no reason to stop */

    (void) madvise(p, seg->size, MADV_DONTDUMP);

    seg->base = p;
    seg->header = p;

    return 0;
}


/* NULL and seg->geometry with its places, or what is wrong */

static const char *
cr_segment_check(cr_segment_t *seg, int fd)
{
    int          seals;
    struct stat  st;
    cr_header_t  header;

    seals = fcntl(fd, F_GET_SEALS);

    if (seals == -1) {
        return "the segment is not a memfd";
    }

    if ((seals & CR_SEALS) != CR_SEALS) {
        return "the segment is not sealed";
    }

    /* the only read of these fields, into memory of our own */

    if (pread(fd, &header, sizeof(cr_header_t), 0) != sizeof(cr_header_t)) {
        return "the segment's header cannot be read";
    }

    if (header.magic != CR_ABI_MAGIC) {
        return "the segment has another magic number";
    }

    if (header.abi != CR_ABI_VERSION) {
        return "the segment has another ABI version";
    }

    if (header.slot_size != sizeof(cr_slot_t)
        || header.channel_size != sizeof(cr_channel_t)
        || header.worker_size != sizeof(cr_worker_t))
    {
        return "the segment has other structure sizes";
    }

    seg->geometry = header.geometry;

    if (cr_segment_layout(seg) != 0) {
        return "the segment's geometry is out of range";
    }

    if (fstat(fd, &st) != 0 || (uint64_t) st.st_size != seg->size) {
        return "the segment's size does not follow from its geometry";
    }

    return NULL;
}


/* once round from the hint on; takes the first slot in 'state' that yields */

static uint32_t
cr_segment_search(cr_segment_t *seg, uint32_t state, uint32_t channel,
    uint64_t *word)
{
    uint32_t    i, n, index;
    uint64_t    w;
    cr_slot_t  *slot;

    n = seg->geometry.slots;

    /* all channels go round together, so the longest claimed comes first */

    index = atomic_load_explicit(&seg->header->next, memory_order_relaxed) % n;

    for (i = 0; i < n; i++) {
        slot = cr_segment_slot(seg, index);

        w = atomic_load_explicit(&slot->word, memory_order_relaxed);

        if (cr_word_state(w) == state && cr_slot_claim(slot, &w, channel)) {

            if (state == CR_SLOT_FREE) {
                (void) atomic_fetch_sub(&seg->header->nfree, 1);
            }

            cr_segment_prepare(seg, index);

            atomic_store_explicit(&seg->header->next, index + 1,
                                  memory_order_relaxed);
            *word = w;

            return index;
        }

        index = index + 1 < n ? index + 1 : 0;
    }

    return CR_NONE;
}


/* a claimed slot: empty, and without most of the last job's pages */

static void
cr_segment_prepare(cr_segment_t *seg, uint32_t index)
{
    cr_slot_t  *slot;

    slot = cr_segment_slot(seg, index);

    if (slot->job.request_len > CR_ARENA_KEEP) {
        cr_segment_punch(cr_segment_request(seg, index),
                         seg->geometry.request_size, CR_ARENA_KEEP);
    }

    if (atomic_load_explicit(&slot->log_tail, memory_order_relaxed)
        > CR_ARENA_KEEP)
    {
        cr_segment_punch(cr_segment_log(seg, index),
                         seg->geometry.log_size, CR_ARENA_KEEP);
    }

    /* the swap to QUEUED publishes all of this */

    memset(&slot->result, 0, sizeof(cr_result_t));
    slot->job.request_len = 0;

    atomic_store_explicit(&slot->log_tail, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->delivered, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->watchers, 0, memory_order_relaxed);
}


static void
cr_segment_punch(uint8_t *arena, size_t size, size_t keep)
{
    if (keep >= size) {
        return;
    }

    /* only memory is at stake: the bytes are not read again */

    (void) madvise(arena + keep, size - keep, MADV_REMOVE);
}
