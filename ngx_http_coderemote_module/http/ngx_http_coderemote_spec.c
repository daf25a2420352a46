
/*
 * Checks a body of POST /execute: a table says which field is read by which
 * function, so that an unknown field is one that no row has.
 */


#include "ngx_http_coderemote_spec.h"


typedef struct {
    ngx_http_coderemote_submit_t   *submit;
    ngx_cr_languages_t             *languages;
    ngx_cr_language_t              *language;
    ngx_http_coderemote_spec_t     *spec;
    ngx_http_coderemote_problem_t  *problem;
} ngx_http_coderemote_spec_ctx_t;


/* value: NULL when the field is absent or null */

typedef ngx_int_t (*ngx_http_coderemote_spec_pt)(
    ngx_http_coderemote_spec_ctx_t *sc, json_t *value);


typedef struct {
    const char                   *name;
    ngx_http_coderemote_spec_pt   read;
} ngx_http_coderemote_spec_field_t;


typedef struct {
    const char                   *name;
    size_t                        offset;    /* in cr_limits_t */
    json_int_t                    factor;    /* to its unit */
} ngx_http_coderemote_spec_limit_t;


static ngx_int_t ngx_http_coderemote_spec_known(
    ngx_http_coderemote_spec_ctx_t *sc);
static ngx_int_t ngx_http_coderemote_spec_code(
    ngx_http_coderemote_spec_ctx_t *sc, json_t *value);
static ngx_int_t ngx_http_coderemote_spec_language(
    ngx_http_coderemote_spec_ctx_t *sc, json_t *value);
static ngx_int_t ngx_http_coderemote_spec_stdin(
    ngx_http_coderemote_spec_ctx_t *sc, json_t *value);
static ngx_int_t ngx_http_coderemote_spec_args(
    ngx_http_coderemote_spec_ctx_t *sc, json_t *value);
static ngx_int_t ngx_http_coderemote_spec_env(
    ngx_http_coderemote_spec_ctx_t *sc, json_t *value);
static ngx_uint_t ngx_http_coderemote_spec_env_name(const char *name);
static ngx_int_t ngx_http_coderemote_spec_files(
    ngx_http_coderemote_spec_ctx_t *sc, json_t *value);
static ngx_int_t ngx_http_coderemote_spec_file(
    ngx_http_coderemote_spec_ctx_t *sc, json_t *value, ngx_uint_t i);
static ngx_uint_t ngx_http_coderemote_spec_clash(const ngx_str_t *a,
    const ngx_str_t *b);
static ngx_int_t ngx_http_coderemote_spec_content(
    ngx_http_coderemote_spec_ctx_t *sc, json_t *value, ngx_uint_t i,
    ngx_str_t *data);
static ngx_int_t ngx_http_coderemote_spec_limits(
    ngx_http_coderemote_spec_ctx_t *sc, json_t *value);
static ngx_int_t ngx_http_coderemote_spec_limit(
    ngx_http_coderemote_spec_ctx_t *sc,
    const ngx_http_coderemote_spec_limit_t *l, json_t *value);
static void ngx_http_coderemote_spec_timeouts(
    ngx_http_coderemote_spec_ctx_t *sc, cr_limits_t *initial,
    cr_limits_t *max);
static ngx_int_t ngx_http_coderemote_spec_interactive(
    ngx_http_coderemote_spec_ctx_t *sc, json_t *value);
static ngx_int_t ngx_http_coderemote_spec_text(
    ngx_http_coderemote_spec_ctx_t *sc, const char *field, json_t *value,
    ngx_str_t *text);
static ngx_int_t ngx_http_coderemote_spec_wrong(
    ngx_http_coderemote_spec_ctx_t *sc, const char *field,
    const char *rule);


/* the language comes first: limits depend on it */

static const ngx_http_coderemote_spec_field_t
    ngx_http_coderemote_spec_fields[] =
{
    { "language", ngx_http_coderemote_spec_language },
    { "code", ngx_http_coderemote_spec_code },
    { "stdin", ngx_http_coderemote_spec_stdin },
    { "args", ngx_http_coderemote_spec_args },
    { "env", ngx_http_coderemote_spec_env },
    { "files", ngx_http_coderemote_spec_files },
    { "limits", ngx_http_coderemote_spec_limits },
    { "interactive", ngx_http_coderemote_spec_interactive },
    { NULL, NULL }
};


static const ngx_http_coderemote_spec_limit_t
    ngx_http_coderemote_spec_limit_table[] =
{
    { "timeout_ms", offsetof(cr_limits_t, timeout_ms), 1 },
    { "cpu_ms", offsetof(cr_limits_t, cpu_ms), 1 },
    { "memory_mb", offsetof(cr_limits_t, memory_kb), 1024 },
    { "output_kb", offsetof(cr_limits_t, output_bytes), 1024 },
    { "processes", offsetof(cr_limits_t, processes), 1 },
    { NULL, 0, 0 }
};


ngx_int_t
ngx_http_coderemote_spec_parse(ngx_http_coderemote_submit_t *submit,
    ngx_cr_languages_t *languages, ngx_http_coderemote_spec_t *spec,
    ngx_http_coderemote_problem_t *problem)
{
    json_t                                  *value;
    ngx_http_coderemote_spec_ctx_t           sc;
    const ngx_http_coderemote_spec_field_t  *field;

    ngx_memzero(spec, sizeof(ngx_http_coderemote_spec_t));

    sc.submit = submit;
    sc.languages = languages;
    sc.language = NULL;
    sc.spec = spec;
    sc.problem = problem;

    if (ngx_http_coderemote_spec_known(&sc) != NGX_OK) {
        return NGX_ERROR;
    }

    for (field = ngx_http_coderemote_spec_fields; field->name != NULL; field++)
    {
        value = json_object_get(submit->body, field->name);

        if (json_is_null(value)) {
            value = NULL;
        }

        if (field->read(&sc, value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_spec_known(ngx_http_coderemote_spec_ctx_t *sc)
{
    json_t                                  *value;
    const char                              *name;
    const ngx_http_coderemote_spec_field_t  *field;

    json_object_foreach(sc->submit->body, name, value) {

        for (field = ngx_http_coderemote_spec_fields;
             field->name != NULL;
             field++)
        {
            if (ngx_strcmp(name, field->name) == 0) {
                break;
            }
        }

        if (field->name == NULL) {
            ngx_http_coderemote_problem(sc->problem,
                                NGX_HTTP_CODEREMOTE_UNKNOWN_FIELD, name,
                                "leave it out; known fields are code, "
                                "language, stdin, args, env, files, limits, "
                                "interactive");
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_spec_language(ngx_http_coderemote_spec_ctx_t *sc,
    json_t *value)
{
    ngx_str_t  name = ngx_string("python");

    if (value != NULL
        && ngx_http_coderemote_spec_text(sc, "language", value, &name)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    sc->language = ngx_cr_languages_find(sc->languages, &name);

    if (sc->language == NULL) {
        ngx_http_coderemote_problem(sc->problem,
                                NGX_HTTP_CODEREMOTE_UNKNOWN_LANGUAGE,
                                "language", "use one of: %V",
                                &sc->languages->known);
        return NGX_ERROR;
    }

    sc->spec->language = sc->language->index;

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_spec_code(ngx_http_coderemote_spec_ctx_t *sc,
    json_t *value)
{
    size_t  max;

    if (value == NULL) {
        ngx_http_coderemote_problem(sc->problem,
                                    NGX_HTTP_CODEREMOTE_MISSING_FIELD, "code",
                                    "send the program's text as a string");
        return NGX_ERROR;
    }

    if (ngx_http_coderemote_spec_text(sc, "code", value, &sc->spec->code)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    max = sc->submit->conf->max_code_size;

    if (sc->spec->code.len > max) {
        ngx_http_coderemote_problem(sc->problem, NGX_HTTP_CODEREMOTE_TOO_LARGE,
                                    "code", "must not be over %uz bytes, has "
                                    "%uz (coderemote_max_code_size)", max,
                                    sc->spec->code.len);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_spec_stdin(ngx_http_coderemote_spec_ctx_t *sc,
    json_t *value)
{
    size_t  max;

    if (value == NULL) {
        return NGX_OK;
    }

    if (ngx_http_coderemote_spec_text(sc, "stdin", value, &sc->spec->input)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    max = sc->submit->conf->max_stdin_size;

    if (sc->spec->input.len > max) {
        ngx_http_coderemote_problem(sc->problem, NGX_HTTP_CODEREMOTE_TOO_LARGE,
                                    "stdin", "must not be over %uz bytes, has "
                                    "%uz (coderemote_max_stdin_size)", max,
                                    sc->spec->input.len);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_spec_args(ngx_http_coderemote_spec_ctx_t *sc,
    json_t *value)
{
    u_char      name[32];
    size_t      i;
    ngx_str_t   arg;

    if (value == NULL) {
        return NGX_OK;
    }

    if (!json_is_array(value)) {
        return ngx_http_coderemote_spec_wrong(sc, "args",
                                              "must be an array of strings");
    }

    if (json_array_size(value) > NGX_HTTP_CODEREMOTE_SPEC_LIST) {
        return ngx_http_coderemote_spec_wrong(sc, "args",
                                              "must not have over 256 members");
    }

    for (i = 0; i < json_array_size(value); i++) {
        *ngx_snprintf(name, sizeof(name) - 1, "args[%uz]", i) = '\0';

        if (ngx_http_coderemote_spec_text(sc, (char *) name,
                                          json_array_get(value, i), &arg)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    sc->spec->args = value;

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_spec_env(ngx_http_coderemote_spec_ctx_t *sc,
    json_t *value)
{
    u_char       field[160];
    json_t      *text;
    ngx_str_t    data;
    const char  *name;

    if (value == NULL) {
        return NGX_OK;
    }

    if (!json_is_object(value)) {
        return ngx_http_coderemote_spec_wrong(sc, "env",
                                "must be an object whose values are strings");
    }

    if (json_object_size(value) > NGX_HTTP_CODEREMOTE_SPEC_LIST) {
        return ngx_http_coderemote_spec_wrong(sc, "env",
                                              "must not have over 256 members");
    }

    json_object_foreach(value, name, text) {
        *ngx_snprintf(field, sizeof(field) - 1, "env.%s", name) = '\0';

        if (!ngx_http_coderemote_spec_env_name(name)) {
            return ngx_http_coderemote_spec_wrong(sc, (char *) field,
                                "a name has up to 128 letters, digits and _, "
                                "and no digit first");
        }

        if (ngx_http_coderemote_spec_text(sc, (char *) field, text, &data)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    sc->spec->env = value;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_coderemote_spec_env_name(const char *name)
{
    u_char       ch;
    const char  *p;

    for (p = name; *p != '\0'; p++) {
        ch = (u_char) (*p | 0x20);

        if ((ch < 'a' || ch > 'z') && *p != '_'
            && (*p < '0' || *p > '9' || p == name))
        {
            return 0;
        }
    }

    return p != name && p - name <= 128;
}


static ngx_int_t
ngx_http_coderemote_spec_files(ngx_http_coderemote_spec_ctx_t *sc,
    json_t *value)
{
    size_t  i, n;

    if (value == NULL) {
        return NGX_OK;
    }

    if (!json_is_array(value)) {
        return ngx_http_coderemote_spec_wrong(sc, "files",
                                "must be an array of {name, content} objects");
    }

    n = json_array_size(value);

    if (n > NGX_HTTP_CODEREMOTE_SPEC_LIST) {
        return ngx_http_coderemote_spec_wrong(sc, "files",
                                              "must not have over 256 members");
    }

    if (ngx_array_init(&sc->spec->files, sc->submit->mem, n + 1,
                       sizeof(ngx_http_coderemote_spec_file_t))
        != NGX_OK)
    {
        return ngx_http_coderemote_spec_wrong(sc, "files", "out of memory");
    }

    for (i = 0; i < n; i++) {
        if (ngx_http_coderemote_spec_file(sc, json_array_get(value, i), i)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_spec_file(ngx_http_coderemote_spec_ctx_t *sc,
    json_t *value, ngx_uint_t i)
{
    u_char                            field[64];
    json_t                           *member;
    const char                       *name;
    ngx_uint_t                        j;
    ngx_http_coderemote_spec_file_t  *file, *other;

    *ngx_snprintf(field, sizeof(field) - 1, "files[%ui]", i) = '\0';

    if (!json_is_object(value)) {
        return ngx_http_coderemote_spec_wrong(sc, (char *) field,
                                "must be an object {name, content, encoding}");
    }

    json_object_foreach(value, name, member) {
        if (ngx_strcmp(name, "name") != 0
            && ngx_strcmp(name, "content") != 0
            && ngx_strcmp(name, "encoding") != 0)
        {
            *ngx_snprintf(field, sizeof(field) - 1, "files[%ui].%s", i, name)
                = '\0';
            ngx_http_coderemote_problem(sc->problem,
                                NGX_HTTP_CODEREMOTE_UNKNOWN_FIELD,
                                (char *) field, "leave it out; known fields "
                                "are name, content, encoding");
            return NGX_ERROR;
        }
    }

    file = ngx_array_push(&sc->spec->files);
    other = sc->spec->files.elts;

    *ngx_snprintf(field, sizeof(field) - 1, "files[%ui].name", i) = '\0';

    if (ngx_http_coderemote_spec_text(sc, (char *) field,
                                      json_object_get(value, "name"),
                                      &file->name)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (cr_request_check_name(file->name.data, file->name.len) != 0) {
        return ngx_http_coderemote_spec_wrong(sc, (char *) field,
                                "must be a relative path without empty, . or "
                                ".. parts, like data/in.txt");
    }

    if (sc->language->code_file.len != 0
        && ngx_http_coderemote_spec_clash(&sc->language->code_file,
                                          &file->name))
    {
        return ngx_http_coderemote_spec_wrong(sc, (char *) field,
                                "is where the code itself is put; give the "
                                "file another name");
    }

    for (j = 0; j < i; j++) {
        if (ngx_http_coderemote_spec_clash(&other[j].name, &file->name)) {
            return ngx_http_coderemote_spec_wrong(sc, (char *) field,
                                "another file has this name, or a folder of "
                                "it has");
        }
    }

    return ngx_http_coderemote_spec_content(sc, value, i, &file->data);
}


/* "a" and "a", "a" and "a/b": a path cannot be both file and folder */

static ngx_uint_t
ngx_http_coderemote_spec_clash(const ngx_str_t *a, const ngx_str_t *b)
{
    size_t  len;

    len = ngx_min(a->len, b->len);

    return ngx_memcmp(a->data, b->data, len) == 0
           && (a->len == b->len
               || (a->len > len && a->data[len] == '/')
               || (b->len > len && b->data[len] == '/'));
}


static ngx_int_t
ngx_http_coderemote_spec_content(ngx_http_coderemote_spec_ctx_t *sc,
    json_t *value, ngx_uint_t i, ngx_str_t *data)
{
    u_char      field[64];
    json_t     *encoding;
    ngx_str_t   text, name;

    *ngx_snprintf(field, sizeof(field) - 1, "files[%ui].content", i) = '\0';

    if (ngx_http_coderemote_spec_text(sc, (char *) field,
                                      json_object_get(value, "content"), &text)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    *data = text;

    encoding = json_object_get(value, "encoding");

    if (encoding == NULL || json_is_null(encoding)) {
        return NGX_OK;
    }

    ngx_str_set(&name, "");

    if (json_is_string(encoding)) {
        name.data = (u_char *) json_string_value(encoding);
        name.len = json_string_length(encoding);
    }

    if (name.len == 4 && ngx_memcmp(name.data, "utf8", 4) == 0) {
        return NGX_OK;
    }

    if (name.len != 6 || ngx_memcmp(name.data, "base64", 6) != 0) {
        *ngx_snprintf(field, sizeof(field) - 1, "files[%ui].encoding", i)
            = '\0';
        return ngx_http_coderemote_spec_wrong(sc, (char *) field,
                                              "must be \"utf8\" or \"base64\"");
    }

    data->data = ngx_pnalloc(sc->submit->mem,
                             ngx_base64_decoded_length(text.len) + 1);

    if (data->data == NULL || ngx_decode_base64(data, &text) != NGX_OK) {
        return ngx_http_coderemote_spec_wrong(sc, (char *) field,
                                  "is not base64 (RFC 4648, without newlines)");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_spec_limits(ngx_http_coderemote_spec_ctx_t *sc,
    json_t *value)
{
    u_char                                   field[160];
    json_t                                  *limit;
    const char                              *name;
    cr_limits_t                              max;
    const ngx_http_coderemote_spec_limit_t  *l;

    ngx_http_coderemote_spec_timeouts(sc, &sc->spec->limits, &max);

    if (value == NULL) {
        return NGX_OK;
    }

    if (!json_is_object(value)) {
        return ngx_http_coderemote_spec_wrong(sc, "limits",
                                "must be an object of numbers: timeout_ms, "
                                "cpu_ms, memory_mb, output_kb, processes");
    }

    json_object_foreach(value, name, limit) {

        for (l = ngx_http_coderemote_spec_limit_table; l->name != NULL; l++) {
            if (ngx_strcmp(name, l->name) == 0) {
                break;
            }
        }

        if (l->name == NULL) {
            *ngx_snprintf(field, sizeof(field) - 1, "limits.%s", name) = '\0';
            ngx_http_coderemote_problem(sc->problem,
                                NGX_HTTP_CODEREMOTE_UNKNOWN_FIELD,
                                (char *) field, "leave it out; known limits "
                                "are timeout_ms, cpu_ms, memory_mb, output_kb, "
                                "processes");
            return NGX_ERROR;
        }

        if (!json_is_null(limit)
            && ngx_http_coderemote_spec_limit(sc, l, limit) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_spec_limit(ngx_http_coderemote_spec_ctx_t *sc,
    const ngx_http_coderemote_spec_limit_t *l, json_t *value)
{
    json_int_t    n, top;
    u_char        field[64];
    cr_limits_t   initial, max;

    ngx_http_coderemote_spec_timeouts(sc, &initial, &max);

    top = *(uint32_t *) ((u_char *) &max + l->offset) / l->factor;
    n = json_integer_value(value);

    if (!json_is_integer(value) || n < 1 || n > top) {
        *ngx_snprintf(field, sizeof(field) - 1, "limits.%s", l->name) = '\0';
        ngx_http_coderemote_problem(sc->problem,
                                    NGX_HTTP_CODEREMOTE_INVALID_FIELD,
                                    (char *) field, "must be a whole number "
                                    "from 1 to %L for %V", (int64_t) top,
                                    &sc->language->id);
        return NGX_ERROR;
    }

    *(uint32_t *) ((u_char *) &sc->spec->limits + l->offset) =
                                                    (uint32_t) (n * l->factor);

    return NGX_OK;
}


/* the language's limits, with the location's timeouts put in */

static void
ngx_http_coderemote_spec_timeouts(ngx_http_coderemote_spec_ctx_t *sc,
    cr_limits_t *initial, cr_limits_t *max)
{
    ngx_http_coderemote_loc_conf_t  *conf;

    conf = sc->submit->conf;

    *initial = sc->language->initial;
    *max = sc->language->max;

    if (conf->max_timeout != 0 && conf->max_timeout < max->timeout_ms) {
        max->timeout_ms = conf->max_timeout;
    }

    if (conf->default_timeout != 0) {
        initial->timeout_ms = conf->default_timeout;
    }

    initial->timeout_ms = ngx_min(initial->timeout_ms, max->timeout_ms);
}


static ngx_int_t
ngx_http_coderemote_spec_interactive(ngx_http_coderemote_spec_ctx_t *sc,
    json_t *value)
{
    sc->spec->interactive = (sc->submit->flags & CR_JOB_INTERACTIVE) != 0;

    if (value == NULL) {
        return NGX_OK;
    }

    if (!json_is_boolean(value)) {
        return ngx_http_coderemote_spec_wrong(sc, "interactive",
                                              "must be true or false");
    }

    sc->spec->interactive = json_is_true(value);

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_spec_text(ngx_http_coderemote_spec_ctx_t *sc,
    const char *field, json_t *value, ngx_str_t *text)
{
    if (value == NULL) {
        ngx_http_coderemote_problem(sc->problem,
                                    NGX_HTTP_CODEREMOTE_MISSING_FIELD, field,
                                    "must be there, a string");
        return NGX_ERROR;
    }

    if (!json_is_string(value)) {
        return ngx_http_coderemote_spec_wrong(sc, field, "must be a string");
    }

    text->data = (u_char *) json_string_value(value);
    text->len = json_string_length(value);

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_spec_wrong(ngx_http_coderemote_spec_ctx_t *sc,
    const char *field, const char *rule)
{
    ngx_http_coderemote_problem(sc->problem, NGX_HTTP_CODEREMOTE_INVALID_FIELD,
                                field, "%s", rule);

    return NGX_ERROR;
}
