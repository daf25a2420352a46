
/*
 * Amazon Cognito's JSON API for applications: what is sent, and what an
 * answer means.  Pure; the transfer is somebody else's.
 */


#ifndef _NGX_CR_COGNITO_H_INCLUDED_
#define _NGX_CR_COGNITO_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_cr_json.h"


#define NGX_CR_COGNITO_ANSWER_MAX   65536   /* bytes of an answer */
#define NGX_CR_COGNITO_EMAIL_MAX    128     /* Cognito's own for Username */
#define NGX_CR_COGNITO_PASSWORD_MAX 256     /* Cognito's own */
#define NGX_CR_COGNITO_CODE_MAX     64
#define NGX_CR_COGNITO_SESSION_MAX  4096
#define NGX_CR_COGNITO_REFRESH_MAX  4096    /* a browser keeps no more */


/* operations of the API */

typedef enum {
    NGX_CR_COGNITO_SIGN_IN = 0,     /* user, password */
    NGX_CR_COGNITO_RESPOND,         /* challenge, session, user; code, or
                                       password, which is the new one */
    NGX_CR_COGNITO_SIGN_UP,         /* user, password */
    NGX_CR_COGNITO_CONFIRM,         /* user, code */
    NGX_CR_COGNITO_RESEND,          /* user */
    NGX_CR_COGNITO_REFRESH,         /* token: gives a new one of these too
                                       when the client rotates them */
    NGX_CR_COGNITO_REFRESH_AUTH,    /* user, token: the older way, refused
                                       to clients that rotate */
    NGX_CR_COGNITO_REVOKE,          /* token: a refresh token */
    NGX_CR_COGNITO_SIGN_OUT,        /* token: an access token */
    NGX_CR_COGNITO_FORGOT,          /* user */
    NGX_CR_COGNITO_RESET            /* user, code, password */
} ngx_cr_cognito_op_e;


/* what is asked of us; the order is that of the columns of the mapping */

typedef enum {
    NGX_CR_COGNITO_LOGIN = 0,
    NGX_CR_COGNITO_CHALLENGE,
    NGX_CR_COGNITO_REGISTER,
    NGX_CR_COGNITO_CONFIRMATION,
    NGX_CR_COGNITO_RESENDING,
    NGX_CR_COGNITO_REFRESHING,
    NGX_CR_COGNITO_LOGOUT,
    NGX_CR_COGNITO_FORGOTTEN,
    NGX_CR_COGNITO_RESETTING,
    NGX_CR_COGNITO_ROUTES
} ngx_cr_cognito_route_e;


/* what is told of it */

typedef enum {
    NGX_CR_COGNITO_OK = 0,
    NGX_CR_COGNITO_CHALLENGED,
    NGX_CR_COGNITO_BAD_CREDENTIALS,
    NGX_CR_COGNITO_UNCONFIRMED,
    NGX_CR_COGNITO_MUST_RESET,
    NGX_CR_COGNITO_BAD_SESSION,
    NGX_CR_COGNITO_NO_SESSION,
    NGX_CR_COGNITO_BAD_CODE,
    NGX_CR_COGNITO_OLD_CODE,
    NGX_CR_COGNITO_WEAK,
    NGX_CR_COGNITO_BAD_FIELD,
    NGX_CR_COGNITO_TOO_MANY,
    NGX_CR_COGNITO_MISCONFIGURED,
    NGX_CR_COGNITO_UNAVAILABLE,
    NGX_CR_COGNITO_OUTCOMES
} ngx_cr_cognito_outcome_e;


typedef enum {
    NGX_CR_COGNITO_E_NONE = 0,
    NGX_CR_COGNITO_E_REFUSED,       /* NotAuthorizedException */
    NGX_CR_COGNITO_E_UNCONFIRMED,
    NGX_CR_COGNITO_E_NOT_FOUND,
    NGX_CR_COGNITO_E_EXISTS,
    NGX_CR_COGNITO_E_PASSWORD,
    NGX_CR_COGNITO_E_PARAMETER,
    NGX_CR_COGNITO_E_CODE,
    NGX_CR_COGNITO_E_EXPIRED,
    NGX_CR_COGNITO_E_RESET,
    NGX_CR_COGNITO_E_LIMIT,         /* of an account */
    NGX_CR_COGNITO_E_RATE,          /* of all accounts together */
    NGX_CR_COGNITO_E_DELIVERY,      /* a code could not be sent */
    NGX_CR_COGNITO_E_HOOK,          /* a function of the pool's owner says no */
    NGX_CR_COGNITO_E_CONFIG,
    NGX_CR_COGNITO_E_UNSUPPORTED,   /* an operation that it does not have */
    NGX_CR_COGNITO_E_OTHER,         /* out of order, or not to be understood */
    NGX_CR_COGNITO_ERRORS
} ngx_cr_cognito_error_e;


typedef struct {
    ngx_str_t                    id;
    ngx_str_t                    secret;    /* len 0: the client has none */
} ngx_cr_cognito_client_t;


typedef struct {
    ngx_str_t                    user;
    ngx_str_t                    password;
    ngx_str_t                    code;
    ngx_str_t                    challenge;
    ngx_str_t                    session;
    ngx_str_t                    token;
} ngx_cr_cognito_fields_t;


/* texts are of json, or constants */

typedef struct {
    json_t                      *json;      /* NULL: nothing, or no JSON */
    ngx_cr_cognito_error_e       error;
    ngx_str_t                    type;      /* of an error, for logs: a word */
    ngx_str_t                    message;   /* printable ASCII, or empty */
    ngx_str_t                    access;
    ngx_str_t                    id;
    ngx_str_t                    refresh;
    ngx_str_t                    challenge;
    ngx_str_t                    session;
    ngx_str_t                    user;      /* as the provider names it, for
                                               the answer to the challenge */
    ngx_str_t                    destination;  /* where a code was sent */
} ngx_cr_cognito_answer_t;


/* Header lines of an operation's request, up to a NULL. */
const char *const *ngx_cr_cognito_headers(ngx_cr_cognito_op_e op);

/*
 * The body of a request, in one piece of pool, to be wiped by the caller.
 * Texts must be UTF-8.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_cr_cognito_request(ngx_cr_cognito_op_e op,
    const ngx_cr_cognito_client_t *client,
    const ngx_cr_cognito_fields_t *fields, ngx_pool_t *pool, ngx_str_t *body);

/*
 * base64(HMAC-SHA256(secret, user + client id)); room for 44 bytes in hash.
 */
ngx_int_t ngx_cr_cognito_hash(const ngx_cr_cognito_client_t *client,
    const ngx_str_t *user, ngx_str_t *hash);

/*
 * Reads an answer: status of HTTP, body, and the header x-amzn-ErrorType or
 * an empty text.  Whatever is in them, answer is filled and the caller's to
 * give to ngx_cr_cognito_done(), which wipes it.
 */
void ngx_cr_cognito_parse(long status, const u_char *data, size_t len,
    const char *type, ngx_cr_cognito_answer_t *answer);
void ngx_cr_cognito_done(ngx_cr_cognito_answer_t *answer);

/*
 * What an answer means for who asked.  With OK tokens are there where the
 * route has any; with CHALLENGED challenge and session are.
 */
ngx_cr_cognito_outcome_e ngx_cr_cognito_outcome(ngx_cr_cognito_route_e route,
    const ngx_cr_cognito_answer_t *answer);

/* Words for metrics and logs. */
const char *ngx_cr_cognito_route_name(ngx_cr_cognito_route_e route);
const char *ngx_cr_cognito_outcome_name(ngx_cr_cognito_outcome_e outcome);

/* 1: a challenge that a page can answer */
ngx_uint_t ngx_cr_cognito_challenge_known(const ngx_str_t *name);

/*
 * Masks an address or a number: a***@e***, or the last two digits;
 * what has a star already is as it should be.  NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_cr_cognito_mask(const ngx_str_t *text, ngx_pool_t *pool,
    ngx_str_t *masked);

/* Overwrites the strings of an object of strings and objects. */
void ngx_cr_cognito_wipe(json_t *json);


#endif /* _NGX_CR_COGNITO_H_INCLUDED_ */
