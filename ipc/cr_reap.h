/*
 * What the pool's master does about the dead and the old.
 *
 * All of these are the master's alone, from one thread.  They push into the
 * ring of CR_CHANNEL_MASTER and return the mask of channels whose doorbell
 * must be rung; after any death the caller rings every doorbell, channels'
 * and workers', since the dead may have taken a bell with it.
 */

#ifndef CR_REAP_H
#define CR_REAP_H


#include "cr_segment.h"


/*
 * The nginx worker of 'channel' is gone: its process has ended, its channel
 * is not yet given to another.  Call it with the consumers' mutex held.
 *
 *   FILLING           freed
 *   ENDING            finished as cancelled
 *   CLEARING          finished, as it was
 *   QUEUED, waited    finished as cancelled, nobody waits any more
 *   QUEUED            goes on; pushed into the master's ring when it sits in
 *                     no ring (its nginx worker died just before the push)
 *   STARTING, RUNNING go on; when waited, the pool worker gets a
 *                     CR_CONTROL_CANCEL over the master's control ring
 *
 * Its entries stay in its ring, its watcher bits are cleared.
 */
uint64_t cr_reap_channel(cr_segment_t *seg, uint32_t channel,
    int64_t now_us);

/*
 * The pool worker 'worker' is gone, and with it, for sure, all its sandboxes;
 * its place is not yet given to another.  Its jobs are queued once more
 * (attempt 2), or end as error when this was the second attempt.  Control
 * messages for it are dropped.
 */
uint64_t cr_reap_worker(cr_segment_t *seg, uint32_t worker, int64_t now_us);

/*
 * No pool worker lives and none will: every job that has not ended does so as
 * error, with 'text' (kept short of CR_ERROR_MAX) as the reason.
 */
uint64_t cr_reap_stop(cr_segment_t *seg, const char *text, int64_t now_us);

/*
 * Frees results that were finished before 'before_us' and that nobody
 * watches.  Looks at up to n slots from *hint on; returns how many it freed.
 */
uint32_t cr_reap_expire(cr_segment_t *seg, int64_t before_us, uint32_t *hint,
    uint32_t n);


#endif
