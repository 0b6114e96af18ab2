#!/bin/sh
# Installs the Debian packages that building, testing and the demonstration need, and only those that are missing.
# Asks nothing, does nothing when all are there. `install-deps.sh bench` adds what the benchmarks need besides.
set -eu

# The first line is what the Swift toolchain itself calls and links; the last is what the tests and the demonstration
# call and what a minimal system does not have.
packages="git ca-certificates binutils libc6-dev libgcc-12-dev libstdc++-12-dev libcurl4 libxml2 zlib1g-dev pkg-config
libzstd-dev restic mariadb-server-core mariadb-client
python3 procps hostname tzdata acl attr xz-utils"

if [ "${1:-}" = bench ]; then
    packages="$packages gcc python3-dev python3-venv libacl1-dev libssl-dev liblz4-dev libxxhash-dev"
fi

missing=
for package in $packages; do
    case "$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)" in
    *"ok installed") ;;
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
    echo "install-deps: this is no Debian; please install the equivalents of:$missing" >&2
    exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "install-deps: needs root, or sudo, to install:$missing" >&2
        exit 1
    fi
    as_root="sudo -n"
    $as_root true 2>/dev/null || as_root=sudo
fi

echo "install-deps: installing$missing"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
run() {
    # Quiet unless it fails. The waits are for another apt on the same machine, and for a slow mirror.
    $as_root env DEBIAN_FRONTEND=noninteractive "$@" >"$log" 2>&1 </dev/null || {
        cat "$log" >&2
        echo "install-deps: failed: $*" >&2
        exit 1
    }
}
run apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 update
# shellcheck disable=SC2086  # a list, one word a package
run apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Options::=--force-confold \
    install --yes --no-install-recommends $missing
