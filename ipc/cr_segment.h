/*
 * The segment: one sealed memfd made by the pool's master.
 *
 *   header | channels | workers | submission rings | control rings |
 *   dirty bitmaps | slots | info | request arenas | log arenas
 *
 * Everything after the header has a place that follows from the geometry.
 * Each side copies the geometry once, checks it, and computes places from its
 * own copy.  The file is sparse: an untouched slot costs no memory.
 */

#ifndef CR_SEGMENT_H
#define CR_SEGMENT_H


#include "cr_abi.h"
#include "cr_ring.h"
#include "cr_slot.h"


typedef struct {
    uint32_t  slots;                /* 1 .. CR_SLOTS_MAX */
    uint32_t  channels;             /* 2 .. CR_CHANNELS_MAX */
    uint32_t  workers;              /* 1 .. CR_WORKERS_MAX */
    uint32_t  ring;                 /* entries, a power of two >= 2 * slots */
    uint64_t  request_size;         /* bytes a slot, a multiple of a page */
    uint64_t  log_size;             /* the same */
} cr_geometry_t;


/* one nginx worker's end; claimed by the master when that worker connects */

typedef struct {
    /* nginx worker: 1 before it sleeps; pool: exchanged to 0, then it rings */
    _Alignas(CR_CACHELINE) _Atomic uint32_t  armed;
    /* master writes */
    _Atomic uint32_t                         pid;
    /* bit w: the w-th word of this channel's dirty bitmap has bits; pool sets,
       nginx worker exchanges */
    _Alignas(CR_CACHELINE) _Atomic uint64_t  summary[CR_SLOTS_MAX / 64 / 64];
} cr_channel_t;


/* one pool worker's end, written by that worker unless said otherwise */

typedef struct {
    /* 1 before it sleeps; whoever wakes it exchanges to 0, then rings */
    _Alignas(CR_CACHELINE) _Atomic uint32_t  armed;
    /* sandboxes that could start a job now */
    _Atomic uint32_t                         ready;
    _Atomic uint32_t                         pid;       /* master */
    _Atomic uint32_t                         running;
    /* bit c: the control ring of channel c has messages; nginx sets */
    _Alignas(CR_CACHELINE) _Atomic uint64_t  control;
    _Alignas(CR_CACHELINE) _Atomic uint64_t  finished[CR_STATUS_MAX];
    _Atomic uint64_t                         cpu_us;
    _Atomic uint64_t                         wall_us;
    _Atomic uint64_t                         queue_us;
    _Atomic uint64_t                         output_bytes;
    _Atomic uint64_t                         sandboxes_built;
    _Atomic uint64_t                         sandboxes_failed;
    _Atomic uint64_t                         restarts;  /* master */
} cr_worker_t;


typedef struct {
    uint64_t       magic;           /* all of this: master, before any hello */
    uint32_t       abi;
    uint32_t       slot_size;       /* sizeof(), to catch differing builds */
    uint32_t       channel_size;
    uint32_t       worker_size;
    cr_geometry_t  geometry;
    int64_t        created_us;
    char           version[CR_VERSION_MAX];

    /* master: 1 once SIGTERM came; nginx answers 503 to new jobs */
    _Alignas(CR_CACHELINE) _Atomic uint32_t  draining;
    /* hint: about how many slots are FREE */
    _Atomic int32_t                          nfree;
    /* hint: where the next claim looks first */
    _Atomic uint32_t                         next;
    /* odd while the master rewrites the info (SIGHUP), then even again */
    _Atomic uint32_t                         info_seq;
    _Atomic uint32_t                         info_len;
} cr_header_t;


/* a process's view: its own copy of the geometry and computed places */

typedef struct {
    uint8_t        *base;
    size_t          size;
    cr_geometry_t   geometry;
    cr_header_t    *header;
    size_t          channels;       /* offsets from base */
    size_t          workers;
    size_t          rings;
    size_t          ring_size;
    size_t          controls;
    size_t          bitmaps;
    size_t          bitmap_words;   /* 64-bit words a channel */
    size_t          slots;
    size_t          info;
    size_t          requests;
    size_t          logs;
    uint32_t        cursor;         /* where cr_channel_next goes on */
} cr_segment_t;


/* fills the places from seg->geometry; 0, or -1 when it is out of range */
int cr_segment_layout(cr_segment_t *seg);

/*
 * Master: makes, sizes, seals and maps the memfd and writes the header.
 * Returns the descriptor (close-on-exec), or -1 with errno.
 */
int cr_segment_create(cr_segment_t *seg, const cr_geometry_t *geometry,
    const char *version, int64_t now_us);

/*
 * Maps a descriptor that came with a hello: checks seals, size, magic, ABI,
 * struct sizes and geometry.  0, or -1 with *why set to a constant text.
 */
int cr_segment_map(cr_segment_t *seg, int fd, const char **why);
void cr_segment_unmap(cr_segment_t *seg);

/* index is in range by the caller's check against seg->geometry */
cr_channel_t *cr_segment_channel(const cr_segment_t *seg, uint32_t index);
cr_worker_t *cr_segment_worker(const cr_segment_t *seg, uint32_t index);
cr_ring_t *cr_segment_ring(const cr_segment_t *seg, uint32_t channel);
cr_control_t *cr_segment_control(const cr_segment_t *seg, uint32_t channel,
    uint32_t worker);
_Atomic uint64_t *cr_segment_bitmap(const cr_segment_t *seg,
    uint32_t channel);
cr_slot_t *cr_segment_slot(const cr_segment_t *seg, uint32_t index);
uint8_t *cr_segment_request(const cr_segment_t *seg, uint32_t index);
uint8_t *cr_segment_log(const cr_segment_t *seg, uint32_t index);

/*
 * nginx worker: claims a slot for 'channel': a free one, else a finished and
 * delivered one that nobody watches, that of the oldest claim first.
 * Returns the index and sets *word, or CR_NONE when the table is full of
 * live jobs.  The slot's log is empty and its old pages are given back.
 */
uint32_t cr_segment_claim(cr_segment_t *seg, uint32_t channel,
    uint64_t *word);

/*
 * FILLING -> FREE by its channel (or the master for it), and FINISHED ->
 * FREE by the master, not while someone watches; both give pages back and
 * count the free slot.  1, or 0 when the word was another by then.
 */
int cr_segment_abandon(cr_segment_t *seg, uint32_t index, uint64_t *word);
int cr_segment_clear(cr_segment_t *seg, uint32_t index, uint64_t *word);

/* gives back the pages of both arenas beyond the first 'keep' bytes of each */
void cr_segment_release(cr_segment_t *seg, uint32_t index, size_t keep);

/*
 * Doorbells (cr_doorbell.c, with the proof that no wake-up is lost).  Publish
 * first (log, word), then mark.  Whoever is told to ring writes 1 to that
 * eventfd at once; the master rings all of them after a process died.
 *
 * Marks a slot dirty for every channel that watches it and returns the mask
 * of channels whose doorbell must be rung now (they sleep).
 */
uint64_t cr_segment_mark(cr_segment_t *seg, uint32_t index);

/*
 * nginx worker: arm before sleeping, then look again; next dirty slot of the
 * channel or CR_NONE.  Each call takes one bit, going round.
 */
void cr_channel_arm(cr_segment_t *seg, uint32_t channel);
uint32_t cr_channel_next(cr_segment_t *seg, uint32_t channel);

/*
 * After a push: which pool worker to ring, or CR_NONE when all are awake or
 * busy (a busy worker looks at the rings again when a sandbox gets ready).
 * A pool worker stores ready, then armed = 1 (both seq_cst), then looks at
 * the rings and at its control bits, and only then sleeps.
 */
uint32_t cr_segment_wake(cr_segment_t *seg, uint32_t *hint);
/* 1 when that worker must be rung for a control message */
int cr_segment_wake_worker(cr_segment_t *seg, uint32_t channel,
    uint32_t worker);

/*
 * The languages as JSON text (the body of GET /languages), rewritten on
 * SIGHUP.  read: copies into buf (CR_INFO_MAX bytes), sets *len and *seq;
 * 0, or -1 when it is being rewritten, not yet written (try later) or not
 * believable.  write: -1 when len is 0 or over CR_INFO_MAX.
 */
int cr_segment_info_write(cr_segment_t *seg, const char *text, size_t len);
int cr_segment_info_read(cr_segment_t *seg, char *buf, size_t *len,
    uint32_t *seq);


#endif
