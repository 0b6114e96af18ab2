#!/bin/bash
# Builds everything once, lints, and runs the whole test bundle without building it again.
#
#   tools/test.sh [FILTER]      FILTER: a regular expression on test names, for a part only
#
# Each stage has a time limit, so that a hang fails and says which stage hung.
set -euo pipefail
cd "$(dirname "$0")/.."
flags=(-c release -Xswiftc -enable-testing)

stage() {
    local name=$1 limit=$2 began=$SECONDS status=0
    shift 2
    echo "== $name"
    timeout --kill-after=20 "$limit" "$@" </dev/null || status=$?
    if [ $status -ne 0 ]; then
        [ $status -eq 124 ] && echo "== $name: no end after $limit seconds, given up" >&2
        echo "== $name: failed ($status)" >&2
        exit "$status"
    fi
    echo "== $name: $((SECONDS - began)) s"
}

stage 'build' 2400 swift build "${flags[@]}" --build-tests
stage 'command' 900 swift build "${flags[@]}" --product hikae
if [ $# -eq 0 ]; then
    stage 'lint' 300 tools/lint.sh
fi
# run-tests.py sets its own limit, and prints the totals.
exec python3 -B tools/run-tests.py --bundle .build/release/hikaePackageTests.xctest "$@"
