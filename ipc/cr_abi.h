/*
 * The numbers both sides of the segment agree on: version, geometry limits,
 * job statuses.  Anything changed here changes CR_ABI_VERSION.
 */

#ifndef CR_ABI_H
#define CR_ABI_H


#include <stddef.h>
#include <stdint.h>
#include <stdatomic.h>


#define CR_ABI_MAGIC        0x31444f4352434f43ULL   /* "COCRCOD1" */
#define CR_ABI_VERSION      2

#define CR_CACHELINE        64
#define CR_PAGE             4096

#define CR_CHANNELS_MAX     64      /* bits of cr_slot_t.watchers */
#define CR_CHANNEL_MASTER   0       /* the master's own requeue channel */
#define CR_WORKERS_MAX      64
#define CR_SLOTS_MAX        65536   /* 16 bits of a job id */
#define CR_LANGUAGES_MAX    256
#define CR_OWNER_MAX        128     /* bytes of a JWT "sub" kept */
#define CR_VERSION_MAX      32
#define CR_ERROR_MAX        112
#define CR_INFO_MAX         (256 * 1024)
#define CR_REQUEST_MAX      (1024 * 1024 * 1024)    /* arena bytes a slot */
#define CR_LOG_MAX          (1024 * 1024 * 1024)

#define CR_ATTEMPTS         2       /* a job whose worker dies runs once more */

#define CR_NONE             UINT32_MAX


/* final statuses, in the order of the API's documentation; 0 is "not yet" */

typedef enum {
    CR_STATUS_NONE = 0,
    CR_STATUS_SUCCEEDED,
    CR_STATUS_FAILED,
    CR_STATUS_TIMED_OUT,
    CR_STATUS_MEMORY_EXCEEDED,
    CR_STATUS_OUTPUT_EXCEEDED,
    CR_STATUS_CANCELLED,
    CR_STATUS_ERROR,
    CR_STATUS_MAX
} cr_status_e;


/* which limit ended a job */

typedef enum {
    CR_LIMIT_NONE = 0,
    CR_LIMIT_WALL,
    CR_LIMIT_CPU,
    CR_LIMIT_MEMORY,
    CR_LIMIT_OUTPUT,
    CR_LIMIT_PROCESSES,
    CR_LIMIT_MAX
} cr_limit_e;


typedef enum {
    CR_STREAM_STDOUT = 1,
    CR_STREAM_STDERR = 2
} cr_stream_e;


/*
 * Names for the API; NULL for 0 and for a number out of range, since the
 * number may come from the other side of the segment.
 */
const char *cr_status_name(uint32_t status);
const char *cr_limit_name(uint32_t limit);


#endif
