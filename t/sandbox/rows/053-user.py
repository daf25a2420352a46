# row: 53
# title: One ordinary user, in no group, who exists in the user data base.
# tries: getpwuid, getgroups, getresuid, umask, home
# control: host-safe

import grp
import os
import pwd
from attack import breach, held

if os.getresuid() != (1000, 1000, 1000) or os.getresgid() != (1000,) * 3:
    breach("is %s %s" % (os.getresuid(), os.getresgid()))
if os.getgroups():
    breach("is in groups %s" % os.getgroups())
who = pwd.getpwuid(os.getuid())
if (who.pw_name, who.pw_dir) != ("coder", "/box"):
    breach("is %s" % (who,))
if grp.getgrgid(os.getgid()).gr_name != "coder":
    breach("group")
held()
