/*
 * Configurations follow each other: first start and SIGHUP.
 *
 * A reload starts a second set of workers in free places of the segment.
 * When each has a sandbox ready, the languages are announced with the new
 * limits and the old workers retire: they take no more jobs, finish those
 * they have, and end.  At no moment is there nobody to take a job; when the
 * new set does not get ready, it is stopped and nothing has changed.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crw_language.h"
#include "crw_log.h"
#include "crw_master.h"


#define CRW_RELOAD_FIRST_US  (3 * 1000000)
#define CRW_RELOAD_LATE_US   (20 * 1000000)


static void crw_reload_announce(crw_master_t *master,
    const crw_config_t *config);
static int crw_reload_ready(const crw_master_t *master);
static int crw_reload_versions(const crw_config_t *config);
static void crw_reload_commit(crw_master_t *master);
static void crw_reload_retire(crw_master_t *master, crw_place_t *place);
static void crw_reload_abort(crw_master_t *master, const char *why);
static uint32_t crw_reload_free(const crw_master_t *master);
static void crw_reload_notes(const crw_config_t *old,
    const crw_config_t *config);


void
crw_reload_first(crw_master_t *master)
{
    uint32_t  i;

    for (i = 0; i < master->config->workers; i++) {
        if (crw_place_start(&master->places[i]) != 0) {
            master->places[i].state = CRW_PLACE_WAIT;
            crw_timer_set(&master->loop, &master->places[i].timer, 1000000);
        }
    }

    crw_timer_set(&master->loop, &master->change, CRW_RELOAD_FIRST_US);
}


void
crw_reload_start(crw_master_t *master)
{
    char           state[80];
    uint32_t       i, n;
    crw_error_t    err;
    crw_config_t  *config;

    if (!master->announced || master->next != NULL || master->draining) {
        master->reload_again = 1;
        return;
    }

    master->reload_again = 0;

    crw_log(CRW_LOG_INFO, "reloading %s", master->file);

    (void) snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%llu",
                    (unsigned long long) crw_monotonic_us());
    crw_notify(state);

    config = crw_config_load(master->file, master->socket, &err);

    if (config == NULL || crw_config_isolation(config, &err) != 0
        || crw_language_keep(config, master->config, &err) != 0)
    {
        crw_log(CRW_LOG_ERROR, "not reloaded: %s", err.text);
        crw_config_free(config);
        crw_notify("READY=1");
        return;
    }

    if (config->workers > master->segment.geometry.workers / 2) {
        config->workers = master->segment.geometry.workers / 2;
    }

    if (config->workers > crw_reload_free(master)) {
        /* workers of the reload before still finish their jobs */
        crw_log(CRW_LOG_INFO, "reload waits for places");
        crw_config_free(config);
        master->reload_again = 1;
        return;
    }

    crw_reload_notes(master->config, config);
    crw_log_set_level(config->log_level);

    master->next = config;
    master->generation++;
    n = 0;

    for (i = 0; i < master->segment.geometry.workers && n < config->workers;
         i++)
    {
        if (master->places[i].state == CRW_PLACE_FREE
            && crw_place_start(&master->places[i]) == 0)
        {
            n++;
        }
    }

    crw_timer_set(&master->loop, &master->change, CRW_RELOAD_LATE_US);
}


static uint32_t
crw_reload_free(const crw_master_t *master)
{
    uint32_t  i, n;

    n = 0;

    for (i = 0; i < master->segment.geometry.workers; i++) {
        if (master->places[i].state == CRW_PLACE_FREE) {
            n++;
        }
    }

    return n;
}


static void
crw_reload_notes(const crw_config_t *old, const crw_config_t *config)
{
    if (strcmp(old->socket, config->socket) != 0
        || old->job_slots != config->job_slots
        || old->channels != config->channels
        || old->request_kb != config->request_kb
        || old->output_kb < config->output_kb
        || strcmp(old->cgroup_parent, config->cgroup_parent) != 0)
    {
        crw_log(CRW_LOG_WARN, "socket, job_slots, channels, request_kb, "
                "output_kb and cgroup_parent change by a restart only");
    }
}


void
crw_reload_look(crw_master_t *master, int late)
{
    if (master->stopping) {
        return;
    }

    if (!master->announced) {

        if (late || crw_reload_versions(master->config)) {
            crw_timer_cancel(&master->loop, &master->change);
            crw_reload_announce(master, master->config);
            master->announced = 1;
            (void) crw_gate_let_in(master);
            crw_notify("READY=1");
            crw_log(late ? CRW_LOG_WARN : CRW_LOG_INFO, "the pool is up%s",
                    late ? ", without a sandbox: see --check" : "");
        }

        return;
    }

    if (master->next != NULL) {

        if (crw_reload_ready(master)) {
            crw_reload_commit(master);

        } else if (late) {
            crw_reload_abort(master, "the new workers did not get ready");
        }
    }

    if (master->next == NULL && master->reload_again && !late
        && crw_reload_free(master) >= master->segment.geometry.workers / 2)
    {
        crw_reload_start(master);
    }

    if (master->next == NULL && master->stale) {
        crw_reload_announce(master, master->config);
    }
}


static int
crw_reload_versions(const crw_config_t *config)
{
    size_t  i;

    for (i = 0; i < config->nlanguages; i++) {
        if (config->languages[i].version[0] == '\0') {
            return 0;
        }
    }

    return 1;
}


static int
crw_reload_ready(const crw_master_t *master)
{
    uint32_t            i, n;
    const crw_place_t  *place;

    n = 0;

    for (i = 0; i < master->segment.geometry.workers; i++) {
        place = &master->places[i];

        if (place->generation == master->generation
            && place->state == CRW_PLACE_UP && place->ready)
        {
            n++;
        }
    }

    return n >= master->next->workers && crw_reload_versions(master->next);
}


static void
crw_reload_commit(crw_master_t *master)
{
    uint32_t      i;
    crw_place_t  *place;

    crw_timer_cancel(&master->loop, &master->change);

    for (i = 0; i < master->segment.geometry.workers; i++) {
        place = &master->places[i];

        if (place->generation != master->generation) {
            crw_reload_retire(master, place);
        }
    }

    crw_reload_announce(master, master->next);

    crw_config_free(master->config);
    master->config = master->next;
    master->next = NULL;

    crw_notify("READY=1");
    crw_log(CRW_LOG_INFO, "reloaded");
}


static void
crw_reload_retire(crw_master_t *master, crw_place_t *place)
{
    if (place->state == CRW_PLACE_UP) {
        place->state = CRW_PLACE_RETIRING;
        crw_place_tell(place, CRW_TELL_RETIRE);

    } else if (place->state == CRW_PLACE_WAIT) {
        crw_timer_cancel(&master->loop, &place->timer);
        place->state = CRW_PLACE_FREE;
    }
}


static void
crw_reload_abort(crw_master_t *master, const char *why)
{
    uint32_t      i;
    crw_place_t  *place;

    crw_log(CRW_LOG_ERROR, "not reloaded: %s", why);

    for (i = 0; i < master->segment.geometry.workers; i++) {
        place = &master->places[i];

        if (place->generation != master->generation) {
            place->generation = master->generation;     /* they stay */
            continue;
        }

        crw_reload_retire(master, place);
    }

    crw_config_free(master->next);
    master->next = NULL;

    crw_notify("READY=1");
}


static void
crw_reload_announce(crw_master_t *master, const crw_config_t *config)
{
    char    *text;
    size_t   len;

    text = crw_config_info(config, &len);

    if (text == NULL
        || cr_segment_info_write(&master->segment, text, len) != 0)
    {
        crw_log(CRW_LOG_ERROR, "the list of languages is too long");
    }

    master->stale = 0;
    free(text);
}
