#!/bin/sh
# Makes a Debian package of what was built: hikae_VERSION_ARCHITECTURE.deb, for machines that have no Swift.
#
#   tools/package.sh BUILD_DIRECTORY OUT_DIRECTORY
#
# What it depends on is read off the command itself, with the versions of Debian's libraries that it was linked with: it
# installs on this release of Debian and newer ones that still have these libraries. It starts nothing and has no
# scripts of its own. DEBFULLNAME and DEBEMAIL name who made it, as for Debian's own tools.
set -eu
tools=$(dirname "$0")

if [ $# -ne 2 ]; then
    echo 'usage: tools/package.sh BUILD_DIRECTORY OUT_DIRECTORY' >&2
    exit 1
fi
build=$1 out=$2
fail() {
    echo "package: $1" >&2
    exit 1
}
for program in dpkg-deb dpkg-shlibdeps; do
    command -v $program >/dev/null || fail "$program is not there: please install dpkg-dev"
done

staging=$(mktemp -d)
trap 'rm -rf "$staging"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
umask 022
root=$staging/root

# A package that needed the toolchain's libraries would install and not run.
"$tools/link-static.sh" "$build" "$staging/hikae" || fail 'a package needs a command that runs without Swift'
"$tools/install.sh" "$staging/hikae" "$root/usr" >"$staging/installed"

# Debian has its own place for what zsh completes, and its manual pages are compressed.
mkdir -p "$root/usr/share/zsh/vendor-completions"
mv "$root/usr/share/zsh/site-functions/_hikae" "$root/usr/share/zsh/vendor-completions/_hikae"
rmdir "$root/usr/share/zsh/site-functions"
gzip -9n "$root/usr/share/man/man1/hikae.1"

# The documentation as it stands, so that its links hold.
documentation=$root/usr/share/doc/hikae
(cd "$tools/.." && find README.md README.ja.md docs -name '[!.]*.*[!~]' -type f) >"$staging/names"
while read -r name; do
    install -D -m 644 "$tools/../$name" "$documentation/$name"
done <"$staging/names"
# The terms of those whose code is in the command.
for terms in "$tools/../.build/checkouts"/*/LICENSE* "$tools/../.build/checkouts"/*/NOTICE*; do
    [ -f "$terms" ] || continue
    package=$(basename "$(dirname "$terms")")
    install -D -m 644 "$terms" "$documentation/linked/$package/$(basename "$terms")"
done
terms=$(dirname "$(dirname "$(command -v swiftc)")")/share/swift/LICENSE.txt
[ ! -f "$terms" ] || install -D -m 644 "$terms" "$documentation/linked/swift/LICENSE.txt"

version=$("$staging/hikae" version | sed 's/^hikae \([^ ]*\) .*/\1/')
architecture=$(dpkg --print-architecture)
size=$(du -k -s --apparent-size "$root" | cut -f 1)
# dpkg-shlibdeps wants to stand beside the control file of a source package.
mkdir -p "$staging/source/debian"
printf 'Source: hikae\n\nPackage: hikae\nArchitecture: any\n' >"$staging/source/debian/control"
mkdir -p "$root/DEBIAN"
depends=$(cd "$staging/source" && dpkg-shlibdeps --warnings=1 -O -e"$root/usr/bin/hikae" | sed -n 's/^shlibs:Depends=//p')
[ -n "$depends" ] || fail 'the libraries that the command needs belong to no package'

cat >"$root/DEBIAN/control" <<END
Package: hikae
Version: $version
Architecture: $architecture
Maintainer: ${DEBFULLNAME:-Hikae} <${DEBEMAIL:-hikae@localhost}>
Section: admin
Priority: optional
Installed-Size: $size
Depends: $depends
Recommends: ca-certificates, openssh-client, tzdata
Suggests: mariadb-client, postgresql-client, rclone, restic
Description: independent copies of what a company runs on others' computers
 Hikae fetches web sites (SFTP, FTP), mailboxes (IMAP), databases (PostgreSQL,
 MariaDB, SQLite), buckets (S3) and files, with nothing installed at the
 provider. It keeps them in restic repositories, says when an answer looks
 wrong, and puts everything back at another provider and compares it.
 .
 The same command serves a vault: a machine that takes copies over HTTPS and
 lets nobody delete them over the network.
END
(cd "$root" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum >DEBIAN/md5sums)

package=$out/hikae_${version}_$architecture.deb
mkdir -p "$out"
dpkg-deb --root-owner-group -Zxz --build "$root" "$staging/hikae.deb" >"$staging/built"
cp "$staging/hikae.deb" "$package.new"
mv -f "$package.new" "$package"
echo "made $package ($(du -h --apparent-size "$package" | cut -f 1)); on the other machine: apt install ./$(basename "$package")"
