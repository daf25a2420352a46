
/*
 * For the tests of the WebSocket reader: builds what a client would send,
 * feeds it whole, byte by byte and cut at random, and writes down what comes
 * out as one line, for example
 *
 *     text(5:Hello) ping(0:) close(1000:bye)
 *     binary(65536#3f2a9c01) fail(1002)
 */


#ifndef _CR_WS_TEST_H_INCLUDED_
#define _CR_WS_TEST_H_INCLUDED_


#include <stdarg.h>

#include "cr_test.h"
#include "ngx_cr_ws_reader.h"


#define FIN   NGX_CR_WS_FIN
#define RSV1  NGX_CR_WS_RSV1
#define CONT  NGX_CR_WS_CONTINUATION
#define TEXT  NGX_CR_WS_TEXT
#define BIN   NGX_CR_WS_BINARY
#define CLOSE NGX_CR_WS_CLOSE
#define PING  NGX_CR_WS_PING
#define PONG  NGX_CR_WS_PONG


typedef struct {
    u_char  *data;
    size_t   len;
    size_t   size;
} wire_t;


static size_t  ws_test_blocks;     /* buffers that the reader holds */


static inline void *
ws_test_resize(void *ctx, void *p, size_t size)
{
    (void) ctx;

    if (size == 0) {
        ws_test_blocks--;
        free(p);
        return NULL;
    }

    if (p == NULL) {
        ws_test_blocks++;
    }

    return realloc(p, size);
}


static inline void
wire_bytes(wire_t *w, const void *p, size_t len)
{
    if (w->size - w->len < len) {
        w->size = (w->len + len) * 2;
        w->data = realloc(w->data, w->size);
    }

    if (len != 0) {
        memcpy(w->data + w->len, p, len);
        w->len += len;
    }
}


static inline void
wire_byte(wire_t *w, unsigned ch)
{
    u_char  c = (u_char) ch;

    wire_bytes(w, &c, 1);
}


/* the header of a masked frame; form: 0 minimal, else 7, 16 or 64 bits */

static inline void
wire_header(wire_t *w, unsigned first, uint64_t len, unsigned form)
{
    int  shift;

    if (form == 0) {
        form = (len < 126) ? 7 : (len < 0x10000) ? 16 : 64;
    }

    wire_byte(w, first);
    wire_byte(w, 0x80 | ((form == 7) ? len : (form == 16) ? 126 : 127));

    if (form != 7) {
        for (shift = form - 8; shift >= 0; shift -= 8) {
            wire_byte(w, (len >> shift) & 0xff);
        }
    }
}


static inline void
wire_frame(wire_t *w, unsigned first, const void *payload, size_t len)
{
    size_t         i;
    const u_char  *p;

    static const u_char  mask[4] = { 0x37, 0xfa, 0x21, 0x3d };

    wire_header(w, first, len, 0);
    wire_bytes(w, mask, 4);

    p = payload;

    for (i = 0; i < len; i++) {
        wire_byte(w, p[i] ^ mask[i & 3]);
    }
}


#define wire_text(w, first, s)  wire_frame(w, first, s, sizeof(s) - 1)


static inline void
wire_close(wire_t *w, unsigned code, const char *reason)
{
    u_char  b[1024];
    size_t  len;

    len = strlen(reason);
    b[0] = (u_char) (code >> 8);
    b[1] = (u_char) code;
    memcpy(b + 2, reason, len);

    wire_frame(w, FIN | CLOSE, b, len + 2);
}


static inline void
wire_free(wire_t *w)
{
    free(w->data);
    memset(w, 0, sizeof(wire_t));
}


typedef struct {
    char    text[8192];
    size_t  len;
} record_t;


static inline void __attribute__((format(printf, 2, 3)))
record_print(record_t *r, const char *fmt, ...)
{
    int      n;
    va_list  args;

    va_start(args, fmt);
    n = vsnprintf(r->text + r->len, sizeof(r->text) - r->len, fmt, args);
    va_end(args);

    r->len += n;

    if (r->len >= sizeof(r->text)) {
        r->len = sizeof(r->text) - 1;
    }
}


static inline void
record_add(record_t *r, const char *name, const u_char *p, size_t len)
{
    size_t    i;
    uint32_t  hash;

    record_print(r, "%s%s(%zu", (r->len != 0) ? " " : "", name, len);

    if (len > 40) {
        hash = 2166136261u;

        for (i = 0; i < len; i++) {
            hash = (hash ^ p[i]) * 16777619u;
        }

        record_print(r, "#%08x)", hash);
        return;
    }

    record_print(r, ":");

    for (i = 0; i < len; i++) {
        if (p[i] >= 0x20 && p[i] < 0x7f) {
            record_print(r, "%c", p[i]);

        } else {
            record_print(r, "<%02x>", p[i]);
        }
    }

    record_print(r, ")");
}


static inline void
record_event(record_t *r, const ngx_cr_ws_event_t *ev)
{
    char  name[16];

    switch (ev->type) {

    case NGX_CR_WS_EV_MESSAGE:
        record_add(r, (ev->opcode == TEXT) ? "text" : "binary", ev->data,
                   ev->len);
        break;

    case NGX_CR_WS_EV_PING:
        record_add(r, "ping", ev->data, ev->len);
        break;

    case NGX_CR_WS_EV_PONG:
        record_add(r, "pong", ev->data, ev->len);
        break;

    case NGX_CR_WS_EV_CLOSE:
        snprintf(name, sizeof(name), "close%u", (unsigned) ev->code);
        record_add(r, name, ev->data, ev->len);
        break;

    default:
        record_add(r, "never", NULL, 0);
    }
}


/* Feeds the bytes in steps: 0: at once, 1: one by one, else a seed. */

static inline void
ws_test_feed(record_t *out, const wire_t *w, size_t max, int deflate,
    uint32_t seed)
{
    size_t               n, at;
    u_char              *copy, *pos, *last;
    uint32_t             state;
    ngx_int_t            rc;
    ngx_cr_ws_event_t    ev;
    ngx_cr_ws_reader_t   r;

    out->len = 0;
    out->text[0] = '\0';
    state = seed;
    rc = NGX_AGAIN;

    ngx_cr_ws_reader_init(&r, max, deflate, ws_test_resize, NULL);

    for (at = 0; at < w->len && rc != NGX_ERROR; at += n) {

        n = (seed == 0) ? w->len
            : (seed == 1) ? 1
            : 1 + cr_test_random(&state) % ((state & 0x100) ? 7 : 2000);
        n = (n > w->len - at) ? w->len - at : n;

        /* a block of its own, so that ASan sees a step outside of it */

        copy = malloc(n);
        memcpy(copy, w->data + at, n);
        pos = copy;
        last = copy + n;

        do {
            rc = ngx_cr_ws_reader_next(&r, &pos, last, &ev);

            if (rc == NGX_OK) {
                record_event(out, &ev);
            }

        } while (rc == NGX_OK);

        if (rc != NGX_ERROR) {
            CHECK(pos == last);
        }

        free(copy);
    }

    if (rc == NGX_ERROR) {
        char  name[16];

        CHECK(r.parser.error != NULL);
        snprintf(name, sizeof(name), "fail%u", (unsigned) r.parser.code);
        record_add(out, name, NULL, 0);

        /* RFC 6455 section 7.1.7: it stays failed */

        CHECK_INT(ngx_cr_ws_reader_next(&r, &pos, pos, &ev), NGX_ERROR);
    }

    ngx_cr_ws_reader_done(&r);
    CHECK_INT(ws_test_blocks, 0);
}


/*
 * Checks that the bytes, however they are cut, come out as want, and frees
 * them.
 */

static inline void
ws_test_expect(const char *file, int line, wire_t *w, size_t max,
    int deflate, const char *want)
{
    uint32_t         seed, seeds;
    static record_t  got;

    seeds = (w->len > 100000) ? 6 : 30;

    for (seed = 0; seed < seeds; seed++) {

        ws_test_feed(&got, w, max, deflate, seed);

        if (strcmp(got.text, want) != 0) {
            printf("  %s:%d: cut %u: got \"%s\", not \"%s\"\n", file, line,
                   seed, got.text, want);
            cr_test_failures++;
            break;
        }
    }

    wire_free(w);
}


#define EXPECT(w, want)                                                       \
    ws_test_expect(__FILE__, __LINE__, w, 1024 * 1024, 0, want)

#define EXPECT_MAX(w, max, want)                                              \
    ws_test_expect(__FILE__, __LINE__, w, max, 0, want)

#define EXPECT_DEFLATE(w, max, want)                                          \
    ws_test_expect(__FILE__, __LINE__, w, max, 1, want)


#endif /* _CR_WS_TEST_H_INCLUDED_ */
