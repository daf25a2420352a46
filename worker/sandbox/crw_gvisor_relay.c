/*
 * The relay: stands outside for the program inside.  It has the pool's link
 * and pipes as the program would, the two pipes of runsc, and a signalfd: the
 * signals that the pool sends to "the program" are passed on as frames.
 *
 * It never blocks on a guest that does not read: what it has sent and the
 * guest has not taken fits into the pipe.  It does block on the pool, which
 * always reads on, or kills.
 */

#include "crw_gvisor.h"
#include "crw_link.h"
#include "crw_sb.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>


#define CRW_RELAY_READ      (16 * 1024)
#define CRW_RELAY_SPINS     50              /* of sched_yield */
#define CRW_RELAY_NAP       (50 * 1000)     /* ns */
#define CRW_RELAY_NAPS      250
#define CRW_RELAY_ORDER_US  (500 * 1000)
#define CRW_RELAY_SHARE     8               /* of the time that goes by */
#define CRW_RELAY_QUIET     2               /* exit code: init is silent */


typedef enum {
    CRW_RELAY_LINK = 0,
    CRW_RELAY_GUEST,
    CRW_RELAY_SIGNALS,
    CRW_RELAY_STDIN,
    CRW_RELAY_ERRORS,
    CRW_RELAY_POLLS
} crw_relay_poll_e;


typedef struct {
    const crw_sandbox_t  *sandbox;
    int            in;              /* the job's stdin, -1: ended */
    int            to_guest;
    int            signals;
    int            errors;          /* runsc's stderr, until it is ready */
    int            last;            /* stream written last, 0: none */
    int            ready;
    int64_t        order_us;        /* what may be waited for order */
    int64_t        order_at_us;     /* when that was known */
    size_t         sent;            /* of the window */
    crw_frames_t   frames;          /* from the guest */
    size_t         text_len;
    char           text[CRW_TEXT_MAX];
    uint8_t        packet[CRW_JOB_PACKET];
} crw_relay_t;


static crw_relay_t  crw_relay_one;


static void crw_relay_start(crw_chain_t *chain, crw_relay_t *r);
static void crw_relay_runsc(const crw_chain_t *chain, int in, int out,
    int err) __attribute__((noreturn));
static void crw_relay_say(const char *text);
static void crw_relay_weaken(crw_chain_t *chain);
static void crw_relay_signals(crw_relay_t *r);
static void crw_relay_loop(crw_relay_t *r);
static void crw_relay_link(crw_relay_t *r);
static void crw_relay_stdin(crw_relay_t *r);
static void crw_relay_signal(crw_relay_t *r);
static void crw_relay_errors(crw_relay_t *r);
static void crw_relay_guest(crw_relay_t *r);
static void crw_relay_frame(crw_relay_t *r, const crw_frame_t *frame,
    const uint8_t *payload);
static void crw_relay_packet(crw_relay_t *r, const uint8_t *data, size_t len);
static void crw_relay_ready(crw_relay_t *r, const crw_msg_t *msg);
static void crw_relay_output(crw_relay_t *r, int fd, const uint8_t *data,
    size_t len);
static void crw_relay_order(crw_relay_t *r);
static int64_t crw_relay_now_us(void);
static void crw_relay_taken(crw_relay_t *r, const uint8_t *data, size_t len);
static void crw_relay_ended(crw_relay_t *r) __attribute__((noreturn));


void
crw_gvisor_relay(crw_chain_t *chain, int ready)
{
    crw_relay_t  *r = &crw_relay_one;

    (void) prctl(PR_SET_NAME, "crw-relay", 0, 0, 0);

    /* root of the new namespace: the box's init uid outside */

    if (crw_sandbox_fault(&chain->sandbox, "relay_user") == -1
        || setsid() == -1
        || syscall(SYS_setgroups, 0, NULL) == -1
        || syscall(SYS_setresgid, 0, 0, 0) == -1
        || syscall(SYS_setresuid, 0, 0, 0) == -1)
    {
        crw_chain_fail(CRW_CHAIN_LINK, "relay_user", errno);
    }

    if (crw_sandbox_fault(&chain->sandbox, "relay_parent") == -1
        || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1)
    {
        crw_chain_fail(CRW_CHAIN_LINK, "relay_parent", errno);
    }

    if (crw_sandbox_fault(&chain->sandbox, "gvisor_bundle") == -1
        || crw_gvisor_bundle(chain) == -1)
    {
        crw_chain_fail(CRW_CHAIN_LINK, "gvisor_bundle", errno);
    }

    crw_relay_start(chain, r);
    crw_relay_weaken(chain);
    crw_relay_signals(r);

    crw_chain_program_wait(ready);

    if (crw_sandbox_fault(&chain->sandbox, "relay_seccomp") == -1
        || crw_sb_seccomp_relay(&chain->sandbox) == -1)
    {
        crw_chain_fail(CRW_CHAIN_LINK, "relay_seccomp", errno);
    }

    for ( ;; ) {
        crw_relay_loop(r);
    }
}


static void
crw_relay_start(crw_chain_t *chain, crw_relay_t *r)
{
    int  pid, in[2], out[2], err[2];

    if (crw_sandbox_fault(&chain->sandbox, "relay_pipe") == -1
        || pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1
        || pipe2(err, O_CLOEXEC) == -1)
    {
        crw_chain_fail(CRW_CHAIN_LINK, "relay_pipe", errno);
    }

    pid = crw_sandbox_fault(&chain->sandbox, "relay_fork");

    if (pid == 0) {
        pid = fork();
    }

    if (pid == -1) {
        crw_chain_fail(CRW_CHAIN_LINK, "relay_fork", errno);
    }

    if (pid == 0) {
        crw_relay_runsc(chain, in[0], out[1], err[1]);
    }

    (void) close(in[0]);
    (void) close(out[1]);
    (void) close(err[1]);

    r->sandbox = &chain->sandbox;
    r->in = STDIN_FILENO;
    r->to_guest = in[1];
    r->frames.fd = out[0];
    r->errors = err[0];
}


/* nothing of ours but these three pipes goes along */

static void
crw_relay_runsc(const crw_chain_t *chain, int in, int out, int err)
{
    int       fds[3];
    sigset_t  set;

    fds[0] = in;
    fds[1] = out;
    fds[2] = err;

    if (crw_sb_fds_install(fds, 3) == -1
        || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == -1)
    {
        _exit(126);
    }

    /* what the interpreter ignores stays ignored by exec */

    (void) signal(SIGPIPE, SIG_DFL);
    (void) signal(SIGXFSZ, SIG_DFL);
    (void) signal(SIGCHLD, SIG_DFL);
    (void) sigemptyset(&set);
    (void) sigprocmask(SIG_SETMASK, &set, NULL);

    /* the change of uid made /proc/self root's */

    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == -1
        || crw_sb_rlimit_oom_first(NULL) == -1)
    {
        crw_relay_say(strerror(errno));
        _exit(126);
    }

    crw_gvisor_exec(chain);
    crw_relay_say(strerror(errno));
    _exit(127);
}


static void
crw_relay_say(const char *text)
{
    (void) crw_frame_write_all(STDERR_FILENO, text, strlen(text));
}


/* it has all it needs; runsc, of the same uid, cannot look into it */

static void
crw_relay_weaken(crw_chain_t *chain)
{
    if (crw_sandbox_fault(&chain->sandbox, "relay_caps") == -1
        || crw_sb_caps_bounding(&chain->sandbox) == -1
        || crw_sb_caps_drop(&chain->sandbox) == -1
        || crw_sb_caps_undumpable(&chain->sandbox) == -1
        || crw_sb_caps_no_new_privs(&chain->sandbox) == -1)
    {
        crw_chain_fail(CRW_CHAIN_LINK, "relay_caps", errno);
    }
}


static void
crw_relay_signals(crw_relay_t *r)
{
    sigset_t  set;

    (void) sigfillset(&set);
    (void) sigprocmask(SIG_SETMASK, &set, NULL);
    (void) sigdelset(&set, SIGCHLD);

    r->signals = crw_sandbox_fault(r->sandbox, "relay_signals");

    if (r->signals == 0) {
        r->signals = signalfd(-1, &set, SFD_CLOEXEC|SFD_NONBLOCK);
    }

    if (r->signals == -1) {
        crw_chain_fail(CRW_CHAIN_LINK, "relay_signals", errno);
    }
}


static void
crw_relay_loop(crw_relay_t *r)
{
    int            i;
    struct pollfd  p[CRW_RELAY_POLLS];

    for (i = 0; i < CRW_RELAY_POLLS; i++) {
        p[i].events = POLLIN;
        p[i].revents = 0;
    }

    p[CRW_RELAY_LINK].fd = CRW_CHAIN_LINK;
    p[CRW_RELAY_GUEST].fd = r->frames.fd;
    p[CRW_RELAY_SIGNALS].fd = r->signals;
    p[CRW_RELAY_ERRORS].fd = r->errors;
    p[CRW_RELAY_STDIN].fd = (r->ready
                             && r->sent + sizeof(crw_frame_t)
                                < CRW_GVISOR_WINDOW)
                            ? r->in : -1;

    if (poll(p, CRW_RELAY_POLLS, -1) == -1) {
        if (errno == EINTR) {
            return;
        }

        _exit(CRW_RELAY_QUIET);
    }

    /* the job before its signals and its stdin; runsc's last words before
       its end */

    if (p[CRW_RELAY_LINK].revents != 0) {
        crw_relay_link(r);
    }

    if (p[CRW_RELAY_ERRORS].revents != 0) {
        crw_relay_errors(r);
    }

    if (p[CRW_RELAY_GUEST].revents != 0) {
        crw_relay_guest(r);
        return;                     /* it may have changed the rest */
    }

    if (p[CRW_RELAY_SIGNALS].revents != 0) {
        crw_relay_signal(r);
    }

    if (p[CRW_RELAY_STDIN].revents != 0) {
        crw_relay_stdin(r);
    }
}


static void
crw_relay_link(crw_relay_t *r)
{
    int      nfds;
    ssize_t  n;

    n = crw_link_recv(CRW_CHAIN_LINK, r->packet, sizeof(r->packet), NULL, 0,
                      &nfds);

    if (n <= 0) {
        /* a pool that changed its mind: nothing to report */
        _exit(CRW_RELAY_QUIET);
    }

    if (crw_frame_write(r->to_guest, CRW_FRAME_LINK, r->packet, (size_t) n)
        == -1)
    {
        crw_relay_ended(r);
    }
}


static void
crw_relay_stdin(crw_relay_t *r)
{
    size_t   room;
    ssize_t  n;

    room = CRW_GVISOR_WINDOW - r->sent;

    if (room <= sizeof(crw_frame_t)) {
        return;
    }

    room -= sizeof(crw_frame_t);

    if (room > CRW_RELAY_READ) {
        room = CRW_RELAY_READ;
    }

    n = read(r->in, r->packet, room);

    if (n == -1) {
        return;
    }

    if (n == 0) {
        (void) close(r->in);
        r->in = -1;
        (void) crw_frame_write(r->to_guest, CRW_FRAME_EOF, NULL, 0);
        return;
    }

    r->sent += sizeof(crw_frame_t) + (size_t) n;

    (void) crw_frame_write(r->to_guest, CRW_FRAME_STDIN, r->packet,
                           (size_t) n);
}


/* more signals than the window holds are one signal, as ever */

static void
crw_relay_signal(crw_relay_t *r)
{
    int32_t                  signo;
    struct signalfd_siginfo  info;

    if (read(r->signals, &info, sizeof(info)) != (ssize_t) sizeof(info)) {
        return;
    }

    if (!r->ready || r->sent + sizeof(crw_frame_t) + sizeof(signo)
                     > CRW_GVISOR_WINDOW)
    {
        return;
    }

    signo = (int32_t) info.ssi_signo;
    r->sent += sizeof(crw_frame_t) + sizeof(signo);

    (void) crw_frame_write(r->to_guest, CRW_FRAME_SIGNAL, &signo,
                           sizeof(signo));
}


/* the first line tells why it does not start; later ones would be a guest's */

static void
crw_relay_errors(crw_relay_t *r)
{
    char     *end;
    ssize_t   n;

    n = read(r->errors, r->text + r->text_len,
             sizeof(r->text) - 1 - r->text_len);

    if (n > 0) {
        r->text_len += (size_t) n;
        end = memchr(r->text, '\n', r->text_len);

        if (end == NULL && r->text_len < sizeof(r->text) - 1) {
            return;
        }

        if (end != NULL) {
            *end = '\0';
        }
    }

    (void) close(r->errors);
    r->errors = -1;
}


static void
crw_relay_guest(crw_relay_t *r)
{
    int             rc;
    crw_frame_t     frame;
    const uint8_t  *payload;

    if (crw_frames_read(&r->frames) != 1) {
        crw_relay_ended(r);
    }

    for ( ;; ) {
        rc = crw_frames_next(&r->frames, &frame, &payload);

        if (rc == 0) {
            return;
        }

        if (rc == -1) {
            crw_chain_fail(CRW_CHAIN_LINK, "gvisor_frame", EPROTO);
        }

        crw_relay_frame(r, &frame, payload);
    }
}


static void
crw_relay_frame(crw_relay_t *r, const crw_frame_t *frame,
    const uint8_t *payload)
{
    switch (frame->type) {

    case CRW_FRAME_LINK:
        crw_relay_packet(r, payload, frame->len);
        return;

    case CRW_FRAME_STDOUT:
        crw_relay_output(r, STDOUT_FILENO, payload, frame->len);
        return;

    case CRW_FRAME_STDERR:
        crw_relay_output(r, STDERR_FILENO, payload, frame->len);
        return;

    case CRW_FRAME_TAKEN:
        crw_relay_taken(r, payload, frame->len);
        return;

    default:
        crw_chain_fail(CRW_CHAIN_LINK, "gvisor_frame", EPROTO);
    }
}


/* what the program says; here is checked what the pool would take ill */

static void
crw_relay_packet(crw_relay_t *r, const uint8_t *data, size_t len)
{
    union {
        crw_msg_t       msg;
        crw_exit_msg_t  exit;
    } u;

    if (len < sizeof(crw_msg_t) || len > sizeof(u)) {
        crw_chain_fail(CRW_CHAIN_LINK, "gvisor_packet", EPROTO);
    }

    memcpy(&u, data, len);
    u.msg.text[CRW_TEXT_MAX - 1] = '\0';

    if (u.msg.type == CRW_MSG_READY && !r->ready) {
        crw_relay_ready(r, &u.msg);
        return;
    }

    if (u.msg.type == CRW_MSG_FAILED) {
        crw_chain_fail(CRW_CHAIN_LINK, u.msg.text, u.msg.value);
    }

    if (u.msg.type == CRW_MSG_EXIT && r->ready && len == sizeof(u.exit)) {
        (void) crw_link_send(CRW_CHAIN_LINK, &u.exit, sizeof(u.exit), NULL,
                             0);
        _exit(CRW_RELAY_QUIET);
    }

    crw_chain_fail(CRW_CHAIN_LINK, "gvisor_ended", EPROTO);
}


/* signals for the program come here */

static void
crw_relay_ready(crw_relay_t *r, const crw_msg_t *msg)
{
    int  pidfd;

    if (r->errors != -1) {
        (void) close(r->errors);
        r->errors = -1;
    }

    pidfd = crw_sandbox_fault(r->sandbox, "relay_pidfd");

    if (pidfd == 0) {
        pidfd = (int) syscall(SYS_pidfd_open, getpid(), 0);
    }

    if (pidfd == -1) {
        crw_chain_fail(CRW_CHAIN_LINK, "relay_pidfd", errno);
    }

    if (crw_link_say(CRW_CHAIN_LINK, CRW_MSG_READY, msg->value, NULL, &pidfd,
                     1)
        == -1)
    {
        _exit(CRW_RELAY_QUIET);
    }

    (void) close(pidfd);
    r->ready = 1;
}


static void
crw_relay_output(crw_relay_t *r, int fd, const uint8_t *data, size_t len)
{
    if (!r->ready) {
        crw_chain_fail(CRW_CHAIN_LINK, "gvisor_frame", EPROTO);
    }

    if (r->last != 0 && r->last != fd) {
        crw_relay_order(r);
    }

    r->last = fd;

    (void) crw_frame_write_all(fd, data, len);
}


/*
 * The two pipes to the pool have no order between them, so the second waits,
 * within reason, until the first has been read (as crw_python_stream.c).  The
 * pool gathers what comes in little bits, so a flood of them in turns would
 * take for ever: there is a share of the time for that, and no more.
 */

static void
crw_relay_order(crw_relay_t *r)
{
    int              i, left;
    int64_t          now_us;
    struct timespec  nap;

    nap.tv_sec = 0;
    nap.tv_nsec = CRW_RELAY_NAP;

    if (ioctl(r->last, FIONREAD, &left) == -1 || left == 0) {
        return;
    }

    now_us = crw_relay_now_us();
    r->order_us += (now_us - r->order_at_us) / CRW_RELAY_SHARE;
    r->order_at_us = now_us;

    if (r->order_us > CRW_RELAY_ORDER_US) {
        r->order_us = CRW_RELAY_ORDER_US;
    }

    for (i = 0; r->order_us > 0 && i < CRW_RELAY_SPINS + CRW_RELAY_NAPS; i++) {

        if (i < CRW_RELAY_SPINS) {
            (void) sched_yield();

        } else {
            (void) nanosleep(&nap, NULL);
        }

        if (ioctl(r->last, FIONREAD, &left) == -1 || left == 0) {
            break;
        }
    }

    r->order_us -= crw_relay_now_us() - now_us;
}


static int64_t
crw_relay_now_us(void)
{
    struct timespec  now;

    (void) clock_gettime(CLOCK_MONOTONIC, &now);

    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}


static void
crw_relay_taken(crw_relay_t *r, const uint8_t *data, size_t len)
{
    uint32_t  n;

    if (len != sizeof(n)) {
        crw_chain_fail(CRW_CHAIN_LINK, "gvisor_frame", EPROTO);
    }

    memcpy(&n, data, sizeof(n));

    if (n > r->sent) {
        crw_chain_fail(CRW_CHAIN_LINK, "gvisor_frame", EPROTO);
    }

    r->sent -= n;
}


/*
 * The sentry is gone.  During a job the pool hears it from the keeper, when
 * all is reaped and it can be known whether memory was the cause.
 */

static void
crw_relay_ended(crw_relay_t *r)
{
    char         text[CRW_TEXT_MAX];
    const char  *line;

    if (r->ready) {
        _exit(CRW_RELAY_QUIET);
    }

    while (r->errors != -1) {
        crw_relay_errors(r);
    }

    /* without time and file of a log line */

    line = strstr(r->text, "] ");
    line = line != NULL ? line + 2 : r->text;

    (void) snprintf(text, sizeof(text), "runsc: %.80s",
                    *line != '\0' ? line : "it ended");

    crw_chain_fail(CRW_CHAIN_LINK, text, 0);
}
