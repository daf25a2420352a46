/*
 * The log: one line per event on stderr, time, level, pid and text, written
 * with one write(2) so that lines of several processes never mix.
 */

#ifndef CRW_LOG_H
#define CRW_LOG_H


typedef enum {
    CRW_LOG_ERROR = 0,
    CRW_LOG_WARN,
    CRW_LOG_INFO,
    CRW_LOG_DEBUG
} crw_log_level_e;


/* 'role' is a constant text that names the process ("master", "worker") */
void crw_log_init(crw_log_level_e level, const char *role);
void crw_log_set_level(crw_log_level_e level);

/* the name's level, or -1 when it is none */
int crw_log_level(const char *name);

/* text: lower case, without full stop; never user code, stdin or secrets */
void crw_log(crw_log_level_e level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));


#endif
