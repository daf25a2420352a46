/*
 * What the master looks for once a second: old results, jobs that no worker
 * can run, and how many slots are free.
 */

#include <stdio.h>
#include <string.h>

#include "../ipc/cr_reap.h"
#include "crw_log.h"
#include "crw_master.h"


#define CRW_SWEEP_FAILURES  3       /* in a row: the language is broken */
#define CRW_SWEEP_DEATHS    5       /* the same of a worker */
#define CRW_SWEEP_WAIT_US   (10 * 1000000)  /* for one that lives longer */


static void crw_sweep_broken(crw_master_t *master);
static const char *crw_sweep_trouble(const crw_master_t *master,
    uint32_t language);
static void crw_sweep_end(crw_master_t *master, uint32_t index,
    const char *trouble);


static const char  crw_sweep_dying[] = "the pool's workers die";


void
crw_sweep(crw_master_t *master)
{
    int32_t        nfree;
    int64_t        before_us;
    uint32_t       i, queued, state;
    cr_segment_t  *seg;

    seg = &master->segment;

    before_us = crw_wall_us()
                - (int64_t) master->config->result_ttl_s * 1000000;

    (void) cr_reap_expire(seg, before_us, &master->expire_hint,
                          seg->geometry.slots);

    nfree = 0;
    queued = 0;

    for (i = 0; i < seg->geometry.slots; i++) {
        state = cr_word_state(cr_slot_word(cr_segment_slot(seg, i)));

        if (state == CR_SLOT_FREE) {
            nfree++;

        } else if (state == CR_SLOT_QUEUED) {
            queued++;
        }
    }

    atomic_store(&seg->header->nfree, nfree);

    if (queued != 0) {
        crw_sweep_broken(master);
    }
}


uint32_t
crw_sweep_live(crw_master_t *master)
{
    uint32_t       i, n;
    cr_segment_t  *seg;

    seg = &master->segment;
    n = 0;

    for (i = 0; i < seg->geometry.slots; i++) {

        switch (cr_word_state(cr_slot_word(cr_segment_slot(seg, i)))) {

        case CR_SLOT_FILLING:
        case CR_SLOT_QUEUED:
        case CR_SLOT_STARTING:
        case CR_SLOT_RUNNING:
        case CR_SLOT_ENDING:
            n++;
            break;

        default:
            break;
        }
    }

    return n;
}


/* nothing runs with less than all layers, so these end with the step's name */

static void
crw_sweep_broken(crw_master_t *master)
{
    uint32_t       i, language;
    const char    *trouble;
    cr_slot_t     *slot;
    cr_segment_t  *seg;

    seg = &master->segment;

    for (i = 0; i < seg->geometry.slots; i++) {
        slot = cr_segment_slot(seg, i);

        if (cr_word_state(cr_slot_word(slot)) != CR_SLOT_QUEUED) {
            continue;
        }

        language = slot->job.language;
        trouble = crw_sweep_trouble(master, language);

        if (trouble == NULL
            || (trouble == crw_sweep_dying
                && crw_wall_us() - slot->job.created_us < CRW_SWEEP_WAIT_US))
        {
            continue;
        }

        crw_sweep_end(master, i, trouble);
    }
}


/* NULL as long as one worker may still build sandboxes of that language */

static const char *
crw_sweep_trouble(const crw_master_t *master, uint32_t language)
{
    uint32_t            i;
    const char         *trouble;
    const crw_place_t  *place;

    if (language >= master->config->nlanguages) {
        return "no such language";
    }

    trouble = NULL;

    for (i = 0; i < master->segment.geometry.workers; i++) {
        place = &master->places[i];

        switch (place->state) {

        case CRW_PLACE_UP:
            if (place->failures[language] < CRW_SWEEP_FAILURES) {
                return NULL;
            }

            trouble = place->trouble[language];
            break;

        case CRW_PLACE_DEAD:
        case CRW_PLACE_WAIT:
            if (place->deaths < CRW_SWEEP_DEATHS) {
                return NULL;
            }

            trouble = crw_sweep_dying;
            break;

        default:
            break;
        }
    }

    return trouble;
}


static void
crw_sweep_end(crw_master_t *master, uint32_t index, const char *trouble)
{
    uint64_t       w;
    cr_slot_t     *slot;
    cr_result_t    result;

    slot = cr_segment_slot(&master->segment, index);
    w = cr_slot_word(slot);

    if (!cr_slot_end(slot, &w, CR_CHANNEL_MASTER)) {
        return;
    }

    memset(&result, 0, sizeof(result));
    result.finished_us = crw_wall_us();
    result.status = CR_STATUS_ERROR;
    result.exit_code = -1;

    (void) snprintf(result.error, sizeof(result.error),
                    "no sandbox: %.90s", trouble);

    memcpy(&slot->result, &result, sizeof(result));

    if (cr_slot_finish(slot, &w)) {
        crw_master_ring(master, cr_segment_mark(&master->segment, index));
    }
}
