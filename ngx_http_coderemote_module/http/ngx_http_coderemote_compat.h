
/* What differs between nginx 1.22 and 1.30. */


#ifndef _NGX_HTTP_CODEREMOTE_COMPAT_H_INCLUDED_
#define _NGX_HTTP_CODEREMOTE_COMPAT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* 1.23.0 links headers of one name; before, the field does not exist */

#if (nginx_version >= 1023000)
#define ngx_http_coderemote_header_end(h)  ((h)->next = NULL)
#else
#define ngx_http_coderemote_header_end(h)
#endif


#endif /* _NGX_HTTP_CODEREMOTE_COMPAT_H_INCLUDED_ */
