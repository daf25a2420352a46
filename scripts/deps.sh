# The packages of other people that Code Remote is built, run and tested with.
#
# A probe says whether a thing is there (however it was installed), the next
# word which Debian package brings it.  cmd: a program, pc: a pkg-config name,
# hdr: a header, file: a path pattern, perl: a Perl module.

RUN_DEPS="
cmd:gcc              gcc
cmd:make             make
cmd:perl             perl
cmd:curl             curl
cmd:pkg-config       pkg-config
cmd:/usr/bin/python3 python3
hdr:stdlib.h         libc6-dev
pc:libpcre2-8        libpcre2-dev
pc:zlib              zlib1g-dev
pc:openssl           libssl-dev
pc:libcurl           libcurl4-openssl-dev
pc:libpq             libpq-dev
pc:jansson           libjansson-dev
pc:libseccomp        libseccomp-dev
pc:python3-embed     python3-dev
cmd:/usr/bin/python3-config python3-dev
file:/etc/ssl/certs/ca-certificates.crt ca-certificates
cmd:npm              npm
"

TEST_DEPS="
cmd:prove            perl
cmd:ss               iproute2
cmd:openssl          openssl
cmd:clang            clang
file:/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-* libclang-rt-dev
cmd:chromium|chromium-browser|google-chrome chromium
perl:IO::Socket::SSL libio-socket-ssl-perl
"

# Blocks that want these pass and say so without.
CLIENT_DEPS="
file:/usr/lib/python3/dist-packages/websockets python3-websockets
"

# One suite each can do without these: then it is skipped and says so.
VM_DEPS="
cmd:qemu-system-x86_64 qemu-system-x86
cmd:mkfs.ext4        e2fsprogs
cmd:ip               iproute2
"

# Tests of isolation gvisor are skipped without it.
GVISOR_DEPS="
cmd:runsc            runsc
"


# probe KIND:WHAT
probe()
{
    local what=${1#*:} name

    case $1 in
    cmd:*)
        for name in ${what//|/ }; do
            if command -v "$name" >/dev/null; then
                return 0
            fi
        done
        return 1
        ;;
    pc:*)
        case " $PC_PRESENT " in *" $what "*) return 0 ;; esac
        return 1
        ;;
    hdr:*)
        [ -f "/usr/include/$what" ]
        ;;
    file:*)
        compgen -G "$what" >/dev/null
        ;;
    perl:*)
        perl -M"$what" -e1 2>/dev/null
        ;;
    esac
}


# missing LIST: prints "package" per missing line of the list, once each
missing()
{
    local kind package

    PC_PRESENT=
    if command -v pkg-config >/dev/null; then
        PC_PRESENT=$(pkg-config --list-package-names 2>/dev/null | tr '\n' ' ')
    fi

    printf '%s\n' "$1" | while read -r kind package; do
        if [ -n "$kind" ] && ! probe "$kind"; then
            echo "$package"
        fi
    done | sort -u
}


# as_root COMMAND...: directly, or by sudo where that needs no password or
# somebody sits in front of it to type one.
as_root()
{
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}


can_be_root()
{
    [ "$(id -u)" -eq 0 ] && return 0
    command -v sudo >/dev/null || return 1
    sudo -n true 2>/dev/null || [ -t 0 ]
}


apt_install()
{
    as_root env DEBIAN_FRONTEND=noninteractive apt-get update \
        || echo "apt-get update failed: going on with the lists at hand"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y \
        -o DPkg::Lock::Timeout=300 --no-install-recommends "$@"
}


# need_packages WHY LIST
need_packages()
{
    local why=$1 absent

    absent=$(missing "$2" | tr '\n' ' ')
    absent=${absent% }
    if [ -z "$absent" ]; then
        return
    fi

    if ! command -v apt-get >/dev/null; then
        die "missing for $why (Debian's names): $absent" \
            "this system has no apt: install the same libraries with their" \
            "development files by its own package manager, then run again"
    fi

    if ! can_be_root; then
        die "missing for $why: $absent" \
            "ask an administrator to run:" \
            "  apt-get install --no-install-recommends $absent"
    fi

    if [ "$(id -u)" -ne 0 ] && ! sudo -n true 2>/dev/null; then
        say "sudo will ask for a password to install: $absent"
        sudo -v
    fi

    ADVICE="install by hand: apt-get install $absent" \
        step deps "installing $absent" apt_install $absent

    absent=$(missing "$2" | tr '\n' ' ')
    if [ -n "$absent" ]; then
        die "still missing for $why after installation: $absent" \
            "the log: $LOG/deps.log"
    fi
}


# want_packages LIST: installs what is missing where nobody has to be asked, and
# goes on without it otherwise
want_packages()
{
    local absent

    absent=$(missing "$1" | tr '\n' ' ')
    absent=${absent% }
    if [ -z "$absent" ] || ! command -v apt-get >/dev/null; then
        return 0
    fi

    if [ "$(id -u)" -eq 0 ] || sudo -n true 2>/dev/null; then
        ( step deps "installing $absent" apt_install $absent ) \
            || note "going on without: $absent"
    fi
}


# The base URI of the machine's own Debian or Ubuntu mirror, with a slash.
apt_mirror()
{
    command -v apt-get >/dev/null || return 1
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' \
        2>/dev/null | grep -v security | sed 's,/*$,/,' | head -n 1 \
        | grep .
}


# private_apt SUITE COMMAND...: apt of its own, with SUITE of the same mirror
# as its only source.  apt checks the signature of the index against Debian's
# keyring and every file against the index; the system's lists stay untouched.
private_apt()
{
    local suite=$1 dir=$CACHE/apt/$1 program=$2 mirror keyring
    shift 2

    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    mirror=$(apt_mirror) || return 1
    [ -f "$keyring" ] || return 1

    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/none"
    printf 'deb [signed-by=%s] %s %s main\n' \
        "$keyring" "$mirror" "$suite" >"$dir/sources.list"

    "$program" -o Dir::State::lists="$dir/lists" -o Dir::Cache="$dir/cache" \
        -o Dir::Etc::sourcelist="$dir/sources.list" \
        -o Dir::Etc::sourceparts="$dir/none" \
        -o Dir::Etc::preferencesparts="$dir/none" \
        -o Acquire::Languages=none -o APT::Get::List-Cleanup=0 \
        -o APT::Sandbox::User= "$@"
}


# The indices are large (50 MB unpacked) and read once: take and drop them.
private_apt_update()
{
    private_apt "$1" apt-get update
}


private_apt_drop()
{
    rm -rf "$CACHE/apt/$1"
}


# Test::Nginx is packaged in Debian since sid only; as it is Perl alone, that
# package works on older releases with their own libraries below it.
find_test_nginx()
{
    export PERL5LIB=$CACHE/perl5/usr/share/perl5${PERL5LIB:+:$PERL5LIB}
    perl -MTest::Nginx::Socket -e1 >/dev/null 2>&1
}


test_nginx_from_sid()
{
    local deb needs

    mkdir -p "$CACHE/debs"
    private_apt_update sid
    cd "$CACHE/debs"
    private_apt sid apt-get download libtest-nginx-perl
    private_apt_drop sid

    deb=$(ls -t "$CACHE"/debs/libtest-nginx-perl_*_all.deb | head -n 1)
    mkdir -p "$CACHE/perl5"
    dpkg-deb -x "$deb" "$CACHE/perl5"
    if find_test_nginx; then
        return
    fi

    needs=$(dpkg-deb -f "$deb" Depends)
    if ! can_be_root; then
        echo "ask an administrator to run:"
        echo "  apt-get satisfy --no-install-recommends '$needs'"
        return 1
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get satisfy -y \
        --no-install-recommends "$needs"
}


install_test_nginx()
{
    if command -v apt-get >/dev/null; then
        if can_be_root && apt_install libtest-nginx-perl; then
            return
        fi
    fi

    if command -v cpanm >/dev/null \
        && cpanm --notest --local-lib "$CACHE/cpan" Test::Nginx
    then
        mkdir -p "$CACHE/perl5/usr/share"
        ln -sfn "$CACHE/cpan/lib/perl5" "$CACHE/perl5/usr/share/perl5"
        return
    fi

    test_nginx_from_sid
}


need_test_nginx()
{
    if find_test_nginx; then
        return
    fi

    ADVICE="install Test::Nginx by hand: cpan Test::Nginx" \
        step deps "installing Test::Nginx" install_test_nginx
    find_test_nginx || die "Test::Nginx is installed but does not load" \
        "see: perl -MTest::Nginx::Socket -e1"
}


deps_run()
{
    need_packages "build and run" "$RUN_DEPS"
}


deps_test()
{
    need_packages "the tests" "$TEST_DEPS"
    want_packages "$CLIENT_DEPS"
    want_packages "$GVISOR_DEPS"
    need_test_nginx
}


deps_vm()
{
    want_packages "$VM_DEPS"
}
