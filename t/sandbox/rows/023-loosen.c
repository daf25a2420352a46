/*
 * row: 23
 * title: The filter cannot be loosened, listened to or replaced.
 * tries: PR_SET_NO_NEW_PRIVS 0, PR_SET_SECCOMP, seccomp(2) with a filter that
 *    allows all, NEW_LISTENER, TSYNC, GET_NOTIF_SIZES
 * control: host-safe
 */

#include "attack.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>


int
main(void)
{
    unsigned int        flags;
    struct sock_filter  allow = { 0x06, 0, 0, 0x7fff0000 };
    struct sock_fprog   prog = { 1, &allow };
    unsigned short      sizes[8];

    for (flags = 0; flags < 64; flags++) {
        refused("seccomp filter", SYS_seccomp, 1, flags, &prog);
    }

    refused("seccomp strict", SYS_seccomp, 0, 1, NULL);
    refused("seccomp action", SYS_seccomp, 2, 0, &flags);
    refused("seccomp sizes", SYS_seccomp, 3, 0, sizes);
    refused("PR_SET_SECCOMP", SYS_prctl, PR_SET_SECCOMP, 2, &prog, 0, 0);
    refused("PR_SET_TSC", SYS_prctl, PR_SET_TSC, 1, 0, 0, 0);
    refused("PR_SET_MM", SYS_prctl, PR_SET_MM, 8, 0, 0, 0);
    refused("PR_SYSCALL_USER_DISPATCH", SYS_prctl, 59, 0, 0, 0, 0);
    refused("PR_SET_SPECULATION_CTRL", SYS_prctl, 53, 0, 2, 0, 0);

    if (prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0) {
        breach("NO_NEW_PRIVS taken back");
    }

    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1
        || prctl(PR_GET_SECCOMP, 0, 0, 0, 0) != 2)
    {
        breach("the filter is gone");
    }

    refused("io_uring_setup", 425, 8, 0);

    return held();
}
