# row: 1
# title: io_uring does not exist: it would do everything else past the filter.
# tries: io_uring_setup, _enter and _register on every descriptor to 1023
# control: host-safe

from attack import held, refused

refused("io_uring_setup", 425, 8, 0)
for fd in range(1024):
    refused("io_uring_enter", 426, fd, 0, 0, 0, 0, 0)
    refused("io_uring_register", 427, fd, 0, 0, 0)
held()
