# row: 183
# title: The second wall holds the same.
# tries: all rows under runsc
# not applicable: there is no gVisor backend in this version
