/*
 * row: 11
 * title: No new namespace by clone, clone3 or unshare; clone3 is ENOSYS, so
 *    that libraries take clone; threads work.
 * tries: each CLONE_NEW*, CLONE_PTRACE, CLONE_UNTRACED, CLONE_INTO_CGROUP
 * control: host-safe
 */

#include "attack.h"

#include <pthread.h>


static void *
thread(void *arg)
{
    *(int *) arg = 1;
    return NULL;
}


int
main(void)
{
    int            i, ran, status;
    long           pid;
    pthread_t      tid;
    unsigned long  args[11];

    static const unsigned long  flags[] = {
        0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000,
        0x20000000, 0x40000000, 0x00002000, 0x00800000,
        0x10000000 | 0x00020000, 0x7e020000, 0x10000000 | 0xffff00000000UL
    };

    for (i = 0; i < (int) (sizeof(flags) / sizeof(flags[0])); i++) {
        errno = 0;
        pid = syscall(SYS_clone, flags[i] | SIGCHLD, 0, 0, 0, 0);

        if (pid == 0) {
            _exit(0);
        }

        attack_refused("clone", pid);

        if (pid > 0) {
            (void) waitpid(pid, &status, __WALL);
        }

        if (getenv("ATTACK_CONTROL") == NULL) {
            refused("unshare", SYS_unshare, flags[i]);
        }
    }

    if (getenv("ATTACK_CONTROL") == NULL) {
        refused("unshare NEWTIME", SYS_unshare, 0x80);
        refused("unshare FILES", SYS_unshare, 0x400);
    }

    memset(args, 0, sizeof(args));
    for (i = 0; i < 64; i++) {
        args[0] = 1UL << i;
        args[4] = SIGCHLD;
        errno = 0;
        pid = syscall(435, args, sizeof(args));

        if (pid == 0) {
            _exit(0);
        }

        if (pid != -1 || errno != ENOSYS) {
            breach("clone3 gave %ld, errno %d", pid, errno);
        }

        if (pid > 0) {
            (void) waitpid(pid, &status, __WALL);
        }
    }

    ran = 0;
    if (pthread_create(&tid, NULL, thread, &ran) != 0
        || pthread_join(tid, NULL) != 0 || ran != 1)
    {
        breach("no threads");
    }

    pid = fork();
    if (pid == 0) {
        _exit(7);
    }

    if (pid == -1 || waitpid(pid, &status, 0) != pid
        || WEXITSTATUS(status) != 7)
    {
        breach("no fork");
    }

    return held();
}
