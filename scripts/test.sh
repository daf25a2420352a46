# test: every suite, or the named ones.  A suite is three functions: what it
# is, whether this checkout has it, and the run, whose output goes to
# var/log/test-SUITE.log with its closing lines on the screen.

SUITES="lint page-lint page unit unit-asan unit-tsan fuzz t t-dynamic t-hup
    t-asan versions t-system e2e sandbox soak vm conf clang"

TESTS=$BUILD/test


suite_title()
{
    case $1 in
    lint)      echo "the rules of the code" ;;
    page-lint) echo "types and rules of the page" ;;
    page)      echo "the page's own tests" ;;
    unit)      echo "C unit tests" ;;
    unit-asan) echo "C unit tests under ASan and UBSan" ;;
    unit-tsan) echo "C unit tests under TSan" ;;
    fuzz)      echo "fuzz targets: all seeds, then some seconds each" ;;
    t)         echo "Test::Nginx, the module compiled in" ;;
    t-dynamic) echo "Test::Nginx, the module loaded" ;;
    t-hup)     echo "Test::Nginx, HUP between blocks" ;;
    t-asan)    echo "Test::Nginx under ASan and UBSan" ;;
    t-system)  echo "Test::Nginx on the nginx of this system" ;;
    e2e)       echo "a browser on the running site" ;;
    sandbox)   echo "attempts to get out of the sandbox" ;;
    soak)      echo "kills of everything under load" ;;
    vm)        echo "a guest with cgroup v2 alone" ;;
    conf)      echo "nginx accepts every configuration in conf/" ;;
    clang)     echo "clang takes the module and the pool without a warning" ;;
    versions)  echo "the module for nginx 1.22 and 1.30" ;;
    *)         return 1 ;;
    esac
}


# What a suite is made of; without it the suite is skipped.
suite_there()
{
    case $1 in
    lint)      true ;;
    page-lint) [ -f "$ROOT/html/package-lock.json" ] ;;
    page)      [ -f "$ROOT/html/package-lock.json" ] ;;
    unit*)     [ -f "$ROOT/t/unit/Makefile" ] ;;
    fuzz)      [ -f "$ROOT/t/fuzz/Makefile" ] ;;
    t-system)  suite_there t && [ -n "$(system_nginx)" ] ;;
    t|t-*)     compgen -G "$ROOT/t/*.t" >/dev/null && module_present ;;
    e2e)       [ -f "$ROOT/t/e2e/run.mjs" ] ;;
    sandbox)   [ -x "$ROOT/t/sandbox/run" ] ;;
    soak)      [ -x "$ROOT/t/soak/run" ] ;;
    vm)        [ -x "$ROOT/t/vm/run" ] ;;
    conf|clang|versions) module_present ;;
    esac
}


# What has to be built before; each builder returns at once if it is fresh.
suite_needs()
{
    case $1 in
    page-lint|page) web_packages ;;
    unit*)     nginx_source "${NGINX_VERSION:-$NGINX_DEFAULT}"
               build_worker ;;
    fuzz|clang) nginx_source "${NGINX_VERSION:-$NGINX_DEFAULT}" ;;
    t|t-hup)   build_nginx release; build_worker; cognito_packages ;;
    t-dynamic) build_nginx plain; build_worker; cognito_packages ;;
    t-asan)    build_nginx asan; build_worker asan; cognito_packages ;;
    t-system)  build_worker; check_version_of_system; cognito_packages ;;
    e2e)       build_nginx release; build_worker; build_web
               cognito_packages ;;
    sandbox|soak) build_nginx release; build_worker ;;
    vm)        deps_vm; build_nginx release; build_worker ;;
    conf)      build_nginx release; build_nginx plain ;;
    esac
}


suite_run()
{
    case $1 in
    lint)      perl "$ROOT/scripts/lint.pl" ;;
    page-lint) cd "$ROOT/html"; npm run --silent lint ;;
    page)      cd "$ROOT/html"; npm test --silent ;;
    unit)      make -s -C "$ROOT/t/unit" BUILD="$BUILD" JOBS="$JOBS" check ;;
    unit-asan) make -s -C "$ROOT/t/unit" BUILD="$BUILD" JOBS="$JOBS" \
                   check-asan ;;
    unit-tsan) make -s -C "$ROOT/t/unit" BUILD="$BUILD" JOBS="$JOBS" \
                   check-tsan ;;
    fuzz)      run_fuzz ;;
    t)         run_prove release ;;
    t-dynamic) run_prove plain ;;
    t-hup)     TEST_NGINX_USE_HUP=1 run_prove release ;;
    t-asan)    run_prove asan ;;
    t-system)  run_prove system ;;
    e2e)       run_e2e ;;
    sandbox)   "$ROOT/t/sandbox/run" ;;
    soak)      "$ROOT/t/soak/run" --seconds "${SOAK_SECONDS:-45}" ;;
    vm)        "$ROOT/t/vm/run" ;;
    conf)      check_configurations ;;
    clang)     check_clang ;;
    versions)  check_versions ;;
    esac
}


# run_prove VARIANT: the real Test::Nginx over t/*.t, two files at a time: its
# blocks mostly wait, so two of them fill the processors better than one.  Each
# lane has ports and a folder of its own; TEST_LANES=1 runs one by one.
run_prove()
{
    local variant=$1 out=$TESTS/prove-$SUITE file rc=0

    find_test_nginx
    export CODEREMOTE_ROOT=$ROOT CODEREMOTE_BUILD=$BUILD
    export CODEREMOTE_WORKER=$POOL_BIN
    export TEST_NGINX_BINARY=$BUILD/obj-$variant/nginx
    mkdir -p "$TESTS"
    case $variant in
    plain)
        export TEST_NGINX_LOAD_MODULES=$BUILD/obj-plain/$MODULE_FILE
        ;;
    system)
        TEST_NGINX_BINARY=$(system_nginx)
        TEST_NGINX_LOAD_MODULES=$(system_module)
        export TEST_NGINX_LOAD_MODULES
        ;;
    asan)
        # nginx frees its configuration only by ending: leaks say nothing
        rm -f "$TESTS"/sanitizer.*
        export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1
        export ASAN_OPTIONS=$ASAN_OPTIONS:log_path=$TESTS/sanitizer
        export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
        export UBSAN_OPTIONS=$UBSAN_OPTIONS:log_path=$TESTS/sanitizer
        export TEST_NGINX_TIMEOUT=${TEST_NGINX_TIMEOUT:-10}
        export CODEREMOTE_WORKER=$BUILD/asan/coderemote-worker
        ;;
    esac

    cd "$ROOT"
    rm -rf "$out"
    mkdir -p "$out"
    export -f prove_file free_port
    export SUITE TESTS
    printf '%s\n' ${TEST_FILES:-t/*.t} | xargs -P "${TEST_LANES:-2}" -n 1 \
        --process-slot-var=LANE bash -c 'prove_file "$0"' || rc=1

    # what failed comes last, where it is seen
    for file in $(grep -l '^Result: PASS' "$out"/*) \
        $(grep -L '^Result: PASS' "$out"/*)
    do
        cat "$file"
    done
    sed -n 's/^Files=\([0-9]*\), Tests=\([0-9]*\),.*/\1 \2/p' "$out"/* \
        | awk '{ f += $1; t += $2 } END { print f " files, " t " tests" }'
    [ $rc -eq 0 ] || return 1

    # a process that nobody waits for may have ended with a report too
    if compgen -G "$TESTS/sanitizer.*" >/dev/null; then
        cat "$TESTS"/sanitizer.*
        return 1
    fi
}


# prove_file FILE: in the lane that xargs numbers from 0
prove_file()
{
    export TEST_NGINX_SERVROOT=$TESTS/servroot-$SUITE.$LANE
    TEST_NGINX_PORT=$(free_port $(( ${TEST_NGINX_PORT:-1984} + 40 * LANE )))
    export TEST_NGINX_PORT
    prove -I t/lib "$1" >"$TESTS/prove-$SUITE/$(basename "$1")" 2>&1
}


# free_port FROM: the first free one, in steps that leave the next ones alone
free_port()
{
    local port=$1

    while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
        port=$(( port + 80 ))
    done
    echo $port
}


run_fuzz()
{
    make -s -C "$ROOT/t/fuzz" BUILD="$BUILD" JOBS="$JOBS" check
    make -s -C "$ROOT/t/fuzz" BUILD="$BUILD" JOBS="$JOBS" \
        SECONDS="${FUZZ_SECONDS:-3}" run
}


# A site of its own, on a port and in a folder of its own, so that it disturbs
# no `run` of this checkout.
run_e2e()
{
    local port rc

    port=$(free_port 18081)
    cd "$ROOT/html"
    site_up "$port"
    set +e
    CODEREMOTE_URL=http://127.0.0.1:$port \
        CODEREMOTE_POOL_PID=$TESTS/site/run/pool.pid npm run --silent e2e
    rc=$?
    set -e
    site_down
    return $rc
}


site_up()
{
    CODEREMOTE_VAR=$TESTS/site CODEREMOTE_PORT=$1 "$ROOT/build.sh" run --detach
}


site_down()
{
    CODEREMOTE_VAR=$TESTS/site "$ROOT/build.sh" stop
}


# Every file of conf/, in both builds: as it stands, and with the commented
# directives switched on.  conf/coderemote.conf has every directive.
check_configurations()
{
    local dir=$TESTS/conf file bin name

    for name in $(grep -rhoE 'ngx_string\("coderemote[a-z_]*"\),$' \
        "$ROOT"/ngx_http_coderemote_module/*.c | cut -d'"' -f2)
    do
        if ! grep -qE "^ *(# )?$name " "$ROOT/conf/coderemote.conf"; then
            echo "conf/coderemote.conf does not have $name"
            return 1
        fi
    done

    rm -rf "$dir"
    mkdir -p "$dir/var/log" "$dir/var/run" "$dir/logs" "$dir/tls"
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
        -keyout "$dir/tls/key.pem" -out "$dir/tls/cert.pem" 2>"$dir/tls/log"

    for file in "$ROOT"/conf/*.conf "$ROOT"/conf/examples/*.conf; do
        name=$(basename "$file")
        for bin in release plain; do
            configuration_of $bin "$file" "$dir" >"$dir/$name"
            echo "-- $name ($bin)"
            "$BUILD/obj-$bin/nginx" -t -p "$dir" -e stderr -c "$dir/$name"

            sed 's/# \(coderemote_\)/\1/' "$dir/$name" >"$dir/all-$name"
            echo "-- $name ($bin), every directive"
            "$BUILD/obj-$bin/nginx" -t -p "$dir" -e stderr \
                -c "$dir/all-$name"
        done
    done
}


# configuration_of BUILD FILE DIR: FILE as a whole nginx.conf
configuration_of()
{
    local whole=no

    if grep -q '^http {' "$2"; then
        whole=yes
    fi
    if [ "$1" = plain ]; then
        echo "load_module $BUILD/obj-plain/$MODULE_FILE;"
    fi
    if [ $whole = no ]; then
        echo "pid logs/nginx.pid; events {} http { access_log off;"
    fi
    # nginx -t binds: to a port of ordinary users, on any machine
    sed -e "s|/etc/ssl/coderemote/|$3/tls/|" \
        -e "s|/var/log/nginx/|$3/logs/|" \
        -e "s|\(listen .*\)\<443\>|\118443|" -e "/listen .*\[::\]/d" "$2"
    if [ $whole = no ]; then
        echo "}"
    fi
}


# gcc builds everything else; the other compiler sees other mistakes.
check_clang()
{
    local obj=$BUILD/obj-clang

    worker_make clang CC=clang
    rm -rf "$obj"
    configure_tree "$NGINX_TREE" "$obj" --with-cc=clang $NGINX_OPTIONS \
        --with-cc-opt="$CC_HARDEN" --add-dynamic-module="$ROOT"
    make_tree "$NGINX_TREE" "$obj" modules
}


# 1.22 is Debian's own nginx-dev, and the module must load into its nginx;
# of 1.30 there are the headers only.
check_versions()
{
    if command -v apt-get >/dev/null; then
        check_version_of_system
    fi
    ( unset NGINX_SRC; NGINX_VERSION=1.30; build_module )
}


check_version_of_system()
{
    ( unset NGINX_VERSION NGINX_SRC; build_module )
}


# The nginx of a package, and the module that `build.sh module` made for it
system_nginx()
{
    if [ -x /usr/sbin/nginx ] && [ -d /usr/share/nginx/src/auto ]; then
        echo /usr/sbin/nginx
    fi
}


system_module()
{
    echo "$BUILD/modules/nginx-$(source_version /usr/share/nginx/src)/$MODULE_FILE"
}


# run_suite NAME: adds a line to RESULTS, counts
run_suite()
{
    local name=$1 title start log rc result

    title=$(suite_title "$name") \
        || die "no such suite: $name" "one of: $(echo $SUITES)"
    SUITE=$name
    log=$LOG/test-$name.log

    if ! suite_there "$name"; then
        result=skipped
        SKIPPED=$(( SKIPPED + 1 ))
        note "$name: not in this checkout, skipped"
        RESULTS+="$(printf '%-10s %-8s %8s  %s' "$name" skipped - "$title")"$'\n'
        return
    fi

    suite_needs "$name"

    printf '==> test %s: %s ... ' "$name" "$title"
    start=$(now_ms)
    set +e
    ( set -e; suite_run "$name" ) </dev/null >"$log" 2>&1
    rc=$?
    set -e

    if [ $rc -eq 0 ]; then
        result=passed
        PASSED=$(( PASSED + 1 ))
        printf 'passed, %s s\n' "$(since "$start")"
        tail -n 3 "$log" | cut -c1-160 | sed 's/^/    /'
    elif [ $rc -eq 77 ]; then
        # the machine lacks something; the last line says what
        result=skipped
        SKIPPED=$(( SKIPPED + 1 ))
        printf 'skipped\n'
        tail -n 1 "$log" | cut -c1-160 | sed 's/^/    /'
    else
        result=FAILED
        FAILED=$(( FAILED + 1 ))
        printf 'FAILED, %s s\n' "$(since "$start")"
        tail -n 40 "$log" | cut -c1-200 | sed 's/^/    /'
        note "the whole log: $log"
    fi
    RESULTS+="$(printf '%-10s %-8s %8s  %s' "$name" $result "$(since "$start")" \
        "$title")"$'\n'
}


cmd_test()
{
    local name

    if [ "${1:-}" = --list ]; then
        for name in $SUITES; do
            printf '%-10s %s\n' "$name" "$(suite_title "$name")"
        done
        return
    fi

    if [ $# -eq 0 ]; then
        set -- $SUITES
    fi
    for name in "$@"; do
        suite_title "$name" >/dev/null \
            || die "no such suite: $name" "one of: $(echo $SUITES)"
    done

    deps_run
    deps_test
    mkdir -p "$LOG"
    RESULTS= PASSED=0 FAILED=0 SKIPPED=0

    for name in "$@"; do
        run_suite "$name"
    done

    printf '\n%-10s %-8s %8s\n' suite result seconds
    printf '%s' "$RESULTS"
    printf '%d passed, %d failed, %d skipped\n' $PASSED $FAILED $SKIPPED
    [ $FAILED -eq 0 ] || exit 1
}


lint_all()
{
    local rc=0

    mkdir -p "$LOG"
    say "the rules of the code"
    (cd "$ROOT" && perl scripts/lint.pl) || rc=1
    if [ -f "$ROOT/html/package-lock.json" ]; then
        web_packages
        say "the rules of the page"
        (cd "$ROOT/html" && npm run --silent lint) || rc=1
    fi
    [ $rc -eq 0 ] || die "the rules do not hold" "mend what is named above"
}
