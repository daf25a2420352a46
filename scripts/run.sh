# run and stop: the pool and nginx of this checkout.
#
# The two are children of build.sh in sessions of their own, so that a Ctrl+C
# in the terminal reaches build.sh alone, which then stops them in order.  The
# leader of each session is written down in var/run (nginx's own pid file
# changes hands in a binary upgrade and goes away with a crash).

NGINX_BIN=$BUILD/nginx/sbin/nginx
POOL_BIN=$BUILD/coderemote-worker
NGINX_PID=$RUN/nginx.session
POOL_PID=$RUN/pool.pid
PORT=${CODEREMOTE_PORT:-8080}
URL=http://127.0.0.1:$PORT/


# pid_of FILE BINARY: prints the pid in FILE when that process still is BINARY
# (a number alone may belong to somebody else by now).
pid_of()
{
    local pid exe

    [ -s "$1" ] || return 1
    pid=$(cat "$1")
    exe=$(readlink "/proc/$pid/exe" 2>/dev/null) || return 1
    [ "${exe% (deleted)}" = "$2" ] && echo "$pid"
}


alive()
{
    [ -d "/proc/$1" ] && ! grep -q '^State:.[ZX]' "/proc/$1/status" 2>/dev/null
}


# wait_gone PID TENTHS
wait_gone()
{
    local n=$2

    while alive "$1"; do
        [ "$n" -gt 0 ] || return 1
        n=$(( n - 1 ))
        sleep 0.1
    done
}


# end_process PID SIGNAL/TENTHS...: the next signal only if the last did not do
end_process()
{
    local pid=$1 try
    shift

    for try in "$@"; do
        kill -"${try%/*}" "$pid" 2>/dev/null || return 0
        if wait_gone "$pid" "${try#*/}"; then
            return 0
        fi
    done
}


# left_over FILE BINARY: processes of the session that pid FILE names which
# outlived their leader
left_over()
{
    local leader dir stat fields

    [ -s "$1" ] || return 0
    leader=$(cat "$1")
    for dir in /proc/[0-9]*; do
        # "pid (name) state ppid pgrp session ..."
        read -r stat 2>/dev/null <"$dir/stat" || continue
        read -ra fields <<<"${stat##*) }"
        if [ "${fields[3]}" = "$leader" ] \
            && [ "$(readlink "$dir/exe" 2>/dev/null)" = "$2" ]
        then
            echo "${dir#/proc/}"
        fi
    done
}


# stop_one NAME BINARY PIDFILE SIGNAL/TENTHS...
stop_one()
{
    local name=$1 binary=$2 file=$3 pid
    shift 3

    if pid=$(pid_of "$file" "$binary"); then
        end_process "$pid" "$@"
        STOPPED="$STOPPED $name"
    fi
    for pid in $(left_over "$file" "$binary"); do
        end_process "$pid" TERM/10 KILL/20
        STOPPED="$STOPPED $name:$pid"
    done
}


cmd_stop()
{
    STOPPED=
    stop_one nginx "$NGINX_BIN" "$NGINX_PID" QUIT/20 TERM/30 KILL/20
    stop_one pool "$POOL_BIN" "$POOL_PID" TERM/10 QUIT/30 KILL/20
    rm -f "$NGINX_PID" "$POOL_PID"

    if [ -n "$STOPPED" ]; then
        say "stopped:$STOPPED"
    elif [ "${command:-}" = stop ]; then
        say "nothing of this folder is running"
    fi
}


# Who has the port, if the system tells us
port_owner()
{
    ss -Hltnp "sport = :$PORT" 2>/dev/null \
        | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/\1, pid \2/p' \
        | head -n 1
}


port_taken()
{
    (exec 3<>"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null
}


check_port()
{
    local owner

    case $PORT in
    ''|*[!0-9]*) die "CODEREMOTE_PORT=$PORT is no port" ;;
    esac
    if port_taken; then
        owner=$(port_owner)
        die "port $PORT is taken${owner:+ by $owner}" \
            "choose another one: CODEREMOTE_PORT=8081 $0 run"
    fi
}


check_not_running()
{
    if pid_of "$NGINX_PID" "$NGINX_BIN" >/dev/null \
        || pid_of "$POOL_PID" "$POOL_BIN" >/dev/null
    then
        die "it is running already (pids in $RUN)" \
            "stop it with: $ROOT/build.sh stop"
    fi
}


# As root nginx's workers are `nobody`, who cannot look into a checkout below
# /root.  Such a checkout is served from a copy of the page in a folder of root
# below /run, which also holds the socket; SERVE and PAGE say where.
choose_folders()
{
    SERVE=$RUN
    PAGE=$BUILD/html

    if [ "$(id -u)" -eq 0 ] && ! nobody_can_enter; then
        SERVE=/run/coderemote-$(text_hash "$ROOT" | cut -c1-12)
        PAGE=$SERVE/html
        mkdir -p "$SERVE"
        chmod 755 "$SERVE"
        rm -rf "$PAGE"
        if [ -d "$BUILD/html" ]; then
            cp -r "$BUILD/html" "$PAGE"
        fi
        note "others cannot read $ROOT: serving a copy in $SERVE"
    fi

    SOCKET=$SERVE/pool.sock
    if [ ${#SOCKET} -gt 100 ]; then
        SOCKET=$(mktemp -d /tmp/coderemote.XXXXXX)/pool.sock
        chmod 755 "$(dirname "$SOCKET")"
    fi
}


nobody_can_enter()
{
    command -v setpriv >/dev/null || return 0
    setpriv --reuid=65534 --clear-groups --regid=65534 \
        test -x "$RUN" -a -r "$ROOT/VERSION"
}


# The configuration of this run: conf/nginx.conf with absolute paths
write_nginx_conf()
{
    sed -e "s|listen \( *\)127.0.0.1:8080;|listen \1127.0.0.1:$PORT;|" \
        -e "s|unix:var/run/pool.sock|unix:$SOCKET|" \
        -e "s|root \( *\)build/html;|root \1$PAGE;|" \
        -e "s|\(_temp_path *\)var/run/|\1$SERVE/|" \
        -e "s|\( \)var/|\1$VAR/|" \
        "$ROOT/conf/nginx.conf" >"$RUN/nginx.conf"

    if ! module_built; then
        sed -i '/^ *coderemote/d' "$RUN/nginx.conf"
    fi
}


module_built()
{
    "$NGINX_BIN" -V 2>&1 | grep -q -- "--add-module=$ROOT"
}


# Builds one real sandbox and looks at it from inside, in 0.2 s: better here
# than an error in every job.  For an ordinary user it says what is weaker than
# as root.
check_sandbox()
{
    local log=$LOG/check.log

    [ -x "$POOL_BIN" ] || return 0

    if ! "$POOL_BIN" -c "$ROOT/conf/worker.json" --check >"$log" 2>&1; then
        grep -A 1 '^FAILED' "$log" >&2 || tail -n 5 "$log" >&2
        die "no sandbox can be built on this machine, so no program would run" \
            "the whole report: $log" \
            "mend what it names; as root more kinds of machines do"
    fi
    if [ "$(id -u)" -ne 0 ]; then
        sed -n 's/^weaker  */    weaker: /p' "$log"
    fi
}


start_pool()
{
    local n=100 pid

    if [ ! -x "$POOL_BIN" ]; then
        note "no coderemote-worker: only the page and /health will answer"
        return
    fi

    rm -f "$SOCKET"
    setsid "$POOL_BIN" -c "$ROOT/conf/worker.json" -s "$SOCKET" \
        </dev/null >>"$LOG/pool.log" 2>&1 &
    pid=$!
    echo $pid >"$POOL_PID"

    while [ ! -S "$SOCKET" ]; do
        n=$(( n - 1 ))
        if ! alive $pid || [ $n -eq 0 ]; then
            show_log_and_die "the pool did not start" "$LOG/pool.log" \
                "what works here: $POOL_BIN -c $ROOT/conf/worker.json --check"
        fi
        sleep 0.05
    done
}


start_nginx()
{
    local n=100 pid

    if ! "$NGINX_BIN" -q -t -p "$ROOT" -c "$RUN/nginx.conf" \
        -e "$LOG/error.log" \
        >>"$LOG/error.log" 2>&1
    then
        show_log_and_die "nginx refuses its configuration $RUN/nginx.conf" \
            "$LOG/error.log" "mend conf/nginx.conf"
    fi

    setsid "$NGINX_BIN" -p "$ROOT" -c "$RUN/nginx.conf" \
        -e "$LOG/error.log" -g 'daemon off;' </dev/null >>"$LOG/error.log" 2>&1 &
    pid=$!
    echo $pid >"$NGINX_PID"

    while ! answers; do
        n=$(( n - 1 ))
        if ! alive $pid || [ $n -eq 0 ]; then
            show_log_and_die "nginx did not get ready" "$LOG/error.log" \
                "ask $URL""ready what is missing"
        fi
        sleep 0.05
    done
}


# Ready means that a job would run now; without a pool, that nginx answers.
answers()
{
    if [ -x "$POOL_BIN" ] && module_built; then
        curl -fs -o /dev/null -m 2 "${URL}ready"
    else
        curl -s -o /dev/null -m 2 "$URL"
    fi
}


show_log_and_die()
{
    local text=$1 log=$2 advice=$3

    printf -- '--- the last lines of %s\n' "$log" >&2
    tail -n 15 "$log" >&2
    printf -- '---\n' >&2
    cmd_stop
    die "$text" "the whole log: $log" "$advice"
}


cmd_run()
{
    local start detach=no

    case ${1:-} in
    --detach) detach=yes ;;
    '') ;;
    *) die "run knows only --detach" ;;
    esac

    start=$(now_ms)
    check_not_running
    check_port
    cmd_build

    mkdir -p "$RUN" "$LOG"
    choose_folders
    write_nginx_conf
    check_sandbox

    trap 'cmd_stop; exit 130' INT
    trap 'cmd_stop; exit 143' TERM HUP
    start_pool
    start_nginx
    say "Code Remote runs on $URL (started in $(since "$start") s)"

    if [ $detach = yes ]; then
        note "stop it with: $ROOT/build.sh stop"
        return
    fi
    note "logs in $LOG; stop with Ctrl+C"
    watch_children
}


# Ends when either child ends; a signal to build.sh interrupts the wait.
watch_children()
{
    wait -n 2>/dev/null || true

    # `./build.sh stop` from elsewhere ends both; that is no failure
    sleep 0.3
    if [ ! -e "$NGINX_PID" ] || [ ! -e "$POOL_PID" ]; then
        say "stopped"
    elif pid_of "$NGINX_PID" "$NGINX_BIN" >/dev/null; then
        show_log_and_die "the pool ended by itself" "$LOG/pool.log" \
            "start again: $ROOT/build.sh run"
    else
        show_log_and_die "nginx ended by itself" "$LOG/error.log" \
            "start again: $ROOT/build.sh run"
    fi
}
