/*
 * Job ids.
 *
 * sources: ipc/cr_id.c
 */

#include "cr_test.h"
#include "cr_id.h"


static const uint8_t  ones[CR_ID_RANDOM] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff
};


TEST("RFC 9562 section 5.7: ms time, version 7 and variant 10 in place")
{
    char     text[CR_ID_TEXT];
    uint8_t  id[16];

    /* the time of the RFC's example, appendix A.6 */

    cr_id_create(id, INT64_C(0x017f22e279b0) * 1000 + 999, ones, 0x1234);
    cr_id_format(id, text);

    CHECK_MEM(text, CR_ID_TEXT, "017f22e2-79b0-7ffb-bfff-ffffffff1234", 36);
}


TEST("the last 16 bits are the slot")
{
    uint8_t  id[16];

    cr_id_create(id, 1, ones, 0);
    CHECK_INT(cr_id_slot(id), 0);
    cr_id_create(id, 1, ones, 65535);
    CHECK_INT(cr_id_slot(id), 65535);
    cr_id_create(id, 1, ones, 0x0102);
    CHECK_INT(cr_id_slot(id), 0x0102);
}


TEST("46 bits are random, every one of them")
{
    int            n;
    size_t         i;
    uint8_t        none[16], all[16];
    const uint8_t  zeros[CR_ID_RANDOM] = { 0 };

    cr_id_create(none, 1, zeros, 7);
    cr_id_create(all, 1, ones, 7);

    n = 0;

    for (i = 0; i < 16; i++) {
        n += __builtin_popcount((unsigned) (none[i] ^ all[i]));
    }

    CHECK_INT(n, 46);
}


TEST("a later microsecond sorts later, whatever is random")
{
    int            i;
    uint8_t        before[16], after[16];
    const uint8_t  zeros[CR_ID_RANDOM] = { 0 };

    for (i = 0; i < 3000; i++) {
        cr_id_create(before, 1700000000000000 + i, ones, 65535);
        cr_id_create(after, 1700000000000001 + i, zeros, 0);
        CHECK_MSG(memcmp(before, after, 16) < 0, "%d us", i);
    }
}


TEST("an id parses back from lower and upper case")
{
    uint8_t      id[16], back[16];
    char         text[CR_ID_TEXT];
    const char  *upper;

    cr_id_create(id, INT64_C(1700000000000000), ones, 99);
    cr_id_format(id, text);

    CHECK_INT(cr_id_parse(back, text, CR_ID_TEXT), 0);
    CHECK_MEM(back, 16, id, 16);

    upper = "017F22E2-79B0-7CC3-98C4-DC0C0C07398F";
    CHECK_INT(cr_id_parse(back, upper, 36), 0);
    cr_id_format(back, text);
    CHECK_MEM(text, 36, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", 36);
}


TEST("anything that is not 36 characters of a UUIDv7 is refused")
{
    size_t   i;
    uint8_t  id[16];

    static const char *const  bad[] = {
        "",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",      /* too short */
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398ff",    /* too long */
        "017f22e279b0-7cc3-98c4-dc0c0c07398f-",     /* hyphens elsewhere */
        "017f22e2_79b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-4cc3-98c4-dc0c0c07398f",     /* version 4 */
        "017f22e2-79b0-7cc3-18c4-dc0c0c07398f",     /* another variant */
        "017f22e2-79b0-7cc3-d8c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",     /* not hex */
        "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07 98f",
        NULL
    };

    for (i = 0; bad[i] != NULL; i++) {
        CHECK_MSG(cr_id_parse(id, bad[i], strlen(bad[i])) == -1, "%s",
                  bad[i]);
    }
}
