# row: 141
# title: Globals of functions: the wall is not made of Python, and stands.
# tries: __globals__ of a lambda, of help and license
# control: host-safe

from attack import held, wall

(lambda: 0).__globals__["__builtins__"]
print.__self__.license._Printer__setup.__globals__["sys"].modules["os"]
print.__self__.help.__call__.__globals__
wall()
held()
