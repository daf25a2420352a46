# row: 139
# title: Walking from any object to every class: the wall is not made of Python, and stands.
# tries: lists of subclasses, mro(), __subclasshook__, __init_subclass__
# control: host-safe

from attack import held, wall

found = [c for c in [].__class__.__mro__[1].__subclasses__()
         if c.__name__ in ("Popen", "_wrap_close", "BuiltinImporter")]
for c in found:
    if c.__name__ == "BuiltinImporter":
        c.load_module("posix").listdir("/")


class Trap:
    def __init_subclass__(cls):
        cls.__mro__[-1].__subclasses__()

    __subclasshook__ = classmethod(lambda cls, other: True)


class Caught(Trap):
    pass


type(Caught()).mro()
wall()
held()
