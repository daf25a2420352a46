
/*
 * Verification of a JWT (RFC 7519) in JWS compact form against a policy and a
 * key set.  Pure: no network, no clock, nothing kept between calls; what
 * keeps verified tokens is ngx_cr_jwt_cache.h.
 */


#ifndef _NGX_CR_JWT_H_INCLUDED_
#define _NGX_CR_JWT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <jansson.h>

#include "ngx_cr_jwk.h"


#define NGX_CR_JWT_SIZE         8192    /* default of policy->max_size */
#define NGX_CR_JWT_SIZE_MAX     16384   /* what it may be at most */
#define NGX_CR_JWT_SUB_MAX      128
#define NGX_CR_JWT_EMAIL_MAX    254     /* RFC 5321 section 4.5.3.1.3 */
#define NGX_CR_JWT_TIME_MAX     9007199254740991LL  /* 2^53 - 1 */
#define NGX_CR_JWT_TEXT_LEN     NGX_INT64_LEN
#define NGX_CR_JWT_NAME_MAX     256     /* of a claim */

/* policy->types: what `typ` may say (RFC 7519 section 5.1, RFC 9068) */
#define NGX_CR_JWT_TYP_ABSENT   0x01
#define NGX_CR_JWT_TYP_JWT      0x02
#define NGX_CR_JWT_TYP_AT_JWT   0x04
#define NGX_CR_JWT_TYP_ANY      0x07


/*
 * Why a token was refused, for logs and metrics only: who sent it gets one
 * and the same answer for all of them but INTERNAL.
 */

typedef enum {
    NGX_CR_JWT_OK = 0,
    NGX_CR_JWT_TOO_LARGE,
    NGX_CR_JWT_MALFORMED,       /* segments, base64url */
    NGX_CR_JWT_HEADER,          /* no JSON object */
    NGX_CR_JWT_ALG,             /* not of the policy, or not of the key */
    NGX_CR_JWT_UNSUPPORTED,     /* crit, zip, cty, b64, enc */
    NGX_CR_JWT_TYP,
    NGX_CR_JWT_KID,             /* none, or nothing that a kid may be */
    NGX_CR_JWT_UNKNOWN_KID,     /* a newer key set may have it */
    NGX_CR_JWT_SIGNATURE,
    NGX_CR_JWT_PAYLOAD,         /* no JSON object */
    NGX_CR_JWT_ISSUER,
    NGX_CR_JWT_TOKEN_USE,
    NGX_CR_JWT_AUDIENCE,
    NGX_CR_JWT_EXP,             /* none, or not a time */
    NGX_CR_JWT_EXPIRED,
    NGX_CR_JWT_TIME,            /* nbf, iat, auth_time: not a time, or a
                                   contradiction */
    NGX_CR_JWT_NOT_YET,
    NGX_CR_JWT_SUBJECT,
    NGX_CR_JWT_CLAIM,           /* a required one */
    NGX_CR_JWT_GROUP,
    NGX_CR_JWT_SCOPE,
    NGX_CR_JWT_INTERNAL,        /* out of memory: says nothing of the token */
    NGX_CR_JWT_ERRORS
} ngx_cr_jwt_error_e;


/* Cognito's token_use, and which claim then names the client */

typedef enum {
    NGX_CR_JWT_USE_OFF = 0,     /* not looked at; the audience is `aud` */
    NGX_CR_JWT_USE_ACCESS,      /* must be access, the audience `client_id` */
    NGX_CR_JWT_USE_ID,          /* must be id, the audience `aud` */
    NGX_CR_JWT_USE_EITHER       /* one of both, the audience accordingly */
} ngx_cr_jwt_use_e;


/* What a token must be; the caller's, read only here.  An array may be NULL. */

typedef struct {
    uint64_t             id;            /* no other policy of this process */
    ngx_str_t            issuer;        /* `iss`, byte by byte */
    ngx_array_t         *audiences;     /* ngx_str_t: one of them */
    ngx_array_t         *claims;        /* ngx_keyval_t: each of them */
    ngx_array_t         *groups;        /* ngx_str_t: each of them */
    ngx_array_t         *scopes;        /* ngx_str_t: each of them */
    ngx_str_t            groups_claim;  /* see ngx_cr_jwt_claim() */
    ngx_cr_jwt_use_e     token_use;
    ngx_uint_t           algs;          /* NGX_CR_JWK_RS256 | ... */
    ngx_uint_t           types;         /* NGX_CR_JWT_TYP_... */
    int64_t              leeway;        /* seconds */
    size_t               max_size;      /* bytes of a token */
    unsigned             any_audience:1;  /* audiences are not looked at */
    unsigned             no_kid:1;      /* a token may do without `kid` when
                                           the set has but one key (OpenID
                                           Connect Core section 10.1) */
} ngx_cr_jwt_policy_t;


/* A verified token; shared by reference count, read only. */

typedef struct {
    ngx_uint_t           refs;
    size_t               size;          /* memory, an upper bound */
    json_t              *payload;
    ngx_str_t            sub;           /* 1 to 128 bytes, no control */
    ngx_str_t            email;         /* empty when there is none that can
                                           be put into a header or a log */
    ngx_str_t            groups;        /* a,b,c; without those whose name has
                                           a comma or a control character */
    ngx_str_t            kid;           /* of the key, and which key it was */
    u_char               thumb[NGX_CR_JWK_THUMB_LEN];
    int64_t              exp;           /* as the issuer says */
    int64_t              from;          /* good while from <= now < until; */
    int64_t              until;         /* the leeway is in both */
} ngx_cr_jwt_t;


/* Defaults: RS256, any typ of the three, no leeway, 8 KiB, cognito:groups. */
void ngx_cr_jwt_policy_init(ngx_cr_jwt_policy_t *policy);

/*
 * Verifies; now is in seconds since 1970.  The order: size, three segments,
 * header (JSON, what is unsupported, alg, typ, kid), key, signature, and only
 * then the payload, so that nobody but the issuer reaches that parser: iss,
 * token_use and audience, exp, nbf, iat and auth_time, sub, required claims,
 * groups, scopes.  The first that fails decides.
 *
 * jwk, jku, x5u, x5c and x5t of the header are not looked at.  A token that
 * fails before its signature is looked at is answered sooner than a forged
 * one, by the time of a verification; what that tells is whether a kid is in
 * the set, which the issuer publishes.
 *
 * NGX_CR_JWT_OK: *jwt is a reference that the caller gives back with
 * ngx_cr_jwt_release().  Else *jwt is NULL.  The OpenSSL error queue is left
 * empty.
 */
ngx_cr_jwt_error_e ngx_cr_jwt_verify(const ngx_str_t *token,
    const ngx_cr_jwt_policy_t *policy, ngx_cr_jwk_set_t *keys, int64_t now,
    ngx_log_t *log, ngx_cr_jwt_t **jwt);

/* Gives a reference back; the last one frees. */
void ngx_cr_jwt_release(ngx_cr_jwt_t *jwt);

/* How long it is good from now on, in ms, a day at most; 0: no longer. */
ngx_msec_t ngx_cr_jwt_left(const ngx_cr_jwt_t *jwt);

/* A stable word for logs and metrics: [a-z_]+ */
const char *ngx_cr_jwt_error_name(ngx_cr_jwt_error_e error);

/*
 * A member of the payload, borrowed, or NULL.  A name that begins with a
 * slash is a JSON pointer (RFC 6901) through objects, for issuers that nest:
 * /realm_access/roles.
 */
json_t *ngx_cr_jwt_claim(json_t *payload, const ngx_str_t *name);

/*
 * The text of a string without control characters, of an integer or of a
 * boolean: *text points into value or into buf, of NGX_CR_JWT_TEXT_LEN bytes.
 * NGX_DECLINED: anything else.
 */
ngx_int_t ngx_cr_jwt_claim_text(json_t *value, u_char *buf, ngx_str_t *text);


#endif /* _NGX_CR_JWT_H_INCLUDED_ */
