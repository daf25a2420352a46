
/*
 * The claims of a JWT.  Every comparison is byte by byte and of a whole
 * value; every time is an integer.
 */


#include "ngx_cr_jwt_claims.h"


static ngx_cr_jwt_error_e ngx_cr_jwt_claims_audience(json_t *payload,
    const ngx_cr_jwt_policy_t *policy);
static ngx_uint_t ngx_cr_jwt_claims_aud(json_t *aud, ngx_array_t *audiences);
static ngx_cr_jwt_error_e ngx_cr_jwt_claims_times(json_t *payload,
    const ngx_cr_jwt_policy_t *policy, int64_t now, ngx_cr_jwt_t *jwt);
static ngx_int_t ngx_cr_jwt_claims_time(json_t *payload, const char *name,
    int64_t *value);
static ngx_cr_jwt_error_e ngx_cr_jwt_claims_subject(json_t *payload,
    ngx_cr_jwt_t *jwt);
static ngx_cr_jwt_error_e ngx_cr_jwt_claims_required(json_t *payload,
    const ngx_cr_jwt_policy_t *policy);
static ngx_uint_t ngx_cr_jwt_claims_has_claim(json_t *payload,
    ngx_keyval_t *claim);
static ngx_uint_t ngx_cr_jwt_claims_has_group(json_t *groups,
    ngx_str_t *group);
static ngx_uint_t ngx_cr_jwt_claims_has_scope(json_t *scope,
    ngx_str_t *wanted);
static ngx_uint_t ngx_cr_jwt_claims_is(json_t *value, const ngx_str_t *text);
static ngx_uint_t ngx_cr_jwt_claims_is_one(json_t *value,
    ngx_array_t *texts);


static ngx_str_t  ngx_cr_jwt_claims_access = ngx_string("access");
static ngx_str_t  ngx_cr_jwt_claims_id = ngx_string("id");


ngx_cr_jwt_error_e
ngx_cr_jwt_claims_check(json_t *payload, const ngx_cr_jwt_policy_t *policy,
    int64_t now, ngx_cr_jwt_t *jwt)
{
    ngx_cr_jwt_error_e  error;

    if (!ngx_cr_jwt_claims_is(json_object_get(payload, "iss"),
                              &policy->issuer))
    {
        return NGX_CR_JWT_ISSUER;
    }

    error = ngx_cr_jwt_claims_audience(payload, policy);

    if (error == NGX_CR_JWT_OK) {
        error = ngx_cr_jwt_claims_times(payload, policy, now, jwt);
    }

    if (error == NGX_CR_JWT_OK) {
        error = ngx_cr_jwt_claims_subject(payload, jwt);
    }

    if (error == NGX_CR_JWT_OK) {
        error = ngx_cr_jwt_claims_required(payload, policy);
    }

    return error;
}


/*
 * Cognito names the client in `client_id` of an access token and in `aud` of
 * an id token.  An access token that has an `aud` too was made for a resource
 * server: RFC 7519 section 4.1.3 wants it refused unless that is us.
 */

static ngx_cr_jwt_error_e
ngx_cr_jwt_claims_audience(json_t *payload, const ngx_cr_jwt_policy_t *policy)
{
    json_t      *aud, *use;
    ngx_uint_t   access, id;

    access = 0;

    if (policy->token_use != NGX_CR_JWT_USE_OFF) {
        use = json_object_get(payload, "token_use");
        access = ngx_cr_jwt_claims_is(use, &ngx_cr_jwt_claims_access);
        id = ngx_cr_jwt_claims_is(use, &ngx_cr_jwt_claims_id);

        if ((!access && !id)
            || (access && policy->token_use == NGX_CR_JWT_USE_ID)
            || (id && policy->token_use == NGX_CR_JWT_USE_ACCESS))
        {
            return NGX_CR_JWT_TOKEN_USE;
        }
    }

    if (policy->any_audience) {
        return NGX_CR_JWT_OK;
    }

    aud = json_object_get(payload, "aud");

    if (access) {
        if (!ngx_cr_jwt_claims_is_one(json_object_get(payload, "client_id"),
                                      policy->audiences))
        {
            return NGX_CR_JWT_AUDIENCE;
        }

        if (aud == NULL) {
            return NGX_CR_JWT_OK;
        }
    }

    return ngx_cr_jwt_claims_aud(aud, policy->audiences)
           ? NGX_CR_JWT_OK : NGX_CR_JWT_AUDIENCE;
}


/* a string, or an array of nothing but strings; one is enough */

static ngx_uint_t
ngx_cr_jwt_claims_aud(json_t *aud, ngx_array_t *audiences)
{
    size_t       i;
    json_t      *value;
    ngx_uint_t   found;

    if (!json_is_array(aud)) {
        return ngx_cr_jwt_claims_is_one(aud, audiences);
    }

    found = 0;

    json_array_foreach(aud, i, value) {
        if (!json_is_string(value)) {
            return 0;
        }

        found |= ngx_cr_jwt_claims_is_one(value, audiences);
    }

    return found;
}


static ngx_cr_jwt_error_e
ngx_cr_jwt_claims_times(json_t *payload, const ngx_cr_jwt_policy_t *policy,
    int64_t now, ngx_cr_jwt_t *jwt)
{
    int64_t      value, from;
    ngx_int_t    rc;
    const char *const *name;

    static const char *const  names[] = { "nbf", "iat", "auth_time", NULL };

    if (ngx_cr_jwt_claims_time(payload, "exp", &jwt->exp) != NGX_OK) {
        return NGX_CR_JWT_EXP;
    }

    jwt->until = jwt->exp + policy->leeway;

    if (now >= jwt->until) {
        return NGX_CR_JWT_EXPIRED;
    }

    from = 0;

    for (name = names; *name != NULL; name++) {
        rc = ngx_cr_jwt_claims_time(payload, *name, &value);

        if (rc == NGX_DECLINED) {
            continue;
        }

        if (rc == NGX_ERROR || value > jwt->exp) {
            return NGX_CR_JWT_TIME;
        }

        from = ngx_max(from, value);
    }

    jwt->from = from - policy->leeway;

    return (now < jwt->from) ? NGX_CR_JWT_NOT_YET : NGX_CR_JWT_OK;
}


/*
 * NGX_DECLINED: there is none.  NGX_ERROR: not an integer of 0 to 2^53 - 1,
 * beyond which a parser that uses doubles would read another number than we.
 */

static ngx_int_t
ngx_cr_jwt_claims_time(json_t *payload, const char *name, int64_t *value)
{
    json_t  *json;

    json = json_object_get(payload, name);

    if (json == NULL) {
        return NGX_DECLINED;
    }

    if (!json_is_integer(json)) {
        return NGX_ERROR;
    }

    *value = json_integer_value(json);

    return (*value < 0 || *value > NGX_CR_JWT_TIME_MAX) ? NGX_ERROR : NGX_OK;
}


static ngx_cr_jwt_error_e
ngx_cr_jwt_claims_subject(json_t *payload, ngx_cr_jwt_t *jwt)
{
    json_t  *sub;

    sub = json_object_get(payload, "sub");

    jwt->sub.data = (u_char *) json_string_value(sub);
    jwt->sub.len = json_string_length(sub);

    if (jwt->sub.data == NULL
        || jwt->sub.len == 0
        || jwt->sub.len > NGX_CR_JWT_SUB_MAX
        || !ngx_cr_jwt_claims_is_clean(&jwt->sub))
    {
        return NGX_CR_JWT_SUBJECT;
    }

    return NGX_CR_JWT_OK;
}


static ngx_cr_jwt_error_e
ngx_cr_jwt_claims_required(json_t *payload, const ngx_cr_jwt_policy_t *policy)
{
    json_t        *groups, *scope;
    ngx_str_t     *text;
    ngx_uint_t     i, n;
    ngx_keyval_t  *claim;

    n = (policy->claims != NULL) ? policy->claims->nelts : 0;
    claim = (n != 0) ? policy->claims->elts : NULL;

    for (i = 0; i < n; i++) {
        if (!ngx_cr_jwt_claims_has_claim(payload, &claim[i])) {
            return NGX_CR_JWT_CLAIM;
        }
    }

    groups = ngx_cr_jwt_claim(payload, &policy->groups_claim);
    n = (policy->groups != NULL) ? policy->groups->nelts : 0;
    text = (n != 0) ? policy->groups->elts : NULL;

    for (i = 0; i < n; i++) {
        if (!ngx_cr_jwt_claims_has_group(groups, &text[i])) {
            return NGX_CR_JWT_GROUP;
        }
    }

    scope = json_object_get(payload, "scope");
    n = (policy->scopes != NULL) ? policy->scopes->nelts : 0;
    text = (n != 0) ? policy->scopes->elts : NULL;

    for (i = 0; i < n; i++) {
        if (!ngx_cr_jwt_claims_has_scope(scope, &text[i])) {
            return NGX_CR_JWT_SCOPE;
        }
    }

    return NGX_CR_JWT_OK;
}


static ngx_uint_t
ngx_cr_jwt_claims_has_claim(json_t *payload, ngx_keyval_t *claim)
{
    u_char      buf[NGX_CR_JWT_TEXT_LEN];
    json_t     *value;
    ngx_str_t   text;

    value = ngx_cr_jwt_claim(payload, &claim->key);

    return value != NULL
           && ngx_cr_jwt_claim_text(value, buf, &text) == NGX_OK
           && text.len == claim->value.len
           && (text.len == 0
               || ngx_memcmp(text.data, claim->value.data, text.len) == 0);
}


/* groups: an array of nothing but strings */

static ngx_uint_t
ngx_cr_jwt_claims_has_group(json_t *groups, ngx_str_t *group)
{
    size_t       i;
    json_t      *value;
    ngx_uint_t   found;

    found = 0;

    json_array_foreach(groups, i, value) {
        if (!json_is_string(value)) {
            return 0;
        }

        found |= ngx_cr_jwt_claims_is(value, group);
    }

    return found;
}


/* scope: words with a space between, RFC 8693 section 4.2 */

static ngx_uint_t
ngx_cr_jwt_claims_has_scope(json_t *scope, ngx_str_t *wanted)
{
    u_char  *p, *end, *last;

    if (!json_is_string(scope)) {
        return 0;
    }

    p = (u_char *) json_string_value(scope);
    last = p + json_string_length(scope);

    for ( /* void */ ; p < last; p = end + 1) {
        end = ngx_strlchr(p, last, ' ');
        end = (end != NULL) ? end : last;

        if ((size_t) (end - p) == wanted->len
            && wanted->len != 0
            && ngx_memcmp(p, wanted->data, wanted->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_cr_jwt_claims_is(json_t *value, const ngx_str_t *text)
{
    return json_is_string(value)
           && text->len != 0
           && json_string_length(value) == text->len
           && ngx_memcmp(json_string_value(value), text->data, text->len)
              == 0;
}


static ngx_uint_t
ngx_cr_jwt_claims_is_one(json_t *value, ngx_array_t *texts)
{
    ngx_str_t   *text;
    ngx_uint_t   i;

    if (texts == NULL) {
        return 0;
    }

    text = texts->elts;

    for (i = 0; i < texts->nelts; i++) {
        if (ngx_cr_jwt_claims_is(value, &text[i])) {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_cr_jwt_claims_is_clean(const ngx_str_t *text)
{
    size_t   i;
    u_char  *p;

    p = text->data;

    for (i = 0; i < text->len; i++) {

        if (p[i] < 0x20 || p[i] == 0x7f) {
            return 0;
        }

        /* U+0080 to U+009F; jansson has seen to it that this is UTF-8 */

        if (p[i] == 0xc2 && text->len - i > 1 && p[i + 1] < 0xa0) {
            return 0;
        }
    }

    return 1;
}
