# The guest's disk: the build, the tests, and what they want of the host.

IMAGE_PROGRAMS="base64 basename bash cat chgrp chmod chown cmp cp cut date dd df
    diff dirname dmesg du echo env expr false find grep head id ip ldconfig ln ls
    md5sum mkdir mkfifo mknod mktemp mount mv nice nohup nproc od printf ps pwd
    readlink realpath rm rmdir sed seq setpriv setsid sha256sum sleep sort stat
    stty sync sysctl tail tar tee test timeout touch tr true tty umount uname
    uniq wc whoami xargs yes"


# image_make STAGE IMAGE
image_make()
{
    local stage=$1 image=$2 dir path

    rm -rf "$stage"
    mkdir -p "$stage"/{cr/{build/unit/plain,t/unit,var},dev,etc,home,proc,run} \
        "$stage"/{sys,tmp,usr/{bin,lib,lib64,sbin},var,vm}
    for dir in bin sbin lib lib64; do
        ln -s "usr/$dir" "$stage/$dir"
    done

    image_system "$stage"
    image_python "$stage"
    image_project "$stage"
    image_attacks "$stage" || return 1

    printf '%s:/bin/sh\n' root:x:0:0:root:/ user:x:1000:1000::/home \
        nobody:x:65534:65534::/ >"$stage/etc/passwd"
    printf '%s:\n' root:x:0 user:x:1000 nogroup:x:65534 >"$stage/etc/group"

    cp -a "$HERE"/guest/* "$stage/vm/"

    # as much again as there is, for the file system's own needs
    truncate -s "$(( $(du -sm "$stage" | cut -f1) * 3 / 2 + 32 ))M" "$image"
    mkfs.ext4 -q -F -O ^has_journal -m 0 -E root_owner=0:0 -d "$stage" "$image"
}


image_system()
{
    local stage=$1 name path lib

    for name in $IMAGE_PROGRAMS; do
        path=$(type -P "$name")
        image_program "$stage" "$(readlink -f "$path")" "/usr/bin/$name"
    done
    ln -s bash "$stage/usr/bin/sh"

    # one static program; where it is missing its tests are skipped
    path=$(type -P runsc) && cp "$path" "$stage/usr/bin/runsc"

    # what libraries open by name: glibc for a thread that is cancelled
    lib=$(ldconfig -p | sed -n 's/.*libgcc_s.so.1 .*x86-64.* => //p' \
        | head -n 1)
    image_program "$stage" "$lib"
}


# image_program STAGE FILE [AS]: with its shared libraries
image_program()
{
    mkdir -p "$1$(dirname "${3:-$2}")"
    cp "$2" "$1${3:-$2}"
    image_libraries "$1" "$2"
}


# image_libraries STAGE FILE...: at the paths where ld.so looks for them
image_libraries()
{
    local stage=$1 lib to
    shift

    ldd "$@" 2>/dev/null | grep -oE '/[^ ():]+ \(' | sed 's/ ($//' | sort -u \
        | while read -r lib
    do
        to=$lib
        case $lib in
        /usr/*) ;;
        *) to=/usr$lib ;;
        esac
        if [ ! -e "$stage$to" ]; then
            mkdir -p "$stage$(dirname "$to")"
            cp -L "$lib" "$stage$to"
        fi
    done
}


# the interpreter that the zygote embeds, and its library
image_python()
{
    local stage=$1 lib

    image_program "$stage" "$(readlink -f /usr/bin/python3)" /usr/bin/python3
    lib=$(/usr/bin/python3 -c 'import os; print(os.path.dirname(os.__file__))')
    mkdir -p "$stage$(dirname "$lib")"
    cp -a "$lib" "$stage$lib"
    rm -rf "$stage$lib"/{test,idlelib,lib2to3,ensurepip,config-*}
    image_libraries "$stage" $(find "$lib" -name '*.so')
}


# the unit tests that the guest runs, up to date
image_tests()
{
    local file targets=

    for file in "$ROOT"/t/unit/{sandbox,pool}_*_test.c; do
        file=${file##*/}
        targets="$targets $BUILD/unit/plain/${file%.c}"
    done
    make -s -C "$ROOT/t/unit" BUILD="$BUILD" -j"$(nproc)" $targets \
        "$BUILD/unit/plain/pool_fault_worker"
}


image_project()
{
    local stage=$1 file

    for file in coderemote-worker python-zygote unit/plain/pool_fault_worker
    do
        image_program "$stage" "$BUILD/$file" "/cr/build/$file"
    done
    for file in "$ROOT"/t/unit/{sandbox,pool}_*_test.c; do
        file=$BUILD/unit/plain/$(basename "$file" .c)
        image_program "$stage" "$file" "/cr/build/unit/plain/${file##*/}"
    done
    cp -a "$ROOT/conf" "$stage/cr/"
}


# t/sandbox with its rows in C compiled, and nginx: the guest has no compiler
image_attacks()
{
    local stage=$1 programs=$1/cr/attacks

    [ -x "$BUILD/nginx/sbin/nginx" ] || return 0

    image_program "$stage" "$BUILD/nginx/sbin/nginx" /cr/build/nginx/sbin/nginx
    mkdir -p "$stage/cr/build/nginx/logs"

    # with the tests and papers that rows name
    cp -a "$ROOT"/t/{sandbox,unit,fuzz} "$stage/cr/t/"
    cp -a "$ROOT/docs" "$stage/cr/"
    "$ROOT/t/sandbox/run" --build --programs "$programs"
}
