/*
 * Capabilities: none, in no set, and no way to get one back.
 */

#include "crw_sb.h"

#include <errno.h>
#include <string.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>


int
crw_sb_caps_securebits(crw_sandbox_t *sb)
{
    (void) sb;

    return prctl(PR_SET_SECUREBITS,
                 SECBIT_NOROOT|SECBIT_NOROOT_LOCKED
                 |SECBIT_NO_SETUID_FIXUP|SECBIT_NO_SETUID_FIXUP_LOCKED
                 |SECBIT_KEEP_CAPS_LOCKED
                 |SECBIT_NO_CAP_AMBIENT_RAISE
                 |SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED,
                 0, 0, 0);
}


int
crw_sb_caps_bounding(crw_sandbox_t *sb)
{
    int  cap;

    (void) sb;

    /* EINVAL: beyond the last capability this kernel knows */

    for (cap = 0; cap < 64; cap++) {
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == -1) {
            return errno == EINVAL && cap > CAP_SETFCAP ? 0 : -1;
        }
    }

    return 0;
}


int
crw_sb_caps_drop(crw_sandbox_t *sb)
{
    struct __user_cap_header_struct  head;
    struct __user_cap_data_struct    data[2];

    (void) sb;

    memset(data, 0, sizeof(data));
    head.version = _LINUX_CAPABILITY_VERSION_3;
    head.pid = 0;

    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) == -1) {
        return -1;
    }

    return (int) syscall(SYS_capset, &head, data);
}


int
crw_sb_caps_no_new_privs(crw_sandbox_t *sb)
{
    (void) sb;

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}


/* no core, no ptrace, /proc/<pid> is root's */

int
crw_sb_caps_undumpable(crw_sandbox_t *sb)
{
    (void) sb;

    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}
