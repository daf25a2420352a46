/*
 * A zygote seen from the pool worker: started, asked for keepers, replaced
 * when it is old, started again when it died.
 */

#ifndef CRW_ZYGOTE_H
#define CRW_ZYGOTE_H


#include "crw_pool.h"


void crw_zygote_init(crw_zygote_t *zygote, crw_family_t *family);

/* starts one in a free place of the family unless one is on its way */
void crw_zygote_start(crw_family_t *family);

/* asks the family's zygote for the keeper of the next box that needs one */
void crw_zygote_feed(crw_family_t *family);

/* counts a job; an old zygote is replaced */
void crw_zygote_count(crw_zygote_t *zygote);

/* moves the next box of a retired zygote, ends one that has none left */
void crw_zygote_move(crw_family_t *family);

void crw_zygote_kill(crw_zygote_t *zygote);


#endif
