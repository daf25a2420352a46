# row: 103
# title: Files of a job are never read back.
# tries: a folder swapped for a link while its files are collected
# not applicable: answers hold stdout and stderr only, no file is collected
