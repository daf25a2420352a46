# row: 29
# title: No System V or POSIX queue, semaphore or segment.
# tries: shmget, semget, msgget, mq_open and what belongs to them
# control: host-safe

import ctypes
import os
from attack import call, control, env, held, refused

key = int(env("MARK")[:7] or "1234", 16)
name = ctypes.create_string_buffer(b"/attack")
if control():
    refused("msgget", 68, key, 0o1600)
    rc, _ = call(68, key, 0)
    call(71, rc, 0, 0)
else:
    for args in ((key, 4096, 0o1600), (0, 4096, 0o1600), (key, 0, 0)):
        refused("shmget", 29, *args)
        refused("semget", 64, *args)
    refused("msgget", 68, key, 0o1600)
    refused("shmat", 30, 0, 0, 0)
    refused("shmctl", 31, 0, 14, 0)
    refused("semctl", 66, 0, 0, 19, 0)
    refused("semop", 65, 0, 0, 0)
    refused("msgctl", 71, 0, 12, 0)
    refused("msgsnd", 69, 0, 0, 0, 0)
    refused("msgrcv", 70, 0, 0, 0, 0, 0)
    refused("mq_open", 240, ctypes.addressof(name), os.O_CREAT | 2, 0o600, 0)
    refused("mq_unlink", 241, ctypes.addressof(name))
held()
