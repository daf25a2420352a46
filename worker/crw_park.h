/*
 * Jobs that a worker took although no sandbox of their language was ready:
 * the rings are in order of arrival, not by language, and a slow language
 * must not hold up the others.
 */

#ifndef CRW_PARK_H
#define CRW_PARK_H


#include "crw_job.h"


void crw_park_add(crw_job_t *job);
/* does nothing when it is not parked */
void crw_park_remove(crw_job_t *job);
/* takes out the oldest one of that language, NULL: none */
crw_job_t *crw_park_take(crw_worker_t *worker, uint32_t language);
/* ends those of a language (CR_NONE: all) as error */
void crw_park_end(crw_worker_t *worker, uint32_t language, const char *text);
/* 1 when there is no place for another one */
int crw_park_full(const crw_worker_t *worker);


#endif
