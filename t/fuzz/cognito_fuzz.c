
/*
 * Answers of an identity provider.  Byte 0 of the input: the status; then a
 * line, the header x-amzn-ErrorType; the rest is the body.
 *
 * Holds: every route has an outcome, and with a good one what belongs to it;
 * what may get into a log or an answer can be printed; the texts of an answer
 * go into requests and come out of them the same.
 *
 * sources: ngx_http_coderemote_module/core/ngx_cr_cognito.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_cognito_answer.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_json.c
 * libs: -ljansson -lcrypto
 * max: 8192
 * with: nginx
 */


#include <stdlib.h>
#include <string.h>

#include "ngx_cr_cognito.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static ngx_log_t  quiet;


static void
promise(int kept)
{
    if (!kept) {
        abort();
    }
}


static void
printable(const ngx_str_t *text)
{
    size_t  i;

    for (i = 0; i < text->len; i++) {
        promise(text->data[i] >= 0x20 && text->data[i] <= 0x7e);
    }
}


static void
outcomes(const ngx_cr_cognito_answer_t *a)
{
    ngx_uint_t                r;
    ngx_cr_cognito_outcome_e  out;

    for (r = 0; r < NGX_CR_COGNITO_ROUTES; r++) {
        out = ngx_cr_cognito_outcome(r, a);

        promise(out < NGX_CR_COGNITO_OUTCOMES);
        promise(out != NGX_CR_COGNITO_CHALLENGED
                || (a->challenge.len != 0 && a->session.len != 0));
        promise(out != NGX_CR_COGNITO_OK || r > NGX_CR_COGNITO_CHALLENGE
                || (a->access.len != 0 && a->refresh.len != 0));
        promise(out != NGX_CR_COGNITO_OK || r != NGX_CR_COGNITO_REFRESHING
                || a->access.len != 0);
    }
}


static void
same(json_t *json, const char *name, const ngx_str_t *text)
{
    json_t  *value;

    value = json_object_get(json, name);

    promise(json_string_length(value) == text->len);
    promise(text->len == 0
            || memcmp(json_string_value(value), text->data, text->len) == 0);
}


static void
round_trip(const ngx_cr_cognito_answer_t *a)
{
    json_t                   *json;
    ngx_str_t                 body, masked;
    ngx_pool_t               *pool;
    ngx_cr_cognito_client_t   client;
    ngx_cr_cognito_fields_t   f;

    pool = ngx_create_pool(1024, &quiet);
    promise(pool != NULL);

    ngx_str_set(&client.id, "id");
    ngx_str_set(&client.secret, "secret");

    memset(&f, 0, sizeof(f));
    f.user = a->user;
    f.challenge = a->challenge;
    f.session = a->session;
    f.code = a->destination;

    if (ngx_cr_cognito_request(NGX_CR_COGNITO_RESPOND, &client, &f, pool,
                               &body)
        == NGX_OK)
    {
        json = json_loadb((char *) body.data, body.len,
                          JSON_REJECT_DUPLICATES, NULL);
        promise(json != NULL);
        same(json, "ChallengeName", &a->challenge);
        same(json, "Session", &a->session);
        same(json_object_get(json, "ChallengeResponses"), "USERNAME",
             &a->user);
        json_decref(json);

    } else {
        promise(a->user.len > 4000);
    }

    promise(ngx_cr_cognito_mask(&a->destination, pool, &masked) == NGX_OK);
    promise(masked.len <= a->destination.len + 9);

    ngx_destroy_pool(pool);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char                     *type;
    size_t                    len;
    const uint8_t            *line;
    ngx_cr_cognito_answer_t   a;

    static const long  statuses[] = { 200, 400, 500, 0 };

    if (size < 1) {
        return 0;
    }

    line = memchr(data + 1, '\n', size - 1);
    line = (line != NULL) ? line : data + size - 1;
    len = line - data > 0 ? (size_t) (line - data - 1) : 0;

    type = strndup((const char *) data + 1, len);
    promise(type != NULL);

    ngx_cr_cognito_parse(statuses[data[0] % 4], line + 1,
                         data + size - (line + 1), type, &a);

    promise(a.error < NGX_CR_COGNITO_ERRORS);
    printable(&a.message);
    printable(&a.type);
    outcomes(&a);
    round_trip(&a);

    ngx_cr_cognito_done(&a);
    free(type);

    return 0;
}
