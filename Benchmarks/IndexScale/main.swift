// How the index behaves with many blobs. `build N DIR` makes a repository whose index files name N blobs that are not
// there; `measure DIR` opens it and prints one line of JSON: seconds to open, memory, time of a look-up.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A blob's ID from its number, spread as a hash would be.
func blobID(_ number: Int) -> BlobID {
    func word(_ salt: UInt64) -> UInt64 {
        var z = UInt64(truncatingIfNeeded: number) &* 4 &+ salt &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    return BlobID(words: word(0), word(1), word(2), word(3))
}

func seconds(_ body: () throws -> Void) rethrows -> Double {
    var start = timespec()
    var end = timespec()
    clock_gettime(CLOCK_MONOTONIC, &start)
    try body()
    clock_gettime(CLOCK_MONOTONIC, &end)
    return Double(end.tv_sec - start.tv_sec) + Double(end.tv_nsec - start.tv_nsec) / 1e9
}

/// A line of /proc/self/status in KiB, or 0 where there is no such file.
func status(_ name: String) -> Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, 256, file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard text.hasPrefix(name + ":") else { continue }
        return Int(text.split(whereSeparator: { !$0.isNumber }).first ?? "0") ?? 0
    }
    return 0
}

func options(_ directory: String) -> OpenOptions {
    var options = OpenOptions()
    options.cacheDirectory = directory + "/cache"
    return options
}

func build(_ count: Int, _ directory: String) throws {
    let perPack = 20
    let repository = try Repository.create(LocalStore(path: directory + "/repo"), password: Array("scale".utf8))
    var packs: [(FileID, [PackedBlob])] = []
    var inFile = 0
    for first in stride(from: 0, to: count, by: perPack) {
        let blobs = (first..<min(first + perPack, count)).enumerated().map { place, number in
            PackedBlob(
                id: blobID(number), type: number.isMultiple(of: 50) ? .tree : .data, offset: UInt32(place) * 700_000,
                length: 700_000, uncompressedLength: 1_048_576)
        }
        packs.append((blobID(count + first).cast(), blobs))
        inFile += blobs.count
        if inFile >= 50_000 || first + perPack >= count {
            _ = try repository.saveUnpacked(.index, IndexCodec.encode(packs: packs, supersedes: []))
            packs = []
            inFile = 0
        }
    }
}

func measure(_ directory: String) throws {
    let repository = try Repository.open(
        LocalStore(path: directory + "/repo"), password: Array("scale".utf8), options: options(directory))
    let before = status("RssAnon")
    let opening = try seconds { try repository.loadIndex() }
    let index = repository.index
    let lookups = 1_000_000
    var found = 0
    /// Seconds for a million look-ups of blobs that are there, in an order that no cache foresees.
    func look(_ salt: UInt64) -> Double {
        found = 0
        return seconds {
            for step in 0..<lookups {
                let number = Int(((UInt64(step) &+ salt) &* 0x9E37_79B9_7F4A_7C15) % UInt64(index.entryCount))
                if index.lookup(blobID(number), number.isMultiple(of: 50) ? .tree : .data) != nil { found += 1 }
            }
        }
    }
    // The first million touches each page of the mapping for the first time.
    let touching = look(0)
    let looking = look(1 << 40)
    let missing = seconds {
        for step in 0..<lookups where index.contains(blobID(-1 - step), .data) { found += 1 }
    }
    guard found == lookups else {
        throw HikaeError(.damaged, "\(found) of \(lookups) blobs were found")
    }
    print(
        """
        {"blobs":\(index.entryCount),"open_seconds":\(opening),"anonymous_kib":\(status("RssAnon")),\
        "anonymous_before_kib":\(before),"mapped_kib":\(status("RssFile") + status("RssShmem")),\
        "first_lookup_ns":\(touching * 1e9 / Double(lookups)),\
        "lookup_ns":\(looking * 1e9 / Double(lookups)),"miss_ns":\(missing * 1e9 / Double(lookups))}
        """)
}

do {
    let arguments = CommandLine.arguments
    if arguments.count == 4, arguments[1] == "build", let count = Int(arguments[2]), count > 0 {
        try build(count, arguments[3])
    } else if arguments.count == 3, arguments[1] == "measure" {
        try measure(arguments[2])
    } else {
        print("usage: IndexScale build COUNT DIRECTORY | measure DIRECTORY")
        exit(2)
    }
} catch {
    print("IndexScale: \(error)")
    exit(1)
}
