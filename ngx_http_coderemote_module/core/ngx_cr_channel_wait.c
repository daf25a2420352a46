
/*
 * Who waits for a worker of nginx that has just begun to meet its pool: the
 * socket is connected, the welcome is on its way.
 *
 * Handlers may take any waiter off and free it, or add one.  The queue is
 * therefore moved to the stack first and emptied from the front.
 */


#include "ngx_cr_channel.h"


ngx_int_t
ngx_cr_channel_wait(ngx_cr_channel_t *channel, ngx_cr_channel_wait_t *wait)
{
    if (!ngx_cr_channel_meeting(channel)) {
        return NGX_DECLINED;
    }

    ngx_queue_insert_tail(&channel->waits, &wait->queue);
    wait->added = 1;

    return NGX_OK;
}


void
ngx_cr_channel_wait_del(ngx_cr_channel_wait_t *wait)
{
    if (wait->added) {
        ngx_queue_remove(&wait->queue);
        wait->added = 0;
    }
}


void
ngx_cr_channel_met(ngx_cr_channel_t *channel)
{
    ngx_queue_t            *q, queue;
    ngx_cr_channel_wait_t  *wait;

    if (ngx_queue_empty(&channel->waits)) {
        return;
    }

    ngx_queue_init(&queue);
    ngx_queue_add(&queue, &channel->waits);
    ngx_queue_init(&channel->waits);

    while (!ngx_queue_empty(&queue)) {
        q = ngx_queue_head(&queue);
        wait = ngx_queue_data(q, ngx_cr_channel_wait_t, queue);

        ngx_cr_channel_wait_del(wait);
        wait->handler(wait);
    }
}
