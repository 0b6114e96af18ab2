#!/bin/sh
# Installs the command, its shell completions and its manual page.
#
#   tools/install.sh BUILD_DIRECTORY PREFIX      tools/install.sh --remove PREFIX
#
# In place of the directory may stand a command that is to be installed as it is. From a directory, what is installed needs only libraries that the system has as packages (tools/link-static.sh). Where the toolchain
# cannot do that, it is the command as it was built, which needs the toolchain's own libraries; this is said.
set -eu
tools=$(dirname "$0")

if [ "$1" = --remove ]; then
    rm -f "$2/bin/hikae" "$2/share/bash-completion/completions/hikae" "$2/share/zsh/site-functions/_hikae" \
        "$2/share/fish/vendor_completions.d/hikae.fish" "$2/share/man/man1/hikae.1"
    exit 0
fi

build=$1 prefix=$2
staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
binary=$staging/hikae
remark=

# All of it is made before any of it is put in place.
status=0
if [ -f "$build" ]; then
    cp "$build" "$binary"
else
    "$tools/link-static.sh" "$build" "$binary" || status=$?
fi
case $status in
0) ;;
2)
    cp "$build/hikae" "$binary"
    # Symbols make three quarters of it.
    strip "$binary" 2>/dev/null || true
    remark='; it runs only where this Swift toolchain stands'
    ;;
*) exit "$status" ;;
esac
for shell in bash zsh fish; do
    "$binary" completions $shell >"$staging/$shell"
done
"$binary" man >"$staging/hikae.1"

install -D -m 755 "$binary" "$prefix/bin/hikae"
install -D -m 644 "$staging/bash" "$prefix/share/bash-completion/completions/hikae"
install -D -m 644 "$staging/zsh" "$prefix/share/zsh/site-functions/_hikae"
install -D -m 644 "$staging/fish" "$prefix/share/fish/vendor_completions.d/hikae.fish"
install -D -m 644 "$staging/hikae.1" "$prefix/share/man/man1/hikae.1"
echo "installed $prefix/bin/hikae, its completions for bash, zsh and fish, and its manual page$remark"
