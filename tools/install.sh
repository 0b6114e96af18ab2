#!/bin/sh
# Installs the command, its shell completions and its manual page.
#
#   tools/install.sh BINARY PREFIX      tools/install.sh --remove PREFIX
set -eu

if [ "$1" = --remove ]; then
    rm -f "$2/bin/hikae" "$2/share/bash-completion/completions/hikae" "$2/share/zsh/site-functions/_hikae" \
        "$2/share/fish/vendor_completions.d/hikae.fish" "$2/share/man/man1/hikae.1"
    exit 0
fi

binary=$1 prefix=$2
staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT

# All of it is made before any of it is put in place.
for shell in bash zsh fish; do
    "$binary" completions $shell >"$staging/$shell"
done
"$binary" man >"$staging/hikae.1"

install -D -m 755 "$binary" "$prefix/bin/hikae"
# Symbols make three quarters of it.
strip "$prefix/bin/hikae" 2>/dev/null || true
install -D -m 644 "$staging/bash" "$prefix/share/bash-completion/completions/hikae"
install -D -m 644 "$staging/zsh" "$prefix/share/zsh/site-functions/_hikae"
install -D -m 644 "$staging/fish" "$prefix/share/fish/vendor_completions.d/hikae.fish"
install -D -m 644 "$staging/hikae.1" "$prefix/share/man/man1/hikae.1"
echo "installed $prefix/bin/hikae, its completions for bash, zsh and fish, and its manual page"
