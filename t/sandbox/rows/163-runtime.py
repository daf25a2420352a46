# row: 163
# title: The wall stands under another runtime.
# tries: vm, constructors, host errors
# not applicable: Python is the only language of this version
