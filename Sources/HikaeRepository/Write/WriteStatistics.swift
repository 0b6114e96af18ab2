// What a run added to the repository, counted while it runs.

public import Synchronization

/// Counters of what was added. Adding is atomic; reading while the run goes on gives a moment's picture.
public final class WriteStatistics: Sendable {
    /// Blobs added, by type.
    public let dataBlobs = Atomic<Int>(0)
    public let treeBlobs = Atomic<Int>(0)
    /// Plaintext bytes of the blobs added.
    public let dataBytes = Atomic<Int>(0)
    public let treeBytes = Atomic<Int>(0)
    /// The same as they stand in packs: compressed and sealed.
    public let dataBytesStored = Atomic<Int>(0)
    public let treeBytesStored = Atomic<Int>(0)
    /// Packs stored, and their bytes with headers.
    public let packs = Atomic<Int>(0)
    public let packBytes = Atomic<Int>(0)

    init() {}

    func count(tree isTree: Bool, plaintext: Int, stored: Int) {
        if isTree {
            treeBlobs.add(1, ordering: .relaxed)
            treeBytes.add(plaintext, ordering: .relaxed)
            treeBytesStored.add(stored, ordering: .relaxed)
        } else {
            dataBlobs.add(1, ordering: .relaxed)
            dataBytes.add(plaintext, ordering: .relaxed)
            dataBytesStored.add(stored, ordering: .relaxed)
        }
    }
}
