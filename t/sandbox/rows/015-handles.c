/*
 * row: 15
 * title: No file by its number: what is outside the root stays there.
 * tries: name_to_handle_at; open_by_handle_at for inodes 1 to 20000 (shocker)
 * control: host-safe
 */

#include "attack.h"


struct handle {
    unsigned int  bytes;
    int           type;
    uint64_t      inode;
};


int
main(void)
{
    int            fd, type, control;
    uint64_t       i;
    struct handle  h;

    control = getenv("ATTACK_CONTROL") != NULL;
    fd = open("/usr", O_RDONLY | O_DIRECTORY);
    memset(&h, 0, sizeof(h));
    h.bytes = 8;
    int mount_id;
    refused("name_to_handle_at", SYS_name_to_handle_at, AT_FDCWD, "/usr", &h,
            &mount_id, 0);

    for (type = 1; type <= 2; type++) {
        for (i = 1; i < (control ? 3 : 20000); i++) {
            h.bytes = 8;
            h.type = type;
            h.inode = i;
            refused("open_by_handle_at", SYS_open_by_handle_at, fd, &h,
                    O_RDONLY);
        }
    }

    return held();
}
