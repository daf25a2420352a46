/*
 * A worker.json and a language file.  Byte 0 of the input: which of the two
 * the rest is; the other one is good.
 *
 * Holds: what is accepted is within its ranges and fits its fields, and the
 * list that clients see can be read by nginx's side; what is refused says
 * why, in one line of ASCII or UTF-8 as the file has it.
 *
 * sources: worker/crw_config.c worker/crw_json.c worker/crw_language.c
 * sources: worker/crw_error.c worker/crw_log.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_languages.c
 * sources: ngx_http_coderemote_module/core/ngx_cr_json.c
 * libs: -ljansson
 * max: 6000
 * dict: json
 * with: nginx
 */


#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crw_config.h"
#include "ngx_cr_languages.h"


int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static char       dir[64];
static char       worker[128];
static char       language[128];
static ngx_log_t  quiet;


/* a zygote that is there, whatever the machine */

static const char  good_worker[] = "{\"output_kb\": 1024}";

static const char  good_language[] =
    "{\"id\": \"python\", \"name\": \"Python\", \"kind\": \"python\","
    "\"zygote\": \"/bin/sh\", \"extension\": \"py\", \"monaco\": \"python\","
    "\"limits\": {"
    "\"timeout_ms\": {\"default\": 10000, \"max\": 30000},"
    "\"cpu_ms\": {\"default\": 10000, \"max\": 30000},"
    "\"memory_mb\": {\"default\": 256, \"max\": 1024},"
    "\"output_kb\": {\"default\": 1024, \"max\": 1024},"
    "\"processes\": {\"default\": 64, \"max\": 256}}}";


static void
promise(int kept)
{
    if (!kept) {
        abort();
    }
}


static void
put(const char *file, const void *data, size_t size)
{
    int  fd;

    fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    promise(fd != -1);
    promise(write(fd, data, size) == (ssize_t) size);
    (void) close(fd);
}


static void
gone(void)
{
    char  folder[128];

    (void) snprintf(folder, sizeof(folder), "%s/languages", dir);

    (void) unlink(language);
    (void) rmdir(folder);
    (void) unlink(worker);
    (void) rmdir(dir);
}


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    char         folder[128];
    const char  *where;

    (void) argc;
    (void) argv;

    where = (access("/dev/shm", W_OK) == 0) ? "/dev/shm" : "/tmp";

    (void) snprintf(dir, sizeof(dir), "%s/worker_config_fuzz.XXXXXX", where);
    promise(mkdtemp(dir) != NULL);

    (void) snprintf(folder, sizeof(folder), "%s/languages", dir);
    promise(mkdir(folder, 0700) == 0);

    (void) snprintf(worker, sizeof(worker), "%s/worker.json", dir);
    (void) snprintf(language, sizeof(language), "%s/python.json", folder);

    promise(atexit(gone) == 0);

    return 0;
}


static void
check_list(const crw_list_t *list)
{
    size_t  i;

    promise(list->n <= CRW_LIST_MAX);

    for (i = 0; i < list->n; i++) {
        promise(list->text[i][0] != '\0');
        promise(memchr(list->text[i], '\0', CRW_TEXT_LIST_MAX) != NULL);
    }
}


static void
check_limit(const crw_limit_t *limit)
{
    promise(limit->def >= 1 && limit->def <= limit->max);
}


static void
check_language(const crw_config_t *config, const crw_language_t *lang)
{
    promise(lang->id[0] != '\0');
    promise(memchr(lang->id, '\0', CRW_ID_MAX) != NULL);
    promise(memchr(lang->name, '\0', CRW_NAME_MAX) != NULL);
    promise(memchr(lang->template, '\0', CRW_TEMPLATE_MAX) != NULL);
    promise(memchr(lang->zygote, '\0', PATH_MAX) != NULL);
    promise(access(lang->zygote, X_OK) == 0);

    check_list(&lang->aliases);
    check_list(&lang->preload);
    check_list(&lang->binds);

    check_limit(&lang->timeout_ms);
    check_limit(&lang->cpu_ms);
    check_limit(&lang->memory_mb);
    check_limit(&lang->output_kb);
    check_limit(&lang->processes);

    promise(lang->output_kb.max <= config->output_kb);
    promise(crw_config_boxes(config, lang) >= 1);
    promise(crw_config_boxes(config, lang) <= 256);
}


/* The two sides agree about the list. */

static void
check_info(const crw_config_t *config)
{
    char                *text;
    size_t               i, len;
    ngx_str_t            s, id;
    ngx_cr_language_t   *lang;
    ngx_cr_languages_t  *languages;

    text = crw_config_info(config, &len);
    promise(text != NULL);

    s.data = (u_char *) text;
    s.len = len;

    languages = ngx_cr_languages_create(&s, 1, &quiet);
    promise(languages != NULL);
    promise(languages->items.nelts == config->nlanguages);

    for (i = 0; i < config->nlanguages; i++) {
        lang = ngx_cr_languages_get(languages, i);

        id.data = (u_char *) config->languages[i].id;
        id.len = strlen(config->languages[i].id);

        promise(lang->id.len == id.len);
        promise(memcmp(lang->id.data, id.data, id.len) == 0);
        promise(lang->max.timeout_ms == config->languages[i].timeout_ms.max);
        promise(lang->initial.processes == config->languages[i].processes.def);
    }

    ngx_cr_languages_destroy(languages);
    free(text);
}


static void
check(const crw_config_t *config)
{
    size_t  i;

    promise(config->workers >= 1 && config->workers <= CR_WORKERS_MAX / 2);
    promise(config->job_slots >= 1 && config->job_slots <= CR_SLOTS_MAX);
    promise(config->channels >= 1 && config->channels < CR_CHANNELS_MAX);
    promise(config->nusers >= 1 && config->nusers <= CRW_USERS_MAX);
    promise(config->socket_mode <= 0777);
    promise(config->uid_base >= 65536);
    promise(config->socket[0] == '/' && config->languages_dir[0] == '/');
    promise(config->nlanguages >= 1 && config->nlanguages <= CRW_LANGUAGES_MAX);

    for (i = 0; i < config->nlanguages; i++) {
        check_language(config, &config->languages[i]);
    }

    check_info(config);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    crw_error_t    err;
    crw_config_t  *config;

    if (size < 1) {
        return 0;
    }

    if (data[0] & 1) {
        put(worker, good_worker, sizeof(good_worker) - 1);
        put(language, data + 1, size - 1);

    } else {
        put(worker, data + 1, size - 1);
        put(language, good_language, sizeof(good_language) - 1);
    }

    memset(&err, 0, sizeof(err));

    config = crw_config_load(worker, NULL, &err);

    if (config == NULL) {
        promise(err.text[0] != '\0');
        promise(memchr(err.text, '\0', sizeof(err.text)) != NULL);
        promise(strncmp(err.text, dir, strlen(dir)) == 0
                || data[0] % 2 == 0);
        return 0;
    }

    check(config);
    crw_config_free(config);

    return 0;
}
