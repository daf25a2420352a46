
/* Requests to Cognito: one table says what an operation's body consists of. */


#include "ngx_cr_cognito.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>


#define NGX_CR_COGNITO_HASH_LEN  44         /* base64 of 32 bytes */
#define NGX_CR_COGNITO_SLACK     2048       /* names and punctuation */

#define NGX_CR_COGNITO_HEADERS(name)                                          \
    { "Content-Type: application/x-amz-json-1.1",                             \
      "X-Amz-Target: AWSCognitoIdentityProviderService." name,                \
      "Accept: application/json",                                             \
      "Expect:",                                                              \
      NULL }


/* how the client proves itself */

#define NGX_CR_COGNITO_PROOF_NONE    0
#define NGX_CR_COGNITO_PROOF_HASH    1      /* "SecretHash" */
#define NGX_CR_COGNITO_PROOF_PARAM   2      /* "SECRET_HASH", a parameter */
#define NGX_CR_COGNITO_PROOF_SECRET  3      /* "ClientSecret", the thing
                                               itself */


/* a name that is NULL: the operation has no such member */

typedef struct {
    const char                  *headers[5];
    const char                  *flow;      /* "AuthFlow" */
    const char                  *object;    /* around user, password, code and
                                               token; NULL: the top level */
    const char                  *user;
    const char                  *password;
    const char                  *code;
    const char                  *token;
    ngx_uint_t                   proof;
} ngx_cr_cognito_op_t;


static void ngx_cr_cognito_write(ngx_cr_json_t *j,
    const ngx_cr_cognito_op_t *op, ngx_cr_cognito_op_e number,
    const ngx_cr_cognito_client_t *client,
    const ngx_cr_cognito_fields_t *fields, const ngx_str_t *hash);
static void ngx_cr_cognito_member(ngx_cr_json_t *j, const char *name,
    const ngx_str_t *value);
static const char *ngx_cr_cognito_code_name(const ngx_str_t *challenge);
static size_t ngx_cr_cognito_size(const ngx_str_t *text);


/* in the order of ngx_cr_cognito_op_e */

static const ngx_cr_cognito_op_t  ngx_cr_cognito_ops[] = {

    { NGX_CR_COGNITO_HEADERS("InitiateAuth"), "USER_PASSWORD_AUTH",
      "AuthParameters", "USERNAME", "PASSWORD", NULL, NULL,
      NGX_CR_COGNITO_PROOF_PARAM },

    { NGX_CR_COGNITO_HEADERS("RespondToAuthChallenge"), NULL,
      "ChallengeResponses", "USERNAME", "NEW_PASSWORD", "", NULL,
      NGX_CR_COGNITO_PROOF_PARAM },

    { NGX_CR_COGNITO_HEADERS("SignUp"), NULL,
      NULL, "Username", "Password", NULL, NULL,
      NGX_CR_COGNITO_PROOF_HASH },

    { NGX_CR_COGNITO_HEADERS("ConfirmSignUp"), NULL,
      NULL, "Username", NULL, "ConfirmationCode", NULL,
      NGX_CR_COGNITO_PROOF_HASH },

    { NGX_CR_COGNITO_HEADERS("ResendConfirmationCode"), NULL,
      NULL, "Username", NULL, NULL, NULL,
      NGX_CR_COGNITO_PROOF_HASH },

    { NGX_CR_COGNITO_HEADERS("GetTokensFromRefreshToken"), NULL,
      NULL, NULL, NULL, NULL, "RefreshToken",
      NGX_CR_COGNITO_PROOF_SECRET },

    { NGX_CR_COGNITO_HEADERS("InitiateAuth"), "REFRESH_TOKEN_AUTH",
      "AuthParameters", NULL, NULL, NULL, "REFRESH_TOKEN",
      NGX_CR_COGNITO_PROOF_PARAM },

    { NGX_CR_COGNITO_HEADERS("RevokeToken"), NULL,
      NULL, NULL, NULL, NULL, "Token",
      NGX_CR_COGNITO_PROOF_SECRET },

    { NGX_CR_COGNITO_HEADERS("GlobalSignOut"), NULL,
      NULL, NULL, NULL, NULL, "AccessToken",
      NGX_CR_COGNITO_PROOF_NONE },

    { NGX_CR_COGNITO_HEADERS("ForgotPassword"), NULL,
      NULL, "Username", NULL, NULL, NULL,
      NGX_CR_COGNITO_PROOF_HASH },

    { NGX_CR_COGNITO_HEADERS("ConfirmForgotPassword"), NULL,
      NULL, "Username", "Password", "ConfirmationCode", NULL,
      NGX_CR_COGNITO_PROOF_HASH }
};


const char *const *
ngx_cr_cognito_headers(ngx_cr_cognito_op_e op)
{
    return ngx_cr_cognito_ops[op].headers;
}


ngx_int_t
ngx_cr_cognito_request(ngx_cr_cognito_op_e op,
    const ngx_cr_cognito_client_t *client,
    const ngx_cr_cognito_fields_t *fields, ngx_pool_t *pool, ngx_str_t *body)
{
    size_t         size;
    u_char         buf[NGX_CR_COGNITO_HASH_LEN];
    ngx_str_t      hash;
    ngx_cr_json_t  j;

    hash.data = buf;
    hash.len = 0;

    if (client->secret.len != 0 && fields->user.len != 0
        && ngx_cr_cognito_hash(client, &fields->user, &hash) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* one buffer, so that there is one place to wipe */

    size = NGX_CR_COGNITO_SLACK
           + ngx_cr_cognito_size(&client->id)
           + ngx_cr_cognito_size(&client->secret)
           + 2 * ngx_cr_cognito_size(&fields->user)
           + ngx_cr_cognito_size(&fields->password)
           + ngx_cr_cognito_size(&fields->code)
           + ngx_cr_cognito_size(&fields->challenge)
           + ngx_cr_cognito_size(&fields->session)
           + ngx_cr_cognito_size(&fields->token);

    ngx_cr_json_init(&j, pool, size);

    ngx_cr_cognito_write(&j, &ngx_cr_cognito_ops[op], op, client, fields,
                         &hash);

    if (ngx_cr_json_done(&j, &body->len) != NGX_OK
        || j.first->next != NULL)
    {
        return NGX_ERROR;
    }

    body->data = j.first->buf->pos;

    return NGX_OK;
}


static void
ngx_cr_cognito_write(ngx_cr_json_t *j, const ngx_cr_cognito_op_t *op,
    ngx_cr_cognito_op_e number, const ngx_cr_cognito_client_t *client,
    const ngx_cr_cognito_fields_t *fields, const ngx_str_t *hash)
{
    const char  *code;

    ngx_cr_json_begin(j, '{');

    if (op->proof != NGX_CR_COGNITO_PROOF_NONE) {
        ngx_cr_cognito_member(j, "ClientId", &client->id);
    }

    if (client->secret.len != 0 && op->proof == NGX_CR_COGNITO_PROOF_SECRET) {
        ngx_cr_cognito_member(j, "ClientSecret", &client->secret);
    }

    if (op->flow != NULL) {
        ngx_cr_json_name(j, "AuthFlow");
        ngx_cr_json_cstr(j, op->flow);
    }

    if (number == NGX_CR_COGNITO_RESPOND) {
        ngx_cr_cognito_member(j, "ChallengeName", &fields->challenge);
        ngx_cr_cognito_member(j, "Session", &fields->session);
    }

    if (op->object != NULL) {
        ngx_cr_json_name(j, op->object);
        ngx_cr_json_begin(j, '{');
    }

    code = (number == NGX_CR_COGNITO_RESPOND)
           ? ngx_cr_cognito_code_name(&fields->challenge) : op->code;

    ngx_cr_cognito_member(j, op->user, &fields->user);
    ngx_cr_cognito_member(j, op->password, &fields->password);
    ngx_cr_cognito_member(j, code, &fields->code);
    ngx_cr_cognito_member(j, op->token, &fields->token);

    if (op->proof == NGX_CR_COGNITO_PROOF_HASH) {
        ngx_cr_cognito_member(j, "SecretHash", hash);

    } else if (op->proof == NGX_CR_COGNITO_PROOF_PARAM) {
        ngx_cr_cognito_member(j, "SECRET_HASH", hash);
    }

    if (op->object != NULL) {
        ngx_cr_json_end(j, '}');
    }

    if (number == NGX_CR_COGNITO_SIGN_UP) {
        ngx_cr_json_name(j, "UserAttributes");
        ngx_cr_json_begin(j, '[');
        ngx_cr_json_begin(j, '{');
        ngx_cr_json_name(j, "Name");
        ngx_cr_json_cstr(j, "email");
        ngx_cr_cognito_member(j, "Value", &fields->user);
        ngx_cr_json_end(j, '}');
        ngx_cr_json_end(j, ']');
    }

    ngx_cr_json_end(j, '}');
}


static void
ngx_cr_cognito_member(ngx_cr_json_t *j, const char *name,
    const ngx_str_t *value)
{
    if (name != NULL && value->len != 0) {
        ngx_cr_json_name(j, name);
        ngx_cr_json_text(j, value->data, value->len);
    }
}


static const char *
ngx_cr_cognito_code_name(const ngx_str_t *challenge)
{
    return (challenge->len == 7
            && ngx_strncmp(challenge->data, "SMS_MFA", 7) == 0)
           ? "SMS_MFA_CODE" : "SOFTWARE_TOKEN_MFA_CODE";
}


/* as JSON, escapes included */

static size_t
ngx_cr_cognito_size(const ngx_str_t *text)
{
    size_t  i, n;

    n = text->len + 2;

    for (i = 0; i < text->len; i++) {
        if (text->data[i] < 0x20 || text->data[i] == 0x7f
            || text->data[i] == '"' || text->data[i] == '\\')
        {
            n += 5;
        }
    }

    return n;
}


ngx_int_t
ngx_cr_cognito_hash(const ngx_cr_cognito_client_t *client,
    const ngx_str_t *user, ngx_str_t *hash)
{
    u_char        text[NGX_CR_COGNITO_SESSION_MAX], mac[EVP_MAX_MD_SIZE], *p;
    ngx_str_t     raw;
    unsigned int  n;

    if (user->len > sizeof(text) || client->id.len > sizeof(text) - user->len)
    {
        return NGX_ERROR;
    }

    p = ngx_cpymem(text, user->data, user->len);
    p = ngx_cpymem(p, client->id.data, client->id.len);

    if (HMAC(EVP_sha256(), client->secret.data, (int) client->secret.len,
             text, p - text, mac, &n)
        == NULL)
    {
        return NGX_ERROR;
    }

    raw.data = mac;
    raw.len = n;

    ngx_encode_base64(hash, &raw);

    return NGX_OK;
}


ngx_uint_t
ngx_cr_cognito_challenge_known(const ngx_str_t *name)
{
    ngx_uint_t               i;
    static const ngx_str_t   known[] = {
        ngx_string("SOFTWARE_TOKEN_MFA"),
        ngx_string("SMS_MFA"),
        ngx_string("NEW_PASSWORD_REQUIRED")
    };

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (name->len == known[i].len
            && ngx_memcmp(name->data, known[i].data, name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* the first letter of a name and of its host, or the last two digits */

ngx_int_t
ngx_cr_cognito_mask(const ngx_str_t *text, ngx_pool_t *pool,
    ngx_str_t *masked)
{
    u_char  *p, *at, *last;

    *masked = *text;

    if (text->len == 0) {
        return NGX_OK;
    }

    last = text->data + text->len;

    if (ngx_strlchr(text->data, last, '*') != NULL) {
        return NGX_OK;
    }

    at = ngx_strlchr(text->data, last, '@');

    masked->data = ngx_pnalloc(pool, text->len + sizeof("a***@b***"));
    if (masked->data == NULL) {
        return NGX_ERROR;
    }

    p = masked->data;

    if (at != NULL && at > text->data && at + 1 < last
        && text->data[0] < 0x80 && at[1] < 0x80)
    {
        p = ngx_sprintf(p, "%c***@%c***", text->data[0], at[1]);

    } else if (text->data[0] == '+' && text->len > 4
               && last[-1] < 0x80 && last[-2] < 0x80)
    {
        *p++ = '+';
        p = ngx_cpymem(p, "*******", 7);
        *p++ = last[-2];
        *p++ = last[-1];

    } else {
        p = ngx_cpymem(p, "***", 3);
    }

    masked->len = p - masked->data;

    return NGX_OK;
}


void
ngx_cr_cognito_wipe(json_t *json)
{
    json_t      *value;
    const char  *name;

    if (json_is_string(json)) {

        /* the memory is jansson's, and goes back to the heap after this */

        explicit_bzero((void *) json_string_value(json),
                       json_string_length(json));
        return;
    }

    json_object_foreach(json, name, value) {
        ngx_cr_cognito_wipe(value);
    }
}
