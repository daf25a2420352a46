/*
 * sd_notify(3) by hand: one datagram to the socket in the environment.
 */

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "crw_log.h"
#include "crw_master.h"


void
crw_notify(const char *state)
{
    int                  fd;
    size_t               len;
    socklen_t            size;
    const char          *path;
    struct sockaddr_un   addr;

    path = getenv("NOTIFY_SOCKET");
    if (path == NULL) {
        return;
    }

    len = strlen(path);

    if ((path[0] != '/' && path[0] != '@') || len >= sizeof(addr.sun_path)) {
        return;
    }

    memset(&addr, 0, sizeof(addr));
    addr.sun_family = AF_UNIX;
    memcpy(addr.sun_path, path, len);

    if (path[0] == '@') {
        addr.sun_path[0] = '\0';
    }

    size = (socklen_t) (offsetof(struct sockaddr_un, sun_path) + len);

    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd == -1) {
        return;
    }

    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL,
               (struct sockaddr *) &addr, size)
        == -1)
    {
        crw_log(CRW_LOG_WARN, "systemd cannot be told: %s", path);
    }

    (void) close(fd);
}


uint64_t
crw_notify_watchdog(void)
{
    char                *end;
    const char          *text, *pid;
    unsigned long long   us;

    text = getenv("WATCHDOG_USEC");
    pid = getenv("WATCHDOG_PID");

    if (text == NULL || (pid != NULL && atol(pid) != (long) getpid())) {
        return 0;
    }

    us = strtoull(text, &end, 10);

    return (*end == '\0') ? us : 0;
}
