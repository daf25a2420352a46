
/*
 * One nginx worker's connection to a pool.
 *
 * A channel is for ever, a link is one life of its pool:
 *
 *   down -> connecting -> up -> lost
 *     ^         |               |
 *     +---------+---------------+   reconnect timer, 50 to 500 ms
 *
 * connecting: the SEQPACKET socket is connected, our hello is sent, the
 * welcome with its descriptors is awaited.  up: that socket is the tether,
 * the segment is mapped, the doorbell's eventfd is in the event loop.  lost:
 * the tether broke; watchers are told, and the mapping stays for a while so
 * that jobs which had finished can still be read.
 *
 * Both descriptors have read->channel set: nginx neither counts them as open
 * sockets at exit nor closes them as idle ones.
 */


#include "ngx_cr_channel.h"
#include "ngx_cr_stats.h"
#include "ngx_cr_watch.h"

#include <sys/un.h>


#define NGX_CR_CHANNEL_BACKOFF_MIN  50
#define NGX_CR_CHANNEL_BACKOFF_MAX  500
#define NGX_CR_CHANNEL_WELCOME      5000     /* ms for the pool to answer */


static void ngx_cr_channel_connect(ngx_cr_channel_t *ch);
static ngx_socket_t ngx_cr_channel_socket(ngx_cr_channel_t *ch);
static void ngx_cr_channel_reconnect_handler(ngx_event_t *ev);
static void ngx_cr_channel_expire_handler(ngx_event_t *ev);
static void ngx_cr_channel_retry(ngx_cr_channel_t *ch);
static void ngx_cr_channel_fail(ngx_cr_channel_t *ch, ngx_err_t err,
    const char *why);
static void ngx_cr_channel_welcome_handler(ngx_event_t *rev);
static const char *ngx_cr_channel_welcome(ngx_cr_channel_t *ch,
    cr_welcome_t *welcome, int *fds, size_t nfds);
static const char *ngx_cr_channel_version(ngx_cr_channel_t *ch,
    cr_hello_t *hello);
static const char *ngx_cr_channel_link(ngx_cr_link_t *link, int *fds,
    size_t nfds);
static void ngx_cr_channel_up(ngx_cr_channel_t *ch, ngx_cr_link_t *link);
static void ngx_cr_channel_tether_handler(ngx_event_t *rev);
static void ngx_cr_channel_doorbell_handler(ngx_event_t *rev);
static void ngx_cr_channel_posted_handler(ngx_event_t *ev);
static void ngx_cr_channel_lose(ngx_cr_link_t *link);
static void ngx_cr_channel_silence(ngx_cr_link_t *link);
static void ngx_cr_channel_destroy(ngx_cr_link_t *link);
static ngx_connection_t *ngx_cr_channel_adopt(int fd, ngx_log_t *log);
static void ngx_cr_channel_drop(ngx_connection_t *c);
static void ngx_cr_channel_bell(ngx_cr_link_t *link, uint32_t worker);
static void ngx_cr_channel_close_fds(int *fds, size_t nfds);


ngx_int_t
ngx_cr_channel_init(ngx_cycle_t *cycle, ngx_array_t *pools)
{
    ngx_uint_t         i;
    ngx_cr_pool_t    **pool;
    ngx_cr_channel_t  *ch;

    pool = pools->elts;

    for (i = 0; i < pools->nelts; i++) {

        ch = ngx_pcalloc(cycle->pool, sizeof(ngx_cr_channel_t));
        if (ch == NULL) {
            return NGX_ERROR;
        }

        ch->conf = pool[i];
        ch->log = cycle->log;
        ch->backoff = NGX_CR_CHANNEL_BACKOFF_MIN;
        ch->why = "not connected yet";

        ngx_queue_init(&ch->old);
        ngx_queue_init(&ch->waits);

        ch->reconnect.handler = ngx_cr_channel_reconnect_handler;
        ch->reconnect.data = ch;
        ch->reconnect.log = cycle->log;
        ch->reconnect.cancelable = 1;

        ch->expire.handler = ngx_cr_channel_expire_handler;
        ch->expire.data = ch;
        ch->expire.log = cycle->log;
        ch->expire.cancelable = 1;

        pool[i]->channel = ch;

        ngx_cr_channel_connect(ch);
    }

    return NGX_OK;
}


void
ngx_cr_channel_done(ngx_array_t *pools)
{
    ngx_uint_t         i;
    ngx_cr_pool_t    **pool;
    ngx_cr_channel_t  *ch;

    pool = pools->elts;

    for (i = 0; i < pools->nelts; i++) {
        ch = pool[i]->channel;

        if (ch == NULL) {
            continue;
        }

        if (ch->connecting != NULL) {
            ngx_cr_channel_drop(ch->connecting);
            ch->connecting = NULL;
        }

        if (ch->link != NULL) {
            ngx_cr_channel_silence(ch->link);
        }
    }
}


static void
ngx_cr_channel_connect(ngx_cr_channel_t *ch)
{
    cr_hello_t         hello;
    ngx_socket_t       fd;
    ngx_connection_t  *c;

    fd = ngx_cr_channel_socket(ch);
    if (fd == (ngx_socket_t) -1) {
        ngx_cr_channel_retry(ch);
        return;
    }

    cr_hello_init(&hello, CODEREMOTE_VERSION);

    if (cr_hello_send(fd, &hello, sizeof(cr_hello_t), NULL, 0) != 0) {
        ngx_cr_channel_fail(ch, ngx_errno, "the pool does not take a hello");
        ngx_cr_channel_close_fds(&fd, 1);
        ngx_cr_channel_retry(ch);
        return;
    }

    c = ngx_cr_channel_adopt(fd, ch->log);
    if (c == NULL) {
        ngx_cr_channel_fail(ch, 0, "no free connection of nginx");
        ngx_cr_channel_close_fds(&fd, 1);
        ngx_cr_channel_retry(ch);
        return;
    }

    c->data = ch;
    c->read->handler = ngx_cr_channel_welcome_handler;
    c->read->cancelable = 1;

    ngx_add_timer(c->read, NGX_CR_CHANNEL_WELCOME);

    ch->connecting = c;
}


/* a socket of this kind connects at once or not at all */

static ngx_socket_t
ngx_cr_channel_socket(ngx_cr_channel_t *ch)
{
    ngx_socket_t        fd;
    struct sockaddr_un  sun;

    fd = socket(AF_UNIX, SOCK_SEQPACKET|SOCK_NONBLOCK|SOCK_CLOEXEC, 0);
    if (fd == (ngx_socket_t) -1) {
        ngx_cr_channel_fail(ch, ngx_socket_errno, "socket() failed");
        return (ngx_socket_t) -1;
    }

    ngx_memzero(&sun, sizeof(struct sockaddr_un));
    sun.sun_family = AF_UNIX;
    ngx_memcpy(sun.sun_path, ch->conf->path.data, ch->conf->path.len);

    if (connect(fd, (struct sockaddr *) &sun, sizeof(struct sockaddr_un))
        == -1)
    {
        ngx_cr_channel_fail(ch, ngx_socket_errno, "connect() failed");
        ngx_cr_channel_close_fds(&fd, 1);
        return (ngx_socket_t) -1;
    }

    return fd;
}


static void
ngx_cr_channel_reconnect_handler(ngx_event_t *ev)
{
    ngx_cr_channel_connect(ev->data);
}


/* half of the delay is random: workers of nginx do not come all at once */

static void
ngx_cr_channel_retry(ngx_cr_channel_t *ch)
{
    ngx_msec_t  delay;

    delay = ch->backoff / 2 + ngx_random() % (ch->backoff / 2 + 1);

    ch->backoff = ngx_min(ch->backoff * 2, NGX_CR_CHANNEL_BACKOFF_MAX);

    ngx_add_timer(&ch->reconnect, delay);
}


/* one line for an outage; the rest is for debugging */

static void
ngx_cr_channel_fail(ngx_cr_channel_t *ch, ngx_err_t err, const char *why)
{
    ngx_uint_t  level;

    level = (ch->failures == 0 || ch->why != why) ? NGX_LOG_ERR : NGX_LOG_INFO;

    ch->failures++;
    ch->why = why;

    ngx_log_error(level, ch->log, err,
                  "coderemote pool \"%V\" is unavailable: %s",
                  &ch->conf->name, why);
}


static void
ngx_cr_channel_welcome_handler(ngx_event_t *rev)
{
    int                fds[CR_HELLO_FDS_MAX];
    size_t             nfds;
    const char        *why;
    cr_welcome_t       welcome;
    ngx_connection_t  *c;
    ngx_cr_channel_t  *ch;

    c = rev->data;
    ch = c->data;

    nfds = CR_HELLO_FDS_MAX;

    if (rev->timedout) {
        ngx_cr_channel_fail(ch, NGX_ETIMEDOUT, "the pool does not answer");
        goto failed;
    }

    if (cr_hello_recv(c->fd, &welcome, sizeof(cr_welcome_t), fds, &nfds)
        != 0)
    {
        if (ngx_errno == NGX_EAGAIN) {
            return;
        }

        ngx_cr_channel_fail(ch, ngx_errno, "the pool closed the connection");
        goto failed;
    }

    why = ngx_cr_channel_welcome(ch, &welcome, fds, nfds);

    if (why == NULL) {
        ngx_cr_channel_met(ch);
        return;
    }

    ngx_cr_channel_fail(ch, 0, why);
    ngx_cr_channel_close_fds(fds, nfds);

failed:

    ngx_cr_channel_drop(c);
    ch->connecting = NULL;

    ngx_cr_channel_retry(ch);
    ngx_cr_channel_met(ch);
}


/* NULL: the link is up and owns the descriptors; else what is wrong */

static const char *
ngx_cr_channel_welcome(ngx_cr_channel_t *ch, cr_welcome_t *welcome, int *fds,
    size_t nfds)
{
    const char     *why;
    ngx_cr_link_t  *link;

    if (cr_hello_check(&welcome->hello) != NULL
        || welcome->result == CR_WELCOME_VERSION)
    {
        return ngx_cr_channel_version(ch, &welcome->hello);
    }

    if (welcome->result == CR_WELCOME_FULL) {
        return "the pool has no channel left";
    }

    if (welcome->result != CR_WELCOME_OK) {
        return "the pool refuses this user";
    }

    if (nfds < 3) {
        return "the welcome came without descriptors";
    }

    link = ngx_calloc(sizeof(ngx_cr_link_t), ch->log);
    if (link == NULL) {
        return "no memory";
    }

    link->channel = ch;
    link->index = welcome->channel;

    why = ngx_cr_channel_link(link, fds, nfds);

    if (why != NULL) {
        ngx_cr_channel_destroy(link);
        return why;
    }

    ngx_cr_channel_up(ch, link);

    return NULL;
}


static const char *
ngx_cr_channel_version(ngx_cr_channel_t *ch, cr_hello_t *hello)
{
    static const char  why[] = "the pool is of another version";

    if (ch->why != why) {
        hello->version[CR_VERSION_MAX - 1] = '\0';

        ngx_log_error(NGX_LOG_ERR, ch->log, 0,
                      "coderemote pool \"%V\" does not fit: the nginx module "
                      "is %s with ABI %d, the pool is %s with ABI %uD",
                      &ch->conf->name, CODEREMOTE_VERSION, CR_ABI_VERSION,
                      hello->version, hello->abi);
    }

    ch->why = why;

    return why;
}


/* memfd, our doorbell, a doorbell of each pool worker; NULL or what is wrong */

static const char *
ngx_cr_channel_link(ngx_cr_link_t *link, int *fds, size_t nfds)
{
    size_t       n;
    ngx_log_t   *log;
    const char  *why;

    n = nfds - 2;
    log = link->channel->log;

    if (cr_segment_map(&link->segment, fds[0], &why) != 0) {
        return why;
    }

    if (n != link->segment.geometry.workers
        || link->index == CR_CHANNEL_MASTER
        || link->index >= link->segment.geometry.channels)
    {
        return "the welcome contradicts the segment";
    }

    if (ngx_cr_watch_init(link, log) != NGX_OK) {
        return "no memory";
    }

    link->worker_fds = ngx_alloc(n * sizeof(int), log);
    if (link->worker_fds == NULL) {
        return "no memory";
    }

    link->doorbell = ngx_cr_channel_adopt(fds[1], log);
    if (link->doorbell == NULL) {
        return "no free connection of nginx";
    }

    ngx_memcpy(link->worker_fds, fds + 2, n * sizeof(int));
    link->nworkers = n;

    ngx_cr_channel_close_fds(fds, 1);

    return NULL;
}


static void
ngx_cr_channel_up(ngx_cr_channel_t *ch, ngx_cr_link_t *link)
{
    ngx_connection_t  *c;

    c = ch->connecting;
    ch->connecting = NULL;

    ngx_del_timer(c->read);
    c->read->cancelable = 0;
    c->read->handler = ngx_cr_channel_tether_handler;
    c->data = link;
    link->tether = c;

    c = link->doorbell;
    c->data = link;
    c->read->handler = ngx_cr_channel_doorbell_handler;

    link->posted.handler = ngx_cr_channel_posted_handler;
    link->posted.data = link;
    link->posted.log = ch->log;

    ch->link = link;
    ch->why = NULL;
    ch->backoff = NGX_CR_CHANNEL_BACKOFF_MIN;
    ch->failures = 0;

    ngx_log_error(NGX_LOG_NOTICE, ch->log, 0,
                  "coderemote pool \"%V\" is up: version %s, %uD slots, "
                  "%uD workers", &ch->conf->name,
                  link->segment.header->version,
                  link->segment.geometry.slots,
                  link->segment.geometry.workers);

    /* while the pool lives: a lost link's jobs need the names too */

    (void) ngx_cr_channel_languages(link);

    /* arms the doorbell */

    ngx_cr_channel_posted_handler(&link->posted);
}


/* the pool never speaks after its welcome: anything here is its end */

static void
ngx_cr_channel_tether_handler(ngx_event_t *rev)
{
    u_char             byte;
    ssize_t            n;
    ngx_cr_link_t     *link;
    ngx_connection_t  *c;

    c = rev->data;
    link = c->data;

    n = recv(c->fd, &byte, 1, MSG_DONTWAIT);

    if (n == -1 && (ngx_errno == NGX_EAGAIN || ngx_errno == NGX_EINTR)) {
        return;
    }

    ngx_cr_channel_lose(link);
}


static void
ngx_cr_channel_doorbell_handler(ngx_event_t *rev)
{
    uint64_t           count;
    ngx_cr_link_t     *link;
    ngx_connection_t  *c;

    c = rev->data;
    link = c->data;

    if (read(c->fd, &count, sizeof(count)) == -1
        && ngx_errno != NGX_EAGAIN)
    {
        ngx_log_error(NGX_LOG_ERR, link->channel->log, ngx_errno,
                      "reading the coderemote doorbell failed");
    }

    ngx_cr_channel_posted_handler(&link->posted);
}


static void
ngx_cr_channel_posted_handler(ngx_event_t *ev)
{
    ngx_cr_link_t  *link;

    link = ev->data;

    if (ngx_cr_watch_ring(link) == NGX_AGAIN && !ev->posted) {
        ngx_post_event(ev, &ngx_posted_next_events);
    }
}


static void
ngx_cr_channel_lose(ngx_cr_link_t *link)
{
    struct timeval     tv;
    ngx_cr_channel_t  *ch;

    ch = link->channel;

    ngx_log_error(NGX_LOG_ERR, ch->log, 0,
                  "coderemote pool \"%V\" is gone", &ch->conf->name);

    ngx_cr_stats_add(NGX_CR_STAT_POOL_LOST, 1);
    ngx_cr_channel_silence(link);

    ngx_gettimeofday(&tv);

    link->lost = 1;
    link->lost_at = ngx_current_msec;
    link->lost_us = (int64_t) tv.tv_sec * 1000000 + tv.tv_usec;

    ch->link = NULL;
    ch->why = "the pool is gone";
    ch->failures = 1;

    ngx_queue_insert_head(&ch->old, &link->queue);
    ch->nold++;

    ngx_cr_channel_retry(ch);

    ngx_cr_watch_lost(link);
    ngx_cr_channel_prune(ch);
}


void
ngx_cr_channel_prune(ngx_cr_channel_t *channel)
{
    ngx_uint_t      keep;
    ngx_msec_int_t  age;
    ngx_queue_t    *q, *prev;
    ngx_cr_link_t  *link;

    for (q = ngx_queue_last(&channel->old);
         q != ngx_queue_sentinel(&channel->old);
         q = prev)
    {
        prev = ngx_queue_prev(q);
        link = ngx_queue_data(q, ngx_cr_link_t, queue);

        age = (ngx_msec_int_t) (ngx_current_msec - link->lost_at);
        keep = channel->nold <= NGX_CR_CHANNEL_LINKS_MAX
               && age < NGX_CR_CHANNEL_LINK_AGE;

        if (keep || link->nwatches != 0) {
            continue;
        }

        ngx_queue_remove(q);
        channel->nold--;

        ngx_cr_channel_destroy(link);
    }

    if (channel->nold != 0 && !channel->expire.timer_set) {
        ngx_add_timer(&channel->expire, NGX_CR_CHANNEL_LINK_AGE / 15);
    }
}


static void
ngx_cr_channel_expire_handler(ngx_event_t *ev)
{
    ngx_cr_channel_prune(ev->data);
}


/* takes the link out of the event loop; its memory stays */

static void
ngx_cr_channel_silence(ngx_cr_link_t *link)
{
    if (link->posted.posted) {
        ngx_delete_posted_event(&link->posted);
    }

    if (link->doorbell != NULL) {
        ngx_cr_channel_drop(link->doorbell);
        link->doorbell = NULL;
    }

    if (link->tether != NULL) {
        ngx_cr_channel_drop(link->tether);
        link->tether = NULL;
    }

    ngx_cr_channel_close_fds(link->worker_fds, link->nworkers);
    link->nworkers = 0;
}


static void
ngx_cr_channel_destroy(ngx_cr_link_t *link)
{
    ngx_cr_languages_destroy(link->languages);
    ngx_cr_watch_done(link);

    if (link->worker_fds != NULL) {
        ngx_free(link->worker_fds);
    }

    cr_segment_unmap(&link->segment);
    ngx_free(link);
}


/* a descriptor in the event loop, level-triggered */

static ngx_connection_t *
ngx_cr_channel_adopt(int fd, ngx_log_t *log)
{
    ngx_connection_t  *c;

    c = ngx_get_connection(fd, log);
    if (c == NULL) {
        return NULL;
    }

    c->log = log;
    c->read->log = log;
    c->write->log = log;
    c->read->channel = 1;
    c->write->channel = 1;

    if (ngx_add_event(c->read, NGX_READ_EVENT, NGX_LEVEL_EVENT) != NGX_OK) {
        ngx_free_connection(c);
        c->fd = (ngx_socket_t) -1;
        return NULL;
    }

    return c;
}


/*
 * An eventfd is open in the pool too, so that closing ours does not take it
 * out of epoll: the event is deleted by name.
 */

static void
ngx_cr_channel_drop(ngx_connection_t *c)
{
    int  fd;

    if (c->read->timer_set) {
        ngx_del_timer(c->read);
    }

    if (c->read->active) {
        (void) ngx_del_event(c->read, NGX_READ_EVENT, 0);
    }

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    fd = c->fd;

    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;

    ngx_cr_channel_close_fds(&fd, 1);
}


static void
ngx_cr_channel_close_fds(int *fds, size_t nfds)
{
    size_t  i;

    for (i = 0; i < nfds; i++) {
        if (close(fds[i]) == -1) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, ngx_errno,
                          "closing a coderemote descriptor failed");
        }
    }
}


ngx_cr_languages_t *
ngx_cr_channel_languages(ngx_cr_link_t *link)
{
    u_char              *buf;
    size_t               len;
    uint32_t             seq;
    ngx_str_t            text;
    ngx_cr_languages_t  *languages;

    if (link->lost
        || (link->languages != NULL
            && link->languages->seq
               == atomic_load(&link->segment.header->info_seq)))
    {
        return link->languages;
    }

    buf = ngx_alloc(CR_INFO_MAX, link->channel->log);
    if (buf == NULL) {
        return link->languages;
    }

    if (cr_segment_info_read(&link->segment, (char *) buf, &len, &seq) == 0) {
        text.data = buf;
        text.len = len;

        languages = ngx_cr_languages_create(&text, seq, link->channel->log);

        if (languages != NULL) {
            ngx_cr_languages_destroy(link->languages);
            link->languages = languages;
        }
    }

    ngx_free(buf);

    return link->languages;
}


void
ngx_cr_channel_wake(ngx_cr_link_t *link)
{
    uint32_t  worker;

    worker = cr_segment_wake(&link->segment, &link->wake_hint);

    if (worker != CR_NONE) {
        ngx_cr_channel_bell(link, worker);
    }
}


void
ngx_cr_channel_wake_worker(ngx_cr_link_t *link, uint32_t worker)
{
    if (cr_segment_wake_worker(&link->segment, link->index, worker)) {
        ngx_cr_channel_bell(link, worker);
    }
}


static void
ngx_cr_channel_bell(ngx_cr_link_t *link, uint32_t worker)
{
    uint64_t  one;

    one = 1;

    if (worker < link->nworkers
        && write(link->worker_fds[worker], &one, sizeof(one)) == -1
        && ngx_errno != NGX_EAGAIN)
    {
        ngx_log_error(NGX_LOG_ERR, link->channel->log, ngx_errno,
                      "ringing the coderemote worker %uD failed", worker);
    }
}
