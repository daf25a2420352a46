/*
 * The configuration: conf/worker.json and one file per language.
 *
 * Every field is known, has a range and carries its unit in its name; what is
 * not known is refused.  Messages are "file:line: field: rule".
 */

#ifndef CRW_CONFIG_H
#define CRW_CONFIG_H


#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

#include "../ipc/cr_abi.h"
#include "crw_error.h"


#define CRW_LANGUAGES_MAX  32
#define CRW_USERS_MAX      32
#define CRW_LIST_MAX       64       /* entries of a list of texts */
#define CRW_TEXT_LIST_MAX  128      /* bytes of one */
#define CRW_ID_MAX         32
#define CRW_NAME_MAX       64
#define CRW_TEMPLATE_MAX   4096

/* log arena beyond the output itself: chunk headers and padding */
#define CRW_LOG_OVERHEAD   (256 * 1024)


typedef struct {
    uint32_t  def;
    uint32_t  max;
} crw_limit_t;


typedef struct {
    size_t  n;
    char    text[CRW_LIST_MAX][CRW_TEXT_LIST_MAX];
} crw_list_t;


typedef struct {
    char         id[CRW_ID_MAX];
    char         name[CRW_NAME_MAX];
    char         kind[CRW_ID_MAX];
    char         extension[CRW_ID_MAX];
    char         monaco[CRW_ID_MAX];
    char         template[CRW_TEMPLATE_MAX];
    char         zygote[PATH_MAX];
    crw_list_t   aliases;
    crw_list_t   preload;           /* modules the zygote imports */
    crw_list_t   binds;             /* host paths the sandbox sees */
    crw_limit_t  timeout_ms;
    crw_limit_t  cpu_ms;
    crw_limit_t  memory_mb;
    crw_limit_t  output_kb;
    crw_limit_t  processes;
    uint32_t     boxes;             /* 0: as in worker.json */
    const char  *code_file;         /* in /box, of its kind; constant */

    /* what the zygote said, "" until then */
    char         version[CR_VERSION_MAX];
} crw_language_t;


/* what stands between a job and this kernel */

typedef enum {
    CRW_ISOLATION_NATIVE = 0,       /* the layers of crw_sandbox.c */
    CRW_ISOLATION_GVISOR            /* and a kernel of its own: runsc */
} crw_isolation_e;


typedef struct {
    char            file[PATH_MAX];
    char            socket[PATH_MAX];
    char            languages_dir[PATH_MAX];
    char            cgroup_parent[PATH_MAX];
    uint32_t        socket_mode;
    uint32_t        workers;        /* never 0 once loaded */
    uint32_t        boxes;          /* per worker and language */
    uint32_t        job_slots;
    uint32_t        channels;       /* nginx workers at one time */
    uint32_t        request_kb;     /* arena of one slot */
    uint32_t        output_kb;
    uint32_t        result_ttl_s;
    uint32_t        uid_base;
    uint32_t        cpu_percent;    /* of one job; 0: no limit */
    uint32_t        work_mb;
    uint32_t        work_inodes;
    uint32_t        zygote_max_jobs;
    uint32_t        zygote_max_age_s;
    uint32_t        log_level;
    crw_isolation_e isolation;
    unsigned        record_locks:1; /* programs may take them */
    char            runsc[CRW_TEXT_LIST_MAX];
    char            runsc_platform[CRW_ID_MAX];
    size_t          nusers;
    uid_t           users[CRW_USERS_MAX];
    size_t          nlanguages;
    crw_language_t  languages[CRW_LANGUAGES_MAX];
} crw_config_t;


/*
 * Loads worker.json and its languages.  'socket' overrides the file's (NULL:
 * does not).  Returns an object for crw_config_free, or NULL.
 */
crw_config_t *crw_config_load(const char *file, const char *socket,
    crw_error_t *err);
void crw_config_free(crw_config_t *config);

/* the text of GET /languages; to be freed, NULL without memory */
char *crw_config_info(const crw_config_t *config, size_t *len);

/* 0, or -1 and what is missing for the isolation that the file asks for, and
   how to mend it: told before anything is started */
int crw_config_isolation(const crw_config_t *config, crw_error_t *err);

/* boxes of one worker for that language */
uint32_t crw_config_boxes(const crw_config_t *config,
    const crw_language_t *language);


#endif
