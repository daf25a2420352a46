
/*
 * The keys of an issuer: a JWK set that every nginx worker parses for itself,
 * from a file that was read with the configuration.
 */


#ifndef _NGX_CR_JWKS_H_INCLUDED_
#define _NGX_CR_JWKS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_cr_jwk.h"


#define NGX_CR_JWKS_SIZE_MAX  65536     /* bytes of a document */


typedef struct {
    ngx_str_t                    file;      /* as configured */
    ngx_cr_jwk_set_t            *set;       /* of this process; may be NULL */
} ngx_cr_jwks_t;


/*
 * Configuration: the keys of a file, one object a file however often it is
 * named; list is an array of ngx_cr_jwks_t * of the same cycle.  NULL: the
 * cause was logged.
 */
ngx_cr_jwks_t *ngx_cr_jwks_file(ngx_conf_t *cf, ngx_array_t *list,
    const ngx_str_t *file);

/*
 * The keys as they are now, valid until the next call for the same jwks.
 * NULL: there are none that may be used.
 */
ngx_cr_jwk_set_t *ngx_cr_jwks_keys(ngx_cr_jwks_t *jwks);


#endif /* _NGX_CR_JWKS_H_INCLUDED_ */
