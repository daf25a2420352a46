/*
 * The attach thread and its two pipes.
 */

#include "crw_attach.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "crw_fault.h"


static void *crw_attach_run(void *data);
static void crw_attach_result(crw_event_t *ev, uint32_t events);


int
crw_attach_start(crw_attach_t *attach, crw_loop_t *loop, crw_attach_pt done,
    crw_error_t *err)
{
    int       rc, results[2];
    sigset_t  all, old;

    memset(attach, 0, sizeof(crw_attach_t));
    attach->done = done;
    attach->requests[0] = attach->requests[1] = attach->thread_end = -1;
    crw_event_init(&attach->results, crw_attach_result, attach);

    if (crw_fault("attach_pipe") == -1
        || pipe2(attach->requests, O_CLOEXEC) == -1
        || pipe2(results, O_CLOEXEC) == -1)
    {
        crw_attach_stop(attach);
        return crw_error_set(err, errno, "pipe2 failed");
    }

    attach->thread_end = results[1];

    if (fcntl(results[0], F_SETFL, O_NONBLOCK) == -1
        || crw_event_add(loop, &attach->results, results[0], EPOLLIN) == -1)
    {
        crw_attach_stop(attach);
        return crw_error_set(err, errno, "the attach pipe failed");
    }

    /* signals are the loop's */

    (void) sigfillset(&all);
    (void) pthread_sigmask(SIG_SETMASK, &all, &old);
    rc = crw_fault("attach_thread") == -1
         ? errno
         : pthread_create(&attach->thread, NULL, crw_attach_run, attach);
    (void) pthread_sigmask(SIG_SETMASK, &old, NULL);

    if (rc != 0) {
        crw_attach_stop(attach);
        return crw_error_set(err, rc, "pthread_create failed");
    }

    attach->started = 1;

    return 0;
}


void
crw_attach_stop(crw_attach_t *attach)
{
    if (attach->requests[1] != -1) {
        (void) close(attach->requests[1]);
        attach->requests[1] = -1;
    }

    if (attach->started) {
        (void) pthread_join(attach->thread, NULL);
        attach->started = 0;
    }

    if (attach->requests[0] != -1) {
        (void) close(attach->requests[0]);
        attach->requests[0] = -1;
    }

    if (attach->thread_end != -1) {
        (void) close(attach->thread_end);
        attach->thread_end = -1;
    }

    crw_event_close(&attach->results);
}


int
crw_attach_push(crw_attach_t *attach, crw_attach_request_t *request)
{
    ssize_t  n;

    if (crw_fault("attach_push") == -1) {
        return -1;
    }

    n = write(attach->requests[1], &request, sizeof(request));

    return (n == (ssize_t) sizeof(request)) ? 0 : -1;
}


static void *
crw_attach_run(void *data)
{
    crw_attach_t          *attach = data;
    crw_attach_request_t  *request;

    for ( ;; ) {

        if (read(attach->requests[0], &request, sizeof(request))
            != (ssize_t) sizeof(request))
        {
            return NULL;
        }

        request->rc = crw_cgroup_attach(request->cgroup, request->pid,
                                        &request->err);

        if (write(attach->thread_end, &request, sizeof(request))
            != (ssize_t) sizeof(request))
        {
            return NULL;
        }
    }
}


static void
crw_attach_result(crw_event_t *ev, uint32_t events)
{
    crw_attach_t          *attach = ev->data;
    crw_attach_request_t  *request;

    (void) events;

    while (read(ev->fd, &request, sizeof(request))
           == (ssize_t) sizeof(request))
    {
        attach->done(request);
    }
}
