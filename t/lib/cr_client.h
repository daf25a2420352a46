/*
 * Plays an nginx worker: hello, segment, jobs, control messages, output, all
 * over the real socket and the real shared memory, without nginx.
 */

#ifndef CR_CLIENT_H
#define CR_CLIENT_H


#include "../../ipc/cr_hello.h"
#include "../../ipc/cr_log.h"
#include "../../ipc/cr_request.h"
#include "../../ipc/cr_segment.h"


#define CR_CLIENT_OUTPUT  (4 * 1024 * 1024)


typedef struct {
    int           tether;
    int           memfd;
    int           bell;
    int           workers[CR_WORKERS_MAX];
    uint32_t      nworkers;
    uint32_t      channel;
    uint32_t      wake_hint;
    uint32_t      result;           /* cr_welcome_e */
    cr_segment_t  segment;
} cr_client_t;


typedef struct {
    const char   *code;
    const char   *stdin_text;
    const char   *file_name;
    const char   *file_data;
    uint32_t      language;
    uint32_t      flags;
    cr_limits_t   limits;           /* 0: the usual default */
} cr_client_request_t;


typedef struct {
    uint32_t         index;
    uint64_t         word;          /* as last seen */
    uint8_t          id[16];
    cr_log_cursor_t  cursor;
    int64_t          submitted_us;  /* monotonic */
    int64_t          first_us;      /* output was first seen */
    int64_t          finished_us;
    uint32_t         attempts;      /* the highest seen */
    uint32_t         chunks;
    size_t           out_len;
    size_t           err_len;
    size_t           all_len;
    char            *out;           /* NUL-terminated */
    char            *err;
    char            *all;           /* both in order */
    cr_result_t      result;
} cr_client_job_t;


/* 0, or -1 with errno (or client->result) when it cannot be had */
int cr_client_open(cr_client_t *client, const char *path);
/* with a hello of the caller's own */
int cr_client_open_as(cr_client_t *client, const char *path,
    const cr_hello_t *hello);
void cr_client_close(cr_client_t *client);

/* 0, or -1 when the table or ring is full */
int cr_client_submit(cr_client_t *client, const cr_client_request_t *request,
    cr_client_job_t *job);
/* reads what is there; 1 when the job has finished (result is filled) */
int cr_client_look(cr_client_t *client, cr_client_job_t *job);
/* until finished, or until 'text' is in stdout (NULL: finished); 0, or -1
   after the time */
int cr_client_wait(cr_client_t *client, cr_client_job_t *job,
    const char *text, int timeout_ms);
int cr_client_control(cr_client_t *client, cr_client_job_t *job,
    uint32_t type, uint64_t arg, const void *data, size_t len);
/* cancels a queued job as an nginx worker does; 1 when it was queued */
int cr_client_cancel_queued(cr_client_t *client, cr_client_job_t *job);
/* gives the slot and the buffers back */
void cr_client_done(cr_client_t *client, cr_client_job_t *job);
/* the buffers only: its client is closed, or the slot is not ours */
void cr_client_forget(cr_client_job_t *job);

/* submit, wait, done but for the buffers: free job->out, err and all */
int cr_client_run(cr_client_t *client, const cr_client_request_t *request,
    cr_client_job_t *job, int timeout_ms);

int64_t cr_client_now_us(void);


#endif
