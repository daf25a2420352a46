/*
 * row: 79
 * title: vfork, threads and forks out of a SIGCHLD handler are counted alike.
 * tries: 10,000 of each kind at a limit of 24 processes
 * limits: {"timeout_ms": 5000, "processes": 24}
 * expect: status=succeeded|timed_out, stdout~COUNTED
 * heavy: yes
 * control: it would do on the host what it does not do here
 */

#include "attack.h"

#include <pthread.h>


#define MAX  30


static void *
thread(void *arg)
{
    (void) pause();
    return arg;
}


static void
child(int signo)
{
    int  i;

    (void) signo;

    for (i = 0; i < 100; i++) {
        if (fork() == 0) {
            (void) usleep(1000);
            _exit(0);
        }
    }
}


int
main(void)
{
    int        i, made;
    char       stack[16384];
    pthread_t  tid;

    for (i = 0, made = 0; i < 10000; i++) {
        if (pthread_create(&tid, NULL, thread, NULL) == 0) {
            made++;
        }
    }

    if (made > MAX) {
        breach("%d threads", made);
    }

    for (i = 0; i < 10000; i++) {
        if (vfork() == 0) {
            _exit(0);
        }
    }

    for (i = 0; i < 1000; i++) {
        if (syscall(SYS_clone, CLONE_VM | CLONE_FILES, stack + 8192, 0, 0, 0)
            > 0)
        {
            breach("more than the limit");
        }
    }

    printf("COUNTED %d\n", made);
    (void) fflush(stdout);
    (void) signal(SIGCHLD, child);
    child(0);
    (void) sleep(1);

    return 0;
}
