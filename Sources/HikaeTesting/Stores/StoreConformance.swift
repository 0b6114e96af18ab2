// The promises of ObjectStore, as checks that every store and every decorator must pass.

internal import HikaeCore
public import HikaeStore

/// A broken promise.
public struct ConformanceFailure: Error, CustomStringConvertible {
    /// What was promised and what came instead.
    public let description: String
}

/// The suite. In a test: `@Test(arguments: StoreConformance.checks) func conforms(_ check: StoreConformance.Check)`.
public enum StoreConformance {
    /// Puts a file at a path inside a store's place, behind its back.
    public typealias Plant = @Sendable (_ store: any ObjectStore, _ path: String, _ content: [UInt8]) throws -> Void

    /// One promise.
    public struct Check: Sendable, CustomStringConvertible {
        /// The promise in words.
        public let description: String
        let body: @Sendable (any ObjectStore) throws -> Void

        /// Throws unless a fresh, not yet created store keeps the promise.
        public func run(_ store: any ObjectStore) throws { try body(store) }
    }

    /// Runs all checks, each on a store of its own, fresh from `make`. With `plant`, also that foreign files are let be.
    public static func run(plant: Plant? = nil, _ make: () throws -> any ObjectStore) throws {
        for check in checks {
            do {
                try check.run(try make())
            } catch {
                throw ConformanceFailure(description: "\(check): \(error)")
            }
        }
        if let plant { try foreignNames(try make(), plant) }
    }

    /// All checks.
    public static let checks: [Check] = [
        Check(description: "a repository is laid out once, and never over another", body: creating),
        Check(description: "what is saved is loaded", body: roundTrip),
        Check(description: "empty and large files are files", body: sizes),
        Check(description: "ranges are exact, and damage when the file is too short", body: ranges),
        Check(description: "what is not there is not found", body: notFound),
        Check(description: "a listing has every file of its kind, with its size, and no other", body: listing),
        Check(description: "what is removed is gone", body: removing),
        Check(description: "saving again under an ID replaces the file", body: savingAgain),
        Check(description: "a config is never replaced", body: configOnce),
        Check(description: "threads may save, read, list and remove at once", body: concurrency),
        Check(description: "clearing away what was left half written touches no file", body: leftovers),
        Check(description: "flushing may be done at any time", body: flushing),
        Check(description: "a place without a repository is no empty repository", body: noRepository),
        Check(description: "what lies beside restic's files is kept, or refused as not supported", body: extras),
    ]

    static let idKinds = FileKind.standard.filter { $0 != .config }

    static func expect(_ condition: Bool, _ promise: @autoclosure () -> String) throws {
        guard condition else { throw ConformanceFailure(description: promise()) }
    }

    /// Throws unless `body` fails with `code`.
    static func expect<Result>(
        _ code: HikaeError.Code, _ what: @autoclosure () -> String, _ body: () throws(HikaeError) -> Result
    ) throws {
        do throws(HikaeError) {
            _ = try body()
        } catch {
            return try expect(error.code == code, "\(what()): \(code.rawValue), not \(error.code.rawValue): \(error)")
        }
        throw ConformanceFailure(description: "\(what()): \(code.rawValue), but it succeeded")
    }

    /// A file of random bytes, named as repositories name files.
    static func file(_ kind: FileKind, _ count: Int, _ generator: inout SeededGenerator) -> (StoredFile, [UInt8]) {
        let content = generator.bytes(count)
        return (StoredFile(kind, .named(by: content)), content)
    }
}
