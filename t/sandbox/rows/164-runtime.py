# row: 164
# title: The wall stands under another runtime.
# tries: process.binding, dlopen, worker_threads, child_process
# not applicable: Python is the only language of this version
