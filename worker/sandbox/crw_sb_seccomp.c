/*
 * Compiles the tables of crw_sb_syscalls.c and loads the result.
 *
 * What is on no list answers EPERM; a number this list was not written for
 * answers ENOSYS, so that libraries take their older path, as does clone3,
 * whose flags a filter cannot see.  Nothing is answered with a signal: a
 * refused call must look like a refused call, not like a crash.  Another ABI
 * (i386, x32) has no call at all.
 */

#include "crw_sb.h"
#include "crw_seccomp.h"

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>


#define CRW_SECCOMP_LAST      450   /* set_mempolicy_home_node, Linux 5.17;
                                       the same number everywhere */
#define CRW_SECCOMP_X32       0x40000000
#define CRW_SECCOMP_NAME      32
#define CRW_SECCOMP_PROLOGUE  6


static int crw_seccomp_allow(scmp_filter_ctx ctx,
    const crw_seccomp_group_t *groups, const crw_seccomp_rule_t *rules,
    crw_error_t *err);
static int crw_seccomp_allow_rules(scmp_filter_ctx ctx,
    const crw_seccomp_rule_t *rules, crw_error_t *err);
static int crw_seccomp_allow_group(scmp_filter_ctx ctx, const char *names,
    crw_error_t *err);
static int crw_seccomp_export(scmp_filter_ctx ctx, crw_filter_t *filter,
    crw_error_t *err);
static void crw_seccomp_prologue(struct sock_filter *code);
static int crw_seccomp_load(const crw_filter_t *filter);


static const struct {
    const crw_seccomp_group_t  *groups;
    const crw_seccomp_rule_t   *rules;
} crw_seccomp_families[CRW_SECCOMP_MAX] = {
    { crw_seccomp_python_groups, crw_seccomp_python_rules },
    { crw_seccomp_init_groups,   crw_seccomp_init_rules },
    { crw_seccomp_relay_groups,  crw_seccomp_relay_rules }
};


int
crw_filter_create(crw_filter_t *filter, crw_seccomp_family_e family,
    int locks, crw_error_t *err)
{
    int              rc;
    scmp_filter_ctx  ctx;

    memset(filter, 0, sizeof(*filter));

    ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (ctx == NULL) {
        return crw_error_set(err, ENOMEM, "cannot start a seccomp filter");
    }

    /* 2: a binary tree over the numbers, not a list */

    rc = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH,
                          SCMP_ACT_ERRNO(ENOSYS));
    if (rc == 0) {
        (void) seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
        rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS),
                              SCMP_SYS(clone3), 0);
    }

    if (rc != 0) {
        rc = crw_error_set(err, -rc, "cannot set up a seccomp filter");

    } else {
        rc = crw_seccomp_allow(ctx, crw_seccomp_families[family].groups,
                               crw_seccomp_families[family].rules, err);
    }

    if (rc == 0 && locks) {
        rc = crw_seccomp_allow_rules(ctx, crw_seccomp_lock_rules, err);
    }

    if (rc == 0) {
        rc = crw_seccomp_export(ctx, filter, err);
    }

    seccomp_release(ctx);

    return rc;
}


void
crw_filter_destroy(crw_filter_t *filter)
{
    free(filter->prog.filter);
    memset(filter, 0, sizeof(*filter));
}


static int
crw_seccomp_allow(scmp_filter_ctx ctx, const crw_seccomp_group_t *groups,
    const crw_seccomp_rule_t *rules, crw_error_t *err)
{
    for ( /* void */ ; groups->names != NULL; groups++) {
        if (crw_seccomp_allow_group(ctx, groups->names, err) == -1) {
            return -1;
        }
    }

    return crw_seccomp_allow_rules(ctx, rules, err);
}


static int
crw_seccomp_allow_rules(scmp_filter_ctx ctx, const crw_seccomp_rule_t *rules,
    crw_error_t *err)
{
    int                  nr, rc;
    struct scmp_arg_cmp  cmp;

    for ( /* void */ ; rules->name != NULL; rules++) {

        nr = seccomp_syscall_resolve_name(rules->name);
        if (nr < 0) {
            continue;
        }

        cmp.arg = rules->arg;
        cmp.op = SCMP_CMP_MASKED_EQ;
        cmp.datum_a = rules->mask;
        cmp.datum_b = rules->value;

        rc = seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, 1, &cmp);
        if (rc != 0) {
            return crw_error_set(err, -rc, "seccomp rule for \"%s\" failed",
                                 rules->name);
        }
    }

    return 0;
}


static int
crw_seccomp_allow_group(scmp_filter_ctx ctx, const char *names,
    crw_error_t *err)
{
    int     nr, rc;
    char    name[CRW_SECCOMP_NAME];
    size_t  len;

    for ( ;; ) {
        names += strspn(names, " ");
        len = strcspn(names, " ");

        if (len == 0) {
            return 0;
        }

        if (len >= sizeof(name)) {
            return crw_error_set(err, 0, "system call name too long");
        }

        memcpy(name, names, len);
        name[len] = '\0';
        names += len;

        /* negative: not a call of this architecture, or too new for the
           library; then it stays refused */

        nr = seccomp_syscall_resolve_name(name);
        if (nr < 0) {
            continue;
        }

        rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
        if (rc != 0) {
            return crw_error_set(err, -rc, "seccomp rule for \"%s\" failed",
                                 name);
        }
    }
}


static int
crw_seccomp_export(scmp_filter_ctx ctx, crw_filter_t *filter,
    crw_error_t *err)
{
    int                  fd, rc;
    size_t               size, count;
    ssize_t              n;
    struct stat          st;
    struct sock_filter  *code;

    fd = memfd_create("seccomp", MFD_CLOEXEC);
    if (fd == -1) {
        return crw_error_set(err, errno, "memfd for a seccomp filter failed");
    }

    rc = seccomp_export_bpf(ctx, fd);
    if (rc != 0 || fstat(fd, &st) == -1 || st.st_size == 0) {
        (void) close(fd);
        return crw_error_set(err, -rc, "seccomp filter does not compile");
    }

    size = (size_t) st.st_size;
    count = size / sizeof(struct sock_filter) + CRW_SECCOMP_PROLOGUE;

    code = count > BPF_MAXINSNS ? NULL : calloc(count, sizeof(*code));
    if (code == NULL) {
        (void) close(fd);
        return crw_error_set(err, ENOMEM, "seccomp filter of %zu instructions",
                             count);
    }

    n = pread(fd, code + CRW_SECCOMP_PROLOGUE, size, 0);
    (void) close(fd);

    if (n != (ssize_t) size) {
        free(code);
        return crw_error_set(err, EIO, "seccomp filter cannot be read back");
    }

    crw_seccomp_prologue(code);

    filter->prog.filter = code;
    filter->prog.len = (unsigned short) count;

    return 0;
}


/* ENOSYS above the last known number; then on to the compiled filter */

static void
crw_seccomp_prologue(struct sock_filter *code)
{
    const struct sock_filter  head[CRW_SECCOMP_PROLOGUE] = {
        BPF_STMT(BPF_LD|BPF_W|BPF_ABS, offsetof(struct seccomp_data, arch)),
        BPF_JUMP(BPF_JMP|BPF_JEQ|BPF_K, 0, 0, 4),
        BPF_STMT(BPF_LD|BPF_W|BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP|BPF_JGE|BPF_K, CRW_SECCOMP_X32, 2, 0),
        BPF_JUMP(BPF_JMP|BPF_JGT|BPF_K, CRW_SECCOMP_LAST, 0, 1),
        BPF_STMT(BPF_RET|BPF_K, SECCOMP_RET_ERRNO|ENOSYS)
    };

    memcpy(code, head, sizeof(head));
    code[1].k = seccomp_arch_native();
}


int
crw_sb_seccomp_program(crw_sandbox_t *sb)
{
    return crw_seccomp_load(sb->program_filter);
}


int
crw_sb_seccomp_init(crw_sandbox_t *sb)
{
    return crw_seccomp_load(sb->init_filter);
}


int
crw_sb_seccomp_relay(crw_sandbox_t *sb)
{
    return crw_seccomp_load(sb->relay_filter);
}


static int
crw_seccomp_load(const crw_filter_t *filter)
{
    if (filter == NULL || filter->prog.len == 0) {
        errno = EINVAL;
        return -1;
    }

    return (int) syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0,
                         &filter->prog);
}
