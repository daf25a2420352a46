# row: 169
# title: The wall stands under another runtime.
# tries: native add-ons, NODE_OPTIONS, .npmrc
# not applicable: Python is the only language of this version
