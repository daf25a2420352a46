# row: 144
# title: Attributes by other ways than a dot: the wall is not made of Python, and stands.
# tries: object.__getattribute__, type.__getattribute__, super, attrgetter,
#    names put together
# control: host-safe

import operator
from attack import held, wall

fn = operator.attrgetter("__globals__")(lambda: 0)
object.__getattribute__(fn["__builtins__"], "__dict__")
type.__getattribute__(type(fn), "__sub" + "classes__")()
getattr(fn["__builtins__"], "__imp" + "ort__")("os").fork
wall()
held()
