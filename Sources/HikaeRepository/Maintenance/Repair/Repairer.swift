// Brings a damaged repository back to one that is consistent, saving all that can be saved.
// Writes new files before it removes old ones; removes nothing that a later repair could still use.

public import HikaeCore
import HikaeFormat
import HikaeStore

/// Repairs a repository. The caller holds an exclusive lock. The repository must be opened on the store itself.
public final class Repairer: Sendable {
    let repository: Repository
    let options: RepairOptions
    let progress: Progress?
    let cancellation: Cancellation?
    let note: @Sendable (String) -> Void

    /// - Parameter note: told in a line each what was done, or would be in a dry run.
    public init(
        repository: Repository, options: RepairOptions = RepairOptions(), progress: Progress? = nil,
        cancellation: Cancellation? = nil, note: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.repository = repository.uncached
        self.options = options
        self.progress = progress
        self.cancellation = cancellation
        self.note = note
    }

    /// Reads the header of a pack.
    func header(of pack: FileID, size: UInt64) throws(HikaeError) -> [PackedBlob] {
        let store = repository.store
        return try PackHeader.read(size: size, key: repository.key) { offset, length throws(HikaeError) in
            try store.load(StoredFile(.pack, pack), range: offset..<offset + UInt64(length))
        }
    }
}
