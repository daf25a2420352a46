
/*
 * One nginx worker's connection to a pool: the tether socket, the mapped
 * segment, the doorbells.  A pool that restarts brings a new segment, so a
 * channel outlives its links: a link is one life of a pool as seen from here.
 */


#ifndef _NGX_CR_CHANNEL_H_INCLUDED_
#define _NGX_CR_CHANNEL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "cr_hello.h"
#include "cr_segment.h"
#include "ngx_cr_languages.h"


/* lost links that stay mapped so that their finished jobs can be read */

#define NGX_CR_CHANNEL_LINKS_MAX   4
#define NGX_CR_CHANNEL_LINK_AGE    (15 * 60 * 1000)


typedef struct ngx_cr_channel_s  ngx_cr_channel_t;
typedef struct ngx_cr_link_s     ngx_cr_link_t;


/* a pool as configured; constant but for channel, set at process init */

typedef struct {
    ngx_str_t                    name;      /* as written: "unix:/path" */
    ngx_str_t                    path;      /* NUL-terminated */
    ngx_cr_channel_t            *channel;   /* NULL in helpers and masters */
} ngx_cr_pool_t;


struct ngx_cr_link_s {
    ngx_queue_t                  queue;     /* in channel->old, when lost */
    ngx_cr_channel_t            *channel;
    cr_segment_t                 segment;
    uint32_t                     index;     /* our channel in the segment */
    uint32_t                     wake_hint;
    ngx_uint_t                   nworkers;
    int                         *worker_fds; /* eventfds of pool workers */

    ngx_connection_t            *tether;    /* NULL once lost */
    ngx_connection_t            *doorbell;  /* the same */

    ngx_queue_t                 *slots;     /* by slot index: watches */
    ngx_queue_t                  blocked;   /* watches with stdin to send */
    ngx_uint_t                   nwatches;
    uint32_t                     serving;   /* slot whose handlers run */
    ngx_event_t                  posted;    /* rest of a long doorbell turn */

    ngx_cr_languages_t          *languages;

    int64_t                      lost_us;   /* since the epoch; 0: it is up */
    ngx_msec_t                   lost_at;
    unsigned                     lost:1;    /* unfinished jobs are errors */
};


/* a channel's registered callbacks must live as long as the process does */

struct ngx_cr_channel_s {
    ngx_cr_pool_t               *conf;
    ngx_cr_link_t               *link;      /* NULL: the pool is down */
    ngx_queue_t                  old;       /* of lost links, newest first */
    ngx_uint_t                   nold;
    ngx_connection_t            *connecting;
    ngx_queue_t                  waits;     /* while connecting */
    ngx_event_t                  reconnect; /* cancelable */
    ngx_event_t                  expire;    /* cancelable */
    ngx_msec_t                   backoff;
    ngx_uint_t                   failures;  /* in a row, for quiet logging */
    ngx_log_t                   *log;
    const char                  *why;       /* it is down; constant text */
};


/*
 * Process init, in real workers only: starts to connect to every pool of the
 * array (of ngx_cr_pool_t *).  Never blocks.
 */
ngx_int_t ngx_cr_channel_init(ngx_cycle_t *cycle, ngx_array_t *pools);

/* Process exit: closes what is open without an alert of nginx. */
void ngx_cr_channel_done(ngx_array_t *pools);

/*
 * The languages of a link, parsed again when the pool rewrote them; valid
 * until the event handler returns.  NULL: not readable now (try later) or not
 * believable.
 */
ngx_cr_languages_t *ngx_cr_channel_languages(ngx_cr_link_t *link);

/* Unmaps lost links that are too old or too many and that nobody watches. */
void ngx_cr_channel_prune(ngx_cr_channel_t *channel);

/*
 * ngx_cr_channel_wait.c.  meeting: the pool has taken our connection and has
 * yet to answer.  wait: asks for one call of the handler when it has, or has
 * not; NGX_OK, or NGX_DECLINED when nobody is being met.  The memory is the
 * caller's until the call or ngx_cr_channel_wait_del().
 */
typedef struct ngx_cr_channel_wait_s  ngx_cr_channel_wait_t;

struct ngx_cr_channel_wait_s {
    ngx_queue_t                  queue;
    void                       (*handler)(ngx_cr_channel_wait_t *wait);
    void                        *data;
    unsigned                     added:1;
};

#define ngx_cr_channel_meeting(channel)                                       \
    ((channel)->link == NULL && (channel)->connecting != NULL)

ngx_int_t ngx_cr_channel_wait(ngx_cr_channel_t *channel,
    ngx_cr_channel_wait_t *wait);
void ngx_cr_channel_wait_del(ngx_cr_channel_wait_t *wait);
/* the channel's own: calls them all, last thing in its handler */
void ngx_cr_channel_met(ngx_cr_channel_t *channel);

/* Wakes a pool worker after a push to the submission ring, if one sleeps. */
void ngx_cr_channel_wake(ngx_cr_link_t *link);

/* Wakes the given pool worker after a push to its control ring. */
void ngx_cr_channel_wake_worker(ngx_cr_link_t *link, uint32_t worker);


#endif /* _NGX_CR_CHANNEL_H_INCLUDED_ */
