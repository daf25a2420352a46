/*
 * What the tests of ipc/ share: a small segment, and a job on its way.
 */

#ifndef IPC_FIXTURE_H
#define IPC_FIXTURE_H


#include <time.h>
#include <unistd.h>

#include "cr_test.h"
#include "cr_consume.h"
#include "cr_hello.h"
#include "cr_id.h"
#include "cr_log.h"
#include "cr_reap.h"
#include "cr_request.h"
#include "cr_segment.h"


static inline int64_t
ipc_now_us(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_REALTIME, &ts);

    return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


static inline cr_geometry_t
ipc_geometry(uint32_t slots)
{
    cr_geometry_t  g;

    memset(&g, 0, sizeof(g));

    g.slots = slots;
    g.channels = 4;
    g.workers = 2;
    g.ring = 2;
    g.request_size = 256 * 1024;
    g.log_size = 256 * 1024;

    while (g.ring < 2 * slots) {
        g.ring *= 2;
    }

    return g;
}


/* returns the memfd; a test cannot go on without it */

static inline int
ipc_create(cr_segment_t *seg, uint32_t slots)
{
    int            fd;
    cr_geometry_t  g;

    g = ipc_geometry(slots);
    fd = cr_segment_create(seg, &g, CODEREMOTE_VERSION, ipc_now_us());

    if (fd == -1) {
        perror("cr_segment_create");
        abort();
    }

    return fd;
}


static inline void
ipc_destroy(cr_segment_t *seg, int fd)
{
    cr_segment_unmap(seg);
    close(fd);
}


/* a job of 'channel', queued and in its ring; its slot's index */

static inline uint32_t
ipc_submit(cr_segment_t *seg, uint32_t channel, uint64_t *word)
{
    uint32_t    index;
    cr_slot_t  *slot;

    index = cr_segment_claim(seg, channel, word);

    if (index == CR_NONE) {
        return CR_NONE;
    }

    slot = cr_segment_slot(seg, index);
    memset(&slot->job, 0, sizeof(cr_job_t));

    if (!cr_slot_submit(slot, word)
        || cr_ring_push(cr_segment_ring(seg, channel), seg->geometry.ring,
                        cr_handle(index, cr_word_generation(*word))) != 0)
    {
        return CR_NONE;
    }

    return index;
}


/* from anywhere after QUEUED to FINISHED and delivered */

static inline void
ipc_finish(cr_segment_t *seg, uint32_t index, uint64_t *word,
    int64_t finished_us)
{
    cr_slot_t  *slot;

    slot = cr_segment_slot(seg, index);

    if (cr_word_state(*word) == CR_SLOT_QUEUED) {
        (void) cr_slot_start(slot, word, 0);
    }

    slot->result.status = CR_STATUS_SUCCEEDED;
    slot->result.finished_us = finished_us;

    (void) cr_slot_finish(slot, word);
    atomic_store(&slot->delivered, 1);
}


#endif
