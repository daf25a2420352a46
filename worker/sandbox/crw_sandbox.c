/*
 * The ordered list of layers.  To read how a sandbox is made, read the table
 * from top to bottom.
 */

#include "crw_sb.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>


typedef struct {
    crw_phase_e   phase;
    const char   *name;
    const char   *what;
    int         (*run)(crw_sandbox_t *sb);
} crw_step_t;


static const crw_step_t  crw_steps[] = {

    /* once per worker and language, before the interpreter boots */

    { CRW_PHASE_ZYGOTE, "oom_protect",
      "out of memory kills the program, not what guards it",
      crw_sb_rlimit_oom_protect },
    { CRW_PHASE_ZYGOTE, "user_rootless",
      "ordinary user: root of a user namespace of its own",
      crw_sb_user_rootless },
    { CRW_PHASE_ZYGOTE, "mount_private",
      "mount namespace that shares nothing with the host",
      crw_sb_root_private },
    { CRW_PHASE_ZYGOTE, "root_tmpfs",
      "empty root", crw_sb_root_tmpfs },
    { CRW_PHASE_ZYGOTE, "root_system",
      "/usr, read-only, nosuid, nodev", crw_sb_root_system },
    { CRW_PHASE_ZYGOTE, "root_binds",
      "paths added by the configuration, read-only", crw_sb_root_binds },
    { CRW_PHASE_ZYGOTE, "root_etc",
      "/etc made up", crw_sb_root_etc },
    { CRW_PHASE_ZYGOTE, "root_dev",
      "/dev with null, zero, full, random, urandom", crw_sb_root_dev },
    { CRW_PHASE_ZYGOTE, "root_proc",
      "ordinary user: the proc file system stays mountable",
      crw_sb_root_proc },
    { CRW_PHASE_ZYGOTE, "root_self",
      "the zygote's own program, to start it again inside",
      crw_sb_root_self },
    { CRW_PHASE_ZYGOTE, "root_pivot",
      "pivot_root, the host's root detached", crw_sb_root_pivot },
    { CRW_PHASE_ZYGOTE, "root_readonly",
      "root read-only", crw_sb_root_readonly },

    /* once per box, inside its cgroup */

    { CRW_PHASE_KEEPER, "net_namespace",
      "network namespace with nothing in it", crw_sb_net_namespace },

    /* once per sandbox: pid 1, cloned with its namespaces */

    { CRW_PHASE_INIT, "net_hostname",
      "uts namespace, host name of its own", crw_sb_net_hostname },
    { CRW_PHASE_INIT, "mount_proc",
      "/proc of its own pid namespace", crw_sb_mount_proc },
    { CRW_PHASE_INIT, "mount_work",
      "size- and inode-limited tmpfs for /box, /tmp, /dev/shm",
      crw_sb_mount_work },

    { CRW_PHASE_PROGRAM, "fds_session",
      "session of its own, no terminal", crw_sb_fds_session },
    { CRW_PHASE_PROGRAM, "oom_first",
      "first to go when memory ends", crw_sb_rlimit_oom_first },
    { CRW_PHASE_PROGRAM, "user_drop",
      "host uid of its box, no groups", crw_sb_user_drop_program },
    { CRW_PHASE_PROGRAM, "user_namespace",
      "user namespace", crw_sb_user_namespace },
    { CRW_PHASE_PROGRAM, "user_map",
      "one user in it: coder", crw_sb_user_map },
    { CRW_PHASE_PROGRAM, "caps_securebits",
      "uid 0 would be nothing special", crw_sb_caps_securebits },
    { CRW_PHASE_PROGRAM, "caps_bounding",
      "bounding set empty", crw_sb_caps_bounding },
    { CRW_PHASE_PROGRAM, "caps_drop",
      "all capabilities dropped", crw_sb_caps_drop },
    { CRW_PHASE_PROGRAM, "no_new_privs",
      "set-uid programs give nothing", crw_sb_caps_no_new_privs },
    { CRW_PHASE_PROGRAM, "rlimits",
      "limits of one process", crw_sb_rlimit_set },
    { CRW_PHASE_PROGRAM, "work_directory",
      "starts in /box", crw_sb_mount_cwd },
    { CRW_PHASE_PROGRAM, "seccomp",
      "system calls on the list only", crw_sb_seccomp_program },

    /* pid 1 itself, while the program runs */

    { CRW_PHASE_WAIT, "init_stdio",
      "init lets go of the job's pipes", crw_sb_fds_close_stdio },
    { CRW_PHASE_WAIT, "init_signals",
      "init handles no signal", crw_sb_fds_deaf },
    { CRW_PHASE_WAIT, "init_bounding",
      "init: bounding set empty", crw_sb_caps_bounding },
    { CRW_PHASE_WAIT, "init_user",
      "init: a uid of its own", crw_sb_user_drop_init },
    { CRW_PHASE_WAIT, "init_caps",
      "init: all capabilities dropped", crw_sb_caps_drop },
    { CRW_PHASE_WAIT, "init_parent",
      "init dies with the pool", crw_sb_fds_die_with_parent },
    { CRW_PHASE_WAIT, "init_undumpable",
      "init: cannot be traced or looked into", crw_sb_caps_undumpable },
    { CRW_PHASE_WAIT, "init_no_new_privs",
      "init: set-uid programs give nothing", crw_sb_caps_no_new_privs },
    { CRW_PHASE_WAIT, "init_seccomp",
      "init: may only wait, report and exit", crw_sb_seccomp_init },

    { CRW_PHASE_ZYGOTE, NULL, NULL, NULL }
};


const char *
crw_sandbox_enter(crw_sandbox_t *sb, crw_phase_e phase)
{
    const crw_step_t  *step;

    for (step = crw_steps; step->name != NULL; step++) {

        if (step->phase != phase) {
            continue;
        }

        if (crw_sandbox_fault(sb, step->name) == -1
            || step->run(sb) == -1)
        {
            return step->name;
        }
    }

    return NULL;
}


int
crw_sandbox_fault(const crw_sandbox_t *sb, const char *name)
{
    int          err;
    size_t       len;
    const char  *p;

    len = strlen(name);

    if (strncmp(sb->fault, name, len) != 0
        || (sb->fault[len] != '\0' && sb->fault[len] != '='))
    {
        return 0;
    }

    err = 0;

    for (p = sb->fault + len; *p != '\0'; p++) {
        if (*p >= '0' && *p <= '9') {
            err = err * 10 + (*p - '0');
        }
    }

    errno = (err != 0) ? err : EIO;

    return -1;
}


void
crw_sandbox_each(void (*fn)(crw_phase_e phase, const char *name,
    const char *what, void *data), void *data)
{
    const crw_step_t  *step;

    for (step = crw_steps; step->name != NULL; step++) {
        fn(step->phase, step->name, step->what, data);
    }
}


void
crw_sandbox_set_users(crw_sandbox_t *sb, uint32_t program_uid,
    uint32_t init_uid)
{
    /* rootless: the zygote's namespace has one user, its root */

    sb->program_uid = sb->rootless ? 0 : program_uid;
    sb->init_uid = sb->rootless ? 0 : init_uid;

    (void) snprintf(sb->uid_map, sizeof(sb->uid_map), "%u %u 1\n",
                    (unsigned) CRW_SANDBOX_UID, (unsigned) sb->program_uid);
    memcpy(sb->gid_map, sb->uid_map, sizeof(sb->gid_map));
}


void
crw_sandbox_set_work(crw_sandbox_t *sb, uint64_t bytes, uint32_t inodes)
{
    sb->work_bytes = bytes;

    (void) snprintf(sb->work_options, sizeof(sb->work_options),
                    "mode=0755,size=%llu,nr_inodes=%u,uid=%u,gid=%u",
                    (unsigned long long) bytes, (unsigned) inodes,
                    (unsigned) sb->program_uid, (unsigned) sb->program_uid);

    memcpy(sb->tmp_options, sb->work_options, sizeof(sb->tmp_options));
    memcpy(sb->tmp_options + strlen("mode="), "1777", 4);
}
