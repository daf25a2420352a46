/*
 * The boxes of a family whose sandbox waits for a job.
 */

#ifndef CRW_READY_H
#define CRW_READY_H


#include "crw_pool.h"


void crw_ready_add(crw_box_t *box);
/* busy from then on; NULL: none is ready */
crw_box_t *crw_ready_take(crw_family_t *family);
/* harmless when it is not among them */
void crw_ready_remove(crw_box_t *box);


#endif
