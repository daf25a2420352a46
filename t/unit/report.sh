#!/bin/sh
# report.sh DIR TEST...: adds up what the tests wrote to DIR/TEST.out, shows
# the output of those that failed, and fails if there is one.

dir=$1
shift

passed=0
failed=0

for test in "$@"; do
    out=$dir/$test.out
    line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$out" 2>/dev/null \
        | tail -1)
    p=${line%% *}
    f=${line#*, }
    f=${f%% *}
    why=

    if [ ! -f "$out" ]; then
        why="does not build"
    elif [ -z "$line" ]; then
        why="did not end"
    elif [ "$(tail -1 "$out")" != "exit code 0" ] && [ "$f" -eq 0 ]; then
        why="ended with $(tail -1 "$out")"
    fi

    p=${p:-0}
    f=${f:-0}

    if [ -n "$why" ]; then
        f=$((f + 1))
    fi

    passed=$((passed + p))
    failed=$((failed + f))

    if [ "$f" -eq 0 ]; then
        printf '%-32s %4d passed\n' "$test" "$p"
        continue
    fi

    printf '%-32s %4d passed, %d failed%s\n' "$test" "$p" "$f" "${why:+: $why}"
    if [ -f "$out" ]; then
        sed 's/^/    /' "$out" | { head -40; echo "    (all of it: $out)"; }
    fi
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
