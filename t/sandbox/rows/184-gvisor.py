# row: 184
# title: The second wall holds the same.
# tries: runsc killed, hung, slow
# not applicable: there is no gVisor backend in this version
