
/*
 * JSON in and out.  The writer checks eight bytes at a time whether any of
 * them needs an escape, since most of what it writes is a program's output.
 */


#include "ngx_cr_json.h"


#define NGX_CR_JSON_BUF_MIN   256
#define NGX_CR_JSON_BUF_MAX   65536
#define NGX_CR_JSON_ESCAPE    6            /* the longest: \u001f */

#define NGX_CR_JSON_ONES      0x0101010101010101ULL
#define NGX_CR_JSON_HIGHS     0x8080808080808080ULL


static ngx_uint_t ngx_cr_json_is_plain(uint64_t w);
static void ngx_cr_json_describe(const json_error_t *error,
    ngx_str_t *detail);
static u_char *ngx_cr_json_room(ngx_cr_json_t *j, size_t n);
static void ngx_cr_json_comma(ngx_cr_json_t *j);
static u_char *ngx_cr_json_escape(u_char *p, u_char c);


json_t *
ngx_cr_json_decode(const u_char *data, size_t len, ngx_uint_t *bad_utf8,
    ngx_str_t *detail)
{
    json_t        *json;
    json_error_t   error;

    *bad_utf8 = 0;

    if (len == 0) {
        detail->len = ngx_snprintf(detail->data, detail->len, "it is empty")
                      - detail->data;
        return NULL;
    }

    json = json_loadb((const char *) data, len, JSON_REJECT_DUPLICATES,
                      &error);

    if (json == NULL) {
        *bad_utf8 = (json_error_code(&error) == json_error_invalid_utf8);
        ngx_cr_json_describe(&error, detail);

        return NULL;
    }

    if (!json_is_object(json)) {
        json_decref(json);

        detail->len = ngx_snprintf(detail->data, detail->len,
                                   "the top level must be an object, "
                                   "{\"member\": value, ...}")
                      - detail->data;
        return NULL;
    }

    return json;
}


static void
ngx_cr_json_describe(const json_error_t *error, ngx_str_t *detail)
{
    u_char      *p, *last;
    const char  *text;

    /* jansson's own words name an option of its API */

    text = (json_error_code(error) == json_error_null_character)
           ? "a string must not have \\u0000" : error->text;

    p = detail->data;
    last = ngx_snprintf(p, detail->len, "line %d, column %d: %s",
                        error->line, error->column, text);
    detail->len = last - p;

    /* the text may quote the input, cut anywhere */

    for ( /* void */ ; p < last; p++) {
        if (*p < 0x20 || *p > 0x7e) {
            *p = '?';
        }
    }
}


void
ngx_cr_json_init(ngx_cr_json_t *j, ngx_pool_t *pool, size_t size)
{
    j->pool = pool;
    j->first = NULL;
    j->last = &j->first;
    j->buf = NULL;
    j->size = ngx_max(size, NGX_CR_JSON_BUF_MIN);
    j->total = 0;
    j->comma = 0;
    j->error = 0;
}


ngx_int_t
ngx_cr_json_done(ngx_cr_json_t *j, size_t *total)
{
    if (j->error) {
        return NGX_ERROR;
    }

    if (j->buf != NULL) {
        j->total += j->buf->last - j->buf->pos;
        j->buf = NULL;
    }

    *j->last = NULL;
    *total = j->total;

    return NGX_OK;
}


/* n <= NGX_CR_JSON_BUF_MIN contiguous bytes, or NULL */

static u_char *
ngx_cr_json_room(ngx_cr_json_t *j, size_t n)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    b = j->buf;

    if (b != NULL && (size_t) (b->end - b->last) >= n) {
        return b->last;
    }

    if (j->error) {
        return NULL;
    }

    if (b != NULL) {
        j->total += b->last - b->pos;
    }

    b = ngx_create_temp_buf(j->pool, j->size);
    cl = ngx_alloc_chain_link(j->pool);

    if (b == NULL || cl == NULL) {
        j->error = 1;
        j->buf = NULL;
        return NULL;
    }

    cl->buf = b;
    cl->next = NULL;
    *j->last = cl;
    j->last = &cl->next;

    j->buf = b;
    j->size = ngx_min(j->size * 2, NGX_CR_JSON_BUF_MAX);

    return b->last;
}


static void
ngx_cr_json_comma(ngx_cr_json_t *j)
{
    u_char  *p;

    if (j->comma) {
        p = ngx_cr_json_room(j, 1);
        if (p != NULL) {
            *p = ',';
            j->buf->last++;
        }
    }

    j->comma = 1;
}


void
ngx_cr_json_begin(ngx_cr_json_t *j, u_char bracket)
{
    u_char  *p;

    ngx_cr_json_comma(j);

    p = ngx_cr_json_room(j, 1);
    if (p != NULL) {
        *p = bracket;
        j->buf->last++;
    }

    j->comma = 0;
}


void
ngx_cr_json_end(ngx_cr_json_t *j, u_char bracket)
{
    u_char  *p;

    p = ngx_cr_json_room(j, 1);
    if (p != NULL) {
        *p = bracket;
        j->buf->last++;
    }

    j->comma = 1;
}


void
ngx_cr_json_name(ngx_cr_json_t *j, const char *name)
{
    size_t   len;
    u_char  *p;

    ngx_cr_json_comma(j);

    len = ngx_strlen(name);

    p = ngx_cr_json_room(j, len + 3);
    if (p != NULL) {
        *p++ = '"';
        p = ngx_cpymem(p, name, len);
        *p++ = '"';
        *p++ = ':';
        j->buf->last = p;
    }

    j->comma = 0;
}


void
ngx_cr_json_text(ngx_cr_json_t *j, const u_char *data, size_t len)
{
    size_t         n;
    u_char        *p;
    uint64_t       w;
    const u_char  *last;

    if (data == NULL) {
        ngx_cr_json_null(j);
        return;
    }

    ngx_cr_json_comma(j);

    p = ngx_cr_json_room(j, 1);
    if (p == NULL) {
        return;
    }

    *p = '"';
    j->buf->last++;

    while (len != 0) {

        /* room for the worst of at least a few bytes, then no more checks */

        p = ngx_cr_json_room(j, 8 * NGX_CR_JSON_ESCAPE);
        if (p == NULL) {
            return;
        }

        n = (j->buf->end - p) / NGX_CR_JSON_ESCAPE;
        n = ngx_min(n, len);
        last = data + n;
        len -= n;

        while (data < last) {

            if (last - data >= 8) {
                ngx_memcpy(&w, data, 8);

                if (ngx_cr_json_is_plain(w)) {
                    ngx_memcpy(p, &w, 8);
                    p += 8;
                    data += 8;
                    continue;
                }
            }

            p = ngx_cr_json_escape(p, *data++);
        }

        j->buf->last = p;
    }

    p = ngx_cr_json_room(j, 1);
    if (p != NULL) {
        *p = '"';
        j->buf->last++;
    }
}


/* none of the eight is below 0x20, '"' or '\'; bytes over 0x7f are plain */

static ngx_uint_t
ngx_cr_json_is_plain(uint64_t w)
{
    uint64_t  control, quote, slash;

    control = (w - NGX_CR_JSON_ONES * 0x20) & ~w;

    quote = w ^ (NGX_CR_JSON_ONES * '"');
    quote = (quote - NGX_CR_JSON_ONES) & ~quote;

    slash = w ^ (NGX_CR_JSON_ONES * '\\');
    slash = (slash - NGX_CR_JSON_ONES) & ~slash;

    return ((control | quote | slash) & NGX_CR_JSON_HIGHS) == 0;
}


static u_char *
ngx_cr_json_escape(u_char *p, u_char c)
{
    static const u_char  hex[] = "0123456789abcdef";

    if (c >= 0x20 && c != '"' && c != '\\') {
        *p++ = c;
        return p;
    }

    *p++ = '\\';

    switch (c) {

    case '"':
    case '\\':
        *p++ = c;
        break;

    case '\n':
        *p++ = 'n';
        break;

    case '\r':
        *p++ = 'r';
        break;

    case '\t':
        *p++ = 't';
        break;

    default:
        p = ngx_cpymem(p, "u00", 3);
        *p++ = hex[c >> 4];
        *p++ = hex[c & 0xf];
    }

    return p;
}


void
ngx_cr_json_base64(ngx_cr_json_t *j, const u_char *data, size_t len)
{
    size_t      n;
    u_char     *p;
    ngx_str_t   src, dst;

    ngx_cr_json_comma(j);

    p = ngx_cr_json_room(j, 1);
    if (p == NULL) {
        return;
    }

    *p = '"';
    j->buf->last++;

    while (len != 0) {

        p = ngx_cr_json_room(j, 64);
        if (p == NULL) {
            return;
        }

        /* whole groups of three, so that padding comes at the end only */

        n = (j->buf->end - p) / 4 * 3;
        n = ngx_min(n, len);

        src.data = (u_char *) data;
        src.len = n;
        dst.data = p;
        ngx_encode_base64(&dst, &src);

        j->buf->last += dst.len;
        data += n;
        len -= n;
    }

    p = ngx_cr_json_room(j, 1);
    if (p != NULL) {
        *p = '"';
        j->buf->last++;
    }
}


void
ngx_cr_json_cstr(ngx_cr_json_t *j, const char *s)
{
    ngx_cr_json_text(j, (const u_char *) s, (s == NULL) ? 0 : ngx_strlen(s));
}


void
ngx_cr_json_int(ngx_cr_json_t *j, int64_t n)
{
    u_char  *p;

    ngx_cr_json_comma(j);

    p = ngx_cr_json_room(j, NGX_INT64_LEN);
    if (p != NULL) {
        j->buf->last = ngx_sprintf(p, "%L", n);
    }
}


void
ngx_cr_json_bool(ngx_cr_json_t *j, ngx_uint_t value)
{
    if (value) {
        ngx_cr_json_raw(j, (const u_char *) "true", 4);

    } else {
        ngx_cr_json_raw(j, (const u_char *) "false", 5);
    }
}


void
ngx_cr_json_null(ngx_cr_json_t *j)
{
    ngx_cr_json_raw(j, (const u_char *) "null", 4);
}


void
ngx_cr_json_time(ngx_cr_json_t *j, int64_t us)
{
    u_char    *p;
    ngx_tm_t   tm;

    if (us <= 0) {
        ngx_cr_json_null(j);
        return;
    }

    ngx_cr_json_comma(j);

    p = ngx_cr_json_room(j, sizeof("\"1970-01-01T00:00:00.000Z\"") + 16);
    if (p != NULL) {
        ngx_gmtime(us / 1000000, &tm);

        j->buf->last = ngx_sprintf(p, "\"%04d-%02d-%02dT%02d:%02d:%02d.%03dZ\"",
                                   tm.ngx_tm_year, tm.ngx_tm_mon,
                                   tm.ngx_tm_mday, tm.ngx_tm_hour,
                                   tm.ngx_tm_min, tm.ngx_tm_sec,
                                   (int) (us / 1000 % 1000));
    }
}


void
ngx_cr_json_ms(ngx_cr_json_t *j, uint64_t us)
{
    u_char      *p;
    ngx_uint_t   rest;

    ngx_cr_json_comma(j);

    p = ngx_cr_json_room(j, NGX_INT64_LEN + 4);
    if (p == NULL) {
        return;
    }

    p = ngx_sprintf(p, "%uL", us / 1000);

    rest = us % 1000;

    if (rest != 0) {
        p = ngx_sprintf(p, ".%03ui", rest);

        while (p[-1] == '0') {
            p--;
        }
    }

    j->buf->last = p;
}


void
ngx_cr_json_raw(ngx_cr_json_t *j, const u_char *data, size_t len)
{
    size_t   n;
    u_char  *p;

    ngx_cr_json_comma(j);

    while (len != 0) {
        p = ngx_cr_json_room(j, 1);
        if (p == NULL) {
            return;
        }

        n = ngx_min((size_t) (j->buf->end - p), len);
        j->buf->last = ngx_cpymem(p, data, n);
        data += n;
        len -= n;
    }
}
