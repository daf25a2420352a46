/*
 * The one way errors travel in the worker: the function that knows the cause
 * fills the object, everyone above passes it up, the loop logs it once.
 */

#ifndef CRW_ERROR_H
#define CRW_ERROR_H


#define CRW_ERROR_TEXT  256


typedef struct {
    int   err;                      /* errno, 0: none of the kernel's */
    char  text[CRW_ERROR_TEXT];     /* lower case, without full stop */
} crw_error_t;


/*
 * Fills 'e' (which may be NULL) with the formatted text and, when 'err' is
 * not 0, ": <name of err>".  Always returns -1, so that a caller can say
 * return crw_error_set(...).
 */
int crw_error_set(crw_error_t *e, int err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));


#endif
