/*
 * UUIDv7 job ids (RFC 9562, section 5.7) that end in the slot's index.
 */

#include "cr_id.h"


static int cr_id_hex(char c);


static const char  cr_id_digits[] = "0123456789abcdef";


void
cr_id_create(uint8_t id[16], int64_t now_us,
    const uint8_t random[CR_ID_RANDOM], uint32_t slot)
{
    size_t    i;
    uint32_t  part;
    uint64_t  ms;

    ms = (uint64_t) now_us / 1000;

    for (i = 0; i < 6; i++) {
        id[i] = (uint8_t) (ms >> (40 - 8 * i));
    }

    for (i = 0; i < 6; i++) {
        id[8 + i] = random[i];
    }

    /* jobs of one millisecond sort by their time too: section 6.2, method 3 */

    part = (uint32_t) ((uint64_t) now_us % 1000 * 4096 / 1000);

    id[6] = (uint8_t) (0x70 | part >> 8);           /* version */
    id[7] = (uint8_t) part;
    id[8] = (uint8_t) (0x80 | (id[8] & 0x3f));      /* variant */
    id[14] = (uint8_t) (slot >> 8);
    id[15] = (uint8_t) slot;
}


uint32_t
cr_id_slot(const uint8_t id[16])
{
    return (uint32_t) id[14] << 8 | id[15];
}


void
cr_id_format(const uint8_t id[16], char *text)
{
    size_t  i;

    for (i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *text++ = '-';
        }

        *text++ = cr_id_digits[id[i] >> 4];
        *text++ = cr_id_digits[id[i] & 0x0f];
    }
}


int
cr_id_parse(uint8_t id[16], const char *text, size_t len)
{
    int     high, low;
    size_t  i;

    if (len != CR_ID_TEXT) {
        return -1;
    }

    for (i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            if (*text++ != '-') {
                return -1;
            }
        }

        high = cr_id_hex(*text++);
        low = cr_id_hex(*text++);

        if (high < 0 || low < 0) {
            return -1;
        }

        id[i] = (uint8_t) (high << 4 | low);
    }

    if ((id[6] & 0xf0) != 0x70 || (id[8] & 0xc0) != 0x80) {
        return -1;
    }

    return 0;
}


static int
cr_id_hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }

    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }

    return -1;
}
