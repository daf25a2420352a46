# What every command needs: paths, messages, steps with a log, stamps.
# Sourced by build.sh, which sets ROOT.

BUILD=$ROOT/build
CACHE=$ROOT/.cache
VAR=${CODEREMOTE_VAR:-$ROOT/var}
LOG=$VAR/log
RUN=$VAR/run
STAMPS=$BUILD/stamps

JOBS=${JOBS:-$(nproc 2>/dev/null || echo 2)}
VERSION=$(cat "$ROOT/VERSION")

# Tools of the system come first: a private python3 or perl in front of them
# (pyenv, conda) has other headers than the packages that deps installs.
export PATH="/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin:$PATH"
export LC_ALL=C


say()
{
    printf '==> %s\n' "$*"
}


note()
{
    printf '    %s\n' "$*"
}


warn()
{
    printf '!!! %s\n' "$*" >&2
}


# die MESSAGE [WHAT TO DO ...]
die()
{
    printf '\n!!! %s\n' "$1" >&2
    shift
    for _line in "$@"; do
        printf '    %s\n' "$_line" >&2
    done
    exit 1
}


now_ms()
{
    local t=${EPOCHREALTIME/[.,]/}
    echo $(( t / 1000 ))
}


# since START_MS: the time that passed as "12.3"
since()
{
    local ms=$(( $(now_ms) - $1 ))
    printf '%d.%d' $(( ms / 1000 )) $(( ms % 1000 / 100 ))
}


# step LOG TITLE COMMAND...: runs COMMAND with its output in var/log/LOG.log
# and one line on the screen; ends the script when it fails.  ADVICE says what
# the user can do then.  Never call it in a condition: that would switch
# `set -e` off inside COMMAND.
step()
{
    local log=$LOG/$1.log title=$2 start rc before
    shift 2

    printf '==> %s ... ' "$title"
    start=$(now_ms)
    mkdir -p "$LOG"
    before=$(wc -l 2>/dev/null <"$log" || echo 0)
    printf '\n== %s\n== %s\n' "$title" "$*" >>"$log"

    set +e
    ( set -e; "$@" ) </dev/null >>"$log" 2>&1
    rc=$?
    set -e

    if [ $rc -eq 0 ]; then
        printf '%s s\n' "$(since "$start")"
        return
    fi

    printf 'failed after %s s\n' "$(since "$start")"
    printf -- '--- the essence of %s\n' "$log" >&2
    tail -n "+$(( before + 1 ))" "$log" | essence >&2
    printf -- '---\n' >&2
    die "$title failed" "the whole log: $log" \
        "${ADVICE:-mend what it names, then run the same command again}"
}


# essence: of a log, the lines that name an error, and the last lines
essence()
{
    local text

    text=$(cat)
    printf '%s\n' "$text" | head -n -12 | cut -c1-200 \
        | grep -E -A 3 '(^|[^_[:alnum:]-])[Ee]rror([: ]|$)|ERR' | head -n 20 || true
    printf '%s\n' "$text" | tail -n 12 | cut -c1-200
}


# tree_hash PATH...: one hash over names and contents of files and trees
tree_hash()
{
    local found=() path

    for path in "$@"; do
        if [ -e "$path" ]; then
            found+=("$path")
        fi
    done

    {
        printf '%s\n' "$@"
        if [ ${#found[@]} -gt 0 ]; then
            find "${found[@]}" -name node_modules -prune -o -type f -print0 \
                | sort -z | xargs -0r sha256sum
        fi
    } | sha256sum | cut -c1-32
}


text_hash()
{
    printf '%s\n' "$*" | sha256sum | cut -c1-32
}


# fresh NAME HASH: does the stamp say that NAME was made from these inputs?
fresh()
{
    [ -f "$STAMPS/$1" ] && [ "$(cat "$STAMPS/$1")" = "$2" ]
}


stamp()
{
    mkdir -p "$STAMPS"
    printf '%s\n' "$2" >"$STAMPS/$1"
}


# One build at a time in one checkout; the lock goes with the process.
lock_build()
{
    mkdir -p "$BUILD"
    if command -v flock >/dev/null; then
        exec 9>"$BUILD/.lock"
        if ! flock -n 9; then
            say "waiting for another build.sh in this folder"
            flock 9
        fi
    fi
}


unlock_build()
{
    exec 9>&-
}


# download URL FILE [SHA256]: FILE appears only complete and, with a hash, only
# when it is the right one.
download()
{
    local url=$1 file=$2 sha=${3:-} part

    mkdir -p "$(dirname "$file")"
    part=$file.part.$$
    if ! curl -fsSL --connect-timeout 10 -o "$part" "$url"; then
        rm -f "$part"
        return 1
    fi
    if [ -n "$sha" ] && ! verify "$part" "$sha"; then
        rm -f "$part"
        return 1
    fi
    mv "$part" "$file"
}


verify()
{
    local have

    have=$(sha256sum "$1" | cut -d' ' -f1)
    if [ "$have" != "$2" ]; then
        echo "sha256 of $1 is $have, expected $2" >&2
        return 1
    fi
}
