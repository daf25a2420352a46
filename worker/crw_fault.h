/*
 * Fault points: where a test makes a step of building a sandbox fail as if the
 * machine were full.  They stand in front of the system call that would, and
 * exist only with CRW_FAULTS, which no build but that of the unit tests
 * defines: else each is the constant 0.
 *
 * The processes below the pool worker have such points too (crw_sandbox.h);
 * there the name comes with the message that asks for the step.
 */

#ifndef CRW_FAULT_H
#define CRW_FAULT_H


#include <stddef.h>
#include <string.h>

#include "crw_proto.h"


/* the message, or command line, that a fault of the chain travels with */

typedef enum {
    CRW_FAULT_ZYGOTE = 0,           /* --fail */
    CRW_FAULT_KEEPER,               /* CRW_MSG_KEEPER */
    CRW_FAULT_ATTACHED,             /* CRW_MSG_ATTACHED */
    CRW_FAULT_BUILD                 /* CRW_MSG_BUILD */
} crw_fault_via_e;


#ifdef CRW_FAULTS

/* waits between two tries are so much shorter */

#define CRW_FAULT_HASTE  50

/* given by the test's own worker (t/unit/pool_fault_worker.c) */

int crw_fault_point(const char *name) __attribute__((weak));
const char *crw_fault_passed(crw_fault_via_e via) __attribute__((weak));

#else

#define CRW_FAULT_HASTE  1

#endif


/* 0, or -1 and errno when a test wants the step to fail */

static inline int
crw_fault(const char *name)
{
#ifdef CRW_FAULTS
    return crw_fault_point != NULL ? crw_fault_point(name) : 0;
#else
    (void) name;
    return 0;
#endif
}


/* "name=errno" for the chain, NULL: none */

static inline const char *
crw_fault_text(crw_fault_via_e via)
{
#ifdef CRW_FAULTS
    return crw_fault_passed != NULL ? crw_fault_passed(via) : NULL;
#else
    (void) via;
    return NULL;
#endif
}


/* the same, into the text of a message that is all zeros */

static inline void
crw_fault_pass(crw_msg_t *msg, crw_fault_via_e via)
{
    const char  *text;

    text = crw_fault_text(via);

    if (text != NULL) {
        memcpy(msg->text, text, strnlen(text, CRW_TEXT_MAX - 1));
    }
}


#endif
