/*
 * Reads language files and writes the list that clients see.
 */

#include "crw_language.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crw_json.h"


static int crw_language_filter(const struct dirent *entry);
static int crw_language_read(crw_config_t *config, const char *file,
    crw_error_t *err);
static int crw_language_check(crw_json_t *json, crw_config_t *config,
    crw_language_t *lang, crw_error_t *err);
static int crw_language_zygote(const char *file, char *path);
static int crw_language_limits(crw_json_t *json, json_t *value, void *object,
    crw_error_t *err);
static int crw_language_limit(crw_json_t *json, json_t *value, void *object,
    crw_error_t *err);
static json_t *crw_language_json(const crw_language_t *lang);
static json_t *crw_language_list(const crw_list_t *list);


#define crw_language_text(name, required, min)                                \
    { #name, CRW_JSON_TEXT, required, offsetof(crw_language_t, name),         \
      sizeof(((crw_language_t *) 0)->name), min, 0, NULL }

#define crw_language_array(name)                                              \
    { #name, CRW_JSON_LIST, 0, offsetof(crw_language_t, name), 0, 0, 0, NULL }


static const crw_json_field_t  crw_language_fields[] = {
    crw_language_text(id, 1, 1),
    crw_language_text(name, 1, 1),
    crw_language_text(kind, 1, 1),
    crw_language_text(zygote, 1, 1),
    crw_language_text(extension, 1, 1),
    crw_language_text(monaco, 1, 1),
    crw_language_text(template, 0, 0),
    crw_language_array(aliases),
    crw_language_array(preload),
    crw_language_array(binds),
    { "boxes", CRW_JSON_UINT, 0, offsetof(crw_language_t, boxes), 0, 1, 256,
      NULL },
    { "limits", CRW_JSON_CALL, 1, 0, 0, 0, 0, crw_language_limits },
    { NULL, 0, 0, 0, 0, 0, 0, NULL }
};


#define crw_language_limit_field(name)                                        \
    { #name, CRW_JSON_CALL, 1, offsetof(crw_language_t, name), 0, 0, 0,       \
      crw_language_limit }


static const crw_json_field_t  crw_language_limit_fields[] = {
    crw_language_limit_field(timeout_ms),
    crw_language_limit_field(cpu_ms),
    crw_language_limit_field(memory_mb),
    crw_language_limit_field(output_kb),
    crw_language_limit_field(processes),
    { NULL, 0, 0, 0, 0, 0, 0, NULL }
};


/* the ranges of "default" and "max", by the name of the limit */

static const struct {
    const char  *name;
    size_t       offset;
    uint32_t     min;
    uint32_t     max;
} crw_language_ranges[] = {
    { "timeout_ms", offsetof(crw_language_t, timeout_ms), 100, 3600000 },
    { "cpu_ms", offsetof(crw_language_t, cpu_ms), 100, 3600000 },
    { "memory_mb", offsetof(crw_language_t, memory_mb), 16, 1048576 },
    { "output_kb", offsetof(crw_language_t, output_kb), 1, 65536 },
    { "processes", offsetof(crw_language_t, processes), 1, 32768 },
};


/* where a runtime puts the code of a request: no file may have that name */

static const struct {
    const char  *name;
    const char  *code_file;
} crw_language_kinds[] = {
    { "python", "main.py" },
};


#define CRW_LANGUAGE_KINDS                                                    \
    (sizeof(crw_language_kinds) / sizeof(crw_language_kinds[0]))

#define CRW_LANGUAGE_RANGES                                                   \
    (sizeof(crw_language_ranges) / sizeof(crw_language_ranges[0]))


int
crw_language_load(crw_config_t *config, crw_error_t *err)
{
    int              i, n, rc;
    char             file[PATH_MAX];
    struct dirent  **entries;

    n = scandir(config->languages_dir, &entries, crw_language_filter,
                alphasort);

    if (n == -1) {
        return crw_error_set(err, errno, "%s: languages_dir: %.120s",
                             config->file, config->languages_dir);
    }

    rc = 0;

    for (i = 0; i < n; i++) {

        if (rc == 0
            && (size_t) snprintf(file, sizeof(file), "%s/%s",
                                 config->languages_dir, entries[i]->d_name)
               < sizeof(file))
        {
            rc = crw_language_read(config, file, err);
        }

        free(entries[i]);
    }

    free(entries);

    if (rc == 0 && config->nlanguages == 0) {
        return crw_error_set(err, 0, "%s: languages_dir: %.120s has no "
                             "language file (*.json)", config->file,
                             config->languages_dir);
    }

    return rc;
}


static int
crw_language_filter(const struct dirent *entry)
{
    size_t  len;

    len = strlen(entry->d_name);

    return entry->d_name[0] != '.' && len > 5
           && strcmp(entry->d_name + len - 5, ".json") == 0;
}


static int
crw_language_read(crw_config_t *config, const char *file, crw_error_t *err)
{
    int              rc;
    crw_json_t       json;
    crw_language_t  *lang;

    if (config->nlanguages == CRW_LANGUAGES_MAX) {
        return crw_error_set(err, 0, "%s: more than %d languages", file,
                             CRW_LANGUAGES_MAX);
    }

    lang = &config->languages[config->nlanguages];

    if (crw_json_open(&json, file, err) != 0) {
        return -1;
    }

    rc = crw_json_read(&json, json.root, crw_language_fields, lang, err);

    if (rc == 0) {
        rc = crw_language_check(&json, config, lang, err);
    }

    crw_json_close(&json);

    if (rc == 0) {
        config->nlanguages++;
    }

    return rc;
}


static int
crw_language_check(crw_json_t *json, crw_config_t *config,
    crw_language_t *lang, crw_error_t *err)
{
    size_t  i;

    for (i = 0; i < config->nlanguages; i++) {
        if (strcmp(config->languages[i].id, lang->id) == 0) {
            crw_json_enter(json, "id");
            return crw_json_error(json, err, "another file has this id");
        }
    }

    for (i = 0; i < CRW_LANGUAGE_KINDS; i++) {
        if (strcmp(lang->kind, crw_language_kinds[i].name) == 0) {
            lang->code_file = crw_language_kinds[i].code_file;
            break;
        }
    }

    if (lang->code_file == NULL) {
        crw_json_enter(json, "kind");
        return crw_json_error(json, err, "must be \"python\"");
    }

    if (crw_language_zygote(json->file, lang->zygote) != 0) {
        crw_json_enter(json, "zygote");
        return crw_json_error(json, err, "%.80s is no program that can be "
                              "run; build it", lang->zygote);
    }

    if (lang->output_kb.max > config->output_kb) {
        crw_json_enter(json, "limits");
        crw_json_enter(json, "output_kb");
        return crw_json_error(json, err, "max must not pass output_kb of "
                              "worker.json, %u", config->output_kb);
    }

    return 0;
}


/* a name without a slash is looked for beside this program */

static int
crw_language_zygote(const char *file, char *path)
{
    char     name[PATH_MAX];
    char    *slash;
    size_t   len;
    ssize_t  n;

    if (strchr(path, '/') != NULL) {
        return (crw_language_path(file, path) == 0) ? access(path, X_OK) : -1;
    }

    len = strnlen(path, PATH_MAX - 1);
    memcpy(name, path, len);
    name[len] = '\0';

    n = readlink("/proc/self/exe", path, PATH_MAX - 1);
    if (n <= 0) {
        return -1;
    }

    path[n] = '\0';
    slash = strrchr(path, '/');

    if (slash == NULL
        || len >= PATH_MAX - (size_t) (slash + 1 - path))
    {
        return -1;
    }

    memcpy(slash + 1, name, len + 1);

    return access(path, X_OK);
}


int
crw_language_path(const char *file, char *path)
{
    char         joined[PATH_MAX];
    size_t       dir, len;
    const char  *slash;

    if (path[0] == '/') {
        return 0;
    }

    slash = strrchr(file, '/');
    dir = (slash != NULL) ? (size_t) (slash + 1 - file) : 0;
    len = strlen(path);

    if (dir + len >= PATH_MAX) {
        return -1;
    }

    memcpy(joined, file, dir);
    memcpy(joined + dir, path, len + 1);
    memcpy(path, joined, dir + len + 1);

    return 0;
}


static int
crw_language_limits(crw_json_t *json, json_t *value, void *object,
    crw_error_t *err)
{
    return crw_json_read(json, value, crw_language_limit_fields, object, err);
}


static int
crw_language_limit(crw_json_t *json, json_t *value, void *object,
    crw_error_t *err)
{
    size_t            i;
    crw_limit_t      *limit;
    crw_json_field_t  fields[3];

    for (i = 0; i < CRW_LANGUAGE_RANGES - 1; i++) {
        if (strcmp(crw_language_ranges[i].name, json->path[json->depth - 1])
            == 0)
        {
            break;
        }
    }

    limit = (crw_limit_t *) (void *) ((uint8_t *) object
                                      + crw_language_ranges[i].offset);

    memset(fields, 0, sizeof(fields));

    fields[0].name = "default";
    fields[0].offset = offsetof(crw_limit_t, def);
    fields[1].name = "max";
    fields[1].offset = offsetof(crw_limit_t, max);
    fields[0].required = fields[1].required = 1;
    fields[0].min = fields[1].min = crw_language_ranges[i].min;
    fields[0].max = fields[1].max = crw_language_ranges[i].max;

    if (crw_json_read(json, value, fields, limit, err) != 0) {
        return -1;
    }

    if (limit->def > limit->max) {
        return crw_json_error(json, err, "default must not pass max");
    }

    return 0;
}


int
crw_language_keep(crw_config_t *config, const crw_config_t *old,
    crw_error_t *err)
{
    size_t           i, j;
    crw_language_t  *kept;

    kept = calloc(1, sizeof(crw_language_t));
    if (kept == NULL) {
        return crw_error_set(err, errno, "no memory for languages");
    }

    for (i = 0; i < old->nlanguages; i++) {

        for (j = i; j < config->nlanguages; j++) {
            if (strcmp(config->languages[j].id, old->languages[i].id) == 0) {
                break;
            }
        }

        if (j >= config->nlanguages) {
            free(kept);
            return crw_error_set(err, 0, "language \"%s\" is gone: that needs "
                                 "a restart", old->languages[i].id);
        }

        memcpy(kept, &config->languages[j], sizeof(crw_language_t));
        memcpy(&config->languages[j], &config->languages[i],
               sizeof(crw_language_t));
        memcpy(&config->languages[i], kept, sizeof(crw_language_t));
    }

    free(kept);

    return 0;
}


char *
crw_config_info(const crw_config_t *config, size_t *len)
{
    char    *text;
    json_t  *root, *list;
    size_t   i;

    list = json_array();

    for (i = 0; i < config->nlanguages; i++) {
        (void) json_array_append_new(list,
                                     crw_language_json(&config->languages[i]));
    }

    root = json_pack("{s:o}", "languages", list);
    text = (root != NULL) ? json_dumps(root, JSON_COMPACT) : NULL;

    json_decref(root);

    *len = (text != NULL) ? strlen(text) : 0;

    return text;
}


static json_t *
crw_language_json(const crw_language_t *lang)
{
    size_t              i;
    json_t             *limits;
    const crw_limit_t  *limit;

    limits = json_object();

    for (i = 0; i < CRW_LANGUAGE_RANGES; i++) {
        limit = (const crw_limit_t *) (const void *)
                    ((const uint8_t *) lang + crw_language_ranges[i].offset);

        (void) json_object_set_new(limits, crw_language_ranges[i].name,
                                   json_pack("{s:I,s:I}",
                                             "default", (json_int_t) limit->def,
                                             "max", (json_int_t) limit->max));
    }

    return json_pack("{s:s,s:s,s:s,s:o,s:s,s:s,s:s,s:s,s:o}",
                     "id", lang->id, "name", lang->name,
                     "version", lang->version,
                     "aliases", crw_language_list(&lang->aliases),
                     "template", lang->template,
                     "extension", lang->extension,
                     "code_file", lang->code_file,
                     "monaco", lang->monaco, "limits", limits);
}


static json_t *
crw_language_list(const crw_list_t *list)
{
    json_t  *array;
    size_t   i;

    array = json_array();

    for (i = 0; i < list->n; i++) {
        (void) json_array_append_new(array, json_string(list->text[i]));
    }

    return array;
}
