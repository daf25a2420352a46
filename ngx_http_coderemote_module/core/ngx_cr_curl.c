
/*
 * libcurl in nginx's event loop.
 *
 * One multi handle a process, made when it is first needed.  It says which
 * sockets to watch and when to call it at the latest; each of its sockets is
 * an nginx connection with level-triggered events.  Handlers of transfers are
 * called when libcurl has returned, so they may start and cancel transfers.
 *
 * All signals are blocked while libcurl runs: its resolver threads inherit
 * that, or a signal for nginx could be taken by one of them and epoll_wait()
 * would sleep on.
 */


#include "ngx_cr_curl.h"


static ngx_int_t ngx_cr_curl_create(ngx_log_t *log);
static ngx_int_t ngx_cr_curl_options(ngx_cr_curl_t *t);
static long ngx_cr_curl_request(ngx_cr_curl_t *t);
static size_t ngx_cr_curl_write(char *data, size_t size, size_t n, void *ctx);
static size_t ngx_cr_curl_header(char *data, size_t size, size_t n,
    void *ctx);
static void ngx_cr_curl_free(ngx_uint_t secret, u_char *answer, size_t len);
static int ngx_cr_curl_socket(CURL *easy, curl_socket_t fd, int what,
    void *ctx, void *socket);
static ngx_connection_t *ngx_cr_curl_connection(curl_socket_t fd);
static void ngx_cr_curl_watch(ngx_event_t *ev, ngx_int_t event,
    ngx_uint_t wanted);
static void ngx_cr_curl_forget(ngx_connection_t *c);
static int ngx_cr_curl_timer(CURLM *multi, long timeout, void *ctx);
static void ngx_cr_curl_read_handler(ngx_event_t *ev);
static void ngx_cr_curl_write_handler(ngx_event_t *ev);
static void ngx_cr_curl_timer_handler(ngx_event_t *ev);
static void ngx_cr_curl_act(curl_socket_t fd, int events);
static void ngx_cr_curl_finish(ngx_cr_curl_t *t, CURLcode code);


static CURLM        *ngx_cr_curl_multi;
static ngx_event_t   ngx_cr_curl_event;     /* the multi handle's timer */
static ngx_queue_t   ngx_cr_curl_transfers;


ngx_uint_t
ngx_cr_curl_usable(void)
{
    return (curl_version_info(CURLVERSION_NOW)->features
            & CURL_VERSION_ASYNCHDNS)
           != 0;
}


ngx_int_t
ngx_cr_curl_start(ngx_cr_curl_t *t)
{
    if (ngx_cr_curl_multi == NULL && ngx_cr_curl_create(t->log) != NGX_OK) {
        return NGX_ERROR;
    }

    t->code = CURLE_OK;
    t->status = 0;
    t->answer = NULL;
    t->len = 0;
    t->error[0] = '\0';
    t->found[0] = '\0';
    t->list = NULL;

    t->easy = curl_easy_init();

    if (t->easy == NULL
        || ngx_cr_curl_options(t) != NGX_OK
        || curl_multi_add_handle(ngx_cr_curl_multi, t->easy) != CURLM_OK)
    {
        ngx_log_error(NGX_LOG_ERR, t->log, 0,
                      "libcurl does not start a transfer");

        curl_easy_cleanup(t->easy);
        t->easy = NULL;
        curl_slist_free_all(t->list);
        t->list = NULL;
        return NGX_ERROR;
    }

    ngx_queue_insert_tail(&ngx_cr_curl_transfers, &t->queue);

    return NGX_OK;
}


static ngx_int_t
ngx_cr_curl_create(ngx_log_t *log)
{
    CURLM  *multi;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        ngx_log_error(NGX_LOG_ERR, log, 0, "curl_global_init() failed");
        return NGX_ERROR;
    }

    multi = curl_multi_init();

    if (multi == NULL
        || curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION,
                             ngx_cr_curl_socket)
           != CURLM_OK
        || curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, ngx_cr_curl_timer)
           != CURLM_OK)
    {
        ngx_log_error(NGX_LOG_ERR, log, 0, "curl_multi_init() failed");
        (void) curl_multi_cleanup(multi);
        return NGX_ERROR;
    }

    ngx_queue_init(&ngx_cr_curl_transfers);

    /* a transfer does not keep a process that wants to end */

    ngx_cr_curl_event.handler = ngx_cr_curl_timer_handler;
    ngx_cr_curl_event.log = ngx_cycle->log;
    ngx_cr_curl_event.data = &ngx_cr_curl_event;
    ngx_cr_curl_event.cancelable = 1;

    ngx_cr_curl_multi = multi;

    return NGX_OK;
}


/*
 * Redirects are not followed and certificates are verified, which are
 * libcurl's defaults; they are said all the same, for who reads this.
 */

static ngx_int_t
ngx_cr_curl_options(ngx_cr_curl_t *t)
{
    CURL  *e;
    long   rc;

    e = t->easy;
    rc = ngx_cr_curl_request(t);

    rc |= curl_easy_setopt(e, CURLOPT_URL, t->url);
    rc |= curl_easy_setopt(e, CURLOPT_PRIVATE, t);
    rc |= curl_easy_setopt(e, CURLOPT_ERRORBUFFER, t->error);
    rc |= curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, ngx_cr_curl_write);
    rc |= curl_easy_setopt(e, CURLOPT_WRITEDATA, t);
    rc |= curl_easy_setopt(e, CURLOPT_USERAGENT,
                           "coderemote/" CODEREMOTE_VERSION);
    rc |= curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    rc |= curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    rc |= curl_easy_setopt(e, CURLOPT_MAXFILESIZE, (long) t->max);
    rc |= curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long) t->timeout);
    rc |= curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long) t->timeout);
    rc |= curl_easy_setopt(e, CURLOPT_HTTP_VERSION,
                           (long) CURL_HTTP_VERSION_1_1);
    rc |= curl_easy_setopt(e, CURLOPT_FORBID_REUSE, t->keep ? 0L : 1L);
    rc |= curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
    rc |= curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
    rc |= curl_easy_setopt(e, CURLOPT_SSLVERSION,
                           (long) CURL_SSLVERSION_TLSv1_2);

    if (t->ca != NULL) {
        rc |= curl_easy_setopt(e, CURLOPT_CAINFO, t->ca);
    }

#if (LIBCURL_VERSION_NUM >= 0x075500)
    rc |= curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    rc |= curl_easy_setopt(e, CURLOPT_PROTOCOLS,
                           (long) (CURLPROTO_HTTP|CURLPROTO_HTTPS));
#endif

#if (LIBCURL_VERSION_NUM >= 0x075700)

    /* who gives up does not wait for the resolver's thread */

    rc |= curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L);
#endif

    return (rc == CURLE_OK) ? NGX_OK : NGX_ERROR;
}


/* method, headers and body */

static long
ngx_cr_curl_request(ngx_cr_curl_t *t)
{
    CURL               *e;
    long                rc;
    const char *const  *h;
    struct curl_slist  *list;

    e = t->easy;
    rc = 0;

    for (h = t->headers; h != NULL && *h != NULL; h++) {

        list = curl_slist_append(t->list, *h);
        if (list == NULL) {
            return CURLE_OUT_OF_MEMORY;
        }

        t->list = list;
    }

    if (t->list != NULL) {
        rc |= curl_easy_setopt(e, CURLOPT_HTTPHEADER, t->list);
    }

    if (t->body != NULL) {
        rc |= curl_easy_setopt(e, CURLOPT_POST, 1L);
        rc |= curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, (long) t->body_len);
        rc |= curl_easy_setopt(e, CURLOPT_POSTFIELDS, t->body);
    }

    if (t->want != NULL) {
        rc |= curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, ngx_cr_curl_header);
        rc |= curl_easy_setopt(e, CURLOPT_HEADERDATA, t);
    }

    return rc;
}


/* what is not taken ends the transfer with CURLE_WRITE_ERROR */

static size_t
ngx_cr_curl_write(char *data, size_t size, size_t n, void *ctx)
{
    ngx_cr_curl_t *t = ctx;

    if (t->answer == NULL) {
        t->answer = ngx_alloc(t->max, t->log);
        if (t->answer == NULL) {
            return 0;
        }
    }

    if (n > t->max - t->len) {
        return 0;
    }

    ngx_memcpy(t->answer + t->len, data, n);
    t->len += n;

    return n;
}


static size_t
ngx_cr_curl_header(char *data, size_t size, size_t n, void *ctx)
{
    size_t          len;
    u_char         *p, *last;
    ngx_cr_curl_t  *t = ctx;

    len = ngx_strlen(t->want);

    if (n <= len || data[len] != ':'
        || ngx_strncasecmp((u_char *) data, (u_char *) t->want, len) != 0)
    {
        return n;
    }

    p = (u_char *) data + len + 1;
    last = (u_char *) data + n;

    while (p < last && (*p == ' ' || *p == '\t')) {
        p++;
    }

    while (p < last && last[-1] <= ' ') {
        last--;
    }

    (void) ngx_cpystrn((u_char *) t->found, p,
                       ngx_min((size_t) (last - p) + 1,
                               NGX_CR_CURL_FOUND_MAX));

    return n;
}


void
ngx_cr_curl_cancel(ngx_cr_curl_t *t)
{
    if (t->easy == NULL) {
        return;
    }

    ngx_queue_remove(&t->queue);

    (void) curl_multi_remove_handle(ngx_cr_curl_multi, t->easy);
    curl_easy_cleanup(t->easy);
    t->easy = NULL;
    curl_slist_free_all(t->list);
    t->list = NULL;

    ngx_cr_curl_free(t->secret, t->answer, t->len);
    t->answer = NULL;
}


static void
ngx_cr_curl_free(ngx_uint_t secret, u_char *answer, size_t len)
{
    if (secret && answer != NULL) {
        explicit_bzero(answer, len);
    }

    ngx_free(answer);
}


void
ngx_cr_curl_done(void)
{
    ngx_queue_t  *q;

    if (ngx_cr_curl_multi == NULL) {
        return;
    }

    while (!ngx_queue_empty(&ngx_cr_curl_transfers)) {
        q = ngx_queue_head(&ngx_cr_curl_transfers);
        ngx_cr_curl_cancel(ngx_queue_data(q, ngx_cr_curl_t, queue));
    }

    (void) curl_multi_cleanup(ngx_cr_curl_multi);
    ngx_cr_curl_multi = NULL;

    if (ngx_cr_curl_event.timer_set) {
        ngx_del_timer(&ngx_cr_curl_event);
    }
}


/* libcurl: what to watch a socket for; socket: its connection, once it has */

static int
ngx_cr_curl_socket(CURL *easy, curl_socket_t fd, int what, void *ctx,
    void *socket)
{
    ngx_connection_t *c = socket;

    if (what == CURL_POLL_REMOVE) {

        if (c != NULL) {
            ngx_cr_curl_forget(c);
        }

        return 0;
    }

    if (c == NULL) {
        c = ngx_cr_curl_connection(fd);
        if (c == NULL) {
            return -1;
        }

        (void) curl_multi_assign(ngx_cr_curl_multi, fd, c);
    }

    ngx_cr_curl_watch(c->read, NGX_READ_EVENT,
                      what == CURL_POLL_IN || what == CURL_POLL_INOUT);
    ngx_cr_curl_watch(c->write, NGX_WRITE_EVENT,
                      what == CURL_POLL_OUT || what == CURL_POLL_INOUT);

    return 0;
}


static ngx_connection_t *
ngx_cr_curl_connection(curl_socket_t fd)
{
    ngx_connection_t  *c;

    c = ngx_get_connection(fd, ngx_cycle->log);
    if (c == NULL) {
        return NULL;
    }

    c->log = ngx_cycle->log;
    c->read->log = c->log;
    c->write->log = c->log;
    c->read->handler = ngx_cr_curl_read_handler;
    c->write->handler = ngx_cr_curl_write_handler;

    /* "channel": not an open socket to complain about at exit */

    c->read->channel = 1;
    c->write->channel = 1;

    return c;
}


/* an event that cannot be added is found out by the timeout */

static void
ngx_cr_curl_watch(ngx_event_t *ev, ngx_int_t event, ngx_uint_t wanted)
{
    if (wanted && !ev->active) {
        (void) ngx_add_event(ev, event, NGX_LEVEL_EVENT);

    } else if (!wanted && ev->active) {
        (void) ngx_del_event(ev, event, 0);
    }
}


/*
 * A socket that was still connecting is told of when libcurl has closed it
 * already; then the kernel has forgotten it too.
 */

static void
ngx_cr_curl_forget(ngx_connection_t *c)
{
    if (fcntl(c->fd, F_GETFD) == -1) {
        (void) ngx_del_event(c->read, NGX_READ_EVENT, NGX_CLOSE_EVENT);
        (void) ngx_del_event(c->write, NGX_WRITE_EVENT, NGX_CLOSE_EVENT);
    }

    ngx_cr_curl_watch(c->read, NGX_READ_EVENT, 0);
    ngx_cr_curl_watch(c->write, NGX_WRITE_EVENT, 0);

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }

    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;
}


/* nginx leaves a timer where it is when it moves by little: delete it first */

static int
ngx_cr_curl_timer(CURLM *multi, long timeout, void *ctx)
{
    if (ngx_cr_curl_event.timer_set) {
        ngx_del_timer(&ngx_cr_curl_event);
    }

    if (timeout >= 0) {
        ngx_add_timer(&ngx_cr_curl_event, (ngx_msec_t) timeout);
    }

    return 0;
}


static void
ngx_cr_curl_read_handler(ngx_event_t *ev)
{
    ngx_connection_t  *c;

    c = ev->data;

    ngx_cr_curl_act(c->fd, CURL_CSELECT_IN);
}


static void
ngx_cr_curl_write_handler(ngx_event_t *ev)
{
    ngx_connection_t  *c;

    c = ev->data;

    ngx_cr_curl_act(c->fd, CURL_CSELECT_OUT);
}


static void
ngx_cr_curl_timer_handler(ngx_event_t *ev)
{
    ngx_cr_curl_act(CURL_SOCKET_TIMEOUT, 0);
}


static void
ngx_cr_curl_act(curl_socket_t fd, int events)
{
    int             n;
    char           *t;
    CURLMsg        *message;
    sigset_t        all, old;

    (void) sigfillset(&all);
    (void) sigprocmask(SIG_BLOCK, &all, &old);

    (void) curl_multi_socket_action(ngx_cr_curl_multi, fd, events, &n);

    (void) sigprocmask(SIG_SETMASK, &old, NULL);

    /* a handler may end anything: look anew each time */

    while (ngx_cr_curl_multi != NULL) {

        message = curl_multi_info_read(ngx_cr_curl_multi, &n);

        if (message == NULL) {
            return;
        }

        if (message->msg == CURLMSG_DONE
            && curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &t)
               == CURLE_OK)
        {
            ngx_cr_curl_finish((ngx_cr_curl_t *) t, message->data.result);
        }
    }
}


static void
ngx_cr_curl_finish(ngx_cr_curl_t *t, CURLcode code)
{
    size_t       len;
    u_char      *answer;
    ngx_uint_t   secret;

    t->code = code;
    (void) curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &t->status);

    if (t->error[0] == '\0') {
        (void) ngx_cpystrn((u_char *) t->error,
                           (u_char *) curl_easy_strerror(code),
                           CURL_ERROR_SIZE);
    }

    ngx_queue_remove(&t->queue);

    (void) curl_multi_remove_handle(ngx_cr_curl_multi, t->easy);
    curl_easy_cleanup(t->easy);
    t->easy = NULL;
    curl_slist_free_all(t->list);
    t->list = NULL;

    /* the handler may start t again, or be the last to know it */

    answer = t->answer;
    len = t->len;
    secret = t->secret;

    t->handler(t);

    ngx_cr_curl_free(secret, answer, len);
}
