# row: 185
# title: The second wall holds the same.
# tries: runsc's configuration
# not applicable: there is no gVisor backend in this version
