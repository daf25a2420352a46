# row: 165
# title: The wall stands under another runtime.
# tries: prototype pollution in our own helpers
# not applicable: Python is the only language of this version
