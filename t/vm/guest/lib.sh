# What the suites of the guest have in common: a suite is a file here that
# calls passed, failed and skipped.

PASSED=0 FAILED=0 SKIPPED=0


passed()
{
    PASSED=$(( PASSED + 1 ))
    echo "    ok      $*"
}


failed()
{
    FAILED=$(( FAILED + 1 ))
    echo "    FAILED  $*"
}


skipped()
{
    SKIPPED=$(( SKIPPED + 1 ))
    echo "    skipped $*"
}


# check WHAT COMMAND...: passed if the command succeeds
check()
{
    local what=$1
    shift

    if "$@"; then
        passed "$what"
    else
        failed "$what"
    fi
}


# suite_run SUITE[:ARGUMENT,...]
suite_run()
{
    local p=$PASSED f=$FAILED s=$SKIPPED from up ARGUMENTS=

    case $1 in
    *:*) ARGUMENTS=${1#*:} ;;
    esac

    read -r from _ </proc/uptime
    echo "$1:"
    cd /cr
    . "/vm/${1%%:*}"
    read -r up _ </proc/uptime
    echo "$1: $(( PASSED - p )) passed, $(( FAILED - f )) failed," \
        "$(( SKIPPED - s )) skipped, $(( ${up%.*} - ${from%.*} )) s"
}


# delegate OWNER GROUP: cgroups(7), what systemd does for Delegate=yes
delegate()
{
    local dir=/sys/fs/cgroup part

    for part in ${2//\// }; do
        echo "+cpu +memory +pids" >$dir/cgroup.subtree_control
        dir=$dir/$part
        mkdir -p $dir
    done
    chown $1:$1 $dir $dir/cgroup.{procs,subtree_control,threads}
}


# unit NAME [RUNNER...]: one program of t/unit, its figures added up
unit()
{
    local name=$1 log=/tmp/unit.log line as=
    shift

    [ $# -eq 0 ] || as=", $*"
    "$@" timeout 600 "/cr/build/unit/plain/$name" >$log 2>&1
    echo "exit code $?" >>$log
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' $log | tail -n 1)
    set -- ${line//[!0-9]/ }
    PASSED=$(( PASSED + ${1:-0} )) FAILED=$(( FAILED + ${2:-0} ))

    if [ "$(tail -n 1 $log)" = "exit code 0" ]; then
        echo "    $name$as: $line"
        sed -n '/^skipped: \|^cgroup: \| instead of /s/^/            /p' \
            $log | sort -u
    else
        sed 's/^/        /' $log
        failed "$name$as"
    fi
}
