/*
 * The pool's end of the submission rings.  The rings have one consumer at a
 * time: whoever holds the pool's robust mutex.  The mutex does not live in
 * the segment, since nginx must never wait for it.
 */

#ifndef CR_CONSUME_H
#define CR_CONSUME_H


#include "cr_segment.h"


/*
 * Takes the next queued job for 'worker'; call it with the mutex held and
 * with a sandbox ready.  Goes round the channels from *hint on, drops entries
 * whose job is no longer queued (cancelled, or started by a worker that died
 * before it dropped the entry), and claims the job (QUEUED -> STARTING)
 * before it drops the entry, so that a death at any point neither loses the
 * job nor lets it run twice.  1 with *index and *word, 0 when there is none.
 *
 * A mutex taken over with EOWNERDEAD needs no repair: make it consistent and
 * go on.
 */
int cr_consume_next(cr_segment_t *seg, uint32_t worker, uint32_t *hint,
    uint32_t *index, uint64_t *word);


#endif
