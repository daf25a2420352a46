/*
 * A list in order of arrival; short, so that it is walked.
 */

#include "crw_park.h"

#include <stddef.h>


void
crw_park_add(crw_job_t *job)
{
    crw_job_t  **place;

    for (place = &job->worker->parked;
         *place != NULL;
         place = &(*place)->next)
    {
        /* to the end */
    }

    job->next = NULL;
    *place = job;
    job->worker->nparked++;
}


void
crw_park_remove(crw_job_t *job)
{
    crw_job_t  **place;

    for (place = &job->worker->parked;
         *place != NULL;
         place = &(*place)->next)
    {
        if (*place == job) {
            *place = job->next;
            job->next = NULL;
            job->worker->nparked--;
            return;
        }
    }
}


crw_job_t *
crw_park_take(crw_worker_t *worker, uint32_t language)
{
    crw_job_t  *job;

    for (job = worker->parked; job != NULL; job = job->next) {
        if (job->job.language == language) {
            crw_park_remove(job);
            return job;
        }
    }

    return NULL;
}


void
crw_park_end(crw_worker_t *worker, uint32_t language, const char *text)
{
    crw_job_t  *job, *next;

    for (job = worker->parked; job != NULL; job = next) {
        next = job->next;

        if (language == CR_NONE || job->job.language == language) {
            crw_job_end(job, CR_STATUS_ERROR, CR_LIMIT_NONE, text);
        }
    }
}


int
crw_park_full(const crw_worker_t *worker)
{
    return worker->nparked >= worker->park;
}
