# row: 64
# title: A compiler's bombs stay in the sandbox.
# tries: macro and template bombs, #include of devices and of secret files
# not applicable: there is no compiled language; the interpreter compiles inside
#    the sandbox, see row 156
