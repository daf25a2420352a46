/*
 * Starting, stopping and counting a pool.
 */

#include "pool_run.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>


#define POOL_RUN_PATIENCE  15000        /* ms */


static const char  pool_run_limits[] =
    "{ \"timeout_ms\": { \"default\": 10000, \"max\": 30000 },"
    "  \"cpu_ms\": { \"default\": 10000, \"max\": 30000 },"
    "  \"memory_mb\": { \"default\": 256, \"max\": 1024 },"
    "  \"output_kb\": { \"default\": 1024, \"max\": 1024 },"
    "  \"processes\": { \"default\": 64, \"max\": 256 } }";


static int pool_run_file(const char *path, const char *text);
static int pool_run_describe(const pool_run_t *run, const char *id,
    const char *zygote, const char *limits);
static void pool_run_beside(char *path, size_t size, const char *name);
static pid_t pool_run_exec(const pool_run_t *run, const char *option, int fd);
static pid_t pool_run_parent(pid_t pid);
static size_t pool_run_entries(const char *path);
static int pool_run_unlink(const char *path, const struct stat *st, int type,
    struct FTW *ftw);


int
pool_run_write(pool_run_t *run, const char *fields)
{
    char         text[4096], path[PATH_MAX];
    const char  *group;

    memset(run, 0, sizeof(pool_run_t));
    (void) snprintf(run->dir, sizeof(run->dir), "/tmp/coderemote-test-XXXXXX");

    if (mkdtemp(run->dir) == NULL) {
        return -1;
    }

    (void) snprintf(path, sizeof(path), "%s/languages", run->dir);
    (void) snprintf(run->socket, sizeof(run->socket), "%s/pool.sock",
                    run->dir);
    (void) snprintf(run->config, sizeof(run->config), "%s/worker.json",
                    run->dir);
    (void) snprintf(run->log, sizeof(run->log), "%s/log", run->dir);

    if (mkdir(path, 0755) == -1) {
        return -1;
    }

    /* where a group was delegated that the test itself does not sit in */
    group = getenv("CODEREMOTE_TEST_CGROUP");

    (void) snprintf(text, sizeof(text), "{\n    \"socket\": \"pool.sock\",\n"
                    "%s\n    %s%s%s\"languages_dir\": \"languages\"\n}\n",
                    (fields != NULL) ? fields : "    \"boxes\": 3,",
                    (group != NULL) ? "\"cgroup_parent\": \"" : "",
                    (group != NULL) ? group : "",
                    (group != NULL) ? "\", " : "");

    if (pool_run_file(run->config, text) != 0) {
        return -1;
    }

    return pool_run_language(run, NULL);
}


int
pool_run_language(pool_run_t *run, const char *limits)
{
    return pool_run_describe(run, "python", "python-zygote", limits);
}


int
pool_run_other(pool_run_t *run, const char *id, const char *script)
{
    char  path[PATH_MAX];

    if (script == NULL) {
        return pool_run_describe(run, id, "python-zygote", NULL);
    }

    (void) snprintf(path, sizeof(path), "%s/zygote", run->dir);

    if (pool_run_file(path, script) != 0 || chmod(path, 0755) == -1) {
        return -1;
    }

    return pool_run_describe(run, id, "../zygote", NULL);
}


static int
pool_run_describe(const pool_run_t *run, const char *id, const char *zygote,
    const char *limits)
{
    char  text[8192], path[PATH_MAX], beside[PATH_MAX];

    /* a name is looked for beside the worker */

    if (run->worker != NULL && strchr(zygote, '/') == NULL) {
        pool_run_program(beside, sizeof(beside), zygote);
        zygote = beside;
    }

    (void) snprintf(path, sizeof(path), "%s/languages/%s.json", run->dir, id);

    if ((size_t) snprintf(text, sizeof(text),
                          "{\n\"id\": \"%s\",\n\"name\": \"Python\",\n"
                          "\"kind\": \"python\",\n"
                          "\"zygote\": \"%s\",\n"
                          "\"extension\": \"py\",\n\"monaco\": \"python\",\n"
                          "\"limits\": %s\n}\n", id, zygote,
                          (limits != NULL) ? limits : pool_run_limits)
        >= sizeof(text))
    {
        return -1;
    }

    return pool_run_file(path, text);
}


static int
pool_run_file(const char *path, const char *text)
{
    int   rc;
    FILE  *f;

    f = fopen(path, "w");
    if (f == NULL) {
        return -1;
    }

    rc = (fputs(text, f) == EOF) ? -1 : 0;

    return (fclose(f) == 0) ? rc : -1;
}


/* the tests are BUILD/unit/MODE/NAME, the programs BUILD/coderemote-worker and
   BUILD/python-zygote */

void
pool_run_program(char *path, size_t size, const char *name)
{
    int          i, levels;
    char        *slash;
    ssize_t      n;
    const char  *given;

    given = getenv("CODEREMOTE_WORKER");
    levels = 1;

    if (given != NULL) {
        (void) snprintf(path, size, "%s", given);

    } else {
        n = readlink("/proc/self/exe", path, size - 1);
        path[(n > 0) ? n : 0] = '\0';
        levels = 3;
    }

    for (i = 0; i < levels; i++) {
        slash = strrchr(path, '/');

        if (slash != NULL) {
            *slash = '\0';
        }
    }

    n = (ssize_t) strlen(path);
    (void) snprintf(path + n, size - (size_t) n, "/%s", name);
}


static void
pool_run_beside(char *path, size_t size, const char *name)
{
    char     *slash;
    ssize_t   n;

    n = readlink("/proc/self/exe", path, size - 1);
    path[(n > 0) ? n : 0] = '\0';
    slash = strrchr(path, '/');

    if (slash != NULL) {
        (void) snprintf(slash + 1, size - (size_t) (slash + 1 - path), "%s",
                        name);
    }
}


static pid_t
pool_run_exec(const pool_run_t *run, const char *option, int fd)
{
    char         program[PATH_MAX];
    pid_t        pid;
    const char  *argv[5];

    if (run->worker != NULL) {
        pool_run_beside(program, sizeof(program), run->worker);

    } else {
        pool_run_program(program, sizeof(program), "coderemote-worker");
    }

    argv[0] = program;
    argv[1] = "-c";
    argv[2] = run->config;
    argv[3] = option;
    argv[4] = NULL;

    pid = fork();

    if (pid == 0) {
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void) dup2(fd, STDOUT_FILENO);
        (void) dup2(fd, STDERR_FILENO);
        (void) execv(program, (char **) argv);
        (void) dprintf(STDERR_FILENO, "%s: %s\n", program, strerror(errno));
        _exit(127);
    }

    return pid;
}


int
pool_run_start(pool_run_t *run)
{
    int          fd, waited;
    char         line[512];
    FILE        *f;
    cr_client_t  client;

    fd = open(run->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (fd == -1) {
        return -1;
    }

    run->pid = pool_run_exec(run, NULL, fd);
    (void) close(fd);

    for (waited = 0; waited < POOL_RUN_PATIENCE; waited += 10) {

        if (cr_client_open(&client, run->socket) == 0) {
            cr_client_close(&client);
            return 0;
        }

        if (waitpid(run->pid, NULL, WNOHANG) != 0) {
            break;
        }

        pool_run_sleep(10);
    }

    printf("    the pool did not start:\n");

    f = fopen(run->log, "re");

    while (f != NULL && fgets(line, sizeof(line), f) != NULL) {
        printf("    %s", line);
    }

    return -1;
}


int
pool_run_stop(pool_run_t *run, int signo)
{
    int    status, waited;
    pid_t  pid;

    pid = run->pid;
    run->pid = 0;

    if (pid <= 0 || kill(pid, signo) == -1) {
        return -1;
    }

    for (waited = 0; waited < POOL_RUN_PATIENCE; waited += 10) {

        if (waitpid(pid, &status, WNOHANG) == pid) {
            return WIFEXITED(status) ? WEXITSTATUS(status)
                                     : 256 + WTERMSIG(status);
        }

        pool_run_sleep(10);
    }

    (void) kill(pid, SIGKILL);
    (void) waitpid(pid, NULL, 0);

    return -1;
}


int
pool_run_logged(pool_run_t *run, const char *text, int timeout_ms)
{
    int    found, waited;
    char   line[512];
    FILE  *f;

    found = 0;

    for (waited = 0; !found && waited <= timeout_ms; waited += 20) {

        f = fopen(run->log, "re");

        while (f != NULL && !found && fgets(line, sizeof(line), f) != NULL) {
            found = (strstr(line, text) != NULL);
        }

        if (f != NULL) {
            (void) fclose(f);
        }

        if (!found) {
            pool_run_sleep(20);
        }
    }

    return found;
}


void
pool_run_remove(pool_run_t *run)
{
    if (run->pid > 0) {
        (void) pool_run_stop(run, SIGINT);
    }

    (void) nftw(run->dir, pool_run_unlink, 8, FTW_DEPTH | FTW_PHYS);
}


static int
pool_run_unlink(const char *path, const struct stat *st, int type,
    struct FTW *ftw)
{
    (void) st;
    (void) type;
    (void) ftw;

    return remove(path);
}


int
pool_run_command(pool_run_t *run, const char *option, char *output,
    size_t size)
{
    int      status, fds[2];
    pid_t    pid;
    size_t   used;
    ssize_t  n;

    if (pipe2(fds, O_CLOEXEC) == -1) {
        return -1;
    }

    pid = pool_run_exec(run, option, fds[1]);
    (void) close(fds[1]);

    used = 0;

    for ( ;; ) {
        n = read(fds[0], output + used, size - 1 - used);

        if (n <= 0) {
            break;
        }

        used += (size_t) n;
    }

    output[used] = '\0';
    (void) close(fds[0]);

    if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
        return -1;
    }

    return WEXITSTATUS(status);
}


size_t
pool_run_workers(const pool_run_t *run, pid_t *pids, size_t max)
{
    DIR            *dir;
    pid_t           pid;
    size_t          n;
    struct dirent  *entry;

    n = 0;
    dir = opendir("/proc");

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        pid = atoi(entry->d_name);

        if (pid > 0 && n < max && pool_run_parent(pid) == run->pid) {
            pids[n++] = pid;
        }
    }

    if (dir != NULL) {
        (void) closedir(dir);
    }

    return n;
}


pid_t
pool_run_child(pid_t parent, int timeout_ms)
{
    DIR            *dir;
    pid_t           pid, child;
    struct dirent  *entry;

    child = -1;

    for ( /* void */ ; child == -1 && timeout_ms > 0; timeout_ms -= 10) {
        dir = opendir("/proc");

        while (dir != NULL && (entry = readdir(dir)) != NULL) {
            pid = atoi(entry->d_name);

            if (pid > 0 && pool_run_parent(pid) == parent) {
                child = pid;
                break;
            }
        }

        if (dir != NULL) {
            (void) closedir(dir);
        }

        if (child == -1) {
            pool_run_sleep(10);
        }
    }

    return child;
}


size_t
pool_run_below(pid_t top)
{
    int             depth;
    DIR            *dir;
    pid_t           pid, up;
    size_t          n;
    struct dirent  *entry;

    n = 0;
    dir = opendir("/proc");

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        pid = atoi(entry->d_name);
        up = (pid > 0) ? pool_run_parent(pid) : 0;

        for (depth = 0; up > 1 && depth < 16; depth++) {

            if (up == top) {
                n++;
                break;
            }

            up = pool_run_parent(up);
        }
    }

    if (dir != NULL) {
        (void) closedir(dir);
    }

    return n;
}


static pid_t
pool_run_parent(pid_t pid)
{
    char   path[64], text[512], *p;
    FILE  *f;
    int    parent;

    parent = 0;
    (void) snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);

    f = fopen(path, "re");
    if (f == NULL) {
        return 0;
    }

    if (fgets(text, sizeof(text), f) != NULL) {
        p = strrchr(text, ')');

        if (p == NULL || sscanf(p + 1, " %*c %d", &parent) != 1) {
            parent = 0;
        }
    }

    (void) fclose(f);

    return parent;
}


uint32_t
pool_run_ready(const cr_segment_t *seg, uint32_t n)
{
    uint32_t  i, k, ready;

    for (i = ready = 0; i < 300; i++) {

        for (k = ready = 0; k < seg->geometry.workers; k++) {
            ready += atomic_load(&cr_segment_worker(seg, k)->ready);
        }

        if (ready == n) {
            break;
        }

        pool_run_sleep(100);
    }

    return ready;
}


size_t
pool_run_fds(pid_t pid)
{
    char  path[64];

    (void) snprintf(path, sizeof(path), "/proc/%d/fd", (int) pid);

    return pool_run_entries(path);
}


static size_t
pool_run_entries(const char *path)
{
    DIR     *dir;
    size_t   n;

    dir = opendir(path);
    if (dir == NULL) {
        return 0;
    }

    for (n = 0; readdir(dir) != NULL; n++) { /* void */ }

    (void) closedir(dir);

    return n;
}


size_t
pool_run_mounts(void)
{
    int     c;
    FILE   *f;
    size_t  n;

    n = 0;
    f = fopen("/proc/self/mounts", "re");

    if (f == NULL) {
        return 0;
    }

    while ((c = fgetc(f)) != EOF) {
        n += (c == '\n');
    }

    (void) fclose(f);

    return n;
}


size_t
pool_run_cgroups(const pool_run_t *run)
{
    char                path[PATH_MAX];
    size_t              i, n;
    const char         *group;
    static const char  *mounts[] = { "/sys/fs/cgroup/memory",
                                     "/sys/fs/cgroup/pids",
                                     "/sys/fs/cgroup/unified",
                                     "/sys/fs/cgroup" };

    n = 0;

    for (i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
        (void) snprintf(path, sizeof(path), "%s/coderemote-%d", mounts[i],
                        (int) run->pid);
        n += pool_run_entries(path);
    }

    group = getenv("CODEREMOTE_TEST_CGROUP");

    if (group != NULL) {
        (void) snprintf(path, sizeof(path), "/sys/fs/cgroup%s/coderemote-%d",
                        group, (int) run->pid);
        n += pool_run_entries(path);
    }

    return n;
}


void
pool_run_sleep(int ms)
{
    struct timespec  ts;

    ts.tv_sec = ms / 1000;
    ts.tv_nsec = (long) (ms % 1000) * 1000000;

    (void) nanosleep(&ts, NULL);
}
