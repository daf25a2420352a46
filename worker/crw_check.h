/*
 * coderemote-worker --check: one real sandbox, told step by step.
 */

#ifndef CRW_CHECK_H
#define CRW_CHECK_H


#include "crw_config.h"


/* prints to stdout; 0 when everything works, 1 when not */
int crw_check_run(const crw_config_t *config);


#endif
