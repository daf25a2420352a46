# row: 137
# title: A ring whose writer or reader dies at any step is recovered.
# tries: SIGKILL between reserve and commit, wrap-around, a full ring, ABA
# elsewhere: t/unit/ipc_kill_test.c, t/unit/ipc_stress_test.c
