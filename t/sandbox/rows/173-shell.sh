# row: 173
# title: The shell has no way out either.
# tries: /dev/tcp, ulimit, enable -f, exec -a, BASH_ENV, $(<file), set-uid
#    programs, mount, nsenter, unshare
# expect: status=succeeded, stdout~(?m)^HELD
# control: host-safe

breach() { echo "BREACH:$*"; }

(exec 3<>"/dev/tcp/127.0.0.1/${ATTACK_TCP:-80}") 2>/dev/null && breach tcp
(exec 3<>/dev/udp/127.0.0.1/53) 2>/dev/null && breach udp
if [ -z "$ATTACK_CONTROL" ]; then
    (ulimit -n 100000) 2>/dev/null && breach "open files"
    (ulimit -c unlimited) 2>/dev/null && breach core
    (ulimit -l unlimited) 2>/dev/null && breach locked
    (unshare -Ur true) 2>/dev/null && breach unshare
    (nsenter -t 1 -m true) 2>/dev/null && breach nsenter
    (mount -t tmpfs x /tmp) 2>/dev/null && breach mount
    (su -c id) </dev/null 2>/dev/null && breach su
    [ -n "$(ps -e 2>/dev/null | grep -c init)" ] || breach ps
    (echo x >/etc/x) 2>/dev/null && breach etc
    (echo x >/usr/bin/x) 2>/dev/null && breach usr
fi
for file in ${ATTACK_FILES//:/ } /etc/shadow; do
    text=$(<"$file") 2>/dev/null && breach "$file"
done
kill -0 "${ATTACK_PID:-999999}" 2>/dev/null && breach "a process of the host"
echo HELD
