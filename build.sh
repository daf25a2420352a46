#!/usr/bin/env bash
# Builds, runs and tests Code Remote.  `./build.sh help` lists the commands.

set -eu

ROOT=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)

for part in common deps nginx parts run test; do
    . "$ROOT/scripts/$part.sh"
done


cmd_help()
{
    cat <<END
usage: ./build.sh COMMAND

  deps [run|test]         install what is missing (apt on Debian and Ubuntu)
  build [release|plain|asan|worker|web]...
                          nginx with the module, the worker pool, the page
  module                  the module as a .so for the nginx of this system,
                          or for NGINX_SRC=DIRECTORY, or for NGINX_VERSION=N
  run [--detach]          deps and build if needed, then serve on
                          http://127.0.0.1:${CODEREMOTE_PORT:-8080}/ until Ctrl+C
  stop                    stop what run started in this folder
  test [SUITE]...         every test, or the named ones (test --list)
  lint                    the rules of the code: layers, sizes, banned calls
  bench [ARGUMENT]...     the benchmarks
  clean [--all]           remove build/ and var/ (and .cache/)
  help                    this text

settings, as environment variables:
  CODEREMOTE_PORT=8080    where run listens
  NGINX_VERSION=$NGINX_DEFAULT    another nginx, with its NGINX_SHA256=;
                          module: 1.30 alone does (headers of Debian)
  NGINX_SRC=DIRECTORY     module only: the unpacked source to build against
  JOBS=$JOBS                  compilers at a time

logs are in var/log/, binaries in build/, downloads in .cache/
END
}


cmd_deps()
{
    if [ $# -eq 0 ]; then
        set -- run
    fi
    for what in "$@"; do
        case $what in
        run)  deps_run ;;
        test) deps_test; deps_vm ;;
        *) die "no such set of packages: $what" "run or test" ;;
        esac
    done
    say "nothing is missing for: $*"
}


cmd_build()
{
    local start
    start=$(now_ms)

    if [ $# -eq 0 ]; then
        set -- release worker web
    fi
    deps_run
    lock_build
    for what in "$@"; do
        case $what in
        release|plain|asan) build_nginx "$what" ;;
        worker)             build_worker ;;
        web)                build_web ;;
        *) die "no such part: $what" "see ./build.sh help" ;;
        esac
    done
    unlock_build
    say "up to date: $* ($(since "$start") s)"
}


cmd_module()
{
    deps_run
    lock_build
    build_module
    unlock_build
    say "the module is built; put this line at the top of nginx.conf:"
    echo "load_module $MODULE_SO;"
}


cmd_lint()
{
    lock_build
    unlock_build
    lint_all
}


cmd_bench()
{
    if [ ! -x "$ROOT/bench/run" ]; then
        die "no benchmarks in this checkout (bench/run)"
    fi
    cmd_build release plain worker web
    exec "$ROOT/bench/run" "$@"
}


cmd_clean()
{
    cmd_stop
    rm -rf "$BUILD" "${ROOT:?}/var"
    if [ "${1:-}" = --all ]; then
        rm -rf "$CACHE" "$ROOT/html/node_modules"
    fi
    say "clean"
}


command=${1:-help}
[ $# -eq 0 ] || shift

case $command in
deps|build|module|run|stop|test|lint|bench|clean|help)
    "cmd_$command" "$@"
    ;;
-h|--help)
    cmd_help
    ;;
*)
    die "no such command: $command" "see ./build.sh help"
    ;;
esac
