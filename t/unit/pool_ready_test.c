/*
 * Which of the ready boxes takes the next job.
 *
 * sources: worker/crw_ready.c
 */

#include "cr_test.h"
#include "crw_ready.h"


#define BOXES  4


static crw_box_t     boxes[BOXES];
static crw_box_t    *stack[BOXES];
static crw_family_t  family;


/* all ready, added from the first to the last; 'heavy' as bits */

static void
ready(unsigned heavy)
{
    unsigned  i;

    memset(boxes, 0, sizeof(boxes));
    memset(&family, 0, sizeof(family));
    family.ready = stack;

    for (i = 0; i < BOXES; i++) {
        boxes[i].family = &family;
        boxes[i].heavy = heavy >> i & 1;
        crw_ready_add(&boxes[i]);
    }
}


/* the index of the next one, -1: none */

static int
take(void)
{
    crw_box_t  *box;

    box = crw_ready_take(&family);

    if (box == NULL) {
        return -1;
    }

    CHECK_INT(box->state, CRW_BOX_BUSY);

    return (int) (box - boxes);
}


TEST("the box that was made last is taken first")
{
    ready(0);
    CHECK_INT(take(), 3);
    CHECK_INT(take(), 2);
    crw_ready_add(&boxes[3]);
    CHECK_INT(take(), 3);
    CHECK_INT(take(), 1);
    CHECK_INT(take(), 0);
    CHECK_INT(take(), -1);
}


TEST("boxes whose last job was heavy are taken last, the longest rested first")
{
    ready(0x0a);
    CHECK_INT(take(), 2);
    CHECK_INT(take(), 0);
    CHECK_INT(take(), 1);
    CHECK_INT(take(), 3);
    CHECK_INT(take(), -1);
}


TEST("a box that is not ready any more is not taken, the order stays")
{
    ready(0);
    crw_ready_remove(&boxes[2]);
    crw_ready_remove(&boxes[2]);
    CHECK_INT(family.nready, 3);
    CHECK_INT(take(), 3);
    CHECK_INT(take(), 1);
    CHECK_INT(take(), 0);
    CHECK_INT(take(), -1);
}
