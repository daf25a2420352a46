/*
 * Records of a request: written by nginx, checked by the pool worker.
 */

#include <string.h>

#include "cr_request.h"


/* at least one NUL after the data, and the next record aligned */

#define cr_record_padded(len)  (((uint64_t) (len) + 8) & ~(uint64_t) 7)


static int cr_request_check_env(const uint8_t *data, size_t len);
static int cr_request_check_component(const uint8_t *name, size_t len);


_Static_assert(sizeof(cr_record_t) == 8, "layout of a record");


void
cr_request_init(cr_request_writer_t *w, uint8_t *arena, size_t size)
{
    w->start = arena;
    w->size = size;
    w->used = 0;
    w->overflow = 0;
}


int
cr_request_add(cr_request_writer_t *w, uint32_t kind, const void *data,
    size_t len)
{
    uint8_t     *p;
    uint64_t     padded;
    cr_record_t  record;

    if (w->overflow || len > CR_REQUEST_MAX) {
        w->overflow = 1;
        return -1;
    }

    padded = cr_record_padded(len);

    if (sizeof(cr_record_t) + padded > w->size - w->used) {
        w->overflow = 1;
        return -1;
    }

    record.kind = kind;
    record.len = (uint32_t) len;

    p = w->start + w->used;

    memcpy(p, &record, sizeof(cr_record_t));
    p += sizeof(cr_record_t);

    if (len != 0) {
        memcpy(p, data, len);
    }

    memset(p + len, 0, padded - len);

    w->used += sizeof(cr_record_t) + padded;

    return 0;
}


void
cr_request_open(cr_request_reader_t *r, const uint8_t *data, size_t size)
{
    r->start = data;
    r->size = size;
    r->used = 0;
}


int
cr_request_next(cr_request_reader_t *r, cr_record_t *record,
    const uint8_t **data)
{
    size_t          left;
    uint64_t        padded;
    const uint8_t  *p;

    left = r->size - r->used;

    if (left == 0) {
        return 0;
    }

    if (left < sizeof(cr_record_t)) {
        return -1;
    }

    p = r->start + r->used;

    memcpy(record, p, sizeof(cr_record_t));

    if (record->kind == 0 || record->kind >= CR_RECORD_MAX) {
        return -1;
    }

    p += sizeof(cr_record_t);
    left -= sizeof(cr_record_t);
    padded = cr_record_padded(record->len);

    if (padded > left || p[record->len] != '\0') {
        return -1;
    }

    *data = p;
    r->used += sizeof(cr_record_t) + padded;

    return 1;
}


int
cr_request_check(const uint8_t *data, size_t size)
{
    int                  rc, nstdin;
    uint32_t             last;
    cr_record_t          record;
    const uint8_t       *p;
    cr_request_reader_t  r;

    last = 0;
    nstdin = 0;

    cr_request_open(&r, data, size);

    for ( ;; ) {
        rc = cr_request_next(&r, &record, &p);

        if (rc == -1) {
            return -1;
        }

        /* a name is followed by its data, data follows nothing else */

        if ((last == CR_RECORD_FILE_NAME)
            != (rc == 1 && record.kind == CR_RECORD_FILE_DATA))
        {
            return -1;
        }

        if (rc == 0) {
            return last == 0 ? -1 : 0;
        }

        /* the code comes first and only there */

        if ((last == 0) != (record.kind == CR_RECORD_CODE)) {
            return -1;
        }

        last = record.kind;

        switch (record.kind) {

        case CR_RECORD_STDIN:
            rc = nstdin++ == 0 ? 0 : -1;
            break;

        case CR_RECORD_ARG:
            rc = memchr(p, '\0', record.len) == NULL ? 0 : -1;
            break;

        case CR_RECORD_ENV:
            rc = cr_request_check_env(p, record.len);
            break;

        case CR_RECORD_FILE_NAME:
            rc = cr_request_check_name(p, record.len);
            break;

        default:
            rc = 0;
        }

        if (rc != 0) {
            return -1;
        }
    }
}


int
cr_request_check_name(const uint8_t *name, size_t len)
{
    const uint8_t  *slash;

    if (len > CR_NAME_MAX || memchr(name, '\0', len) != NULL) {
        return -1;
    }

    for ( ;; ) {
        slash = memchr(name, '/', len);

        if (slash == NULL) {
            return cr_request_check_component(name, len);
        }

        if (cr_request_check_component(name, (size_t) (slash - name)) != 0) {
            return -1;
        }

        len -= (size_t) (slash - name) + 1;
        name = slash + 1;
    }
}


static int
cr_request_check_component(const uint8_t *name, size_t len)
{
    if (len == 0 || len > CR_COMPONENT_MAX) {
        return -1;
    }

    if (name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'))) {
        return -1;
    }

    return 0;
}


static int
cr_request_check_env(const uint8_t *data, size_t len)
{
    const uint8_t  *equals;

    if (memchr(data, '\0', len) != NULL) {
        return -1;
    }

    equals = memchr(data, '=', len);

    return equals != NULL && equals != data ? 0 : -1;
}
