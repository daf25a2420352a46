
/*
 * The form of a JWT: rows J10 to J12.
 *
 * sources: ngx_http_coderemote_module/core/ngx_cr_base64url.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_json.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_jwk.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_jwk_set.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_jwt.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_jwt_claims.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_jwt_jws.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_rs256.c
 * libs: -ljansson -lcrypto
 * with: nginx
 */


#include "cr_jwt_test.h"


static const char *
payload(void)
{
    return access_with(NULL, NULL);
}


TEST("J10: segments must be strict base64url")
{
    size_t       i, k;
    const char  *segments[3];

    static const char *const  odd[] = {
        "=", "==", " ", "\n", "\t", "\r\n", "+", "/", "%3D", "*", ",", "~",
        "\xc3\xa9", "\x7f", "\x01", NULL
    };

    for (i = 0; odd[i] != NULL; i++) {
        for (k = 0; k < 6; k++) {
            segments[0] = b64(H_RSA);
            segments[1] = b64(payload());

            /* before, or after */

            segments[k % 2] = text("%s%s%s", (k / 2 == 0) ? odd[i] : "",
                                   segments[k % 2] + (k / 2 == 2),
                                   (k / 2 != 0) ? odd[i] : "");

            CHECK_CASE(outcome(token_signed(segments[0], segments[1], "rsa")),
                       NGX_CR_JWT_MALFORMED, odd[i]);
        }

        segments[2] = good_token();

        CHECK(outcome(text("%s%s", segments[2], odd[i])) != NGX_CR_JWT_OK);
        CHECK(outcome(text("%.*s%s", (int) strlen(segments[2]) - 1,
                           segments[2], odd[i])) != NGX_CR_JWT_OK);
        CHECK(outcome(text("%s%s", odd[i], segments[2])) != NGX_CR_JWT_OK);
    }

    CHECK_ERROR(outcome(token_signed("A", b64(payload()), "rsa")), MALFORMED);
    CHECK_ERROR(outcome(token_signed(b64(H_RSA), "A", "rsa")), MALFORMED);
    CHECK_ERROR(outcome(token_signed(b64(H_RSA), "AAAAA", "rsa")), MALFORMED);
}


TEST("J10: bits that belong to no byte must be zero, in each segment")
{
    int          pad;
    char        *t;
    size_t       i, len;
    const char  *p, *good;

    static const char  alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "abcdefghijklmnopqrstuvwxyz0123456789-_";

    /* the signature of 256 bytes leaves 4 bits, that of ES256 too */

    for (i = 0; i < 2; i++) {
        good = i ? token_of(H_EC, payload(), "ec") : good_token();
        t = strdup(good);
        len = strlen(t);

        for (pad = 1; pad < 16; pad++) {
            t[len - 1] = alphabet[(strchr(alphabet, good[len - 1]) - alphabet)
                                  | pad];
            CHECK_CASE(outcome(t), NGX_CR_JWT_MALFORMED, "signature");
        }

        free(t);
    }

    /* payloads of 3n+1 and 3n+2 bytes, signed as they are */

    for (i = 0; i < 3; i++) {
        p = b64(access_with("x", text("\"%.*s\"", (int) i, "aaa")));
        len = strlen(p);

        if (len % 4 == 0) {
            continue;
        }

        t = strdup(p);
        t[len - 1]++;
        CHECK_ERROR(outcome(token_signed(b64(H_RSA), p, "rsa")), OK);
        CHECK_ERROR(outcome(token_signed(b64(H_RSA), t, "rsa")), MALFORMED);
        free(t);
    }
}


TEST("J10: exactly three segments, none of them empty")
{
    size_t       i;
    const char  *h, *p, *g, *s;

    g = good_token();
    s = strrchr(g, '.') + 1;
    h = b64(H_RSA);
    p = b64(payload());

    const char *const  bad[] = {
        "", ".", "..", "...", "....", h, p, text("%s.", h), text(".%s", h),
        text("%s.%s", h, p), text("%s..%s", h, s), text(".%s.%s", p, s),
        text("%s.%s.", h, p), text(".%s", g), text("%s.", g),
        text("%s..", g), text("..%s", g), text("%s.%s", g, s),
        text("%s.%s.%s", g, s, s), text("%s.%s..%s", h, p, s),
        text("%s %s %s", h, p, s), text("%s,%s,%s", h, p, s), NULL
    };

    for (i = 0; bad[i] != NULL; i++) {
        CHECK_CASE(outcome(bad[i]), NGX_CR_JWT_MALFORMED, bad[i]);
    }
}


TEST("J11: JWS JSON serialization and JWE are refused")
{
    const char  *h, *p, *s;

    s = strrchr(good_token(), '.') + 1;
    h = b64(H_RSA);
    p = b64(payload());

    CHECK_ERROR(outcome(text("{\"payload\":\"%s\",\"protected\":\"%s\","
                             "\"signature\":\"%s\"}", p, h, s)), MALFORMED);
    CHECK_ERROR(outcome(text("{\"payload\":\"%s\",\"signatures\":[{"
                             "\"protected\":\"%s\",\"signature\":\"%s\"}]}",
                             p, h, s)), MALFORMED);
    CHECK_ERROR(outcome(text("%s.%s.%s.%s.%s",
                             b64("{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\"}"),
                             s, "AAAAAAAAAAAAAAAA", p, "AAAAAAAAAAAAAAAAAAAAAA"
                             )), MALFORMED);
    CHECK_ERROR(outcome(token_of(header_with("enc", "\"A256GCM\""), payload(),
                                 "rsa")), UNSUPPORTED);
}


/* A good token of exactly size bytes. */

static const char *
token_of_size(size_t size)
{
    int          i, fill;
    const char  *h, *t;

    for (i = 0; i < 4; i++) {
        h = header_with("x", text("\"%0*d\"", i + 1, 0));
        fill = (int) (size - strlen(token_of(h, payload(), "rsa"))) * 3 / 4
               - 20;

        do {
            t = token_of(h, access_with("x", text("\"%0*d\"", fill++, 0)),
                         "rsa");
        } while (strlen(t) < size);

        if (strlen(t) == size) {
            return t;
        }
    }

    abort();
}


TEST("J12: a token is measured before it is decoded")
{
    char                 *big;
    size_t                len;
    ngx_cr_jwt_t         *jwt;
    ngx_cr_jwt_policy_t   p;

    p = cognito_access();
    CHECK_INT(p.max_size, 8192);

    CHECK_ERROR(verify(token_of_size(8192), &p, keys_of_test(), NOW), OK);
    CHECK_ERROR(verify(token_of_size(8193), &p, keys_of_test(), NOW),
                TOO_LARGE);

    p.max_size = NGX_CR_JWT_SIZE_MAX;
    CHECK_ERROR(verify(token_of_size(8193), &p, keys_of_test(), NOW), OK);
    CHECK_ERROR(verify(token_of_size(16384), &p, keys_of_test(), NOW), OK);

    /* the bound of the buffer stands, whatever the policy says */

    p.max_size = 1 << 30;
    CHECK_ERROR(verify(token_of_size(16385), &p, keys_of_test(), NOW),
                TOO_LARGE);

    p.max_size = 0;
    CHECK_ERROR(verify(good_token(), &p, keys_of_test(), NOW), TOO_LARGE);

    for (len = 1024; len <= 1024 * 1024; len *= 2) {
        big = malloc(len);
        memset(big, 'A', len);
        CHECK_CASE(verify_at(big, len, &p, keys_of_test(), NOW, &jwt),
                   NGX_CR_JWT_TOO_LARGE, "1 MB of header");
        free(big);
    }
}
