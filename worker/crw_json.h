/*
 * Reading one JSON object into a C structure by a table of fields.
 *
 * jansson keeps no line numbers of values, so messages find theirs by looking
 * for the key in the text once more.
 */

#ifndef CRW_JSON_H
#define CRW_JSON_H


#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "crw_error.h"


#define CRW_JSON_DEPTH  4


typedef enum {
    CRW_JSON_UINT = 0,              /* uint32_t */
    CRW_JSON_TEXT,                  /* char[size] */
    CRW_JSON_LIST,                  /* crw_list_t, texts */
    CRW_JSON_CALL                   /* field->call decides */
} crw_json_type_e;


typedef struct crw_json_s        crw_json_t;
typedef struct crw_json_field_s  crw_json_field_t;


/* an object being read: its text, and where in it we are */

struct crw_json_s {
    const char   *file;
    char         *text;
    json_t       *root;
    const char   *path[CRW_JSON_DEPTH];
    size_t        depth;
};


struct crw_json_field_s {
    const char       *name;
    crw_json_type_e   type;
    int               required;
    size_t            offset;
    size_t            size;         /* of a text's buffer */
    uint32_t          min;          /* of a number, or of a text's length */
    uint32_t          max;
    int             (*call)(crw_json_t *json, json_t *value, void *object,
                            crw_error_t *err);
};


/* file is not copied */
int crw_json_open(crw_json_t *json, const char *file, crw_error_t *err);
void crw_json_close(crw_json_t *json);

/* 'value' at json->path is an object with these fields and no other; the
   table ends with a NULL name */
int crw_json_read(crw_json_t *json, json_t *value,
    const crw_json_field_t *fields, void *object, crw_error_t *err);

/* for a call: one level down and up again */
void crw_json_enter(crw_json_t *json, const char *name);
void crw_json_leave(crw_json_t *json);

/* "file:line: field: " and the formatted rule, for the value at json->path;
   always -1 */
int crw_json_error(const crw_json_t *json, crw_error_t *err,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* the line, from 1, of the key at path in text; 1 when it is not there */
unsigned crw_json_line(const char *text, const char *const *path,
    size_t depth);


#endif
