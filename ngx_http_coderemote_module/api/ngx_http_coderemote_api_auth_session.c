
/*
 * Sessions: tokens that the provider gave, verified by the verifier that will
 * see them again, and handed out; POST /auth/refresh and /auth/logout, GET
 * /auth/me.
 */


#include "ngx_http_coderemote_api_auth.h"


/* of the year 9999, the last that RFC 3339 can write */

#define NGX_HTTP_CODEREMOTE_LAST_SECOND  253402300799LL


static ngx_int_t ngx_http_coderemote_auth_unverified(
    ngx_http_coderemote_auth_call_t *call, ngx_int_t rc, ngx_uint_t cause);
static const char *ngx_http_coderemote_auth_advice(ngx_uint_t cause);
static ngx_int_t ngx_http_coderemote_auth_hand_out(
    ngx_http_coderemote_auth_call_t *call, const ngx_str_t *token,
    ngx_cr_jwt_t *jwt);
static ngx_int_t ngx_http_coderemote_auth_keep(
    ngx_http_coderemote_auth_call_t *call, ngx_cr_jwt_t *jwt);
static void ngx_http_coderemote_auth_user_object(ngx_cr_json_t *json,
    const ngx_cr_jwt_t *jwt, const ngx_str_t *email);
static ngx_int_t ngx_http_coderemote_auth_refreshed(
    ngx_http_coderemote_auth_call_t *call);
static ngx_int_t ngx_http_coderemote_auth_no_session(
    ngx_http_coderemote_auth_call_t *call);
static ngx_int_t ngx_http_coderemote_auth_everywhere(ngx_http_request_t *r,
    json_t *body, ngx_uint_t *everywhere,
    ngx_http_coderemote_problem_t *problem);
static void ngx_http_coderemote_auth_bearer(ngx_http_request_t *r,
    ngx_str_t *token);
static ngx_int_t ngx_http_coderemote_auth_out(
    ngx_http_coderemote_auth_call_t *call);
static ngx_int_t ngx_http_coderemote_auth_left(
    ngx_http_coderemote_auth_call_t *call);


/*
 * A token that our own verifier refuses is not handed out: the client would
 * be signed in to nothing, and a provider that is not the issuer we trust
 * would be noticed by nobody.
 */

ngx_int_t
ngx_http_coderemote_auth_session(ngx_http_coderemote_auth_call_t *call)
{
    ngx_int_t                       rc;
    ngx_uint_t                      cause;
    ngx_cr_jwt_t                   *jwt;
    const ngx_str_t                *token;
    ngx_http_coderemote_cognito_t  *cognito;

    if (call->outcome != NGX_CR_COGNITO_OK) {
        return ngx_http_coderemote_auth_call_refuse(call);
    }

    cognito = call->cognito;

    token = (cognito->auth->policy.token_use == NGX_CR_JWT_USE_ID)
            ? &call->answer.id : &call->answer.access;

    rc = ngx_http_coderemote_auth_verify(cognito->auth, token, call->curl.log,
                                         &jwt, &cause);

    if (rc != NGX_OK) {
        return ngx_http_coderemote_auth_unverified(call, rc, cause);
    }

    rc = ngx_http_coderemote_auth_hand_out(call, token, jwt);

    ngx_cr_jwt_release(jwt);

    return rc;
}


static ngx_int_t
ngx_http_coderemote_auth_unverified(ngx_http_coderemote_auth_call_t *call,
    ngx_int_t rc, ngx_uint_t cause)
{
    if (ngx_http_coderemote_auth_call_keys(call, cause) == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    call->outcome = (rc == NGX_ERROR) ? NGX_CR_COGNITO_UNAVAILABLE
                                      : NGX_CR_COGNITO_MISCONFIGURED;

    ngx_log_error(NGX_LOG_ERR, call->curl.log, 0,
                  "token of the identity provider is not good here (%s), "
                  "nobody can sign in: %s",
                  ngx_http_coderemote_auth_cause(cause),
                  ngx_http_coderemote_auth_advice(cause));

    return ngx_http_coderemote_auth_call_refuse(call);
}


static const char *
ngx_http_coderemote_auth_advice(ngx_uint_t cause)
{
    switch (cause) {

    case NGX_CR_JWT_ISSUER:
        return "coderemote_jwt_issuer is not the user pool of "
               "coderemote_cognito_endpoint";

    case NGX_CR_JWT_AUDIENCE:
        return "coderemote_jwt_audience has not the "
               "coderemote_cognito_client_id";

    case NGX_CR_JWT_TOKEN_USE:
        return "coderemote_jwt_token_use should be access";

    case NGX_CR_JWT_UNKNOWN_KID:
    case NGX_CR_JWT_SIGNATURE:
    case NGX_HTTP_CODEREMOTE_AUTH_NO_KEYS:
        return "coderemote_jwt_jwks_uri does not give the keys of this user "
               "pool";

    case NGX_CR_JWT_EXPIRED:
    case NGX_CR_JWT_NOT_YET:
        return "the clock of this machine is wrong, or coderemote_jwt_leeway "
               "too small";

    case NGX_CR_JWT_CLAIM:
    case NGX_CR_JWT_GROUP:
    case NGX_CR_JWT_SCOPE:
        return "this user has not what coderemote_jwt_required_claim, _group "
               "or _scope demand";

    default:
        return "compare the coderemote_jwt directives with the user pool";
    }
}


static ngx_int_t
ngx_http_coderemote_auth_hand_out(ngx_http_coderemote_auth_call_t *call,
    const ngx_str_t *token, ngx_cr_jwt_t *jwt)
{
    ngx_int_t            rc;
    ngx_uint_t           cause;
    ngx_cr_jwt_t        *id, *named;
    ngx_cr_json_t        json;
    ngx_http_request_t  *r;

    r = call->request;

    rc = ngx_http_coderemote_auth_keep(call, jwt);
    if (rc == NGX_AGAIN || rc == NGX_DONE) {
        return rc;
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* access tokens do not have the address */

    id = NULL;
    named = jwt;

    if (jwt->email.len == 0
        && call->answer.id.len != 0
        && ngx_http_coderemote_auth_verify(call->cognito->id,
                                           &call->answer.id, call->curl.log,
                                           &id, &cause)
           == NGX_OK
        && id->sub.len == jwt->sub.len
        && ngx_memcmp(id->sub.data, jwt->sub.data, jwt->sub.len) == 0)
    {
        named = id;
    }

    ngx_cr_json_init(&json, r->pool, token->len + 1024);
    ngx_cr_json_begin(&json, '{');

    ngx_cr_json_name(&json, "access_token");
    ngx_cr_json_text(&json, token->data, token->len);
    ngx_cr_json_name(&json, "token_type");
    ngx_cr_json_cstr(&json, "Bearer");
    ngx_cr_json_name(&json, "expires_in");
    ngx_cr_json_int(&json, ngx_max(jwt->exp - (int64_t) ngx_time(), 0));

    ngx_http_coderemote_auth_user_object(&json, jwt, &named->email);

    ngx_cr_json_end(&json, '}');

    call->outcome = NGX_CR_COGNITO_OK;
    ngx_http_coderemote_auth_call_note(call, named);

    ngx_cr_jwt_release(id);

    return ngx_http_coderemote_send_json(r, NGX_HTTP_OK, &json);
}


/* refreshing gives a refresh token only where the provider rotates them */

static ngx_int_t
ngx_http_coderemote_auth_keep(ngx_http_coderemote_auth_call_t *call,
    ngx_cr_jwt_t *jwt)
{
    u_char                              buf[NGX_CR_JWT_TEXT_LEN];
    json_t                             *claim;
    ngx_int_t                           rc;
    ngx_uint_t                          i;
    ngx_http_coderemote_auth_cookie_t   cookie;
    static const ngx_str_t              names[] = {
        ngx_string("username"),
        ngx_string("cognito:username")
    };

    if (call->answer.refresh.len == 0) {
        return NGX_OK;
    }

    cookie.user = jwt->sub;
    cookie.token = call->answer.refresh;

    for (i = 0; i < 2; i++) {
        claim = ngx_cr_jwt_claim(jwt->payload, &names[i]);

        if (json_is_string(claim)
            && ngx_cr_jwt_claim_text(claim, buf, &cookie.user) == NGX_OK
            && cookie.user.len != 0)
        {
            break;
        }

        cookie.user = jwt->sub;
    }

    rc = ngx_http_coderemote_auth_cookie_set(call->request, &cookie);

    if (rc == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_ERR, call->curl.log, 0,
                      "refresh token of the identity provider does not fit "
                      "into a cookie: it has %uz bytes", cookie.token.len);
        return NGX_OK;
    }

    return rc;
}


/* without a token's own address: null */

static void
ngx_http_coderemote_auth_user_object(ngx_cr_json_t *json,
    const ngx_cr_jwt_t *jwt, const ngx_str_t *email)
{
    u_char  *p, *comma, *last;

    ngx_cr_json_name(json, "user");
    ngx_cr_json_begin(json, '{');

    ngx_cr_json_name(json, "id");
    ngx_cr_json_text(json, jwt->sub.data, jwt->sub.len);

    ngx_cr_json_name(json, "email");

    if (email->len != 0) {
        ngx_cr_json_text(json, email->data, email->len);

    } else {
        ngx_cr_json_null(json);
    }

    ngx_cr_json_name(json, "groups");
    ngx_cr_json_begin(json, '[');

    p = jwt->groups.data;
    last = (jwt->groups.len != 0) ? p + jwt->groups.len : p;

    while (p < last) {
        comma = ngx_strlchr(p, last, ',');
        comma = (comma != NULL) ? comma : last;

        ngx_cr_json_text(json, p, comma - p);

        p = comma + 1;
    }

    ngx_cr_json_end(json, ']');
    ngx_cr_json_end(json, '}');
}


ngx_int_t
ngx_http_coderemote_api_auth_refresh(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx)
{
    ngx_http_coderemote_problem_t       problem;
    ngx_http_coderemote_auth_call_t    *call;
    ngx_http_coderemote_auth_cookie_t   cookie;

    /* the body is empty or {} */

    call = ngx_http_coderemote_auth_call_create(r, NGX_CR_COGNITO_REFRESHING,
                                          ngx_http_coderemote_auth_refreshed);
    if (call == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_coderemote_auth_fields(NGX_CR_COGNITO_REFRESHING, ctx->body,
                                        &call->fields, &problem)
        != NGX_OK)
    {
        ngx_http_coderemote_auth_note(r, call->route, NGX_CR_COGNITO_BAD_FIELD,
                                      &call->email, NULL, 1);
        return ngx_http_coderemote_send_problem(r, &problem);
    }

    switch (ngx_http_coderemote_auth_cookie_get(r, &cookie)) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        return ngx_http_coderemote_auth_no_session(call);

    default: /* NGX_ERROR */
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    call->fields.user = cookie.user;
    call->fields.token = cookie.token;

    return ngx_http_coderemote_auth_call(call,
                                         call->cognito->old_refresh
                                         ? NGX_CR_COGNITO_REFRESH_AUTH
                                         : NGX_CR_COGNITO_REFRESH,
                                         &call->fields);
}


/*
 * GetTokensFromRefreshToken is there since 2025 and serves clients that
 * rotate refresh tokens and those that do not; what only looks like Cognito
 * may have the older way alone.
 */

static ngx_int_t
ngx_http_coderemote_auth_refreshed(ngx_http_coderemote_auth_call_t *call)
{
    if (call->answer.error == NGX_CR_COGNITO_E_UNSUPPORTED
        && call->op == NGX_CR_COGNITO_REFRESH)
    {
        return ngx_http_coderemote_auth_call_next(call,
                                          NGX_CR_COGNITO_REFRESH_AUTH,
                                          &call->fields,
                                          ngx_http_coderemote_auth_refreshed);
    }

    if (call->outcome == NGX_CR_COGNITO_OK) {
        call->cognito->old_refresh = (call->op == NGX_CR_COGNITO_REFRESH_AUTH);
    }

    if (call->outcome == NGX_CR_COGNITO_NO_SESSION) {
        return ngx_http_coderemote_auth_no_session(call);
    }

    return ngx_http_coderemote_auth_session(call);
}


static ngx_int_t
ngx_http_coderemote_auth_no_session(ngx_http_coderemote_auth_call_t *call)
{
    call->outcome = NGX_CR_COGNITO_NO_SESSION;

    if (ngx_http_coderemote_auth_cookie_clear(call->request) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_coderemote_auth_call_refuse(call);
}


/*
 * The cookie is gone whatever the provider says, so that who leaves a shared
 * machine has left.  That a token could not be revoked is told all the same.
 */

ngx_int_t
ngx_http_coderemote_api_auth_logout(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx)
{
    ngx_int_t                           rc;
    ngx_str_t                           nobody = ngx_null_string;
    ngx_uint_t                          everywhere;
    ngx_cr_cognito_fields_t             fields;
    ngx_http_coderemote_problem_t       problem;
    ngx_http_coderemote_identity_t     *identity;
    ngx_http_coderemote_loc_conf_t     *conf;
    ngx_http_coderemote_auth_call_t    *call;
    ngx_http_coderemote_auth_cookie_t   cookie;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);

    /* for the audit log: who has no good token may leave as well */

    (void) ngx_http_coderemote_auth_identify(r, conf, &identity);

    if (ngx_http_coderemote_auth_everywhere(r, ctx->body, &everywhere,
                                            &problem)
        != NGX_OK)
    {
        ngx_http_coderemote_auth_note(r, NGX_CR_COGNITO_LOGOUT,
                        (problem.code == NGX_HTTP_CODEREMOTE_UNAUTHORIZED)
                        ? NGX_CR_COGNITO_NO_SESSION : NGX_CR_COGNITO_BAD_FIELD,
                        &nobody, NULL, 1);
        return ngx_http_coderemote_send_problem(r, &problem);
    }

    call = ngx_http_coderemote_auth_call_create(r, NGX_CR_COGNITO_LOGOUT,
                                                ngx_http_coderemote_auth_out);

    if (call == NULL || ngx_http_coderemote_auth_cookie_clear(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_coderemote_auth_cookie_get(r, &cookie);

    if (rc == NGX_OK) {
        call->fields.token = cookie.token;

    } else if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (everywhere) {
        ngx_memzero(&fields, sizeof(ngx_cr_cognito_fields_t));
        ngx_http_coderemote_auth_bearer(r, &fields.token);

        return ngx_http_coderemote_auth_call(call, NGX_CR_COGNITO_SIGN_OUT,
                                             &fields);
    }

    if (call->fields.token.len == 0) {
        return ngx_http_coderemote_auth_left(call);
    }

    return ngx_http_coderemote_auth_call(call, NGX_CR_COGNITO_REVOKE,
                                         &call->fields);
}


/* signing out everywhere is asked for with the access token */

static ngx_int_t
ngx_http_coderemote_auth_everywhere(ngx_http_request_t *r, json_t *body,
    ngx_uint_t *everywhere, ngx_http_coderemote_problem_t *problem)
{
    json_t                          *value;
    ngx_int_t                        rc;
    const char                      *name;
    ngx_http_coderemote_identity_t  *identity;
    ngx_http_coderemote_loc_conf_t  *conf;

    *everywhere = 0;

    json_object_foreach(body, name, value) {

        if (ngx_strcmp(name, "everywhere") != 0) {
            ngx_http_coderemote_problem(problem,
                                        NGX_HTTP_CODEREMOTE_UNKNOWN_FIELD,
                                        name, "leave it out");
            return NGX_ERROR;
        }

        if (!json_is_boolean(value)) {
            ngx_http_coderemote_problem(problem,
                                        NGX_HTTP_CODEREMOTE_INVALID_FIELD,
                                        name, "must be true or false");
            return NGX_ERROR;
        }

        *everywhere = json_is_true(value);
    }

    if (!*everywhere) {
        return NGX_OK;
    }

    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);

    rc = (r->headers_in.authorization != NULL)
         ? ngx_http_coderemote_auth_identify(r, conf, &identity)
         : NGX_DECLINED;

    if (rc == NGX_ERROR) {
        ngx_http_coderemote_problem(problem,
                                    NGX_HTTP_CODEREMOTE_AUTH_UNAVAILABLE,
                                    NULL, "tokens cannot be verified now: try "
                                    "again");
        return NGX_ERROR;
    }

    if (rc != NGX_OK) {
        ngx_http_coderemote_problem(problem, NGX_HTTP_CODEREMOTE_UNAUTHORIZED,
                                    NULL, "to sign out everywhere send a "
                                    "valid token: \"Authorization: Bearer\"");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* "Bearer " was found to be in front of a good token */

static void
ngx_http_coderemote_auth_bearer(ngx_http_request_t *r, ngx_str_t *token)
{
    *token = r->headers_in.authorization->value;

    token->data += 7;
    token->len -= 7;

    while (token->len != 0 && *token->data == ' ') {
        token->data++;
        token->len--;
    }
}


/* everywhere first, then the token of this browser */

static ngx_int_t
ngx_http_coderemote_auth_out(ngx_http_coderemote_auth_call_t *call)
{
    if (call->outcome != NGX_CR_COGNITO_OK) {
        return ngx_http_coderemote_auth_call_refuse(call);
    }

    if (call->op == NGX_CR_COGNITO_SIGN_OUT && call->fields.token.len != 0) {
        return ngx_http_coderemote_auth_call_next(call, NGX_CR_COGNITO_REVOKE,
                                                  &call->fields,
                                                ngx_http_coderemote_auth_out);
    }

    return ngx_http_coderemote_auth_left(call);
}


static ngx_int_t
ngx_http_coderemote_auth_left(ngx_http_coderemote_auth_call_t *call)
{
    ngx_str_t  none = ngx_null_string;

    call->outcome = NGX_CR_COGNITO_OK;
    ngx_http_coderemote_auth_call_note(call, NULL);

    return ngx_http_coderemote_send(call->request, NGX_HTTP_NO_CONTENT, &none,
                                    NULL, 0);
}


ngx_int_t
ngx_http_coderemote_api_auth_me(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx)
{
    ngx_cr_jwt_t                    *jwt;
    ngx_cr_json_t                    json;
    ngx_http_coderemote_identity_t  *identity;
    ngx_http_coderemote_loc_conf_t  *conf;
    static const u_char              nobody[] =
        "{\"id\":\"local\",\"email\":null,\"groups\":[]}";

    conf = ngx_http_get_module_loc_conf(r, ngx_http_coderemote_module);

    ngx_cr_json_init(&json, r->pool, 512);
    ngx_cr_json_begin(&json, '{');
    ngx_cr_json_name(&json, "auth");

    if (conf->auth.mode == NGX_HTTP_CODEREMOTE_AUTH_OFF) {
        ngx_cr_json_cstr(&json, "off");
        ngx_cr_json_name(&json, "user");
        ngx_cr_json_raw(&json, nobody, sizeof(nobody) - 1);

    } else {

        if (ngx_http_coderemote_auth_identify(r, conf, &identity) != NGX_OK) {
            return ngx_http_coderemote_auth_refuse(r);
        }

        jwt = identity->jwt;

        ngx_cr_json_cstr(&json, "jwt");
        ngx_http_coderemote_auth_user_object(&json, jwt, &jwt->email);
        ngx_cr_json_name(&json, "expires_at");
        ngx_cr_json_time(&json, ngx_min(jwt->exp,
                                        NGX_HTTP_CODEREMOTE_LAST_SECOND)
                                * 1000000);
    }

    ngx_cr_json_end(&json, '}');

    return ngx_http_coderemote_send_json(r, NGX_HTTP_OK, &json);
}
