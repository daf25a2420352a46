
/*
 * Keys from a URI, shared by all nginx workers; see the header.
 *
 * A worker that waits for a fetch of another one looks every 20 ms whether it
 * has ended: that happens at the start and when a key is unknown, and costs
 * less than a way to wake processes.  A lock that a dead worker left ends by
 * its time.
 */


#include "ngx_cr_jwks.h"
#include "ngx_cr_stats.h"


#define NGX_CR_JWKS_POLL   20
#define NGX_CR_JWKS_SLACK  1000     /* a fetch may end so late, ms */


static void ngx_cr_jwks_load(ngx_cr_jwks_t *jwks,
    ngx_cr_jwks_shared_t *shared);
static ngx_int_t ngx_cr_jwks_begin(ngx_cr_jwks_t *jwks, ngx_uint_t unknown,
    ngx_atomic_uint_t *ended);
static ngx_int_t ngx_cr_jwks_lock(ngx_cr_jwks_t *jwks, ngx_uint_t unknown);
static void ngx_cr_jwks_fetched(ngx_cr_curl_t *t);
static const char *ngx_cr_jwks_take(ngx_cr_jwks_t *jwks);
static void ngx_cr_jwks_store(ngx_cr_jwks_t *jwks,
    ngx_cr_jwks_shared_t *shared);
static void ngx_cr_jwks_end(ngx_cr_jwks_t *jwks);
static void ngx_cr_jwks_refresh_handler(ngx_event_t *ev);
static void ngx_cr_jwks_plan(ngx_cr_jwks_t *jwks);
static void ngx_cr_jwks_poll_handler(ngx_event_t *ev);
static void ngx_cr_jwks_wake(ngx_cr_jwks_t *jwks);
static ngx_cr_jwks_shared_t *ngx_cr_jwks_shared(ngx_cr_jwks_t *jwks);
static ngx_slab_pool_t *ngx_cr_jwks_pool(ngx_cr_jwks_t *jwks);


/* how long ago; another process may be a moment ahead */

static ngx_inline ngx_msec_t
ngx_cr_jwks_age(ngx_msec_t then)
{
    ngx_msec_int_t  age;

    age = (ngx_msec_int_t) (ngx_current_msec - then);

    return (age > 0) ? (ngx_msec_t) age : 0;
}


void
ngx_cr_jwks_start(ngx_array_t *list, ngx_log_t *log)
{
    ngx_uint_t      i;
    ngx_cr_jwks_t  *jwks, **slot;

    slot = list->elts;

    for (i = 0; i < list->nelts; i++) {
        jwks = slot[i];

        if (jwks->file.len != 0) {
            continue;
        }

        ngx_queue_init(&jwks->waiting);

        jwks->refresh.handler = ngx_cr_jwks_refresh_handler;
        jwks->refresh.data = jwks;
        jwks->refresh.log = log;
        jwks->refresh.cancelable = 1;

        jwks->poll.handler = ngx_cr_jwks_poll_handler;
        jwks->poll.data = jwks;
        jwks->poll.log = log;

        jwks->started = 1;

        ngx_add_timer(&jwks->refresh, 1);
    }
}


void
ngx_cr_jwks_done(ngx_array_t *list)
{
    ngx_uint_t      i;
    ngx_cr_jwks_t  *jwks, **slot;

    slot = list->elts;

    for (i = 0; i < list->nelts; i++) {
        jwks = slot[i];

        if (!jwks->started) {
            continue;
        }

        jwks->started = 0;

        if (jwks->fetching) {
            ngx_cr_curl_cancel(&jwks->fetch);
            ngx_cr_jwks_end(jwks);
        }

        if (jwks->refresh.timer_set) {
            ngx_del_timer(&jwks->refresh);
        }

        if (jwks->poll.timer_set) {
            ngx_del_timer(&jwks->poll);
        }
    }
}


ngx_cr_jwk_set_t *
ngx_cr_jwks_keys(ngx_cr_jwks_t *jwks)
{
    ngx_cr_jwks_shared_t  *shared;

    if (jwks->file.len != 0) {
        return jwks->set;
    }

    shared = ngx_cr_jwks_shared(jwks);

    if (shared == NULL || shared->generation == 0
        || ngx_cr_jwks_age(shared->fetched) > jwks->source.stale)
    {
        return NULL;
    }

    if (jwks->set == NULL || jwks->set->generation != shared->generation) {
        ngx_cr_jwks_load(jwks, shared);
    }

    return jwks->set;
}


/* what cannot be parsed for want of memory leaves the set that there is */

static void
ngx_cr_jwks_load(ngx_cr_jwks_t *jwks, ngx_cr_jwks_shared_t *shared)
{
    size_t             len;
    u_char            *json;
    const char        *reason;
    ngx_log_t         *log;
    ngx_slab_pool_t   *pool;
    ngx_atomic_uint_t  generation;
    ngx_cr_jwk_set_t  *set;

    log = ngx_cycle->log;
    pool = ngx_cr_jwks_pool(jwks);

    json = ngx_alloc(NGX_CR_JWKS_SIZE_MAX, log);
    if (json == NULL) {
        return;
    }

    ngx_shmtx_lock(&pool->mutex);

    len = ngx_min(shared->len, NGX_CR_JWKS_SIZE_MAX);
    generation = shared->generation;
    ngx_memcpy(json, shared->json, len);

    ngx_shmtx_unlock(&pool->mutex);

    set = ngx_cr_jwk_set_create(json, len, generation, log, &reason);

    ngx_free(json);

    if (set == NULL) {
        ngx_log_error(NGX_LOG_ERR, log, 0, "keys of \"%V\" not usable: %s",
                      &jwks->source.uri, reason);
        return;
    }

    ngx_cr_jwk_set_destroy(jwks->set);
    jwks->set = set;
}


ngx_int_t
ngx_cr_jwks_wait(ngx_cr_jwks_t *jwks, ngx_cr_jwks_wait_t *wait,
    ngx_uint_t unknown)
{
    if (!jwks->started
        || ngx_cr_jwks_begin(jwks, unknown, &wait->ended) == NGX_DECLINED)
    {
        return NGX_DECLINED;
    }

    wait->since = ngx_current_msec;
    wait->waiting = 1;

    ngx_queue_insert_tail(&jwks->waiting, &wait->queue);

    if (!jwks->poll.timer_set) {
        ngx_add_timer(&jwks->poll, NGX_CR_JWKS_POLL);
    }

    return NGX_AGAIN;
}


void
ngx_cr_jwks_wait_cancel(ngx_cr_jwks_wait_t *wait)
{
    if (wait->waiting) {
        ngx_queue_remove(&wait->queue);
        wait->waiting = 0;
    }
}


/*
 * NGX_OK: a fetch was started, or could not be and has ended; NGX_AGAIN: one
 * is under way; NGX_DECLINED: it is too early.  ended: of before.
 */

static ngx_int_t
ngx_cr_jwks_begin(ngx_cr_jwks_t *jwks, ngx_uint_t unknown,
    ngx_atomic_uint_t *ended)
{
    ngx_int_t         rc;
    ngx_cr_curl_t    *t;
    ngx_slab_pool_t  *pool;

    pool = ngx_cr_jwks_pool(jwks);

    ngx_shmtx_lock(&pool->mutex);

    rc = ngx_cr_jwks_lock(jwks, unknown);
    *ended = ngx_cr_jwks_shared(jwks)->ended;

    ngx_shmtx_unlock(&pool->mutex);

    if (rc != NGX_OK) {
        return rc;
    }

    t = &jwks->fetch;

    t->url = (char *) jwks->source.uri.data;
    t->ca = (jwks->source.ca.len != 0) ? (char *) jwks->source.ca.data : NULL;
    t->max = NGX_CR_JWKS_SIZE_MAX;
    t->timeout = jwks->source.timeout;
    t->handler = ngx_cr_jwks_fetched;
    t->data = jwks;
    t->log = ngx_cycle->log;

    jwks->fetching = 1;
    ngx_cr_stats_add(NGX_CR_STAT_JWKS_FETCHES, 1);

    if (ngx_cr_curl_start(t) != NGX_OK) {
        ngx_cr_stats_add(NGX_CR_STAT_JWKS_FAILED, 1);
        ngx_cr_jwks_end(jwks);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_cr_jwks_lock(ngx_cr_jwks_t *jwks, ngx_uint_t unknown)
{
    ngx_msec_t             now;
    ngx_cr_jwks_shared_t  *shared;

    now = ngx_current_msec;
    shared = ngx_cr_jwks_shared(jwks);

    if (jwks->fetching
        || (shared->locked != 0
            && (ngx_msec_int_t) (shared->locked - now) > 0))
    {
        return NGX_AGAIN;
    }

    if (unknown) {
        if (shared->was_asked
            && ngx_cr_jwks_age(shared->asked) < jwks->source.interval)
        {
            return NGX_DECLINED;
        }

        shared->asked = now;
        shared->was_asked = 1;

    } else if (shared->was_tried
               && ngx_cr_jwks_age(shared->tried) < jwks->source.interval)
    {
        return NGX_DECLINED;
    }

    shared->tried = now;
    shared->was_tried = 1;
    shared->locked = now + jwks->source.timeout + NGX_CR_JWKS_SLACK;

    return NGX_OK;
}


static void
ngx_cr_jwks_fetched(ngx_cr_curl_t *t)
{
    const char     *reason;
    ngx_uint_t      failed;
    ngx_cr_jwks_t  *jwks;

    jwks = t->data;
    failed = 1;

    if (t->code != CURLE_OK) {
        ngx_log_error(NGX_LOG_ERR, t->log, 0, "keys not fetched: \"%V\": %s",
                      &jwks->source.uri, t->error);

    } else if (t->status != 200) {
        ngx_log_error(NGX_LOG_ERR, t->log, 0,
                      "keys not fetched: \"%V\" answers %l",
                      &jwks->source.uri, t->status);

    } else {
        reason = ngx_cr_jwks_take(jwks);
        failed = (reason != NULL);

        if (failed) {
            ngx_log_error(NGX_LOG_ERR, t->log, 0,
                          "keys not fetched: \"%V\" gives no usable set: %s",
                          &jwks->source.uri, reason);
        }
    }

    ngx_cr_stats_add(NGX_CR_STAT_JWKS_FAILED, failed);

    ngx_cr_jwks_end(jwks);
    ngx_cr_jwks_plan(jwks);
    ngx_cr_jwks_wake(jwks);
}


/* NULL, or why the answer is no key set; then all stays as it is */

static const char *
ngx_cr_jwks_take(ngx_cr_jwks_t *jwks)
{
    const char        *reason;
    ngx_cr_jwk_set_t  *set;

    set = ngx_cr_jwk_set_create(jwks->fetch.answer, jwks->fetch.len, 0,
                                jwks->fetch.log, &reason);
    if (set == NULL) {
        return reason;
    }

    if (set->skipped != 0) {
        ngx_log_error(NGX_LOG_INFO, jwks->fetch.log, 0,
                      "%ui keys of \"%V\" are not used: %s", set->skipped,
                      &jwks->source.uri, set->reason);
    }

    ngx_cr_jwk_set_destroy(set);

    ngx_cr_jwks_store(jwks, ngx_cr_jwks_shared(jwks));

    return NULL;
}


static void
ngx_cr_jwks_store(ngx_cr_jwks_t *jwks, ngx_cr_jwks_shared_t *shared)
{
    ngx_cr_curl_t    *t;
    ngx_slab_pool_t  *pool;

    t = &jwks->fetch;
    pool = ngx_cr_jwks_pool(jwks);

    ngx_shmtx_lock(&pool->mutex);

    shared->fetched = ngx_current_msec;

    if (shared->generation == 0
        || shared->len != t->len
        || ngx_memcmp(shared->json, t->answer, t->len) != 0)
    {
        ngx_memcpy(shared->json, t->answer, t->len);
        shared->len = t->len;
        shared->generation++;
    }

    ngx_shmtx_unlock(&pool->mutex);
}


static void
ngx_cr_jwks_end(ngx_cr_jwks_t *jwks)
{
    ngx_slab_pool_t       *pool;
    ngx_cr_jwks_shared_t  *shared;

    pool = ngx_cr_jwks_pool(jwks);
    shared = ngx_cr_jwks_shared(jwks);

    ngx_shmtx_lock(&pool->mutex);

    shared->locked = 0;
    shared->ended++;

    ngx_shmtx_unlock(&pool->mutex);

    jwks->fetching = 0;
}


static void
ngx_cr_jwks_refresh_handler(ngx_event_t *ev)
{
    ngx_cr_jwks_t         *jwks;
    ngx_atomic_uint_t      ended;
    ngx_cr_jwks_shared_t  *shared;

    jwks = ev->data;
    shared = ngx_cr_jwks_shared(jwks);

    if (shared->generation == 0
        || ngx_cr_jwks_age(shared->fetched) >= jwks->source.refresh)
    {
        (void) ngx_cr_jwks_begin(jwks, 0, &ended);
    }

    ngx_cr_jwks_plan(jwks);
}


/*
 * When to look again whether a fetch is due.  Workers do so at times that
 * differ a little; whoever comes first has the lock.
 */

static void
ngx_cr_jwks_plan(ngx_cr_jwks_t *jwks)
{
    ngx_msec_t             age, wait;
    ngx_cr_jwks_shared_t  *shared;

    shared = ngx_cr_jwks_shared(jwks);
    wait = jwks->source.interval;

    if (shared->generation != 0) {
        age = ngx_cr_jwks_age(shared->fetched);

        if (age < jwks->source.refresh) {
            wait = jwks->source.refresh - age;
        }
    }

    if (jwks->refresh.timer_set) {
        ngx_del_timer(&jwks->refresh);
    }

    ngx_add_timer(&jwks->refresh, wait + ngx_random() % (wait / 16 + 1));
}


static void
ngx_cr_jwks_poll_handler(ngx_event_t *ev)
{
    ngx_cr_jwks_wake(ev->data);
}


/* a handler may cancel another waiter, or wait again: look anew each time */

static void
ngx_cr_jwks_wake(ngx_cr_jwks_t *jwks)
{
    ngx_msec_t             limit;
    ngx_queue_t            ready, *q, *next;
    ngx_cr_jwks_wait_t    *wait;
    ngx_cr_jwks_shared_t  *shared;

    shared = ngx_cr_jwks_shared(jwks);
    limit = jwks->source.timeout + NGX_CR_JWKS_SLACK;

    ngx_queue_init(&ready);

    for (q = ngx_queue_head(&jwks->waiting);
         q != ngx_queue_sentinel(&jwks->waiting);
         q = next)
    {
        next = ngx_queue_next(q);
        wait = ngx_queue_data(q, ngx_cr_jwks_wait_t, queue);

        if (wait->ended != shared->ended
            || ngx_cr_jwks_age(wait->since) >= limit)
        {
            ngx_queue_remove(q);
            ngx_queue_insert_tail(&ready, q);
        }
    }

    while (!ngx_queue_empty(&ready)) {
        q = ngx_queue_head(&ready);
        wait = ngx_queue_data(q, ngx_cr_jwks_wait_t, queue);

        ngx_cr_jwks_wait_cancel(wait);
        wait->handler(wait);
    }

    if (!ngx_queue_empty(&jwks->waiting) && !jwks->poll.timer_set) {
        ngx_add_timer(&jwks->poll, NGX_CR_JWKS_POLL);
    }
}


static ngx_cr_jwks_shared_t *
ngx_cr_jwks_shared(ngx_cr_jwks_t *jwks)
{
    return jwks->zone->data;
}


static ngx_slab_pool_t *
ngx_cr_jwks_pool(ngx_cr_jwks_t *jwks)
{
    return (ngx_slab_pool_t *) jwks->zone->shm.addr;
}
