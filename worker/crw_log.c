/*
 * Formats and writes log lines.
 */

#include "crw_log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>


#define CRW_LOG_LINE  512


static crw_log_level_e   crw_log_limit = CRW_LOG_INFO;
static const char       *crw_log_role = "";


static const char  *crw_log_names[] = { "error", "warn", "info", "debug" };


void
crw_log_init(crw_log_level_e level, const char *role)
{
    crw_log_limit = level;
    crw_log_role = role;
}


void
crw_log_set_level(crw_log_level_e level)
{
    crw_log_limit = level;
}


int
crw_log_level(const char *name)
{
    size_t  i;

    for (i = 0; i < sizeof(crw_log_names) / sizeof(crw_log_names[0]); i++) {
        if (strcmp(name, crw_log_names[i]) == 0) {
            return (int) i;
        }
    }

    return -1;
}


void
crw_log(crw_log_level_e level, const char *fmt, ...)
{
    int              n, len;
    char             line[CRW_LOG_LINE];
    va_list          args;
    struct tm        tm;
    struct timespec  ts;

    if (level > crw_log_limit) {
        return;
    }

    (void) clock_gettime(CLOCK_REALTIME, &ts);
    (void) gmtime_r(&ts.tv_sec, &tm);

    len = snprintf(line, sizeof(line),
                   "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ [%s] %d %s: ",
                   tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
                   tm.tm_min, tm.tm_sec, ts.tv_nsec / 1000000,
                   crw_log_names[level], (int) getpid(), crw_log_role);

    if (len < 0 || len >= (int) sizeof(line) - 1) {
        return;
    }

    va_start(args, fmt);
    n = vsnprintf(line + len, sizeof(line) - (size_t) len, fmt, args);
    va_end(args);

    if (n < 0) {
        return;
    }

    len += n;

    if (len > (int) sizeof(line) - 2) {
        len = (int) sizeof(line) - 2;
    }

    line[len++] = '\n';

    if (write(STDERR_FILENO, line, (size_t) len) == -1) {
        return;                     /* nowhere left to say it */
    }
}
