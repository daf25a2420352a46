# row: 184
# title: A sentry that dies, hangs or starts slowly has the verdict of any job,
#    and leaves nothing.
# tries: SIGKILL and SIGSTOP to the sentry; a runsc that sleeps, fails or never
#    answers
# elsewhere: t/unit/pool_gvisor_test.c
