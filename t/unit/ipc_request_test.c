/*
 * Request records.
 *
 * sources: ipc/cr_request.c
 */

#include "cr_test.h"
#include "cr_request.h"


#define SIZE  512


static uint8_t              arena[SIZE];
static cr_request_writer_t  w;


static void
add(uint32_t kind, const char *data)
{
    (void) cr_request_add(&w, kind, data, strlen(data));
}


static void
start(void)
{
    memset(arena, 0xaa, sizeof(arena));
    cr_request_init(&w, arena, SIZE);
}


static int
check_name(const char *name)
{
    return cr_request_check_name((const uint8_t *) name, strlen(name));
}


TEST("records are read back whole, NUL-terminated and aligned")
{
    size_t               i;
    cr_record_t          record;
    const uint8_t       *p;
    cr_request_reader_t  r;

    static const struct {
        uint32_t     kind;
        const char  *data;
    } records[] = {
        { CR_RECORD_CODE, "print(1)" },
        { CR_RECORD_ARG, "" },
        { CR_RECORD_ARG, "1234567" },
        { CR_RECORD_ENV, "A=" },
        { CR_RECORD_FILE_NAME, "a/b.txt" },
        { CR_RECORD_FILE_DATA, "" },
        { CR_RECORD_STDIN, "in" },
    };

    start();

    for (i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        add(records[i].kind, records[i].data);
        CHECK_INT(w.used % 8, 0);
    }

    CHECK_INT(w.overflow, 0);
    CHECK_INT(cr_request_check(arena, w.used), 0);

    cr_request_open(&r, arena, w.used);

    for (i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
        REQUIRE(cr_request_next(&r, &record, &p) == 1);
        CHECK_INT(record.kind, records[i].kind);
        CHECK_MEM(p, record.len, records[i].data, strlen(records[i].data));
        CHECK_INT(p[record.len], 0);
    }

    CHECK_INT(cr_request_next(&r, &record, &p), 0);
}


TEST("the padding is zero, nothing of an earlier request shows through")
{
    size_t  i;

    start();
    add(CR_RECORD_CODE, "x");
    REQUIRE(w.used == 16);

    for (i = 9; i < 16; i++) {
        CHECK_INT(arena[i], 0);
    }
}


TEST("code, stdin and file data may hold any byte")
{
    start();
    CHECK_INT(cr_request_add(&w, CR_RECORD_CODE, "a\0b", 3), 0);
    CHECK_INT(cr_request_add(&w, CR_RECORD_STDIN, "\0\xff", 2), 0);
    add(CR_RECORD_FILE_NAME, "f");
    CHECK_INT(cr_request_add(&w, CR_RECORD_FILE_DATA, "\0", 1), 0);
    CHECK_INT(cr_request_check(arena, w.used), 0);
}


TEST("a full arena overflows, stays whole, and stays overflown")
{
    size_t   used;
    uint8_t  big[SIZE];

    start();
    memset(big, 'x', sizeof(big));

    CHECK_INT(cr_request_add(&w, CR_RECORD_CODE, big, SIZE - 8 - 8), 0 );
    used = w.used;
    CHECK_INT(cr_request_add(&w, CR_RECORD_ARG, big, 0), -1);
    CHECK_INT(w.overflow, 1);
    CHECK_INT(w.used, used);

    start();
    CHECK_INT(cr_request_add(&w, CR_RECORD_CODE, big, SIZE - 8), -1);
    CHECK_INT(cr_request_add(&w, CR_RECORD_CODE, big, 1), -1);

    start();
    CHECK_INT(cr_request_add(&w, CR_RECORD_CODE, big, SIZE_MAX - 7), -1);
    CHECK_INT(w.used, 0);
}


TEST("exactly one code, and it comes first")
{
    CHECK_INT(cr_request_check(arena, 0), -1);

    start();
    add(CR_RECORD_ARG, "a");
    add(CR_RECORD_CODE, "x");
    CHECK_INT(cr_request_check(arena, w.used), -1);

    start();
    add(CR_RECORD_CODE, "x");
    add(CR_RECORD_CODE, "x");
    CHECK_INT(cr_request_check(arena, w.used), -1);
}


TEST("at most one stdin")
{
    start();
    add(CR_RECORD_CODE, "x");
    add(CR_RECORD_STDIN, "1");
    CHECK_INT(cr_request_check(arena, w.used), 0);
    add(CR_RECORD_STDIN, "2");
    CHECK_INT(cr_request_check(arena, w.used), -1);
}


TEST("files come in pairs of name and data")
{
    start();
    add(CR_RECORD_CODE, "x");
    add(CR_RECORD_FILE_NAME, "a");
    CHECK_INT(cr_request_check(arena, w.used), -1);

    add(CR_RECORD_ARG, "a");
    CHECK_INT(cr_request_check(arena, w.used), -1);

    start();
    add(CR_RECORD_CODE, "x");
    add(CR_RECORD_FILE_DATA, "a");
    CHECK_INT(cr_request_check(arena, w.used), -1);

    start();
    add(CR_RECORD_CODE, "x");
    add(CR_RECORD_FILE_NAME, "a");
    add(CR_RECORD_FILE_NAME, "b");
    add(CR_RECORD_FILE_DATA, "c");
    CHECK_INT(cr_request_check(arena, w.used), -1);
}


TEST("no NUL in arguments, environment and names")
{
    start();
    add(CR_RECORD_CODE, "x");
    (void) cr_request_add(&w, CR_RECORD_ARG, "a\0b", 3);
    CHECK_INT(cr_request_check(arena, w.used), -1);

    start();
    add(CR_RECORD_CODE, "x");
    (void) cr_request_add(&w, CR_RECORD_ENV, "A=\0b", 4);
    CHECK_INT(cr_request_check(arena, w.used), -1);

    CHECK_INT(cr_request_check_name((const uint8_t *) "a\0b", 3), -1);
}


TEST("environment is NAME=value with a name")
{
    start();
    add(CR_RECORD_CODE, "x");
    add(CR_RECORD_ENV, "=b");
    CHECK_INT(cr_request_check(arena, w.used), -1);

    start();
    add(CR_RECORD_CODE, "x");
    add(CR_RECORD_ENV, "A");
    CHECK_INT(cr_request_check(arena, w.used), -1);

    start();
    add(CR_RECORD_CODE, "x");
    add(CR_RECORD_ENV, "A==b");
    CHECK_INT(cr_request_check(arena, w.used), 0);
}


TEST("file names are relative, without empty, . or .. components")
{
    size_t  i;

    static const char *const  good[] = {
        "a", "a/b/c.txt", ".a", "..a", "...", "a/.b", "\xc3\xa9 x", NULL
    };

    static const char *const  bad[] = {
        "", "/", "/a", "a/", "a//b", ".", "..", "./a", "a/..", "a/./b",
        "../a", "a/../b", NULL
    };

    for (i = 0; good[i] != NULL; i++) {
        CHECK_MSG(check_name(good[i]) == 0, "%s", good[i]);
    }

    for (i = 0; bad[i] != NULL; i++) {
        CHECK_MSG(check_name(bad[i]) == -1, "%s", bad[i]);
    }
}


TEST("a component has at most 255 bytes, a name at most 1024")
{
    size_t  i;
    char    name[CR_NAME_MAX + 2];

    memset(name, 'a', sizeof(name));
    CHECK_INT(cr_request_check_name((uint8_t *) name, 255), 0);
    CHECK_INT(cr_request_check_name((uint8_t *) name, 256), -1);

    for (i = 200; i < sizeof(name); i += 200) {
        name[i] = '/';
    }

    CHECK_INT(cr_request_check_name((uint8_t *) name, CR_NAME_MAX), 0);
    CHECK_INT(cr_request_check_name((uint8_t *) name, CR_NAME_MAX + 1), -1);
}


TEST("a malformed record ends the reading")
{
    size_t               i;
    uint8_t              data[32];
    cr_record_t          record;
    const uint8_t       *p;
    cr_request_reader_t  r;

    static const struct {
        uint32_t  kind;
        uint32_t  len;
        size_t    size;
    } bad[] = {
        { 0, 1, 16 },
        { CR_RECORD_MAX, 1, 16 },
        { UINT32_MAX, 1, 16 },
        { CR_RECORD_CODE, 1, 7 },
        { CR_RECORD_CODE, 1, 15 },
        { CR_RECORD_CODE, 8, 16 },
        { CR_RECORD_CODE, UINT32_MAX, 32 },
        { CR_RECORD_CODE, UINT32_MAX - 7, 32 },
    };

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memset(data, 0, sizeof(data));
        record.kind = bad[i].kind;
        record.len = bad[i].len;
        memcpy(data, &record, sizeof(record));

        cr_request_open(&r, data, bad[i].size);
        CHECK_MSG(cr_request_next(&r, &record, &p) == -1, "%zu", i);
        CHECK_MSG(cr_request_check(data, bad[i].size) == -1, "%zu", i);
    }
}


TEST("a record whose data does not end in NUL is malformed")
{
    cr_record_t          record;
    const uint8_t       *p;
    cr_request_reader_t  r;

    start();
    add(CR_RECORD_CODE, "abc");
    arena[8 + 3] = 'd';
    cr_request_open(&r, arena, w.used);
    CHECK_INT(cr_request_next(&r, &record, &p), -1);
}
