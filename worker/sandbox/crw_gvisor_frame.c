/*
 * Frames: how packets, streams and signals share a pipe.  The reader trusts
 * nothing but the size of its own buffer.
 */

#include "crw_gvisor.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>


int
crw_frames_read(crw_frames_t *frames)
{
    ssize_t  n;

    if (frames->taken != 0) {
        memmove(frames->data, frames->data + frames->taken,
                frames->used - frames->taken);
        frames->used -= frames->taken;
        frames->taken = 0;
    }

    do {
        n = read(frames->fd, frames->data + frames->used,
                 sizeof(frames->data) - frames->used);
    } while (n == -1 && errno == EINTR);

    if (n <= 0) {
        return (int) n;
    }

    frames->used += (size_t) n;

    return 1;
}


int
crw_frames_next(crw_frames_t *frames, crw_frame_t *frame,
    const uint8_t **payload)
{
    size_t          left;
    const uint8_t  *p;

    left = frames->used - frames->taken;
    p = frames->data + frames->taken;

    if (left < sizeof(crw_frame_t)) {
        return 0;
    }

    memcpy(frame, p, sizeof(crw_frame_t));

    if (frame->len > CRW_GVISOR_PAYLOAD) {
        return -1;
    }

    if (left - sizeof(crw_frame_t) < frame->len) {
        return 0;
    }

    *payload = p + sizeof(crw_frame_t);
    frames->taken += sizeof(crw_frame_t) + frame->len;

    return 1;
}


int
crw_frame_write(int fd, uint32_t type, const void *payload, size_t len)
{
    ssize_t        n;
    crw_frame_t    frame;
    struct iovec   iov[2];

    frame.type = type;
    frame.len = (uint32_t) len;

    iov[0].iov_base = &frame;
    iov[0].iov_len = sizeof(crw_frame_t);
    iov[1].iov_base = (void *) payload;
    iov[1].iov_len = len;

    do {
        n = writev(fd, iov, 2);
    } while (n == -1 && errno == EINTR);

    if (n == -1) {
        return -1;
    }

    if ((size_t) n < sizeof(crw_frame_t)) {
        if (crw_frame_write_all(fd, (uint8_t *) &frame + n,
                                sizeof(crw_frame_t) - (size_t) n)
            == -1)
        {
            return -1;
        }

        n = sizeof(crw_frame_t);
    }

    n -= (ssize_t) sizeof(crw_frame_t);

    return crw_frame_write_all(fd, (const uint8_t *) payload + n,
                               len - (size_t) n);
}


int
crw_frame_write_all(int fd, const void *data, size_t len)
{
    ssize_t         n;
    const uint8_t  *p = data;

    while (len != 0) {
        n = write(fd, p, len);

        if (n == -1) {
            if (errno == EINTR) {
                continue;
            }

            return -1;
        }

        p += n;
        len -= (size_t) n;
    }

    return 0;
}
