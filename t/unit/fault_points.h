/*
 * Every step of building a sandbox that can be made to fail, from the pool
 * worker's start to the program that waits for its job.
 */

#ifndef FAULT_POINTS_H
#define FAULT_POINTS_H


#include "crw_fault.h"


/* what has to end, so that the step is done again */

typedef enum {
    FAULT_OF_WORKER = 0,            /* the pool worker */
    FAULT_OF_ZYGOTE,
    FAULT_OF_BOX,                   /* the keeper */
    FAULT_OF_SANDBOX                /* a job */
} fault_of_e;


#define FAULT_POOL  (-1)            /* of the pool's own: no message */


typedef struct {
    fault_of_e   of;
    int          via;               /* crw_fault_via_e, or FAULT_POOL */
    const char  *name;
    const char  *says;              /* in the job's error, NULL: the name */
    int          many;              /* passed many times: each one fails */
    int          v1;                /* where cgroups are v1 alone */
} fault_point_t;


/* in the order of their first time; ends with a NULL name */
extern const fault_point_t  fault_points[];

/* with gVisor instead of what stands between the layers */
extern const fault_point_t  fault_points_gvisor[];

/* all of them, with the layers of crw_sandbox.c at their places */
void fault_points_each(void (*fn)(const fault_point_t *point));


#endif
