
/*
 * The JWS half of a JWT (RFC 7515): compact form, header, signature.
 */


#ifndef _NGX_CR_JWT_JWS_H_INCLUDED_
#define _NGX_CR_JWT_JWS_H_INCLUDED_


#include "ngx_cr_base64url.h"
#include "ngx_cr_jwt.h"


/* room that verifying a token wants, however large the policy allows it */
#define NGX_CR_JWT_JWS_BUF  ngx_cr_base64url_room(NGX_CR_JWT_SIZE_MAX)


/*
 * Verifies token and decodes its payload, of any kind, into buf of
 * NGX_CR_JWT_JWS_BUF bytes.  *key is the one that signed it.  NGX_CR_JWT_OK,
 * or an error up to NGX_CR_JWT_SIGNATURE, or NGX_CR_JWT_INTERNAL.
 */
ngx_cr_jwt_error_e ngx_cr_jwt_jws_verify(const ngx_str_t *token,
    const ngx_cr_jwt_policy_t *policy, ngx_cr_jwk_set_t *keys, u_char *buf,
    ngx_str_t *payload, ngx_cr_jwk_t **key);


#endif /* _NGX_CR_JWT_JWS_H_INCLUDED_ */
