
/*
 * The claims of a JWT (RFC 7519 section 4) against a policy.
 */


#ifndef _NGX_CR_JWT_CLAIMS_H_INCLUDED_
#define _NGX_CR_JWT_CLAIMS_H_INCLUDED_


#include "ngx_cr_jwt.h"


/*
 * Looks at a verified payload.  NGX_CR_JWT_OK: exp, from and until of jwt are
 * set, and sub, which points into payload; or an error of the claims.
 */
ngx_cr_jwt_error_e ngx_cr_jwt_claims_check(json_t *payload,
    const ngx_cr_jwt_policy_t *policy, int64_t now, ngx_cr_jwt_t *jwt);

/* Whether a text can be put into a header or a log: no C0, DEL or C1. */
ngx_uint_t ngx_cr_jwt_claims_is_clean(const ngx_str_t *text);


#endif /* _NGX_CR_JWT_CLAIMS_H_INCLUDED_ */
