/*
 * The steps of crw_sandbox.c's table, one mechanism a file.  Each returns 0,
 * or -1 and errno.  Steps of the init, program and wait phases run after
 * clone(2): async-signal-safe calls only.
 */

#ifndef CRW_SB_H
#define CRW_SB_H


#include <stddef.h>

#include "crw_sandbox.h"


/* crw_sb_user.c: who it is */
int crw_sb_user_rootless(crw_sandbox_t *sb);
int crw_sb_user_drop_program(crw_sandbox_t *sb);
int crw_sb_user_namespace(crw_sandbox_t *sb);
int crw_sb_user_map(crw_sandbox_t *sb);
int crw_sb_user_drop_init(crw_sandbox_t *sb);

/* crw_sb_root.c: the root file system every sandbox of a zygote shares */
int crw_sb_root_private(crw_sandbox_t *sb);
int crw_sb_root_tmpfs(crw_sandbox_t *sb);
int crw_sb_root_system(crw_sandbox_t *sb);
int crw_sb_root_binds(crw_sandbox_t *sb);
int crw_sb_root_etc(crw_sandbox_t *sb);
int crw_sb_root_dev(crw_sandbox_t *sb);
int crw_sb_root_proc(crw_sandbox_t *sb);
int crw_sb_root_self(crw_sandbox_t *sb);
int crw_sb_root_pivot(crw_sandbox_t *sb);
int crw_sb_root_readonly(crw_sandbox_t *sb);

/* crw_sb_mount.c: what each sandbox mounts for itself */
int crw_sb_mount_proc(crw_sandbox_t *sb);
int crw_sb_mount_work(crw_sandbox_t *sb);
int crw_sb_mount_cwd(crw_sandbox_t *sb);

/* crw_sb_net.c: network and names */
int crw_sb_net_namespace(crw_sandbox_t *sb);
int crw_sb_net_hostname(crw_sandbox_t *sb);

/* crw_sb_caps.c: capabilities and what could bring them back */
int crw_sb_caps_securebits(crw_sandbox_t *sb);
int crw_sb_caps_bounding(crw_sandbox_t *sb);
int crw_sb_caps_drop(crw_sandbox_t *sb);
int crw_sb_caps_no_new_privs(crw_sandbox_t *sb);
int crw_sb_caps_undumpable(crw_sandbox_t *sb);

/* crw_sb_rlimit.c: limits of one process, and who dies first */
int crw_sb_rlimit_oom_protect(crw_sandbox_t *sb);
int crw_sb_rlimit_oom_first(crw_sandbox_t *sb);
int crw_sb_rlimit_set(crw_sandbox_t *sb);
/* for the job, from its limits; not a step */
int crw_sb_rlimit_job(const crw_job_msg_t *job);

/* crw_sb_seccomp.c: which system calls there are */
int crw_sb_seccomp_program(crw_sandbox_t *sb);
int crw_sb_seccomp_init(crw_sandbox_t *sb);
int crw_sb_seccomp_relay(crw_sandbox_t *sb);

/* crw_sb_fds.c: descriptors, session, parent */
int crw_sb_fds_session(crw_sandbox_t *sb);
int crw_sb_fds_die_with_parent(crw_sandbox_t *sb);
int crw_sb_fds_close_stdio(crw_sandbox_t *sb);
int crw_sb_fds_deaf(crw_sandbox_t *sb);
/* makes the 'n' descriptors of 'fds' the numbers from 0 on and closes every
   other one; not a step */
int crw_sb_fds_install(int *fds, int n);
int crw_sb_fds_close_from(int n);

/* writes a short file in one write(2) */
int crw_sb_write(const char *path, const char *text, size_t len);


#endif
