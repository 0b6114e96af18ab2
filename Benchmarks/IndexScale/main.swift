// Measures the index alone: `IndexScale make DIRECTORY BLOBS` writes a repository that has nothing but an index of so
// many blobs; `IndexScale open DIRECTORY BLOBS` opens it, looks blobs up, and prints one JSON object with times and
// memory. index_scale.py runs both for several sizes, each in a process of its own.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Blobs in one pack and packs in one index file: restic's own order of magnitude.
let blobsPerPack = 16
let blobsPerIndex = 48_000

/// The n-th blob's ID: random to look at, made again from n whenever it is needed.
func blobID(_ number: Int) -> BlobID {
    func mixed(_ lane: UInt64) -> UInt64 {
        var word = UInt64(number) &* 4 &+ lane &+ 0x9E37_79B9_7F4A_7C15
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
    return BlobID(words: mixed(0), mixed(1), mixed(2), mixed(3))
}

func packID(_ number: Int) -> FileID {
    let id = blobID(number + 1 << 40)
    return FileID(words: id.w0, id.w1, id.w2, id.w3)
}

func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// A line of /proc/self/status in bytes: `RssAnon`, `RssFile`, `VmHWM`.
func memory(_ name: String) -> Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if text.hasPrefix(name + ":") { return (Int(text.filter(\.isNumber)) ?? 0) * 1024 }
    }
    return 0
}

func make(_ directory: String, _ count: Int) throws(HikaeError) {
    let store = LocalStore(path: directory)
    let repository = try Repository.create(store, password: Array("index".utf8))
    var number = 0
    while number < count {
        var packs: [(FileID, [PackedBlob])] = []
        let end = min(count, number + blobsPerIndex)
        while number < end {
            var blobs: [PackedBlob] = []
            var offset: UInt32 = 0
            for blob in number..<min(end, number + blobsPerPack) {
                let length = UInt32(500_000 + blob % 700_000)
                blobs.append(
                    PackedBlob(
                        id: blobID(blob), type: blob % 20 == 0 ? .tree : .data, offset: offset, length: length,
                        uncompressedLength: length * 2))
                offset += length
            }
            packs.append((packID(number), blobs))
            number += blobs.count
        }
        _ = try repository.saveUnpacked(.index, IndexCodec.encode(packs: packs, supersedes: []))
    }
}

func open(_ directory: String, _ count: Int) throws(HikaeError) {
    var options = OpenOptions()
    options.cacheDirectory = directory + ".cache"
    let repository = try Repository.open(LocalStore(path: directory), password: Array("index".utf8), options: options)
    let anonymousBefore = memory("RssAnon")
    var began = seconds()
    try repository.loadIndex()
    let opening = seconds() - began
    let anonymous = memory("RssAnon") - anonymousBefore
    let index = repository.index
    guard index.entryCount == count else {
        throw HikaeError(.damaged, "the index has \(index.entryCount) blobs, not \(count)")
    }
    // In an order that neither the disk nor a processor's cache can foresee.
    let lookups = 2_000_000
    var state: UInt64 = 2012
    var found = 0
    began = seconds()
    for _ in 0..<lookups {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        // Every second one is not there.
        let number = Int(state >> 33) % (2 * count)
        if index.contains(blobID(number), number % 20 == 0 ? .tree : .data) { found += 1 }
    }
    let lookup = (seconds() - began) / Double(lookups)
    guard found > lookups / 3, found < lookups * 2 / 3 else {
        throw HikaeError(.damaged, "\(found) of \(lookups) blobs were found")
    }
    print(
        """
        {"blobs":\(count),"open":\(opening),"lookup":\(lookup),"anonymous":\(anonymous),"mapped":\(memory("RssFile")),\
        "peak":\(memory("VmHWM")),"anonymous_total":\(memory("RssAnon"))}
        """)
}

guard CommandLine.arguments.count == 4, let count = Int(CommandLine.arguments[3]), count > 0 else {
    print("usage: IndexScale make|open DIRECTORY BLOBS")
    exit(2)
}
do throws(HikaeError) {
    switch CommandLine.arguments[1] {
    case "make": try make(CommandLine.arguments[2], count)
    default: try open(CommandLine.arguments[2], count)
    }
} catch {
    print(error.message)
    exit(1)
}
