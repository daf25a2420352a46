# The guest's kernel: Debian's for virtual machines, from the machine's own
# mirror, unpacked and never installed.  apt checks the package's hash against
# the signed index.


# sets KERNEL, or fails and says in KERNEL_WHY why there is none
kernel_find()
{
    local package dir=$CACHE/vm

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
    package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null \
        | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p' | head -n 1)
    [ -n "$package" ] || return 1

    KERNEL_WHY="$package cannot be downloaded"
    mkdir -p "$dir/deb"
    ( cd "$dir/deb" \
        && apt-get -o APT::Sandbox::User= download "$package" \
        && dpkg -x "$package"_*.deb . ) >"$dir/log" 2>&1 || return 1

    cp "$dir"/deb/boot/vmlinuz-* "$dir/"
    rm -rf "$dir/deb"
    KERNEL=$(ls "$dir"/vmlinuz-* | tail -n 1)
}
