#!/bin/bash
# Installs the package in a fresh Debian that never had Swift, uses it there as a plain user, and removes it.
#
#   tools/test-package.sh DIRECTORY [RELEASE]      the newest .deb in DIRECTORY; RELEASE: Debian's, default: this machine's
#
# Needs root, debootstrap and a mirror of Debian; a minute or two. The fresh Debian stands in a temporary folder and goes
# at the end, with every process that was started in it.
set -euo pipefail
tools=$(cd "$(dirname "$0")" && pwd)

fail() {
    echo "package-test: $1" >&2
    exit 1
}
[ $# -ge 1 ] || fail 'usage: tools/test-package.sh DIRECTORY [RELEASE]'
package=$(find "$1" -maxdepth 1 -name "hikae_*_$(dpkg --print-architecture).deb" -printf '%T@ %p\n' | sort -n | sed -n '$s/^[^ ]* //p')
[ -n "$package" ] || fail "there is no package in $1: make deb"
release=${2:-$(. /etc/os-release && echo "$VERSION_CODENAME")}
[ "$(id -u)" -eq 0 ] || fail 'a fresh Debian is made by root only'
command -v debootstrap >/dev/null || fail 'debootstrap is not there: please install it'

folder=$(mktemp -d)
root=$folder/root
trap 'rm -rf --one-file-system "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# quiet COMMAND...: its output only when it fails.
quiet() {
    "$@" >"$folder/log" 2>&1 </dev/null || {
        cat "$folder/log" >&2
        fail "failed: $*"
    }
}

# inside COMMAND...: in the fresh Debian, with a /proc of its own; what it leaves running ends with it.
inside() {
    unshare --mount --pid --fork --kill-child bash -c \
        'mount -t proc proc "$1/proc" && exec chroot "$1" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "${@:2}"' \
        inside "$root" "$@"
}

echo "== a fresh Debian: $release"
quiet debootstrap --variant=minbase "$release" "$root"
# What the mirror needs on this machine, it needs there.
cp -L /etc/resolv.conf "$root/etc/resolv.conf"

echo "== apt install ./$(basename "$package")"
cp "$package" "$root/root/"
quiet inside apt-get update
quiet inside apt-get install --yes --no-install-recommends "/root/$(basename "$package")"
inside dpkg-query -W -f='${Depends}\n' hikae
found=$(find "$root" -xdev \( -name 'libswift*' -o -name 'libFoundation*' -o -name 'libdispatch*' \))
[ -z "$found" ] || fail "there is Swift on it: $found"
[ "$(inside hikae version | cut -d ' ' -f 2)" = "$(dpkg-deb -f "$package" Version)" ] || fail 'it is of another version'

echo '== without /proc it does nothing, and says so'
status=0
chroot "$root" /usr/bin/hikae version >"$folder/log" 2>&1 || status=$?
[ $status -eq 1 ] && grep -q '^Fatal: .*/proc' "$folder/log" || fail "status $status: $(cat "$folder/log")"

quiet inside useradd --create-home keeper
cp "$tools/test-package-use.sh" "$root/home/keeper/use.sh"
inside setpriv --reuid=keeper --regid=keeper --clear-groups env HOME=/home/keeper LC_ALL=C.UTF-8 bash /home/keeper/use.sh ||
    fail 'what is said above was wrong'

echo '== apt purge'
inside dpkg -L hikae >"$folder/names"
quiet inside apt-get purge --yes hikae
while read -r name; do
    [ ! -f "$root$name" ] || fail "$name was left"
done <"$folder/names"
[ -d "$root/home/keeper/repository/data" ] || fail 'the repository is gone with the package'

echo "package-test: $(basename "$package") installs, works and goes on $release"
