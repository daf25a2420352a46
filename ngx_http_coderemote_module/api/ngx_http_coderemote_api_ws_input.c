
/*
 * What a client sends to a running job: stdin, its end, signals, cancel.
 *
 * It goes to the pool at once where that is possible.  Where it is not (the
 * job has not started, the control ring is full) an input keeps it, one for
 * each job, and a watch tries again.  stdin keeps its order and is bounded
 * for the whole connection; a signal and a cancel overtake it, or a program
 * that does not read could not be stopped; signals that wait are a set, as
 * in the kernel.
 */


#include "ngx_http_coderemote_api_ws.h"


typedef struct {
    ngx_queue_t                      queue;
    size_t                           pos;
    size_t                           len;
    u_char                           data[1];
} ngx_http_coderemote_piece_t;


typedef struct {
    ngx_queue_t                      queue;     /* in session->inputs */
    ngx_http_coderemote_session_t   *session;
    ngx_cr_watch_t                   watch;
    ngx_queue_t                      pieces;    /* of stdin */
    uint64_t                         signals;   /* bit of the number */
    unsigned                         eof:1;
    unsigned                         cancel:1;
} ngx_http_coderemote_input_t;


static ngx_int_t ngx_http_coderemote_input_answer(ngx_int_t rc,
    ngx_http_coderemote_problem_t *problem);
static ngx_http_coderemote_input_t *ngx_http_coderemote_input_find(
    ngx_http_coderemote_session_t *s, const ngx_cr_job_t *job);
static ngx_http_coderemote_input_t *ngx_http_coderemote_input_get(
    ngx_http_coderemote_session_t *s, const ngx_cr_job_t *job);
static ngx_int_t ngx_http_coderemote_input_send(const ngx_cr_job_t *job,
    const u_char *data, size_t len, size_t *sent);
static ngx_int_t ngx_http_coderemote_input_keep(
    ngx_http_coderemote_session_t *s, const ngx_cr_job_t *job,
    const u_char *data, size_t len);
static void ngx_http_coderemote_input_handler(ngx_cr_watch_t *watch);
static ngx_int_t ngx_http_coderemote_input_run(
    ngx_http_coderemote_input_t *input);
static ngx_int_t ngx_http_coderemote_input_run_signals(
    ngx_http_coderemote_input_t *input);
static ngx_int_t ngx_http_coderemote_input_run_stdin(
    ngx_http_coderemote_input_t *input);
static void ngx_http_coderemote_input_wait(
    ngx_http_coderemote_input_t *input);
static void ngx_http_coderemote_input_free(
    ngx_http_coderemote_input_t *input);


ngx_int_t
ngx_http_coderemote_session_stdin(ngx_http_coderemote_session_t *s,
    const ngx_cr_job_t *job, const u_char *data, size_t len,
    ngx_http_coderemote_problem_t *problem)
{
    size_t                        sent;
    ngx_int_t                     rc;
    ngx_http_coderemote_input_t  *input;

    sent = 0;
    rc = NGX_AGAIN;
    input = ngx_http_coderemote_input_find(s, job);

    if (input != NULL && input->eof) {
        ngx_http_coderemote_problem(problem,
                                    NGX_HTTP_CODEREMOTE_BAD_REQUEST, NULL,
                                    "the job's stdin was closed by \"eof\"");
        return NGX_ERROR;
    }

    if (input == NULL || ngx_queue_empty(&input->pieces)) {
        rc = ngx_http_coderemote_input_send(job, data, len, &sent);
    }

    if (rc != NGX_AGAIN) {
        return ngx_http_coderemote_input_answer(rc, problem);
    }

    if (len - sent > s->conf->max_stdin_size - s->held) {
        ngx_http_coderemote_problem(problem, NGX_HTTP_CODEREMOTE_TOO_LARGE,
                                    "data",
                                    "the program does not read so fast: %uz "
                                    "bytes of stdin wait already, at most %uz "
                                    "may (coderemote_max_stdin_size); the "
                                    "first %uz bytes of this message were "
                                    "taken", s->held, s->conf->max_stdin_size,
                                    sent);
        return NGX_ERROR;
    }

    rc = ngx_http_coderemote_input_keep(s, job, data + sent, len - sent);

    return ngx_http_coderemote_input_answer(rc, problem);
}


ngx_int_t
ngx_http_coderemote_session_eof(ngx_http_coderemote_session_t *s,
    const ngx_cr_job_t *job, ngx_http_coderemote_problem_t *problem)
{
    ngx_int_t                     rc;
    ngx_http_coderemote_input_t  *input;

    rc = NGX_AGAIN;
    input = ngx_http_coderemote_input_find(s, job);

    if (input == NULL || ngx_queue_empty(&input->pieces)) {
        rc = ngx_cr_job_control(job, CR_CONTROL_EOF, 0, NULL, 0);
    }

    if (rc == NGX_AGAIN) {
        input = ngx_http_coderemote_input_get(s, job);
        rc = NGX_ERROR;

        if (input != NULL) {
            input->eof = 1;
            ngx_http_coderemote_input_wait(input);
            rc = NGX_OK;
        }
    }

    return ngx_http_coderemote_input_answer(rc, problem);
}


ngx_int_t
ngx_http_coderemote_session_signal(ngx_http_coderemote_session_t *s,
    const ngx_cr_job_t *job, ngx_uint_t signal,
    ngx_http_coderemote_problem_t *problem)
{
    ngx_int_t                     rc;
    ngx_http_coderemote_input_t  *input;

    rc = ngx_cr_job_control(job, CR_CONTROL_SIGNAL, signal, NULL, 0);

    if (rc == NGX_AGAIN) {
        input = ngx_http_coderemote_input_get(s, job);
        rc = NGX_ERROR;

        if (input != NULL) {
            input->signals |= (uint64_t) 1 << signal;
            ngx_http_coderemote_input_wait(input);
            rc = NGX_OK;
        }
    }

    return ngx_http_coderemote_input_answer(rc, problem);
}


ngx_int_t
ngx_http_coderemote_session_cancel(ngx_http_coderemote_session_t *s,
    const ngx_cr_job_t *job, ngx_http_coderemote_problem_t *problem)
{
    ngx_int_t                     rc;
    ngx_http_coderemote_input_t  *input;

    rc = ngx_cr_job_cancel(job);

    /* one that was still queued has ended, without the pool ringing */

    if (rc == NGX_OK) {
        ngx_http_coderemote_session_look(s, job);
    }

    if (rc == NGX_AGAIN) {
        input = ngx_http_coderemote_input_get(s, job);
        rc = NGX_ERROR;

        if (input != NULL) {
            input->cancel = 1;
            ngx_http_coderemote_input_wait(input);
            rc = NGX_OK;
        }
    }

    return ngx_http_coderemote_input_answer(rc, problem);
}


void
ngx_http_coderemote_session_inputs_done(ngx_http_coderemote_session_t *s)
{
    ngx_queue_t                  *q;
    ngx_http_coderemote_input_t  *input;

    while (!ngx_queue_empty(&s->inputs)) {
        q = ngx_queue_head(&s->inputs);
        input = ngx_queue_data(q, ngx_http_coderemote_input_t, queue);

        ngx_http_coderemote_input_free(input);
    }
}


/* NGX_OK; NGX_DECLINED: the job has ended; NGX_ERROR: nothing can be kept */

static ngx_int_t
ngx_http_coderemote_input_answer(ngx_int_t rc,
    ngx_http_coderemote_problem_t *problem)
{
    switch (rc) {

    case NGX_OK:
        return NGX_OK;

    case NGX_DECLINED:
        ngx_http_coderemote_problem(problem, NGX_HTTP_CODEREMOTE_JOB_FINISHED,
                                    NULL, "the job has finished");
        return NGX_ERROR;

    default:
        ngx_http_coderemote_problem(problem,
                                    NGX_HTTP_CODEREMOTE_TOO_MANY_JOBS, NULL,
                                    "too much waits for other jobs of this "
                                    "connection: try again when one of them "
                                    "has started");
        return NGX_ERROR;
    }
}


static ngx_http_coderemote_input_t *
ngx_http_coderemote_input_find(ngx_http_coderemote_session_t *s,
    const ngx_cr_job_t *job)
{
    ngx_queue_t                  *q;
    ngx_cr_job_t                 *known;
    ngx_http_coderemote_input_t  *input;

    for (q = ngx_queue_head(&s->inputs);
         q != ngx_queue_sentinel(&s->inputs);
         q = ngx_queue_next(q))
    {
        input = ngx_queue_data(q, ngx_http_coderemote_input_t, queue);
        known = &input->watch.job;

        if (known->link == job->link
            && known->index == job->index
            && known->generation == job->generation)
        {
            return input;
        }
    }

    return NULL;
}


/* NULL: no memory, too many, or the job is gone */

static ngx_http_coderemote_input_t *
ngx_http_coderemote_input_get(ngx_http_coderemote_session_t *s,
    const ngx_cr_job_t *job)
{
    ngx_http_coderemote_input_t  *input;

    input = ngx_http_coderemote_input_find(s, job);

    if (input != NULL) {
        return input;
    }

    if (s->ninputs >= s->conf->ws_max_jobs) {
        return NULL;
    }

    input = ngx_calloc(sizeof(ngx_http_coderemote_input_t),
                       s->ws->request->connection->log);
    if (input == NULL) {
        return NULL;
    }

    input->session = s;
    input->watch.handler = ngx_http_coderemote_input_handler;
    input->watch.data = input;
    ngx_queue_init(&input->pieces);

    if (ngx_cr_watch_add(&input->watch, job) != NGX_OK) {
        ngx_free(input);
        return NULL;
    }

    ngx_queue_insert_tail(&s->inputs, &input->queue);
    s->ninputs++;

    return input;
}


/* Sends what the ring takes; *sent bytes of it in all. */

static ngx_int_t
ngx_http_coderemote_input_send(const ngx_cr_job_t *job, const u_char *data,
    size_t len, size_t *sent)
{
    size_t     n;
    ngx_int_t  rc;

    while (*sent < len) {
        n = ngx_min(len - *sent, CR_CONTROL_PAYLOAD);

        rc = ngx_cr_job_control(job, CR_CONTROL_STDIN, 0, data + *sent, n);

        if (rc != NGX_OK) {
            return rc;
        }

        *sent += n;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_input_keep(ngx_http_coderemote_session_t *s,
    const ngx_cr_job_t *job, const u_char *data, size_t len)
{
    ngx_http_coderemote_input_t  *input;
    ngx_http_coderemote_piece_t  *piece;

    input = ngx_http_coderemote_input_get(s, job);

    if (input == NULL) {
        return NGX_ERROR;
    }

    piece = ngx_alloc(offsetof(ngx_http_coderemote_piece_t, data) + len,
                      s->ws->request->connection->log);

    if (piece == NULL) {
        ngx_http_coderemote_input_wait(input);
        return NGX_ERROR;
    }

    piece->pos = 0;
    piece->len = len;
    ngx_memcpy(piece->data, data, len);

    ngx_queue_insert_tail(&input->pieces, &piece->queue);
    s->held += len;

    ngx_http_coderemote_input_wait(input);

    return NGX_OK;
}


static void
ngx_http_coderemote_input_handler(ngx_cr_watch_t *watch)
{
    ngx_http_coderemote_input_t  *input;

    input = watch->data;

    if (ngx_http_coderemote_input_run(input) == NGX_AGAIN) {
        ngx_http_coderemote_input_wait(input);
        return;
    }

    /* all was sent, or nobody is left to take it */

    ngx_http_coderemote_input_free(input);
}


static ngx_int_t
ngx_http_coderemote_input_run(ngx_http_coderemote_input_t *input)
{
    ngx_int_t  rc;

    if (input->cancel) {
        rc = ngx_cr_job_cancel(&input->watch.job);

        if (rc != NGX_OK) {
            return rc;
        }

        input->cancel = 0;
    }

    rc = ngx_http_coderemote_input_run_signals(input);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_coderemote_input_run_stdin(input);
    if (rc != NGX_OK) {
        return rc;
    }

    if (input->eof) {
        return ngx_cr_job_control(&input->watch.job, CR_CONTROL_EOF, 0, NULL,
                                  0);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_input_run_signals(ngx_http_coderemote_input_t *input)
{
    uint64_t    bit;
    ngx_int_t   rc;
    ngx_uint_t  n;

    for (n = 1; input->signals != 0; n++) {
        bit = (uint64_t) 1 << n;

        if ((input->signals & bit) == 0) {
            continue;
        }

        rc = ngx_cr_job_control(&input->watch.job, CR_CONTROL_SIGNAL, n, NULL,
                                0);
        if (rc != NGX_OK) {
            return rc;
        }

        input->signals &= ~bit;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_coderemote_input_run_stdin(ngx_http_coderemote_input_t *input)
{
    size_t                        before;
    ngx_int_t                     rc;
    ngx_queue_t                  *q;
    ngx_http_coderemote_piece_t  *piece;

    while (!ngx_queue_empty(&input->pieces)) {
        q = ngx_queue_head(&input->pieces);
        piece = ngx_queue_data(q, ngx_http_coderemote_piece_t, queue);

        before = piece->pos;

        rc = ngx_http_coderemote_input_send(&input->watch.job, piece->data,
                                            piece->len, &piece->pos);

        input->session->held -= piece->pos - before;

        if (rc != NGX_OK) {
            return rc;
        }

        ngx_queue_remove(q);
        ngx_free(piece);
    }

    return NGX_OK;
}


/*
 * The watch tells when the job starts.  For room in a full ring nobody rings
 * on behalf of this job: that has to be asked for.
 */

static void
ngx_http_coderemote_input_wait(ngx_http_coderemote_input_t *input)
{
    ngx_cr_job_info_t  info;

    if (ngx_cr_job_read(&input->watch.job, &info) == NGX_OK
        && info.state == CR_SLOT_QUEUED)
    {
        return;
    }

    ngx_cr_watch_block(&input->watch);
}


static void
ngx_http_coderemote_input_free(ngx_http_coderemote_input_t *input)
{
    ngx_queue_t                  *q;
    ngx_http_coderemote_piece_t  *piece;

    while (!ngx_queue_empty(&input->pieces)) {
        q = ngx_queue_head(&input->pieces);
        piece = ngx_queue_data(q, ngx_http_coderemote_piece_t, queue);

        input->session->held -= piece->len - piece->pos;

        ngx_queue_remove(q);
        ngx_free(piece);
    }

    ngx_cr_watch_del(&input->watch);
    ngx_queue_remove(&input->queue);
    input->session->ninputs--;

    ngx_free(input);
}
