/*
 * What the attacks in C have in common.
 */

#ifndef ATTACK_H
#define ATTACK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>


#define breach(...)                                                           \
    (printf("BREACH:"), printf(__VA_ARGS__), printf("\n"), fflush(stdout))

#define held()  (printf("HELD\n"), fflush(stdout), 0)


/* a call that must answer EPERM or ENOSYS, whatever its arguments */

static inline void
attack_refused(const char *name, long rc)
{
    if (rc != -1 || (errno != EPERM && errno != ENOSYS)) {
        breach("%s gave %ld, %s", name, rc, rc == -1 ? strerror(errno) : "");
    }
}

#define refused(name, ...)                                                    \
    (errno = 0, attack_refused(name, syscall(__VA_ARGS__)))


#endif
