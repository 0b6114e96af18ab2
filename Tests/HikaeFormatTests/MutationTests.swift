// Every decoder against a few thousand damaged inputs. The fuzzers (tools/fuzz.sh) go on where this stops.

import HikaeCore
import HikaeTesting
import Testing

@testable import HikaeFormat

extension SeededGenerator {
    /// The input with one to four small changes.
    fileprivate mutating func mutated(_ input: [UInt8], with other: [UInt8]) -> [UInt8] {
        var bytes = input
        for _ in 0..<int(1...4) {
            let place = bytes.isEmpty ? 0 : int(0...bytes.count - 1)
            switch int(0...8) {
            case 0 where !bytes.isEmpty: bytes[place] ^= 1 << UInt8(int(0...7))
            case 1 where !bytes.isEmpty: bytes[place] = UInt8(int(0...255))
            case 2 where !bytes.isEmpty: bytes.remove(at: place)
            case 3: bytes.insert(UInt8(int(0...255)), at: place)
            case 4: bytes.removeLast(bytes.count - place)
            case 5: bytes.removeFirst(place)
            case 6:
                let end = min(bytes.count, place + int(0...20))
                bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 7:
                let word = DecoderExercise.dictionary.randomElement(using: &self) ?? ""
                let end = min(bytes.count, place + int(0...word.utf8.count))
                bytes.replaceSubrange(place..<end, with: word.utf8)
            default:
                let from = other.isEmpty ? 0 : int(0...other.count - 1)
                bytes.replaceSubrange(place..., with: other[from...])
            }
        }
        return bytes
    }
}

@Suite struct MutationTests {
    @Test(arguments: DecoderExercise.allCases)
    func wellFormedInputIsTaken(decoder: DecoderExercise) {
        for seed in decoder.seeds { #expect(decoder.breach(seed) == nil) }
    }

    @Test(arguments: DecoderExercise.allCases)
    func damagedInputIsRefusedOrMeansSomething(decoder: DecoderExercise) {
        var random = SeededGenerator()
        let seeds = decoder.seeds
        for _ in 0..<15_000 {
            let input = random.mutated(
                seeds.randomElement(using: &random) ?? [], with: seeds.randomElement(using: &random) ?? [])
            let breach = decoder.breach(input)
            #expect(breach == nil, "\(decoder): \(Base64.encode(input))")
            if breach != nil { return }
        }
    }

    @Test(arguments: DecoderExercise.allCases)
    func noiseIsRefusedOrMeansSomething(decoder: DecoderExercise) {
        var random = SeededGenerator()
        for _ in 0..<500 {
            let input = random.bytes(random.int(0...300))
            #expect(decoder.breach(input) == nil, "\(decoder): \(Base64.encode(input))")
        }
    }

    @Test(arguments: DecoderExercise.allCases)
    func inputCutShortIsRefusedOrMeansSomething(decoder: DecoderExercise) {
        for seed in decoder.seeds {
            for count in 0..<seed.count { #expect(decoder.breach(Array(seed[..<count])) == nil) }
        }
    }
}
