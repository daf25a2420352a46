# row: 13
# title: No call of the mount family reaches the kernel.
# tries: mount, umount2, move_mount, fsopen, fsconfig, fsmount, open_tree,
#    mount_setattr, fspick, pivot_root, chroot, statmount, listmount
# control: host-safe

import ctypes
from attack import held, refused, control

big = ctypes.create_string_buffer(b"A" * 5000)
at = ctypes.addressof(big)
for name, number, args in (
        ("mount", 165, (0, 0, 0, 0, 0)), ("mount", 165, (at, at, at, 1, 0)),
        ("umount2", 166, (1, 0)), ("umount2", 166, (1, 2)),
        ("move_mount", 429, (-1, 0, -1, 0, 0)),
        ("fsopen", 430, (0, 0)), ("fsopen", 430, (at, 0)),
        ("fsconfig", 431, (-1, 1, at, at, 0)), ("fsmount", 432, (-1, 0, 0)),
        ("fspick", 433, (-1, at, 0)),
        ("mount_setattr", 442, (-1, at, 0, 0, 0)),
        ("pivot_root", 155, (1, 1)), ("chroot", 161, (1,)),
        ("statmount", 457, (0, 0, 0, 0)), ("listmount", 458, (0, 0, 0, 0)),
        ("open_tree_attr", 467, (-1, 0, 0, 0, 0))):
    refused(name, number, *args)
if not control():
    for flags in (0, 1, 0x80000, 0x8000):
        path = ctypes.create_string_buffer(b"/")
        refused("open_tree", 428, -100, ctypes.addressof(path), flags)
held()
