/*
 * Names of the numbers in cr_abi.h.
 */

#include "cr_abi.h"


_Static_assert(sizeof(size_t) == 8, "the segment needs a 64-bit machine");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
               "atomics shared between processes must be lock-free");


static const char *const  cr_status_names[CR_STATUS_MAX] = {
    NULL,
    "succeeded",
    "failed",
    "timed_out",
    "memory_exceeded",
    "output_exceeded",
    "cancelled",
    "error"
};


static const char *const  cr_limit_names[CR_LIMIT_MAX] = {
    NULL,
    "wall",
    "cpu",
    "memory",
    "output",
    "processes"
};


const char *
cr_status_name(uint32_t status)
{
    if (status >= CR_STATUS_MAX) {
        return NULL;
    }

    return cr_status_names[status];
}


const char *
cr_limit_name(uint32_t limit)
{
    if (limit >= CR_LIMIT_MAX) {
        return NULL;
    }

    return cr_limit_names[limit];
}
