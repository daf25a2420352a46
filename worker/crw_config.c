/*
 * worker.json: its fields, defaults and rules.
 */

#include "crw_config.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "crw_json.h"
#include "crw_language.h"
#include "crw_log.h"


#define CRW_SOCKET_MAX  (sizeof(((struct sockaddr_un *) 0)->sun_path) - 1)


static void crw_config_defaults(crw_config_t *config, const char *file);
static int crw_config_read(crw_config_t *config, crw_error_t *err);
static int crw_config_users(crw_json_t *json, json_t *value, void *object,
    crw_error_t *err);
static int crw_config_mode(crw_json_t *json, json_t *value, void *object,
    crw_error_t *err);
static int crw_config_level(crw_json_t *json, json_t *value, void *object,
    crw_error_t *err);
static int crw_config_isolate(crw_json_t *json, json_t *value, void *object,
    crw_error_t *err);
static int crw_config_locks(crw_json_t *json, json_t *value, void *object,
    crw_error_t *err);
static int crw_config_platform(crw_json_t *json, json_t *value,
    void *object, crw_error_t *err);
static int crw_config_finish(crw_config_t *config, const char *socket,
    crw_error_t *err);
static void crw_config_user(crw_config_t *config, const char *name);


#define crw_config_uint(name, min, max)                                       \
    { #name, CRW_JSON_UINT, 0, offsetof(crw_config_t, name), 0, min, max,     \
      NULL }

#define crw_config_text(name, min)                                            \
    { #name, CRW_JSON_TEXT, 0, offsetof(crw_config_t, name),                  \
      sizeof(((crw_config_t *) 0)->name), min, 0, NULL }


static const crw_json_field_t  crw_config_fields[] = {
    crw_config_text(socket, 1),
    { "socket_mode", CRW_JSON_CALL, 0, 0, 0, 0, 0, crw_config_mode },
    { "allowed_users", CRW_JSON_CALL, 0, 0, 0, 0, 0, crw_config_users },
    crw_config_text(languages_dir, 1),
    crw_config_text(cgroup_parent, 0),
    crw_config_uint(workers, 0, CR_WORKERS_MAX),
    crw_config_uint(boxes, 1, 256),
    crw_config_uint(job_slots, 1, CR_SLOTS_MAX),
    crw_config_uint(channels, 1, CR_CHANNELS_MAX - 1),
    crw_config_uint(request_kb, 64, 64 * 1024),
    crw_config_uint(output_kb, 1, 64 * 1024),
    crw_config_uint(result_ttl_s, 1, 86400),
    crw_config_uint(uid_base, 65536, 4000000000u),
    crw_config_uint(cpu_percent, 0, 6400),
    crw_config_uint(work_mb, 1, 65536),
    crw_config_uint(work_inodes, 64, 1000000),
    crw_config_uint(zygote_max_jobs, 1, 1000000000),
    crw_config_uint(zygote_max_age_s, 1, 604800),
    { "log_level", CRW_JSON_CALL, 0, 0, 0, 0, 0, crw_config_level },
    { "record_locks", CRW_JSON_CALL, 0, 0, 0, 0, 0, crw_config_locks },
    { "isolation", CRW_JSON_CALL, 0, 0, 0, 0, 0, crw_config_isolate },
    crw_config_text(runsc, 2),
    { "runsc_platform", CRW_JSON_CALL, 0, 0, 0, 0, 0, crw_config_platform },
    { NULL, 0, 0, 0, 0, 0, 0, NULL }
};


crw_config_t *
crw_config_load(const char *file, const char *socket, crw_error_t *err)
{
    crw_config_t  *config;

    config = calloc(1, sizeof(crw_config_t));
    if (config == NULL) {
        (void) crw_error_set(err, errno, "no memory for the configuration");
        return NULL;
    }

    crw_config_defaults(config, file);

    if (crw_config_read(config, err) != 0
        || crw_config_finish(config, socket, err) != 0
        || crw_language_load(config, err) != 0)
    {
        crw_config_free(config);
        return NULL;
    }

    return config;
}


void
crw_config_free(crw_config_t *config)
{
    free(config);
}


static void
crw_config_defaults(crw_config_t *config, const char *file)
{
    (void) snprintf(config->file, sizeof(config->file), "%s", file);
    (void) snprintf(config->socket, sizeof(config->socket), "%s",
                    "../var/run/pool.sock");
    (void) snprintf(config->languages_dir, sizeof(config->languages_dir),
                    "%s", "languages");

    (void) snprintf(config->runsc, sizeof(config->runsc), "%s",
                    "/usr/bin/runsc");
    (void) snprintf(config->runsc_platform, sizeof(config->runsc_platform),
                    "%s", "ptrace");

    config->isolation = CRW_ISOLATION_NATIVE;
    config->socket_mode = 0666;
    config->boxes = 16;
    config->job_slots = 1024;
    config->channels = 32;
    config->request_kb = 4096;
    config->output_kb = 1024;
    config->result_ttl_s = 900;
    config->uid_base = 0x70000000;
    config->cpu_percent = 100;
    config->work_mb = 64;
    config->work_inodes = 4096;
    config->zygote_max_jobs = 10000;
    config->zygote_max_age_s = 3600;
    config->log_level = CRW_LOG_INFO;
}


static int
crw_config_read(crw_config_t *config, crw_error_t *err)
{
    int         rc;
    crw_json_t  json;

    if (crw_json_open(&json, config->file, err) != 0) {
        return -1;
    }

    rc = crw_json_read(&json, json.root, crw_config_fields, config, err);

    crw_json_close(&json);

    return rc;
}


/*
 * Who may connect: names or numbers.  A name that this machine does not have
 * is no error, so that one file serves distributions that call nginx's user
 * www-data, nginx or nobody.
 */

static int
crw_config_users(crw_json_t *json, json_t *value, void *object,
    crw_error_t *err)
{
    size_t         i;
    json_t        *user;
    json_int_t     uid;
    crw_config_t  *config = object;

    if (!json_is_array(value) || json_array_size(value) >= CRW_USERS_MAX - 1) {
        return crw_json_error(json, err, "must be an array of at most %d "
                              "user names or numbers", CRW_USERS_MAX - 2);
    }

    for (i = 0; i < json_array_size(value); i++) {
        user = json_array_get(value, i);

        if (json_is_string(user)) {
            crw_config_user(config, json_string_value(user));
            continue;
        }

        uid = json_integer_value(user);

        if (!json_is_integer(user) || uid < 0 || uid > UINT32_MAX - 1) {
            return crw_json_error(json, err,
                                  "must hold user names or numbers");
        }

        config->users[config->nusers++] = (uid_t) uid;
    }

    return 0;
}


static void
crw_config_user(crw_config_t *config, const char *name)
{
    struct passwd  *pw;

    pw = getpwnam(name);

    if (pw != NULL) {
        config->users[config->nusers++] = pw->pw_uid;
    }
}


static int
crw_config_mode(crw_json_t *json, json_t *value, void *object,
    crw_error_t *err)
{
    char           *end;
    const char     *text;
    unsigned long   mode;
    crw_config_t   *config = object;

    text = json_string_value(value);

    if (text != NULL && *text == '0') {
        mode = strtoul(text, &end, 8);

        if (*end == '\0' && mode <= 0777) {
            config->socket_mode = (uint32_t) mode;
            return 0;
        }
    }

    return crw_json_error(json, err,
                          "must be a string of octal digits, as \"0660\"");
}


static int
crw_config_level(crw_json_t *json, json_t *value, void *object,
    crw_error_t *err)
{
    int            level;
    crw_config_t  *config = object;

    level = json_is_string(value) ? crw_log_level(json_string_value(value))
                                  : -1;

    if (level == -1) {
        return crw_json_error(json, err,
                              "must be error, warn, info or debug");
    }

    config->log_level = (uint32_t) level;

    return 0;
}


static int
crw_config_isolate(crw_json_t *json, json_t *value, void *object,
    crw_error_t *err)
{
    const char    *text;
    crw_config_t  *config = object;

    text = json_string_value(value);

    if (text != NULL && strcmp(text, "native") == 0) {
        config->isolation = CRW_ISOLATION_NATIVE;
        return 0;
    }

    if (text != NULL && strcmp(text, "gvisor") == 0) {
        config->isolation = CRW_ISOLATION_GVISOR;
        return 0;
    }

    return crw_json_error(json, err, "must be native or gvisor");
}


static int
crw_config_locks(crw_json_t *json, json_t *value, void *object,
    crw_error_t *err)
{
    const char    *text;
    crw_config_t  *config = object;

    text = json_string_value(value);

    if (text == NULL
        || (strcmp(text, "on") != 0 && strcmp(text, "off") != 0))
    {
        return crw_json_error(json, err, "must be on or off");
    }

    config->record_locks = strcmp(text, "on") == 0;

    return 0;
}


/* never kvm: it would hand the machine's /dev/kvm to the sentry */

static int
crw_config_platform(crw_json_t *json, json_t *value, void *object,
    crw_error_t *err)
{
    const char    *text;
    crw_config_t  *config = object;

    text = json_string_value(value);

    if (text != NULL
        && (strcmp(text, "ptrace") == 0 || strcmp(text, "systrap") == 0))
    {
        (void) snprintf(config->runsc_platform,
                        sizeof(config->runsc_platform), "%s", text);
        return 0;
    }

    return crw_json_error(json, err, "must be ptrace or systrap");
}


int
crw_config_isolation(const crw_config_t *config, crw_error_t *err)
{
    if (config->isolation != CRW_ISOLATION_GVISOR) {
        return 0;
    }

    if (config->runsc[0] != '/') {
        return crw_error_set(err, 0, "%s: runsc: must be an absolute path",
                             config->file);
    }

    if (access(config->runsc, X_OK) == -1) {
        return crw_error_set(err, errno, "isolation \"gvisor\" needs "
                             "\"%s\": install it (apt-get install runsc), "
                             "name its path in \"runsc\", or set isolation "
                             "to \"native\"", config->runsc);
    }

    if (geteuid() != 0) {
        return crw_error_set(err, 0, "isolation \"gvisor\" needs a pool "
                             "started as root: start it so, or set isolation "
                             "to \"native\"");
    }

    return 0;
}


static int
crw_config_finish(crw_config_t *config, const char *socket, crw_error_t *err)
{
    int     rc;
    long    n;
    size_t  len;

    rc = 0;

    if (socket == NULL) {
        rc = crw_language_path(config->file, config->socket);
        socket = config->socket;

    } else {
        len = strlen(socket);

        if (len <= CRW_SOCKET_MAX) {
            memcpy(config->socket, socket, len + 1);
        }
    }

    if (rc != 0 || strlen(socket) > CRW_SOCKET_MAX) {
        return crw_error_set(err, 0, "%s: socket: its path must have at most "
                             "%zu bytes", config->file, CRW_SOCKET_MAX);
    }

    if (crw_language_path(config->file, config->languages_dir) != 0) {
        return crw_error_set(err, 0, "%s: languages_dir: path too long",
                             config->file);
    }

    if (config->workers == 0) {
        n = sysconf(_SC_NPROCESSORS_ONLN);
        config->workers = (n < 1) ? 1 : (uint32_t) n;
    }

    /* a reload needs places for the next generation beside the old one */

    if (config->workers > CR_WORKERS_MAX / 2) {
        config->workers = CR_WORKERS_MAX / 2;
    }

    if (config->nusers == 0) {
        crw_config_user(config, "www-data");
        crw_config_user(config, "nginx");
        crw_config_user(config, "nobody");
    }

    config->users[config->nusers++] = 0;
    config->users[config->nusers++] = geteuid();

    return 0;
}


uint32_t
crw_config_boxes(const crw_config_t *config, const crw_language_t *language)
{
    return (language->boxes != 0) ? language->boxes : config->boxes;
}
