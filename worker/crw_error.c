/*
 * Fills the error object.
 */

#include "crw_error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>


int
crw_error_set(crw_error_t *e, int err, const char *fmt, ...)
{
    int      n;
    size_t   used;
    va_list  args;

    if (e == NULL) {
        return -1;
    }

    e->err = err;

    va_start(args, fmt);
    n = vsnprintf(e->text, sizeof(e->text), fmt, args);
    va_end(args);

    if (n < 0) {
        e->text[0] = '\0';
        return -1;
    }

    used = strlen(e->text);

    if (err != 0) {
        (void) snprintf(e->text + used, sizeof(e->text) - used, ": %s",
                        strerror(err));
    }

    return -1;
}
