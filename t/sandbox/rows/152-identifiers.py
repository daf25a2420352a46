# row: 152
# title: Names in other letters: the wall is not made of Python, and stands.
# tries: NFKC identifiers, joined lines, form feeds, NUL
# control: host-safe

from attack import held, wall

exec("\uff4f\uff53 = __import__('os')")
exec("\uff45\uff56\uff41\uff4c('1')")
exec("__builtins__.__\u1d62mport__('os')")
exec("im" "port os\x0c; os.getpid()")
exec("impo\\\nrt".replace("\\\n", "") + " os")
for text in ("import os\0", "import os\r\0x"):
    try:
        exec(text)
    except (SyntaxError, ValueError):
        pass
wall()
held()
