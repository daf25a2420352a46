/*
 * An issuer for bench/run: makes a key, writes its JWK set, prints tokens.
 *
 *   token RS256|ES256 COUNT JWKS_FILE
 *
 * One token a line, as Cognito's access tokens are, good for a day; each is
 * of a user of its own.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>


#define TOKEN_MAX  4096


static void
die(const char *what)
{
    fprintf(stderr, "token: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}


/* base64url without padding; returns the end */

static char *
encode(char *p, const unsigned char *data, size_t len)
{
    int    n;
    char  *q;

    n = EVP_EncodeBlock((unsigned char *) p, data, (int) len);

    while (n > 0 && p[n - 1] == '=') {
        n--;
    }

    for (q = p; q < p + n; q++) {
        *q = (*q == '+') ? '-' : (*q == '/') ? '_' : *q;
    }

    return p + n;
}


static void
print_number(FILE *f, EVP_PKEY *key, const char *member, const char *name,
    int size)
{
    char           text[TOKEN_MAX];
    BIGNUM        *n = NULL;
    unsigned char  bytes[512];

    if (EVP_PKEY_get_bn_param(key, name, &n) != 1) {
        die(name);
    }

    if (size == 0) {
        size = BN_num_bytes(n);
    }

    BN_bn2binpad(n, bytes, size);
    *encode(text, bytes, (size_t) size) = '\0';
    fprintf(f, ",\"%s\":\"%s\"", member, text);
    BN_free(n);
}


static void
write_jwks(const char *file, EVP_PKEY *key, int rsa)
{
    FILE  *f;

    f = fopen(file, "w");
    if (f == NULL) {
        die(file);
    }

    fprintf(f, "{\"keys\":[{\"kid\":\"bench\",\"use\":\"sig\",\"alg\":\"%s\"",
            rsa ? "RS256" : "ES256");

    if (rsa) {
        fprintf(f, ",\"kty\":\"RSA\"");
        print_number(f, key, "n", OSSL_PKEY_PARAM_RSA_N, 0);
        print_number(f, key, "e", OSSL_PKEY_PARAM_RSA_E, 0);

    } else {
        fprintf(f, ",\"kty\":\"EC\",\"crv\":\"P-256\"");
        print_number(f, key, "x", OSSL_PKEY_PARAM_EC_PUB_X, 32);
        print_number(f, key, "y", OSSL_PKEY_PARAM_EC_PUB_Y, 32);
    }

    fprintf(f, "}]}\n");
    fclose(f);
}


/* RFC 7518 section 3.4: r and s, 32 bytes each */

static size_t
raw_ecdsa(unsigned char *sig, size_t len)
{
    ECDSA_SIG            *rs;
    const unsigned char  *p = sig;

    rs = d2i_ECDSA_SIG(NULL, &p, (long) len);
    if (rs == NULL) {
        die("signature");
    }

    BN_bn2binpad(ECDSA_SIG_get0_r(rs), sig, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(rs), sig + 32, 32);
    ECDSA_SIG_free(rs);

    return 64;
}


static void
print_token(EVP_PKEY *key, int rsa, long i)
{
    char           token[TOKEN_MAX], text[1024], *p;
    long           now;
    size_t         len;
    EVP_MD_CTX    *ctx;
    unsigned char  sig[512];

    now = (long) time(NULL);

    snprintf(text, sizeof(text), "{\"kid\":\"bench\",\"alg\":\"%s\"}",
             rsa ? "RS256" : "ES256");
    p = encode(token, (unsigned char *) text, strlen(text));
    *p++ = '.';

    snprintf(text, sizeof(text),
             "{\"sub\":\"7c5e1f0a-0000-4000-8000-%012ld\","
             "\"iss\":\"https://issuer.example.com/pool_1\","
             "\"client_id\":\"1example23456789\","
             "\"origin_jti\":\"0a0a0a0a-0000-4000-8000-000000000000\","
             "\"event_id\":\"0b0b0b0b-0000-4000-8000-000000000000\","
             "\"token_use\":\"access\",\"scope\":\"openid\","
             "\"auth_time\":%ld,\"exp\":%ld,\"iat\":%ld,"
             "\"jti\":\"0c0c0c0c-0000-4000-8000-%012ld\","
             "\"username\":\"7c5e1f0a-0000-4000-8000-%012ld\"}",
             i, now, now + 86400, now, i, i);
    p = encode(p, (unsigned char *) text, strlen(text));

    len = sizeof(sig);
    ctx = EVP_MD_CTX_new();

    if (EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) != 1
        || EVP_DigestSign(ctx, sig, &len, (unsigned char *) token,
                          (size_t) (p - token))
           != 1)
    {
        die("sign");
    }

    EVP_MD_CTX_free(ctx);

    if (!rsa) {
        len = raw_ecdsa(sig, len);
    }

    *p++ = '.';
    *encode(p, sig, len) = '\0';

    puts(token);
}


int
main(int argc, char **argv)
{
    int        rsa;
    long       i, count;
    EVP_PKEY  *key;

    if (argc != 4) {
        die("usage: token RS256|ES256 COUNT JWKS_FILE");
    }

    rsa = strcmp(argv[1], "RS256") == 0;
    count = atol(argv[2]);

    key = rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    if (key == NULL) {
        die("key");
    }

    write_jwks(argv[3], key, rsa);

    for (i = 0; i < count; i++) {
        print_token(key, rsa, i);
    }

    return 0;
}
