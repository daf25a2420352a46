# row: 171
# title: The wall stands under another runtime.
# tries: raw calls and threads of Go
# not applicable: Python is the only language of this version
