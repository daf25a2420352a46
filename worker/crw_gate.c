/*
 * Lets nginx workers in: a listening socket, a hello with a deadline, then a
 * tether whose end says that the nginx worker is gone.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../ipc/cr_reap.h"
#include "crw_log.h"
#include "crw_master.h"


#define CRW_GATE_HELLO_US  (2 * 1000000)
#define CRW_GATE_PAUSE_US  500000
#define CRW_GATE_BACKLOG   64


static int crw_gate_address(const crw_master_t *master,
    struct sockaddr_un *addr, crw_error_t *err);
static int crw_gate_stale(const struct sockaddr_un *addr, crw_error_t *err);
static void crw_gate_accept(crw_event_t *ev, uint32_t events);
static void crw_gate_resume(crw_timer_t *timer);
static int crw_gate_allowed(const crw_master_t *master, int fd, pid_t *pid);
static crw_guest_t *crw_gate_guest(crw_master_t *master);
static void crw_gate_refuse(int fd, uint32_t result);
static void crw_gate_tether(crw_event_t *ev, uint32_t events);
static void crw_gate_hello(crw_guest_t *guest);
static uint32_t crw_gate_channel(const crw_master_t *master);
static int crw_gate_welcome(crw_guest_t *guest, uint32_t channel);
static void crw_gate_gone(crw_guest_t *guest);
static void crw_gate_deadline(crw_timer_t *timer);


int
crw_gate_open(crw_master_t *master, crw_error_t *err)
{
    int                  fd, i;
    struct sockaddr_un   addr;

    for (i = 0; i < CR_CHANNELS_MAX; i++) {
        master->guests[i].master = master;
        crw_event_init(&master->guests[i].tether, crw_gate_tether,
                       &master->guests[i]);
        crw_timer_init(&master->guests[i].timer, crw_gate_deadline,
                       &master->guests[i]);
    }

    crw_event_init(&master->listener, crw_gate_accept, master);
    crw_timer_init(&master->pause, crw_gate_resume, master);

    if (crw_gate_address(master, &addr, err) != 0
        || crw_gate_stale(&addr, err) != 0)
    {
        return -1;
    }

    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1) {
        return crw_error_set(err, errno, "socket failed");
    }

    crw_event_hold(&master->listener, fd);

    if (bind(fd, (struct sockaddr *) &addr, sizeof(addr)) == -1) {
        return crw_error_set(err, errno, "%.108s cannot be made; is its "
                             "directory there", addr.sun_path);
    }

    if (chmod(addr.sun_path, master->config->socket_mode) == -1
        || listen(fd, CRW_GATE_BACKLOG) == -1)
    {
        return crw_error_set(err, errno, "%.108s", addr.sun_path);
    }

    return 0;
}


static int
crw_gate_address(const crw_master_t *master, struct sockaddr_un *addr,
    crw_error_t *err)
{
    size_t  len;

    len = strlen(master->config->socket);

    memset(addr, 0, sizeof(struct sockaddr_un));
    addr->sun_family = AF_UNIX;

    if (len >= sizeof(addr->sun_path)) {
        return crw_error_set(err, ENAMETOOLONG, "the socket's path");
    }

    memcpy(addr->sun_path, master->config->socket, len);

    return 0;
}


/* a socket that nobody listens on is what a killed pool left */

static int
crw_gate_stale(const struct sockaddr_un *addr, crw_error_t *err)
{
    int          fd, rc;
    struct stat  st;

    if (lstat(addr->sun_path, &st) == -1) {
        return 0;
    }

    if (!S_ISSOCK(st.st_mode)) {
        return crw_error_set(err, 0, "%.108s is there and no socket",
                             addr->sun_path);
    }

    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1) {
        return crw_error_set(err, errno, "socket failed");
    }

    rc = connect(fd, (const struct sockaddr *) addr, sizeof(*addr));

    if (rc == -1 && errno != ECONNREFUSED) {
        rc = 0;
    }

    (void) close(fd);

    if (rc == 0) {
        return crw_error_set(err, 0, "another pool listens on %.108s",
                             addr->sun_path);
    }

    if (unlink(addr->sun_path) == -1) {
        return crw_error_set(err, errno, "%.108s is stale and cannot be "
                             "removed", addr->sun_path);
    }

    return 0;
}


int
crw_gate_let_in(crw_master_t *master)
{
    return crw_event_watch(&master->loop, &master->listener, EPOLLIN);
}


void
crw_gate_close(crw_master_t *master)
{
    int  i;

    if (master->listener.fd != -1) {
        crw_event_close(&master->listener);
        (void) unlink(master->config->socket);
    }

    for (i = 0; i < CR_CHANNELS_MAX; i++) {
        crw_event_close(&master->guests[i].tether);
    }
}


static void
crw_gate_accept(crw_event_t *ev, uint32_t events)
{
    int            fd;
    pid_t          pid;
    crw_guest_t   *guest;
    crw_master_t  *master = ev->data;

    (void) events;

    fd = accept4(ev->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd == -1) {

        /* whoever waits would wake us again and again */

        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM
            || errno == ENOBUFS)
        {
            crw_log(CRW_LOG_ERROR, "accepting an nginx worker: %s; trying "
                    "again in half a second", strerror(errno));

            (void) crw_event_watch(&master->loop, ev, 0);
            crw_timer_set(&master->loop, &master->pause, CRW_GATE_PAUSE_US);
        }

        return;
    }

    if (!crw_gate_allowed(master, fd, &pid)) {
        crw_gate_refuse(fd, CR_WELCOME_REFUSED);
        return;
    }

    guest = crw_gate_guest(master);

    if (guest == NULL) {
        crw_log(CRW_LOG_WARN, "process %d found no place: raise channels",
                (int) pid);
        crw_gate_refuse(fd, CR_WELCOME_FULL);
        return;
    }

    guest->pid = pid;
    guest->channel = 0;

    if (crw_event_add(&master->loop, &guest->tether, fd, EPOLLIN) == 0) {
        crw_timer_set(&master->loop, &guest->timer, CRW_GATE_HELLO_US);
    }
}


/* harmless when the pool has left meanwhile: then there is no listener */

static void
crw_gate_resume(crw_timer_t *timer)
{
    crw_master_t  *master = timer->data;

    if (crw_event_watch(&master->loop, &master->listener, EPOLLIN) == -1) {
        crw_timer_set(&master->loop, &master->pause, CRW_GATE_PAUSE_US);
    }
}


static int
crw_gate_allowed(const crw_master_t *master, int fd, pid_t *pid)
{
    size_t         i;
    socklen_t      len;
    struct ucred   cred;

    len = sizeof(cred);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1) {
        return 0;
    }

    *pid = cred.pid;

    for (i = 0; i < master->config->nusers; i++) {
        if (master->config->users[i] == cred.uid) {
            return 1;
        }
    }

    crw_log(CRW_LOG_WARN, "process %d of uid %u is not in allowed_users",
            (int) cred.pid, (unsigned) cred.uid);

    return 0;
}


static crw_guest_t *
crw_gate_guest(crw_master_t *master)
{
    uint32_t  i;

    for (i = 1; i < master->segment.geometry.channels; i++) {
        if (master->guests[i].tether.fd == -1) {
            return &master->guests[i];
        }
    }

    return NULL;
}


/* one packet that says why, if it fits; then the door */

static void
crw_gate_refuse(int fd, uint32_t result)
{
    cr_welcome_t  welcome;

    memset(&welcome, 0, sizeof(welcome));
    cr_hello_init(&welcome.hello, CODEREMOTE_VERSION);
    welcome.result = result;

    (void) cr_hello_send(fd, &welcome, sizeof(welcome), NULL, 0);
    (void) close(fd);
}


static void
crw_gate_tether(crw_event_t *ev, uint32_t events)
{
    char          byte;
    ssize_t       n;
    crw_guest_t  *guest = ev->data;

    (void) events;

    if (guest->channel == 0) {
        crw_gate_hello(guest);
        return;
    }

    n = recv(ev->fd, &byte, 1, MSG_DONTWAIT);

    if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }

    if (n > 0) {
        return;                     /* nothing is said here; ignored */
    }

    crw_gate_gone(guest);
}


static void
crw_gate_hello(crw_guest_t *guest)
{
    uint32_t       channel;
    const char    *wrong;
    cr_hello_t     hello;
    crw_master_t  *master;

    master = guest->master;

    if (cr_hello_recv(guest->tether.fd, &hello, sizeof(hello), NULL, NULL)
        != 0)
    {
        if (errno != EAGAIN) {
            crw_gate_gone(guest);
        }

        return;
    }

    crw_timer_cancel(&master->loop, &guest->timer);

    wrong = cr_hello_check(&hello);

    if (wrong != NULL) {
        hello.version[CR_VERSION_MAX - 1] = '\0';
        crw_log(CRW_LOG_ERROR, "process %d is refused: %s: its version is "
                "%s, ABI %u, ours %s, ABI %d", (int) guest->pid, wrong,
                hello.version, hello.abi, CODEREMOTE_VERSION, CR_ABI_VERSION);
        crw_gate_refuse(guest->tether.fd, CR_WELCOME_VERSION);
        crw_event_hold(&guest->tether, -1);
        return;
    }

    channel = crw_gate_channel(master);

    if (crw_gate_welcome(guest, channel) != 0) {
        crw_log(CRW_LOG_ERROR, "welcoming process %d: %s", (int) guest->pid,
                strerror(errno));
        crw_gate_gone(guest);
        return;
    }

    crw_log(CRW_LOG_INFO, "nginx worker %d has channel %u",
            (int) guest->pid, channel);
}


/* there are as many as guests */

static uint32_t
crw_gate_channel(const crw_master_t *master)
{
    uint32_t  channel, i;

    for (channel = 1; ; channel++) {

        for (i = 1; i < master->segment.geometry.channels; i++) {
            if (master->guests[i].tether.fd != -1
                && master->guests[i].channel == channel)
            {
                break;
            }
        }

        if (i == master->segment.geometry.channels) {
            return channel;
        }
    }
}


static int
crw_gate_welcome(crw_guest_t *guest, uint32_t channel)
{
    int            fds[CR_HELLO_FDS_MAX];
    size_t         n;
    uint32_t       i;
    cr_channel_t  *ch;
    cr_welcome_t   welcome;
    crw_master_t  *master;

    master = guest->master;

    memset(&welcome, 0, sizeof(welcome));
    cr_hello_init(&welcome.hello, CODEREMOTE_VERSION);
    welcome.result = CR_WELCOME_OK;
    welcome.channel = channel;
    welcome.workers = master->segment.geometry.workers;

    n = 0;
    fds[n++] = master->memfd;
    fds[n++] = master->channels[channel];

    for (i = 0; i < master->segment.geometry.workers; i++) {
        fds[n++] = master->bells[i];
    }

    ch = cr_segment_channel(&master->segment, channel);
    atomic_store(&ch->pid, (uint32_t) guest->pid);

    guest->channel = channel;

    return cr_hello_send(guest->tether.fd, &welcome, sizeof(welcome), fds, n);
}


static void
crw_gate_gone(crw_guest_t *guest)
{
    int            rc;
    uint64_t       mask;
    crw_master_t  *master;

    master = guest->master;

    crw_timer_cancel(&master->loop, &guest->timer);
    crw_event_close(&guest->tether);

    if (guest->channel == 0) {
        return;
    }

    crw_log(CRW_LOG_INFO, "nginx worker %d left channel %u",
            (int) guest->pid, guest->channel);

    rc = pthread_mutex_lock(master->mutex);

    if (rc == EOWNERDEAD) {
        (void) pthread_mutex_consistent(master->mutex);
    }

    mask = cr_reap_channel(&master->segment, guest->channel, crw_wall_us());

    (void) pthread_mutex_unlock(master->mutex);

    atomic_store(&cr_segment_channel(&master->segment, guest->channel)->pid,
                 0);
    guest->channel = 0;

    crw_master_ring(master, mask);
    crw_master_ring_all(master);
}


static void
crw_gate_deadline(crw_timer_t *timer)
{
    crw_guest_t  *guest = timer->data;

    crw_log(CRW_LOG_WARN, "process %d said no hello", (int) guest->pid);
    crw_gate_gone(guest);
}
