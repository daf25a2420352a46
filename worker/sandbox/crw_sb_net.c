/*
 * A network without anything in it, and a host name that says nothing.
 */

#include "crw_sb.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>


/*
 * Once per box: a net namespace costs milliseconds to make and to tear down,
 * and with its loopback down and its processes dead it is empty again.
 */

int
crw_sb_net_namespace(crw_sandbox_t *sb)
{
    (void) sb;

    return unshare(CLONE_NEWNET);
}


int
crw_sb_net_hostname(crw_sandbox_t *sb)
{
    (void) sb;

    if (sethostname(CRW_SANDBOX_HOST, strlen(CRW_SANDBOX_HOST)) == -1) {
        return -1;
    }

    return setdomainname("", 0);
}
