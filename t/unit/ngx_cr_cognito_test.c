
/*
 * Requests to Amazon Cognito and its answers.
 *
 * sources: ngx_http_coderemote_module/core/ngx_cr_cognito.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_cognito_answer.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_json.c
 * libs: -ljansson -lcrypto
 * with: nginx
 */


#include "cr_test.h"
#include "ngx_cr_cognito.h"


static ngx_log_t  silent;


static ngx_str_t
text(const char *s)
{
    ngx_str_t  t;

    t.data = (u_char *) s;
    t.len = strlen(s);

    return t;
}


/* the body of an operation as JSON; the caller's reference */

static json_t *
request(ngx_cr_cognito_op_e op, const char *secret,
    const ngx_cr_cognito_fields_t *fields)
{
    json_t                   *json;
    ngx_str_t                 body;
    ngx_pool_t               *pool;
    ngx_cr_cognito_client_t   client;

    pool = ngx_create_pool(1024, &silent);
    client.id = text("client1");
    client.secret = text(secret);
    json = NULL;

    if (ngx_cr_cognito_request(op, &client, fields, pool, &body) == NGX_OK) {
        json = json_loadb((char *) body.data, body.len, 0, NULL);
    }

    ngx_destroy_pool(pool);

    return json;
}


static ngx_cr_cognito_fields_t
everything(void)
{
    ngx_cr_cognito_fields_t  f;

    f.user = text("ada@example.com");
    f.password = text("pass");
    f.code = text("123456");
    f.challenge = text("SMS_MFA");
    f.session = text("sess");
    f.token = text("tok");

    return f;
}


static ngx_uint_t
same(json_t *json, const char *expected)
{
    json_t      *want;
    ngx_uint_t   rc;

    want = json_loads(expected, 0, NULL);
    rc = json != NULL && want != NULL && json_equal(json, want);

    json_decref(want);
    json_decref(json);

    return rc;
}


static ngx_cr_cognito_answer_t
parse(long status, const char *body, const char *type)
{
    ngx_cr_cognito_answer_t  answer;

    ngx_cr_cognito_parse(status, (const u_char *) body, strlen(body), type,
                         &answer);

    return answer;
}


static ngx_cr_cognito_outcome_e
outcome(ngx_cr_cognito_route_e route, const char *type, const char *message)
{
    char                      body[512];
    ngx_cr_cognito_answer_t   answer;
    ngx_cr_cognito_outcome_e  out;

    snprintf(body, sizeof(body), "{\"__type\":\"%s\",\"message\":\"%s\"}",
             type, message);

    answer = parse(400, body, "");
    out = ngx_cr_cognito_outcome(route, &answer);
    ngx_cr_cognito_done(&answer);

    return out;
}


TEST("requests without a secret have what the operation wants")
{
    size_t                   i;
    ngx_cr_cognito_fields_t  f;

    static const struct {
        ngx_cr_cognito_op_e   op;
        const char           *body;
    } cases[] = {
        { NGX_CR_COGNITO_SIGN_IN, "{\"ClientId\":\"client1\",\"AuthFlow\":"
          "\"USER_PASSWORD_AUTH\",\"AuthParameters\":{\"USERNAME\":"
          "\"ada@example.com\",\"PASSWORD\":\"pass\"}}" },
        { NGX_CR_COGNITO_SIGN_UP, "{\"ClientId\":\"client1\",\"Username\":"
          "\"ada@example.com\",\"Password\":\"pass\",\"UserAttributes\":"
          "[{\"Name\":\"email\",\"Value\":\"ada@example.com\"}]}" },
        { NGX_CR_COGNITO_CONFIRM, "{\"ClientId\":\"client1\",\"Username\":"
          "\"ada@example.com\",\"ConfirmationCode\":\"123456\"}" },
        { NGX_CR_COGNITO_RESEND, "{\"ClientId\":\"client1\",\"Username\":"
          "\"ada@example.com\"}" },
        { NGX_CR_COGNITO_REFRESH, "{\"ClientId\":\"client1\","
          "\"RefreshToken\":\"tok\"}" },
        { NGX_CR_COGNITO_REFRESH_AUTH, "{\"ClientId\":\"client1\","
          "\"AuthFlow\":\"REFRESH_TOKEN_AUTH\",\"AuthParameters\":"
          "{\"REFRESH_TOKEN\":\"tok\"}}" },
        { NGX_CR_COGNITO_REVOKE, "{\"ClientId\":\"client1\",\"Token\":"
          "\"tok\"}" },
        { NGX_CR_COGNITO_SIGN_OUT, "{\"AccessToken\":\"tok\"}" },
        { NGX_CR_COGNITO_FORGOT, "{\"ClientId\":\"client1\",\"Username\":"
          "\"ada@example.com\"}" },
        { NGX_CR_COGNITO_RESET, "{\"ClientId\":\"client1\",\"Username\":"
          "\"ada@example.com\",\"Password\":\"pass\",\"ConfirmationCode\":"
          "\"123456\"}" }
    };

    f = everything();

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (!same(request(cases[i].op, "", &f), cases[i].body)) {
            CR_TEST_FAIL("operation %d", (int) cases[i].op);
        }
    }
}


TEST("a challenge is answered by the parameter of its name")
{
    ngx_cr_cognito_fields_t  f;

    f = everything();
    f.password.len = 0;

    CHECK(same(request(NGX_CR_COGNITO_RESPOND, "", &f),
               "{\"ClientId\":\"client1\",\"ChallengeName\":\"SMS_MFA\","
               "\"Session\":\"sess\",\"ChallengeResponses\":{\"USERNAME\":"
               "\"ada@example.com\",\"SMS_MFA_CODE\":\"123456\"}}"));

    f.challenge = text("SOFTWARE_TOKEN_MFA");

    CHECK(same(request(NGX_CR_COGNITO_RESPOND, "", &f),
               "{\"ClientId\":\"client1\",\"ChallengeName\":"
               "\"SOFTWARE_TOKEN_MFA\",\"Session\":\"sess\","
               "\"ChallengeResponses\":{\"USERNAME\":\"ada@example.com\","
               "\"SOFTWARE_TOKEN_MFA_CODE\":\"123456\"}}"));

    f = everything();
    f.challenge = text("NEW_PASSWORD_REQUIRED");
    f.code.len = 0;

    CHECK(same(request(NGX_CR_COGNITO_RESPOND, "", &f),
               "{\"ClientId\":\"client1\",\"ChallengeName\":"
               "\"NEW_PASSWORD_REQUIRED\",\"Session\":\"sess\","
               "\"ChallengeResponses\":{\"USERNAME\":\"ada@example.com\","
               "\"NEW_PASSWORD\":\"pass\"}}"));
}


TEST("SECRET_HASH is base64 of HMAC-SHA256 of user and client id")
{
    u_char                   buf[64];
    json_t                  *json;
    ngx_str_t                hash, user;
    const char              *s;
    ngx_cr_cognito_client_t  client;
    ngx_cr_cognito_fields_t  f;

    /* printf ada@example.comclient1 | openssl dgst -sha256 -hmac key */
    static const char  want[] = "6V4rpxJAo/JLiIoW/JMzPfpdcmJgz2jrBrBZV1yKM2U=";

    client.id = text("client1");
    client.secret = text("key");
    user = text("ada@example.com");
    hash.data = buf;

    REQUIRE(ngx_cr_cognito_hash(&client, &user, &hash) == NGX_OK);
    CHECK(hash.len == strlen(want) && memcmp(buf, want, hash.len) == 0);

    f = everything();

    json = request(NGX_CR_COGNITO_SIGN_IN, "key", &f);
    s = json_string_value(json_object_get(json_object_get(json,
                                                          "AuthParameters"),
                                          "SECRET_HASH"));
    CHECK(s != NULL && strcmp(s, want) == 0);
    json_decref(json);

    json = request(NGX_CR_COGNITO_FORGOT, "key", &f);
    s = json_string_value(json_object_get(json, "SecretHash"));
    CHECK(s != NULL && strcmp(s, want) == 0);
    json_decref(json);

    json = request(NGX_CR_COGNITO_REVOKE, "key", &f);
    s = json_string_value(json_object_get(json, "ClientSecret"));
    CHECK(s != NULL && strcmp(s, "key") == 0);
    json_decref(json);

    json = request(NGX_CR_COGNITO_SIGN_OUT, "key", &f);
    CHECK(json_object_size(json) == 1);
    json_decref(json);
}


TEST("texts that need escapes stay in one buffer")
{
    char                     s[257];
    json_t                  *json;
    const char              *got;
    ngx_cr_cognito_fields_t  f;

    memset(s, '\x01', 256);
    s[255] = '"';
    s[256] = '\0';

    f = everything();
    f.password = text(s);

    json = request(NGX_CR_COGNITO_SIGN_IN, "", &f);
    REQUIRE(json != NULL);

    got = json_string_value(json_object_get(json_object_get(json,
                                                            "AuthParameters"),
                                            "PASSWORD"));
    CHECK(got != NULL && strcmp(got, s) == 0);
    json_decref(json);
}


TEST("the longest session and token go into a request")
{
    char                     s[16001];
    json_t                  *json;
    ngx_cr_cognito_fields_t  f;

    memset(s, '\\', sizeof(s) - 1);
    s[sizeof(s) - 1] = '\0';

    f = everything();
    f.session = text(s);
    f.token = text(s);

    json = request(NGX_CR_COGNITO_RESPOND, "", &f);
    CHECK(json_string_length(json_object_get(json, "Session")) == 16000);
    json_decref(json);

    json = request(NGX_CR_COGNITO_SIGN_OUT, "", &f);
    CHECK(json_string_length(json_object_get(json, "AccessToken")) == 16000);
    json_decref(json);
}


TEST("tokens and challenges are read")
{
    ngx_cr_cognito_answer_t  a;

    a = parse(200, "{\"AuthenticationResult\":{\"AccessToken\":\"A\","
              "\"IdToken\":\"I\",\"RefreshToken\":\"R\"},"
              "\"ChallengeParameters\":{}}", "");

    CHECK(a.error == NGX_CR_COGNITO_E_NONE);
    CHECK(a.access.len == 1 && a.access.data[0] == 'A');
    CHECK(a.id.len == 1 && a.id.data[0] == 'I');
    CHECK(a.refresh.len == 1 && a.refresh.data[0] == 'R');
    CHECK(ngx_cr_cognito_outcome(NGX_CR_COGNITO_LOGIN, &a)
          == NGX_CR_COGNITO_OK);
    ngx_cr_cognito_done(&a);

    a = parse(200, "{\"ChallengeName\":\"SMS_MFA\",\"Session\":\"S\","
              "\"ChallengeParameters\":{\"USER_ID_FOR_SRP\":\"u\","
              "\"CODE_DELIVERY_DESTINATION\":\"+491\"}}", "");

    CHECK(a.user.len == 1 && a.destination.len == 4);
    CHECK(ngx_cr_cognito_outcome(NGX_CR_COGNITO_LOGIN, &a)
          == NGX_CR_COGNITO_CHALLENGED);
    CHECK(ngx_cr_cognito_outcome(NGX_CR_COGNITO_REFRESHING, &a)
          == NGX_CR_COGNITO_UNAVAILABLE);
    ngx_cr_cognito_done(&a);
}


TEST("a success that has not what it should is none")
{
    size_t                    i;
    ngx_cr_cognito_answer_t   a;
    ngx_cr_cognito_outcome_e  out;

    static const struct {
        const char                *body;
        ngx_cr_cognito_outcome_e   login;
        ngx_cr_cognito_outcome_e   logout;
    } cases[] = {
        { "", NGX_CR_COGNITO_UNAVAILABLE, NGX_CR_COGNITO_OK },
        { "{}", NGX_CR_COGNITO_UNAVAILABLE, NGX_CR_COGNITO_OK },
        { "[]", NGX_CR_COGNITO_UNAVAILABLE, NGX_CR_COGNITO_UNAVAILABLE },
        { "x", NGX_CR_COGNITO_UNAVAILABLE, NGX_CR_COGNITO_UNAVAILABLE },
        { "{\"a\":1,\"a\":1}", NGX_CR_COGNITO_UNAVAILABLE,
          NGX_CR_COGNITO_UNAVAILABLE },
        { "{\"AuthenticationResult\":{\"AccessToken\":1,"
          "\"RefreshToken\":\"R\"}}", NGX_CR_COGNITO_UNAVAILABLE,
          NGX_CR_COGNITO_OK },
        { "{\"AuthenticationResult\":{\"AccessToken\":\"A\"}}",
          NGX_CR_COGNITO_UNAVAILABLE, NGX_CR_COGNITO_OK },
        { "{\"ChallengeName\":\"SMS_MFA\"}", NGX_CR_COGNITO_MISCONFIGURED,
          NGX_CR_COGNITO_OK },
        { "{\"ChallengeName\":\"MFA_SETUP\",\"Session\":\"S\"}",
          NGX_CR_COGNITO_MISCONFIGURED, NGX_CR_COGNITO_OK }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        a = parse(200, cases[i].body, "");

        out = ngx_cr_cognito_outcome(NGX_CR_COGNITO_LOGIN, &a);
        if (out != cases[i].login) {
            CR_TEST_FAIL("login: %s", cases[i].body);
        }

        out = ngx_cr_cognito_outcome(NGX_CR_COGNITO_LOGOUT, &a);
        if (out != cases[i].logout) {
            CR_TEST_FAIL("logout: %s", cases[i].body);
        }

        ngx_cr_cognito_done(&a);
    }
}


TEST("the type of an error is found however it is spelled")
{
    size_t                   i;
    ngx_cr_cognito_answer_t  a;

    static const struct {
        const char  *body;
        const char  *header;
    } cases[] = {
        { "{\"__type\":\"CodeMismatchException\"}", "" },
        { "{\"__type\":\"com.amazonaws.x#CodeMismatchException\"}", "" },
        { "{\"__type\":\"CodeMismatchException:http://x/\"}", "" },
        { "{\"__type\":\"CodeMismatchException\"}", "LimitExceededException" },
        { "", "CodeMismatchException:" },
        { "<html>", "CodeMismatchException:http://x/" },
        { "{\"message\":\"x\"}", "CodeMismatchException" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        a = parse(400, cases[i].body, cases[i].header);

        if (a.error != NGX_CR_COGNITO_E_CODE) {
            CR_TEST_FAIL("%s %s", cases[i].body, cases[i].header);
        }

        ngx_cr_cognito_done(&a);
    }

    a = parse(500, "{}", "");
    CHECK(a.error == NGX_CR_COGNITO_E_OTHER);
    ngx_cr_cognito_done(&a);

    a = parse(500, "{\"__type\":\"CognitoLocal#Unsupported\"}", "");
    CHECK(a.error == NGX_CR_COGNITO_E_UNSUPPORTED);
    ngx_cr_cognito_done(&a);
}


TEST("messages are kept only when they can be printed")
{
    ngx_cr_cognito_answer_t  a;

    a = parse(400, "{\"__type\":\"X\",\"Message\":\"some words\"}", "");
    CHECK(a.message.len == 10);
    ngx_cr_cognito_done(&a);

    a = parse(400, "{\"__type\":\"X\",\"message\":\"a\\nb\"}", "");
    CHECK(a.message.len == 0);
    ngx_cr_cognito_done(&a);

    a = parse(400, "{\"__type\":\"X\",\"message\":\"\xc3\xa4\"}", "");
    CHECK(a.message.len == 0);
    ngx_cr_cognito_done(&a);
}


TEST("no answer tells whether an account exists")
{
    size_t                    i;
    ngx_cr_cognito_outcome_e  known;

    /* what an account that does not exist is answered, and one that does */

    static const struct {
        ngx_cr_cognito_route_e   route;
        const char              *unknown;
        const char              *other;
    } cases[] = {
        { NGX_CR_COGNITO_LOGIN, "UserNotFoundException",
          "NotAuthorizedException" },
        { NGX_CR_COGNITO_LOGIN, "UserNotFoundException",
          "InvalidPasswordException" },
        { NGX_CR_COGNITO_REGISTER, "CodeDeliveryFailureException",
          "UsernameExistsException" },
        { NGX_CR_COGNITO_CONFIRMATION, "UserNotFoundException",
          "CodeMismatchException" },
        { NGX_CR_COGNITO_CONFIRMATION, "UserNotFoundException",
          "NotAuthorizedException" },
        { NGX_CR_COGNITO_CONFIRMATION, "UserNotFoundException",
          "AliasExistsException" },
        { NGX_CR_COGNITO_RESENDING, "UserNotFoundException",
          "InvalidParameterException" },
        { NGX_CR_COGNITO_RESENDING, "UserNotFoundException",
          "LimitExceededException" },
        { NGX_CR_COGNITO_FORGOTTEN, "UserNotFoundException",
          "LimitExceededException" },
        { NGX_CR_COGNITO_FORGOTTEN, "UserNotFoundException",
          "InvalidParameterException" },
        { NGX_CR_COGNITO_FORGOTTEN, "UserNotFoundException",
          "NotAuthorizedException" },
        { NGX_CR_COGNITO_RESETTING, "UserNotFoundException",
          "CodeMismatchException" },
        { NGX_CR_COGNITO_RESETTING, "UserNotFoundException",
          "InvalidParameterException" }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        known = outcome(cases[i].route, cases[i].other, "x");

        if (outcome(cases[i].route, cases[i].unknown, "x") != known) {
            CR_TEST_FAIL("%s: %s",
                         ngx_cr_cognito_route_name(cases[i].route),
                         cases[i].other);
        }
    }

    CHECK(outcome(NGX_CR_COGNITO_REGISTER, "UsernameExistsException", "x")
          == NGX_CR_COGNITO_OK);
    CHECK(outcome(NGX_CR_COGNITO_FORGOTTEN, "UserNotFoundException", "x")
          == NGX_CR_COGNITO_OK);
}


TEST("errors of one type mean different things by their text")
{
    CHECK(outcome(NGX_CR_COGNITO_LOGIN, "NotAuthorizedException",
                  "Incorrect username or password.")
          == NGX_CR_COGNITO_BAD_CREDENTIALS);
    CHECK(outcome(NGX_CR_COGNITO_LOGIN, "NotAuthorizedException",
                  "Password attempts exceeded") == NGX_CR_COGNITO_TOO_MANY);
    CHECK(outcome(NGX_CR_COGNITO_LOGIN, "NotAuthorizedException",
                  "Client x is configured with secret but SECRET_HASH was not "
                  "received") == NGX_CR_COGNITO_MISCONFIGURED);
    CHECK(outcome(NGX_CR_COGNITO_FORGOTTEN, "NotAuthorizedException",
                  "Unable to verify secret hash for client x")
          == NGX_CR_COGNITO_MISCONFIGURED);
    CHECK(outcome(NGX_CR_COGNITO_LOGIN, "InvalidParameterException",
                  "USER_PASSWORD_AUTH flow not enabled for this client")
          == NGX_CR_COGNITO_MISCONFIGURED);
    CHECK(outcome(NGX_CR_COGNITO_LOGIN, "InvalidParameterException", "x")
          == NGX_CR_COGNITO_BAD_CREDENTIALS);
}


TEST("every error of every route has an outcome with a name")
{
    ngx_uint_t               e, r;
    ngx_cr_cognito_answer_t  a;

    memset(&a, 0, sizeof(a));

    for (e = 1; e < NGX_CR_COGNITO_ERRORS; e++) {
        for (r = 0; r < NGX_CR_COGNITO_ROUTES; r++) {
            a.error = e;
            CHECK(ngx_cr_cognito_outcome(r, &a) < NGX_CR_COGNITO_OUTCOMES
                  && ngx_cr_cognito_outcome_name(ngx_cr_cognito_outcome(r, &a))
                     != NULL
                  && ngx_cr_cognito_route_name(r) != NULL);
        }
    }
}


TEST("where a code went is masked")
{
    size_t       i;
    ngx_str_t    in, out;
    ngx_pool_t  *pool;

    static const char *const  cases[][2] = {
        { "ada@example.com", "a***@e***" },
        { "a***@e***", "a***@e***" },
        { "+491701234567", "+*******67" },
        { "+49", "***" },
        { "@b", "***" },
        { "a@", "***" },
        { "\xc3\xa4@b", "***" },
        { "somewhere", "***" },
        { "", "" }
    };

    pool = ngx_create_pool(1024, &silent);

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        in = text(cases[i][0]);

        if (ngx_cr_cognito_mask(&in, pool, &out) != NGX_OK
            || out.len != strlen(cases[i][1])
            || memcmp(out.data, cases[i][1], out.len) != 0)
        {
            CR_TEST_FAIL("%s: %.*s", cases[i][0], (int) out.len, out.data);
        }
    }

    ngx_destroy_pool(pool);
}


TEST("wiping leaves nothing of the strings, at any depth")
{
    json_t  *json, *inner;

    json = json_loads("{\"a\":\"secret\",\"b\":{\"c\":\"deeper\"},\"d\":1}",
                      0, NULL);
    ngx_cr_cognito_wipe(json);

    inner = json_object_get(json_object_get(json, "b"), "c");

    CHECK(json_string_value(json_object_get(json, "a"))[0] == '\0');
    CHECK(json_string_value(inner)[0] == '\0');

    json_decref(json);
    ngx_cr_cognito_wipe(NULL);
}
