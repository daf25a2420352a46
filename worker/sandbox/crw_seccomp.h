/*
 * System call filters, compiled once by the zygote with libseccomp and loaded
 * by each process with one seccomp(2): compiling costs a millisecond, loading
 * microseconds.
 */

#ifndef CRW_SECCOMP_H
#define CRW_SECCOMP_H


#include <linux/filter.h>

#include "../crw_error.h"
#include "crw_sandbox.h"


typedef enum {
    CRW_SECCOMP_PYTHON = 0,         /* the program, family python */
    CRW_SECCOMP_INIT,               /* pid 1 while it waits */
    CRW_SECCOMP_RELAY,              /* who hears what a sentry says */
    CRW_SECCOMP_MAX
} crw_seccomp_family_e;


/* system calls that are allowed whatever their arguments */

typedef struct {
    const char  *reason;
    const char  *names;             /* separated by blanks */
} crw_seccomp_group_t;


/* a system call allowed only when (argument & mask) == value; several rules
   of one name: any of them; compared on 64 bits */

typedef struct {
    const char  *name;
    unsigned     arg;
    uint64_t     mask;
    uint64_t     value;
} crw_seccomp_rule_t;


struct crw_filter_s {
    struct sock_fprog  prog;
};


extern const crw_seccomp_group_t  crw_seccomp_python_groups[];
extern const crw_seccomp_rule_t   crw_seccomp_python_rules[];
/* record locks: not for everybody, see there */
extern const crw_seccomp_rule_t   crw_seccomp_lock_rules[];
extern const crw_seccomp_group_t  crw_seccomp_init_groups[];
extern const crw_seccomp_rule_t   crw_seccomp_init_rules[];
extern const crw_seccomp_group_t  crw_seccomp_relay_groups[];
extern const crw_seccomp_rule_t   crw_seccomp_relay_rules[];


/*
 * 0, or -1 and the cause; the filter lives until crw_filter_destroy.  locks:
 * 1 where a program may take record locks.
 */
int crw_filter_create(crw_filter_t *filter, crw_seccomp_family_e family,
    int locks, crw_error_t *err);
void crw_filter_destroy(crw_filter_t *filter);


#endif
