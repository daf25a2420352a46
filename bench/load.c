/*
 * The load generator of bench/run: one thread, epoll, keep-alive HTTP/1.1 and
 * WebSocket connections on loopback, and processes spawned for reference.
 * Each mode prints one JSON object.
 *
 *   load http   -c CONNS (-n REQUESTS | -t SECONDS) -p PORT -m METHOD
 *               -u PATH [-b BODY] [-k TOKENS] [-x]
 *   load race   -n PAIRS -p PORT -u PATH -b BODY -- PROGRAM ARG...
 *   load spawn  -j LOOPS -t SECONDS -- PROGRAM ARG...
 *   load lines  -p PORT -b EXECUTE_MESSAGE
 *   load idle   -n SOCKETS -p PORT     (prints, then waits for end of input)
 *
 * TOKENS is a file of tokens, one a line: each request has the next of them in
 * Authorization, from the first again after the last.  With -x each request
 * has a connection of its own.
 */

#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>


#define BUFFER      (256 * 1024)
#define SAMPLES     4000000
#define STATUS_MAX  600


typedef struct {
    int       fd;
    uint64_t  sent_ns;
    size_t    have;
    size_t    need;             /* bytes of the whole answer, 0: unknown */
    int       status;
    char     *in;
} conn_t;


typedef struct {
    int          conns;
    int          port;
    long         count;
    double       seconds;
    const char  *method;
    const char  *path;
    const char  *body;
    const char  *tokens;
    int          close;
    char       **argv;
} options_t;


typedef struct {
    char    *text;
    size_t   len;
} request_t;


static int load_http(options_t *o);
static int load_race(options_t *o);
static int load_spawn(options_t *o);
static int load_lines(options_t *o);
static int load_idle(options_t *o);


extern char     **environ;

static uint64_t  *samples;
static size_t     nsamples;
static long       statuses[STATUS_MAX];


static const struct {
    const char  *name;
    int        (*run)(options_t *o);
} modes[] = {
    { "http", load_http },
    { "race", load_race },
    { "spawn", load_spawn },
    { "lines", load_lines },
    { "idle", load_idle }
};


static void
die(const char *what)
{
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}


static uint64_t
now_ns(clockid_t clock)
{
    struct timespec  ts;

    clock_gettime(clock, &ts);

    return (uint64_t) ts.tv_sec * 1000000000u + (uint64_t) ts.tv_nsec;
}


static int
compare(const void *a, const void *b)
{
    uint64_t  x = *(const uint64_t *) a, y = *(const uint64_t *) b;

    return (x > y) - (x < y);
}


static void
sample(uint64_t ns)
{
    if (nsamples < SAMPLES) {
        samples[nsamples++] = ns;
    }
}


static double
quantile_us(const uint64_t *sorted, size_t n, double q)
{
    size_t  i;

    if (n == 0) {
        return 0;
    }

    i = (size_t) (q * (double) (n - 1));

    return (double) sorted[i] / 1000.0;
}


static int
connect_port(int port)
{
    int                 fd, one = 1;
    struct sockaddr_in  sin;

    memset(&sin, 0, sizeof(sin));
    sin.sin_family = AF_INET;
    sin.sin_port = htons((uint16_t) port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    fd = socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0);
    if (fd == -1
        || connect(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1)
    {
        die("connect");
    }

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));

    return fd;
}


static char *
request_text(options_t *o, const char *token, size_t *len)
{
    int      n;
    char    *text;
    size_t   body, size;

    body = o->body == NULL ? 0 : strlen(o->body);
    size = body + strlen(o->path) + strlen(token) + 256;
    text = malloc(size);
    if (text == NULL) {
        die("malloc");
    }

    if (body == 0) {
        n = snprintf(text, size, "%s %s HTTP/1.1\r\nHost: localhost\r\n"
                     "%s%s%s\r\n", o->method, o->path,
                     *token == '\0' ? "" : "Authorization: Bearer ", token,
                     *token == '\0' ? "" : "\r\n");
    } else {
        n = snprintf(text, size, "%s %s HTTP/1.1\r\nHost: localhost\r\n"
                     "Content-Type: application/json\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     o->method, o->path, body, o->body);
    }

    *len = (size_t) n;

    return text;
}


/* One request for each token, or one without. */

static request_t *
requests_make(options_t *o, long *count)
{
    FILE       *f = NULL;
    char       *line = NULL;
    size_t      size = 0;
    ssize_t     n = 0;
    request_t  *list = NULL;

    if (o->tokens != NULL && (f = fopen(o->tokens, "r")) == NULL) {
        die(o->tokens);
    }

    for (*count = 0; f != NULL || *count == 0; (*count)++) {
        if (f != NULL && (n = getline(&line, &size, f)) <= 1) {
            break;
        }

        list = realloc(list, (size_t) (*count + 1) * sizeof(request_t));
        line = (line == NULL) ? calloc(1, 1) : line;
        line[n > 0 ? n - 1 : 0] = '\0';
        list[*count].text = request_text(o, line, &list[*count].len);
    }

    if (*count == 0) {
        die("no tokens");
    }

    return list;
}


static void
write_all(int fd, const char *data, size_t len)
{
    ssize_t  n;

    while (len > 0) {
        n = write(fd, data, len);
        if (n <= 0) {
            die("write");
        }
        data += n;
        len -= (size_t) n;
    }
}


/* 1 when a whole answer has arrived, 0 when more is to come */

static int
answer_read(conn_t *c)
{
    char     *end, *header;
    ssize_t   n;

    n = read(c->fd, c->in + c->have, BUFFER - 1 - c->have);
    if (n <= 0) {
        die("the server closed the connection");
    }

    c->have += (size_t) n;
    c->in[c->have] = '\0';

    if (c->need == 0) {
        end = strstr(c->in, "\r\n\r\n");
        if (end == NULL) {
            return 0;
        }

        header = strcasestr(c->in, "\r\nContent-Length:");
        if (header == NULL || header > end) {
            fprintf(stderr, "load: an answer without Content-Length:\n%s\n",
                    c->in);
            exit(1);
        }

        c->status = atoi(c->in + 9);
        c->need = (size_t) (end + 4 - c->in)
                  + strtoul(header + 17, NULL, 10);
        if (c->need >= BUFFER) {
            fprintf(stderr, "load: the answer is too large\n");
            exit(1);
        }
    }

    return c->have >= c->need;
}


static void
answer_done(conn_t *c)
{
    if (c->status >= 0 && c->status < STATUS_MAX) {
        statuses[c->status]++;
    }

    c->have = 0;
    c->need = 0;
}


static void
print_statuses(void)
{
    int  i, first = 1;

    printf("\"statuses\":{");
    for (i = 0; i < STATUS_MAX; i++) {
        if (statuses[i] != 0) {
            printf("%s\"%d\":%ld", first ? "" : ",", i, statuses[i]);
            first = 0;
        }
    }
    printf("}");
}


/* With a reset: no port is left waiting. */

static void
connect_again(int ep, conn_t *c, int port)
{
    struct linger       now = { 1, 0 };
    struct epoll_event  ev;

    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(c->fd);

    c->fd = connect_port(port);
    ev.events = EPOLLIN;
    ev.data.ptr = c;
    epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev);
}


static int
load_http(options_t *o)
{
    int                  i, ep, n, active;
    long                 started = 0, finished = 0, nrequests;
    conn_t              *conns, *c;
    uint64_t             begin, end, stop;
    request_t           *requests, *r;
    struct epoll_event   ev, events[256];

    requests = requests_make(o, &nrequests);
    conns = calloc((size_t) o->conns, sizeof(conn_t));
    ep = epoll_create1(EPOLL_CLOEXEC);

    for (i = 0; i < o->conns; i++) {
        c = &conns[i];
        c->fd = connect_port(o->port);
        c->in = malloc(BUFFER);
        ev.events = EPOLLIN;
        ev.data.ptr = c;
        epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev);
    }

    begin = now_ns(CLOCK_MONOTONIC);
    stop = o->seconds > 0 ? begin + (uint64_t) (o->seconds * 1e9)
                          : UINT64_MAX;
    active = 0;

    for (i = 0; i < o->conns && (o->count == 0 || started < o->count); i++) {
        r = &requests[started++ % nrequests];
        conns[i].sent_ns = now_ns(CLOCK_MONOTONIC);
        write_all(conns[i].fd, r->text, r->len);
        active++;
    }

    while (active > 0) {
        n = epoll_wait(ep, events, 256, 30000);
        if (n == 0) {
            fprintf(stderr, "load: no answer for 30 s\n");
            return 1;
        }

        for (i = 0; i < n; i++) {
            c = events[i].data.ptr;
            if (!answer_read(c)) {
                continue;
            }

            end = now_ns(CLOCK_MONOTONIC);
            sample(end - c->sent_ns);
            answer_done(c);
            finished++;

            if (end >= stop || (o->count != 0 && started >= o->count)) {
                active--;
                continue;
            }

            if (o->close) {
                connect_again(ep, c, o->port);
                end = now_ns(CLOCK_MONOTONIC);
            }

            r = &requests[started++ % nrequests];
            c->sent_ns = end;
            write_all(c->fd, r->text, r->len);
        }
    }

    end = now_ns(CLOCK_MONOTONIC);
    qsort(samples, nsamples, sizeof(uint64_t), compare);

    printf("{\"requests\":%ld,\"seconds\":%.3f,\"per_second\":%.1f,"
           "\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f,",
           finished, (double) (end - begin) / 1e9,
           (double) finished * 1e9 / (double) (end - begin),
           quantile_us(samples, nsamples, 0.5),
           quantile_us(samples, nsamples, 0.99),
           quantile_us(samples, nsamples, 1.0));
    print_statuses();
    printf("}\n");

    return 0;
}


/* runs a program without a shell, reads its output to the end, reaps it */

static void
spawn_once(char **argv)
{
    int                         fds[2], status;
    char                        buf[4096];
    pid_t                       pid;
    ssize_t                     n;
    posix_spawn_file_actions_t  actions;

    if (pipe2(fds, O_CLOEXEC) == -1) {
        die("pipe");
    }

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[1], 1);

    if (posix_spawn(&pid, argv[0], &actions, NULL, argv, environ) != 0) {
        die(argv[0]);
    }

    posix_spawn_file_actions_destroy(&actions);
    close(fds[1]);

    do {
        n = read(fds[0], buf, sizeof(buf));
    } while (n > 0);

    close(fds[0]);

    if (waitpid(pid, &status, 0) != pid || status != 0) {
        fprintf(stderr, "load: %s failed\n", argv[0]);
        exit(1);
    }
}


/* one spawned program, one request, in turn: both see the same machine */

static int
load_race(options_t *o)
{
    long       i;
    char      *text;
    size_t     len, n;
    conn_t     c;
    uint64_t   start, *spawned;

    text = request_text(o, "", &len);
    memset(&c, 0, sizeof(c));
    c.fd = connect_port(o->port);
    c.in = malloc(BUFFER);
    spawned = malloc((size_t) o->count * sizeof(uint64_t));
    n = 0;

    for (i = -5; i < o->count; i++) {
        usleep(20000);
        start = now_ns(CLOCK_MONOTONIC);
        spawn_once(o->argv);
        if (i >= 0) {
            spawned[n++] = now_ns(CLOCK_MONOTONIC) - start;
        }

        usleep(20000);
        start = now_ns(CLOCK_MONOTONIC);
        write_all(c.fd, text, len);
        while (!answer_read(&c)) { /* void */ }
        if (i >= 0) {
            sample(now_ns(CLOCK_MONOTONIC) - start);
        }
        if (strstr(c.in, "\"succeeded\"") == NULL) {
            fprintf(stderr, "load: the job did not succeed: %s\n", c.in);
            return 1;
        }
        answer_done(&c);
    }

    qsort(samples, nsamples, sizeof(uint64_t), compare);
    qsort(spawned, n, sizeof(uint64_t), compare);

    printf("{\"pairs\":%zu,\"spawn_p50_us\":%.1f,\"spawn_p90_us\":%.1f,"
           "\"job_p50_us\":%.1f,\"job_p90_us\":%.1f,\"job_p99_us\":%.1f}\n",
           n, quantile_us(spawned, n, 0.5), quantile_us(spawned, n, 0.9),
           quantile_us(samples, nsamples, 0.5),
           quantile_us(samples, nsamples, 0.9),
           quantile_us(samples, nsamples, 0.99));

    return 0;
}


static int
load_spawn(options_t *o)
{
    int       i, fds[2];
    long      mine, total = 0;
    uint64_t  begin, stop;

    if (pipe(fds) == -1) {
        die("pipe");
    }

    begin = now_ns(CLOCK_MONOTONIC);
    stop = begin + (uint64_t) (o->seconds * 1e9);

    for (i = 0; i < o->conns; i++) {
        if (fork() == 0) {
            mine = 0;
            while (now_ns(CLOCK_MONOTONIC) < stop) {
                spawn_once(o->argv);
                mine++;
            }
            if (write(fds[1], &mine, sizeof(mine)) != sizeof(mine)) {
                _exit(1);
            }
            _exit(0);
        }
    }

    for (i = 0; i < o->conns; i++) {
        if (read(fds[0], &mine, sizeof(mine)) != sizeof(mine)) {
            die("read");
        }
        total += mine;
        wait(NULL);
    }

    printf("{\"runs\":%ld,\"per_second\":%.1f}\n", total,
           (double) total * 1e9
           / (double) (now_ns(CLOCK_MONOTONIC) - begin));

    return 0;
}


static int
ws_connect(int port)
{
    int      fd;
    char     buf[2048];
    size_t   have = 0;
    ssize_t  n;

    static const char  upgrade[] =
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Protocol: coderemote.v1\r\n\r\n";

    fd = connect_port(port);
    write_all(fd, upgrade, sizeof(upgrade) - 1);

    /* byte by byte: what follows the head is the first frame's */

    for ( ;; ) {
        n = read(fd, buf + have, 1);
        if (n != 1 || have == sizeof(buf) - 2) {
            die("websocket handshake");
        }
        have++;
        buf[have] = '\0';
        if (have >= 4 && memcmp(buf + have - 4, "\r\n\r\n", 4) == 0) {
            break;
        }
    }

    if (strncmp(buf, "HTTP/1.1 101", 12) != 0) {
        fprintf(stderr, "load: no websocket:\n%s\n", buf);
        exit(1);
    }

    return fd;
}


static void
read_all(int fd, char *buf, size_t len)
{
    ssize_t  n;

    while (len > 0) {
        n = read(fd, buf, len);
        if (n <= 0) {
            die("read");
        }
        buf += n;
        len -= (size_t) n;
    }
}


/* one unmasked, uncompressed server frame as a string */

static void
ws_read(int fd, char *buf, size_t size)
{
    size_t         len;
    unsigned char  head[10];

    read_all(fd, (char *) head, 2);
    len = head[1];

    if (len == 126) {
        read_all(fd, (char *) head + 2, 2);
        len = (size_t) head[2] << 8 | head[3];

    } else if (len == 127) {
        read_all(fd, (char *) head + 2, 8);
        len = (size_t) head[6] << 24 | (size_t) head[7] << 16
              | (size_t) head[8] << 8 | head[9];
    }

    if (len >= size) {
        fprintf(stderr, "load: a frame of %zu bytes\n", len);
        exit(1);
    }

    read_all(fd, buf, len);
    buf[len] = '\0';
}


static void
ws_write(int fd, const char *text)
{
    char    head[8];
    size_t  len = strlen(text), n;

    /* masked with zeros: legal, and the payload goes as it is */

    head[0] = (char) 0x81;
    if (len < 126) {
        head[1] = (char) (0x80 | len);
        n = 2;
    } else {
        head[1] = (char) (0x80 | 126);
        head[2] = (char) (len >> 8);
        head[3] = (char) (len & 0xff);
        n = 4;
    }
    memset(head + n, 0, 4);

    write_all(fd, head, n + 4);
    write_all(fd, text, len);
}


/*
 * The job prints CLOCK_REALTIME in ns, a line at a time; the sample is from
 * that moment to the frame read here.
 */

static int
load_lines(options_t *o)
{
    int        fd;
    char      *buf, *data;
    uint64_t   now, then;

    buf = malloc(4 * 1024 * 1024);
    fd = ws_connect(o->port);
    ws_write(fd, o->body);

    do {
        ws_read(fd, buf, 4 * 1024 * 1024);
        now = now_ns(CLOCK_REALTIME);

        if (strstr(buf, "\"type\":\"output\"") != NULL) {
            data = strstr(buf, "\"data\":\"");
            then = data == NULL ? 0 : strtoull(data + 8, NULL, 10);
            if (then != 0 && then < now) {
                sample(now - then);
            }
        }
    } while (strstr(buf, "\"type\":\"result\"") == NULL
             && strstr(buf, "\"type\":\"error\"") == NULL);

    if (strstr(buf, "\"succeeded\"") == NULL) {
        fprintf(stderr, "load: the job did not succeed: %.300s\n", buf);
        return 1;
    }

    qsort(samples, nsamples, sizeof(uint64_t), compare);
    printf("{\"lines\":%zu,\"p50_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f}\n",
           nsamples, quantile_us(samples, nsamples, 0.5),
           quantile_us(samples, nsamples, 0.99),
           quantile_us(samples, nsamples, 1.0));

    return 0;
}


static int
load_idle(options_t *o)
{
    long  i;
    char  buf[4096];

    for (i = 0; i < o->count; i++) {
        ws_read(ws_connect(o->port), buf, sizeof(buf));
        if (strstr(buf, "\"hello\"") == NULL) {
            fprintf(stderr, "load: no hello: %s\n", buf);
            return 1;
        }
    }

    printf("{\"sockets\":%ld}\n", o->count);
    fflush(stdout);

    while (read(0, buf, sizeof(buf)) > 0) { /* void */ }

    return 0;
}


static void
options_read(options_t *o, int argc, char **argv)
{
    int  c;

    memset(o, 0, sizeof(*o));
    o->conns = 1;
    o->port = 8080;
    o->method = "GET";
    o->path = "/";

    while ((c = getopt(argc, argv, "+c:j:n:t:p:m:u:b:k:x")) != -1) {
        switch (c) {
        case 'c':
        case 'j': o->conns = atoi(optarg); break;
        case 'n': o->count = atol(optarg); break;
        case 't': o->seconds = atof(optarg); break;
        case 'p': o->port = atoi(optarg); break;
        case 'm': o->method = optarg; break;
        case 'u': o->path = optarg; break;
        case 'b': o->body = optarg; break;
        case 'k': o->tokens = optarg; break;
        case 'x': o->close = 1; break;
        default: exit(2);
        }
    }

    o->argv = argv + optind;
}


int
main(int argc, char **argv)
{
    size_t     i;
    options_t  o;

    if (argc > 1) {
        samples = malloc(SAMPLES * sizeof(uint64_t));
        options_read(&o, argc - 1, argv + 1);

        for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
            if (strcmp(argv[1], modes[i].name) == 0) {
                return modes[i].run(&o);
            }
        }
    }

    fprintf(stderr, "usage: load http|race|spawn|lines|idle [options]; "
            "see the head of load.c\n");

    return 2;
}
