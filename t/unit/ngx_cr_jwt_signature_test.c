
/*
 * Signatures that are almost right: row J13, RFC 8017 section 8.2.2 and RFC
 * 7518 section 3.4.
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


#define N  256          /* bytes of the modulus */


static const u_char  der_sha256[] = {
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
    0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20
};

static const u_char  p256_order[] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
    0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51
};


static const char *
input_rsa(void)
{
    return text("%s.%s", b64(H_RSA), b64(access_with(NULL, NULL)));
}


static const char *
input_ec(void)
{
    return text("%s.%s", b64(H_EC), b64(access_with(NULL, NULL)));
}


static const char *
with(const char *input, const void *sig, size_t len)
{
    return text("%s.%s", input, b64url(sig, len));
}


static void
hash_of(const char *input, u_char *hash)
{
    unsigned int  n;

    EVP_Digest(input, strlen(input), hash, &n, EVP_sha256(), NULL);
}


/* A signature whose padded hash is em, made with the private key. */

static const char *
padded(const char *input, const u_char *em, const char *key)
{
    size_t         len;
    u_char         sig[N];
    EVP_PKEY_CTX  *ctx;

    len = N;
    ctx = EVP_PKEY_CTX_new(key_of(key), NULL);

    if (EVP_PKEY_sign_init(ctx) != 1
        || EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) != 1
        || EVP_PKEY_sign(ctx, sig, &len, em, N) != 1)
    {
        abort();
    }

    EVP_PKEY_CTX_free(ctx);

    return with(input, sig, len);
}


/* 00 01 FF .. FF 00 info hash tail */

static void
pad(u_char *em, const u_char *info, size_t len, const u_char *hash,
    size_t tail)
{
    size_t  start;

    start = N - len - 32 - tail;

    memset(em, 0xff, N);
    em[0] = 0;
    em[1] = 1;
    em[start - 1] = 0;
    memcpy(em + start, info, len);
    memcpy(em + start + len, hash, 32);
    memset(em + N - tail, 0x5a, tail);
}


TEST("J13: an RS256 signature has exactly the length of the modulus")
{
    size_t       len;
    u_char       sig[2048];
    const char  *input;

    input = input_rsa();
    memset(sig, 0, sizeof(sig));

    len = sign(sig + 1, key_of("rsa"), EVP_sha256(), 0, input);
    CHECK_INT(len, N);

    CHECK_ERROR(outcome(with(input, sig + 1, len)), OK);
    CHECK_ERROR(outcome(with(input, sig + 1, len - 1)), SIGNATURE);
    CHECK_ERROR(outcome(with(input, sig + 2, len - 1)), SIGNATURE);
    CHECK_ERROR(outcome(with(input, sig, len + 1)), SIGNATURE);
    CHECK_ERROR(outcome(with(input, sig + 1, len + 1)), SIGNATURE);
    CHECK_ERROR(outcome(with(input, sig + 1, 1)), SIGNATURE);
    CHECK_ERROR(outcome(with(input, sig + 1, 512)), SIGNATURE);
    CHECK_ERROR(outcome(with(input, sig + 1, 2000)), SIGNATURE);
}


TEST("J13: an RS256 signature whose number is not less than the modulus")
{
    int          i, fits;
    u_char       sig[N], out[N];
    BIGNUM      *n, *s, *sum;
    const char  *input;

    n = key_number("rsa", OSSL_PKEY_PARAM_RSA_N);
    s = BN_new();
    sum = BN_new();
    fits = 0;

    /* s + n is the same number modulo n; it must fit 256 bytes to matter */

    for (i = 0; i < 2000 && !fits; i++) {
        input = text("%s.%s", b64(H_RSA),
                     b64(access_with("jti", text("\"%d\"", i))));
        sign(sig, key_of("rsa"), EVP_sha256(), 0, input);
        BN_bin2bn(sig, N, s);
        BN_add(sum, s, n);

        if (BN_num_bits(sum) <= 8 * N) {
            fits = 1;
            BN_bn2binpad(sum, out, N);
            CHECK_ERROR(outcome(with(input, sig, N)), OK);
            CHECK_ERROR(outcome(with(input, out, N)), SIGNATURE);
        }
    }

    input = input_rsa();

    BN_bn2binpad(n, out, N);
    CHECK_ERROR(outcome(with(input, out, N)), SIGNATURE);
    BN_add_word(n, 1);
    BN_bn2binpad(n, out, N);
    CHECK_ERROR(outcome(with(input, out, N)), SIGNATURE);
    memset(out, 0xff, N);
    CHECK_ERROR(outcome(with(input, out, N)), SIGNATURE);

    BN_free(n);
    BN_free(s);
    BN_free(sum);
}


TEST("J13: RS256 signatures of 0, 1 and n-1")
{
    u_char       out[N];
    BIGNUM      *n;
    const char  *input;

    input = input_rsa();

    memset(out, 0, N);
    CHECK_ERROR(outcome(with(input, out, N)), SIGNATURE);
    out[N - 1] = 1;
    CHECK_ERROR(outcome(with(input, out, N)), SIGNATURE);

    n = key_number("rsa", OSSL_PKEY_PARAM_RSA_N);
    BN_sub_word(n, 1);
    BN_bn2binpad(n, out, N);
    CHECK_ERROR(outcome(with(input, out, N)), SIGNATURE);
    BN_free(n);
}


TEST("J13: any changed bit of a signature is refused")
{
    int          i;
    u_char       sig[N];
    const char  *input;

    input = input_rsa();
    sign(sig, key_of("rsa"), EVP_sha256(), 0, input);

    for (i = 0; i < 8 * N; i += 5) {
        sig[i / 8] ^= (u_char) (1 << (i % 8));
        CHECK_MSG(outcome(with(input, sig, N)) == NGX_CR_JWT_SIGNATURE,
                  "bit %d", i);
        sig[i / 8] ^= (u_char) (1 << (i % 8));
    }

    input = input_ec();
    sign_es256(sig, key_of("ec"), input);

    for (i = 0; i < 8 * 64; i++) {
        sig[i / 8] ^= (u_char) (1 << (i % 8));
        CHECK_MSG(outcome(with(input, sig, 64)) == NGX_CR_JWT_SIGNATURE,
                  "bit %d of ES256", i);
        sig[i / 8] ^= (u_char) (1 << (i % 8));
    }
}


TEST("J13: PKCS #1 padding is compared whole")
{
    size_t       i;
    u_char       em[N], hash[32];
    const char  *input;

    input = input_rsa();
    hash_of(input, hash);

    pad(em, der_sha256, sizeof(der_sha256), hash, 0);
    CHECK_ERROR(outcome(padded(input, em, "rsa")), OK);

    /* each byte of it counts */

    for (i = 1; i < N; i += (i > 10 && i < 195) ? 23 : 1) {
        pad(em, der_sha256, sizeof(der_sha256), hash, 0);
        em[i] ^= 0x01;
        CHECK_MSG(outcome(padded(input, em, "rsa")) == NGX_CR_JWT_SIGNATURE,
                  "byte %zu", i);
    }

    /* block type 2, type 0, and garbage behind a hash that moved up */

    pad(em, der_sha256, sizeof(der_sha256), hash, 0);
    em[1] = 2;
    CHECK_ERROR(outcome(padded(input, em, "rsa")), SIGNATURE);
    em[1] = 0;
    CHECK_ERROR(outcome(padded(input, em, "rsa")), SIGNATURE);

    for (i = 1; i < 190; i += 27) {
        pad(em, der_sha256, sizeof(der_sha256), hash, i);
        CHECK_ERROR(outcome(padded(input, em, "rsa")), SIGNATURE);
    }

    /* a shorter padding with the hash at the end, zeros before */

    pad(em, der_sha256, sizeof(der_sha256), hash, 0);
    memset(em + 2, 0, 100);
    CHECK_ERROR(outcome(padded(input, em, "rsa")), SIGNATURE);
}


TEST("J13: BER and DER variants of DigestInfo are refused")
{
    size_t       i;
    u_char       em[N], hash[32];
    const char  *input;

    static const struct {
        size_t  len;
        u_char  info[64];
    } variants[] = {
        /* no parameters */
        { 17, { 0x30, 0x2f, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                0x65, 0x03, 0x04, 0x02, 0x01, 0x04, 0x20 } },
        /* lengths of more bytes than need be */
        { 20, { 0x30, 0x81, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
                0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 } },
        { 20, { 0x30, 0x32, 0x30, 0x81, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
                0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 } },
        { 20, { 0x30, 0x32, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x81, 0x20 } },
        { 20, { 0x30, 0x32, 0x30, 0x0e, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x81, 0x00, 0x04, 0x20 } },
        /* an indefinite length */
        { 19, { 0x30, 0x80, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 } },
        /* a longer OID, another hash's OID, NULL that is none */
        { 20, { 0x30, 0x32, 0x30, 0x0e, 0x06, 0x0a, 0x60, 0x86, 0x48, 0x01,
                0x65, 0x03, 0x04, 0x02, 0x80, 0x01, 0x05, 0x00, 0x04, 0x20 } },
        { 19, { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x20 } },
        { 15, { 0x30, 0x2d, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02,
                0x1a, 0x05, 0x00, 0x04, 0x20 } },
        { 19, { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                0x65, 0x03, 0x04, 0x02, 0x01, 0x04, 0x00, 0x04, 0x20 } },
        { 21, { 0x30, 0x33, 0x30, 0x0f, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x02, 0x00, 0x00, 0x04,
                0x20 } },
        /* the hash as a bit string, and bare */
        { 20, { 0x30, 0x32, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x03, 0x21, 0x00 } },
        { 2, { 0x04, 0x20 } },
        { 0, { 0 } },
    };

    input = input_rsa();
    hash_of(input, hash);

    for (i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
        pad(em, variants[i].info, variants[i].len, hash, 0);
        CHECK_MSG(outcome(padded(input, em, "rsa")) == NGX_CR_JWT_SIGNATURE,
                  "variant %zu", i);
    }
}


/* The largest s with s^3 <= em: bit by bit. */

static void
cube_root(BIGNUM *s, const BIGNUM *em, BN_CTX *ctx)
{
    int      bit;
    BIGNUM  *cube;

    cube = BN_new();
    BN_zero(s);

    for (bit = 8 * N / 3; bit >= 0; bit--) {
        BN_set_bit(s, bit);
        BN_sqr(cube, s, ctx);
        BN_mul(cube, cube, s, ctx);

        if (BN_cmp(cube, em) > 0) {
            BN_clear_bit(s, bit);
        }
    }

    BN_free(cube);
}


TEST("J13: the forgery of 2006 for exponent 3 is refused")
{
    size_t                i;
    u_char                em[N], got[N], hash[32], sig[N];
    BN_CTX               *ctx;
    BIGNUM               *m, *s;
    const char           *input;
    ngx_cr_jwk_set_t     *set;
    ngx_cr_jwt_policy_t   p;

    p = cognito_access();
    set = set_of(jwk_of("rsa-e3", "rsa-1", ""), 1);
    input = input_rsa();
    hash_of(input, hash);

    ctx = BN_CTX_new();
    m = BN_new();
    s = BN_new();

    /* 00 01 FF*k 00 DigestInfo hash, and then whatever a cube gives */

    for (i = 1; i < 12; i += 5) {
        memset(em, 0xff, N);
        em[0] = 0;
        em[1] = 1;
        em[2 + i] = 0;
        memcpy(em + 3 + i, der_sha256, sizeof(der_sha256));
        memcpy(em + 3 + i + sizeof(der_sha256), hash, 32);

        BN_bin2bn(em, N, m);
        cube_root(s, m, ctx);
        BN_bn2binpad(s, sig, N);

        /* it is a real one: s^3 begins as it should */

        BN_sqr(m, s, ctx);
        BN_mul(m, m, s, ctx);
        BN_bn2binpad(m, got, N);
        CHECK_MEM(got, 3 + i + sizeof(der_sha256) + 32, em,
                  3 + i + sizeof(der_sha256) + 32);

        CHECK_ERROR(verify(with(input, sig, N), &p, set, NOW), SIGNATURE);
    }

    /* and the key itself is good */

    CHECK_ERROR(verify(token_of(H_RSA, access_with(NULL, NULL), "rsa-e3"), &p,
                       set, NOW), OK);

    BN_free(m);
    BN_free(s);
    BN_CTX_free(ctx);
    ngx_cr_jwk_set_destroy(set);
}


TEST("J13: an ES256 signature is 64 bytes, not DER, not longer")
{
    size_t       len;
    u_char       sig[256];
    const char  *input;

    input = input_ec();

    len = sign(sig, key_of("ec"), EVP_sha256(), 0, input);
    CHECK(len > 64);
    CHECK_ERROR(outcome(with(input, sig, len)), SIGNATURE);
    CHECK_ERROR(outcome(with(input, sig, 64)), SIGNATURE);

    memset(sig, 0, sizeof(sig));
    sign_es256(sig + 1, key_of("ec"), input);
    CHECK_ERROR(outcome(with(input, sig + 1, 64)), OK);
    CHECK_ERROR(outcome(with(input, sig + 1, 63)), SIGNATURE);
    CHECK_ERROR(outcome(with(input, sig + 1, 65)), SIGNATURE);
    CHECK_ERROR(outcome(with(input, sig, 65)), SIGNATURE);
    CHECK_ERROR(outcome(with(input, sig, 66)), SIGNATURE);
    CHECK_ERROR(outcome(with(input, sig + 1, 32)), SIGNATURE);
    CHECK_ERROR(outcome(with(input, sig + 1, 128)), SIGNATURE);

    /* each half with a zero before it, as a signed number would have */

    memmove(sig + 34, sig + 33, 32);
    sig[33] = 0;
    CHECK_ERROR(outcome(with(input, sig, 66)), SIGNATURE);
}


TEST("J13: r and s of ES256 are in 1 .. n-1")
{
    int          i, j;
    u_char       sig[64], values[7][32];
    const char  *input;

    input = input_ec();

    memset(values, 0, sizeof(values));
    values[1][31] = 1;                              /* 1: in range, wrong */
    memcpy(values[2], p256_order, 32);              /* n */
    memcpy(values[3], p256_order, 32);
    values[3][31]++;                                /* n + 1 */
    memcpy(values[4], p256_order, 32);
    values[4][31]--;                                /* n - 1: in range */
    memset(values[5], 0xff, 32);

    for (i = 0; i < 7; i++) {
        for (j = 0; j < 7; j++) {

            /* the last one stands for the half of a good signature */

            sign_es256(sig, key_of("ec"), input);

            if (i < 6) {
                memcpy(sig, values[i], 32);
            }

            if (j < 6) {
                memcpy(sig + 32, values[j], 32);
            }

            CHECK_MSG(outcome(with(input, sig, 64))
                      == ((i == 6 && j == 6) ? NGX_CR_JWT_OK
                                             : NGX_CR_JWT_SIGNATURE),
                      "r %d, s %d", i, j);
        }
    }
}


TEST("J13: r and s with leading zero bytes verify; so does n - s")
{
    int          i, zeros;
    u_char       sig[64];
    BIGNUM      *n, *s;
    const char  *input;

    input = input_ec();
    zeros = 0;

    /* one of 128 has one */

    for (i = 0; i < 5000 && zeros < 3; i++) {
        sign_es256(sig, key_of("ec"), input);

        if (sig[0] == 0 || sig[32] == 0) {
            zeros++;
            CHECK_ERROR(outcome(with(input, sig, 64)), OK);
        }
    }

    CHECK_INT(zeros, 3);

    /* ECDSA has both, and RFC 7518 asks for neither */

    sign_es256(sig, key_of("ec"), input);
    n = BN_bin2bn(p256_order, 32, NULL);
    s = BN_bin2bn(sig + 32, 32, NULL);
    BN_sub(s, n, s);
    BN_bn2binpad(s, sig + 32, 32);
    CHECK_ERROR(outcome(with(input, sig, 64)), OK);
    BN_free(n);
    BN_free(s);

    /* r and s changed places */

    memmove(sig + 16, sig, 16);
    CHECK_ERROR(outcome(with(input, sig, 64)), SIGNATURE);
}


TEST("a signature of another header, payload or key is refused")
{
    const char  *good, *other, *sig;

    good = good_token();
    sig = strrchr(good, '.') + 1;
    other = token_of(H_RSA, access_with("sub", "\"somebody-else\""), "rsa");

    CHECK_ERROR(outcome(text("%.*s.%s", (int) (strrchr(other, '.') - other),
                             other, sig)), SIGNATURE);
    CHECK_ERROR(outcome(text("%s.%s.%s", b64(header_with("typ", "\"JWT\"")),
                             b64(access_with(NULL, NULL)), sig)), SIGNATURE);
    CHECK_ERROR(outcome(token_of(H_RSA, access_with(NULL, NULL),
                                 "rsa-attacker")), SIGNATURE);
    CHECK_ERROR(outcome(token_of(H_EC, access_with(NULL, NULL),
                                 "ec-attacker")), SIGNATURE);
}
