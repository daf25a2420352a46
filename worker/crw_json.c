/*
 * Tables of fields, and the line of a key.
 */

#include "crw_json.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crw_config.h"


#define CRW_JSON_FILE_MAX  (1024 * 1024)


static char *crw_json_slurp(const char *file, crw_error_t *err);
static int crw_json_field(crw_json_t *json, json_t *value,
    const crw_json_field_t *field, void *object, crw_error_t *err);
static int crw_json_uint(crw_json_t *json, json_t *value,
    const crw_json_field_t *field, uint32_t *number, crw_error_t *err);
static int crw_json_text(crw_json_t *json, json_t *value, uint32_t min,
    char *buf, size_t size, crw_error_t *err);
static int crw_json_list(crw_json_t *json, json_t *value, crw_list_t *list,
    crw_error_t *err);
static int crw_json_known(crw_json_t *json, json_t *value,
    const crw_json_field_t *fields, crw_error_t *err);
static const char *crw_json_string_end(const char *p);


int
crw_json_open(crw_json_t *json, const char *file, crw_error_t *err)
{
    json_error_t  je;

    memset(json, 0, sizeof(crw_json_t));
    json->file = file;

    json->text = crw_json_slurp(file, err);
    if (json->text == NULL) {
        return -1;
    }

    json->root = json_loads(json->text, JSON_REJECT_DUPLICATES, &je);

    if (json->root == NULL) {
        free(json->text);
        json->text = NULL;
        return crw_error_set(err, 0, "%s:%d: %s", file, je.line, je.text);
    }

    return 0;
}


void
crw_json_close(crw_json_t *json)
{
    json_decref(json->root);
    free(json->text);
    json->root = NULL;
    json->text = NULL;
}


static char *
crw_json_slurp(const char *file, crw_error_t *err)
{
    int          fd;
    char        *text;
    size_t       size, used;
    ssize_t      n;
    struct stat  st;

    fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd == -1) {
        (void) crw_error_set(err, errno, "%s: cannot be opened", file);
        return NULL;
    }

    if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode)
        || st.st_size > CRW_JSON_FILE_MAX)
    {
        (void) close(fd);
        (void) crw_error_set(err, 0, "%s: not a file of at most 1 MiB", file);
        return NULL;
    }

    size = (size_t) st.st_size;
    text = malloc(size + 1);

    for (used = 0; text != NULL && used < size; used += (size_t) n) {
        n = read(fd, text + used, size - used);

        if (n <= 0) {
            break;
        }
    }

    (void) close(fd);

    if (text == NULL) {
        (void) crw_error_set(err, ENOMEM, "%s: cannot be read", file);
        return NULL;
    }

    text[used] = '\0';

    return text;
}


int
crw_json_read(crw_json_t *json, json_t *value,
    const crw_json_field_t *fields, void *object, crw_error_t *err)
{
    int                      rc;
    json_t                  *v;
    const crw_json_field_t  *field;

    if (!json_is_object(value)) {
        return crw_json_error(json, err, "must be an object");
    }

    if (crw_json_known(json, value, fields, err) != 0) {
        return -1;
    }

    for (field = fields; field->name != NULL; field++) {
        v = json_object_get(value, field->name);

        if (v == NULL) {
            if (field->required) {
                return crw_json_error(json, err, "needs the field \"%s\"",
                                      field->name);
            }

            continue;
        }

        crw_json_enter(json, field->name);
        rc = crw_json_field(json, v, field, object, err);
        crw_json_leave(json);

        if (rc != 0) {
            return -1;
        }
    }

    return 0;
}


static int
crw_json_known(crw_json_t *json, json_t *value,
    const crw_json_field_t *fields, crw_error_t *err)
{
    void                    *iter;
    const char              *key;
    const crw_json_field_t  *field;

    for (iter = json_object_iter(value);
         iter != NULL;
         iter = json_object_iter_next(value, iter))
    {
        key = json_object_iter_key(iter);

        for (field = fields; field->name != NULL; field++) {
            if (strcmp(field->name, key) == 0) {
                break;
            }
        }

        if (field->name == NULL) {
            crw_json_enter(json, key);
            (void) crw_json_error(json, err, "unknown field");
            crw_json_leave(json);
            return -1;
        }
    }

    return 0;
}


static int
crw_json_field(crw_json_t *json, json_t *value,
    const crw_json_field_t *field, void *object, crw_error_t *err)
{
    uint8_t  *p;

    p = (uint8_t *) object + field->offset;

    switch (field->type) {

    case CRW_JSON_UINT:
        return crw_json_uint(json, value, field, (uint32_t *) (void *) p, err);

    case CRW_JSON_TEXT:
        return crw_json_text(json, value, field->min, (char *) p, field->size,
                             err);

    case CRW_JSON_LIST:
        return crw_json_list(json, value, (crw_list_t *) (void *) p, err);

    default:
        return field->call(json, value, object, err);
    }
}


static int
crw_json_uint(crw_json_t *json, json_t *value, const crw_json_field_t *field,
    uint32_t *number, crw_error_t *err)
{
    json_int_t  n;

    n = json_integer_value(value);

    if (!json_is_integer(value) || n < (json_int_t) field->min
        || n > (json_int_t) field->max)
    {
        return crw_json_error(json, err, "must be an integer from %u to %u",
                              field->min, field->max);
    }

    *number = (uint32_t) n;

    return 0;
}


static int
crw_json_text(crw_json_t *json, json_t *value, uint32_t min, char *buf,
    size_t size, crw_error_t *err)
{
    size_t  len;

    len = json_string_length(value);

    if (!json_is_string(value) || len < min || len >= size
        || strlen(json_string_value(value)) != len)
    {
        return crw_json_error(json, err, "must be a string of %u to %zu bytes",
                              min, size - 1);
    }

    memcpy(buf, json_string_value(value), len + 1);

    return 0;
}


static int
crw_json_list(crw_json_t *json, json_t *value, crw_list_t *list,
    crw_error_t *err)
{
    size_t  i;

    if (!json_is_array(value) || json_array_size(value) > CRW_LIST_MAX) {
        return crw_json_error(json, err,
                              "must be an array of at most %d strings",
                              CRW_LIST_MAX);
    }

    for (i = 0; i < json_array_size(value); i++) {
        if (crw_json_text(json, json_array_get(value, i), 1, list->text[i],
                          CRW_TEXT_LIST_MAX, err)
            != 0)
        {
            return -1;
        }
    }

    list->n = i;

    return 0;
}


void
crw_json_enter(crw_json_t *json, const char *name)
{
    if (json->depth < CRW_JSON_DEPTH) {
        json->path[json->depth] = name;
    }

    json->depth++;
}


void
crw_json_leave(crw_json_t *json)
{
    json->depth--;
}


int
crw_json_error(const crw_json_t *json, crw_error_t *err, const char *fmt, ...)
{
    char      rule[CRW_ERROR_TEXT / 2], field[CRW_ERROR_TEXT / 2];
    size_t    i, n, depth;
    va_list   args;
    unsigned  line;

    depth = (json->depth < CRW_JSON_DEPTH) ? json->depth : CRW_JSON_DEPTH;
    line = crw_json_line(json->text, json->path, depth);

    field[0] = '\0';

    for (i = 0; i < depth; i++) {
        n = strlen(field);
        (void) snprintf(field + n, sizeof(field) - n, "%s%.40s",
                        (i != 0) ? "." : "", json->path[i]);
    }

    va_start(args, fmt);
    (void) vsnprintf(rule, sizeof(rule), fmt, args);
    va_end(args);

    return crw_error_set(err, 0, "%s:%u: %s%s%s", json->file, line, field,
                         (depth != 0) ? ": " : "", rule);
}


/*
 * The text is valid JSON.  A key of the path's i-th name counts only at depth
 * i + 1 and below the keys before it.
 */

unsigned
crw_json_line(const char *text, const char *const *path, size_t depth)
{
    size_t       level, matched, len;
    unsigned     line;
    const char  *p, *end, *q;

    level = 0;
    matched = 0;
    line = 1;

    for (p = text; *p != '\0' && matched < depth; p++) {

        if (*p == '\n') {
            line++;

        } else if (*p == '{' || *p == '[') {
            level++;

        } else if (*p == '}' || *p == ']') {
            level--;

            /* out of the object that the last matched key has */

            if (level != 0 && matched >= level) {
                matched = level - 1;
            }

        } else if (*p == '"') {
            end = crw_json_string_end(p);
            q = end + 1 + strspn(end + 1, " \t\r\n");
            len = strlen(path[matched]);

            if (*q == ':' && level == matched + 1
                && (size_t) (end - p - 1) == len
                && strncmp(p + 1, path[matched], len) == 0)
            {
                matched++;
            }

            p = end;
        }
    }

    return (matched == depth) ? line : 1;
}


static const char *
crw_json_string_end(const char *p)
{
    for (p++; *p != '"' && p[1] != '\0'; p++) {
        if (*p == '\\') {
            p++;
        }
    }

    return p;
}
