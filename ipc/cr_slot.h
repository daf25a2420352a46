/*
 * A job slot and its state machine.
 *
 * One atomic word holds state, attempt, owner channel, pool worker and
 * generation, so that a compare-and-swap of the word proves all of them.
 *
 *   FREE -> FILLING      nginx worker         claim, generation + 1
 *   FINISHED -> CLEARING -> FILLING  nginx worker, of a delivered result
 *   FILLING -> QUEUED    the same             submit
 *   FILLING -> FREE      the same, or the master when its channel died
 *   QUEUED -> STARTING   pool worker          start
 *   STARTING -> RUNNING  the same             run
 *   RUNNING, STARTING -> FINISHED  the same, or the master when it died
 *   RUNNING, STARTING -> QUEUED    master, when the worker died: attempt + 1
 *   QUEUED -> ENDING -> FINISHED   nginx worker (cancel) or master
 *   FINISHED -> CLEARING -> FREE   master (expiry)
 *   CLEARING -> FINISHED  the same, when a watcher came in between, or the
 *                         master when the channel died
 *
 * ENDING and CLEARING are short exclusive states for writing the result and
 * for giving pages back.  A handle is (index, generation); no job has
 * generation 0.  The attempt counts from 1.
 *
 * Reader protocol.  A bit in 'watchers' keeps a FINISHED slot from being
 * recycled or cleared; it belongs to the channel, not to a job.
 *
 *   1. cr_slot_watch: sets the bit, then loads the word; it holds only when
 *      the word names a job that is QUEUED .. FINISHED.  Whoever recycles
 *      swaps the word to CLEARING and then loads the bits, so one of the two
 *      steps back.
 *   2. While the bit is set: job is constant; log bytes below log_tail are
 *      constant as long as the attempt is; result.started_us may be read from
 *      RUNNING on, the rest of the result in FINISHED only.
 *   3. A change of the attempt between two loads of the word makes the output
 *      copied in between worthless: load the word again after a copy.  The
 *      generation does not change under the bit; the state may be CLEARING
 *      for a moment, which then means FINISHED.
 *   4. 'delivered' is set only while the bit is set and after the word was
 *      seen FINISHED, so that it can never mark the slot's next job; use
 *      cr_slot_deliver.
 *   5. cr_slot_unwatch when the channel watches nothing in this slot any
 *      more, also after a generation change.  A forgotten bit keeps the slot
 *      until the channel's nginx worker ends.
 */

#ifndef CR_SLOT_H
#define CR_SLOT_H


#include "cr_abi.h"


typedef enum {
    CR_SLOT_FREE = 0,
    CR_SLOT_FILLING,
    CR_SLOT_QUEUED,
    CR_SLOT_STARTING,
    CR_SLOT_RUNNING,
    CR_SLOT_ENDING,
    CR_SLOT_FINISHED,
    CR_SLOT_CLEARING
} cr_slot_state_e;


#define cr_word(state, attempt, channel, worker, generation)                  \
    ((uint64_t) (state) | (uint64_t) (attempt) << 8                           \
     | (uint64_t) (channel) << 16 | (uint64_t) (worker) << 24                 \
     | (uint64_t) (generation) << 32)

#define cr_word_state(w)       ((uint32_t) ((w) & 0xff))
#define cr_word_attempt(w)     ((uint32_t) ((w) >> 8 & 0xff))
#define cr_word_channel(w)     ((uint32_t) ((w) >> 16 & 0xff))
#define cr_word_worker(w)      ((uint32_t) ((w) >> 24 & 0xff))
#define cr_word_generation(w)  ((uint32_t) ((w) >> 32))

#define cr_handle(index, generation)                                          \
    ((uint64_t) (index) | (uint64_t) (generation) << 32)
#define cr_handle_index(h)       ((uint32_t) ((h) & 0xffffffff))
#define cr_handle_generation(h)  ((uint32_t) ((h) >> 32))


#define CR_JOB_WAITED       0x01    /* a connection waits: cancel if it goes */
#define CR_JOB_INTERACTIVE  0x02    /* stdin stays open after the given text */


typedef struct {
    uint32_t  timeout_ms;           /* wall clock */
    uint32_t  cpu_ms;               /* all processes together */
    uint32_t  memory_kb;            /* with tmpfs and page cache */
    uint32_t  output_bytes;         /* stdout and stderr together */
    uint32_t  processes;            /* tasks, threads included */
} cr_limits_t;


/* what a job is; the nginx worker writes it in FILLING, then it is constant */

typedef struct {
    uint8_t      id[16];            /* UUIDv7, see cr_id.h */
    int64_t      created_us;        /* since the epoch */
    uint64_t     owner_hash;        /* of the owner, for counting */
    uint32_t     owner_len;
    uint32_t     language;          /* index in the info's list */
    uint32_t     flags;             /* CR_JOB_* */
    uint32_t     request_len;       /* bytes used of the request arena */
    cr_limits_t  limits;
    char         owner[CR_OWNER_MAX];
} cr_job_t;


/* how it ended; written by whoever owns the slot just before FINISHED,
   started_us before RUNNING */

typedef struct {
    int64_t   started_us;           /* since the epoch, 0: never */
    int64_t   finished_us;
    uint64_t  execution_us;         /* wall */
    uint64_t  cpu_us;
    uint64_t  memory_peak_kb;
    uint32_t  status;               /* cr_status_e */
    uint32_t  limit;                /* cr_limit_e */
    int32_t   exit_code;            /* -1: none */
    uint32_t  signal;               /* 0: none */
    uint32_t  truncated;
    char      error[CR_ERROR_MAX];  /* NUL-terminated; status error only */
} cr_result_t;


typedef struct {
    /* the state machine above; every change is a CAS, seq_cst */
    _Alignas(CR_CACHELINE) _Atomic uint64_t  word;
    /* bit c: channel c wants its doorbell rung; each bit is set and cleared
       by its nginx worker, cleared by the master when that died */
    _Atomic uint64_t                         watchers;
    /* set by an nginx worker that has handed the result to its client */
    _Atomic uint32_t                         delivered;
    uint32_t                                 reserved;
    /* bytes published in the log arena; written (seq_cst, see the proof in
       cr_segment.c) by the pool worker, read (seq_cst) by everyone; reset by
       whoever claims or requeues */
    _Alignas(CR_CACHELINE) _Atomic uint64_t  log_tail;
    _Alignas(CR_CACHELINE) cr_job_t          job;
    _Alignas(CR_CACHELINE) cr_result_t       result;
} cr_slot_t;


/*
 * Each returns 1 when this caller made the transition, 0 when the word was
 * another by then or the state does not allow it.  'word' is the value the
 * caller last saw; on success it is set to the new one, after a lost race to
 * the one that was found.
 */

/* FREE, or FINISHED when delivered and unwatched; use cr_segment_claim */
int cr_slot_claim(cr_slot_t *slot, uint64_t *word, uint32_t channel);
int cr_slot_submit(cr_slot_t *slot, uint64_t *word);
int cr_slot_abandon(cr_slot_t *slot, uint64_t *word);
int cr_slot_start(cr_slot_t *slot, uint64_t *word, uint32_t worker);
int cr_slot_run(cr_slot_t *slot, uint64_t *word);
/* QUEUED -> ENDING by 'channel'; then write the result, then cr_slot_finish */
int cr_slot_end(cr_slot_t *slot, uint64_t *word, uint32_t channel);
/* STARTING, RUNNING, ENDING -> FINISHED; the result has been written */
int cr_slot_finish(cr_slot_t *slot, uint64_t *word);
/* STARTING, RUNNING -> QUEUED with attempt + 1 and an empty log */
int cr_slot_requeue(cr_slot_t *slot, uint64_t *word);
/* FINISHED -> CLEARING, not while someone watches */
int cr_slot_clear(cr_slot_t *slot, uint64_t *word);
int cr_slot_free(cr_slot_t *slot, uint64_t *word);
/* CLEARING -> FINISHED, for a channel that died in between */
int cr_slot_restore(cr_slot_t *slot, uint64_t *word);

uint64_t cr_slot_word(cr_slot_t *slot);

/*
 * The reader protocol's first step for 'channel': 1 and *word when the slot
 * holds the job with this id (NULL: any job, also one that this channel is
 * still filling), the bit is set then; else 0, the bit is as it was before.
 */
int cr_slot_watch(cr_slot_t *slot, uint32_t channel, const uint8_t *id,
    uint64_t *word);
void cr_slot_unwatch(cr_slot_t *slot, uint32_t channel);
/*
 * The reader protocol's step 4: 1 when the job of this generation has ended
 * and now counts as delivered; the bit is as it was before.
 */
int cr_slot_deliver(cr_slot_t *slot, uint32_t channel, uint32_t generation);


#endif
