/*
 * Language files: what a language is called, what runs it, its limits.
 */

#ifndef CRW_LANGUAGE_H
#define CRW_LANGUAGE_H


#include "crw_config.h"


/* reads every *.json of config->languages_dir, in the order of their names */
int crw_language_load(crw_config_t *config, crw_error_t *err);

/*
 * Makes a path of a configuration file absolute to that file's directory, in
 * place (PATH_MAX bytes); -1 when it gets too long.
 */
int crw_language_path(const char *file, char *path);

/*
 * Gives the new configuration's languages the places that the old one has for
 * them, since queued jobs name a language by its place.  -1 when one is gone.
 */
int crw_language_keep(crw_config_t *config, const crw_config_t *old,
    crw_error_t *err);


#endif
