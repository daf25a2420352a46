
/* Bodies of /auth/: one table says which members a route has. */


#include "ngx_http_coderemote_api_auth.h"


#define NGX_HTTP_CODEREMOTE_BIT(route)  (1 << NGX_CR_COGNITO_##route)

/* bytes that a text may have */

#define NGX_HTTP_CODEREMOTE_TEXT_ANY    0
#define NGX_HTTP_CODEREMOTE_TEXT_EMAIL  1   /* no control, no blank, an "@" */
#define NGX_HTTP_CODEREMOTE_TEXT_GRAPH  2   /* printable ASCII, no blank */


typedef struct {
    const char                  *name;
    size_t                       offset;    /* in ngx_cr_cognito_fields_t */
    size_t                       max;
    ngx_uint_t                   kind;
    ngx_uint_t                   needed;    /* bits of routes */
    ngx_uint_t                   allowed;
    const char                  *rule;
} ngx_http_coderemote_auth_field_t;


static const ngx_http_coderemote_auth_field_t *
    ngx_http_coderemote_auth_field_find(ngx_cr_cognito_route_e route,
    const char *name);
static ngx_int_t ngx_http_coderemote_auth_field_read(
    const ngx_http_coderemote_auth_field_t *field, json_t *value,
    ngx_uint_t needed, ngx_str_t *text,
    ngx_http_coderemote_problem_t *problem);
static ngx_uint_t ngx_http_coderemote_auth_field_good(
    const ngx_http_coderemote_auth_field_t *field, const ngx_str_t *text);
static ngx_int_t ngx_http_coderemote_auth_fields_challenge(
    const ngx_cr_cognito_fields_t *fields,
    ngx_http_coderemote_problem_t *problem);


static const ngx_http_coderemote_auth_field_t
    ngx_http_coderemote_auth_field_table[] =
{
    { "email", offsetof(ngx_cr_cognito_fields_t, user),
      NGX_CR_COGNITO_EMAIL_MAX, NGX_HTTP_CODEREMOTE_TEXT_EMAIL,
      NGX_HTTP_CODEREMOTE_BIT(LOGIN)|NGX_HTTP_CODEREMOTE_BIT(CHALLENGE)
      |NGX_HTTP_CODEREMOTE_BIT(REGISTER)
      |NGX_HTTP_CODEREMOTE_BIT(CONFIRMATION)
      |NGX_HTTP_CODEREMOTE_BIT(RESENDING)|NGX_HTTP_CODEREMOTE_BIT(FORGOTTEN)
      |NGX_HTTP_CODEREMOTE_BIT(RESETTING), 0,
      "must be an address like name@example.com" },

    { "password", offsetof(ngx_cr_cognito_fields_t, password),
      NGX_CR_COGNITO_PASSWORD_MAX, NGX_HTTP_CODEREMOTE_TEXT_ANY,
      NGX_HTTP_CODEREMOTE_BIT(LOGIN)|NGX_HTTP_CODEREMOTE_BIT(REGISTER), 0,
      "must have from 1 to 256 bytes" },

    { "new_password", offsetof(ngx_cr_cognito_fields_t, password),
      NGX_CR_COGNITO_PASSWORD_MAX, NGX_HTTP_CODEREMOTE_TEXT_ANY,
      NGX_HTTP_CODEREMOTE_BIT(RESETTING),
      NGX_HTTP_CODEREMOTE_BIT(CHALLENGE),
      "must have from 1 to 256 bytes" },

    { "code", offsetof(ngx_cr_cognito_fields_t, code),
      NGX_CR_COGNITO_CODE_MAX, NGX_HTTP_CODEREMOTE_TEXT_GRAPH,
      NGX_HTTP_CODEREMOTE_BIT(CONFIRMATION)
      |NGX_HTTP_CODEREMOTE_BIT(RESETTING),
      NGX_HTTP_CODEREMOTE_BIT(CHALLENGE),
      "must have from 1 to 64 digits or letters" },

    { "challenge", offsetof(ngx_cr_cognito_fields_t, challenge),
      NGX_CR_COGNITO_CODE_MAX, NGX_HTTP_CODEREMOTE_TEXT_GRAPH,
      NGX_HTTP_CODEREMOTE_BIT(CHALLENGE), 0,
      "must be SOFTWARE_TOKEN_MFA, SMS_MFA or NEW_PASSWORD_REQUIRED" },

    { "session", offsetof(ngx_cr_cognito_fields_t, session),
      NGX_CR_COGNITO_SESSION_MAX, NGX_HTTP_CODEREMOTE_TEXT_GRAPH,
      NGX_HTTP_CODEREMOTE_BIT(CHALLENGE), 0,
      "must be what came with the challenge" },

    { NULL, 0, 0, 0, 0, 0, NULL }
};


ngx_int_t
ngx_http_coderemote_auth_fields(ngx_cr_cognito_route_e route, json_t *body,
    ngx_cr_cognito_fields_t *fields, ngx_http_coderemote_problem_t *problem)
{
    json_t                                  *value;
    ngx_str_t                               *text;
    const char                              *name;
    const ngx_http_coderemote_auth_field_t  *f;

    ngx_memzero(fields, sizeof(ngx_cr_cognito_fields_t));

    json_object_foreach(body, name, value) {

        if (ngx_http_coderemote_auth_field_find(route, name) == NULL) {
            ngx_http_coderemote_problem(problem,
                                        NGX_HTTP_CODEREMOTE_UNKNOWN_FIELD,
                                        name, "leave it out");
            return NGX_ERROR;
        }
    }

    for (f = ngx_http_coderemote_auth_field_table; f->name != NULL; f++) {

        if (ngx_http_coderemote_auth_field_find(route, f->name) == NULL) {
            continue;
        }

        text = (ngx_str_t *) ((u_char *) fields + f->offset);

        if (ngx_http_coderemote_auth_field_read(f,
                                json_object_get(body, f->name),
                                f->needed & (1 << route), text, problem)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return (route == NGX_CR_COGNITO_CHALLENGE)
           ? ngx_http_coderemote_auth_fields_challenge(fields, problem)
           : NGX_OK;
}


static const ngx_http_coderemote_auth_field_t *
ngx_http_coderemote_auth_field_find(ngx_cr_cognito_route_e route,
    const char *name)
{
    const ngx_http_coderemote_auth_field_t  *f;

    for (f = ngx_http_coderemote_auth_field_table; f->name != NULL; f++) {
        if (((f->needed | f->allowed) & (1 << route))
            && ngx_strcmp(f->name, name) == 0)
        {
            return f;
        }
    }

    return NULL;
}


/* the wrong type is a mistake of a program, the wrong value one of a user */

static ngx_int_t
ngx_http_coderemote_auth_field_read(
    const ngx_http_coderemote_auth_field_t *field, json_t *value,
    ngx_uint_t needed, ngx_str_t *text,
    ngx_http_coderemote_problem_t *problem)
{
    if (value == NULL) {

        if (!needed) {
            return NGX_OK;
        }

        ngx_http_coderemote_problem(problem,
                                    NGX_HTTP_CODEREMOTE_MISSING_FIELD,
                                    field->name, "%s", field->rule);
        return NGX_ERROR;
    }

    if (!json_is_string(value)) {
        ngx_http_coderemote_problem(problem,
                                    NGX_HTTP_CODEREMOTE_INVALID_FIELD,
                                    field->name, "must be a string");
        return NGX_ERROR;
    }

    text->data = (u_char *) json_string_value(value);
    text->len = json_string_length(value);

    if (text->len == 0 || text->len > field->max
        || !ngx_http_coderemote_auth_field_good(field, text))
    {
        ngx_http_coderemote_problem(problem,
                                    NGX_HTTP_CODEREMOTE_INVALID_FIELD,
                                    field->name, "%s", field->rule);
        problem->status = NGX_HTTP_CODEREMOTE_UNPROCESSABLE;

        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_coderemote_auth_field_good(
    const ngx_http_coderemote_auth_field_t *field, const ngx_str_t *text)
{
    u_char      ch;
    size_t      i;
    ngx_uint_t  at;

    if (field->kind == NGX_HTTP_CODEREMOTE_TEXT_ANY) {
        return 1;
    }

    at = 0;

    for (i = 0; i < text->len; i++) {
        ch = text->data[i];

        if (ch <= ' ' || ch == 0x7f) {
            return 0;
        }

        if (ch > 0x7f && field->kind == NGX_HTTP_CODEREMOTE_TEXT_GRAPH) {
            return 0;
        }

        if (ch == '@') {
            at = (i > 0 && i + 1 < text->len) ? at + 1 : 2;
        }
    }

    return field->kind == NGX_HTTP_CODEREMOTE_TEXT_GRAPH || at == 1;
}


/* a code or a new password, as the challenge wants it */

static ngx_int_t
ngx_http_coderemote_auth_fields_challenge(
    const ngx_cr_cognito_fields_t *fields,
    ngx_http_coderemote_problem_t *problem)
{
    ngx_uint_t   password;
    const char  *wanted, *other;

    if (!ngx_cr_cognito_challenge_known(&fields->challenge)) {
        ngx_http_coderemote_problem(problem,
                                    NGX_HTTP_CODEREMOTE_INVALID_FIELD,
                                    "challenge", "must be "
                                    "SOFTWARE_TOKEN_MFA, SMS_MFA or "
                                    "NEW_PASSWORD_REQUIRED");
        return NGX_ERROR;
    }

    password = (fields->challenge.data[0] == 'N');
    wanted = password ? "new_password" : "code";
    other = password ? "code" : "new_password";

    if ((password ? fields->password.len : fields->code.len) == 0) {
        ngx_http_coderemote_problem(problem,
                                    NGX_HTTP_CODEREMOTE_MISSING_FIELD, wanted,
                                    "this challenge is answered by it");
        return NGX_ERROR;
    }

    if ((password ? fields->code.len : fields->password.len) != 0) {
        ngx_http_coderemote_problem(problem,
                                    NGX_HTTP_CODEREMOTE_UNKNOWN_FIELD, other,
                                    "this challenge is not answered by it");
        return NGX_ERROR;
    }

    return NGX_OK;
}
