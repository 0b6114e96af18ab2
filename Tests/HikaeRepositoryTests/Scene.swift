// A repository in memory with a cheap key, for tests of the engine.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore
import HikaeTesting

/// What engine tests begin with.
enum Scene {
    static let password = Array("correct horse".utf8)

    /// A new repository in `store`, its key derived in no time.
    static func repository(
        in store: any ObjectStore = MemoryStore(), version: Int = 2,
        chunking: CreateOptions.Chunking = .gear, opening: OpenOptions = OpenOptions(),
        clock: any WallClock = SystemClock()
    ) throws -> Repository {
        var options = CreateOptions()
        options.version = version
        options.chunking = chunking
        options.scrypt = .insecureForTests
        return try Repository.create(store, password: password, options: options, opening: opening, clock: clock)
    }

    /// Opens what `repository` made.
    static func reopen(_ store: any ObjectStore, opening: OpenOptions = OpenOptions()) throws -> Repository {
        let repository = try Repository.open(store, password: password, options: opening)
        try repository.loadIndex()
        return repository
    }

    /// Stores blobs through one saver and finishes the run.
    static func save(_ blobs: [[UInt8]], _ type: BlobType = .data, in repository: Repository) throws -> [BlobID] {
        let writer = try BlobWriter(repository)
        let saver = writer.makeSaver()
        var ids: [BlobID] = []
        for blob in blobs { ids.append(try blob.withUnsafeBytes { try saver.save($0, type).id }) }
        saver.close()
        try writer.finish()
        return ids
    }
}
