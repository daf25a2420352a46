/*
 * The pool worker's side of the chain of processes, small and blocking: a
 * test starts a zygote, has one sandbox built after the other and runs code
 * in each.
 */

#ifndef SANDBOX_DRIVE_H
#define SANDBOX_DRIVE_H


#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../ipc/cr_request.h"
#include "../../worker/crw_proto.h"


#define DRIVE_OUTPUT       (256 * 1024)
#define DRIVE_UID          1200000
#define DRIVE_INIT_UID     1200001


typedef struct {
    pid_t     zygote;
    pid_t     keeper;
    pid_t     init;
    int       link;                 /* to the zygote */
    int       keeper_link;
    int       keeper_pidfd;
    /* of the sandbox that waits, -1: none */
    int       sandbox_link;
    int       in;
    int       out;
    int       err;
    int       init_pidfd;
    int       program_pidfd;
    /* what FAILED said, "" when nothing did */
    char      failed[CRW_TEXT_MAX];
    int       failed_errno;
    char      version[CRW_TEXT_MAX];
    uint32_t  ready_cpu_us;
} drive_t;


typedef struct {
    /* asked */
    const char  *code;
    const char  *text;              /* stdin, then end of file */
    const char  *args[8];
    const char  *env[8];
    const char  *files[8][2];
    cr_limits_t  limits;
    int          keep_stdin;        /* no end of file */
    int          kill_after_ms;     /* 0: never */
    int          signal_after_ms;   /* SIGINT to the program */

    /* answered */
    char         out[DRIVE_OUTPUT];
    char         err[DRIVE_OUTPUT];
    char         all[DRIVE_OUTPUT]; /* in the order of arrival */
    size_t       out_len;
    size_t       err_len;
    size_t       all_len;
    int          exited;            /* an EXIT message came */
    int          status;            /* of waitpid(2) */
    uint64_t     cpu_us;
    int64_t      first_us;          /* job sent to first output */
    int64_t      exit_us;           /* job sent to EXIT */
    int64_t      gone_us;           /* job sent to GONE */
} drive_job_t;


/* path of the zygote, or NULL with the reason for skipping printed */
const char *drive_zygote(void);

/* 1: the zygote is started as an ordinary user, 'nobody' */
extern int  drive_rootless;

/* name of the keeper's step that shall fail, or NULL */
extern const char  *drive_keeper_fault;

/* starts a zygote with these arguments (NULL-terminated, may be NULL), waits
   for READY, has a keeper forked and, when 'attached' is given, calls it with
   the keeper's pid before ATTACHED; 0, or -1 with d->failed */
int drive_open(drive_t *d, const char *const *args,
    void (*attached)(pid_t keeper, void *data), void *data);
void drive_close(drive_t *d);

/* one sandbox; 'fault' names a step that shall fail, or NULL */
int drive_build(drive_t *d, const char *fault);
/* sends the job to the built sandbox and reads until GONE; -1: FAILED */
int drive_run(drive_t *d, drive_job_t *job);

/* gives a sandbox up that ran nothing, waits until it is gone */
int drive_gone(drive_t *d);

/* build and run, for a program without anything special; a static result */
drive_job_t *drive_python(drive_t *d, const char *code);

int64_t drive_now_us(void);


#endif
