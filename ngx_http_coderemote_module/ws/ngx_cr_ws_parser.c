
/* Incremental reader of a client's frames, RFC 6455 section 5. */


#include "ngx_cr_ws_frame.h"
#include "ngx_cr_ws_parser.h"


#define ngx_cr_ws_is_control(opcode)  ((opcode) & 0x8)


static ngx_int_t ngx_cr_ws_parser_head(ngx_cr_ws_parser_t *p, u_char ch);
static ngx_int_t ngx_cr_ws_parser_opcode(ngx_cr_ws_parser_t *p);
static ngx_int_t ngx_cr_ws_parser_length(ngx_cr_ws_parser_t *p, u_char ch);
static ngx_int_t ngx_cr_ws_parser_extended(ngx_cr_ws_parser_t *p, u_char ch);
static ngx_int_t ngx_cr_ws_parser_size(ngx_cr_ws_parser_t *p);
static void ngx_cr_ws_parser_mask(ngx_cr_ws_parser_t *p, u_char ch);
static ngx_int_t ngx_cr_ws_parser_payload(ngx_cr_ws_parser_t *p,
    u_char **pos, u_char *last, ngx_cr_ws_event_t *ev);
static ngx_int_t ngx_cr_ws_parser_data(ngx_cr_ws_parser_t *p, u_char *data,
    size_t len, ngx_cr_ws_event_t *ev);
static ngx_int_t ngx_cr_ws_parser_end(ngx_cr_ws_parser_t *p,
    ngx_cr_ws_event_t *ev);
static ngx_int_t ngx_cr_ws_parser_control(ngx_cr_ws_parser_t *p,
    ngx_cr_ws_event_t *ev);
static ngx_int_t ngx_cr_ws_parser_close(ngx_cr_ws_parser_t *p,
    ngx_cr_ws_event_t *ev);
static void ngx_cr_ws_parser_unmask(ngx_cr_ws_parser_t *p, u_char *data,
    size_t len);
static ngx_int_t ngx_cr_ws_parser_fail(ngx_cr_ws_parser_t *p,
    ngx_uint_t code, const char *error);


void
ngx_cr_ws_parser_init(ngx_cr_ws_parser_t *p, size_t max, ngx_uint_t deflate)
{
    ngx_memzero(p, sizeof(ngx_cr_ws_parser_t));

    p->deflate = (deflate != 0);

    ngx_cr_ws_parser_limit(p, max);
}


void
ngx_cr_ws_parser_limit(ngx_cr_ws_parser_t *p, size_t max)
{
    p->max = ngx_min(max, NGX_MAX_SIZE_T_VALUE / 2);

    /*
     * A compressor may enlarge what it cannot compress, by one bit in eight
     * with fixed codes: a message of max bytes must pass in that form too.
     */

    p->max_deflated = p->max + p->max / 8 + 64;
}


void
ngx_cr_ws_parser_abort(ngx_cr_ws_parser_t *p, ngx_uint_t code,
    const char *error)
{
    (void) ngx_cr_ws_parser_fail(p, code, error);
}


ngx_int_t
ngx_cr_ws_parser_next(ngx_cr_ws_parser_t *p, u_char **pos, u_char *last,
    ngx_cr_ws_event_t *ev)
{
    ngx_int_t  rc;

    for ( ;; ) {

        if (p->state == NGX_CR_WS_PAYLOAD) {
            rc = ngx_cr_ws_parser_payload(p, pos, last, ev);

            if (rc != NGX_DECLINED) {
                return rc;
            }
        }

        if (p->state == NGX_CR_WS_FAILED) {
            return NGX_ERROR;
        }

        if (p->state == NGX_CR_WS_DONE) {
            *pos = last;
            return NGX_DONE;
        }

        if (*pos == last) {
            return NGX_AGAIN;
        }

        rc = NGX_OK;

        switch (p->state) {

        case NGX_CR_WS_HEAD:
            rc = ngx_cr_ws_parser_head(p, *(*pos)++);
            break;

        case NGX_CR_WS_LENGTH:
            rc = ngx_cr_ws_parser_length(p, *(*pos)++);
            break;

        case NGX_CR_WS_EXTENDED:
            rc = ngx_cr_ws_parser_extended(p, *(*pos)++);
            break;

        default: /* NGX_CR_WS_MASK */
            ngx_cr_ws_parser_mask(p, *(*pos)++);
            break;
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }
}


static ngx_int_t
ngx_cr_ws_parser_head(ngx_cr_ws_parser_t *p, u_char ch)
{
    ngx_uint_t  rsv1;

    p->fin = (ch & NGX_CR_WS_FIN) != 0;
    p->opcode = ch & 0xf;
    p->started = 0;

    if (ch & 0x30) {
        return ngx_cr_ws_parser_fail(p, NGX_CR_WS_CLOSE_PROTOCOL,
                                     "reserved bit is set");
    }

    if (ngx_cr_ws_parser_opcode(p) != NGX_OK) {
        return NGX_ERROR;
    }

    rsv1 = (ch & NGX_CR_WS_RSV1) != 0;

    /* RFC 7692 section 6: only the first frame of a data message has it */

    if (rsv1
        && (!p->deflate
            || (p->opcode != NGX_CR_WS_TEXT
                && p->opcode != NGX_CR_WS_BINARY)))
    {
        return ngx_cr_ws_parser_fail(p, NGX_CR_WS_CLOSE_PROTOCOL,
                                     "reserved bit is set");
    }

    if (p->opcode == NGX_CR_WS_TEXT || p->opcode == NGX_CR_WS_BINARY) {
        p->message = p->opcode;
        p->compressed = rsv1;
        p->size = 0;
        ngx_cr_ws_utf8_init(&p->utf8);

    } else {
        p->started = 1;
    }

    p->state = NGX_CR_WS_LENGTH;

    return NGX_OK;
}


static ngx_int_t
ngx_cr_ws_parser_opcode(ngx_cr_ws_parser_t *p)
{
    switch (p->opcode) {

    case NGX_CR_WS_CONTINUATION:

        if (p->message == 0) {
            return ngx_cr_ws_parser_fail(p, NGX_CR_WS_CLOSE_PROTOCOL,
                                         "continuation of no message");
        }

        return NGX_OK;

    case NGX_CR_WS_TEXT:
    case NGX_CR_WS_BINARY:

        if (p->message != 0) {
            return ngx_cr_ws_parser_fail(p, NGX_CR_WS_CLOSE_PROTOCOL,
                                         "new message within a message");
        }

        return NGX_OK;

    case NGX_CR_WS_CLOSE:
    case NGX_CR_WS_PING:
    case NGX_CR_WS_PONG:

        if (!p->fin) {
            return ngx_cr_ws_parser_fail(p, NGX_CR_WS_CLOSE_PROTOCOL,
                                         "control frame is fragmented");
        }

        return NGX_OK;

    default:
        return ngx_cr_ws_parser_fail(p, NGX_CR_WS_CLOSE_PROTOCOL,
                                     "reserved opcode");
    }
}


static ngx_int_t
ngx_cr_ws_parser_length(ngx_cr_ws_parser_t *p, u_char ch)
{
    if ((ch & 0x80) == 0) {
        return ngx_cr_ws_parser_fail(p, NGX_CR_WS_CLOSE_PROTOCOL,
                                     "frame is not masked");
    }

    ch &= 0x7f;

    if (ngx_cr_ws_is_control(p->opcode) && ch > NGX_CR_WS_CONTROL_MAX) {
        return ngx_cr_ws_parser_fail(p, NGX_CR_WS_CLOSE_PROTOCOL,
                                     "control frame is too long");
    }

    p->control_len = 0;
    p->phase = 0;

    if (ch >= 126) {
        p->left = 0;
        p->need = (ch == 126) ? 2 : 8;
        p->least = (ch == 126) ? 126 : 0x10000;
        p->state = NGX_CR_WS_EXTENDED;
        return NGX_OK;
    }

    p->left = ch;

    return ngx_cr_ws_parser_size(p);
}


static ngx_int_t
ngx_cr_ws_parser_extended(ngx_cr_ws_parser_t *p, u_char ch)
{
    if (p->need == 8 && (ch & 0x80)) {
        return ngx_cr_ws_parser_fail(p, NGX_CR_WS_CLOSE_PROTOCOL,
                                     "length has its top bit set");
    }

    p->left = (p->left << 8) | ch;

    if (--p->need != 0) {
        return NGX_OK;
    }

    if (p->left < p->least) {
        return ngx_cr_ws_parser_fail(p, NGX_CR_WS_CLOSE_PROTOCOL,
                                     "length is not minimally encoded");
    }

    return ngx_cr_ws_parser_size(p);
}


/* The length is known: refuse too much of it before any of it arrives. */

static ngx_int_t
ngx_cr_ws_parser_size(ngx_cr_ws_parser_t *p)
{
    size_t  max;

    if (!ngx_cr_ws_is_control(p->opcode)) {
        max = p->compressed ? p->max_deflated : p->max;

        if (p->size > max || p->left > max - p->size) {
            return ngx_cr_ws_parser_fail(p, NGX_CR_WS_CLOSE_TOO_BIG,
                                         "message is too big");
        }

        p->size += (size_t) p->left;
    }

    p->need = 4;
    p->state = NGX_CR_WS_MASK;

    return NGX_OK;
}


static void
ngx_cr_ws_parser_mask(ngx_cr_ws_parser_t *p, u_char ch)
{
    p->mask[4 - p->need] = ch;

    if (--p->need == 0) {
        p->state = NGX_CR_WS_PAYLOAD;
    }
}


/* NGX_DECLINED: nothing happened, go on with the state that is set. */

static ngx_int_t
ngx_cr_ws_parser_payload(ngx_cr_ws_parser_t *p, u_char **pos, u_char *last,
    ngx_cr_ws_event_t *ev)
{
    size_t   n;
    u_char  *data;

    if (!p->started) {
        p->started = 1;
        ev->type = NGX_CR_WS_EV_START;
        ev->opcode = p->opcode;
        ev->compressed = p->compressed;
        return NGX_OK;
    }

    n = last - *pos;

    if (n > p->left) {
        n = (size_t) p->left;
    }

    data = *pos;
    *pos += n;
    p->left -= n;

    ngx_cr_ws_parser_unmask(p, data, n);

    if (ngx_cr_ws_is_control(p->opcode)) {
        ngx_memcpy(p->control + p->control_len, data, n);
        p->control_len += n;

        return (p->left == 0) ? ngx_cr_ws_parser_control(p, ev)
                              : NGX_DECLINED;
    }

    if (n != 0) {
        return ngx_cr_ws_parser_data(p, data, n, ev);
    }

    return (p->left == 0) ? ngx_cr_ws_parser_end(p, ev) : NGX_DECLINED;
}


static ngx_int_t
ngx_cr_ws_parser_data(ngx_cr_ws_parser_t *p, u_char *data, size_t len,
    ngx_cr_ws_event_t *ev)
{
    if (p->message == NGX_CR_WS_TEXT && !p->compressed
        && ngx_cr_ws_utf8_feed(&p->utf8, data, len) == NGX_ERROR)
    {
        return ngx_cr_ws_parser_fail(p, NGX_CR_WS_CLOSE_INVALID,
                                     "text is not utf-8");
    }

    ev->type = NGX_CR_WS_EV_DATA;
    ev->data = data;
    ev->len = len;

    return NGX_OK;
}


static ngx_int_t
ngx_cr_ws_parser_end(ngx_cr_ws_parser_t *p, ngx_cr_ws_event_t *ev)
{
    p->state = NGX_CR_WS_HEAD;

    if (!p->fin) {
        return NGX_DECLINED;
    }

    if (p->utf8.need != 0) {
        return ngx_cr_ws_parser_fail(p, NGX_CR_WS_CLOSE_INVALID,
                                     "text ends within a character");
    }

    p->message = 0;
    ev->type = NGX_CR_WS_EV_END;

    return NGX_OK;
}


static ngx_int_t
ngx_cr_ws_parser_control(ngx_cr_ws_parser_t *p, ngx_cr_ws_event_t *ev)
{
    p->state = NGX_CR_WS_HEAD;

    if (p->opcode == NGX_CR_WS_CLOSE) {
        return ngx_cr_ws_parser_close(p, ev);
    }

    ev->type = (p->opcode == NGX_CR_WS_PING) ? NGX_CR_WS_EV_PING
                                             : NGX_CR_WS_EV_PONG;
    ev->data = p->control;
    ev->len = p->control_len;

    return NGX_OK;
}


/* RFC 6455 section 5.5.1: nothing, or a code and a reason in UTF-8 */

static ngx_int_t
ngx_cr_ws_parser_close(ngx_cr_ws_parser_t *p, ngx_cr_ws_event_t *ev)
{
    size_t      n;
    ngx_uint_t  code;

    code = NGX_CR_WS_CLOSE_NO_STATUS;
    ev->data = p->control;
    ev->len = 0;

    if (p->control_len == 1) {
        return ngx_cr_ws_parser_fail(p, NGX_CR_WS_CLOSE_PROTOCOL,
                                     "close code is cut");
    }

    if (p->control_len != 0) {
        code = (p->control[0] << 8) | p->control[1];
        ev->data = p->control + 2;
        ev->len = p->control_len - 2;

        if (!ngx_cr_ws_close_code_valid(code)) {
            return ngx_cr_ws_parser_fail(p, NGX_CR_WS_CLOSE_PROTOCOL,
                                         "close code is not valid");
        }
    }

    if (ngx_cr_ws_utf8_prefix(ev->data, ev->len, &n) != NGX_OK) {
        return ngx_cr_ws_parser_fail(p, NGX_CR_WS_CLOSE_INVALID,
                                     "close reason is not utf-8");
    }

    p->state = NGX_CR_WS_DONE;
    ev->type = NGX_CR_WS_EV_CLOSE;
    ev->code = code;

    return NGX_OK;
}


static void
ngx_cr_ws_parser_unmask(ngx_cr_ws_parser_t *p, u_char *data, size_t len)
{
    u_char      key[8];
    size_t      i;
    uint64_t    word, mask;
    ngx_uint_t  n;

    for (n = 0; n < 8; n++) {
        key[n] = p->mask[(p->phase + n) & 3];
    }

    ngx_memcpy(&mask, key, sizeof(uint64_t));

    for (i = 0; len - i >= sizeof(uint64_t); i += sizeof(uint64_t)) {
        ngx_memcpy(&word, data + i, sizeof(uint64_t));
        word ^= mask;
        ngx_memcpy(data + i, &word, sizeof(uint64_t));
    }

    for ( /* void */ ; i < len; i++) {
        data[i] ^= key[i & 7];
    }

    p->phase = (p->phase + len) & 3;
}


static ngx_int_t
ngx_cr_ws_parser_fail(ngx_cr_ws_parser_t *p, ngx_uint_t code,
    const char *error)
{
    p->state = NGX_CR_WS_FAILED;
    p->code = code;
    p->error = error;

    return NGX_ERROR;
}
