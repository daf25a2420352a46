/*
 * The fault that a pool under test is to meet: written by the test, read by
 * every process of pool_fault_worker, in a file that both have mapped.
 */

#ifndef POOL_FAULT_H
#define POOL_FAULT_H


#include <stdatomic.h>


#define POOL_FAULT_FILE  "CODEREMOTE_FAULT"     /* environment: its path */
#define POOL_FAULT_NAME  48


typedef struct {
    atomic_int  armed;              /* what follows counts; written last */
    atomic_int  skip;               /* times that still pass */
    atomic_int  left;               /* times that it still fails, -1: always */
    atomic_int  hits;               /* times that it failed */
    atomic_int  begun;              /* 'after' was passed, or is "" */
    int         err;
    int         via;                /* crw_fault_via_e, -1: the pool's own */
    char        name[POOL_FAULT_NAME];
    char        after[POOL_FAULT_NAME];
} pool_fault_t;


#endif
