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


suite_run()
{
    local p=$PASSED f=$FAILED s=$SKIPPED from up

    read -r from _ </proc/uptime
    echo "$1:"
    cd /cr
    . "/vm/$1"
    read -r up _ </proc/uptime
    echo "$1: $(( PASSED - p )) passed, $(( FAILED - f )) failed," \
        "$(( SKIPPED - s )) skipped, $(( ${up%.*} - ${from%.*} )) s"
}
