/*
 * row: 55
 * title: And a loop in C with every signal blocked and ignored.
 * tries: for (;;) with SIGXCPU, SIGALRM, SIGTERM and the rest ignored
 * limits: {"cpu_ms": 800, "timeout_ms": 30000}
 * expect: status=timed_out, limit=cpu, cpu>780, cpu<1100
 * control: nothing limits it outside
 * rootless: without a cgroup processor time is limited for each process, in
 *    whole seconds
 */

#include "attack.h"


int
main(void)
{
    int                     i;
    sigset_t                all;
    volatile unsigned long  n = 0;

    for (i = 1; i < 65; i++) {
        (void) signal(i, SIG_IGN);
    }

    (void) sigfillset(&all);
    (void) sigprocmask(SIG_SETMASK, &all, NULL);

    for ( ;; ) {
        n++;
    }
}
