
/*
 * POST /auth/login, challenge, register, confirm, resend, forgot and reset:
 * the fields of a body become an operation of the identity provider, and its
 * answer one of ours.
 */


#include "ngx_http_coderemote_api_auth.h"
#include "ngx_cr_base64url.h"


#define NGX_HTTP_CODEREMOTE_AUTH_ACCEPTED  202


typedef struct {
    ngx_str_t                          path;
    ngx_cr_cognito_route_e             route;
    ngx_cr_cognito_op_e                op;
    ngx_http_coderemote_auth_step_pt   step;
    ngx_uint_t                         even;      /* see ..._auth_call.c */
    ngx_uint_t                         status;    /* of success, and what */
    const char                        *text;      /* it says */
} ngx_http_coderemote_auth_row_t;


static const ngx_http_coderemote_auth_row_t *ngx_http_coderemote_auth_row(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_coderemote_auth_attempt(
    ngx_http_coderemote_auth_call_t *call, ngx_cr_cognito_route_e route);
static ngx_int_t ngx_http_coderemote_auth_user(ngx_http_request_t *r,
    ngx_cr_cognito_fields_t *fields);
static ngx_int_t ngx_http_coderemote_auth_plain(
    ngx_http_coderemote_auth_call_t *call);
static ngx_int_t ngx_http_coderemote_auth_signed(
    ngx_http_coderemote_auth_call_t *call);
static ngx_int_t ngx_http_coderemote_auth_challenged(
    ngx_http_coderemote_auth_call_t *call);
static ngx_int_t ngx_http_coderemote_auth_opaque(ngx_pool_t *pool,
    ngx_cr_cognito_answer_t *answer, ngx_str_t *session);


static const ngx_http_coderemote_auth_row_t
    ngx_http_coderemote_auth_rows[] =
{
    { ngx_string("/auth/login"), NGX_CR_COGNITO_LOGIN,
      NGX_CR_COGNITO_SIGN_IN, ngx_http_coderemote_auth_signed, 0, 0, NULL },

    { ngx_string("/auth/challenge"), NGX_CR_COGNITO_CHALLENGE,
      NGX_CR_COGNITO_RESPOND, ngx_http_coderemote_auth_signed, 0, 0, NULL },

    { ngx_string("/auth/register"), NGX_CR_COGNITO_REGISTER,
      NGX_CR_COGNITO_SIGN_UP, ngx_http_coderemote_auth_plain, 1,
      NGX_HTTP_CODEREMOTE_AUTH_ACCEPTED, "confirmation_required" },

    { ngx_string("/auth/confirm"), NGX_CR_COGNITO_CONFIRMATION,
      NGX_CR_COGNITO_CONFIRM, ngx_http_coderemote_auth_plain, 1,
      NGX_HTTP_OK, "confirmed" },

    { ngx_string("/auth/resend"), NGX_CR_COGNITO_RESENDING,
      NGX_CR_COGNITO_RESEND, ngx_http_coderemote_auth_plain, 1,
      NGX_HTTP_CODEREMOTE_AUTH_ACCEPTED, "sent" },

    { ngx_string("/auth/forgot"), NGX_CR_COGNITO_FORGOTTEN,
      NGX_CR_COGNITO_FORGOT, ngx_http_coderemote_auth_plain, 1,
      NGX_HTTP_CODEREMOTE_AUTH_ACCEPTED, "sent" },

    { ngx_string("/auth/reset"), NGX_CR_COGNITO_RESETTING,
      NGX_CR_COGNITO_RESET, ngx_http_coderemote_auth_plain, 1,
      NGX_HTTP_OK, "reset" },

    { ngx_null_string, 0, 0, NULL, 0, 0, NULL }
};


ngx_int_t
ngx_http_coderemote_api_auth(ngx_http_request_t *r,
    ngx_http_coderemote_ctx_t *ctx)
{
    ngx_int_t                              rc;
    ngx_cr_cognito_fields_t                fields;
    ngx_http_coderemote_problem_t          problem;
    ngx_http_coderemote_auth_call_t       *call;
    const ngx_http_coderemote_auth_row_t  *row;

    row = ngx_http_coderemote_auth_row(r);

    if (ngx_http_coderemote_auth_fields(row->route, ctx->body, &fields,
                                        &problem)
        != NGX_OK)
    {
        ngx_http_coderemote_auth_note(r, row->route,
                                      NGX_CR_COGNITO_BAD_FIELD, &fields.user,
                                      NULL, 1);
        return ngx_http_coderemote_send_problem(r, &problem);
    }

    call = ngx_http_coderemote_auth_call_create(r, row->route, row->step);
    if (call == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    call->even = row->even;
    call->email.len = fields.user.len;
    call->email.data = ngx_pstrdup(r->pool, &fields.user);
    if (call->email.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_coderemote_auth_attempt(call, row->route);

    if (rc == NGX_BUSY) {
        return ngx_http_coderemote_auth_call_refuse(call);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (row->route == NGX_CR_COGNITO_CHALLENGE) {
        rc = ngx_http_coderemote_auth_user(r, &fields);

        if (rc == NGX_DECLINED) {
            call->outcome = NGX_CR_COGNITO_BAD_SESSION;
            return ngx_http_coderemote_auth_call_refuse(call);
        }

        if (rc != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    return ngx_http_coderemote_auth_call(call, row->op, &fields);
}


static const ngx_http_coderemote_auth_row_t *
ngx_http_coderemote_auth_row(ngx_http_request_t *r)
{
    const ngx_str_t                       *path;
    ngx_http_coderemote_ctx_t             *ctx;
    const ngx_http_coderemote_auth_row_t  *row;

    ctx = ngx_http_get_module_ctx(r, ngx_http_coderemote_module);
    path = &ctx->route->path;

    /* the table of routes has none but these */

    for (row = ngx_http_coderemote_auth_rows; row[1].path.len != 0; row++) {
        if (row->path.len == path->len
            && ngx_memcmp(row->path.data, path->data, path->len) == 0)
        {
            break;
        }
    }

    return row;
}


/* a password or a code may be guessed: NGX_BUSY: not yet again */

static ngx_int_t
ngx_http_coderemote_auth_attempt(ngx_http_coderemote_auth_call_t *call,
    ngx_cr_cognito_route_e route)
{
    ngx_int_t                        rc;
    ngx_http_coderemote_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(call->request,
                                        ngx_http_coderemote_module);

    if (conf->limits.attempts == NULL
        || (route != NGX_CR_COGNITO_LOGIN && route != NGX_CR_COGNITO_CHALLENGE
            && route != NGX_CR_COGNITO_CONFIRMATION
            && route != NGX_CR_COGNITO_RESETTING))
    {
        return NGX_OK;
    }

    rc = ngx_http_coderemote_limits_attempt(call->request,
                                            conf->limits.attempts,
                                            &call->email, &call->who,
                                            &call->retry);

    call->counted = (rc == NGX_OK);

    if (rc == NGX_BUSY) {
        call->outcome = NGX_CR_COGNITO_TOO_MANY;
    }

    return rc;
}


/*
 * A challenge is answered under the name that the provider gave with it,
 * which is not the address.  It travels in front of the session.
 */

static ngx_int_t
ngx_http_coderemote_auth_user(ngx_http_request_t *r,
    ngx_cr_cognito_fields_t *fields)
{
    size_t      n, len;
    u_char     *dot, *last;
    ngx_str_t  *session;

    session = &fields->session;
    last = session->data + session->len;

    dot = ngx_strlchr(session->data, last, '.');
    if (dot == NULL || dot + 1 == last) {
        return NGX_DECLINED;
    }

    len = dot - session->data;

    if (len != 0) {
        fields->user.data = ngx_pnalloc(r->pool, ngx_cr_base64url_room(len));
        if (fields->user.data == NULL) {
            return NGX_ERROR;
        }

        if (ngx_cr_base64url_decode(fields->user.data, &fields->user.len,
                                    session->data, len)
            != NGX_OK
            || fields->user.len == 0
            || ngx_cr_ws_utf8_prefix(fields->user.data, fields->user.len, &n)
               != NGX_OK)
        {
            return NGX_DECLINED;
        }
    }

    session->data = dot + 1;
    session->len = last - session->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_auth_plain(ngx_http_coderemote_auth_call_t *call)
{
    ngx_cr_json_t                          json;
    const ngx_http_coderemote_auth_row_t  *row;

    if (call->outcome != NGX_CR_COGNITO_OK) {
        return ngx_http_coderemote_auth_call_refuse(call);
    }

    ngx_http_coderemote_auth_call_note(call, NULL);

    row = ngx_http_coderemote_auth_row(call->request);

    ngx_cr_json_init(&json, call->request->pool, 0);
    ngx_cr_json_begin(&json, '{');
    ngx_cr_json_name(&json, "status");
    ngx_cr_json_cstr(&json, row->text);
    ngx_cr_json_end(&json, '}');

    return ngx_http_coderemote_send_json(call->request, row->status, &json);
}


static ngx_int_t
ngx_http_coderemote_auth_signed(ngx_http_coderemote_auth_call_t *call)
{
    return (call->outcome == NGX_CR_COGNITO_CHALLENGED)
           ? ngx_http_coderemote_auth_challenged(call)
           : ngx_http_coderemote_auth_session(call);
}


static ngx_int_t
ngx_http_coderemote_auth_challenged(ngx_http_coderemote_auth_call_t *call)
{
    ngx_str_t                 session, destination;
    ngx_pool_t               *pool;
    ngx_cr_json_t             json;
    ngx_cr_cognito_answer_t  *answer;

    answer = &call->answer;
    pool = call->request->pool;

    if (ngx_http_coderemote_auth_opaque(pool, answer, &session) != NGX_OK
        || ngx_cr_cognito_mask(&answer->destination, pool, &destination)
           != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_coderemote_auth_call_note(call, NULL);

    ngx_cr_json_init(&json, pool, 1024);
    ngx_cr_json_begin(&json, '{');

    ngx_cr_json_name(&json, "challenge");
    ngx_cr_json_text(&json, answer->challenge.data, answer->challenge.len);

    ngx_cr_json_name(&json, "session");
    ngx_cr_json_text(&json, session.data, session.len);

    if (destination.len != 0) {
        ngx_cr_json_name(&json, "destination");
        ngx_cr_json_text(&json, destination.data, destination.len);
    }

    ngx_cr_json_end(&json, '}');

    return ngx_http_coderemote_send_json(call->request, NGX_HTTP_OK, &json);
}


static ngx_int_t
ngx_http_coderemote_auth_opaque(ngx_pool_t *pool,
    ngx_cr_cognito_answer_t *answer, ngx_str_t *session)
{
    u_char     *p;
    ngx_str_t   user;

    session->data = ngx_pnalloc(pool,
                                ngx_base64_encoded_length(answer->user.len)
                                + 1 + answer->session.len);
    if (session->data == NULL) {
        return NGX_ERROR;
    }

    user.data = session->data;
    user.len = 0;

    if (answer->user.len != 0) {
        ngx_encode_base64url(&user, &answer->user);
    }

    p = session->data + user.len;
    *p++ = '.';
    p = ngx_cpymem(p, answer->session.data, answer->session.len);

    session->len = p - session->data;

    return NGX_OK;
}
