/*
 * What a job is made of, as records in the slot's request arena: code, args,
 * environment, files, stdin.  nginx writes them, the pool worker copies the
 * arena once, checks it, and passes the same bytes on into the sandbox.
 */

#ifndef CR_REQUEST_H
#define CR_REQUEST_H


#include "cr_abi.h"


typedef enum {
    CR_RECORD_CODE = 1,             /* exactly one, first */
    CR_RECORD_STDIN,                /* at most one */
    CR_RECORD_ARG,                  /* in order */
    CR_RECORD_ENV,                  /* NAME=value */
    CR_RECORD_FILE_NAME,            /* followed by its FILE_DATA */
    CR_RECORD_FILE_DATA,
    CR_RECORD_MAX
} cr_record_e;


/* of a file name, and of one component of it (NAME_MAX of a tmpfs) */

#define CR_NAME_MAX       1024
#define CR_COMPONENT_MAX  255


typedef struct {
    uint32_t  kind;                 /* cr_record_e */
    uint32_t  len;                  /* bytes of data, which follow, padded to 8
                                       with at least one NUL byte */
} cr_record_t;


typedef struct {
    uint8_t  *start;
    size_t    size;
    size_t    used;
    int       overflow;
} cr_request_writer_t;


typedef struct {
    const uint8_t  *start;
    size_t          size;
    size_t          used;
} cr_request_reader_t;


void cr_request_init(cr_request_writer_t *w, uint8_t *arena, size_t size);
/* 0, or -1 (and w->overflow) when the arena is full */
int cr_request_add(cr_request_writer_t *w, uint32_t kind, const void *data,
    size_t len);

/* memory that no one else writes: copy the arena before */
void cr_request_open(cr_request_reader_t *r, const uint8_t *data, size_t size);
/* 1 and a NUL-terminated record, 0 at the end, -1 malformed */
int cr_request_next(cr_request_reader_t *r, cr_record_t *record,
    const uint8_t **data);
/* 0 when the records keep the rules above: one CODE first, pairs of files,
   NAME=value, no NUL in args, env and names, relative file names without
   empty, "." or ".." components; else -1 */
int cr_request_check(const uint8_t *data, size_t size);
/* 0 when a file name keeps those rules, for a clear answer before the ring */
int cr_request_check_name(const uint8_t *name, size_t len);


#endif
