# The guest's kernel: Debian's for virtual machines, from the machine's own
# mirror, unpacked and never installed.  apt checks the package's hash against
# the signed index.


# sets KERNEL, or fails and says in KERNEL_WHY why there is none
kernel_find()
{
    local dir=$CACHE/vm

    KERNEL=${VM_KERNEL:-}
    if [ -n "$KERNEL" ]; then
        KERNEL_WHY="no kernel $KERNEL"
        [ -r "$KERNEL" ]
        return
    fi

    KERNEL=$(ls "$dir"/vmlinuz-* 2>/dev/null | tail -n 1)
    [ -z "$KERNEL" ] || return 0

    KERNEL_WHY="no package linux-image-cloud-amd64 here (not Debian?)"
    command -v apt-get >/dev/null || return 1
    mkdir -p "$dir"
    if ! kernel_download "$dir" >"$dir/log" 2>&1; then
        # the lists may be missing, or older than what the mirror has
        [ "$(id -u)" -eq 0 ] || return 1
        apt-get update >>"$dir/log" 2>&1
        kernel_download "$dir" >>"$dir/log" 2>&1 || return 1
    fi
    KERNEL=$(ls "$dir"/vmlinuz-* | tail -n 1)
}


kernel_download()
{
    local package dir=$1

    # the package of that name depends on the one with the kernel
    package=$(apt-cache depends linux-image-cloud-amd64 \
        | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
    [ -n "$package" ] || return 1

    KERNEL_WHY="$package cannot be downloaded, see $dir/log"
    rm -rf "$dir/deb"
    mkdir -p "$dir/deb"
    ( cd "$dir/deb" \
        && apt-get -o APT::Sandbox::User= download "$package" \
        && dpkg -x "$package"_*.deb . \
        && mv boot/vmlinuz-* ../ ) || return 1
    rm -rf "$dir/deb"
}
