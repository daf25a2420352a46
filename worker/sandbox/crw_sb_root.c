/*
 * The root file system that all sandboxes of a zygote share: a tmpfs with
 * the host's /usr, a made-up /etc and five devices, read-only, the only thing
 * in the zygote's mount namespace.  Built once, before the interpreter boots,
 * so that it never sees a path that a job cannot see.
 */

#include "crw_sb.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>


#define CRW_ROOT_STAGE    "/sys"        /* on every machine, never a source */
#define CRW_ROOT_OPTIONS  "mode=0755,size=8m,nr_inodes=8k"
#define CRW_ROOT_COPY     (4 * 1024 * 1024)
#define CRW_ROOT_LINKS    4096

/* <linux/mount.h> cannot be had together with older <sys/mount.h> */

#define CRW_ATTR_RDONLY   0x00000001
#define CRW_ATTR_NOSUID   0x00000002
#define CRW_ATTR_NODEV    0x00000004


typedef struct {
    uint64_t  attr_set;
    uint64_t  attr_clr;
    uint64_t  propagation;
    uint64_t  userns_fd;
} crw_root_attr_t;


typedef struct {
    const char  *name;
    const char  *text;
} crw_root_file_t;


static int crw_root_path(char *out, size_t size, const char *path);
static int crw_root_mkdirs(const char *path);
static int crw_root_attach(const char *path);
static int crw_root_protect(const char *target, uint64_t set);
static int crw_root_system_link(const char *name);
static int crw_root_file(const char *path, const char *text, size_t len);
static int crw_root_copy(const char *path);
static int crw_root_alternatives(void);
static int crw_root_device(const char *name, unsigned minor);


/* merged-usr: links into /usr; else directories of their own */

static const char *crw_root_top[] = {
    "bin", "sbin", "lib", "lib32", "lib64", "libx32", NULL
};


static const crw_root_file_t  crw_root_etc[] = {

    { "passwd",
      "root:x:0:0:root:/:/usr/sbin/nologin\n"
      "coder:x:1000:1000:coder:/box:/bin/sh\n"
      "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n" },

    { "group",
      "root:x:0:\n"
      "coder:x:1000:\n"
      "nogroup:x:65534:\n" },

    { "hosts",
      "127.0.0.1 localhost sandbox\n"
      "::1 localhost\n" },

    { "hostname", "sandbox\n" },

    /* nothing that would ask a daemon or a server */

    { "nsswitch.conf",
      "passwd: files\n"
      "group: files\n"
      "hosts: files\n"
      "services: files\n"
      "protocols: files\n" },

    { "host.conf", "multi on\n" },
    { "resolv.conf", "" },
    { "profile", "" },
    { "timezone", "Etc/UTC\n" },

    { NULL, NULL }
};


static const struct {
    const char  *name;
    unsigned     minor;             /* of major 1, see devices.txt */
} crw_root_devices[] = {
    { "null",    3 },
    { "zero",    5 },
    { "full",    7 },
    { "random",  8 },
    { "urandom", 9 },
    { NULL,      0 }
};


static const struct {
    const char  *path;
    const char  *target;
} crw_root_links[] = {
    { "dev/fd",        "/proc/self/fd" },
    { "dev/stdin",     "/proc/self/fd/0" },
    { "dev/stdout",    "/proc/self/fd/1" },
    { "dev/stderr",    "/proc/self/fd/2" },
    { "dev/shm",       "/tmp" },
    { "etc/mtab",      "/proc/self/mounts" },
    { "etc/localtime", "/usr/share/zoneinfo/Etc/UTC" },
    { "var/tmp",       "/tmp" },
    { NULL,            NULL }
};


/* slave first: what the host mounts later must not show up here either */

int
crw_sb_root_private(crw_sandbox_t *sb)
{
    ssize_t  n;

    /* now, and by name: once the namespace is left its mounts have no path
       from here, and in a chroot the name would be wrong as well */

    n = readlink("/proc/self/exe", sb->self, sizeof(sb->self) - 1);
    if (n == -1) {
        return -1;
    }

    sb->self[n] = '\0';

    if (unshare(CLONE_NEWNS) == -1) {
        return -1;
    }

    if (mount(NULL, "/", NULL, MS_SLAVE|MS_REC, NULL) == -1) {
        return -1;
    }

    return mount(NULL, "/", NULL, MS_PRIVATE|MS_REC, NULL);
}


int
crw_sb_root_tmpfs(crw_sandbox_t *sb)
{
    const char         **dir;
    static const char   *dirs[] = {
        "usr", "etc", "dev", "proc", "tmp", "box", "var", "run", NULL
    };

    (void) sb;

    (void) umask(022);

    if (mount("root", CRW_ROOT_STAGE, "tmpfs", MS_NOSUID, CRW_ROOT_OPTIONS)
        == -1)
    {
        return -1;
    }

    if (chdir(CRW_ROOT_STAGE) == -1) {
        return -1;
    }

    for (dir = dirs; *dir != NULL; dir++) {
        if (mkdir(*dir, 0755) == -1) {
            return -1;
        }
    }

    return 0;
}


int
crw_sb_root_system(crw_sandbox_t *sb)
{
    const char  **name;

    (void) sb;

    if (crw_root_attach("/usr") == -1) {
        return -1;
    }

    for (name = crw_root_top; *name != NULL; name++) {
        if (crw_root_system_link(*name) == -1) {
            return -1;
        }
    }

    return 0;
}


static int
crw_root_system_link(const char *name)
{
    char         path[16], target[PATH_MAX];
    ssize_t      n;
    struct stat  st;

    (void) snprintf(path, sizeof(path), "/%s", name);

    if (lstat(path, &st) == -1) {
        return errno == ENOENT ? 0 : -1;
    }

    if (S_ISDIR(st.st_mode)) {
        return crw_root_attach(path);
    }

    n = readlink(path, target, sizeof(target) - 1);
    if (n == -1) {
        return -1;
    }

    target[n] = '\0';

    return symlink(target, name);
}


/* what worker.json adds: read-only as well, at the same path */

int
crw_sb_root_binds(crw_sandbox_t *sb)
{
    int  i;

    for (i = 0; i < sb->nbinds; i++) {
        if (crw_root_attach(sb->binds[i]) == -1) {
            return -1;
        }
    }

    return 0;
}


static int
crw_root_path(char *out, size_t size, const char *path)
{
    int  n;

    n = snprintf(out, size, "%s%s", CRW_ROOT_STAGE, path);
    if (n < 0 || (size_t) n >= size) {
        errno = ENAMETOOLONG;
        return -1;
    }

    return 0;
}


/* "a/b/c" below the stage, which is the current directory */

static int
crw_root_mkdirs(const char *path)
{
    char   part[PATH_MAX], *p;
    size_t len;

    len = strlen(path);
    if (len >= sizeof(part)) {
        errno = ENAMETOOLONG;
        return -1;
    }

    memcpy(part, path, len + 1);

    for (p = part; p != NULL; ) {
        p = strchr(p, '/');

        if (p != NULL) {
            *p = '\0';
        }

        if (mkdir(part, 0755) == -1 && errno != EEXIST) {
            return -1;
        }

        if (p != NULL) {
            *p++ = '/';
        }
    }

    return 0;
}


/* binds a host path below the stage, with all that is mounted under it,
   read-only, nosuid, nodev */

static int
crw_root_attach(const char *path)
{
    char  target[PATH_MAX];

    if (path[0] != '/') {
        errno = EINVAL;
        return -1;
    }

    if (crw_root_path(target, sizeof(target), path) == -1) {
        return -1;
    }

    if (crw_root_mkdirs(path + 1) == -1) {
        return -1;
    }

    if (mount(path, target, NULL, MS_BIND|MS_REC, NULL) == -1) {
        return -1;
    }

    return crw_root_protect(target, CRW_ATTR_RDONLY|CRW_ATTR_NOSUID
                                    |CRW_ATTR_NODEV);
}


static int
crw_root_protect(const char *target, uint64_t set)
{
    crw_root_attr_t  attr;

    memset(&attr, 0, sizeof(attr));
    attr.attr_set = set;

    return (int) syscall(SYS_mount_setattr, AT_FDCWD, target, AT_RECURSIVE,
                         &attr, sizeof(attr));
}


int
crw_sb_root_etc(crw_sandbox_t *sb)
{
    char                    path[64];
    const crw_root_file_t  *f;

    (void) sb;

    for (f = crw_root_etc; f->name != NULL; f++) {
        (void) snprintf(path, sizeof(path), "etc/%s", f->name);

        if (crw_root_file(path, f->text, strlen(f->text)) == -1) {
            return -1;
        }
    }

    if (crw_root_copy("etc/ld.so.cache") == -1) {
        return -1;
    }

    return crw_root_alternatives();
}


static int
crw_root_file(const char *path, const char *text, size_t len)
{
    int      fd;
    ssize_t  n;

    fd = open(path, O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0644);
    if (fd == -1) {
        return -1;
    }

    n = write(fd, text, len);
    (void) close(fd);

    if (n != (ssize_t) len) {
        errno = EIO;
        return -1;
    }

    return 0;
}


/* a host file that may be missing, from / to the stage */

static int
crw_root_copy(const char *path)
{
    int      from, to, err;
    char     source[64];
    ssize_t  n;
    size_t   left;

    (void) snprintf(source, sizeof(source), "/%s", path);

    from = open(source, O_RDONLY|O_CLOEXEC);
    if (from == -1) {
        return errno == ENOENT ? 0 : -1;
    }

    to = open(path, O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0644);
    if (to == -1) {
        err = errno;
        (void) close(from);
        errno = err;
        return -1;
    }

    left = CRW_ROOT_COPY;

    do {
        n = sendfile(to, from, NULL, left);
        left -= n > 0 ? (size_t) n : 0;
    } while (n > 0 && left > 0);

    err = errno;
    (void) close(from);
    (void) close(to);
    errno = err;

    return n == -1 ? -1 : 0;
}


/* Debian's /usr/bin/awk and others point here; links only, bounded */

static int
crw_root_alternatives(void)
{
    int             rc, left;
    DIR            *dir;
    char            target[PATH_MAX], path[PATH_MAX];
    ssize_t         n;
    struct dirent  *e;

    dir = opendir("/etc/alternatives");
    if (dir == NULL) {
        return errno == ENOENT ? 0 : -1;
    }

    rc = mkdir("etc/alternatives", 0755);
    left = CRW_ROOT_LINKS;

    while (rc == 0 && left-- > 0) {
        e = readdir(dir);
        if (e == NULL) {
            break;
        }

        n = readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1);
        if (n == -1) {
            continue;
        }

        target[n] = '\0';
        (void) snprintf(path, sizeof(path), "etc/alternatives/%s", e->d_name);
        rc = symlink(target, path);
    }

    (void) closedir(dir);

    return rc;
}


int
crw_sb_root_dev(crw_sandbox_t *sb)
{
    int  i;

    (void) sb;

    for (i = 0; crw_root_devices[i].name != NULL; i++) {
        if (crw_root_device(crw_root_devices[i].name,
                            crw_root_devices[i].minor)
            == -1)
        {
            return -1;
        }
    }

    for (i = 0; crw_root_links[i].path != NULL; i++) {
        if (symlink(crw_root_links[i].target, crw_root_links[i].path) == -1) {
            return -1;
        }
    }

    return 0;
}


/*
 * A node of its own where that is allowed (each bind is a mount more that
 * every sandbox copies), else the host's, bound.
 */

static int
crw_root_device(const char *name, unsigned minor)
{
    int     fd;
    char    path[32], target[64], source[64];
    mode_t  mask;

    (void) snprintf(path, sizeof(path), "dev/%s", name);

    mask = umask(0);
    fd = mknod(path, S_IFCHR|0666, makedev(1, minor));
    (void) umask(mask);

    if (fd == 0) {
        fd = open(path, O_RDONLY|O_CLOEXEC);
        if (fd != -1) {
            return close(fd);
        }

        if (unlink(path) == -1) {
            return -1;
        }
    }

    fd = open(path, O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC, 0666);
    if (fd == -1) {
        return -1;
    }

    (void) close(fd);
    (void) snprintf(source, sizeof(source), "/%s", path);
    (void) snprintf(target, sizeof(target), "%s/%s", CRW_ROOT_STAGE, path);

    if (mount(source, target, NULL, MS_BIND, NULL) == -1) {
        return -1;
    }

    /* read-only is about the node (its times, its mode), not about what is
       written to the device */

    return crw_root_protect(target, CRW_ATTR_RDONLY|CRW_ATTR_NOSUID);
}


/*
 * The kernel lets a user namespace mount proc only where one is already to be
 * seen in full; crw_sb_mount_proc() lets go of this one.
 */

int
crw_sb_root_proc(crw_sandbox_t *sb)
{
    if (!sb->rootless) {
        return 0;
    }

    return mount("/proc", CRW_ROOT_STAGE "/proc", NULL, MS_BIND|MS_REC, NULL);
}


/* a program that looks at /proc/self/exe or maps finds no path of the host */

int
crw_sb_root_self(crw_sandbox_t *sb)
{
    char  path[64], target[96];

    (void) snprintf(path, sizeof(path), "run/%s", sb->name);
    (void) snprintf(target, sizeof(target), "%s/%s", CRW_ROOT_STAGE, path);

    if (crw_root_file(path, "", 0) == -1) {
        return -1;
    }

    if (mount(sb->self, target, NULL, MS_BIND, NULL) == -1) {
        return -1;
    }

    return crw_root_protect(target, CRW_ATTR_RDONLY|CRW_ATTR_NOSUID
                                    |CRW_ATTR_NODEV);
}


int
crw_sb_root_pivot(crw_sandbox_t *sb)
{
    (void) sb;

    if (chdir(CRW_ROOT_STAGE) == -1) {
        return -1;
    }

    /* pivot_root(2), "the same directory": the old root lands on top */

    if (syscall(SYS_pivot_root, ".", ".") == -1) {
        return -1;
    }

    if (umount2(".", MNT_DETACH) == -1) {
        return -1;
    }

    return chdir("/");
}


int
crw_sb_root_readonly(crw_sandbox_t *sb)
{
    crw_root_attr_t  attr;

    (void) sb;

    memset(&attr, 0, sizeof(attr));
    attr.attr_set = CRW_ATTR_RDONLY|CRW_ATTR_NOSUID;

    return (int) syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &attr,
                         sizeof(attr));
}
