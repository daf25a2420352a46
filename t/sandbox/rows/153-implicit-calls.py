# row: 153
# title: Calls without brackets: the wall is not made of Python, and stands.
# tries: decorators, metaclasses, __class_getitem__, descriptors, __set_name__,
#    match, annotations, defaults
# control: host-safe

import os
from attack import breach, held, wall


class Call(type):
    def __getitem__(cls, x):
        return os.getpid()


@eval
@(lambda f: "os.getpid()")
class X:
    pass


class D:
    def __set_name__(self, owner, name):
        os.listdir("/")

    def __get__(self, a, b):
        return os.fork


class Y(metaclass=Call):
    d = D()
    e: os.getpid() = (lambda x=os.getpid(): x)()

    def __class_getitem__(cls, x):
        return os.getpid()


class Z:
    __match_args__ = ("x",)

    @property
    def x(self):
        return os.getppid()


Y["x"]
match Z():
    case Z(y):
        if (n := y) != 1:
            breach("parent %d" % n)
wall()
held()
