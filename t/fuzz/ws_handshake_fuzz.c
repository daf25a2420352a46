
/*
 * The headers of an upgrade request, one a line as "Name: value", after a
 * byte of configuration.
 *
 * Holds: a status of the contract, strings that point into their header, an
 * answer that is itself a list we accept, and the same verdict for the same
 * headers in another order of the kinds.
 *
 * sources: ngx_http_coderemote_module/ws/ngx_cr_ws_handshake.c
 * sources: ngx_http_coderemote_module/ws/ngx_cr_ws_extensions.c
 * with: nginx
 */


#include <stdlib.h>
#include <string.h>

#include "ngx_cr_ws_deflate.h"
#include "ngx_cr_ws_extensions.h"
#include "ngx_cr_ws_handshake.h"


#define LINES  64


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


typedef struct {
    ngx_str_t  name;
    ngx_str_t  value;
} line_t;


static void
promise(int kept)
{
    if (!kept) {
        abort();
    }
}


/* Each value in a block of its own, so that ASan sees a step outside. */

static size_t
lines_of(const uint8_t *data, size_t size, line_t *lines)
{
    size_t          n;
    const uint8_t  *end, *colon, *last;

    last = data + size;

    for (n = 0; n < LINES && data < last; data = end + 1) {

        end = memchr(data, '\n', last - data);
        end = (end != NULL) ? end : last;
        colon = memchr(data, ':', end - data);

        if (colon == NULL) {
            continue;
        }

        lines[n].name.data = (u_char *) data;
        lines[n].name.len = colon - data;

        colon++;
        colon += (colon < end && *colon == ' ');

        lines[n].value.len = end - colon;
        lines[n].value.data = malloc(end - colon);
        memcpy(lines[n].value.data, colon, end - colon);
        n++;
    }

    return n;
}


static int
inside(const ngx_str_t *s, const line_t *lines, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (s->data >= lines[i].value.data
            && s->data + s->len <= lines[i].value.data + lines[i].value.len)
        {
            return 1;
        }
    }

    return 0;
}


static void
check_101(ngx_cr_ws_handshake_t *hs, const line_t *lines, size_t n)
{
    u_char             answer[NGX_CR_WS_EXTENSIONS_MAX];
    ngx_str_t          value;
    ngx_cr_ws_offer_t  offer;

    promise(hs->error == NULL);
    promise(hs->accept[27] == '=' && hs->accept[26] != '=');
    promise(hs->token.len == 0 || inside(&hs->token, lines, n));
    promise(hs->protocol.len == 0
            || memcmp(hs->protocol.data, "coderemote.v1", 13) == 0);
    promise(hs->window_bits >= NGX_CR_WS_WINDOW_MIN
            && hs->window_bits <= NGX_CR_WS_WINDOW_MAX);

    if (hs->deflate) {
        value.data = answer;
        value.len = ngx_cr_ws_handshake_extensions(hs, answer) - answer;

        promise(value.len <= NGX_CR_WS_EXTENSIONS_MAX);
        promise(ngx_cr_ws_extensions_parse(&value, &offer) == NGX_OK);
        promise(offer.window_bits == hs->window_bits);
        promise(offer.window_asked == hs->window_asked);
    }
}


static ngx_uint_t
judge(const line_t *lines, size_t n, unsigned flags, ngx_uint_t rounds)
{
    size_t                 i;
    ngx_uint_t             status, round;
    ngx_cr_ws_handshake_t  hs;

    ngx_cr_ws_handshake_init(&hs, flags & 1);

    /* in two rounds: names of even length first, then the others */

    for (round = 0; round < rounds; round++) {
        for (i = 0; i < n; i++) {
            if (rounds == 1 || (lines[i].name.len & 1) == round) {
                ngx_cr_ws_handshake_header(&hs, &lines[i].name,
                                           &lines[i].value);
            }
        }
    }

    status = ngx_cr_ws_handshake_done(&hs, !(flags & 2), !(flags & 4));

    if (status == 101) {
        check_101(&hs, lines, n);

    } else {
        promise(hs.error != NULL);
        promise(status == 400 || status == 405 || status == 426);
    }

    return status;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t      n;
    line_t      lines[LINES];
    ngx_uint_t  status;

    if (size < 1) {
        return 0;
    }

    n = lines_of(data + 1, size - 1, lines);

    status = judge(lines, n, data[0], 1);

    /* headers of one name have one length: their order is kept */

    promise(judge(lines, n, data[0], 2) == status);

    while (n != 0) {
        free(lines[--n].value.data);
    }

    return 0;
}
