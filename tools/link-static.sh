#!/bin/sh
# Links the built command anew, with Swift's own libraries inside: what comes out runs on a machine without Swift.
#
#   tools/link-static.sh BUILD_DIRECTORY OUT      for example .build/release hikae
#
# Nothing is compiled: the objects of `swift build --product hikae` are taken as they are. From the system come only
# libraries that it has as packages (`readelf -d OUT` names them). OUT is stripped, and put in place when it is whole.
# Exits 2, with the reason, when this toolchain has no static libraries; 1 when anything else is wrong.
set -eu

if [ $# -ne 2 ]; then
    echo 'usage: tools/link-static.sh BUILD_DIRECTORY OUT' >&2
    exit 1
fi
build=$1 out=$2
objects=$build/hikae.product/Objects.LinkFileList

cannot() {
    echo "link-static: $1" >&2
    exit 2
}

fail() {
    echo "link-static: $1" >&2
    exit 1
}

[ "$(uname -s)" = Linux ] || cannot 'only on Linux are Swift'\''s libraries linked into a program'
[ -d "$(dirname "$out")" ] || fail "the directory of $out is not there"
[ -r "$objects" ] || fail "$objects is not there: build the command first (make build)"
command -v swiftc >/dev/null || fail 'swiftc is not in PATH'
libraries=$(swiftc -print-target-info -static-stdlib | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')/linux
for library in swiftCore swift_Concurrency Foundation FoundationXML _FoundationICU dispatch; do
    [ -r "$libraries/lib$library.a" ] || cannot "the Swift toolchain has no static libraries: $libraries/lib$library.a is not there"
done

trap 'rm -f "$out.new" "$out.messages"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# `swift build` says main too; the libraries behind it are those that Foundation's need and do not name themselves.
# Nobody looks up a symbol in this program, so none is exported: a tenth less, and a sooner start.
swiftc -static-stdlib -emit-executable -o "$out.new" "@$objects" -L "$build" \
    -Xlinker --defsym=main=hikae_main -Xlinker --gc-sections -Xlinker --no-export-dynamic -Xlinker -s \
    -lzstd -lsqlite3 -lcurl -lisal -lstdc++ -lm -lz -lxml2 \
    -lCoreFoundation -l_FoundationICU -l_FoundationCShims -l_FoundationCollections -l_CFXMLInterface \
    -ldispatch -lBlocksRuntime -lswiftDispatch >"$out.messages" 2>&1 || {
    cat "$out.messages" >&2
    fail "could not link $out"
}
# Foundation calls mktemp, and the linker tells everybody.
grep -v 'libFoundationEssentials.*mktemp' "$out.messages" >&2 || true
mv -f "$out.new" "$out"
