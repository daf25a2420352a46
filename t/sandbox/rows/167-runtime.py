# row: 167
# title: The wall stands under another runtime.
# tries: executable memory, Wasm, shared buffers
# not applicable: Python is the only language of this version
