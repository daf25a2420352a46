/*
 * Drives a zygote over its link, as the pool worker does.
 */

#include "sandbox_drive.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "crw_link.h"


#define DRIVE_ZYGOTE    "../../build/python-zygote"
#define DRIVE_PATIENCE  20000       /* ms */
#define DRIVE_NOBODY    65534
#define DRIVE_REQUEST   (256 * 1024)


static int drive_start(drive_t *d, const char *path, const char *const *args);
static int drive_wait(int fd, uint32_t type, drive_t *d, void *packet,
    size_t size, int *got);
static int drive_send_job(drive_t *d, drive_job_t *job);
static void drive_stdin(drive_t *d, drive_job_t *job);
static int drive_follow(drive_t *d, drive_job_t *job, int64_t start);
static void drive_signals(drive_t *d, drive_job_t *job, int64_t age);
static void drive_read(int *fd, char *buf, size_t *len, drive_job_t *job,
    int64_t start);
static void drive_message(drive_t *d, drive_job_t *job, int64_t start);
static void drive_shut(int *fd);
static void drive_shut_sandbox(drive_t *d);


int          drive_rootless;
const char  *drive_keeper_fault;


int64_t
drive_now_us(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


const char *
drive_zygote(void)
{
    const char  *path;

    path = getenv("PYTHON_ZYGOTE");
    if (path == NULL) {
        path = DRIVE_ZYGOTE;
    }

    if (access(path, X_OK) == -1) {
        printf("skipped: no %s, run make -C worker first\n", path);
        return NULL;
    }

    return path;
}


int
drive_open(drive_t *d, const char *const *args,
    void (*attached)(pid_t keeper, void *data), void *data)
{
    int               pair[2];
    const char       *path;
    crw_msg_t         msg;
    crw_keeper_msg_t  ask;

    memset(d, 0, sizeof(*d));
    d->link = d->keeper_link = d->keeper_pidfd = -1;
    d->sandbox_link = d->in = d->out = d->err = -1;
    d->init_pidfd = d->program_pidfd = -1;

    path = drive_zygote();
    if (path == NULL || drive_start(d, path, args) == -1) {
        return -1;
    }

    if (drive_wait(d->link, CRW_MSG_ZYGOTE_READY, d, &msg, sizeof(msg), NULL)
        == -1)
    {
        return -1;
    }

    memcpy(d->version, msg.text, sizeof(d->version));

    if (socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC, 0, pair) == -1) {
        return -1;
    }

    memset(&ask, 0, sizeof(ask));
    ask.msg.type = CRW_MSG_KEEPER;

    if (geteuid() == 0 && !drive_rootless) {
        ask.program_uid = DRIVE_UID;
        ask.init_uid = DRIVE_INIT_UID;
    }

    (void) crw_link_send(d->link, &ask, sizeof(ask), &pair[1], 1);
    (void) close(pair[1]);
    d->keeper_link = pair[0];

    if (drive_wait(d->link, CRW_MSG_KEEPER_STARTED, d, &msg, sizeof(msg),
                   &d->keeper_pidfd)
        == -1)
    {
        return -1;
    }

    d->keeper = msg.value;

    if (attached != NULL) {
        attached(d->keeper, data);
    }

    (void) crw_link_say(d->keeper_link, CRW_MSG_ATTACHED, 0,
                        drive_keeper_fault, NULL, 0);

    return drive_wait(d->keeper_link, CRW_MSG_KEEPER_READY, d, &msg,
                      sizeof(msg), NULL);
}


static int
drive_start(drive_t *d, const char *path, const char *const *args)
{
    int          i, pair[2];
    const char  *argv[32];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC, 0, pair) == -1) {
        return -1;
    }

    argv[0] = path;

    for (i = 1; args != NULL && args[i - 1] != NULL && i < 31; i++) {
        argv[i] = args[i - 1];
    }

    argv[i] = NULL;

    d->zygote = fork();

    if (d->zygote == 0) {
        (void) dup2(pair[1], 3);

        if (drive_rootless && geteuid() == 0
            && (setgroups(0, NULL) == -1
                || setresgid(DRIVE_NOBODY, DRIVE_NOBODY, DRIVE_NOBODY) == -1
                || setresuid(DRIVE_NOBODY, DRIVE_NOBODY, DRIVE_NOBODY) == -1))
        {
            _exit(126);
        }

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        (void) execv(path, (char *const *) argv);
        _exit(127);
    }

    (void) close(pair[1]);
    d->link = pair[0];

    return d->zygote == -1 ? -1 : 0;
}


void
drive_close(drive_t *d)
{
    drive_shut_sandbox(d);
    drive_shut(&d->keeper_link);
    drive_shut(&d->keeper_pidfd);
    drive_shut(&d->link);

    if (d->zygote > 0) {
        (void) waitpid(d->zygote, NULL, 0);
        d->zygote = 0;
    }
}


static void
drive_shut(int *fd)
{
    if (*fd != -1) {
        (void) close(*fd);
        *fd = -1;
    }
}


/* the next packet, which must be of this type; FAILED is kept */

static int
drive_wait(int fd, uint32_t type, drive_t *d, void *packet, size_t size,
    int *got)
{
    int             n, fds[CRW_LINK_FDS], nfds;
    crw_msg_t      *msg = packet;
    struct pollfd   p;

    p.fd = fd;
    p.events = POLLIN;

    if (poll(&p, 1, DRIVE_PATIENCE) != 1) {
        (void) snprintf(d->failed, sizeof(d->failed), "no message %u", type);
        return -1;
    }

    n = (int) crw_link_recv(fd, packet, size, fds, CRW_LINK_FDS, &nfds);

    if (n <= 0) {
        (void) snprintf(d->failed, sizeof(d->failed), "link closed");
        return -1;
    }

    if (msg->type == CRW_MSG_FAILED) {
        memcpy(d->failed, msg->text, sizeof(d->failed));
        d->failed_errno = msg->value;
    }

    while (nfds > (got != NULL ? 1 : 0)) {
        (void) close(fds[--nfds]);
    }

    if (got != NULL && nfds == 1) {
        *got = fds[0];
    }

    return msg->type == type ? 0 : -1;
}


int
drive_build(drive_t *d, const char *fault)
{
    int              link[2], in[2], out[2], err[2], fds[4];
    crw_msg_t        msg;
    crw_build_msg_t  build;

    d->failed[0] = '\0';

    if (socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC, 0, link) == -1
        || pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1
        || pipe2(err, O_CLOEXEC) == -1)
    {
        return -1;
    }

    fds[0] = link[1];
    fds[1] = in[0];
    fds[2] = out[1];
    fds[3] = err[1];

    memset(&build, 0, sizeof(build));
    build.msg.type = CRW_MSG_BUILD;
    build.work_bytes = 16 * 1024 * 1024;
    build.work_inodes = 1024;

    if (fault != NULL) {
        (void) snprintf(build.msg.text, sizeof(build.msg.text), "%s", fault);
    }

    (void) crw_link_send(d->keeper_link, &build, sizeof(build), fds, 4);

    (void) close(link[1]);
    (void) close(in[0]);
    (void) close(out[1]);
    (void) close(err[1]);

    d->sandbox_link = link[0];
    d->in = in[1];
    d->out = out[0];
    d->err = err[0];

    if (drive_wait(d->keeper_link, CRW_MSG_BUILT, d, &msg, sizeof(msg),
                   &d->init_pidfd)
        == -1)
    {
        return -1;
    }

    d->init = msg.value;

    if (drive_wait(d->sandbox_link, CRW_MSG_READY, d, &msg, sizeof(msg),
                   &d->program_pidfd)
        == -1)
    {
        return -1;
    }

    d->ready_cpu_us = (uint32_t) msg.value;

    return 0;
}


int
drive_gone(drive_t *d)
{
    crw_msg_t  msg;

    drive_shut_sandbox(d);

    return drive_wait(d->keeper_link, CRW_MSG_GONE, d, &msg, sizeof(msg),
                      NULL);
}


static void
drive_shut_sandbox(drive_t *d)
{
    drive_shut(&d->sandbox_link);
    drive_shut(&d->in);
    drive_shut(&d->out);
    drive_shut(&d->err);
    drive_shut(&d->init_pidfd);
    drive_shut(&d->program_pidfd);
}


int
drive_run(drive_t *d, drive_job_t *job)
{
    int      rc;
    int64_t  start;

    start = drive_now_us();

    job->out_len = job->err_len = job->all_len = 0;
    job->exited = 0;
    job->first_us = job->exit_us = job->gone_us = -1;

    rc = drive_send_job(d, job);

    if (rc == 0) {
        drive_stdin(d, job);
        rc = drive_follow(d, job, start);
    }

    drive_shut_sandbox(d);

    return rc == 0 && d->failed[0] == '\0' ? 0 : -1;
}


static int
drive_send_job(drive_t *d, drive_job_t *job)
{
    int                    i;
    size_t                 n, sent;
    crw_job_msg_t          msg;
    static uint8_t         arena[DRIVE_REQUEST];
    cr_request_writer_t    w;

    cr_request_init(&w, arena, sizeof(arena));
    (void) cr_request_add(&w, CR_RECORD_CODE, job->code, strlen(job->code));

    for (i = 0; i < 8 && job->args[i] != NULL; i++) {
        (void) cr_request_add(&w, CR_RECORD_ARG, job->args[i],
                              strlen(job->args[i]));
    }

    for (i = 0; i < 8 && job->env[i] != NULL; i++) {
        (void) cr_request_add(&w, CR_RECORD_ENV, job->env[i],
                              strlen(job->env[i]));
    }

    for (i = 0; i < 8 && job->files[i][0] != NULL; i++) {
        (void) cr_request_add(&w, CR_RECORD_FILE_NAME, job->files[i][0],
                              strlen(job->files[i][0]));
        (void) cr_request_add(&w, CR_RECORD_FILE_DATA, job->files[i][1],
                              strlen(job->files[i][1]));
    }

    memset(&msg, 0, sizeof(msg));
    msg.msg.type = CRW_MSG_JOB;
    msg.limits = job->limits;
    msg.total = (uint32_t) w.used;
    msg.rootless = job->limits.memory_kb != 0;

    if (crw_link_send(d->sandbox_link, &msg, sizeof(msg), NULL, 0) == -1) {
        return -1;
    }

    for (sent = 0; sent < w.used; sent += n) {
        n = w.used - sent;
        n = n > CRW_JOB_PACKET ? CRW_JOB_PACKET : n;

        if (crw_link_send(d->sandbox_link, arena + sent, n, NULL, 0) == -1) {
            return -1;
        }
    }

    return 0;
}


static void
drive_stdin(drive_t *d, drive_job_t *job)
{
    if (job->text != NULL) {
        if (write(d->in, job->text, strlen(job->text)) == -1) {
            perror("stdin");
        }
    }

    if (!job->keep_stdin) {
        drive_shut(&d->in);
    }
}


/* until the keeper says that nothing is left */

static int
drive_follow(drive_t *d, drive_job_t *job, int64_t start)
{
    crw_msg_t      msg;
    struct pollfd  p[4];

    for ( ;; ) {
        p[0].fd = d->out;
        p[1].fd = d->err;
        p[2].fd = d->sandbox_link;
        p[3].fd = d->keeper_link;
        p[0].events = p[1].events = p[2].events = p[3].events = POLLIN;
        p[0].revents = p[1].revents = p[2].revents = p[3].revents = 0;

        (void) poll(p, 4, 5);

        drive_signals(d, job, drive_now_us() - start);

        if (drive_now_us() - start > (int64_t) DRIVE_PATIENCE * 1000) {
            (void) snprintf(d->failed, sizeof(d->failed), "never ended");
            return -1;
        }

        if (p[0].revents != 0) {
            drive_read(&d->out, job->out, &job->out_len, job, start);
        }

        if (p[1].revents != 0) {
            drive_read(&d->err, job->err, &job->err_len, job, start);
        }

        if (p[2].revents != 0) {
            drive_message(d, job, start);
        }

        if (p[3].revents != 0 && d->out == -1 && d->err == -1
            && d->sandbox_link == -1)
        {
            job->gone_us = drive_now_us() - start;
            return drive_wait(d->keeper_link, CRW_MSG_GONE, d, &msg,
                              sizeof(msg), NULL);
        }
    }
}


static void
drive_signals(drive_t *d, drive_job_t *job, int64_t age)
{
    if (job->signal_after_ms != 0 && age >= job->signal_after_ms * 1000) {
        job->signal_after_ms = 0;
        (void) syscall(SYS_pidfd_send_signal, d->program_pidfd, SIGINT, NULL,
                       0);
    }

    if (job->kill_after_ms != 0 && age >= job->kill_after_ms * 1000) {
        job->kill_after_ms = 0;
        (void) syscall(SYS_pidfd_send_signal, d->init_pidfd, SIGKILL, NULL,
                       0);
    }
}


static void
drive_read(int *fd, char *buf, size_t *len, drive_job_t *job, int64_t start)
{
    char     piece[65536];
    size_t   keep;
    ssize_t  n;

    n = read(*fd, piece, sizeof(piece));

    if (n <= 0) {
        drive_shut(fd);
        return;
    }

    if (job->first_us == -1) {
        job->first_us = drive_now_us() - start;
    }

    keep = DRIVE_OUTPUT - 1 - *len;
    keep = (size_t) n < keep ? (size_t) n : keep;
    memcpy(buf + *len, piece, keep);
    *len += keep;
    buf[*len] = '\0';

    keep = DRIVE_OUTPUT - 1 - job->all_len;
    keep = (size_t) n < keep ? (size_t) n : keep;
    memcpy(job->all + job->all_len, piece, keep);
    job->all_len += keep;
    job->all[job->all_len] = '\0';
}


static void
drive_message(drive_t *d, drive_job_t *job, int64_t start)
{
    int             nfds;
    ssize_t         n;
    crw_exit_msg_t  msg;

    memset(&msg, 0, sizeof(msg));
    n = crw_link_recv(d->sandbox_link, &msg, sizeof(msg), NULL, 0, &nfds);

    if (n <= 0) {
        drive_shut(&d->sandbox_link);
        return;
    }

    if (msg.msg.type == CRW_MSG_FAILED) {
        memcpy(d->failed, msg.msg.text, sizeof(d->failed));
        d->failed_errno = msg.msg.value;
        return;
    }

    if (msg.msg.type == CRW_MSG_EXIT) {
        job->exited = 1;
        job->status = msg.wait_status;
        job->cpu_us = msg.cpu_us;
        job->exit_us = drive_now_us() - start;
    }
}


drive_job_t *
drive_python(drive_t *d, const char *code)
{
    static drive_job_t  job;

    memset(&job, 0, sizeof(job));
    job.code = code;

    if (drive_build(d, NULL) == -1 || drive_run(d, &job) == -1) {
        printf("  sandbox failed: %s (%s)\n", d->failed,
               strerror(d->failed_errno));
    }

    return &job;
}
