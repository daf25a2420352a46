#!/bin/sh
# run.sh DIR TARGET SECONDS MAX [DICT]: runs every seed of corpus/TARGET once,
# then fuzzes for SECONDS with inputs of up to MAX bytes, with the words of
# dict/DICT.  The last line is the exit code.

dir=$1
target=$2
seconds=$3
max=$4
dict=${5:-}

mkdir -p "$dir/$target.new"

set -- -max_len="$max" -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
    -artifact_prefix="$dir/$target."

if [ -n "$dict" ]; then
    set -- "$@" -dict="dict/$dict"
fi

if [ "$seconds" -eq 0 ]; then
    set -- "$@" -runs=0 "corpus/$target"
else
    set -- "$@" -max_total_time="$seconds" "$dir/$target.new" \
        "corpus/$target"
fi

"$dir/$target" "$@"
echo "exit code $?"
