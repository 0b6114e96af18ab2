#!/bin/bash
# Fuzzes every decoder of bytes that may come from a stranger, with libFuzzer and AddressSanitizer.
#
#   tools/fuzz.sh [SECONDS] [DECODER...]      default: 60 seconds for each decoder
#
# FUZZ_JOBS (default: the processors) decoders run at a time. What is found stays in .build/fuzz/found/DECODER/; to try
# it again: HIKAE_FUZZ_DECODER=DECODER .build/fuzz/fuzzer FILE. Exits 1 when anything was found.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-60}
shift || true
out=.build/fuzz
bin=.build/release
mkdir -p "$out/modules"
# What Swift's runtime keeps to the end is no leak.
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1

# The libraries underneath come from the package's own build; what is fuzzed is compiled again, with the sanitizers.
swift build -c release -Xswiftc -enable-testing --target HikaeFormat >"$out/build.log" 2>&1 || { cat "$out/build.log" >&2; exit 1; }
common=(-O -swift-version 6 -enable-testing -package-name hikae -parse-as-library -wmo
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault
    -enable-upcoming-feature MemberImportVisibility
    -sanitize=fuzzer,address -I "$out/modules" -I "$bin/Modules" -I Sources/CZstd -I Sources/CLinux)
for map in .build/checkouts/swift-crypto/Sources/*/include/module.modulemap "$bin"/CCrypto*.build/module.modulemap; do
    [ -f "$map" ] && common+=(-Xcc "-fmodule-map-file=$map")
done

# library MODULE PATH...: compiles a module for the fuzzer.
library() {
    local module=$1 sources
    shift
    mapfile -t sources < <(find "$@" -name '*.swift' | sort)
    swiftc "${common[@]}" -module-name "$module" -emit-module -emit-module-path "$out/modules/$module.swiftmodule" \
        -emit-object -o "$out/$module.o" "${sources[@]}"
}
library HikaeCore Sources/HikaeCore
library HikaeFormat Sources/HikaeFormat
library HikaePatterns Sources/HikaeSource/Patterns
library HikaeMailWire Sources/HikaeMail/Wire Sources/HikaeMail/Maildir/M*.swift Sources/HikaeMail/Maildir/KeywordTable.swift \
    Sources/HikaeMail/Destination/MessageHeader.swift
library HikaeSFTPWire Sources/HikaeSFTP/Wire Sources/HikaeSFTP/Reading/{ListingMachine,OwnerNames}.swift \
    Sources/HikaeSFTP/Connection/ServerFeatures.swift
library HikaeStore Sources/HikaeStore/StoredFile.swift Sources/HikaeStore/Local/SystemFile.swift
library HikaeServerWire Sources/HikaeServer/Requests/{RequestTarget,ByteRange,BasicCredentials}.swift \
    Sources/HikaeServer/Users/{ServerUser,PasswordHash,FolderOwner,UsersFile}*.swift Sources/HikaeServer/ServerRole.swift \
    Sources/HikaeServer/Storage/{VaultName,TenantQuota}.swift Sources/HikaeServer/Audit/AuditLine.swift
library HikaeAgreement Sources/HikaeAgreement
mapfile -t objects < <(find "$bin"/{Crypto,CryptoExtras,CryptoBoringWrapper,CCryptoBoringSSL,CCryptoBoringSSLShims,CXKCP,CXKCPShims,SwiftASN1}.build \
    -name '*.o' 2>/dev/null)
swiftc "${common[@]}" -use-ld=lld -module-name Fuzzer -o "$out/fuzzer" Fuzz/*.swift Tests/HikaeFormatTests/DecoderExercise*.swift \
    Tests/HikaeAgreementTests/AgreementExercise.swift \
    "$out"/Hikae{Core,Format,Patterns,MailWire,SFTPWire,Store,ServerWire,Agreement}.o "${objects[@]}" -lzstd -lstdc++

if [ $# -gt 0 ]; then
    decoders=("$@")
else
    mapfile -t decoders < <(HIKAE_FUZZ_LIST=1 "$out/fuzzer")
fi

# fuzz DECODER: one decoder for the given time; its log tells what was found.
fuzz() {
    local decoder=$1 corpus=$out/corpus/$1 found=$out/found/$1 options=()
    mkdir -p "$corpus" "$found"
    HIKAE_FUZZ_DECODER=$decoder HIKAE_FUZZ_CORPUS=$corpus "$out/fuzzer"
    case $decoder in packHeader | pack | sealed | zstd | unpacked) ;; *) options+=("-dict=$corpus.dict") ;; esac
    if HIKAE_FUZZ_DECODER=$decoder "$out/fuzzer" \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -malloc_limit_mb=512 -max_len=16384 \
        -artifact_prefix="$found/" -print_final_stats=1 "${options[@]}" "$corpus" >"$out/$decoder.log" 2>&1; then
        echo "$decoder: nothing found in $(awk '/number_of_executed_units/ {print $2}' "$out/$decoder.log") inputs"
    else
        echo "$decoder: FOUND, see $out/$decoder.log and $found" >&2
        tail -n 25 "$out/$decoder.log" >&2
        return 1
    fi
}
export -f fuzz
export out seconds
printf '%s\n' "${decoders[@]}" | xargs -P "${FUZZ_JOBS:-$(nproc)}" -I{} bash -c 'fuzz "$1"' _ {}
