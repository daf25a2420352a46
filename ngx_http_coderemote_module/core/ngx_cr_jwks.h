
/*
 * The keys of an issuer: a JWK set from a file, read with the configuration,
 * or from a URI.
 *
 * What a URI gave is in a shared zone, as the text that it was, with a
 * number; each nginx worker parses it for itself when the number is another.
 * One worker fetches for all.  It does so at the start, before the keys get
 * old, and when a token names a key that is not in the set, but for that not
 * more often than once in an interval, whatever anybody sends.
 *
 * When the issuer does not answer, or with something that is no key set, the
 * keys that are there go on serving until they are too old.
 */


#ifndef _NGX_CR_JWKS_H_INCLUDED_
#define _NGX_CR_JWKS_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_cr_curl.h"
#include "ngx_cr_jwk.h"


#define NGX_CR_JWKS_SIZE_MAX  65536     /* bytes of a document */


/* where from, and the times, in milliseconds */

typedef struct {
    ngx_str_t                    uri;
    ngx_str_t                    ca;        /* PEM file; len 0: the system's */
    ngx_msec_t                   refresh;   /* fetched again when so old */
    ngx_msec_t                   stale;     /* not used when so old */
    ngx_msec_t                   interval;  /* between two tries */
    ngx_msec_t                   timeout;   /* of a fetch */
} ngx_cr_jwks_source_t;


/*
 * In the zone.  Written under its mutex by whoever begins or ends a fetch;
 * generation and fetched are read without.  Times are ngx_current_msec, which
 * all processes of a machine share and nobody can set.
 */

typedef struct {
    ngx_atomic_t                 generation;    /* of json; 0: none yet */
    volatile ngx_msec_t          fetched;       /* when it was last good */
    ngx_msec_t                   tried;         /* when a fetch began */
    ngx_msec_t                   locked;        /* until when one is under
                                                   way; 0: none is */
    ngx_msec_t                   asked;         /* when one began for a key
                                                   that was not in the set */
    ngx_atomic_t                 ended;         /* fetches, good or not */
    unsigned                     was_tried:1;
    unsigned                     was_asked:1;
    size_t                       len;
    u_char                       json[NGX_CR_JWKS_SIZE_MAX];
} ngx_cr_jwks_shared_t;


typedef struct {
    ngx_str_t                    file;      /* len 0: from source */
    ngx_cr_jwks_source_t         source;
    ngx_shm_zone_t              *zone;

    /* of this process */
    ngx_cr_jwk_set_t            *set;       /* may be NULL */
    ngx_event_t                  refresh;   /* cancelable */
    ngx_event_t                  poll;      /* while somebody waits */
    ngx_queue_t                  waiting;   /* of ngx_cr_jwks_wait_t */
    ngx_cr_curl_t                fetch;
    unsigned                     fetching:1;
    unsigned                     started:1;
} ngx_cr_jwks_t;


/* somebody who waits for newer keys */

typedef struct ngx_cr_jwks_wait_s  ngx_cr_jwks_wait_t;

typedef void (*ngx_cr_jwks_wait_pt)(ngx_cr_jwks_wait_t *wait);

struct ngx_cr_jwks_wait_s {
    ngx_queue_t                  queue;
    ngx_cr_jwks_wait_pt          handler;
    void                        *data;
    ngx_atomic_uint_t            ended;     /* fetches, at the beginning */
    ngx_msec_t                   since;
    unsigned                     waiting:1;
};


/*
 * Configuration: one object a file or URI however often it is named; list is
 * an array of ngx_cr_jwks_t * of the same cycle.  tag: of the zone.  NULL:
 * the cause was logged.
 */
ngx_cr_jwks_t *ngx_cr_jwks_file(ngx_conf_t *cf, ngx_array_t *list,
    const ngx_str_t *file);
ngx_cr_jwks_t *ngx_cr_jwks_uri(ngx_conf_t *cf, ngx_array_t *list,
    const ngx_cr_jwks_source_t *source, void *tag);

/* Process init and exit, for each of list: the first fetch, the last one. */
void ngx_cr_jwks_start(ngx_array_t *list, ngx_log_t *log);
void ngx_cr_jwks_done(ngx_array_t *list);

/*
 * The keys as they are now, valid until the next call for the same jwks.
 * NULL: there are none that may be used.
 */
ngx_cr_jwk_set_t *ngx_cr_jwks_keys(ngx_cr_jwks_t *jwks);

/*
 * Asks for newer keys and waits; unknown: 1 for a key that is not in the set,
 * 0 when there is no set.  NGX_AGAIN: the handler is called when a fetch has
 * ended, with or without success, after the timeout at the latest, and never
 * from here; wait is the caller's memory until then.  NGX_DECLINED: it is too
 * early to ask again, or the keys are of a file.
 */
ngx_int_t ngx_cr_jwks_wait(ngx_cr_jwks_t *jwks, ngx_cr_jwks_wait_t *wait,
    ngx_uint_t unknown);

/* Forgets a waiter; harmless for one that does not wait. */
void ngx_cr_jwks_wait_cancel(ngx_cr_jwks_wait_t *wait);


#endif /* _NGX_CR_JWKS_H_INCLUDED_ */
