# row: 113
# title: The pool writes nothing into a folder of a job.
# tries: a result or meta file written where the job can write
# not applicable: request files are written by the program itself, inside, before user code
