# row: 168
# title: The wall stands under another runtime.
# tries: process.kill, endless microtasks, Atomics.wait
# not applicable: Python is the only language of this version
