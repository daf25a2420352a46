/*
 * A job's bytes: request into the sandbox, stdin into the program, stdout and
 * stderr into the log.
 */

#include "crw_job.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../ipc/cr_log.h"
#include "crw_box.h"


#define CRW_JOB_INPUT_MAX  (4 * 1024 * 1024)    /* stdin that may wait */
#define CRW_JOB_READ       (64 * 1024)          /* a pipe's usual size */
#define CRW_JOB_DRAIN      (1024 * 1024)        /* a pipe's greatest size */
#define CRW_JOB_PACKETS    2
#define CRW_JOB_PACE_US    10000
#define CRW_JOB_CHUNK_COST (2 * 24)     /* header and padding, both streams */


static int crw_job_packets(crw_job_t *job, crw_job_msg_t *header,
    struct mmsghdr *messages, struct iovec *iov);
static ssize_t crw_job_read(crw_job_t *job, crw_event_t *ev, size_t max);
static void crw_job_keep_tail(crw_job_t *job, const uint8_t *data,
    size_t len);
static uint64_t crw_job_pace_us(const crw_job_t *job);


/*
 * The header and the records go out in one system call when they fit; the
 * rest follows when the link is writable.
 */

int
crw_job_send(crw_job_t *job)
{
    int             i, n, sent;
    crw_event_t    *ev;
    crw_job_msg_t   header;
    struct iovec    iov[CRW_JOB_PACKETS];
    struct mmsghdr  messages[CRW_JOB_PACKETS];

    ev = &job->box->link;

    while (!job->header_sent || job->request_sent < job->request_len) {

        n = crw_job_packets(job, &header, messages, iov);
        sent = sendmmsg(ev->fd, messages, (unsigned) n,
                        MSG_DONTWAIT | MSG_NOSIGNAL);

        if (sent == -1 && errno == EINTR) {
            continue;
        }

        if (sent == -1 && (errno == EAGAIN || errno == ENOBUFS)) {
            return crw_event_watch(&job->worker->loop, ev,
                                   EPOLLIN | EPOLLOUT);
        }

        if (sent == -1) {
            return -1;
        }

        for (i = 0; i < sent; i++) {

            if (!job->header_sent) {
                job->header_sent = 1;

            } else {
                job->request_sent += iov[i].iov_len;
            }
        }
    }

    free(job->request);
    job->request = NULL;

    return crw_event_watch(&job->worker->loop, ev, EPOLLIN);
}


static int
crw_job_packets(crw_job_t *job, crw_job_msg_t *header,
    struct mmsghdr *messages, struct iovec *iov)
{
    int     n;
    size_t  at, len;

    memset(messages, 0, CRW_JOB_PACKETS * sizeof(struct mmsghdr));

    n = 0;
    at = job->request_sent;

    if (!job->header_sent) {
        memset(header, 0, sizeof(crw_job_msg_t));
        header->msg.type = CRW_MSG_JOB;
        header->limits = job->job.limits;
        header->total = (uint32_t) job->request_len;
        header->rootless = (job->box->cgroup.base == NULL
                            || job->box->cgroup.base->kind
                               == CRW_CGROUP_NONE);

        iov[n].iov_base = header;
        iov[n].iov_len = sizeof(crw_job_msg_t);
        n++;
    }

    while (n < CRW_JOB_PACKETS && at < job->request_len) {
        len = job->request_len - at;

        if (len > CRW_JOB_PACKET) {
            len = CRW_JOB_PACKET;
        }

        iov[n].iov_base = job->request + at;
        iov[n].iov_len = len;
        at += len;
        n++;
    }

    for (at = 0; at < (size_t) n; at++) {
        messages[at].msg_hdr.msg_iov = &iov[at];
        messages[at].msg_hdr.msg_iovlen = 1;
    }

    return n;
}


int
crw_job_input(crw_job_t *job, const uint8_t *data, size_t len)
{
    size_t    waiting, size;
    uint8_t  *grown;

    if (job->input_eof || len == 0) {
        return 0;
    }

    waiting = job->input_len - job->input_sent;

    if (len > CRW_JOB_INPUT_MAX - waiting) {
        return -1;
    }

    if (job->input_sent != 0) {
        memmove(job->input, job->input + job->input_sent, waiting);
        job->input_sent = 0;
        job->input_len = waiting;
    }

    if (waiting + len > job->input_size) {
        size = (waiting + len) * 2;
        grown = realloc(job->input, size);

        if (grown == NULL) {
            return -1;
        }

        job->input = grown;
        job->input_size = size;
    }

    memcpy(job->input + waiting, data, len);
    job->input_len = waiting + len;

    return 0;
}


void
crw_job_input_eof(crw_job_t *job)
{
    job->input_eof = 1;
    crw_job_input_write(job);
}


void
crw_job_input_write(crw_job_t *job)
{
    ssize_t       n;
    crw_event_t  *ev;

    if (job->box == NULL || job->box->in.fd == -1) {
        return;
    }

    ev = &job->box->in;

    while (job->input_sent < job->input_len) {
        n = write(ev->fd, job->input + job->input_sent,
                  job->input_len - job->input_sent);

        if (n > 0) {
            job->input_sent += (size_t) n;
            continue;
        }

        if (n == -1 && errno == EAGAIN) {
            (void) crw_event_watch(&job->worker->loop, ev, EPOLLOUT);
            return;
        }

        /* the program closed its stdin: nobody will read the rest */

        job->input_eof = 1;
        break;
    }

    job->input_len = 0;
    job->input_sent = 0;

    if (job->input_eof) {
        crw_event_close(ev);
        return;
    }

    (void) crw_event_watch(&job->worker->loop, ev, 0);
}


void
crw_job_io(crw_box_t *box, crw_event_t *ev)
{
    crw_job_t  *job = box->job;

    if (job->verdict != CR_STATUS_NONE) {
        (void) crw_event_watch(&job->worker->loop, ev, 0);
        return;
    }

    if (ev == &box->link) {
        if (crw_job_send(job) != 0) {
            crw_job_end(job, CR_STATUS_ERROR, CR_LIMIT_NONE,
                        "the sandbox did not take the job");
        }

        return;
    }

    if (ev == &box->in) {
        crw_job_input_write(job);
        return;
    }

    (void) crw_job_output(job, ev);

    if (job->verdict != CR_STATUS_NONE) {
        return;
    }

    crw_job_mark(job, (job->job.flags & CR_JOB_WAITED) == 0);

    if (job->pacing) {
        (void) crw_event_watch(&job->worker->loop, ev, 0);

        if (job->pace.place == 0) {
            crw_timer_set(&job->worker->loop, &job->pace,
                          crw_job_pace_us(job));
        }
    }
}


int
crw_job_output(crw_job_t *job, crw_event_t *ev)
{
    size_t   room;
    ssize_t  n;

    if (ev->fd == -1) {
        return 0;
    }

    /* one byte more than it may write, to see that it did */

    room = job->job.limits.output_bytes - job->output;
    n = crw_job_read(job, ev, (room < CRW_JOB_READ) ? room + 1
                                                    : CRW_JOB_READ);

    if (n == 0) {
        crw_event_close(ev);
        return 0;
    }

    if (n == -1) {
        return 0;
    }

    if ((size_t) n > room || n == -2) {
        job->truncated = 1;
        crw_job_end(job, CR_STATUS_OUTPUT_EXCEEDED, CR_LIMIT_OUTPUT, NULL);
        return 0;
    }

    return n == CRW_JOB_READ;
}


/*
 * Reads once into the log and publishes what fits under the limit.  Returns
 * what read(2) gave, -1 when there is nothing now, -2 when the log is full.
 */

static ssize_t
crw_job_read(crw_job_t *job, crw_event_t *ev, size_t max)
{
    size_t     len, room, keep, size;
    ssize_t    n;
    uint8_t   *p;
    uint32_t   stream;
    uint64_t   used;

    size = job->worker->segment->geometry.log_size;
    len = max;

    p = cr_log_reserve(job->slot, job->log, size, &len);
    if (p == NULL) {
        return -2;
    }

    n = read(ev->fd, p, len);

    if (n <= 0) {
        return (n == -1 && errno != EAGAIN && errno != EINTR) ? 0 : n;
    }

    room = job->job.limits.output_bytes - job->output;
    keep = ((size_t) n > room) ? room : (size_t) n;

    stream = (ev == &job->box->err) ? CR_STREAM_STDERR : CR_STREAM_STDOUT;

    if (stream == CR_STREAM_STDERR) {
        crw_job_keep_tail(job, p, keep);
    }

    if (cr_log_commit(job->slot, job->log, size, stream, keep,
                      crw_monotonic_us() - job->started_us)
        != 0)
    {
        return -2;
    }

    job->output += keep;

    /* chunk headers have used up half of the room they may have */

    used = atomic_load_explicit(&job->slot->log_tail, memory_order_relaxed)
           - job->output;

    if (used > (size - job->job.limits.output_bytes) / 2) {
        job->pacing = 1;
    }

    return n;
}


static void
crw_job_keep_tail(crw_job_t *job, const uint8_t *data, size_t len)
{
    size_t  old;

    if (len >= sizeof(job->tail)) {
        memcpy(job->tail, data + len - sizeof(job->tail), sizeof(job->tail));
        job->tail_len = sizeof(job->tail);
        return;
    }

    old = job->tail_len;

    if (old + len > sizeof(job->tail)) {
        memmove(job->tail, job->tail + old + len - sizeof(job->tail),
                sizeof(job->tail) - len);
        old = sizeof(job->tail) - len;
    }

    memcpy(job->tail + old, data, len);
    job->tail_len = old + len;
}


void
crw_job_drain(crw_job_t *job)
{
    int           i;
    size_t        left;
    crw_event_t  *ev;

    if (job->box == NULL || job->limit == CR_LIMIT_OUTPUT) {
        return;
    }

    for (i = 0; i < 2; i++) {
        ev = (i == 0) ? &job->box->out : &job->box->err;

        for (left = CRW_JOB_DRAIN; left != 0; left -= CRW_JOB_READ) {
            if (!crw_job_output(job, ev)) {
                break;
            }
        }
    }
}


void
crw_job_pace(crw_timer_t *timer)
{
    crw_job_t  *job = timer->data;

    if (crw_event_watch(&job->worker->loop, &job->box->out, EPOLLIN) == -1
        || crw_event_watch(&job->worker->loop, &job->box->err, EPOLLIN) == -1)
    {
        crw_job_end(job, CR_STATUS_ERROR, CR_LIMIT_NONE,
                    "watching the job's output failed");
    }
}


/* so long that the headers of what may still come fit into what is left */

static uint64_t
crw_job_pace_us(const crw_job_t *job)
{
    uint64_t  used, room, now_us, end_us, reads, wait_us;

    used = atomic_load_explicit(&job->slot->log_tail, memory_order_relaxed)
           - job->output;
    room = job->worker->segment->geometry.log_size
           - job->job.limits.output_bytes;

    reads = (room > used) ? (room - used) / CRW_JOB_CHUNK_COST : 0;

    now_us = crw_monotonic_us();
    end_us = job->started_us + (uint64_t) job->job.limits.timeout_ms * 1000;

    if (reads < 2 || end_us <= now_us) {
        return CRW_JOB_PACE_US;
    }

    wait_us = (end_us - now_us) / (reads - 1);

    return (wait_us > CRW_JOB_PACE_US) ? wait_us : CRW_JOB_PACE_US;
}
