#!/bin/bash
# Formatting (swift format) and the house rules that a script can check. Prints each breach, exits 1 if there is any.
set -euo pipefail
cd "$(dirname "$0")/.."
failed=0

# Generated and hand-written Swift alike; warnings count.
directories=()
for directory in Sources Tests Benchmarks Fuzz Package.swift; do
    [ -e "$directory" ] && directories+=("$directory")
done
swift format lint --strict --parallel --recursive --configuration .swift-format "${directories[@]}" || failed=1

# breach PATTERN MESSAGE PATHS...: no tracked or new file under PATHS may match PATTERN.
breach() {
    local pattern=$1 message=$2 found
    shift 2
    found=$(git grep --untracked -nIE -e "$pattern" -- "$@" || true)
    [ -z "$found" ] && return
    printf '%s\n' "$found" >&2
    echo "lint: $message" >&2
    failed=1
}
breach '(^|[^A-Za-z0-9_.~-])/(work|workspace)/[A-Za-z0-9_.]' \
    'a file names a directory of the machine it was written on' .
breach '\btry!' 'try! outside tests' Sources
breach '^(public |internal |package )?import Foundation$' 'Foundation stays out of the engine' Sources
breach '[[:blank:]]+$' 'blanks at the end of a line' '*.py' '*.sh' '*.md' '*.swift' Makefile

for script in .ci/run $(git ls-files --cached --others --exclude-standard '*.sh'); do
    bash -n "$script" || failed=1
    [ -x "$script" ] || { echo "lint: $script is not executable" >&2; failed=1; }
done
python3 -B tools/lint-documentation.py || failed=1

[ $failed -eq 0 ] && echo 'lint: clean'
exit $failed
