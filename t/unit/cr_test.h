
/*
 * The whole of the unit test framework.  A test file includes this header,
 * has tests of the form
 *
 *     TEST("RFC 6455 section 5.1: a client must mask its frames")
 *     {
 *         CHECK(x == y);
 *     }
 *
 * and nothing more: main() is here.  A test is one promise; its title is the
 * sentence that is reported.  CHECK and the CHECK_ family note a failure and
 * go on, REQUIRE leaves the test.  `program WORD` runs the tests whose title
 * has the word, `program -v` names each.
 */


#ifndef _CR_TEST_H_INCLUDED_
#define _CR_TEST_H_INCLUDED_


#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


typedef struct cr_test_s  cr_test_t;

struct cr_test_s {
    const char   *title;
    void        (*run)(void);
    cr_test_t    *next;
};


static cr_test_t   *cr_test_first;
static cr_test_t  **cr_test_last = &cr_test_first;
static int          cr_test_failures;    /* in the test that runs */


#define CR_TEST_JOIN2(a, b)  a##b
#define CR_TEST_JOIN(a, b)   CR_TEST_JOIN2(a, b)


#define TEST(title)                                                           \
    CR_TEST_DEFINE(title, CR_TEST_JOIN(cr_test_run_, __LINE__),               \
                   CR_TEST_JOIN(cr_test_add_, __LINE__))

#define CR_TEST_DEFINE(title_, run_, add_)                                    \
    static void run_(void);                                                   \
    static void __attribute__((constructor)) add_(void)                       \
    {                                                                         \
        static cr_test_t  test = { title_, run_, NULL };                      \
                                                                              \
        *cr_test_last = &test;                                                \
        cr_test_last = &test.next;                                            \
    }                                                                         \
    static void run_(void)


#define CR_TEST_FAIL(...)                                                     \
    do {                                                                      \
        cr_test_failures++;                                                   \
        printf("  %s:%d: ", __FILE__, __LINE__);                              \
        printf(__VA_ARGS__);                                                  \
        printf("\n");                                                         \
    } while (0)

#define CHECK(cond)                                                           \
    do {                                                                      \
        if (!(cond)) {                                                        \
            CR_TEST_FAIL("%s", #cond);                                        \
        }                                                                     \
    } while (0)

/* as CHECK, with a printf-style text that tells which case it was */

#define CHECK_MSG(cond, ...)                                                  \
    do {                                                                      \
        if (!(cond)) {                                                        \
            printf("  case ");                                                \
            printf(__VA_ARGS__);                                              \
            printf(":\n");                                                    \
            CR_TEST_FAIL("%s", #cond);                                        \
        }                                                                     \
    } while (0)

#define REQUIRE(cond)                                                         \
    do {                                                                      \
        if (!(cond)) {                                                        \
            CR_TEST_FAIL("%s", #cond);                                        \
            return;                                                           \
        }                                                                     \
    } while (0)

#define CHECK_INT(got, want)                                                  \
    do {                                                                      \
        intmax_t  got_ = (intmax_t) (got);                                    \
        intmax_t  want_ = (intmax_t) (want);                                  \
                                                                              \
        if (got_ != want_) {                                                  \
            CR_TEST_FAIL("%s is %" PRIdMAX ", not %" PRIdMAX, #got, got_,     \
                         want_);                                              \
        }                                                                     \
    } while (0)

#define CHECK_MEM(got, len, want, want_len)                                   \
    cr_test_check_mem(__FILE__, __LINE__, #got, (got), (len), (want),         \
                      (want_len))

#define CHECK_STR(got, want)                                                  \
    cr_test_check_mem(__FILE__, __LINE__, #got, (got), strlen(got), (want),   \
                      strlen(want))


static inline void
cr_test_dump(const char *name, const void *data, size_t len)
{
    size_t                i;
    const unsigned char  *p;

    p = data;
    printf("    %s: %zu bytes:", name, len);

    for (i = 0; i < len && i < 64; i++) {
        printf(" %02x", p[i]);
    }

    printf("%s\n", (i < len) ? " ..." : "");
}


static inline void
cr_test_check_mem(const char *file, int line, const char *expr,
    const void *got, size_t len, const void *want, size_t want_len)
{
    if (len == want_len && (len == 0 || memcmp(got, want, len) == 0)) {
        return;
    }

    cr_test_failures++;
    printf("  %s:%d: %s is not what it should be\n", file, line, expr);
    cr_test_dump("got", got, len);
    cr_test_dump("want", want, want_len);
}


/* A small repeatable generator, for tests that cut or mix at random. */

static inline uint32_t
cr_test_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;

    return *state;
}


int
main(int argc, char **argv)
{
    int          passed, failed, verbose;
    cr_test_t   *t;
    const char  *word;

    passed = 0;
    failed = 0;
    verbose = (argc > 1 && strcmp(argv[1], "-v") == 0);
    word = (argc > 1 && !verbose) ? argv[1] : NULL;

    setvbuf(stdout, NULL, _IOLBF, 0);

    for (t = cr_test_first; t != NULL; t = t->next) {

        if (word != NULL && strstr(t->title, word) == NULL) {
            continue;
        }

        if (verbose) {
            printf("%s\n", t->title);
        }

        cr_test_failures = 0;
        t->run();

        if (cr_test_failures != 0) {
            printf("failed: %s\n", t->title);
            failed++;

        } else {
            passed++;
        }
    }

    printf("%d passed, %d failed\n", passed, failed);

    return failed != 0;
}


#endif /* _CR_TEST_H_INCLUDED_ */
