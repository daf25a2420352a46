/*
 * The slice of a process, sched(7): sched_setattr(2) has no wrapper in libc,
 * and its structure differs from one version of the headers to the next.
 */

#include "cr_slice.h"

#include <errno.h>
#include <linux/sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>


#define CR_SLICE_NS       100000    /* the kernel takes 0.1 to 100 ms */
#define CR_SLICE_VERSION  48        /* bytes of the first sched_attr */


typedef struct {
    uint32_t  size;
    uint32_t  policy;
    uint64_t  flags;
    int32_t   nice;
    uint32_t  priority;
    uint64_t  runtime;              /* of ordinary processes: the slice */
    uint64_t  deadline;
    uint64_t  period;
} cr_slice_attr_t;


_Static_assert(sizeof(cr_slice_attr_t) == CR_SLICE_VERSION, "sched_attr");


int
cr_slice_short(void)
{
    cr_slice_attr_t  attr;

    memset(&attr, 0, sizeof(attr));

    /* what is not asked for stays: policy and nice value of the operator */

    if (syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0) == -1) {
        return -1;
    }

    if (attr.policy != SCHED_NORMAL && attr.policy != SCHED_BATCH) {
        errno = EOPNOTSUPP;
        return -1;
    }

    attr.flags &= SCHED_FLAG_RESET_ON_FORK;
    attr.runtime = CR_SLICE_NS;

    return (int) syscall(SYS_sched_setattr, 0, &attr, 0);
}
