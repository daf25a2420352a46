# row: 107
# title: Files of a job are never read back.
# tries: files that grow or shrink while they are read
# not applicable: answers hold stdout and stderr only, no file is collected
