# The guest's disk: the build, the tests, and what they want of the host.

IMAGE_PROGRAMS="bash cat chmod chown cp date dmesg env grep head id kill ln ls
    find mkdir mount ps readlink rm rmdir sed setpriv sleep sort stat sysctl tail
    timeout touch tr umount uname wc"


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

    echo "root:x:0:0:root:/:/bin/sh" >"$stage/etc/passwd"
    echo "user:x:1000:1000::/home:/bin/sh" >>"$stage/etc/passwd"
    printf 'root:x:0:\nuser:x:1000:\n' >"$stage/etc/group"

    cp -a "$HERE"/guest/* "$stage/vm/"

    # as much again as there is, for the file system's own needs
    truncate -s "$(( $(du -sm "$stage" | cut -f1) * 3 / 2 + 32 ))M" "$image"
    mkfs.ext4 -q -F -O ^has_journal -m 0 -E root_owner=0:0 -d "$stage" "$image"
}


image_system()
{
    local stage=$1 name path lib

    for name in $IMAGE_PROGRAMS; do
        path=$(type -P "$name") || { echo "no program $name"; return 1; }
        image_program "$stage" "$(readlink -f "$path")" "/usr/bin/$name"
    done
    ln -s bash "$stage/usr/bin/sh"

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
    make -s -C "$ROOT/t/unit" BUILD="$BUILD" -j"$(nproc)" $targets
}


image_project()
{
    local stage=$1 file

    for file in coderemote-worker python-zygote; do
        image_program "$stage" "$BUILD/$file" "/cr/build/$file"
    done
    for file in "$ROOT"/t/unit/{sandbox,pool}_*_test.c; do
        file=$BUILD/unit/plain/$(basename "$file" .c)
        image_program "$stage" "$file" "/cr/build/unit/plain/${file##*/}"
    done
    cp -a "$ROOT/conf" "$stage/cr/"
}
