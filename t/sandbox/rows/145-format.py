# row: 145
# title: Format strings that reach into objects: the wall is not made of Python, and stands.
# tries: str.format, format_map, f-strings, string.Formatter, %
# control: host-safe

import string
from attack import breach, env, held, wall


class X:
    def __init__(self):
        pass


x = X()
text = "{0.__class__.__init__.__globals__}".format(x)
text += "{x.__init__.__globals__[__builtins__]}".format_map({"x": x})
text += string.Formatter().format("{0.__init__.__globals__}", x)
text += f"{x.__init__.__globals__!r:.2000}"
if env("NEEDLE") and bytes(255 - b for b in bytes.fromhex(
        env("NEEDLE"))).decode() in text:
    breach("a secret by format")
wall()
held()
