
/*
 * A client's bytes against the reader of WebSocket messages.  Byte 0 of the
 * input is the configuration, byte 1 seeds the cuts, the rest is the wire.
 *
 * Holds: any cut gives the same messages and the same failure; what comes
 * out keeps its promises; no buffer is left.
 *
 * sources: ngx_http_coderemote_module/ws/
 * libs: -lz
 * with: nginx
 */


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ngx_cr_ws_reader.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* What came out, order and content, in one number each. */

typedef struct {
    uint64_t     hash;
    ngx_uint_t   events;
    ngx_uint_t   code;       /* of the failure, 0: none */
    ngx_int_t    rc;
} outcome_t;


static long  blocks;


static void *
resize(void *ctx, void *p, size_t size)
{
    (void) ctx;

    if (size == 0) {
        blocks--;
        free(p);
        return NULL;
    }

    if (p == NULL) {
        blocks++;
    }

    return realloc(p, size);
}


static void
mix(outcome_t *o, const void *p, size_t len)
{
    size_t          i;
    const uint8_t  *b;

    b = p;

    for (i = 0; i < len; i++) {
        o->hash = (o->hash ^ b[i]) * 1099511628211ULL;
    }
}


static void
promise(int kept)
{
    if (!kept) {
        abort();
    }
}


static void
take(outcome_t *o, const ngx_cr_ws_event_t *ev, size_t max)
{
    size_t  n;

    o->events++;
    mix(o, &ev->type, sizeof(ev->type));
    mix(o, &ev->len, sizeof(ev->len));
    mix(o, ev->data, ev->len);

    switch (ev->type) {

    case NGX_CR_WS_EV_MESSAGE:
        mix(o, &ev->opcode, sizeof(ev->opcode));
        promise(ev->len <= max);

        if (ev->opcode == NGX_CR_WS_TEXT) {
            promise(ngx_cr_ws_utf8_prefix(ev->data, ev->len, &n) == NGX_OK);

        } else {
            promise(ev->opcode == NGX_CR_WS_BINARY);
        }

        break;

    case NGX_CR_WS_EV_PING:
    case NGX_CR_WS_EV_PONG:
        promise(ev->len <= NGX_CR_WS_CONTROL_MAX);
        break;

    case NGX_CR_WS_EV_CLOSE:
        mix(o, &ev->code, sizeof(ev->code));
        promise(ev->len <= NGX_CR_WS_CONTROL_MAX - 2);
        promise(ngx_cr_ws_utf8_prefix(ev->data, ev->len, &n) == NGX_OK);
        promise(ev->code != 1006 && ev->code != 1015);
        break;

    default:
        promise(0);
    }
}


/* step: bytes a call, 0: as the seed says */

static outcome_t
feed(const uint8_t *data, size_t size, size_t max, int deflate, size_t step,
    uint32_t seed)
{
    size_t               n, at;
    u_char              *copy, *pos;
    outcome_t            o;
    ngx_cr_ws_event_t    ev;
    ngx_cr_ws_reader_t   r;

    memset(&o, 0, sizeof(o));
    o.hash = 14695981039346656037ULL;
    o.rc = NGX_AGAIN;

    ngx_cr_ws_reader_init(&r, max, deflate, resize, NULL);

    for (at = 0; at < size && o.rc != NGX_ERROR; at += n) {

        seed = seed * 1103515245 + 12345;
        n = (step != 0) ? step : 1 + (seed >> 16) % 17;
        n = (n < size - at) ? n : size - at;

        copy = malloc(n);
        memcpy(copy, data + at, n);
        pos = copy;

        for ( ;; ) {
            o.rc = ngx_cr_ws_reader_next(&r, &pos, copy + n, &ev);

            if (o.rc != NGX_OK) {
                break;
            }

            take(&o, &ev, max);
        }

        promise(o.rc == NGX_ERROR || pos == copy + n);
        free(copy);
    }

    if (o.rc == NGX_ERROR) {
        o.code = r.parser.code;
        promise(r.parser.error != NULL);
        promise(o.code == 1002 || o.code == 1007 || o.code == 1009);
    }

    ngx_cr_ws_reader_done(&r);
    promise(blocks == 0);

    return o;
}


static void
same(outcome_t a, outcome_t b)
{
    promise(a.hash == b.hash && a.events == b.events && a.code == b.code
            && a.rc == b.rc);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int        deflate;
    size_t     max;
    outcome_t  whole;

    static const size_t  maxima[] = { 0, 5, 100, 600, 5000, 65536, 100000,
                                      1024 * 1024 };

    if (size < 2) {
        return 0;
    }

    deflate = data[0] & 1;
    max = maxima[(data[0] >> 1) & 7];

    whole = feed(data + 2, size - 2, max, deflate, size, 0);

    same(whole, feed(data + 2, size - 2, max, deflate, 1, 0));
    same(whole, feed(data + 2, size - 2, max, deflate, 0, data[1]));

    return 0;
}
