
/*
 * The examples of RFC 7515, 7517 and 7520, as they are printed there.
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
#include "ngx_cr_jwt_jws.h"


#define JOE                                                                   \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"        \
    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

#define JOE_TEXT                                                              \
    "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n"                           \
    " \"http://example.com/is_root\":true}"

#define A1_HS256                                                              \
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." JOE                           \
    ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"

#define A2_KEY                                                                \
    "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\""                                \
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp"        \
    "-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOW"        \
    "vG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUs"        \
    "LA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9k"        \
    "G4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2"        \
    "PAcDTW9gb54h4FRWyuXpoQ\"}"

#define A2_RS256                                                              \
    "eyJhbGciOiJSUzI1NiJ9." JOE "."                                           \
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7"        \
    "AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4"        \
    "BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K"        \
    "0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqv"        \
    "hJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrB"        \
    "p0igcN_IoypGlUPQGe77Rw"

#define A3_KEY                                                                \
    "{\"kty\":\"EC\",\"crv\":\"P-256\","                                      \
    "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                  \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"

#define A3_ES256                                                              \
    "eyJhbGciOiJFUzI1NiJ9." JOE "."                                           \
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA"        \
    "pmWQxfKTUJqPP3-Kg6NU1Q"

#define A5_NONE  "eyJhbGciOiJub25lIn0." JOE "."

#define APPENDIX_E                                                            \
    "eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERU"      \
    "ZJTkVEIl0sDQogImh0dHA6Ly9leGFtcGxlLmNvbS9VTkRFRklORUQiOnRydWUNCn0."      \
    "RkFJTA."

#define RFC7517_N                                                             \
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86z"        \
    "wu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5Js"        \
    "GY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMic"        \
    "AtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-"        \
    "bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csF"        \
    "Cur-kEgU8awapJzKnqDKgw"

#define BILBO  "bilbo.baggins@hobbiton.example"

#define BILBO_KEY                                                             \
    "{\"kty\":\"RSA\",\"kid\":\"" BILBO "\",\"use\":\"sig\","                 \
    "\"e\":\"AQAB\",\"n\":\""                                                 \
    "n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRoj"        \
    "dNhxJWTDvNd7nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2l"        \
    "bzcEe6XC0dApr5ydQLrHqkHHig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6c"        \
    "S6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC0ZCuEHg8lhzwOHrtIQbS0FVbb9k3"        \
    "-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixoR7jig3__kRhuaxwU"        \
    "kRz5iaiQkqgc5gHdrNP5zw\"}"

#define BILBO_PAYLOAD                                                         \
    "SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IH"          \
    "lvdXIgZG9vci4gWW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBk"          \
    "b24ndCBrZWVwIHlvdXIgZmVldCwgdGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcm"          \
    "UgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4"

#define BILBO_SIGNATURE                                                       \
    "MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmK"          \
    "ZopdHM1O2U4mwzJdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4J"          \
    "IwmDLJK3lfWRa-XtL0RnltuYv746iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8w"          \
    "W1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW3IS_de3xyIrDaLGdjluP"          \
    "xUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ41Axf_f"          \
    "cIe8u9ipH84ogoree7vjbU5y18kDquDg"


static ngx_cr_jwt_policy_t
joes(void)
{
    ngx_cr_jwt_policy_t  p;

    ngx_cr_jwt_policy_init(&p);

    ngx_str_set(&p.issuer, "joe");
    p.algs = NGX_CR_JWK_RS256 | NGX_CR_JWK_ES256;
    p.any_audience = 1;
    p.no_kid = 1;

    return p;
}


/* The signature and the payload alone. */

static void
check_jws(const char *jwk, const char *token, const char *want)
{
    u_char                buf[NGX_CR_JWT_JWS_BUF];
    ngx_str_t             t, payload;
    ngx_cr_jwk_t         *key;
    ngx_cr_jwk_set_t     *set;
    ngx_cr_jwt_error_e    error;
    ngx_cr_jwt_policy_t   p;

    p = joes();
    set = set_of(jwk, 1);
    t.data = (u_char *) token;
    t.len = strlen(token);

    error = ngx_cr_jwt_jws_verify(&t, &p, set, buf, &payload, &key);
    CHECK_ERROR(error, OK);

    if (error == NGX_CR_JWT_OK) {
        CHECK_MEM(payload.data, payload.len, want, strlen(want));
        CHECK(key == set->keys);
    }

    ngx_cr_jwk_set_destroy(set);
}


static void
check_refused(const char *jwk, const char *token, ngx_cr_jwt_error_e want)
{
    ngx_cr_jwk_set_t     *set;
    ngx_cr_jwt_policy_t   p;

    p = joes();
    set = set_of(jwk, 1);
    CHECK_CASE(verify(token, &p, set, 1300000000), want, token);
    ngx_cr_jwk_set_destroy(set);
}


TEST("RFC 7515 appendix A.2: RS256")
{
    check_jws(A2_KEY, A2_RS256, JOE_TEXT);

    /* as a token all is well but that nobody is its subject */

    check_refused(A2_KEY, A2_RS256, NGX_CR_JWT_SUBJECT);
    check_refused(A3_KEY, A2_RS256, NGX_CR_JWT_ALG);
    check_refused(BILBO_KEY, A2_RS256, NGX_CR_JWT_SIGNATURE);
}


TEST("RFC 7515 appendix A.3: ES256")
{
    check_jws(A3_KEY, A3_ES256, JOE_TEXT);
    check_refused(A3_KEY, A3_ES256, NGX_CR_JWT_SUBJECT);
    check_refused(A2_KEY, A3_ES256, NGX_CR_JWT_ALG);
}


TEST("RFC 7515 appendix A: the exp of its examples is over")
{
    ngx_cr_jwk_set_t     *set;
    ngx_cr_jwt_policy_t   p;

    p = joes();
    set = set_of(A2_KEY, 1);
    CHECK_ERROR(verify(A2_RS256, &p, set, 1300819379), SUBJECT);
    CHECK_ERROR(verify(A2_RS256, &p, set, 1300819380), EXPIRED);
    ngx_cr_jwk_set_destroy(set);
}


TEST("RFC 7515 appendices A.1, A.5 and E: HS256, none and crit are refused")
{
    check_refused(A2_KEY, A1_HS256, NGX_CR_JWT_ALG);
    check_refused(A2_KEY, A5_NONE, NGX_CR_JWT_MALFORMED);
    check_refused(A2_KEY, A5_NONE "AA", NGX_CR_JWT_ALG);
    check_refused(A2_KEY, APPENDIX_E, NGX_CR_JWT_MALFORMED);
    check_refused(A2_KEY, APPENDIX_E "AA", NGX_CR_JWT_UNSUPPORTED);
}


TEST("RFC 7517 appendix A.1: of its two keys the one for signatures is used")
{
    u_char             hash[32];
    unsigned int       n;
    const char        *json;
    ngx_cr_jwk_set_t  *set;

    set = set_of("{\"kty\":\"EC\",\"crv\":\"P-256\","
                 "\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\","
                 "\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\","
                 "\"use\":\"enc\",\"kid\":\"1\"},"
                 "{\"kty\":\"RSA\",\"n\":\"" RFC7517_N "\",\"e\":\"AQAB\","
                 "\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}", 1);

    CHECK_INT(set->nkeys, 1);
    CHECK_INT(set->skipped, 1);
    CHECK_MEM(set->keys[0].kid.data, set->keys[0].kid.len, "2011-04-29", 10);
    ngx_cr_jwk_set_destroy(set);

    /* it is the number of RFC 7638, whose thumbprint is known */

    json = "{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"" RFC7517_N "\"}";
    EVP_Digest(json, strlen(json), hash, &n, EVP_sha256(), NULL);
    CHECK_STR(b64url(hash, 32),
              "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}


TEST("RFC 7520 section 4.1: RS256 over a text that is no JSON")
{
    const char           *token, *head;
    ngx_cr_jwk_set_t     *set;
    ngx_cr_jwt_policy_t   p;

    head = "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZX"
           "hhbXBsZSJ9";
    token = text("%s.%s.%s", head, BILBO_PAYLOAD, BILBO_SIGNATURE);

    check_jws(BILBO_KEY, token,
              "It\xe2\x80\x99s a dangerous business, Frodo, going out your "
              "door. You step onto the road, and if you don't keep your feet, "
              "there\xe2\x80\x99s no knowing where you might be swept off "
              "to.");
    check_refused(BILBO_KEY, token, NGX_CR_JWT_PAYLOAD);

    /* sections 4.2 and 4.3 are the same under PS384 and ES512 */

    check_refused(BILBO_KEY, text("%s.%s.%s",
                                  b64("{\"alg\":\"PS384\",\"kid\":\""
                                      BILBO "\"}"),
                                  BILBO_PAYLOAD, BILBO_SIGNATURE),
                  NGX_CR_JWT_ALG);
    check_refused(BILBO_KEY, text("%s.%s.%s",
                                  b64("{\"alg\":\"ES512\",\"kid\":\""
                                      BILBO "\"}"),
                                  BILBO_PAYLOAD, BILBO_SIGNATURE),
                  NGX_CR_JWT_ALG);

    /* section 4.6: a detached payload is no token */

    set = set_of(BILBO_KEY, 1);
    p = joes();
    CHECK_ERROR(verify(text("%s..%s", head, BILBO_SIGNATURE), &p, set, NOW),
                MALFORMED);
    ngx_cr_jwk_set_destroy(set);
}
