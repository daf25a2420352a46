
/*
 * base64url as JOSE wants it (RFC 7515 section 2): no padding, no white
 * space, one spelling for each value.
 */


#ifndef _NGX_CR_BASE64URL_H_INCLUDED_
#define _NGX_CR_BASE64URL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* room for what len characters decode to */
#define ngx_cr_base64url_room(len)  (((len) + 3) / 4 * 3)

/* characters that n bytes take */
#define ngx_cr_base64url_length(n)  (((n) * 8 + 5) / 6)


/*
 * Decodes len characters of src into dst, which has
 * ngx_cr_base64url_room(len) bytes and may be src itself; *n is then the
 * number of bytes.  NGX_ERROR: a character that is not of the alphabet, a
 * length that no value has, or bits after the last byte that are not zero
 * (RFC 4648 section 3.5; two texts of one value would be two tokens with one
 * signature).
 */
ngx_int_t ngx_cr_base64url_decode(u_char *dst, size_t *n, const u_char *src,
    size_t len);


#endif /* _NGX_CR_BASE64URL_H_INCLUDED_ */
