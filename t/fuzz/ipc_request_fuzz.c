/*
 * A request arena, as nginx could leave it.
 *
 * Holds: nothing outside is touched; the reader gives only records that lie
 * inside and end in NUL; what the check accepts, written again, is read the
 * same and accepted.
 *
 * sources: ipc/cr_request.c
 * max: 2048
 */

#include <stdlib.h>
#include <string.h>

#include "cr_request.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
promise(int kept)
{
    if (!kept) {
        abort();
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int                   rc;
    uint8_t              *again;
    cr_record_t           record;
    const uint8_t        *p;
    cr_request_reader_t   r;
    cr_request_writer_t   w;

    again = malloc(size == 0 ? 1 : size);
    promise(again != NULL);

    cr_request_init(&w, again, size);
    cr_request_open(&r, data, size);

    for ( ;; ) {
        rc = cr_request_next(&r, &record, &p);

        if (rc != 1) {
            break;
        }

        promise(p >= data && record.len < (size_t) (data + size - p));
        promise(p[record.len] == '\0');
        promise(cr_request_add(&w, record.kind, p, record.len) == 0);

        if (record.kind == CR_RECORD_FILE_NAME) {
            (void) cr_request_check_name(p, record.len);
        }
    }

    if (cr_request_check(data, size) == 0) {
        promise(rc == 0 && w.used == size);
        promise(cr_request_check(again, w.used) == 0);
    }

    free(again);

    return 0;
}
