# row: 20
# title: The names of the machine cannot be set.
# tries: sethostname, setdomainname
# control: host-safe

import os
from attack import breach, control, held, refused

refused("sethostname", 170, 1, 1)
refused("setdomainname", 171, 1, 1)
if not control() and os.uname().nodename != "sandbox":
    breach("the name is " + os.uname().nodename)
held()
