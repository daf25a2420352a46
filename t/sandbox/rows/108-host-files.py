# row: 108
# title: Files of a job are never read back.
# tries: 100 links to one large file, 100,000 outputs
# not applicable: answers hold stdout and stderr only, no file is collected
