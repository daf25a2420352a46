
/*
 * JWT verification: the JWS, then its claims, then what is kept of them.
 */


#include "ngx_cr_jwt.h"
#include "ngx_cr_json.h"
#include "ngx_cr_jwt_claims.h"
#include "ngx_cr_jwt_jws.h"


/* what jansson 2.14 takes on a 64-bit machine, rounded up */

#define NGX_CR_JWT_MEM_VALUE   80       /* any; a string without its bytes */
#define NGX_CR_JWT_MEM_ITEM    16       /* of an array */
#define NGX_CR_JWT_MEM_TABLE   256      /* an object's, empty */
#define NGX_CR_JWT_MEM_PAIR    128      /* an object's, without its name */

#define NGX_CR_JWT_LEFT_MAX    (24 * 60 * 60 * 1000)


static ngx_cr_jwt_t *ngx_cr_jwt_keep(json_t *payload, ngx_cr_jwt_t *checked,
    const ngx_cr_jwt_policy_t *policy, ngx_cr_jwk_t *key, ngx_log_t *log);
static void ngx_cr_jwt_email(ngx_cr_jwt_t *jwt);
static size_t ngx_cr_jwt_groups(json_t *list, u_char *dst);
static size_t ngx_cr_jwt_memory(json_t *json);
static json_t *ngx_cr_jwt_member(json_t *object, const u_char *p,
    const u_char *last, ngx_uint_t pointer);


static const char *const  ngx_cr_jwt_error_names[] = {
    "ok",
    "too_large",
    "malformed",
    "header",
    "alg",
    "unsupported",
    "typ",
    "kid",
    "unknown_kid",
    "signature",
    "payload",
    "issuer",
    "token_use",
    "audience",
    "exp",
    "expired",
    "time",
    "not_yet",
    "subject",
    "claim",
    "group",
    "scope",
    "internal"
};


void
ngx_cr_jwt_policy_init(ngx_cr_jwt_policy_t *policy)
{
    ngx_memzero(policy, sizeof(ngx_cr_jwt_policy_t));

    policy->algs = NGX_CR_JWK_RS256;
    policy->types = NGX_CR_JWT_TYP_ANY;
    policy->max_size = NGX_CR_JWT_SIZE;
    ngx_str_set(&policy->groups_claim, "cognito:groups");
}


ngx_cr_jwt_error_e
ngx_cr_jwt_verify(const ngx_str_t *token, const ngx_cr_jwt_policy_t *policy,
    ngx_cr_jwk_set_t *keys, int64_t now, ngx_log_t *log, ngx_cr_jwt_t **jwt)
{
    u_char               buf[NGX_CR_JWT_JWS_BUF], text[128];
    json_t              *payload;
    ngx_str_t            json, detail;
    ngx_uint_t           bad_utf8;
    ngx_cr_jwk_t        *key;
    ngx_cr_jwt_t         checked;
    ngx_cr_jwt_error_e   error;

    *jwt = NULL;

    error = ngx_cr_jwt_jws_verify(token, policy, keys, buf, &json, &key);
    if (error != NGX_CR_JWT_OK) {
        return error;
    }

    detail.data = text;
    detail.len = sizeof(text);

    payload = ngx_cr_json_decode(json.data, json.len, &bad_utf8, &detail);
    if (payload == NULL) {
        return NGX_CR_JWT_PAYLOAD;
    }

    error = ngx_cr_jwt_claims_check(payload, policy, now, &checked);
    if (error != NGX_CR_JWT_OK) {
        json_decref(payload);
        return error;
    }

    *jwt = ngx_cr_jwt_keep(payload, &checked, policy, key, log);

    return (*jwt != NULL) ? NGX_CR_JWT_OK : NGX_CR_JWT_INTERNAL;
}


/* takes the reference of payload, also when it fails */

static ngx_cr_jwt_t *
ngx_cr_jwt_keep(json_t *payload, ngx_cr_jwt_t *checked,
    const ngx_cr_jwt_policy_t *policy, ngx_cr_jwk_t *key, ngx_log_t *log)
{
    size_t         size;
    json_t        *list;
    u_char        *p;
    ngx_cr_jwt_t  *jwt;

    list = ngx_cr_jwt_claim(payload, &policy->groups_claim);
    size = sizeof(ngx_cr_jwt_t) + key->kid.len + ngx_cr_jwt_groups(list, NULL);

    jwt = ngx_alloc(size, log);
    if (jwt == NULL) {
        json_decref(payload);
        return NULL;
    }

    *jwt = *checked;

    jwt->refs = 1;
    jwt->size = size + ngx_cr_jwt_memory(payload);
    jwt->payload = payload;

    p = (u_char *) jwt + sizeof(ngx_cr_jwt_t);

    jwt->kid.data = p;
    jwt->kid.len = key->kid.len;

    if (key->kid.len != 0) {
        p = ngx_cpymem(p, key->kid.data, key->kid.len);
    }

    jwt->groups.data = p;
    jwt->groups.len = ngx_cr_jwt_groups(list, p);

    ngx_memcpy(jwt->thumb, key->thumb, NGX_CR_JWK_THUMB_LEN);

    ngx_cr_jwt_email(jwt);

    return jwt;
}


static void
ngx_cr_jwt_email(ngx_cr_jwt_t *jwt)
{
    json_t  *email;

    email = json_object_get(jwt->payload, "email");

    jwt->email.data = (u_char *) json_string_value(email);
    jwt->email.len = json_string_length(email);

    if (jwt->email.data == NULL
        || jwt->email.len > NGX_CR_JWT_EMAIL_MAX
        || !ngx_cr_jwt_claims_is_clean(&jwt->email))
    {
        ngx_str_null(&jwt->email);
    }
}


/* Writes the list to dst unless that is NULL; the length is the answer. */

static size_t
ngx_cr_jwt_groups(json_t *list, u_char *dst)
{
    size_t      i, len;
    json_t     *value;
    ngx_str_t   name;

    len = 0;

    json_array_foreach(list, i, value) {
        name.data = (u_char *) json_string_value(value);
        name.len = json_string_length(value);

        if (name.data == NULL
            || name.len == 0
            || ngx_strlchr(name.data, name.data + name.len, ',') != NULL
            || !ngx_cr_jwt_claims_is_clean(&name))
        {
            continue;
        }

        if (dst != NULL) {
            if (len != 0) {
                dst[len] = ',';
            }

            ngx_memcpy(dst + len + (len != 0), name.data, name.len);
        }

        len += name.len + (len != 0);
    }

    return len;
}


/* an upper bound; jansson's parser has bounded the depth */

static size_t
ngx_cr_jwt_memory(json_t *json)
{
    size_t       i, size;
    json_t      *value;
    const char  *name;

    size = NGX_CR_JWT_MEM_VALUE + json_string_length(json);

    json_array_foreach(json, i, value) {
        size += NGX_CR_JWT_MEM_ITEM + ngx_cr_jwt_memory(value);
    }

    if (json_is_array(json)) {
        size += 8 * NGX_CR_JWT_MEM_ITEM;
    }

    if (json_is_object(json)) {
        size += NGX_CR_JWT_MEM_TABLE;
    }

    json_object_foreach(json, name, value) {
        size += NGX_CR_JWT_MEM_PAIR + ngx_strlen(name)
                + ngx_cr_jwt_memory(value);
    }

    return size;
}


void
ngx_cr_jwt_release(ngx_cr_jwt_t *jwt)
{
    if (jwt == NULL || --jwt->refs != 0) {
        return;
    }

    json_decref(jwt->payload);
    ngx_free(jwt);
}


ngx_msec_t
ngx_cr_jwt_left(const ngx_cr_jwt_t *jwt)
{
    int64_t      left;
    ngx_time_t  *tp;

    tp = ngx_timeofday();
    left = jwt->until - tp->sec;

    if (left <= 0) {
        return 0;
    }

    if (left > NGX_CR_JWT_LEFT_MAX / 1000) {
        return NGX_CR_JWT_LEFT_MAX;
    }

    return (ngx_msec_t) left * 1000 - tp->msec;
}


const char *
ngx_cr_jwt_error_name(ngx_cr_jwt_error_e error)
{
    return (error < NGX_CR_JWT_ERRORS) ? ngx_cr_jwt_error_names[error]
                                       : "unknown";
}


json_t *
ngx_cr_jwt_claim(json_t *payload, const ngx_str_t *name)
{
    u_char  *p, *end, *last;

    p = name->data;
    last = p + name->len;

    if (name->len == 0 || *p != '/') {
        return ngx_cr_jwt_member(payload, p, last, 0);
    }

    while (p < last && payload != NULL) {
        p++;
        end = ngx_strlchr(p, last, '/');
        end = (end != NULL) ? end : last;

        payload = ngx_cr_jwt_member(payload, p, end, 1);
        p = end;
    }

    return payload;
}


/* pointer: ~1 is a slash and ~0 a tilde, RFC 6901 section 3 */

static json_t *
ngx_cr_jwt_member(json_t *object, const u_char *p, const u_char *last,
    ngx_uint_t pointer)
{
    char    name[NGX_CR_JWT_NAME_MAX + 1];
    size_t  len;

    if (last - p > NGX_CR_JWT_NAME_MAX) {
        return NULL;
    }

    for (len = 0; p < last; len++) {
        name[len] = (char) *p++;

        if (pointer && name[len] == '~') {

            if (p == last || (*p != '0' && *p != '1')) {
                return NULL;
            }

            name[len] = (*p++ == '0') ? '~' : '/';
        }
    }

    name[len] = '\0';

    return json_object_get(object, name);
}


ngx_int_t
ngx_cr_jwt_claim_text(json_t *value, u_char *buf, ngx_str_t *text)
{
    int64_t  n;

    switch (json_typeof(value)) {

    case JSON_STRING:
        text->data = (u_char *) json_string_value(value);
        text->len = json_string_length(value);

        return ngx_cr_jwt_claims_is_clean(text) ? NGX_OK : NGX_DECLINED;

    case JSON_INTEGER:
        n = json_integer_value(value);

        /* nginx's %L negates as signed, which -2^63 does not stand */

        text->data = buf;
        text->len = ((n < 0) ? ngx_sprintf(buf, "-%uL", 0 - (uint64_t) n)
                             : ngx_sprintf(buf, "%uL", (uint64_t) n))
                    - buf;
        return NGX_OK;

    case JSON_TRUE:
        ngx_str_set(text, "true");
        return NGX_OK;

    case JSON_FALSE:
        ngx_str_set(text, "false");
        return NGX_OK;

    default:
        return NGX_DECLINED;
    }
}
