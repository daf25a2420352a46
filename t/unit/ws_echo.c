
/*
 * A WebSocket echo server made of the codec alone, for clients of other
 * origin: our Perl client, a browser, a conformance suite.
 *
 *     ws_echo [PORT [MAX]]
 *
 * Prints "listening on PORT" and serves until its standard input ends.  A
 * process a connection, blocking: what is tested is the codec.
 *
 * sources: ngx_http_coderemote_module/ws/
 * libs: -lz
 * with: nginx
 */


#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ngx_cr_ws_deflate.h"
#include "ngx_cr_ws_frame.h"
#include "ngx_cr_ws_handshake.h"
#include "ngx_cr_ws_reader.h"


#define REQUEST_MAX  16384


typedef struct {
    int                     fd;
    size_t                  max;
    ngx_cr_ws_handshake_t   hs;
    ngx_cr_ws_reader_t      reader;
} echo_t;


static void *
echo_resize(void *ctx, void *p, size_t size)
{
    (void) ctx;

    if (size == 0) {
        free(p);
        return NULL;
    }

    return realloc(p, size);
}


static void
echo_send(echo_t *e, const void *p, size_t len)
{
    ssize_t        n;
    const u_char  *b;

    for (b = p; len != 0; b += n, len -= n) {
        n = send(e->fd, b, len, MSG_NOSIGNAL);

        if (n <= 0) {
            _exit(0);
        }
    }
}


/* Reads the request; returns where the bytes behind it begin. */

static size_t
echo_request(echo_t *e, u_char *buf, size_t *len, int *good)
{
    char       *line, *end, *colon, *head;
    ssize_t     n;
    ngx_str_t   name, value;

    *len = 0;

    for ( ;; ) {
        n = recv(e->fd, buf + *len, REQUEST_MAX - 1 - *len, 0);

        if (n <= 0) {
            _exit(0);
        }

        *len += n;
        buf[*len] = '\0';
        head = strstr((char *) buf, "\r\n\r\n");

        if (head != NULL) {
            break;
        }
    }

    line = strstr((char *) buf, "\r\n");
    *good = strncmp((char *) buf, "GET ", 4) == 0
            && line - (char *) buf > 9
            && strncmp(line - 8, "HTTP/1.1", 8) == 0;

    while (line < head) {
        line += 2;
        end = strstr(line, "\r\n");
        colon = memchr(line, ':', end - line);

        if (colon != NULL) {
            name.data = (u_char *) line;
            name.len = colon - line;
            value.data = (u_char *) colon + 1;
            value.data += (*value.data == ' ');
            value.len = (u_char *) end - value.data;
            ngx_cr_ws_handshake_header(&e->hs, &name, &value);
        }

        line = end;
    }

    return head + 4 - (char *) buf;
}


static void
echo_answer(echo_t *e, ngx_uint_t status)
{
    int     n;
    char    answer[1024], extensions[NGX_CR_WS_EXTENSIONS_MAX + 1];
    u_char  *end;

    if (status != 101) {
        n = snprintf(answer, sizeof(answer),
                     "HTTP/1.1 %u x\r\nConnection: close\r\n"
                     "Sec-WebSocket-Version: 13\r\n"
                     "Content-Length: %zu\r\n\r\n%s",
                     (unsigned) status, strlen(e->hs.error), e->hs.error);
        echo_send(e, answer, n);
        _exit(0);
    }

    end = (u_char *) extensions;

    if (e->hs.deflate) {
        end = ngx_cr_ws_handshake_extensions(&e->hs, end);
    }

    *end = '\0';

    n = snprintf(answer, sizeof(answer),
                 "HTTP/1.1 101 Switching Protocols\r\n"
                 "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Accept: %.28s\r\n%s%.*s%s%s%s%s\r\n",
                 (char *) e->hs.accept,
                 e->hs.protocol.len ? "Sec-WebSocket-Protocol: " : "",
                 (int) e->hs.protocol.len, (char *) e->hs.protocol.data,
                 e->hs.protocol.len ? "\r\n" : "",
                 e->hs.deflate ? "Sec-WebSocket-Extensions: " : "",
                 extensions, e->hs.deflate ? "\r\n" : "");
    echo_send(e, answer, n);
}


static void
echo_message(echo_t *e, const ngx_cr_ws_event_t *ev)
{
    size_t      n;
    u_char      header[NGX_CR_WS_HEADER_MAX], *small;
    ngx_uint_t  first;

    first = NGX_CR_WS_FIN | ev->opcode;
    small = NULL;
    n = ev->len;

    if (e->hs.deflate && ev->len >= NGX_CR_WS_DEFLATE_MIN) {
        small = malloc(ev->len);

        if (ngx_cr_ws_deflate(ev->data, ev->len, e->hs.window_bits, small,
                              ev->len, &n)
            == NGX_OK)
        {
            first |= NGX_CR_WS_RSV1;

        } else {
            n = ev->len;
        }
    }

    echo_send(e, header, ngx_cr_ws_frame_header(header, first, n) - header);
    echo_send(e, (first & NGX_CR_WS_RSV1) ? small : ev->data, n);
    free(small);
}


static void
echo_close(echo_t *e, ngx_uint_t code, const char *text)
{
    u_char     frame[NGX_CR_WS_CONTROL_FRAME_MAX], *end;
    ngx_str_t  reason;

    reason.data = (u_char *) text;
    reason.len = strlen(text);

    end = ngx_cr_ws_frame_close(frame, code, &reason);
    echo_send(e, frame, end - frame);

    /* read to the end, lest a reset overtakes the close frame */

    shutdown(e->fd, SHUT_WR);

    while (recv(e->fd, frame, sizeof(frame), 0) > 0) {
        /* void */
    }

    _exit(0);
}


static void
echo_event(echo_t *e, const ngx_cr_ws_event_t *ev)
{
    u_char     frame[NGX_CR_WS_CONTROL_FRAME_MAX], *end;
    ngx_str_t  payload;

    switch (ev->type) {

    case NGX_CR_WS_EV_MESSAGE:
        echo_message(e, ev);
        break;

    case NGX_CR_WS_EV_PING:
        payload.data = ev->data;
        payload.len = ev->len;
        end = ngx_cr_ws_frame_control(frame, NGX_CR_WS_PONG, &payload);
        echo_send(e, frame, end - frame);
        break;

    case NGX_CR_WS_EV_CLOSE:
        echo_close(e, ev->code, "");
        break;

    default:
        break;
    }
}


static void
echo_serve(int fd, size_t max)
{
    int                 good;
    size_t              len, at;
    u_char             *pos, *last, buf[65536];
    ssize_t             n;
    echo_t              e;
    ngx_int_t           rc;
    ngx_cr_ws_event_t   ev;

    e.fd = fd;
    ngx_cr_ws_handshake_init(&e.hs, 1);

    at = echo_request(&e, buf, &len, &good);
    echo_answer(&e, ngx_cr_ws_handshake_done(&e.hs, good, good));

    ngx_cr_ws_reader_init(&e.reader, max, e.hs.deflate, echo_resize, NULL);

    pos = buf + at;
    last = buf + len;

    for ( ;; ) {
        rc = ngx_cr_ws_reader_next(&e.reader, &pos, last, &ev);

        if (rc == NGX_ERROR) {
            echo_close(&e, e.reader.parser.code, e.reader.parser.error);
        }

        if (rc == NGX_OK) {
            echo_event(&e, &ev);
            continue;
        }

        n = recv(fd, buf, sizeof(buf), 0);

        if (n <= 0) {
            ngx_cr_ws_reader_done(&e.reader);
            _exit(0);
        }

        pos = buf;
        last = buf + n;
    }
}


int
main(int argc, char **argv)
{
    int                 s, fd, on;
    size_t              max;
    socklen_t           len;
    struct pollfd       p[2];
    struct sockaddr_in  addr;

    max = (argc > 2) ? strtoul(argv[2], NULL, 10) : 16 * 1024 * 1024;
    signal(SIGCHLD, SIG_IGN);

    memset(&addr, 0, sizeof(addr));
    addr.sin_family = AF_INET;
    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    addr.sin_port = htons((argc > 1) ? (uint16_t) atoi(argv[1]) : 0);

    on = 1;
    len = sizeof(addr);
    s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (s == -1
        || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == -1
        || bind(s, (struct sockaddr *) &addr, sizeof(addr)) == -1
        || listen(s, 64) == -1
        || getsockname(s, (struct sockaddr *) &addr, &len) == -1)
    {
        perror("ws_echo");
        return 1;
    }

    printf("listening on %u\n", ntohs(addr.sin_port));
    fflush(stdout);

    p[0].fd = s;
    p[0].events = POLLIN;
    p[1].fd = 0;
    p[1].events = POLLIN;

    for ( ;; ) {

        if (poll(p, 2, -1) <= 0) {
            continue;
        }

        if (p[1].revents != 0 && read(0, &on, 1) <= 0) {
            return 0;
        }

        if (p[0].revents == 0) {
            continue;
        }

        fd = accept(s, NULL, NULL);

        if (fd != -1 && fork() == 0) {
            close(s);
            echo_serve(fd, max);
        }

        if (fd != -1) {
            close(fd);
        }
    }
}
