/*
 * A pool for a test: coderemote-worker started with a configuration of its
 * own in a directory of its own.
 */

#ifndef POOL_RUN_H
#define POOL_RUN_H


#include <limits.h>
#include <sys/types.h>

#include "../lib/cr_client.h"


typedef struct {
    pid_t   pid;
    char    dir[PATH_MAX / 4];
    char    socket[PATH_MAX / 2];
    char    config[PATH_MAX / 2];
    char    log[PATH_MAX / 2];
    const char  *worker;            /* a test's own, beside it; NULL */
} pool_run_t;


/* 'fields' are lines for worker.json, each with its comma at the end; NULL:
   none.  0, or -1 */
int pool_run_write(pool_run_t *run, const char *fields);
/* limits of the language file, as JSON; NULL: the usual ones */
int pool_run_language(pool_run_t *run, const char *limits);
/* a second language, 'id'; its zygote is the script (NULL: as the first's) */
int pool_run_other(pool_run_t *run, const char *id, const char *script);
/* starts it and waits until it lets in; 0, or -1 and the log on stdout */
int pool_run_start(pool_run_t *run);
/* sends the signal and waits for the end: exit status, -1 after 15 s */
int pool_run_stop(pool_run_t *run, int signo);
/* 1 once the log has the text, 0 after the time */
int pool_run_logged(pool_run_t *run, const char *text, int timeout_ms);
/* removes the directory */
void pool_run_remove(pool_run_t *run);

/* the absolute path of a program of the build */
void pool_run_program(char *path, size_t size, const char *name);
/* runs coderemote-worker with the argument; its exit status, and what it
   wrote to stdout and stderr */
int pool_run_command(pool_run_t *run, const char *option, char *output,
    size_t size);

/* pids of the pool's workers, and of everything below 'pid' */
size_t pool_run_workers(const pool_run_t *run, pid_t *pids, size_t max);
size_t pool_run_below(pid_t pid);
/* a child of the process, waited for; -1: none came in the time */
pid_t pool_run_child(pid_t pid, int timeout_ms);
/* waits until n boxes have a sandbox: only then are descriptors comparable;
   how many have one */
uint32_t pool_run_ready(const cr_segment_t *seg, uint32_t n);
/* open descriptors of a process, mounts seen by it, cgroups of the pool */
size_t pool_run_fds(pid_t pid);
size_t pool_run_mounts(void);
size_t pool_run_cgroups(const pool_run_t *run);

void pool_run_sleep(int ms);


#endif
