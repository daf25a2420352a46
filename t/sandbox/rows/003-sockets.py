# row: 3
# title: No family of sockets but AF_UNIX, of whatever type.
# tries: socket and socketpair for families 0 to 63, ten types, and with
#    rubbish in the upper half of the argument
# control: host-safe

from attack import breach, call, control, held

families = (2, 16) if control() else list(range(64)) + [1 << 31, 255]
for family in families:
    for kind in (1, 2, 3, 4, 5, 6, 10, 1 | 0o2000000, 2 | 0o4000, 0):
        for high in (0, 1 << 32, 0xffff << 32):
            for name, number in (("socket", 41), ("socketpair", 53)):
                rc, err = call(number, family | high, kind, 0,
                               0 if number == 41 else 1)
                if family == 1:
                    continue
                if rc != -1 or err != "EPERM":
                    breach("%s(%d, %d) %d %s" % (name, family, kind, rc, err))
rc, err = call(41, 1, 1, 0)
if rc == -1:
    breach("AF_UNIX is refused too: " + err)
held()
