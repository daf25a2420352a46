/*
 * The zygote: builds the root that its sandboxes share, boots the interpreter
 * inside, then forks a keeper for each box it is asked for.  It holds no
 * secret and never sees what a user sent.
 */

#include "crw_chain.h"
#include "crw_gvisor.h"
#include "crw_link.h"
#include "crw_sb.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>


#define CRW_ZYG_ARGS      256
#define CRW_ZYG_ROOTLESS  "rootless"


static int crw_zyg_options(crw_chain_t *chain, int argc, char **argv,
    crw_error_t *err);
static int crw_zyg_option(crw_chain_t *chain, const char *name, char *value,
    crw_error_t *err);
static void crw_zyg_runsc(crw_chain_t *chain, char *path);
static int crw_zyg_preload(crw_chain_t *chain, char *names,
    crw_error_t *err);
static int crw_zyg_isolate(crw_chain_t *chain, char **argv,
    crw_error_t *err);
static int crw_zyg_again(crw_chain_t *chain, char **argv, crw_error_t *err);
static int crw_zyg_inside(crw_chain_t *chain, crw_error_t *err);
static int crw_zyg_parent(crw_error_t *err);
static int crw_zyg_environment(void);
static int crw_zyg_stdio(crw_error_t *err);
static int crw_zyg_loop(crw_chain_t *chain);
static int crw_zyg_fork(crw_chain_t *chain, const crw_keeper_msg_t *msg,
    int link);


static crw_chain_t  crw_zyg_chain;


/* what every process of every sandbox starts with */

static const char *const  crw_zyg_env[][2] = {
    { "PATH",   "/usr/local/bin:/usr/bin:/bin" },
    { "HOME",   "/box" },
    { "USER",   "coder" },
    { "LOGNAME", "coder" },
    { "LANG",   "C.UTF-8" },
    { "TMPDIR", "/tmp" },
    { NULL,     NULL }
};


int
crw_chain_zygote(const crw_runtime_t *runtime, int argc, char **argv)
{
    int           rc;
    char          version[CRW_TEXT_MAX];
    crw_error_t   err;
    crw_chain_t  *chain;

    chain = &crw_zyg_chain;
    chain->runtime = runtime;
    chain->link = CRW_CHAIN_LINK;
    memset(&err, 0, sizeof(err));
    memset(version, 0, sizeof(version));

    if (crw_zyg_options(chain, argc, argv, &err) == -1) {
        (void) fprintf(stderr, "%s: %s\n", argv[0], err.text);
        return 2;
    }

    if (chain->guest != NULL) {
        return crw_gvisor_guest(chain);
    }

    rc = chain->inside == NULL ? crw_zyg_isolate(chain, argv, &err)
                               : crw_zyg_inside(chain, &err);

    if (rc == -1
        || crw_chain_boot(chain, version, sizeof(version), &err) == -1)
    {
        (void) fprintf(stderr, "zygote \"%s\": %s\n", runtime->name, err.text);
        (void) crw_link_say(chain->link, CRW_MSG_FAILED, err.err, err.text,
                            NULL, 0);
        return 1;
    }

    if (crw_zyg_stdio(&err) == -1
        || crw_link_say(chain->link, CRW_MSG_ZYGOTE_READY, 0, version, NULL, 0)
           == -1)
    {
        return 1;
    }

    return crw_zyg_loop(chain);
}


static int
crw_zyg_options(crw_chain_t *chain, int argc, char **argv, crw_error_t *err)
{
    int             i;
    const char     *name;
    crw_sandbox_t  *sb;

    sb = &chain->sandbox;
    sb->outer_uid = geteuid();
    sb->outer_gid = getegid();
    sb->rootless = sb->outer_uid != 0;
    sb->name = chain->runtime->name;

    chain->argv_start = argv[0];
    chain->argv_size = (size_t) (argv[argc - 1] - argv[0])
                       + strlen(argv[argc - 1]) + 1;

    for (i = 1; i < argc; i++) {
        name = argv[i];

        if (strcmp(name, "--rootless") == 0) {
            sb->rootless = 1;
            continue;
        }

        if (strcmp(name, "--record-locks") == 0) {
            chain->record_locks = 1;
            continue;
        }

        if (++i == argc) {
            return crw_error_set(err, 0, "option \"%s\" is unknown or has "
                                 "no value", name);
        }

        if (crw_zyg_option(chain, name, argv[i], err) == -1) {
            return -1;
        }
    }

    if (chain->link < 3) {
        return crw_error_set(err, 0, "a link must be descriptor 3 or above");
    }

    return 0;
}


static int
crw_zyg_option(crw_chain_t *chain, const char *name, char *value,
    crw_error_t *err)
{
    crw_sandbox_t  *sb;

    sb = &chain->sandbox;

    if (strcmp(name, "--preload") == 0) {
        return crw_zyg_preload(chain, value, err);
    }

    if (strcmp(name, "--link") == 0) {
        chain->link = atoi(value);

    } else if (strcmp(name, "--bind") == 0 && sb->nbinds < CRW_SANDBOX_BINDS) {
        sb->binds[sb->nbinds++] = value;

    } else if (strcmp(name, "--inside") == 0) {
        chain->inside = value;

    } else if (strcmp(name, "--fail") == 0) {
        (void) snprintf(sb->fault, sizeof(sb->fault), "%s", value);

    } else if (strcmp(name, "--runsc") == 0) {
        crw_zyg_runsc(chain, value);

    } else if (strcmp(name, "--platform") == 0) {
        chain->platform = value;

    } else if (strcmp(name, "--guest") == 0) {
        chain->guest = value;

    } else {
        return crw_error_set(err, 0, "option \"%s\" is unknown or given too "
                             "often", name);
    }

    return 0;
}


/* below /usr it is there already; else its directory is */

static void
crw_zyg_runsc(crw_chain_t *chain, char *path)
{
    char           *dir;
    const char     *slash;
    crw_sandbox_t  *sb;

    sb = &chain->sandbox;
    chain->runsc = path;
    slash = strrchr(path, '/');

    if (strncmp(path, "/usr/", 5) == 0 || slash == NULL || slash == path
        || sb->nbinds == CRW_SANDBOX_BINDS)
    {
        return;
    }

    dir = strndup(path, (size_t) (slash - path));

    if (dir != NULL) {
        sb->binds[sb->nbinds++] = dir;
    }
}


/* "json,re" or one name a time */

static int
crw_zyg_preload(crw_chain_t *chain, char *names, crw_error_t *err)
{
    int    n;
    char  *name, *next;

    for (n = 0; chain->preload[n] != NULL; n++) { /* void */ }

    names = strdup(names);

    for (name = names; name != NULL && *name != '\0'; name = next) {

        next = strchr(name, ',');
        if (next != NULL) {
            *next++ = '\0';
        }

        if (n == CRW_CHAIN_PRELOADS) {
            return crw_error_set(err, 0, "more than %d preloads",
                                 CRW_CHAIN_PRELOADS);
        }

        chain->preload[n++] = name;
    }

    return names == NULL ? crw_error_set(err, ENOMEM, "preload") : 0;
}


/*
 * Nothing of the host can be seen from this process afterwards; started again
 * inside, from the same file at another path, so that nothing of it is left
 * in the memory either.
 */

static int
crw_zyg_isolate(crw_chain_t *chain, char **argv, crw_error_t *err)
{
    int          fds[4];
    const char  *step;

    fds[0] = STDIN_FILENO;
    fds[1] = STDOUT_FILENO;
    fds[2] = STDERR_FILENO;
    fds[3] = chain->link;

    if (crw_sb_fds_install(fds, 4) == -1) {
        return crw_error_set(err, errno, "descriptors cannot be closed");
    }

    chain->link = fds[3];

    /* Ctrl+C at the pool's terminal is the pool's business */

    (void) setsid();

    step = crw_sandbox_enter(&chain->sandbox, CRW_PHASE_ZYGOTE);
    if (step != NULL) {
        return crw_error_set(err, errno, "%s", step);
    }

    if (crw_zyg_environment() == -1) {
        return crw_error_set(err, errno, "environment");
    }

    return crw_zyg_again(chain, argv, err);
}


static int
crw_zyg_again(crw_chain_t *chain, char **argv, crw_error_t *err)
{
    int    n;
    char   path[64], *args[CRW_ZYG_ARGS];

    for (n = 0; argv[n] != NULL && n < CRW_ZYG_ARGS - 3; n++) {
        args[n] = argv[n];
    }

    args[n++] = "--inside";
    args[n++] = chain->sandbox.rootless ? CRW_ZYG_ROOTLESS : "root";
    args[n] = NULL;

    (void) snprintf(path, sizeof(path), "/run/%s", chain->runtime->name);
    (void) execv(path, args);

    return crw_error_set(err, errno, "\"%s\" cannot be run inside", path);
}


/* the second start */

static int
crw_zyg_inside(crw_chain_t *chain, crw_error_t *err)
{
    char  path[64];

    chain->sandbox.rootless = strcmp(chain->inside, CRW_ZYG_ROOTLESS) == 0;
    chain->sandbox.fault[0] = '\0';
    chain->link = CRW_CHAIN_LINK;

    (void) prctl(PR_SET_NAME, "crw-zygote", 0, 0, 0);

    if (chain->runsc != NULL) {
        return crw_zyg_parent(err);     /* the guest is started from it */
    }

    /* its mount would show where it comes from */

    (void) snprintf(path, sizeof(path), "/run/%s", chain->runtime->name);

    if (umount2(path, MNT_DETACH) == -1) {
        return crw_error_set(err, errno, "\"%s\" stays mounted", path);
    }

    return crw_zyg_parent(err);
}


static int
crw_zyg_parent(crw_error_t *err)
{
    /* after the last change of credentials, which would clear it */

    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1) {
        return crw_error_set(err, errno, "die_with_parent");
    }

    return 0;
}


static int
crw_zyg_environment(void)
{
    int  i;

    if (clearenv() != 0) {
        return -1;
    }

    for (i = 0; crw_zyg_env[i][0] != NULL; i++) {
        if (setenv(crw_zyg_env[i][0], crw_zyg_env[i][1], 1) == -1) {
            return -1;
        }
    }

    return 0;
}


int
crw_chain_boot(crw_chain_t *chain, char *version, size_t size,
    crw_error_t *err)
{
    int  pair[2];

    if (crw_filter_create(&chain->program_filter, chain->runtime->seccomp,
                          chain->record_locks, err)
        == -1
        || crw_filter_create(&chain->init_filter, CRW_SECCOMP_INIT, 0, err)
           == -1)
    {
        return -1;
    }

    if (chain->runsc != NULL
        && crw_filter_create(&chain->relay_filter, CRW_SECCOMP_RELAY, 0, err)
           == -1)
    {
        return -1;
    }

    chain->sandbox.program_filter = &chain->program_filter;
    chain->sandbox.init_filter = &chain->init_filter;
    chain->sandbox.relay_filter = &chain->relay_filter;

    /* the interpreter looks at what its standard streams are: pipes; stderr
       stays the pool's log until it has booted */

    if (pipe(pair) == -1
        || dup2(pair[0], STDIN_FILENO) == -1
        || dup2(pair[1], STDOUT_FILENO) == -1
        || close(pair[0]) == -1 || close(pair[1]) == -1)
    {
        return crw_error_set(err, errno, "pipe for standard streams failed");
    }

    return chain->runtime->boot(chain->preload, chain->record_locks, version,
                                size, err);
}


static int
crw_zyg_stdio(crw_error_t *err)
{
    if (dup2(STDOUT_FILENO, STDERR_FILENO) == -1) {
        return crw_error_set(err, errno, "stderr cannot be let go");
    }

    /* keepers are reaped by the kernel: the pool watches their pidfds */

    (void) signal(SIGCHLD, SIG_IGN);

    return 0;
}


static int
crw_zyg_loop(crw_chain_t *chain)
{
    int               nfds, fd;
    ssize_t           n;
    crw_keeper_msg_t  msg;

    for ( ;; ) {
        n = crw_link_recv(chain->link, &msg, sizeof(msg), &fd, 1, &nfds);

        if (n <= 0) {
            return n == 0 ? 0 : 1;
        }

        if (n != (ssize_t) sizeof(msg) || msg.msg.type != CRW_MSG_KEEPER
            || nfds != 1)
        {
            return 1;
        }

        if (crw_zyg_fork(chain, &msg, fd) == -1) {
            return 1;
        }
    }
}


static int
crw_zyg_fork(crw_chain_t *chain, const crw_keeper_msg_t *msg, int link)
{
    int             rc, pid, pidfd;
    crw_sandbox_t  *sb;

    sb = &chain->sandbox;
    memcpy(sb->fault, msg->msg.text, sizeof(sb->fault));
    sb->fault[CRW_TEXT_MAX - 1] = '\0';

    pidfd = -1;
    pid = crw_sandbox_fault(sb, "keeper_fork");

    if (pid == 0) {
        pid = crw_chain_clone(0, &pidfd);
    }

    if (pid == 0) {
        crw_chain_keeper(chain, link, msg->program_uid, msg->init_uid);
    }

    rc = errno;
    (void) close(link);

    if (pid == -1) {
        return crw_link_say(chain->link, CRW_MSG_FAILED, rc, "keeper_fork",
                            NULL, 0);
    }

    rc = crw_link_say(chain->link, CRW_MSG_KEEPER_STARTED, pid, NULL, &pidfd,
                      1);
    (void) close(pidfd);

    return rc;
}


int
crw_chain_clone(unsigned long flags, int *pidfd)
{
    /* the order of the arguments is x86-64's and most others' */

    return (int) syscall(SYS_clone, flags | CLONE_PIDFD | SIGCHLD, 0, pidfd,
                         0, 0);
}


void
crw_chain_fail(int link, const char *step, int err)
{
    (void) crw_link_say(link, CRW_MSG_FAILED, err, step, NULL, 0);
    _exit(1);
}
