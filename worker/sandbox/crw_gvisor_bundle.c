/*
 * What runsc is given: a directory to be the root of the sandbox, read-only,
 * made of what the zygote sees, and config.json.  All of it lies in a tmpfs
 * at /box that nobody but this sandbox's own processes sees.
 */

#include "crw_gvisor.h"
#include "crw_sb.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>


#define CRW_BUNDLE          CRW_SANDBOX_WORK
#define CRW_BUNDLE_ROOT     CRW_BUNDLE "/root"
#define CRW_BUNDLE_OPTIONS  "mode=0755,size=4m,nr_inodes=512"
#define CRW_BUNDLE_CONFIG   (32 * 1024)
#define CRW_BUNDLE_ARGS     (16 * 1024)

#define CRW_BUNDLE_NAME                                                       \
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_."

#define CRW_BUNDLE_CAPS                                                       \
    "\"CAP_SETUID\",\"CAP_SETGID\",\"CAP_KILL\",\"CAP_SETPCAP\","             \
    "\"CAP_SYS_ADMIN\",\"CAP_DAC_OVERRIDE\""


static int crw_bundle_root(void);
static int crw_bundle_entry(const char *name);
static int crw_bundle_bind(const char *from, const char *to);
static int crw_bundle_file(const char *path, const char *text, size_t len);
static int crw_bundle_config(const crw_chain_t *chain);
static void crw_bundle_preloads(const crw_chain_t *chain, char *text,
    size_t size);


/* made by the sentry, or filled below */

static const char *const  crw_bundle_own[] = {
    "proc", "dev", "sys", "tmp", "box", NULL
};


/*
 * Nothing in here is the user's: names, numbers and paths are ours.  The
 * guest is root in the sentry for as long as it takes to put things in place
 * for the program, which is not.
 */

static const char  crw_bundle_format[] =
    "{\"ociVersion\":\"1.0.0\",\n"
    "\"process\":{\"user\":{\"uid\":0,\"gid\":0},\n"
    " \"args\":[\"/run/%s\",\"--guest\",\"%llu\"%s],\n"
    " \"env\":[\"PATH=/usr/local/bin:/usr/bin:/bin\",\"HOME=/box\",\n"
    "  \"USER=coder\",\"LOGNAME=coder\",\"LANG=C.UTF-8\",\n"
    "  \"TMPDIR=/tmp\"],\n"
    " \"cwd\":\"/\",\"noNewPrivileges\":true,\"oomScoreAdj\":%d,\n"
    " \"capabilities\":{\"bounding\":[" CRW_BUNDLE_CAPS "],\n"
    "  \"effective\":[" CRW_BUNDLE_CAPS "],\n"
    "  \"permitted\":[" CRW_BUNDLE_CAPS "]},\n"
    " \"rlimits\":[\n"
    "  {\"type\":\"RLIMIT_CORE\",\"hard\":0,\"soft\":0},\n"
    "  {\"type\":\"RLIMIT_NOFILE\",\"hard\":1024,\"soft\":1024},\n"
    "  {\"type\":\"RLIMIT_STACK\",\"hard\":8388608,\"soft\":8388608},\n"
    "  {\"type\":\"RLIMIT_FSIZE\",\"hard\":%llu,\"soft\":%llu}]},\n"
    "\"root\":{\"path\":\"root\",\"readonly\":true},\n"
    "\"hostname\":\"" CRW_SANDBOX_HOST "\",\n"
    "\"mounts\":[\n"
    " {\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\"},\n"
    " {\"destination\":\"/tmp\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\n"
    "  \"options\":[\"nosuid\",\"nodev\",\"mode=1777\",\"size=%llu\"]},\n"
    " {\"destination\":\"/dev/shm\",\"type\":\"tmpfs\",\n"
    "  \"source\":\"tmpfs\",\n"
    "  \"options\":[\"nosuid\",\"nodev\",\"mode=1777\",\"size=%llu\"]},\n"
    " {\"destination\":\"/box\",\"type\":\"tmpfs\",\"source\":\"tmpfs\",\n"
    "  \"options\":[\"nosuid\",\"nodev\",\"mode=0755\",\"size=%llu\",\n"
    "   \"uid=%d\",\"gid=%d\"]}],\n"
    "\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"ipc\"},\n"
    " {\"type\":\"uts\"},{\"type\":\"mount\"},{\"type\":\"network\"}]}}\n";


int
crw_gvisor_bundle(const crw_chain_t *chain)
{
    if (mount("bundle", CRW_BUNDLE, "tmpfs", MS_NOSUID|MS_NODEV,
              CRW_BUNDLE_OPTIONS)
        == -1)
    {
        return -1;
    }

    (void) umask(022);

    if (mkdir(CRW_BUNDLE_ROOT, 0755) == -1
        || mkdir(CRW_BUNDLE "/state", 0700) == -1)
    {
        return -1;
    }

    if (crw_bundle_root() == -1) {
        return -1;
    }

    return crw_bundle_config(chain);
}


/*
 * What is at the top of the zygote's root.  Its own program comes along with
 * /run, as a mount below it: by itself it could not be bound any more once an
 * upgrade has replaced the file.
 */

static int
crw_bundle_root(void)
{
    int             rc;
    DIR            *dir;
    struct dirent  *e;

    dir = opendir("/");
    if (dir == NULL) {
        return -1;
    }

    rc = 0;

    while (rc == 0) {
        e = readdir(dir);
        if (e == NULL) {
            break;
        }

        if (e->d_name[0] != '.') {
            rc = crw_bundle_entry(e->d_name);
        }
    }

    (void) closedir(dir);

    return rc;
}


static int
crw_bundle_entry(const char *name)
{
    int          i;
    char         from[NAME_MAX + 2], to[NAME_MAX + 64], target[PATH_MAX];
    ssize_t      n;
    struct stat  st;

    (void) snprintf(from, sizeof(from), "/%s", name);
    (void) snprintf(to, sizeof(to), "%s/%s", CRW_BUNDLE_ROOT, name);

    if (lstat(from, &st) == -1) {
        return -1;
    }

    if (S_ISLNK(st.st_mode)) {
        n = readlink(from, target, sizeof(target) - 1);
        if (n == -1) {
            return -1;
        }

        target[n] = '\0';

        return symlink(target, to);
    }

    if (!S_ISDIR(st.st_mode)) {
        return 0;
    }

    if (mkdir(to, 0755) == -1) {
        return -1;
    }

    for (i = 0; crw_bundle_own[i] != NULL; i++) {
        if (strcmp(name, crw_bundle_own[i]) == 0) {
            return 0;
        }
    }

    return crw_bundle_bind(from, to);
}


/* with what is mounted below, as read-only as it is here */

static int
crw_bundle_bind(const char *from, const char *to)
{
    return mount(from, to, NULL, MS_BIND|MS_REC, NULL);
}


static int
crw_bundle_file(const char *path, const char *text, size_t len)
{
    int  fd;

    fd = open(path, O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0644);
    if (fd == -1) {
        return -1;
    }

    (void) close(fd);

    return len == 0 ? 0 : crw_sb_write(path, text, len);
}


static int
crw_bundle_config(const crw_chain_t *chain)
{
    int                  n;
    char                 text[CRW_BUNDLE_CONFIG], args[CRW_BUNDLE_ARGS];
    unsigned long long   work;

    crw_bundle_preloads(chain, args, sizeof(args));

    work = chain->sandbox.work_bytes;

    n = snprintf(text, sizeof(text), crw_bundle_format, chain->runtime->name,
                 work, args, CRW_SANDBOX_OOM, work, work, work, work, work,
                 CRW_SANDBOX_UID, CRW_SANDBOX_UID);

    if (n < 0 || (size_t) n >= sizeof(text)) {
        errno = ENAMETOOLONG;
        return -1;
    }

    return crw_bundle_file(CRW_BUNDLE "/config.json", text, (size_t) n);
}


/* what is no module's name is left out: it could not be imported either */

static void
crw_bundle_preloads(const crw_chain_t *chain, char *text, size_t size)
{
    int          i, n;
    size_t       used;
    const char  *name;

    text[0] = '\0';
    used = 0;

    for (i = 0; chain->preload[i] != NULL; i++) {
        name = chain->preload[i];

        if (name[strspn(name, CRW_BUNDLE_NAME)] != '\0') {
            continue;
        }

        n = snprintf(text + used, size - used, ",\"--preload\",\"%s\"",
                     name);

        if (n < 0 || (size_t) n >= size - used) {
            text[used] = '\0';
            return;
        }

        used += (size_t) n;
    }
}


/*
 * No network, no sockets or fifos of the host, nothing written anywhere, no
 * debug log; and never "runsc do", which hands its environment on.
 */

void
crw_gvisor_exec(const crw_chain_t *chain)
{
    char         platform[64];
    const char  *argv[16];
    const char  *env[] = { "PATH=/usr/bin:/bin", NULL };

    (void) snprintf(platform, sizeof(platform), "--platform=%s",
                    chain->platform);

    argv[0] = "runsc";
    argv[1] = "--root=" CRW_BUNDLE "/state";
    argv[2] = platform;
    argv[3] = "--network=none";
    argv[4] = "--host-uds=none";
    argv[5] = "--host-fifo=none";
    argv[6] = "--overlay2=none";
    argv[7] = "--ignore-cgroups";
    argv[8] = "--rootless=false";
    argv[9] = "--debug=false";
    argv[10] = "run";
    argv[11] = "--bundle=" CRW_BUNDLE;
    argv[12] = "sandbox";
    argv[13] = NULL;

    (void) execve(chain->runsc, (char **) argv, (char **) env);
}
