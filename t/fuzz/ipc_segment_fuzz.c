/*
 * Patches of a segment that is in good order, as another process could write
 * them: area (1 byte), offset in it (2), length (1), bytes; the rest of the
 * input when it is shorter.
 *
 * Holds: what ipc_hostile.h says.
 *
 * sources: ipc/
 * max: 512
 */

#include <unistd.h>

#include "../unit/ipc_hostile.h"


int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* where an area begins; it may run on into the next */

static size_t
area(const cr_segment_t *seg, uint8_t n)
{
    switch (n % 10) {

    case 0:
        return offsetof(cr_header_t, draining);
    case 1:
        return seg->channels;
    case 2:
        return seg->workers;
    case 3:
        return seg->rings + seg->ring_size;
    case 4:
        return seg->controls + CR_CONTROL_SIZE;
    case 5:
        return seg->bitmaps;
    case 6:
        return seg->slots;
    case 7:
        return seg->info;
    case 8:
        return seg->requests;
    default:
        return seg->logs;
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                at, len;
    uint64_t              position;
    static cr_segment_t  *seg;

    if (seg == NULL) {
        seg = hostile_create();
    }

    hostile_reset(seg);
    position = size != 0 ? (uint64_t) (data[size - 1] & 0x1f) * 8 : 0;

    while (size > 4) {
        at = area(seg, data[0]) + (data[1] | (size_t) data[2] << 8);
        at %= seg->size;
        len = data[3];
        data += 4;
        size -= 4;

        if (len > size) {
            len = size;
        }

        if (len > seg->size - at) {
            len = seg->size - at;
        }

        memcpy(seg->base + at, data, len);
        data += len;
        size -= len;
    }

    hostile_touch(seg, position);

    return 0;
}
