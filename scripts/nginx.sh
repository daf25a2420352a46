# nginx: its source, the builds with the module compiled in, and the dynamic
# module for an nginx that is installed already.

NGINX_DEFAULT=1.26.3

NGINX_DEFAULT_SHA256=\
69ee2b237744036e61d24b836668aad3040dda461fe6f570f1787eab570c75aa

NGINX_OPTIONS="
    --with-compat
    --with-threads
    --with-pcre
    --with-pcre-jit
    --with-http_ssl_module
    --with-http_v2_module
    --with-http_gzip_static_module
    --with-http_realip_module
    --with-http_auth_request_module
"

CC_HARDEN="-O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2"
LD_HARDEN="-Wl,-z,relro -Wl,-z,now -Wl,--as-needed"

# NGX_DEBUG_PALLOC gives every pool allocation its own malloc, so that the
# sanitizer sees an overrun inside a pool too.  nginx itself passes NULL with
# length 0 to memcpy, adds 0 to NULL and stores unaligned words where it knows
# that the processor can: checks that would only speak of its code.
CC_ASAN="-O1 -g -fno-omit-frame-pointer -DNGX_DEBUG_PALLOC=1
    -fsanitize=address,undefined
    -fno-sanitize=nonnull-attribute,pointer-overflow,alignment
    -fno-sanitize-recover=undefined"


MODULE_FILE=ngx_http_coderemote_module.so


module_present()
{
    [ -f "$ROOT/config" ] \
        && compgen -G "$ROOT/ngx_http_coderemote_module/*.c" >/dev/null
}


# nginx_hash_of VERSION: what its tarball must hash to; nothing if not known
nginx_hash_of()
{
    if [ "$1" = "${NGINX_VERSION:-}" ] && [ -n "${NGINX_SHA256:-}" ]; then
        echo "$NGINX_SHA256"
    elif [ "$1" = "$NGINX_DEFAULT" ]; then
        echo "$NGINX_DEFAULT_SHA256"
    fi
}


# nginx_tarball VERSION: leaves .cache/nginx-VERSION.tar.gz, verified.
# The orig tarball of Debian is, byte for byte, the one that nginx.org has.
nginx_tarball()
{
    local version=$1 file=$CACHE/nginx-$1.tar.gz sha mirror

    sha=$(nginx_hash_of "$version")
    if [ -z "$sha" ]; then
        echo "no sha256 is known for nginx $version"
        return 1
    fi

    if [ -f "$file" ] && verify "$file" "$sha"; then
        return
    fi
    rm -f "$file"

    if download "https://nginx.org/download/nginx-$version.tar.gz" \
        "$file" "$sha"
    then
        return
    fi

    echo "not from nginx.org: trying the mirror of this machine"
    mirror=$(apt_mirror)
    download "${mirror}pool/main/n/nginx/nginx_$version.orig.tar.gz" \
        "$file" "$sha"
}


# nginx_headers VERSION: sets NGINX_TREE to Debian's nginx-dev of that release
# (1.30 and 1.30.6 both do), which is what a module needs: headers and
# configure.  It is taken through a signed index and not installed.
nginx_headers()
{
    local version=$1

    NGINX_TREE=$CACHE/nginx-dev/$version/usr/share/nginx/src
    if [ ! -d "$NGINX_TREE/auto" ]; then
        ADVICE="give NGINX_SRC=DIRECTORY, or NGINX_VERSION with NGINX_SHA256" \
            step nginx "fetching the headers of nginx $version" \
            nginx_headers_fetch "$version"
    fi
    copy_source "$NGINX_TREE"
}


nginx_headers_fetch()
{
    local version=$1 suite full dir=$CACHE/debs/nginx-dev-$1

    for suite in trixie sid experimental; do
        private_apt_update "$suite"
        full=$(private_apt "$suite" apt-cache madison nginx-dev \
            | awk -v v="$version" '/Packages/ && index($3, v) == 1 {
                  print $3; exit }')
        if [ -n "$full" ]; then
            rm -rf "$dir"
            mkdir -p "$dir"
            cd "$dir"
            private_apt "$suite" apt-get download "nginx-dev=$full"
            private_apt_drop "$suite"
            mkdir -p "$CACHE/nginx-dev/$version"
            dpkg-deb -x "$dir"/nginx-dev_*.deb "$CACHE/nginx-dev/$version"
            rm -rf "$dir"
            return
        fi
        private_apt_drop "$suite"
    done

    echo "no nginx-dev $version in trixie, sid or experimental"
    return 1
}


# nginx_source VERSION: sets NGINX_TREE to its unpacked source
nginx_source()
{
    local version=$1

    NGINX_TREE=$BUILD/src/nginx-$version
    if [ -f "$NGINX_TREE/configure" ]; then
        return
    fi

    ADVICE="put nginx-$version.tar.gz into $CACHE/ by hand, or set
    NGINX_VERSION and NGINX_SHA256" \
        step nginx "fetching nginx $version" nginx_tarball "$version"

    mkdir -p "$BUILD/src"
    rm -rf "$NGINX_TREE.new"
    mkdir "$NGINX_TREE.new"
    tar -xzf "$CACHE/nginx-$version.tar.gz" --strip-components=1 \
        -C "$NGINX_TREE.new"
    mv "$NGINX_TREE.new" "$NGINX_TREE"
}


# What a configured build depends on: not the contents of our sources (make
# looks at those), but their list.
module_list_hash()
{
    if ! module_present; then
        echo none
        return
    fi
    {
        cat "$ROOT/config" "$ROOT/VERSION"
        find "$ROOT/ngx_http_coderemote_module" "$ROOT/ipc" \
            -name '*.[ch]' 2>/dev/null | sort
    } | sha256sum | cut -c1-32
}


module_hash()
{
    tree_hash "$ROOT/config" "$ROOT/VERSION" "$ROOT/ipc" \
        "$ROOT/ngx_http_coderemote_module"
}


# configure_tree TREE OBJ ARGUMENTS...: keeps the time of generated headers
# that did not change, so that a new file of ours compiles alone and not the
# whole of nginx with it.
configure_tree()
{
    local tree=$1 obj=$2 saved=$2.saved file
    shift 2

    rm -rf "$saved"
    mkdir -p "$saved" "$obj"
    for file in ngx_auto_config.h ngx_auto_headers.h; do
        if [ -f "$obj/$file" ]; then
            cp -p "$obj/$file" "$saved/"
        fi
    done

    cd "$tree"
    if [ -x configure ]; then
        ./configure --builddir="$obj" "$@"
    else
        auto/configure --builddir="$obj" "$@"
    fi

    for file in ngx_auto_config.h ngx_auto_headers.h; do
        if cmp -s "$saved/$file" "$obj/$file"; then
            touch -r "$saved/$file" "$obj/$file"
        fi
    done
    rm -rf "$saved"
}


make_tree()
{
    local tree=$1 obj=$2
    shift 2

    cd "$tree"
    make -f "$obj/Makefile" -j"$JOBS" "$@"
}


# build_nginx VARIANT: release (the module compiled in), plain (nginx without
# it, and the dynamic module beside), asan.  Binaries: build/obj-VARIANT/nginx.
build_nginx()
{
    local variant=$1 version=${NGINX_VERSION:-$NGINX_DEFAULT} obj cc ld
    local add= options hash

    obj=$BUILD/obj-$variant
    cc=$CC_HARDEN
    ld=$LD_HARDEN
    options=$NGINX_OPTIONS

    case $variant in
    release) add=--add-module=$ROOT ;;
    plain)   add=--add-dynamic-module=$ROOT ;;
    asan)    add=--add-module=$ROOT
             cc=$(echo $CC_ASAN)
             ld=-fsanitize=address,undefined
             options="$options --with-debug" ;;
    *)       die "no such build of nginx: $variant" ;;
    esac

    if ! module_present; then
        note "no module sources yet: nginx without the module"
        add=
    fi

    hash=$(text_hash "$version ${NGINX_SRC:-} $add $cc $ld $options" \
        "$(module_list_hash)")
    if fresh "nginx-$variant" "$hash $(module_hash)" \
        && [ -x "$obj/nginx" ]
    then
        return
    fi

    nginx_source "$version"

    # headers of another release are older than the objects: make sees nothing
    if ! fresh "tree-$variant" "$NGINX_TREE"; then
        rm -rf "$obj"
        stamp "tree-$variant" "$NGINX_TREE"
    fi

    if ! fresh "conf-$variant" "$hash" || [ ! -f "$obj/Makefile" ]; then
        ADVICE="a missing library: ./build.sh deps" \
            step "nginx-$variant" "configuring nginx $version ($variant)" \
            configure_tree "$NGINX_TREE" "$obj" --prefix="$BUILD/nginx" \
            $options --with-cc-opt="$cc" --with-ld-opt="$ld" $add
        stamp "conf-$variant" "$hash"
    fi

    step "nginx-$variant" "building nginx $version ($variant)" \
        make_tree "$NGINX_TREE" "$obj"

    case $variant in
    release) install_nginx "$obj" "$BUILD/nginx" ;;
    plain)   install_nginx "$obj" "$BUILD/nginx-plain" ;;
    esac
    stamp "nginx-$variant" "$hash $(module_hash)"
}


# A running nginx keeps its old file: the new one takes the name only.
install_nginx()
{
    mkdir -p "$2/sbin" "$2/logs"
    cp "$1/nginx" "$2/sbin/nginx.new"
    mv "$2/sbin/nginx.new" "$2/sbin/nginx"
}


# copy_source FROM: an installed source is not ours to write into
copy_source()
{
    NGINX_TREE=$BUILD/src/copy-$(text_hash "$1" | cut -c1-8)
    rm -rf "$NGINX_TREE"
    mkdir -p "$BUILD/src"
    cp -r "$1" "$NGINX_TREE"
}


source_version()
{
    sed -n 's/^#define NGINX_VERSION *"\(.*\)"/\1/p' "$1/src/core/nginx.h"
}


# Configure flags that give a module the same layout as the nginx it is for:
# Debian's list, else those of the binary, else ours.
module_flags()
{
    local tree=$1 version=$2 have

    if [ -f "$tree/conf_flags" ]; then
        (
            . "$tree/conf_flags"
            printf '%s\n' "${NGX_CONF_FLAGS[@]}"
        )
        return
    fi

    have=$(command -v nginx || true)
    if [ -n "$have" ] && "$have" -v 2>&1 | grep -q "nginx/$version\$"; then
        "$have" -V 2>&1 | tr ' ' '\n' | grep -- '^--with-' \
            | grep -v -e '^--with-cc' -e '^--with-ld' -e '=dynamic' \
                -e "'" || true
        return
    fi

    printf '%s\n' $NGINX_OPTIONS
}


# choose_module_source: the nginx that the module is for, as `help` says
choose_module_source()
{
    local installed dev=$CACHE/nginx-dev/system

    if [ -n "${NGINX_SRC:-}" ]; then
        [ -d "$NGINX_SRC/auto" ] || die "NGINX_SRC=$NGINX_SRC is no source" \
            "of nginx: it has no folder auto/"
        copy_source "$NGINX_SRC"
        return
    fi

    if [ -n "${NGINX_VERSION:-}" ]; then
        if [ -n "$(nginx_hash_of "$NGINX_VERSION")" ]; then
            nginx_source "$NGINX_VERSION"
        else
            nginx_headers "$NGINX_VERSION"
        fi
        return
    fi

    if [ -d /usr/share/nginx/src/auto ]; then
        copy_source /usr/share/nginx/src
        return
    fi

    # Unpacked, not installed: it depends on nginx, whose package starts it.
    if [ ! -d "$dev/usr/share/nginx/src/auto" ]; then
        step nginx "fetching nginx-dev" system_package nginx-dev "$dev"
    fi
    dev=$dev/usr/share/nginx/src

    installed=$(nginx -v 2>&1 | sed -n 's,.*nginx/\([0-9.]*\).*,\1,p')
    if [ -d "$dev/auto" ] && { [ -z "$installed" ] \
        || [ "$installed" = "$(source_version "$dev")" ]; }
    then
        copy_source "$dev"
    elif [ -n "$installed" ]; then
        nginx_source "$installed"
    else
        die "no nginx is installed" \
            "set NGINX_SRC=DIRECTORY or NGINX_VERSION=$NGINX_DEFAULT"
    fi
}


# system_package NAME DIR: unpacks a package of this system's release; DIR
# stays empty where there is none
system_package()
{
    rm -rf "$2"
    mkdir -p "$2"
    cd "$2"
    if command -v apt-get >/dev/null && apt-get download "$1"; then
        dpkg-deb -x "$1"_*.deb .
    fi
}


# The module must load where it is for; needs that nginx at hand.
check_module_loads()
{
    local nginx=$1 so=$2 dir=$BUILD/modules/check

    rm -rf "$dir"
    mkdir -p "$dir/logs"
    printf '%s\n' "load_module $so;" "daemon off;" "pid logs/nginx.pid;" \
        "error_log stderr;" "events {}" "http {" "access_log off;" \
        "client_body_temp_path logs/body; proxy_temp_path logs/proxy;" \
        "fastcgi_temp_path logs/fcgi; uwsgi_temp_path logs/uwsgi;" \
        "scgi_temp_path logs/scgi;" \
        "server { listen 127.0.0.1:18443; coderemote off; } }" >"$dir/nginx.conf"
    "$nginx" -t -p "$dir" -c "$dir/nginx.conf"
    rm -rf "$dir"
}


# packaged_nginx: prints an nginx to load the module into: the installed one,
# or the package of this system, unpacked.
packaged_nginx()
{
    local dir=$CACHE/nginx-package

    if command -v nginx; then
        return
    fi
    if [ ! -x "$dir/usr/sbin/nginx" ]; then
        ( system_package nginx "$dir" ) >>"$LOG/nginx.log" 2>&1 || return 0
    fi
    echo "$dir/usr/sbin/nginx"
}


# build_module: sets MODULE_SO
build_module()
{
    local version obj out nginx flags hash

    module_present || die "no module sources in this checkout"

    choose_module_source
    version=$(source_version "$NGINX_TREE")
    obj=$BUILD/obj-module-$version
    out=$BUILD/modules/nginx-$version
    MODULE_SO=$out/$MODULE_FILE

    mapfile -t flags < <(module_flags "$NGINX_TREE" "$version")
    hash="$(text_hash "${flags[@]}" "$CC_HARDEN $LD_HARDEN") $(module_hash)"
    if fresh "module-$version" "$hash" && [ -f "$MODULE_SO" ]; then
        return
    fi

    rm -rf "$obj"
    step "module-$version" "configuring the module for nginx $version" \
        configure_tree "$NGINX_TREE" "$obj" \
        "${flags[@]}" \
        --with-cc-opt="$CC_HARDEN -fPIC" --with-ld-opt="$LD_HARDEN" \
        --add-dynamic-module="$ROOT"
    step "module-$version" "building the module for nginx $version" \
        make_tree "$NGINX_TREE" "$obj" modules

    mkdir -p "$out"
    cp "$obj/$MODULE_FILE" "$MODULE_SO.new"
    mv "$MODULE_SO.new" "$MODULE_SO"

    nginx=$(packaged_nginx)
    if [ -x "$nginx" ] && "$nginx" -v 2>&1 | grep -q "nginx/$version\$"; then
        step "module-$version" "loading it into $nginx" \
            check_module_loads "$nginx" "$MODULE_SO"
    else
        note "no nginx $version here: compiled and linked, not loaded"
    fi
    stamp "module-$version" "$hash"
}
