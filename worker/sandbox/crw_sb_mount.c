/*
 * What each sandbox mounts for itself: its /proc, and a fresh tmpfs each for
 * /box and for /tmp, where /dev/shm leads.  (One tmpfs with binds into it
 * would be two mounts more to make and to take down.)
 */

#include "crw_sb.h"

#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>


/*
 * subset=pid leaves only the processes of the own pid namespace (no sys, no
 * meminfo, nothing of the machine), hidepid=2 leaves out those of other uids:
 * init.
 */

int
crw_sb_mount_proc(crw_sandbox_t *sb)
{
    const char  *target;

    /* rootless: see crw_sb_root_proc() */

    target = sb->rootless ? "/tmp" : "/proc";

    if (mount("proc", target, "proc", MS_NOSUID|MS_NODEV|MS_NOEXEC,
              "subset=pid,hidepid=2")
        == -1)
    {
        return -1;
    }

    if (!sb->rootless) {
        return 0;
    }

    if (umount2("/proc", MNT_DETACH) == -1) {
        return -1;
    }

    return mount(target, "/proc", NULL, MS_MOVE, NULL);
}


int
crw_sb_mount_work(crw_sandbox_t *sb)
{
    if (mount("box", CRW_SANDBOX_WORK, "tmpfs", MS_NOSUID|MS_NODEV,
              sb->work_options)
        == -1)
    {
        return -1;
    }

    return mount("tmp", "/tmp", "tmpfs", MS_NOSUID|MS_NODEV, sb->tmp_options);
}


int
crw_sb_mount_cwd(crw_sandbox_t *sb)
{
    (void) sb;

    (void) umask(022);

    return chdir(CRW_SANDBOX_WORK);
}
