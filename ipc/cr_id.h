/*
 * Job ids: UUIDv7 (RFC 9562) whose last 16 bits name the slot, so that a job
 * is found without a table.  They sort by their time in microseconds.  46 bits
 * are random; the slot holds the whole id and a lookup compares it.
 */

#ifndef CR_ID_H
#define CR_ID_H


#include "cr_abi.h"


#define CR_ID_TEXT    36
#define CR_ID_RANDOM  6


/* random: from the system's generator */
void cr_id_create(uint8_t id[16], int64_t now_us,
    const uint8_t random[CR_ID_RANDOM], uint32_t slot);
uint32_t cr_id_slot(const uint8_t id[16]);
/* text: CR_ID_TEXT bytes, no NUL */
void cr_id_format(const uint8_t id[16], char *text);
/* 0, or -1 unless text is 36 characters of a UUIDv7 in either case */
int cr_id_parse(uint8_t id[16], const char *text, size_t len);


#endif
