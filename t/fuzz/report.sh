#!/bin/sh
# report.sh DIR TARGET...: one line a target, the output of those that failed,
# and the sum.

dir=$1
shift

passed=0
failed=0

for target in "$@"; do
    out=$dir/$target.out

    if [ ! -f "$out" ]; then
        echo "$target: does not build"
        failed=$((failed + 1))
        continue
    fi

    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$out")
    cover=$(sed -n 's/.*cov: \([0-9]*\).*/\1/p' "$out" | tail -1)

    if [ "$(tail -1 "$out")" = "exit code 0" ]; then
        passed=$((passed + 1))
        printf '%-24s %9s runs, %s edges\n' "$target" "${runs:-0}" \
            "${cover:-0}"
    else
        failed=$((failed + 1))
        echo "$target: failed, all of it in $out"
        tail -40 "$out" | sed 's/^/    /'
    fi
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
