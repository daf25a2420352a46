/*
 * A stack: the sandbox that was made last has its pages in the processor's
 * caches.  Below all others go boxes whose last job was heavy.  The kernel
 * remembers the load of a group for some tenths of a second, and gives what
 * starts there less than its share: many processes that burnt would be paid
 * for by the next job.
 */

#include "crw_ready.h"

#include <string.h>


void
crw_ready_add(crw_box_t *box)
{
    uint32_t       at;
    crw_family_t  *family;

    family = box->family;
    at = family->nready;

    if (box->heavy) {
        at = 0;
        memmove(family->ready + 1, family->ready,
                family->nready * sizeof(crw_box_t *));
    }

    family->ready[at] = box;
    family->nready++;
}


crw_box_t *
crw_ready_take(crw_family_t *family)
{
    crw_box_t  *box;

    if (family->nready == 0) {
        return NULL;
    }

    box = family->ready[--family->nready];
    box->state = CRW_BOX_BUSY;

    return box;
}


void
crw_ready_remove(crw_box_t *box)
{
    uint32_t       i;
    crw_family_t  *family;

    family = box->family;

    for (i = 0; i < family->nready; i++) {
        if (family->ready[i] == box) {
            family->nready--;
            memmove(family->ready + i, family->ready + i + 1,
                    (family->nready - i) * sizeof(crw_box_t *));
            return;
        }
    }
}
