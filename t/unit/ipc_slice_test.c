/*
 * Slices: what the kernel says of a process that has asked for short ones.
 *
 * sources: ipc/cr_slice.c
 */

#include <errno.h>
#include <linux/sched/types.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cr_test.h"
#include "cr_slice.h"


#define FIFO   1
#define BATCH  3


static int
attr_get(struct sched_attr *attr)
{
    return (int) syscall(SYS_sched_getattr, 0, attr, SCHED_ATTR_SIZE_VER0, 0);
}


/* slices show in the attributes since Linux 6.12 */

static int
slices_show(void)
{
    struct sched_attr  attr;

    return attr_get(&attr) == 0 && attr.sched_runtime != 0;
}


/* each in a child, so that the test's own process stays as it is */

static int
child_says(int (*child)(void))
{
    int    status;
    pid_t  pid;

    pid = fork();

    if (pid == 0) {
        _exit(child());
    }

    return waitpid(pid, &status, 0) == pid && WIFEXITED(status)
           ? WEXITSTATUS(status) : -1;
}


static int
child_has(void)
{
    struct sched_attr  attr;

    return attr_get(&attr) == 0 && attr.sched_runtime == 100000;
}


static int
child_short(void)
{
    return cr_slice_short() == 0 && child_has();
}


static int
child_forks(void)
{
    return cr_slice_short() == 0 && child_says(child_has) == 1;
}


static int
child_keeps(void)
{
    struct sched_attr  attr;

    if (setpriority(PRIO_PROCESS, 0, 7) == -1 || attr_get(&attr) == -1) {
        return 0;
    }

    attr.sched_policy = BATCH;

    return syscall(SYS_sched_setattr, 0, &attr, 0) == 0
           && cr_slice_short() == 0 && attr_get(&attr) == 0
           && attr.sched_policy == BATCH && attr.sched_nice == 7;
}


static int
child_fifo(void)
{
    struct sched_attr  attr;

    memset(&attr, 0, sizeof(attr));
    attr.size = SCHED_ATTR_SIZE_VER0;
    attr.sched_policy = FIFO;
    attr.sched_priority = 1;

    if (syscall(SYS_sched_setattr, 0, &attr, 0) == -1) {
        return 1;                   /* not ours to have */
    }

    return cr_slice_short() == -1 && errno == EOPNOTSUPP
           && attr_get(&attr) == 0 && attr.sched_policy == FIFO;
}


TEST("a process has the shortest slice, and what it forks")
{
    if (!slices_show()) {
        printf("skipped: this kernel has no slices to ask for\n");
        CHECK_INT(cr_slice_short(), 0);
        return;
    }

    CHECK_INT(child_says(child_short), 1);
    CHECK_INT(child_says(child_forks), 1);
}


TEST("policy and nice value stay; a real-time process is left alone")
{
    CHECK_INT(child_says(child_keeps), 1);
    CHECK_INT(child_says(child_fifo), 1);
}
