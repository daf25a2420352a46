/*
 * An nginx worker's end of the segment, blocking.
 */

#include "cr_client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../../ipc/cr_id.h"


static int cr_client_hello(cr_client_t *client, const cr_hello_t *hello);
static void cr_client_fill(cr_client_t *client,
    const cr_client_request_t *request, cr_client_job_t *job,
    cr_slot_t *slot);
static void cr_client_limits(cr_limits_t *limits);
static void cr_client_log(cr_client_t *client, cr_client_job_t *job);
static void cr_client_append(char *buf, size_t *used, const uint8_t *data,
    size_t len);
static void cr_client_again(cr_client_job_t *job, uint64_t word);
static int64_t cr_client_wall_us(void);


int
cr_client_open(cr_client_t *client, const char *path)
{
    cr_hello_t  hello;

    cr_hello_init(&hello, "test");

    return cr_client_open_as(client, path, &hello);
}


int
cr_client_open_as(cr_client_t *client, const char *path,
    const cr_hello_t *hello)
{
    uint32_t            result;
    struct sockaddr_un  addr;

    memset(client, 0, sizeof(cr_client_t));
    client->memfd = -1;
    client->bell = -1;

    memset(&addr, 0, sizeof(addr));
    addr.sun_family = AF_UNIX;
    memcpy(addr.sun_path, path, strnlen(path, sizeof(addr.sun_path) - 1));

    client->tether = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (client->tether == -1
        || connect(client->tether, (struct sockaddr *) &addr, sizeof(addr))
           == -1
        || cr_client_hello(client, hello) != 0)
    {
        result = client->result;
        cr_client_close(client);
        client->result = result;
        return -1;
    }

    return 0;
}


static int
cr_client_hello(cr_client_t *client, const cr_hello_t *hello)
{
    int             fds[CR_HELLO_FDS_MAX];
    size_t          i, n;
    const char     *why;
    cr_welcome_t    welcome;
    struct pollfd   p;

    if (cr_hello_send(client->tether, hello, sizeof(cr_hello_t), NULL, 0)
        != 0)
    {
        return -1;
    }

    p.fd = client->tether;
    p.events = POLLIN;
    (void) poll(&p, 1, 5000);

    n = CR_HELLO_FDS_MAX;

    if (cr_hello_recv(client->tether, &welcome, sizeof(welcome), fds, &n)
        != 0)
    {
        return -1;
    }

    client->result = welcome.result;

    if (welcome.result != CR_WELCOME_OK || n != welcome.workers + 2) {
        return -1;
    }

    client->memfd = fds[0];
    client->bell = fds[1];
    client->channel = welcome.channel;
    client->nworkers = welcome.workers;

    for (i = 0; i < welcome.workers; i++) {
        client->workers[i] = fds[i + 2];
    }

    return cr_segment_map(&client->segment, client->memfd, &why);
}


void
cr_client_close(cr_client_t *client)
{
    uint32_t  i;

    if (client->segment.base != NULL) {
        cr_segment_unmap(&client->segment);
    }

    for (i = 0; i < client->nworkers; i++) {
        (void) close(client->workers[i]);
    }

    if (client->memfd != -1) {
        (void) close(client->memfd);
    }

    if (client->bell != -1) {
        (void) close(client->bell);
    }

    if (client->tether != -1) {
        (void) close(client->tether);
    }

    memset(client, 0, sizeof(cr_client_t));
    client->tether = client->memfd = client->bell = -1;
}


int
cr_client_submit(cr_client_t *client, const cr_client_request_t *request,
    cr_client_job_t *job)
{
    uint32_t    worker;
    uint64_t    one;
    cr_slot_t  *slot;

    memset(job, 0, sizeof(cr_client_job_t));

    job->index = cr_segment_claim(&client->segment, client->channel,
                                  &job->word);
    if (job->index == CR_NONE) {
        return -1;
    }

    job->out = calloc(1, CR_CLIENT_OUTPUT + 1);
    job->err = calloc(1, CR_CLIENT_OUTPUT + 1);
    job->all = calloc(1, CR_CLIENT_OUTPUT + 1);
    job->attempts = 1;

    slot = cr_segment_slot(&client->segment, job->index);
    cr_client_fill(client, request, job, slot);

    job->submitted_us = cr_client_now_us();

    if (!cr_slot_submit(slot, &job->word)
        || !cr_slot_watch(slot, client->channel, job->id, &job->word)
        || cr_ring_push(cr_segment_ring(&client->segment, client->channel),
                        client->segment.geometry.ring,
                        cr_handle(job->index,
                                  cr_word_generation(job->word)))
           != 0)
    {
        return -1;
    }

    worker = cr_segment_wake(&client->segment, &client->wake_hint);
    one = 1;

    if (worker != CR_NONE
        && write(client->workers[worker], &one, sizeof(one)) == -1)
    {
        return -1;
    }

    return 0;
}


static void
cr_client_fill(cr_client_t *client, const cr_client_request_t *request,
    cr_client_job_t *job, cr_slot_t *slot)
{
    uint8_t              random[CR_ID_RANDOM];
    cr_job_t            *j;
    cr_request_writer_t  w;

    cr_request_init(&w, cr_segment_request(&client->segment, job->index),
                    client->segment.geometry.request_size);

    (void) cr_request_add(&w, CR_RECORD_CODE, request->code,
                          strlen(request->code));

    if (request->stdin_text != NULL) {
        (void) cr_request_add(&w, CR_RECORD_STDIN, request->stdin_text,
                              strlen(request->stdin_text));
    }

    if (request->file_name != NULL) {
        (void) cr_request_add(&w, CR_RECORD_FILE_NAME, request->file_name,
                              strlen(request->file_name));
        (void) cr_request_add(&w, CR_RECORD_FILE_DATA, request->file_data,
                              strlen(request->file_data));
    }

    if (getrandom(random, sizeof(random), 0) != (ssize_t) sizeof(random)) {
        memset(random, 0, sizeof(random));
    }

    j = &slot->job;
    memset(j, 0, sizeof(cr_job_t));
    j->created_us = cr_client_wall_us();
    cr_id_create(j->id, j->created_us, random, job->index);
    memcpy(job->id, j->id, sizeof(job->id));
    memcpy(j->owner, "local", 5);
    j->owner_len = 5;
    j->language = request->language;
    j->flags = request->flags;
    j->request_len = (uint32_t) w.used;
    j->limits = request->limits;
    cr_client_limits(&j->limits);
}


static void
cr_client_limits(cr_limits_t *limits)
{
    if (limits->timeout_ms == 0) {
        limits->timeout_ms = 10000;
    }

    if (limits->cpu_ms == 0) {
        limits->cpu_ms = 10000;
    }

    if (limits->memory_kb == 0) {
        limits->memory_kb = 256 * 1024;
    }

    if (limits->output_bytes == 0) {
        limits->output_bytes = 1024 * 1024;
    }

    if (limits->processes == 0) {
        limits->processes = 64;
    }
}


int
cr_client_look(cr_client_t *client, cr_client_job_t *job)
{
    uint64_t    word;
    cr_slot_t  *slot;

    slot = cr_segment_slot(&client->segment, job->index);
    word = cr_slot_word(slot);

    if (cr_word_attempt(word) != cr_word_attempt(job->word)) {
        cr_client_again(job, word);
    }

    job->word = word;
    cr_client_log(client, job);

    if (cr_word_state(word) != CR_SLOT_FINISHED) {
        return 0;
    }

    cr_client_log(client, job);
    memcpy(&job->result, &slot->result, sizeof(cr_result_t));
    job->finished_us = cr_client_now_us();

    return 1;
}


/* starts again: what it wrote before is forgotten */

static void
cr_client_again(cr_client_job_t *job, uint64_t word)
{
    memset(&job->cursor, 0, sizeof(job->cursor));
    job->out_len = job->err_len = job->all_len = 0;
    job->out[0] = job->err[0] = job->all[0] = '\0';
    job->attempts = cr_word_attempt(word);
}


static void
cr_client_log(cr_client_t *client, cr_client_job_t *job)
{
    ssize_t           n;
    cr_slot_t        *slot;
    static uint8_t    data[64 * 1024 + 1];
    cr_log_header_t   header;

    slot = cr_segment_slot(&client->segment, job->index);

    for ( ;; ) {
        n = cr_log_read(slot, cr_segment_log(&client->segment, job->index),
                        client->segment.geometry.log_size, &job->cursor, 0,
                        &header, data, sizeof(data));

        if (n <= 0) {
            return;
        }

        if (job->first_us == 0) {
            job->first_us = cr_client_now_us();
        }

        if (header.stream == CR_STREAM_STDOUT) {
            cr_client_append(job->out, &job->out_len, data, (size_t) n);

        } else {
            cr_client_append(job->err, &job->err_len, data, (size_t) n);
        }

        cr_client_append(job->all, &job->all_len, data, (size_t) n);
        cr_log_next(&job->cursor, &header);
        job->chunks++;
    }
}


static void
cr_client_append(char *buf, size_t *used, const uint8_t *data, size_t len)
{
    if (len > CR_CLIENT_OUTPUT - *used) {
        len = CR_CLIENT_OUTPUT - *used;
    }

    memcpy(buf + *used, data, len);
    *used += len;
    buf[*used] = '\0';
}


int
cr_client_wait(cr_client_t *client, cr_client_job_t *job, const char *text,
    int timeout_ms)
{
    int64_t        end_us, left_us;
    uint64_t       count;
    struct pollfd  p;

    end_us = cr_client_now_us() + (int64_t) timeout_ms * 1000;

    for ( ;; ) {
        cr_channel_arm(&client->segment, client->channel);

        while (cr_channel_next(&client->segment, client->channel)
               != CR_NONE)
        {
            /* every job is looked at below anyway */
        }

        if (cr_client_look(client, job)) {
            return 0;
        }

        if (text != NULL && strstr(job->out, text) != NULL) {
            return 0;
        }

        left_us = end_us - cr_client_now_us();

        if (left_us <= 0) {
            return -1;
        }

        p.fd = client->bell;
        p.events = POLLIN;

        if (poll(&p, 1, (int) (left_us / 1000) + 1) == 1
            && read(client->bell, &count, sizeof(count)) == -1)
        {
            return -1;
        }
    }
}


int
cr_client_control(cr_client_t *client, cr_client_job_t *job, uint32_t type,
    uint64_t arg, const void *data, size_t len)
{
    uint32_t              worker;
    uint64_t              one;
    cr_control_header_t   header;

    job->word = cr_slot_word(cr_segment_slot(&client->segment, job->index));
    worker = cr_word_worker(job->word);

    memset(&header, 0, sizeof(header));
    header.len = (uint32_t) len;
    header.type = type;
    header.slot = job->index;
    header.generation = cr_word_generation(job->word);
    header.arg = arg;

    if (cr_control_push(cr_segment_control(&client->segment, client->channel,
                                           worker), &header, data)
        != 0)
    {
        return -1;
    }

    one = 1;

    if (cr_segment_wake_worker(&client->segment, client->channel, worker)
        && write(client->workers[worker], &one, sizeof(one)) == -1)
    {
        return -1;
    }

    return 0;
}


int
cr_client_cancel_queued(cr_client_t *client, cr_client_job_t *job)
{
    cr_slot_t  *slot;

    slot = cr_segment_slot(&client->segment, job->index);
    job->word = cr_slot_word(slot);

    if (!cr_slot_end(slot, &job->word, client->channel)) {
        return 0;
    }

    memset(&slot->result, 0, sizeof(cr_result_t));
    slot->result.status = CR_STATUS_CANCELLED;
    slot->result.exit_code = -1;
    slot->result.finished_us = cr_client_wall_us();

    return cr_slot_finish(slot, &job->word);
}


void
cr_client_done(cr_client_t *client, cr_client_job_t *job)
{
    cr_slot_t  *slot;

    slot = cr_segment_slot(&client->segment, job->index);

    if (cr_word_state(cr_slot_word(slot)) == CR_SLOT_FINISHED) {
        atomic_store(&slot->delivered, 1);
    }

    cr_slot_unwatch(slot, client->channel);
    cr_client_forget(job);
}


void
cr_client_forget(cr_client_job_t *job)
{
    free(job->out);
    free(job->err);
    free(job->all);
    job->out = job->err = job->all = NULL;
}


int
cr_client_run(cr_client_t *client, const cr_client_request_t *request,
    cr_client_job_t *job, int timeout_ms)
{
    if (cr_client_submit(client, request, job) != 0) {
        return -1;
    }

    return cr_client_wait(client, job, NULL, timeout_ms);
}


int64_t
cr_client_now_us(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}


static int64_t
cr_client_wall_us(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    return (int64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}
