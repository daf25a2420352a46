# row: 185
# title: runsc has no network, no sockets or fifos of the host, no log of user
#    data and nobody's environment.
# tries: its command lines, environments and user ids while sandboxes wait
# elsewhere: t/unit/pool_gvisor_test.c
