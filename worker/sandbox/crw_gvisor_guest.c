/*
 * Pid 1 inside the sentry: boots the interpreter, forks the program, and is
 * for it what pool, keeper and init are without gVisor: the other end of its
 * link and its pipes.  The pipes are the sentry's own, so a program can ask
 * how much in them has not been read, and is another user than this one.
 */

#include "crw_gvisor.h"
#include "crw_link.h"
#include "crw_sb.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>


#define CRW_GUEST_FDS    16             /* ours are moved up here */
#define CRW_GUEST_PIDS   "/dev/shm"     /* for a moment */
#define CRW_GUEST_GROUP  CRW_GUEST_PIDS "/program"
#define CRW_GUEST_DRAIN  (1024 * 1024)  /* left in a pipe at the end */
#define CRW_GUEST_READ   (32 * 1024)


typedef enum {
    CRW_GUEST_FRAMES = 0,
    CRW_GUEST_LINK,
    CRW_GUEST_STDOUT,
    CRW_GUEST_STDERR,
    CRW_GUEST_STDIN,
    CRW_GUEST_POLLS
} crw_guest_poll_e;


typedef struct {
    int            out;             /* frames to the relay */
    int            link;            /* to the program */
    int            in;              /* its stdin, -1: closed */
    int            streams[2];      /* its stdout and stderr, -1: ended */
    int            program;
    int            pids;            /* how many it may be; open, or its
                                       group would go with the mount */
    int            limited;
    int            eof;             /* of stdin, once all is written */
    size_t         waiting;         /* of stdin */
    crw_frames_t   frames;
    uint8_t        input[2 * CRW_GVISOR_WINDOW];
    uint8_t        data[CRW_JOB_PACKET];
} crw_guest_t;


/* the program's ends */

typedef struct {
    int  fds[4];                    /* stdin, stdout, stderr, link */
} crw_guest_ends_t;


static crw_guest_t            crw_guest_one;
static volatile sig_atomic_t  crw_guest_child;


static int crw_guest_start(crw_chain_t *chain, crw_guest_t *g,
    crw_error_t *err);
static int crw_guest_open(crw_guest_t *g, crw_guest_ends_t *ends);
static int crw_guest_group(crw_guest_t *g);
static void crw_guest_limit(crw_guest_t *g, const crw_frame_t *frame,
    const uint8_t *payload);
static void crw_guest_program(crw_chain_t *chain, crw_guest_ends_t *ends)
    __attribute__((noreturn));
static const char *crw_guest_drop(crw_chain_t *chain);
static void crw_guest_sigchld(int signo);
static void crw_guest_loop(crw_guest_t *g, const sigset_t *mask);
static int crw_guest_frame(crw_guest_t *g);
static void crw_guest_take(crw_guest_t *g, const crw_frame_t *frame,
    const uint8_t *payload);
static void crw_guest_input(crw_guest_t *g);
static void crw_guest_taken(crw_guest_t *g, size_t n);
static void crw_guest_said(crw_guest_t *g);
static size_t crw_guest_stream(crw_guest_t *g, int i);
static void crw_guest_reap(crw_guest_t *g);
static void crw_guest_exit(crw_guest_t *g, int status)
    __attribute__((noreturn));
static void crw_guest_say(crw_guest_t *g, uint32_t type, const void *payload,
    size_t len);


int
crw_gvisor_guest(crw_chain_t *chain)
{
    sigset_t      set;
    crw_msg_t     msg;
    crw_error_t   err;
    crw_guest_t  *g = &crw_guest_one;

    memset(&err, 0, sizeof(err));
    memset(&msg, 0, sizeof(msg));

    g->frames.fd = fcntl(CRW_GVISOR_IN, F_DUPFD_CLOEXEC, CRW_GUEST_FDS);
    g->out = fcntl(CRW_GVISOR_OUT, F_DUPFD_CLOEXEC, CRW_GUEST_FDS);

    if (g->frames.fd == -1 || g->out == -1) {
        return 1;
    }

    if (crw_guest_start(chain, g, &err) == -1) {
        msg.type = CRW_MSG_FAILED;
        msg.value = err.err;
        memcpy(msg.text, err.text, strnlen(err.text, CRW_TEXT_MAX - 1));
        crw_guest_say(g, CRW_FRAME_LINK, &msg, sizeof(msg));
        return 1;
    }

    (void) sigemptyset(&set);

    for ( ;; ) {
        crw_guest_loop(g, &set);
    }
}


static int
crw_guest_start(crw_chain_t *chain, crw_guest_t *g, crw_error_t *err)
{
    int               i;
    char              version[CRW_TEXT_MAX];
    sigset_t          set;
    crw_guest_ends_t  ends;
    struct sigaction  sa;

    chain->sandbox.work_bytes = strtoull(chain->guest, NULL, 10);

    if (crw_chain_boot(chain, version, sizeof(version), err) == -1) {
        return -1;
    }

    if (dup2(STDOUT_FILENO, STDERR_FILENO) == -1
        || crw_guest_open(g, &ends) == -1)
    {
        return crw_error_set(err, errno, "guest_pipes");
    }

    /* not before the interpreter has looked at its signals */

    memset(&sa, 0, sizeof(sa));
    sa.sa_handler = crw_guest_sigchld;
    (void) sigemptyset(&set);
    (void) sigaddset(&set, SIGCHLD);

    if (sigaction(SIGCHLD, &sa, NULL) == -1
        || sigprocmask(SIG_BLOCK, &set, NULL) == -1)
    {
        return crw_error_set(err, errno, "guest_signals");
    }

    g->program = fork();

    if (g->program == -1) {
        return crw_error_set(err, errno, "guest_fork");
    }

    if (g->program == 0) {
        crw_guest_program(chain, &ends);
    }

    for (i = 0; i < 4; i++) {
        (void) close(ends.fds[i]);
    }

    if (crw_guest_group(g) == -1) {
        return crw_error_set(err, errno, "guest_pids");
    }

    if (crw_sb_caps_undumpable(&chain->sandbox) == -1) {
        return crw_error_set(err, errno, "guest_undumpable");
    }

    (void) prctl(PR_SET_NAME, "crw-guest", 0, 0, 0);

    return 0;
}


static int
crw_guest_open(crw_guest_t *g, crw_guest_ends_t *ends)
{
    int  link[2], in[2], out[2], err[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET|SOCK_CLOEXEC, 0, link) == -1
        || pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1
        || pipe2(err, O_CLOEXEC) == -1)
    {
        return -1;
    }

    g->link = link[0];
    g->in = in[1];
    g->streams[0] = out[0];
    g->streams[1] = err[0];

    ends->fds[0] = in[0];
    ends->fds[1] = out[1];
    ends->fds[2] = err[1];
    ends->fds[3] = link[1];

    if (fcntl(g->in, F_SETFL, O_NONBLOCK) == -1
        || fcntl(g->streams[0], F_SETFL, O_NONBLOCK) == -1
        || fcntl(g->streams[1], F_SETFL, O_NONBLOCK) == -1)
    {
        return -1;
    }

    return 0;
}


/*
 * The sentry's own pids controller: a program that forks without end hears
 * EAGAIN, as from any kernel.  The limit outside is for the sentry, which
 * does not survive it.
 */

static int
crw_guest_group(crw_guest_t *g)
{
    int   n;
    char  pid[16];

    if (mount("pids", CRW_GUEST_PIDS, "cgroup", MS_NOSUID|MS_NODEV|MS_NOEXEC,
              "pids")
        == -1
        || mkdir(CRW_GUEST_GROUP, 0700) == -1)
    {
        return -1;
    }

    n = snprintf(pid, sizeof(pid), "%d", g->program);

    if (crw_sb_write(CRW_GUEST_GROUP "/cgroup.procs", pid, (size_t) n)
        == -1)
    {
        return -1;
    }

    g->pids = open(CRW_GUEST_GROUP "/pids.max", O_WRONLY|O_CLOEXEC);

    if (g->pids == -1) {
        return -1;
    }

    return umount2(CRW_GUEST_PIDS, MNT_DETACH);
}


/* the first packet of a job says how many processes it may have */

static void
crw_guest_limit(crw_guest_t *g, const crw_frame_t *frame,
    const uint8_t *payload)
{
    int            n;
    char           text[16];
    crw_job_msg_t  job;

    if (g->limited || frame->len != sizeof(job)) {
        return;
    }

    memcpy(&job, payload, sizeof(job));
    n = snprintf(text, sizeof(text), "%u", (unsigned) job.limits.processes);

    if (write(g->pids, text, (size_t) n) != n) {
        _exit(1);
    }

    g->limited = 1;
}


static void
crw_guest_program(crw_chain_t *chain, crw_guest_ends_t *ends)
{
    sigset_t     set;
    const char  *step;

    if (crw_sb_fds_install(ends->fds, 4) == -1) {
        _exit(1);
    }

    (void) signal(SIGCHLD, SIG_DFL);
    (void) sigemptyset(&set);
    (void) sigprocmask(SIG_SETMASK, &set, NULL);

    crw_chain_program_title(chain);

    step = crw_guest_drop(chain);

    if (step != NULL) {
        crw_chain_fail(CRW_CHAIN_LINK, step, errno);
    }

    crw_chain_program_warm(chain);
    crw_chain_program_ready(-1);
    crw_chain_program_job(chain);
}


/* the user, the place and the system calls that programs expect */

static const char *
crw_guest_drop(crw_chain_t *chain)
{
    if (setsid() == -1) {
        return "guest_session";
    }

    if (crw_sb_caps_bounding(&chain->sandbox) == -1) {
        return "guest_bounding";
    }

    if (syscall(SYS_setgroups, 0, NULL) == -1
        || syscall(SYS_setresgid, CRW_SANDBOX_UID, CRW_SANDBOX_UID,
                   CRW_SANDBOX_UID)
           == -1
        || syscall(SYS_setresuid, CRW_SANDBOX_UID, CRW_SANDBOX_UID,
                   CRW_SANDBOX_UID)
           == -1)
    {
        return "guest_user";
    }

    if (crw_sb_caps_no_new_privs(&chain->sandbox) == -1) {
        return "guest_no_new_privs";
    }

    if (crw_sb_mount_cwd(&chain->sandbox) == -1) {
        return "guest_directory";
    }

    return crw_sb_seccomp_program(&chain->sandbox) == -1 ? "guest_seccomp"
                                                         : NULL;
}


static void
crw_guest_sigchld(int signo)
{
    (void) signo;

    crw_guest_child = 1;
}


static void
crw_guest_loop(crw_guest_t *g, const sigset_t *mask)
{
    int            i;
    struct pollfd  p[CRW_GUEST_POLLS];

    for (i = 0; i < CRW_GUEST_POLLS; i++) {
        p[i].events = POLLIN;
        p[i].revents = 0;
    }

    p[CRW_GUEST_FRAMES].fd = g->frames.fd;
    p[CRW_GUEST_LINK].fd = g->link;
    p[CRW_GUEST_STDOUT].fd = g->streams[0];
    p[CRW_GUEST_STDERR].fd = g->streams[1];
    p[CRW_GUEST_STDIN].fd = g->waiting != 0 ? g->in : -1;
    p[CRW_GUEST_STDIN].events = POLLOUT;

    if (ppoll(p, CRW_GUEST_POLLS, NULL, mask) == -1 && errno != EINTR) {
        _exit(1);
    }

    if (p[CRW_GUEST_LINK].revents != 0) {
        crw_guest_said(g);
    }

    for (i = 0; i < 2; i++) {
        if (p[CRW_GUEST_STDOUT + i].revents != 0) {
            (void) crw_guest_stream(g, i);
        }
    }

    if (p[CRW_GUEST_STDIN].revents != 0) {
        crw_guest_input(g);
    }

    if (p[CRW_GUEST_FRAMES].revents != 0 && crw_guest_frame(g) == -1) {
        _exit(1);
    }

    if (crw_guest_child) {
        crw_guest_child = 0;
        crw_guest_reap(g);
    }
}


static int
crw_guest_frame(crw_guest_t *g)
{
    int             rc;
    crw_frame_t     frame;
    const uint8_t  *payload;

    if (crw_frames_read(&g->frames) != 1) {
        return -1;
    }

    for ( ;; ) {
        rc = crw_frames_next(&g->frames, &frame, &payload);

        if (rc != 1) {
            return rc;
        }

        crw_guest_take(g, &frame, payload);
    }
}


static void
crw_guest_take(crw_guest_t *g, const crw_frame_t *frame,
    const uint8_t *payload)
{
    int32_t  signo;

    switch (frame->type) {

    case CRW_FRAME_LINK:
        crw_guest_limit(g, frame, payload);
        (void) crw_link_send(g->link, payload, frame->len, NULL, 0);
        return;

    case CRW_FRAME_STDIN:
        crw_guest_taken(g, sizeof(crw_frame_t));

        if (g->in == -1 || frame->len > sizeof(g->input) - g->waiting) {
            crw_guest_taken(g, frame->len);
            return;
        }

        memcpy(g->input + g->waiting, payload, frame->len);
        g->waiting += frame->len;
        crw_guest_input(g);
        return;

    case CRW_FRAME_EOF:
        g->eof = 1;
        crw_guest_input(g);
        return;

    case CRW_FRAME_SIGNAL:
        crw_guest_taken(g, sizeof(crw_frame_t) + frame->len);

        if (frame->len == sizeof(signo)) {
            memcpy(&signo, payload, sizeof(signo));
            (void) kill(g->program, signo);
        }

        return;

    default:
        return;
    }
}


static void
crw_guest_input(crw_guest_t *g)
{
    ssize_t  n;

    if (g->in == -1) {
        return;
    }

    if (g->waiting != 0) {
        n = write(g->in, g->input, g->waiting);

        if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }

        if (n == -1) {
            /* nobody will read it: the rest is taken and forgotten */
            n = (ssize_t) g->waiting;
            g->eof = 1;
        }

        memmove(g->input, g->input + n, g->waiting - (size_t) n);
        g->waiting -= (size_t) n;
        crw_guest_taken(g, (size_t) n);
    }

    if (g->eof && g->waiting == 0) {
        (void) close(g->in);
        g->in = -1;
    }
}


static void
crw_guest_taken(crw_guest_t *g, size_t n)
{
    uint32_t  taken;

    taken = (uint32_t) n;
    crw_guest_say(g, CRW_FRAME_TAKEN, &taken, sizeof(taken));
}


/* READY or FAILED; the program closes the link when it has its job */

static void
crw_guest_said(crw_guest_t *g)
{
    int      nfds;
    ssize_t  n;

    n = crw_link_recv(g->link, g->data, sizeof(crw_msg_t), NULL, 0, &nfds);

    if (n <= 0) {
        (void) close(g->link);
        g->link = -1;
        return;
    }

    crw_guest_say(g, CRW_FRAME_LINK, g->data, (size_t) n);
}


static size_t
crw_guest_stream(crw_guest_t *g, int i)
{
    ssize_t  n;

    if (g->streams[i] == -1) {
        return 0;
    }

    n = read(g->streams[i], g->data, CRW_GUEST_READ);

    if (n == -1) {
        return 0;
    }

    if (n == 0) {
        (void) close(g->streams[i]);
        g->streams[i] = -1;
        return 0;
    }

    crw_guest_say(g, i == 0 ? CRW_FRAME_STDOUT : CRW_FRAME_STDERR, g->data,
                  (size_t) n);

    return (size_t) n;
}


static void
crw_guest_reap(crw_guest_t *g)
{
    int  pid, status;

    for ( ;; ) {
        pid = (int) waitpid(-1, &status, WNOHANG);

        if (pid == g->program) {
            crw_guest_exit(g, status);
        }

        if (pid <= 0) {
            return;
        }
    }
}


/* what it left in its pipes, then how it ended; the others end with us */

static void
crw_guest_exit(crw_guest_t *g, int status)
{
    int             i;
    size_t          n, left;
    struct rusage   ru;
    crw_exit_msg_t  msg;

    if (g->link != -1) {
        crw_guest_said(g);          /* why it failed, if it said */
    }

    for (i = 0; i < 2; i++) {
        left = CRW_GUEST_DRAIN;

        do {
            n = crw_guest_stream(g, i);
            left -= n < left ? n : left;
        } while (n != 0 && left != 0);
    }

    memset(&msg, 0, sizeof(msg));
    msg.msg.type = CRW_MSG_EXIT;
    msg.wait_status = status;

    if (getrusage(RUSAGE_CHILDREN, &ru) == 0) {
        msg.cpu_us = (uint64_t) (ru.ru_utime.tv_sec + ru.ru_stime.tv_sec)
                     * 1000000
                     + (uint64_t) (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec);
        msg.maxrss_kb = (uint64_t) ru.ru_maxrss;
    }

    crw_guest_say(g, CRW_FRAME_LINK, &msg, sizeof(msg));

    _exit(0);
}


static void
crw_guest_say(crw_guest_t *g, uint32_t type, const void *payload, size_t len)
{
    if (crw_frame_write(g->out, type, payload, len) == -1) {
        _exit(1);
    }
}
