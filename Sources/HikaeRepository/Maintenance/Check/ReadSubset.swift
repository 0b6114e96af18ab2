// Which packs `check` reads in full: all, one group of several, or a random share.

public import HikaeCore

/// The packs whose data a check reads.
public enum ReadSubset: Sendable, Equatable {
    case none
    case all
    /// Group `n` of `t`, counted from 1; t at most 256. A pack is always of the same group.
    case group(UInt, of: UInt)
    /// This share of the packs, chosen at random; above 0, at most 100.
    case percent(Double)
    /// About as many bytes of packs, chosen at random.
    case bytes(UInt64)
    /// These packs, as far as they are there.
    case packs(Set<FileID>)
    /// The next so much of the packs in the order of their IDs, behind the pack where the last run ended; nil: from the
    /// first. Ends with the last pack: the run after that begins anew.
    case next(ScrubShare, after: FileID?)

    /// Reads `2/5`, `10%` or `50G`, as restic's `--read-data-subset`.
    public init(_ text: String) throws(HikaeError) {
        let trimmed = String(text.trimmedOfSpaces)
        let parts = trimmed.split(separator: "/", omittingEmptySubsequences: false)
        if parts.count == 2, let number = UInt(parts[0]), let total = UInt(parts[1]) {
            guard number > 0, total > 0, number <= total else {
                throw HikaeError(
                    .usage, "--read-data-subset=n/t: values must be positive integers, and n <= t, e.g. 1/2")
            }
            guard total <= 256 else { throw HikaeError(.usage, "--read-data-subset=n/t: t must be at most 256") }
            self = .group(number, of: total)
        } else if trimmed.hasSuffix("%"), let percent = Double(trimmed.dropLast()), percent.isFinite {
            guard percent > 0, percent <= 100 else {
                throw HikaeError(.usage, "--read-data-subset=x%: x must be above 0.0% and at most 100.0%")
            }
            self = .percent(percent)
        } else if let size = ByteCount(trimmed) {
            guard size.bytes > 0 else { throw HikaeError(.usage, "--read-data-subset=n: n must be above 0") }
            self = .bytes(size.bytes)
        } else {
            throw HikaeError(
                .usage, "\"\(text)\" is no subset of the data", hint: "Give n/t like 1/5, a share like 10%, or 50G.")
        }
    }

    /// The packs behind `place` in the order of IDs, until they come to the share.
    private func walk(_ packs: [(id: FileID, size: UInt64)], _ share: ScrubShare, after place: FileID?) -> [Int] {
        let whole = packs.reduce(UInt64(0)) { $0 &+ $1.size }
        let wanted = share.bytes(of: whole)
        var order = packs.indices.sorted { packs[$0].id < packs[$1].id }
        if let place, let last = order.last, place < packs[last].id { order.removeAll { packs[$0].id <= place } }
        var (chosen, bytes): ([Int], UInt64) = ([], 0)
        for index in order {
            guard bytes < wanted else { break }
            chosen.append(index)
            bytes &+= packs[index].size
        }
        return chosen.sorted()
    }

    /// The chosen packs, by their place in `packs`, in rising order.
    func select<Generator: RandomNumberGenerator>(
        _ packs: [(id: FileID, size: UInt64)], using generator: inout Generator
    ) -> [Int] {
        switch self {
        case .none: return []
        case .all: return Array(packs.indices)
        case .group(let number, let total):
            return packs.indices.filter { UInt(packs[$0].id.w0 >> 56) % total == number - 1 }
        case .percent(let percent): return random(packs.count, share: percent / 100, using: &generator)
        case .bytes(let bytes):
            let whole = packs.reduce(UInt64(0)) { $0 &+ $1.size }
            guard whole > 0 else { return [] }
            return random(packs.count, share: min(1, Double(bytes) / Double(whole)), using: &generator)
        case .packs(let ids): return packs.indices.filter { ids.contains(packs[$0].id) }
        case .next(let share, let place): return walk(packs, share, after: place)
        }
    }

    private func random<Generator: RandomNumberGenerator>(
        _ count: Int, share: Double, using generator: inout Generator
    ) -> [Int] {
        guard count > 0 else { return [] }
        let wanted = max(1, Int(Double(count) * share))
        return Array((0..<count).shuffled(using: &generator).prefix(wanted)).sorted()
    }
}

/// How much of a repository one run of a scrub reads.
public enum ScrubShare: Sendable, Equatable {
    /// Above 0, at most 100.
    case percent(Double)
    case bytes(UInt64)

    /// Reads `5%` or `20G`.
    public init(_ text: String) throws(HikaeError) {
        switch try? ReadSubset(text) {
        case .percent(let percent): self = .percent(percent)
        case .bytes(let bytes) where bytes < 1 << 20:
            throw HikaeError(
                .usage, "--scrub \(text) would read \(ByteCount(bytes).display) at a time",
                hint: bytes <= 100 && text.allSatisfy(\.isNumber)
                    ? "Did you mean \(text)%? A size is at least 1M." : "Give a share like 5%, or at least 1M.")
        case .bytes(let bytes): self = .bytes(bytes)
        default:
            throw HikaeError(
                .usage, "--scrub \(text) makes no sense", hint: "Give a share like 5%, or a size like 20G.")
        }
    }

    func bytes(of whole: UInt64) -> UInt64 {
        switch self {
        case .percent(let percent): max(1, UInt64(Double(whole) * percent / 100))
        case .bytes(let bytes): bytes
        }
    }
}

/// A small generator of random numbers with a seed (SplitMix64), for choices that must be repeatable.
struct RepeatableGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
