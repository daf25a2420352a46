/*
 * coderemote-worker --check.
 *
 * A sandbox is built by the same boxes that jobs get, then jobs in it try
 * what they must not be able to do.  Lines are printed as they become known:
 * what, how long it took, and how to mend it when it does not work.
 */

#include "crw_check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../ipc/cr_request.h"
#include "crw_box.h"
#include "crw_log.h"
#include "crw_master.h"
#include "crw_pool.h"
#include "crw_ready.h"
#include "sandbox/crw_sandbox.h"


#define CRW_CHECK_US       (20 * 1000000)
#define CRW_CHECK_OUTPUT   4096
#define CRW_CHECK_REQUEST  8192
#define CRW_CHECK_TIMERS   64


typedef struct crw_check_s  crw_check_t;


/* a program for the sandbox and what it must come to */

typedef struct {
    const char   *what;
    const char   *code;
    const char   *expect;           /* stdout */
    int           killed;           /* must end by the memory limit */
    const char   *mend;
} crw_check_job_t;


struct crw_check_s {
    crw_loop_t              loop;
    crw_pool_t              pool;
    crw_cgroup_base_t       base;
    const crw_config_t     *config;
    const crw_check_job_t  *job;
    uint64_t                from_us;
    int                     failed;
    int                     done;
    size_t                  used;
    char                    output[CRW_CHECK_OUTPUT];
};


static void crw_check_line(crw_check_t *check, int ok, uint64_t us,
    const char *what, const char *mend, const char *fmt, ...)
    __attribute__((format(printf, 6, 7)));
static int crw_check_cgroups(crw_check_t *check);
static int crw_check_isolation(crw_check_t *check);
static void crw_check_weaker(const crw_check_t *check);
static int crw_check_build(crw_check_t *check);
static void crw_check_layer(crw_phase_e phase, const char *name,
    const char *what, void *data);
static const char *crw_check_mend(const char *step);
static void crw_check_namespaces(crw_check_t *check, const crw_box_t *box);
static pid_t crw_check_pid(int pidfd);
static void crw_check_jobs(crw_check_t *check);
static void crw_check_start(crw_check_t *check);
static int crw_check_send(crw_check_t *check, const crw_box_t *box);
static void crw_check_verdict(crw_check_t *check, crw_box_t *box,
    const crw_exit_msg_t *msg);
static void crw_check_read(crw_check_t *check, crw_event_t *ev);
static void crw_check_ready(crw_box_t *box);
static void crw_check_exited(crw_box_t *box, const crw_exit_msg_t *msg);
static void crw_check_gone(crw_box_t *box, const char *step, int errnum);
static void crw_check_oom(crw_box_t *box);
static void crw_check_io(crw_box_t *box, crw_event_t *ev);
static void crw_check_family(crw_family_t *family);


static const crw_pool_hooks_t  crw_check_hooks = {
    crw_check_ready,
    crw_check_exited,
    crw_check_gone,
    crw_check_oom,
    crw_check_io,
    crw_check_family,
    crw_check_family
};


static const crw_check_job_t  crw_check_list[] = {
    { "python runs", "print(6 * 7)", "42\n", 0,
      "see the messages above" },
    { "no capability, no new privileges, seccomp filter",
      "s = open('/proc/self/status').read().split('\\n')\n"
      "d = dict(l.split(':\\t', 1) for l in s if ':\\t' in l)\n"
      "print(int(d['CapEff'], 16), int(d['CapBnd'], 16),"
      " d.get('NoNewPrivs', '1'), d['Seccomp'])\n",
      "0 0 1 2\n", 0,
      "the kernel needs CONFIG_SECCOMP_FILTER" },
    { "no network: the address of a name server cannot be reached",
      "import socket\n"
      "try:\n"
      "    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)\n"
      "    s.settimeout(1)\n"
      "    s.connect(('1.1.1.1', 53))\n"
      "    print('reached')\n"
      "except OSError:\n"
      "    print('none')\n",
      "none\n", 0,
      "the kernel needs CONFIG_NET_NS" },
    { "nothing of the host can be written",
      "import os\n"
      "n = 0\n"
      "for d in ('/', '/usr', '/etc', '/usr/bin', '/dev'):\n"
      "    try:\n"
      "        open(d + '/x', 'w')\n"
      "        n += 1\n"
      "    except OSError:\n"
      "        pass\n"
      "print(n, os.getpid() < 10, os.path.exists('/etc/shadow'))\n",
      "0 True False\n", 0,
      "see the messages above" },
    { "memory limit: twice of it ends the program",
      "x = bytearray(LIMIT * 2)\nprint('had')\n", NULL, 1,
      "mount the memory controller (cgroup v1), or start the pool with "
      "Delegate=yes (cgroup v2)" },
    { NULL, NULL, NULL, 0, NULL }
};


/* the step that failed, and what a machine needs for it */

static const struct {
    const char  *step;
    const char  *mend;
} crw_check_mends[] = {
    { "user_rootless", "allow user namespaces: sysctl -w "
      "kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000; on "
      "Ubuntu also kernel.apparmor_restrict_unprivileged_userns=0" },
    { "user_namespace", "allow user namespaces: sysctl -w "
      "user.max_user_namespaces=10000" },
    { "user_map", "allow user namespaces: sysctl -w "
      "user.max_user_namespaces=10000" },
    { "init_clone", "run as root, or allow namespaces: sysctl -w "
      "user.max_pid_namespaces=10000 user.max_mnt_namespaces=10000" },
    { "net_namespace", "the kernel needs CONFIG_NET_NS; sysctl -w "
      "user.max_net_namespaces=10000" },
    { "mount_private", "run as root; in a container give it CAP_SYS_ADMIN" },
    { "root_tmpfs", "run as root; in a container give it CAP_SYS_ADMIN" },
    { "root_system", "/usr must be there and may be bind-mounted" },
    { "root_binds", "a path of \"binds\" in the language file is not there" },
    { "mount_proc", "in a container: /proc must not be masked "
      "(--security-opt systempaths=unconfined)" },
    { "mount_work", "the kernel needs tmpfs" },
    { "seccomp", "the kernel needs CONFIG_SECCOMP_FILTER" },
    { "runsc", "the message is runsc's; is it the one of this distribution, "
      "and does it know runsc_platform" },
    { "relay_", "allow user namespaces: sysctl -w "
      "user.max_user_namespaces=10000" },
    { "init_seccomp", "the kernel needs CONFIG_SECCOMP_FILTER" },
    { NULL, "see the message of the kernel; run as root" }
};


int
crw_check_run(const crw_config_t *config)
{
    crw_error_t         err;
    static crw_check_t  check;

    check.config = config;
    crw_log_init(CRW_LOG_ERROR, "check");

    (void) printf("coderemote-worker %s, %s\n", CODEREMOTE_VERSION,
                  (geteuid() == 0) ? "as root" : "as an ordinary user");

    if (crw_loop_init(&check.loop, crw_pool_timers(config) + CRW_CHECK_TIMERS,
                      &err) != 0)
    {
        (void) printf("%s\n", err.text);
        return 1;
    }

    if (crw_check_cgroups(&check) == 0 && crw_check_isolation(&check) == 0) {
        crw_check_weaker(&check);

        if (crw_check_build(&check) == 0) {
            crw_check_jobs(&check);
        }
    }

    crw_pool_stop(&check.pool);

    check.from_us = crw_monotonic_us();

    while (!crw_pool_stopped(&check.pool)
           && crw_monotonic_us() - check.from_us < CRW_CHECK_US)
    {
        crw_loop_once(&check.loop, 100);
    }

    crw_pool_done(&check.pool);
    crw_loop_done(&check.loop);

    if (check.base.kind != CRW_CGROUP_NONE) {
        (void) crw_cgroup_base_destroy(&check.base, &err);
    }

    (void) printf("%s\n", check.failed ? "NOT READY: mend the lines above"
                          : (geteuid() == 0) ? "everything works"
                          : "everything works, weaker than as root");

    return check.failed ? 1 : 0;
}


static void
crw_check_line(crw_check_t *check, int ok, uint64_t us, const char *what,
    const char *mend, const char *fmt, ...)
{
    char     text[CRW_ERROR_TEXT], took[32];
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    took[0] = '\0';

    if (us != 0) {
        (void) snprintf(took, sizeof(took), "%.1f ms", (double) us / 1000);
    }

    (void) printf("%-6s %11s  %s%s%s\n", ok ? "ok" : "FAILED", took, what,
                  (text[0] != '\0') ? ": " : "", text);

    if (!ok) {
        check->failed = 1;
        (void) printf("%20sto mend: %s\n", "", mend);
    }

    (void) fflush(stdout);
}


static int
crw_check_cgroups(crw_check_t *check)
{
    int           root;
    char          name[CRW_CGROUP_NAME];
    uint64_t      us;
    crw_error_t   err;

    root = (geteuid() == 0);
    us = crw_monotonic_us();

    (void) snprintf(name, sizeof(name), "coderemote-%d", (int) getpid());
    err.text[0] = '\0';

    if (crw_cgroup_base_create(&check->base, check->config->cgroup_parent,
                               name, &err)
        != 0)
    {
        check->base.kind = CRW_CGROUP_NONE;
    }

    us = crw_monotonic_us() - us;

    if (check->base.kind == CRW_CGROUP_NONE) {
        crw_check_line(check, !root, us, "control groups",
                       "mount cgroup v2, or v1 with memory, pids, cpu and "
                       "cpuacct; under systemd set Delegate=yes",
                       "none%s%s", (err.text[0] != '\0') ? ", " : "",
                       err.text);
        return root ? -1 : 0;
    }

    crw_check_line(check, 1, us, "control groups", "", "%s, %s",
                   crw_cgroup_kind_name(check->base.kind),
                   check->base.path[CRW_CGROUP_MEMORY]);
    crw_check_line(check, check->base.memory, 0, "  memory controller",
                   "boot with cgroup_enable=memory, or delegate it", "%s",
                   check->base.swap ? "with swap" : "swap is not limited");
    crw_check_line(check, check->base.pids, 0, "  pids controller",
                   "mount or delegate it", "%s", "");
    crw_check_line(check, check->base.cpu || !root, 0, "  cpu controller",
                   "mount or delegate it", "%s",
                   check->base.cpu ? "" : "none");
    crw_check_line(check, 1, 0, "  killing a whole group", "", "%s",
                   check->base.kill ? "at once" : "one by one");

    return 0;
}


static int
crw_check_isolation(crw_check_t *check)
{
    crw_error_t          err;
    const crw_config_t  *config;

    config = check->config;

    if (config->isolation != CRW_ISOLATION_GVISOR) {
        return 0;
    }

    if (crw_config_isolation(config, &err) == -1) {
        crw_check_line(check, 0, 0, "gVisor, a kernel for each job",
                       "as the message says", "%s", err.text);
        return -1;
    }

    crw_check_line(check, 1, 0, "gVisor, a kernel for each job", "",
                   "%s, %s", config->runsc, config->runsc_platform);

    return 0;
}


/* what an ordinary user's pool cannot promise; t/unit/pool_rootless_test.c */

static void
crw_check_weaker(const crw_check_t *check)
{
    size_t       i;
    const char  *lines[] = {
        "all jobs have this user's id: namespaces keep them apart, it does not",
        NULL, NULL, NULL, NULL
    };

    if (geteuid() == 0) {
        return;
    }

    if (check->base.kind == CRW_CGROUP_NONE) {
        lines[1] = "memory: the limit is of each process, on addresses";
        lines[2] = "cpu time: the limit is of each process, in whole seconds";
        lines[3] = "cpu time and memory used are told of the program alone";
        lines[4] = "a cgroup that is delegated mends it: systemd-run --user "
                   "--scope -p Delegate=yes";

    } else if (!check->base.cpu) {
        lines[1] = "a job may take all processors: no cpu controller";
    }

    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        if (lines[i] != NULL) {
            (void) printf("%-6s %11s  %s\n", "weaker", "", lines[i]);
        }
    }
}


static int
crw_check_build(crw_check_t *check)
{
    crw_error_t     err;
    crw_pool_t     *pool;
    crw_family_t   *family;

    pool = &check->pool;
    pool->loop = &check->loop;
    pool->config = check->config;
    pool->base = &check->base;
    pool->hooks = &crw_check_hooks;
    pool->data = check;
    pool->worker = CR_WORKERS_MAX - 1;
    pool->first_box = (CR_WORKERS_MAX - 1) * CRW_BOXES_STRIDE;
    pool->rootless = (geteuid() != 0);

    check->from_us = crw_monotonic_us();

    if (crw_pool_start(pool, 1, &err) != 0) {
        crw_check_line(check, 0, 0, "starting", "see the message", "%s",
                       err.text);
        return -1;
    }

    family = &pool->families[0];

    while (family->nready == 0 && family->failures == 0
           && crw_monotonic_us() - check->from_us < CRW_CHECK_US)
    {
        crw_loop_once(&check->loop, 100);
    }

    crw_sandbox_each(crw_check_layer, check);

    if (family->nready == 0) {
        crw_check_line(check, 0, crw_monotonic_us() - check->from_us,
                       "building the sandbox", crw_check_mend(family->trouble),
                       "%s", (family->trouble[0] != '\0') ? family->trouble
                                                          : "took too long");
        return -1;
    }

    crw_check_line(check, 1, crw_monotonic_us() - check->from_us,
                   "sandbox built with all of these, interpreter booted", "",
                   "%s %s", family->language->id, family->version);

    crw_check_namespaces(check, family->ready[0]);

    return 0;
}


/* up to the one that failed */

static void
crw_check_layer(crw_phase_e phase, const char *name, const char *what,
    void *data)
{
    size_t         len;
    const char    *trouble;
    crw_check_t   *check = data;
    static int     reached;

    (void) phase;

    trouble = check->pool.families[0].trouble;
    len = strlen(name);

    if (reached) {
        return;
    }

    if (strncmp(trouble, name, len) == 0
        && (trouble[len] == ':' || trouble[len] == '\0'))
    {
        reached = 1;
        return;
    }

    (void) printf("%-6s %11s  %s: %s\n",
                  (trouble[0] == '\0') ? "ok" : "", "", name, what);
}


static const char *
crw_check_mend(const char *step)
{
    size_t  i;

    for (i = 0; crw_check_mends[i].step != NULL; i++) {
        if (strncmp(step, crw_check_mends[i].step,
                    strlen(crw_check_mends[i].step))
            == 0)
        {
            break;
        }
    }

    return crw_check_mends[i].mend;
}


/* seen from outside: the program's namespaces are not ours */

static void
crw_check_namespaces(crw_check_t *check, const crw_box_t *box)
{
    char                path[64], ours[64], theirs[64];
    pid_t               pid;
    size_t              i;
    ssize_t             a, b;
    static const char  *names[] = { "user", "mnt", "pid", "net", "ipc", "uts",
                                    "cgroup" };

    pid = crw_check_pid(box->program_pidfd);

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {

        (void) snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
        a = readlink(path, ours, sizeof(ours) - 1);

        (void) snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int) pid,
                        names[i]);
        b = readlink(path, theirs, sizeof(theirs) - 1);

        if (b == -1 && errno == EACCES) {
            continue;               /* an ordinary user may not look */
        }

        crw_check_line(check,
                       a > 0 && b > 0
                       && (a != b || memcmp(ours, theirs, (size_t) a) != 0),
                       0, "namespace of its own",
                       "the kernel shares it: is it a very old one", "%s",
                       names[i]);
    }
}


static pid_t
crw_check_pid(int pidfd)
{
    int     pid;
    char    path[64], line[128];
    FILE   *f;

    pid = -1;
    (void) snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);

    f = fopen(path, "re");
    if (f == NULL) {
        return -1;
    }

    while (fgets(line, sizeof(line), f) != NULL) {
        if (strncmp(line, "Pid:", 4) == 0) {
            pid = atoi(line + 4);
        }
    }

    (void) fclose(f);

    return pid;
}


static void
crw_check_jobs(crw_check_t *check)
{
    uint64_t  end_us;

    check->job = crw_check_list;
    end_us = crw_monotonic_us() + CRW_CHECK_US;

    crw_check_start(check);

    while (!check->done && crw_monotonic_us() < end_us) {
        crw_loop_once(&check->loop, 100);
    }

    if (!check->done) {
        crw_check_line(check, 0, CRW_CHECK_US, check->job->what,
                       check->job->mend, "%s", "took too long");
    }
}


/* the next program, as soon as there is a sandbox for it */

static void
crw_check_start(crw_check_t *check)
{
    crw_box_t     *box;
    crw_family_t  *family;

    if (check->job == NULL || check->done) {
        return;
    }

    if (check->job->what == NULL) {
        check->done = 1;
        return;
    }

    family = &check->pool.families[0];

    if (family->nready == 0) {
        return;
    }

    box = crw_ready_take(family);
    box->job = check;

    check->used = 0;
    check->from_us = crw_monotonic_us();

    if (crw_check_send(check, box) != 0) {
        crw_box_fail(box, "sending the program", errno);
    }
}


static int
crw_check_send(crw_check_t *check, const crw_box_t *box)
{
    int                    n;
    char                   code[CRW_CHECK_REQUEST / 2];
    uint8_t                records[CRW_CHECK_REQUEST];
    crw_job_msg_t          msg;
    const crw_language_t  *lang;
    cr_request_writer_t    w;

    lang = box->family->language;

    n = snprintf(code, sizeof(code), "LIMIT = %llu\n%s",
                 (unsigned long long) lang->memory_mb.def * 1024 * 1024,
                 check->job->code);

    cr_request_init(&w, records, sizeof(records));

    if (n < 0 || cr_request_add(&w, CR_RECORD_CODE, code, (size_t) n) != 0) {
        errno = ENOSPC;
        return -1;
    }

    memset(&msg, 0, sizeof(msg));
    msg.msg.type = CRW_MSG_JOB;
    msg.limits.timeout_ms = lang->timeout_ms.def;
    msg.limits.cpu_ms = lang->cpu_ms.def;
    msg.limits.memory_kb = lang->memory_mb.def * 1024;
    msg.limits.output_bytes = lang->output_kb.def * 1024;
    msg.limits.processes = lang->processes.def;
    msg.total = (uint32_t) w.used;
    msg.rootless = (check->base.kind == CRW_CGROUP_NONE);

    if (send(box->link.fd, &msg, sizeof(msg), MSG_NOSIGNAL) == -1
        || send(box->link.fd, records, w.used, MSG_NOSIGNAL) == -1)
    {
        return -1;
    }

    return 0;
}


static void
crw_check_verdict(crw_check_t *check, crw_box_t *box,
    const crw_exit_msg_t *msg)
{
    int                     ok;
    crw_cgroup_figures_t    figures;
    const crw_check_job_t  *job;

    job = check->job;

    crw_check_read(check, &box->out);
    crw_check_read(check, &box->err);
    check->output[check->used] = '\0';

    memset(&figures, 0, sizeof(figures));
    (void) crw_cgroup_figures(&box->cgroup, &figures, NULL);

    if (job->killed) {
        /* without cgroups the interpreter says so itself */
        ok = figures.oom_kills != 0
             || (check->base.kind == CRW_CGROUP_NONE && msg != NULL
                 && strstr(check->output, "MemoryError") != NULL);

    } else {
        ok = msg != NULL && WIFEXITED(msg->wait_status)
             && WEXITSTATUS(msg->wait_status) == 0
             && strcmp(check->output, job->expect) == 0;
    }

    crw_check_line(check, ok, crw_monotonic_us() - check->from_us, job->what,
                   job->mend, "%s", ok ? "" : check->output);

    check->job++;

    if (check->job->what == NULL) {
        check->done = 1;
    }
}


static void
crw_check_read(crw_check_t *check, crw_event_t *ev)
{
    ssize_t  n;

    if (ev->fd == -1) {
        return;
    }

    n = read(ev->fd, check->output + check->used,
             sizeof(check->output) - 1 - check->used);

    if (n > 0) {
        check->used += (size_t) n;
        return;
    }

    if (n == 0) {
        crw_event_close(ev);
    }
}


static void
crw_check_ready(crw_box_t *box)
{
    crw_check_start(box->family->pool->data);
}


static void
crw_check_exited(crw_box_t *box, const crw_exit_msg_t *msg)
{
    crw_check_verdict(box->job, box, msg);
    crw_box_release(box);
}


static void
crw_check_gone(crw_box_t *box, const char *step, int errnum)
{
    crw_check_t  *check = box->job;

    (void) step;
    (void) errnum;

    if (!check->done && !check->pool.stopping) {
        crw_check_verdict(check, box, NULL);
    }

    crw_box_release(box);
}


static void
crw_check_oom(crw_box_t *box)
{
    (void) box;                     /* counted when the program ended */
}


static void
crw_check_io(crw_box_t *box, crw_event_t *ev)
{
    if (ev == &box->out || ev == &box->err) {
        crw_check_read(box->job, ev);
    }
}


static void
crw_check_family(crw_family_t *family)
{
    (void) family;                  /* looked at when the sandbox is built */
}
