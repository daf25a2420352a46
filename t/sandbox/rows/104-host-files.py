# row: 104
# title: The host touches no file of a job by name: its mounts go as a whole.
# tries: chown, chmod, rename, unlink by a name that the job controls
# not applicable: request files are written by the program itself, inside, before user code
