# row: 149
# title: Pickles and their kin: the wall is not made of Python, and stands.
# tries: __reduce__, shelve, multiprocessing; nothing of the pool unpickles
# control: host-safe

import marshal
import multiprocessing
import os
import pickle
import shelve
from attack import breach, held, wall


class Evil:
    def __reduce__(self):
        return (os.getpid, ())


data = pickle.dumps(Evil())
if pickle.loads(data) != os.getpid():
    breach("odd")
with shelve.open("shelf") as db:
    db["x"] = [1]
with open("result.pickle", "wb") as f:
    f.write(data)
a, b = multiprocessing.Pipe()
a.send(Evil())
b.recv()
marshal.loads(marshal.dumps((lambda: 0).__code__))
# on both streams: whoever would unpickle them outside would be told so
os.write(1, data + b"\n")
os.write(2, data)
wall()
held()
