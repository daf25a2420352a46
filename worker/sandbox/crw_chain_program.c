/*
 * The program: puts on every layer, warms its interpreter up, says that it is
 * ready, then takes one job from the link, closes it and becomes the user's.
 */

#include "crw_chain.h"
#include "crw_link.h"
#include "crw_sb.h"
#include "../../ipc/cr_request.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>


static uint8_t *crw_program_receive(crw_chain_job_t *job);
static void crw_program_files(const crw_chain_t *chain,
    const crw_chain_job_t *job);
static int crw_program_file(const char *name, const uint8_t *data,
    size_t len);
static int crw_program_mkdirs(const char *name);


void
crw_chain_program(crw_chain_t *chain, int ready)
{
    int          pidfd;
    const char  *step;

    crw_chain_program_title(chain);

    step = crw_sandbox_enter(&chain->sandbox, CRW_PHASE_PROGRAM);

    if (step != NULL) {
        crw_chain_fail(CRW_CHAIN_LINK, step, errno);
    }

    crw_chain_program_warm(chain);
    crw_chain_program_wait(ready);

    pidfd = crw_sandbox_fault(&chain->sandbox, "program_pidfd");

    if (pidfd == 0) {
        pidfd = (int) syscall(SYS_pidfd_open, getpid(), 0);
    }

    if (pidfd == -1) {
        crw_chain_fail(CRW_CHAIN_LINK, "program_pidfd", errno);
    }

    crw_chain_program_ready(pidfd);
    (void) close(pidfd);

    crw_chain_program_job(chain);
}


/* every layer is on; what follows may be any code */

void
crw_chain_program_warm(crw_chain_t *chain)
{
    (void) prctl(PR_SET_NAME, "crw-program", 0, 0, 0);

    if (crw_sandbox_fault(&chain->sandbox, "program_warm") == -1
        || chain->runtime->warm() == -1)
    {
        crw_chain_fail(CRW_CHAIN_LINK, "program_warm", errno);
    }
}


void
crw_chain_program_job(crw_chain_t *chain)
{
    int               rc;
    uint8_t          *records;
    crw_chain_job_t   job;

    records = crw_program_receive(&job);
    crw_program_files(chain, &job);

    if (crw_sb_rlimit_job(&job.msg) == -1) {
        crw_chain_fail(CRW_CHAIN_LINK, "rlimits_job", errno);
    }

    if (crw_sb_fds_close_from(CRW_CHAIN_LINK) == -1) {
        crw_chain_fail(CRW_CHAIN_LINK, "program_close", errno);
    }

    (void) prctl(PR_SET_NAME, chain->runtime->name, 0, 0, 0);

    rc = chain->runtime->run(&job);

    free(records);
    _exit(rc);
}


/* what the program reads as its command line: not the zygote's */

void
crw_chain_program_title(const crw_chain_t *chain)
{
    char    *p;
    size_t   name, code;

    name = strlen(chain->runtime->name) + 1;
    code = strlen(chain->runtime->code) + 1;
    p = chain->argv_start;

    memset(p, 0, chain->argv_size);

    if (name + code > chain->argv_size) {
        return;
    }

    memcpy(p, chain->runtime->name, name);
    memcpy(p + name, chain->runtime->code, code);

    if (prctl(PR_SET_MM, PR_SET_MM_ARG_END, p + name + code, 0, 0) == 0) {
        return;
    }

    /*
     * That needs privilege.  Without it: when the last byte is not NUL, the
     * kernel takes what is there for one string (setproctitle).
     */

    p[name - 1] = ' ';
    p[chain->argv_size - 1] = ' ';
}


/*
 * A packet, not the end of the socket: that also comes when init failed, and
 * before the kernel has ended us.
 */

void
crw_chain_program_wait(int ready)
{
    char     c;
    ssize_t  n;

    do {
        n = read(ready, &c, 1);
    } while (n == -1 && errno == EINTR);

    if (n == 0) {
        _exit(1);                   /* init has said why */
    }

    if (n == -1) {
        crw_chain_fail(CRW_CHAIN_LINK, "program_wait", errno);
    }

    (void) close(ready);
}


void
crw_chain_program_ready(int pidfd)
{
    int            cpu;
    struct rusage  ru;

    /* spent on the way here, for who has no cgroup to take a baseline of */

    cpu = 0;

    if (getrusage(RUSAGE_SELF, &ru) == 0) {
        cpu = (int) (ru.ru_utime.tv_usec + ru.ru_stime.tv_usec);
    }

    if (crw_link_say(CRW_CHAIN_LINK, CRW_MSG_READY, cpu, NULL, &pidfd,
                     pidfd != -1)
        == -1)
    {
        _exit(1);
    }
}


/* a closed link is a pool that changed its mind: nothing to report */

static uint8_t *
crw_program_receive(crw_chain_job_t *job)
{
    int       nfds;
    size_t    size, used;
    uint8_t  *records;
    ssize_t   n;

    n = crw_link_recv(CRW_CHAIN_LINK, &job->msg, sizeof(job->msg), NULL, 0,
                      &nfds);
    if (n == 0) {
        _exit(0);
    }

    size = job->msg.total;

    if (n != (ssize_t) sizeof(job->msg) || job->msg.msg.type != CRW_MSG_JOB
        || size > CRW_CHAIN_JOB_MAX)
    {
        crw_chain_fail(CRW_CHAIN_LINK, "job_message", EPROTO);
    }

    records = malloc(size + 1);

    if (records == NULL) {
        crw_chain_fail(CRW_CHAIN_LINK, "job_memory", ENOMEM);
    }

    for (used = 0; used < size; used += (size_t) n) {
        n = crw_link_recv(CRW_CHAIN_LINK, records + used, size - used, NULL,
                          0, &nfds);
        if (n == 0) {
            _exit(0);
        }

        if (n == -1) {
            crw_chain_fail(CRW_CHAIN_LINK, "job_records", errno);
        }
    }

    if (cr_request_check(records, size) != 0) {
        crw_chain_fail(CRW_CHAIN_LINK, "job_records", EINVAL);
    }

    job->records = records;
    job->size = size;

    return records;
}


static void
crw_program_files(const crw_chain_t *chain, const crw_chain_job_t *job)
{
    int                  rc;
    const char          *name;
    cr_record_t          record;
    const uint8_t       *data;
    cr_request_reader_t  reader;

    name = NULL;
    cr_request_open(&reader, job->records, job->size);

    while (cr_request_next(&reader, &record, &data) == 1) {

        switch (record.kind) {

        case CR_RECORD_CODE:
            rc = crw_program_file(chain->runtime->code, data, record.len);
            break;

        case CR_RECORD_FILE_NAME:
            name = (const char *) data;
            continue;

        case CR_RECORD_FILE_DATA:
            rc = crw_program_file(name, data, record.len);
            break;

        default:
            continue;
        }

        if (rc == -1) {
            crw_chain_fail(CRW_CHAIN_LINK, "job_files", errno);
        }
    }
}


static int
crw_program_file(const char *name, const uint8_t *data, size_t len)
{
    int      fd, err;
    size_t   done;
    ssize_t  n;

    if (crw_program_mkdirs(name) == -1) {
        return -1;
    }

    fd = open(name, O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0644);
    if (fd == -1) {
        return -1;
    }

    for (done = 0; done < len; done += (size_t) n) {
        n = write(fd, data + done, len - done);

        if (n == -1) {
            err = errno;
            (void) close(fd);
            errno = err;
            return -1;
        }
    }

    return close(fd);
}


/* the directories of "a/b/c"; nobody else is in here yet to swap one */

static int
crw_program_mkdirs(const char *name)
{
    char         path[PATH_MAX];
    size_t       len;
    const char  *p;

    for (p = strchr(name, '/'); p != NULL; p = strchr(p + 1, '/')) {

        len = (size_t) (p - name);
        if (len >= sizeof(path)) {
            errno = ENAMETOOLONG;
            return -1;
        }

        memcpy(path, name, len);
        path[len] = '\0';

        if (mkdir(path, 0755) == -1 && errno != EEXIST) {
            return -1;
        }
    }

    return 0;
}
