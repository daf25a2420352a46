# row: 140
# title: Builtins reached through their own methods: the wall is not made of Python, and stands.
# tries: print.__self__, len.__self__.__import__
# control: host-safe

from attack import held, wall

print.__self__.__import__("os").getpid()
len.__self__.__dict__["__import__"]("posix").getpid()
print.__self__.open("/proc/self/maps").read()
wall()
held()
