#!/bin/sh
# Installs what building, testing and the demonstration need, and only what is missing: Debian packages, and for the
# practice provider a few Python packages into .build/python, for this checkout alone.
# Asks nothing, does nothing when all is there. `install-deps.sh bench` adds what the benchmarks need besides,
# `install-deps.sh scale` the distributed stores (Ceph 68 MB to download, OpenStack Swift 11 MB), `install-deps.sh deb` what
# makes a package, `install-deps.sh package-test` what makes a fresh Debian to try it in.
#
# Server packages start their servers when they are installed. Nothing may listen on this machine because of us, so
# starting them is refused, now and at the next start of the machine; practice/ starts its own, on loopback, for as long
# as they are needed.
set -eu
cd "$(dirname "$0")/.."

# The first two lines are what the Swift toolchain itself calls and links, and our own code; the third is what the tests
# and the demonstration call and what a minimal system does not have; the last are the practice provider's servers.
packages="git ca-certificates binutils libc6-dev libgcc-12-dev libstdc++-12-dev libcurl4 libxml2 zlib1g-dev pkg-config
libzstd-dev libcurl4-openssl-dev libisal-dev libsqlite3-dev
restic python3 procps hostname tzdata acl attr xz-utils diffutils openssl openssh-client mariadb-client postgresql-client sqlite3
rsync lftp rclone openssh-server dovecot-imapd nginx-light mariadb-server-core postgresql"
# The servers that Debian has not, and the clients to compare with.
python_packages="moto[s3] flask flask-cors boto3 pyftpdlib pyOpenSSL"

if [ "${1:-}" = bench ]; then
    packages="$packages gcc python3-dev python3-venv libacl1-dev libssl-dev liblz4-dev libxxhash-dev
isync zstd"
fi

if [ "${1:-}" = scale ]; then
    packages="$packages ceph-mon ceph-osd ceph-common radosgw
swift-proxy swift-account swift-container swift-object memcached"
fi

if [ "${1:-}" = deb ] || [ "${1:-}" = package-test ]; then
    packages="$packages dpkg-dev"
fi

if [ "${1:-}" = package-test ]; then
    packages="$packages debootstrap"
fi

as_root=
log=$(mktemp)
hurdle=/usr/sbin/policy-rc.d
is_hurdle_ours=
finish() {
    [ -z "$is_hurdle_ours" ] || $as_root rm -f "$hurdle"
    rm -f "$log"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

run() {
    # Quiet unless it fails.
    "$@" >"$log" 2>&1 </dev/null || {
        cat "$log" >&2
        echo "install-deps: failed: $*" >&2
        exit 1
    }
}

need_root() {
    [ "$(id -u)" -ne 0 ] || return 0
    if ! command -v sudo >/dev/null; then
        echo "install-deps: needs root, or sudo, to install:$1" >&2
        exit 1
    fi
    as_root="sudo -n"
    $as_root true 2>/dev/null || as_root=sudo
}

install_debian() {
    missing=
    for package in $1; do
        case "$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)" in
        *"ok installed") ;;
        *) missing="$missing $package" ;;
        esac
    done
    [ -n "$missing" ] || return 0
    if ! command -v apt-get >/dev/null; then
        echo "install-deps: this is no Debian; please install the equivalents of:$missing" >&2
        exit 1
    fi
    need_root "$missing"
    echo "install-deps: installing$missing"
    # Debian asks this program whether a package may start its server; 101 is no. One that is there already stays.
    if [ ! -e "$hurdle" ]; then
        is_hurdle_ours=yes
        printf '#!/bin/sh\nexit 101\n' | $as_root tee "$hurdle" >/dev/null
        $as_root chmod 755 "$hurdle"
    fi
    # The waits are for another apt on the same machine, and for a slow mirror.
    debian="$as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3"
    run $debian update
    # shellcheck disable=SC2086  # a list, one word a package
    run $debian -o Dpkg::Options::=--force-confold install --yes --no-install-recommends $missing
    if [ -n "$is_hurdle_ours" ]; then
        $as_root rm -f "$hurdle"
        is_hurdle_ours=
    fi
    # Nor shall they start when the machine does.
    for package in $missing; do
        case $package in
        openssh-server) service=ssh ;;
        dovecot-imapd) service=dovecot ;;
        nginx-light) service=nginx ;;
        postgresql) service=postgresql ;;
        # Many services each, and some in what they bring along.
        ceph-mon) service='ceph.target ceph-mon.target ceph-osd.target ceph-radosgw.target ceph-crash smartmontools' ;;
        swift-* | memcached)
            service=$(dpkg-query -L "$package" | sed -n 's|^\(/usr\)\{0,1\}/lib/systemd/system/\([^@]*\.service\)$|\2|p')
            ;;
        *) continue ;;
        esac
        if command -v systemctl >/dev/null; then
            # shellcheck disable=SC2086  # one word a service
            $as_root systemctl --quiet disable $service >"$log" 2>&1 || cat "$log" >&2
        fi
    done
}

# Whether the interpreter that `python3` is has the Python packages, its own or those in .build/python.
has_python_packages() {
    PYTHONPATH="${PYTHONPATH:+$PYTHONPATH:}$PWD/.build/python" python3 -B -c '
import boto3, flask, flask_cors, moto.server, OpenSSL, pyftpdlib' 2>/dev/null
}

install_debian "$packages"
if ! has_python_packages; then
    python3 -m pip --version >/dev/null 2>&1 || install_debian python3-pip
    echo "install-deps: installing $python_packages into .build/python"
    mkdir -p .build
    # shellcheck disable=SC2086  # a list, one word a package
    run python3 -m pip install --quiet --disable-pip-version-check --no-input --root-user-action=ignore --upgrade \
        --target .build/python $python_packages
    has_python_packages || {
        echo "install-deps: the Python packages were installed, but python3 does not find them" >&2
        exit 1
    }
fi
