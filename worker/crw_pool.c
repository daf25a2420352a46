/*
 * Families and boxes of one worker, as a whole.
 */

#include "crw_pool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crw_box.h"
#include "crw_fault.h"
#include "crw_zygote.h"


static int crw_pool_family(crw_pool_t *pool, crw_family_t *family,
    size_t index, uint32_t nboxes, uint32_t number);
static void crw_pool_family_timer(crw_timer_t *timer);


int
crw_pool_start(crw_pool_t *pool, uint32_t boxes, crw_error_t *err)
{
    size_t                i;
    uint32_t              n, number;
    const crw_config_t   *config;

    config = pool->config;

    pool->families = crw_fault("worker_languages") == -1
                     ? NULL : calloc(config->nlanguages, sizeof(crw_family_t));
    if (pool->families == NULL) {
        return crw_error_set(err, errno, "no memory for languages");
    }

    if (crw_attach_start(&pool->attach, pool->loop, crw_box_attached, err)
        != 0)
    {
        return -1;
    }

    number = pool->first_box;

    for (i = 0; i < config->nlanguages; i++) {
        n = (boxes != 0) ? boxes
                         : crw_config_boxes(config, &config->languages[i]);

        if (crw_pool_family(pool, &pool->families[i], i, n, number) != 0) {
            return crw_error_set(err, errno, "no memory for boxes");
        }

        number += n;
        pool->nfamilies++;
    }

    for (i = 0; i < pool->nfamilies; i++) {
        crw_zygote_start(&pool->families[i]);
    }

    return 0;
}


static int
crw_pool_family(crw_pool_t *pool, crw_family_t *family, size_t index,
    uint32_t nboxes, uint32_t number)
{
    uint32_t  i;

    family->pool = pool;
    family->language = &pool->config->languages[index];
    family->index = (uint32_t) index;

    family->boxes = crw_fault("worker_boxes") == -1
                    ? NULL : calloc(nboxes, sizeof(crw_box_t));
    family->ready = calloc(nboxes, sizeof(crw_box_t *));

    if (family->boxes == NULL || family->ready == NULL) {
        return -1;
    }

    family->nboxes = nboxes;

    for (i = 0; i < nboxes; i++) {
        crw_box_init(&family->boxes[i], family, number + i);
    }

    crw_zygote_init(&family->zygotes[0], family);
    crw_zygote_init(&family->zygotes[1], family);
    crw_timer_init(&family->timer, crw_pool_family_timer, family);

    return 0;
}


/* a zygote died some time ago, or has become old */

static void
crw_pool_family_timer(crw_timer_t *timer)
{
    crw_zygote_start(timer->data);
}


uint32_t
crw_pool_boxes(const crw_config_t *config)
{
    size_t    i;
    uint32_t  n;

    n = 0;

    for (i = 0; i < config->nlanguages; i++) {
        n += crw_config_boxes(config, &config->languages[i]);
    }

    return n;
}


size_t
crw_pool_timers(const crw_config_t *config)
{
    return crw_pool_boxes(config) + 3 * config->nlanguages;
}


uint32_t
crw_pool_ready(const crw_pool_t *pool)
{
    size_t    i;
    uint32_t  n;

    n = 0;

    for (i = 0; i < pool->nfamilies; i++) {
        n += pool->families[i].nready;
    }

    return n;
}


void
crw_pool_stop(crw_pool_t *pool)
{
    size_t         i;
    uint32_t       k;
    crw_family_t  *family;

    if (pool->stopping) {
        return;
    }

    pool->stopping = 1;

    for (i = 0; i < pool->nfamilies; i++) {
        family = &pool->families[i];

        crw_timer_cancel(pool->loop, &family->timer);

        for (k = 0; k < family->nboxes; k++) {
            if (family->boxes[k].state != CRW_BOX_DOWN) {
                crw_box_drop(&family->boxes[k]);
            }
        }

        crw_zygote_kill(&family->zygotes[0]);
        crw_zygote_kill(&family->zygotes[1]);
    }
}


int
crw_pool_stopped(const crw_pool_t *pool)
{
    size_t               i;
    uint32_t             k;
    const crw_family_t  *family;

    for (i = 0; i < pool->nfamilies; i++) {
        family = &pool->families[i];

        if (family->zygotes[0].state != CRW_ZYGOTE_NONE
            || family->zygotes[1].state != CRW_ZYGOTE_NONE)
        {
            return 0;
        }

        for (k = 0; k < family->nboxes; k++) {
            if (family->boxes[k].state != CRW_BOX_DOWN) {
                return 0;
            }
        }
    }

    return 1;
}


void
crw_pool_done(crw_pool_t *pool)
{
    size_t  i;

    crw_attach_stop(&pool->attach);

    for (i = 0; i < pool->nfamilies; i++) {
        free(pool->families[i].boxes);
        free(pool->families[i].ready);
    }

    free(pool->families);
    pool->families = NULL;
    pool->nfamilies = 0;
}


void
crw_pool_group_name(char *name, uint32_t worker, uint32_t number)
{
    (void) snprintf(name, CRW_CGROUP_NAME, "w%u-b%u", worker, number);
}
