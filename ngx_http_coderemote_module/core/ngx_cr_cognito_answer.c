
/*
 * Answers of Cognito, and what of them whoever asked is told.
 *
 * No answer may tell whether an account exists: the mapping below is one
 * table, so that a column can be read from top to bottom with that question.
 */


#include "ngx_cr_cognito.h"


#define NGX_CR_COGNITO_TYPE_MAX     64
#define NGX_CR_COGNITO_MESSAGE_MAX  200


typedef struct {
    const char                  *type;
    ngx_cr_cognito_error_e       error;
} ngx_cr_cognito_type_t;


static void ngx_cr_cognito_success(ngx_cr_cognito_answer_t *answer);
static void ngx_cr_cognito_failure(const char *type,
    ngx_cr_cognito_answer_t *answer);
static ngx_cr_cognito_error_e ngx_cr_cognito_refine(
    ngx_cr_cognito_error_e error, const ngx_str_t *message);
static void ngx_cr_cognito_type(const char *type, ngx_str_t *word);
static void ngx_cr_cognito_message(json_t *json, ngx_str_t *message);
static void ngx_cr_cognito_text(json_t *object, const char *name,
    ngx_str_t *text);
static ngx_uint_t ngx_cr_cognito_says(const ngx_str_t *text,
    const char *words);


static const ngx_cr_cognito_type_t  ngx_cr_cognito_types[] = {
    { "NotAuthorizedException", NGX_CR_COGNITO_E_REFUSED },
    { "UnauthorizedException", NGX_CR_COGNITO_E_REFUSED },
    { "UserNotConfirmedException", NGX_CR_COGNITO_E_UNCONFIRMED },
    { "UserNotFoundException", NGX_CR_COGNITO_E_NOT_FOUND },
    { "UsernameExistsException", NGX_CR_COGNITO_E_EXISTS },
    { "AliasExistsException", NGX_CR_COGNITO_E_EXISTS },
    { "InvalidPasswordException", NGX_CR_COGNITO_E_PASSWORD },
    { "PasswordHistoryPolicyViolationException", NGX_CR_COGNITO_E_PASSWORD },
    { "InvalidParameterException", NGX_CR_COGNITO_E_PARAMETER },
    { "CodeMismatchException", NGX_CR_COGNITO_E_CODE },
    { "ExpiredCodeException", NGX_CR_COGNITO_E_EXPIRED },
    { "PasswordResetRequiredException", NGX_CR_COGNITO_E_RESET },
    { "LimitExceededException", NGX_CR_COGNITO_E_LIMIT },
    { "TooManyFailedAttemptsException", NGX_CR_COGNITO_E_LIMIT },
    { "TooManyRequestsException", NGX_CR_COGNITO_E_RATE },
    { "CodeDeliveryFailureException", NGX_CR_COGNITO_E_DELIVERY },
    { "UserLambdaValidationException", NGX_CR_COGNITO_E_HOOK },
    { "ResourceNotFoundException", NGX_CR_COGNITO_E_CONFIG },
    { "InvalidUserPoolConfigurationException", NGX_CR_COGNITO_E_CONFIG },
    { "UnexpectedLambdaException", NGX_CR_COGNITO_E_CONFIG },
    { "InvalidLambdaResponseException", NGX_CR_COGNITO_E_CONFIG },
    { "InvalidSmsRoleAccessPolicyException", NGX_CR_COGNITO_E_CONFIG },
    { "InvalidSmsRoleTrustRelationshipException", NGX_CR_COGNITO_E_CONFIG },
    { "InvalidEmailRoleAccessPolicyException", NGX_CR_COGNITO_E_CONFIG },
    { "MFAMethodNotFoundException", NGX_CR_COGNITO_E_CONFIG },
    { "SoftwareTokenMFANotFoundException", NGX_CR_COGNITO_E_CONFIG },
    { "UnknownOperationException", NGX_CR_COGNITO_E_UNSUPPORTED },
    { "UnsupportedOperationException", NGX_CR_COGNITO_E_UNSUPPORTED },
    { "UnsupportedTokenTypeException", NGX_CR_COGNITO_E_UNSUPPORTED },
    { "Unsupported", NGX_CR_COGNITO_E_UNSUPPORTED },
    { NULL, NGX_CR_COGNITO_E_NONE }
};


#define CRED  NGX_CR_COGNITO_BAD_CREDENTIALS
#define UNCO  NGX_CR_COGNITO_UNCONFIRMED
#define MUST  NGX_CR_COGNITO_MUST_RESET
#define SESS  NGX_CR_COGNITO_BAD_SESSION
#define NONE  NGX_CR_COGNITO_NO_SESSION
#define CODE  NGX_CR_COGNITO_BAD_CODE
#define OLD   NGX_CR_COGNITO_OLD_CODE
#define WEAK  NGX_CR_COGNITO_WEAK
#define FLD   NGX_CR_COGNITO_BAD_FIELD
#define MANY  NGX_CR_COGNITO_TOO_MANY
#define CONF  NGX_CR_COGNITO_MISCONFIGURED
#define DOWN  NGX_CR_COGNITO_UNAVAILABLE
#define OK    NGX_CR_COGNITO_OK


/*
 * Who registers an account that exists is told the same as who registers a
 * new one.  Who resends or has forgotten is told the same as long as the
 * provider works at all.  Who confirms or resets an account that does not
 * exist has entered a wrong code.  Who has no right to log in has entered
 * wrong credentials.
 */

static const ngx_cr_cognito_outcome_e
    ngx_cr_cognito_mapping[NGX_CR_COGNITO_ERRORS][NGX_CR_COGNITO_ROUTES] =
{
    /*  login challenge register confirm resend refresh logout forgot reset */
    {   OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK   }, /* NONE */
    {   CRED, SESS, CONF, CODE, OK,   NONE, OK,   OK,   CODE }, /* REFUSED */
    {   UNCO, SESS, DOWN, CODE, OK,   NONE, OK,   OK,   CODE }, /* UNCONF. */
    {   CRED, SESS, DOWN, CODE, OK,   NONE, OK,   OK,   CODE }, /* NOT_FOUND */
    {   CRED, SESS, OK,   CODE, OK,   NONE, OK,   OK,   CODE }, /* EXISTS */
    {   CRED, WEAK, WEAK, CODE, OK,   NONE, OK,   OK,   WEAK }, /* PASSWORD */
    {   CRED, SESS, FLD,  CODE, OK,   NONE, OK,   OK,   CODE }, /* PARAMETER */
    {   CRED, CODE, DOWN, CODE, OK,   NONE, OK,   OK,   CODE }, /* CODE */
    {   CRED, CODE, DOWN, OLD,  OK,   NONE, OK,   OK,   OLD  }, /* EXPIRED */
    {   MUST, SESS, DOWN, CODE, OK,   NONE, OK,   OK,   CODE }, /* RESET */
    {   MANY, MANY, MANY, MANY, OK,   MANY, DOWN, OK,   MANY }, /* LIMIT */
    {   MANY, MANY, MANY, MANY, MANY, MANY, DOWN, MANY, MANY }, /* RATE */
    {   DOWN, DOWN, OK,   DOWN, OK,   DOWN, OK,   OK,   DOWN }, /* DELIVERY */
    {   CRED, SESS, FLD,  CODE, OK,   NONE, OK,   OK,   CODE }, /* HOOK */
    {   CONF, CONF, CONF, CONF, CONF, CONF, CONF, CONF, CONF }, /* CONFIG */
    {   DOWN, DOWN, DOWN, DOWN, DOWN, DOWN, DOWN, DOWN, DOWN }, /* UNSUPP. */
    {   DOWN, DOWN, DOWN, DOWN, DOWN, DOWN, DOWN, DOWN, DOWN }, /* OTHER */
};


#undef CRED
#undef UNCO
#undef MUST
#undef SESS
#undef NONE
#undef CODE
#undef OLD
#undef WEAK
#undef FLD
#undef MANY
#undef CONF
#undef DOWN
#undef OK


static const char *const  ngx_cr_cognito_routes[] = {
    "login", "challenge", "register", "confirm", "resend", "refresh",
    "logout", "forgot", "reset"
};


static const char *const  ngx_cr_cognito_outcomes[] = {
    "ok", "challenge", "invalid_credentials", "user_not_confirmed",
    "password_reset_required", "invalid_session", "no_session",
    "code_mismatch", "code_expired", "weak_password", "invalid_field",
    "too_many_attempts", "auth_misconfigured", "auth_unavailable"
};


void
ngx_cr_cognito_parse(long status, const u_char *data, size_t len,
    const char *type, ngx_cr_cognito_answer_t *answer)
{
    u_char      text[128];
    ngx_str_t   detail;
    ngx_uint_t  bad_utf8;

    ngx_memzero(answer, sizeof(ngx_cr_cognito_answer_t));

    detail.data = text;
    detail.len = sizeof(text);

    if (len != 0) {
        answer->json = ngx_cr_json_decode(data, len, &bad_utf8, &detail);
    }

    if (status == 200) {

        /* some operations answer with nothing at all */

        if (answer->json == NULL && len != 0) {
            answer->error = NGX_CR_COGNITO_E_OTHER;
            ngx_str_set(&answer->type, "no_json");
            return;
        }

        ngx_cr_cognito_success(answer);
        return;
    }

    ngx_cr_cognito_failure(type, answer);
}


static void
ngx_cr_cognito_success(ngx_cr_cognito_answer_t *answer)
{
    json_t  *result, *params;

    result = json_object_get(answer->json, "AuthenticationResult");

    ngx_cr_cognito_text(result, "AccessToken", &answer->access);
    ngx_cr_cognito_text(result, "IdToken", &answer->id);
    ngx_cr_cognito_text(result, "RefreshToken", &answer->refresh);

    ngx_cr_cognito_text(answer->json, "ChallengeName", &answer->challenge);
    ngx_cr_cognito_text(answer->json, "Session", &answer->session);

    params = json_object_get(answer->json, "ChallengeParameters");

    ngx_cr_cognito_text(params, "USER_ID_FOR_SRP", &answer->user);
    ngx_cr_cognito_text(params, "CODE_DELIVERY_DESTINATION",
                        &answer->destination);
}


/* whoever is between may answer too: HTML, or nothing */

static void
ngx_cr_cognito_failure(const char *type, ngx_cr_cognito_answer_t *answer)
{
    const char                   *name;
    const ngx_cr_cognito_type_t  *t;

    name = json_string_value(json_object_get(answer->json, "__type"));

    ngx_cr_cognito_type((name != NULL) ? name : type, &answer->type);
    ngx_cr_cognito_message(answer->json, &answer->message);

    answer->error = NGX_CR_COGNITO_E_OTHER;

    for (t = ngx_cr_cognito_types; t->type != NULL; t++) {
        if (ngx_strlen(t->type) == answer->type.len
            && ngx_strncmp(t->type, answer->type.data, answer->type.len) == 0)
        {
            answer->error = ngx_cr_cognito_refine(t->error,
                                                  &answer->message);
            return;
        }
    }

    if (answer->type.len == 0) {
        ngx_str_set(&answer->type, "unnamed");
    }
}


/* errors of one type that mean different things */

static ngx_cr_cognito_error_e
ngx_cr_cognito_refine(ngx_cr_cognito_error_e error, const ngx_str_t *message)
{
    if (error == NGX_CR_COGNITO_E_REFUSED) {

        if (ngx_cr_cognito_says(message, "attempts exceeded")) {
            return NGX_CR_COGNITO_E_LIMIT;
        }

        if (ngx_cr_cognito_says(message, "secret hash")
            || ngx_cr_cognito_says(message, "SECRET_HASH")
            || ngx_cr_cognito_says(message, "client secret"))
        {
            return NGX_CR_COGNITO_E_CONFIG;
        }
    }

    if (error == NGX_CR_COGNITO_E_PARAMETER
        && (ngx_cr_cognito_says(message, "flow not enabled")
            || ngx_cr_cognito_says(message, "flow not supported")))
    {
        return NGX_CR_COGNITO_E_CONFIG;
    }

    return error;
}


/* "com.amazonaws.x#Name:http://..." is "Name" */

static void
ngx_cr_cognito_type(const char *type, ngx_str_t *word)
{
    size_t       len;
    const char  *p;

    p = strchr(type, '#');
    if (p != NULL) {
        type = p + 1;
    }

    for (len = 0; len < NGX_CR_COGNITO_TYPE_MAX; len++) {
        if ((type[len] < '0' || type[len] > '9')
            && (type[len] < 'A' || type[len] > 'Z')
            && (type[len] < 'a' || type[len] > 'z')
            && type[len] != '_')
        {
            break;
        }
    }

    word->data = (u_char *) type;
    word->len = len;
}


/* only what may go into a log or an answer */

static void
ngx_cr_cognito_message(json_t *json, ngx_str_t *message)
{
    size_t  i;

    ngx_cr_cognito_text(json, "message", message);

    if (message->len == 0) {
        ngx_cr_cognito_text(json, "Message", message);
    }

    if (message->len > NGX_CR_COGNITO_MESSAGE_MAX) {
        message->len = NGX_CR_COGNITO_MESSAGE_MAX;
    }

    for (i = 0; i < message->len; i++) {
        if (message->data[i] < 0x20 || message->data[i] > 0x7e) {
            ngx_str_null(message);
            return;
        }
    }
}


static void
ngx_cr_cognito_text(json_t *object, const char *name, ngx_str_t *text)
{
    json_t  *value;

    value = json_object_get(object, name);

    text->data = (u_char *) json_string_value(value);
    text->len = json_string_length(value);
}


static ngx_uint_t
ngx_cr_cognito_says(const ngx_str_t *text, const char *words)
{
    return text->len != 0
           && ngx_strlcasestrn(text->data, text->data + text->len,
                               (u_char *) words, ngx_strlen(words) - 1)
              != NULL;
}


void
ngx_cr_cognito_done(ngx_cr_cognito_answer_t *answer)
{
    ngx_cr_cognito_wipe(answer->json);
    json_decref(answer->json);

    ngx_memzero(answer, sizeof(ngx_cr_cognito_answer_t));
}


ngx_cr_cognito_outcome_e
ngx_cr_cognito_outcome(ngx_cr_cognito_route_e route,
    const ngx_cr_cognito_answer_t *answer)
{
    ngx_uint_t                login;
    ngx_cr_cognito_outcome_e  outcome;

    outcome = ngx_cr_cognito_mapping[answer->error][route];

    login = (route == NGX_CR_COGNITO_LOGIN
             || route == NGX_CR_COGNITO_CHALLENGE
             || route == NGX_CR_COGNITO_REFRESHING);

    if (outcome != NGX_CR_COGNITO_OK || !login) {
        return outcome;
    }

    if (answer->challenge.len != 0 && route != NGX_CR_COGNITO_REFRESHING) {
        return (answer->session.len != 0
                && ngx_cr_cognito_challenge_known(&answer->challenge))
               ? NGX_CR_COGNITO_CHALLENGED : NGX_CR_COGNITO_MISCONFIGURED;
    }

    if (answer->access.len == 0
        || (answer->refresh.len == 0 && route != NGX_CR_COGNITO_REFRESHING))
    {
        return NGX_CR_COGNITO_UNAVAILABLE;
    }

    return NGX_CR_COGNITO_OK;
}


const char *
ngx_cr_cognito_route_name(ngx_cr_cognito_route_e route)
{
    return ngx_cr_cognito_routes[route];
}


const char *
ngx_cr_cognito_outcome_name(ngx_cr_cognito_outcome_e outcome)
{
    return ngx_cr_cognito_outcomes[outcome];
}
