# The two parts beside nginx: the worker pool in C and the page.


# worker_make VARIANT ARGUMENT...: release in build/, others in build/VARIANT/
worker_make()
{
    local variant=$1 out=$BUILD
    shift

    if [ "$variant" != release ]; then
        out=$BUILD/$variant
    fi
    if [ "$variant" = asan ]; then
        # gcc's flow analysis sees paths that only its sanitizers made
        set -- MODE=asan CFLAGS=-Wno-format-truncation "$@"
    fi
    mkdir -p "$out"
    make -C "$ROOT/worker" BUILD="$out" -j"$JOBS" "$@"
}


build_worker()
{
    local variant=${1:-release} hash

    if [ ! -f "$ROOT/worker/Makefile" ]; then
        note "no worker/ yet: skipped"
        return
    fi

    hash=$(tree_hash "$ROOT/worker" "$ROOT/ipc" "$ROOT/VERSION")
    if fresh "worker-$variant" "$hash"; then
        return
    fi
    step "worker-$variant" "building coderemote-worker ($variant)" \
        worker_make "$variant"
    stamp "worker-$variant" "$hash"
}


# npm of Debian 12 runs on Node 18, which is too old for the tools of the
# page; the npm package `node` in html/package.json brings a newer one, that
# npm scripts find first.
#
# `npm ci` refuses a lock file that was made where some native packages for
# other systems could not be seen; `npm install` keeps to the same versions
# and hashes, and adds what is missing for this system.
web_install()
{
    local options="--no-audit --no-fund --loglevel=warn"

    cd "$ROOT/html"
    npm ci $options || npm install --no-save $options
}


web_build()
{
    cd "$ROOT/html"
    npm run build
}


web_packages()
{
    local hash

    hash=$(tree_hash "$ROOT/html/package-lock.json")
    if fresh web-packages "$hash" && [ -d "$ROOT/html/node_modules" ]; then
        return
    fi
    ADVICE="npm needs its registry once; check the network or npm's settings" \
        step web "installing the packages of the page" web_install
    stamp web-packages "$hash"
}


# cognito-local, an emulator of Amazon Cognito, for tests alone: its scripts
# of installation do nothing that it needs.
cognito_install()
{
    local options="--ignore-scripts --no-audit --no-fund --loglevel=error"

    cd "$ROOT/t/cognito"
    npm ci $options || npm install --no-save $options
}


cognito_packages()
{
    local hash

    hash=$(tree_hash "$ROOT/t/cognito/package-lock.json")
    if fresh cognito-packages "$hash" \
        && [ -d "$ROOT/t/cognito/node_modules/cognito-local" ]
    then
        return
    fi
    ADVICE="npm needs its registry once; check the network or npm's settings" \
        step cognito "installing an emulator of Amazon Cognito" cognito_install
    stamp cognito-packages "$hash"
}


build_web()
{
    local hash

    if [ ! -f "$ROOT/html/package-lock.json" ] \
        || [ ! -f "$ROOT/html/index.html" ]
    then
        note "no page in html/ yet: skipped"
        return
    fi

    hash=$(web_hash)
    if fresh web "$hash" && [ -f "$BUILD/html/index.html" ]; then
        return
    fi
    web_packages
    step web "building the page" web_build
    stamp web "$hash"
}


# Tests and notes of the page do not change what is served.
web_hash()
{
    tree_hash "$ROOT"/html/*.json "$ROOT"/html/*.html "$ROOT"/html/*.ts \
        "$ROOT"/html/*.mjs "$ROOT/html/src" "$ROOT/html/public" \
        "$ROOT/html/scripts" "$ROOT/VERSION"
}
