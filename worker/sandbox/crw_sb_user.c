/*
 * Who a process of the sandbox is: the slot's own host uid, and inside a user
 * namespace of its own the single user "coder".
 */

#include "crw_sb.h"

#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>


static int crw_sb_user_change(uid_t uid);
static int crw_sb_user_write_maps(const char *uids, const char *gids);


/*
 * A pool run by an ordinary user: the zygote becomes root of a user namespace
 * with one mapping.  Everything below works the same, but program, init and
 * pool share one host uid, so what keeps them apart is the pid namespace, the
 * program's own user namespace, dumpable 0 and seccomp, not the uid as well.
 */

int
crw_sb_user_rootless(crw_sandbox_t *sb)
{
    char  uids[48], gids[48];

    if (!sb->rootless) {
        return 0;
    }

    if (unshare(CLONE_NEWUSER) == -1) {
        return -1;
    }

    (void) snprintf(uids, sizeof(uids), "0 %u 1\n", (unsigned) sb->outer_uid);
    (void) snprintf(gids, sizeof(gids), "0 %u 1\n", (unsigned) sb->outer_gid);

    return crw_sb_user_write_maps(uids, gids);
}


static int
crw_sb_user_write_maps(const char *uids, const char *gids)
{
    /* user_namespaces(7): a gid map without privilege needs this first */

    if (crw_sb_write("/proc/self/setgroups", "deny", 4) == -1) {
        return -1;
    }

    if (crw_sb_write("/proc/self/uid_map", uids, strlen(uids)) == -1) {
        return -1;
    }

    return crw_sb_write("/proc/self/gid_map", gids, strlen(gids));
}


int
crw_sb_user_drop_program(crw_sandbox_t *sb)
{
    if (sb->rootless) {
        return 0;
    }

    if (crw_sb_user_change(sb->program_uid) == -1) {
        return -1;
    }

    /* the change of uid made /proc/self root's; its maps are written there */

    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}


int
crw_sb_user_drop_init(crw_sandbox_t *sb)
{
    if (sb->rootless) {
        return 0;
    }

    return crw_sb_user_change(sb->init_uid);
}


static int
crw_sb_user_change(uid_t uid)
{
    /* the bare calls: glibc's would look for threads to take along */

    if (syscall(SYS_setgroups, 0, NULL) == -1
        || syscall(SYS_setresgid, uid, uid, uid) == -1)
    {
        return -1;
    }

    return (int) syscall(SYS_setresuid, uid, uid, uid);
}


int
crw_sb_user_namespace(crw_sandbox_t *sb)
{
    (void) sb;

    return unshare(CLONE_NEWUSER);
}


int
crw_sb_user_map(crw_sandbox_t *sb)
{
    return crw_sb_user_write_maps(sb->uid_map, sb->gid_map);
}
