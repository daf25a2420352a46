/*
 * The chain of processes below the pool worker: zygote, keeper, init,
 * program; see crw_proto.h for who says what to whom.  A language family that
 * can fork gives a crw_runtime_t and its main() calls crw_chain_zygote().
 */

#ifndef CRW_CHAIN_H
#define CRW_CHAIN_H


#include <stddef.h>
#include <stdint.h>

#include "../crw_error.h"
#include "crw_sandbox.h"
#include "crw_seccomp.h"


#define CRW_CHAIN_LINK      3       /* of zygote and sandbox, see the pool */
#define CRW_CHAIN_PRELOADS  64
#define CRW_CHAIN_JOB_MAX   (64 * 1024 * 1024)


/* what the program was given, checked */

typedef struct {
    crw_job_msg_t   msg;
    const uint8_t  *records;        /* ipc/cr_request.h */
    size_t          size;
} crw_chain_job_t;


typedef struct {
    const char            *name;
    crw_seccomp_family_e   seccomp;
    const char            *code;    /* file name of the code record */

    /*
     * In the zygote, its root pivoted into, before anything is forked: boots
     * the interpreter and writes its version.  Descriptors 0, 1 and 2 are
     * pipes, as they will be in the program.  locks: 1 when programs may
     * take record locks.
     */
    int  (*boot)(char *const *preload, int locks, char *version, size_t size,
             crw_error_t *err);
    /*
     * In the program, every layer on: makes the forked interpreter whole and
     * touches the pages that a job will touch.
     */
    int  (*warm)(void);
    /*
     * In the program: the files are in /box, which is the current directory,
     * the link is closed.  Runs the code to its end, exit handlers included,
     * and returns the exit code (or never returns).
     */
    int  (*run)(const crw_chain_job_t *job);
} crw_runtime_t;


typedef struct {
    const crw_runtime_t  *runtime;
    int                   link;
    int                   record_locks; /* programs may take them */
    const char           *inside;       /* second start: "root", "rootless" */
    char                 *preload[CRW_CHAIN_PRELOADS + 1];
    const char           *runsc;        /* path, NULL: no second kernel */
    const char           *platform;     /* of runsc */
    const char           *guest;        /* inside it: bytes of work */
    char                 *argv_start;   /* for the name of the program */
    size_t                argv_size;
    crw_filter_t          program_filter;
    crw_filter_t          init_filter;
    crw_filter_t          relay_filter;
    crw_sandbox_t         sandbox;
} crw_chain_t;


/* of main(): never returns before its link is closed */
int crw_chain_zygote(const crw_runtime_t *runtime, int argc, char **argv);

/* the processes below; they end with _exit */
void crw_chain_keeper(crw_chain_t *chain, int link, uint32_t program_uid,
    uint32_t init_uid) __attribute__((noreturn));
/* fds: link, stdin, stdout, stderr, as they came */
void crw_chain_init(crw_chain_t *chain, int *fds) __attribute__((noreturn));
/* 'ready' is a socket on which init says that its own layers are on */
void crw_chain_program(crw_chain_t *chain, int ready)
    __attribute__((noreturn));
/* waits for init to say so; its end alone is its death: never returns */
void crw_chain_program_wait(int ready);
/* its steps around its layers; 'pidfd' goes with the READY, -1: none does */
void crw_chain_program_title(const crw_chain_t *chain);
void crw_chain_program_warm(crw_chain_t *chain);
void crw_chain_program_ready(int pidfd);
void crw_chain_program_job(crw_chain_t *chain) __attribute__((noreturn));

/* boots the interpreter, pipes for its stdin and stdout; its version */
int crw_chain_boot(crw_chain_t *chain, char *version, size_t size,
    crw_error_t *err);

/* fork(2) with namespaces; the child's pid (0 in the child), its pidfd */
int crw_chain_clone(unsigned long flags, int *pidfd);

/* FAILED on the link, then _exit */
void crw_chain_fail(int link, const char *step, int err)
    __attribute__((noreturn));


#endif
