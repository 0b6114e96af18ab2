// Replaces index files by ones that no longer name certain packs. New ones first, then the old ones go.

import HikaeCore
import HikaeFormat
import HikaeStore

/// Rewrites a repository's index files. Under an exclusive lock.
struct IndexRewriter {
    let repository: Repository
    let progress: Progress?
    /// Looked at between files; stopped at any of them, the index says what it said.
    var cancellation: Cancellation?

    /// Leaves every index file alone that names none of `packs`; the others are replaced by as few as hold the rest.
    ///
    /// - Throws: `.damaged` for an index file that cannot be read; then nothing has changed but for new index files
    ///   that say the same as the old.
    func rewrite(dropping packs: Set<FileID>) throws(HikaeError) {
        try rewrite(dropping: { packs.contains($0) })
    }

    /// As `rewrite(dropping:)`; also removes `obsolete` index files, unread, and adds what `adding` adds.
    func rewrite(
        dropping isDropped: (FileID) -> Bool, obsolete: Set<FileID> = [],
        adding: (inout IndexOutput) throws(HikaeError) -> Void = { _ in }
    ) throws(HikaeError) {
        let files = try repository.store.list(.index).map(\.id).sorted()
        progress?.begin(phase: "rebuilding index", files: files.count)
        var replaced: [FileID] = files.filter(obsolete.contains)
        var output = IndexOutput(repository: repository)
        for file in files where !obsolete.contains(file) {
            try cancellation?.check()
            let packs = try IndexFiles.load(file, of: repository)
            if packs.contains(where: { isDropped($0.0) }) {
                for (id, blobs) in packs where !isDropped(id) { try output.add(id, blobs) }
                replaced.append(file)
            }
            progress?.add(files: 1)
        }
        try adding(&output)
        try output.finish()
        // The seal makes each file's name new, but nothing may depend on that.
        for file in replaced where !output.saved.contains(file) { try repository.removeFile(.index, file) }
        try repository.store.flush()
    }
}

/// Index files being written, one at a time, each of bounded size.
struct IndexOutput {
    private let repository: Repository
    private var packs: [(FileID, [PackedBlob])] = []
    private var count = 0
    /// Files saved so far.
    private(set) var saved: Set<FileID> = []

    init(repository: Repository) { self.repository = repository }

    mutating func add(_ pack: FileID, _ blobs: [PackedBlob]) throws(HikaeError) {
        packs.append((pack, blobs))
        count += blobs.count
        if count >= IndexRecorder.blobsPerFile { try flush() }
    }

    /// Saves what is left; all files are durable on return.
    mutating func finish() throws(HikaeError) {
        try flush()
        try repository.store.flush()
    }

    private mutating func flush() throws(HikaeError) {
        guard !packs.isEmpty else { return }
        saved.insert(try repository.saveUnpacked(.index, IndexCodec.encode(packs: packs, supersedes: [])))
        packs = []
        count = 0
    }
}
