#!/bin/sh
# nginx.sh DIR SOURCE: copies nginx's source (a folder, its configure script,
# or a tarball) to DIR and configures it there without HTTP: all that the
# unit tests want is objs/ngx_auto_config.h and src/core.

set -eu

dir=$1
source=$2

case $source in
'')
    echo "no source of nginx: run ./build.sh build plain, or give" \
         "NGX_SRC=DIR" >&2
    exit 1
    ;;
*/configure)
    source=${source%/configure}
    ;;
esac

rm -rf "$dir" "$dir.new"
mkdir -p "$dir.new"

if [ -d "$source" ]; then
    cp -r "$source/auto" "$source/src" "$source/configure" "$dir.new/"
else
    tar -xzf "$source" --strip-components=1 -C "$dir.new"
fi

cd "$dir.new"
if ! ./configure --without-http --without-pcre >configure.log 2>&1; then
    tail -5 configure.log >&2
    exit 1
fi
mv "$dir.new" "$dir"
