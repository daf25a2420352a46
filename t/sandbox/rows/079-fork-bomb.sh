# row: 79
# title: A fork bomb of the shell ends as well.
# tries: :(){ :|:& };:
# limits: {"timeout_ms": 2000, "processes": 32}
# expect: status=timed_out|failed|succeeded
# heavy: yes
# control: it would do on the host what it does not do here

:(){ :|:& };: 2>/dev/null
sleep 30
