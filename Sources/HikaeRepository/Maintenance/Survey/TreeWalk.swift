// Goes through every tree below some roots, each once, on several threads. Loads and decodes; judges nothing.

import HikaeCore
import HikaeFormat
import Synchronization

/// A walk over the trees of a repository. The repository's index must be loaded and stay as it is.
final class TreeWalk: Sendable {
    /// What the threads share: trees to visit, last in first out, which keeps the list short.
    private struct State {
        var pending: [BlobID]
        var isWorking = 0
        var isStopped = false
    }

    private let repository: Repository
    private let index: BlobIndex
    private let cancellation: Cancellation?
    private let seen: AtomicBitset
    /// Trees that the index does not know, so that each is reported once.
    private let unknown = Mutex<Set<BlobID>>([])

    init(_ repository: Repository, cancellation: Cancellation?) {
        self.repository = repository
        self.cancellation = cancellation
        index = repository.index
        seen = AtomicBitset(count: index.entryCount)
    }

    /// Visits the trees below `roots` that no earlier run of this walk visited, the roots among them.
    ///
    /// `visit` is told the tree and what was read of it, on any thread; an error it throws ends the walk and is thrown.
    func run(
        roots: [BlobID], threads: Int,
        visit: @escaping @Sendable (BlobID, Swift.Result<Tree, HikaeError>) throws(HikaeError) -> Void
    ) throws(HikaeError) {
        let state = Monitor(State(pending: roots.reversed()))
        let failure = FirstError()
        runThreads(threads) { [self] _ in
            var opener = BlobOpener(repository)
            while let id = next(state) {
                var children: [BlobID] = []
                do throws(HikaeError) {
                    try cancellation?.check()
                    if isNew(id) {
                        let tree = load(id, &opener)
                        if case .success(let tree) = tree {
                            for node in tree.nodes.reversed() where node.kind == .dir {
                                if let subtree = node.subtree { children.append(subtree) }
                            }
                        }
                        try visit(id, tree)
                    }
                } catch {
                    failure.set(error)
                }
                let failed = failure.value != nil
                state.withLock { state in
                    state.isWorking -= 1
                    state.pending += children
                    if failed { state.isStopped = true }
                }
            }
        }
        try failure.check()
    }

    /// The next tree, waiting while others may still find some; nil at the end.
    private func next(_ state: Monitor<State>) -> BlobID? {
        state.wait { state -> BlobID?? in
            if state.isStopped { return .some(nil) }
            if let id = state.pending.popLast() {
                state.isWorking += 1
                return id
            }
            return state.isWorking == 0 ? .some(nil) : nil
        }
    }

    private func isNew(_ id: BlobID) -> Bool {
        if let position = index.lookupPosition(id, .tree) { return seen.insert(position) }
        return unknown.withLock { $0.insert(id).inserted }
    }

    private func load(_ id: BlobID, _ opener: inout BlobOpener) -> Swift.Result<Tree, HikaeError> {
        do throws(HikaeError) {
            return .success(try repository.tree(id, with: &opener))
        } catch {
            return .failure(error)
        }
    }
}

extension Repository {
    /// A tree, decoded, with an opener whose buffers are used again.
    func tree(_ id: BlobID, with opener: inout BlobOpener) throws(HikaeError) -> Tree {
        let json = try blob(id, .tree, with: &opener)
        do throws(HikaeError) {
            return try Tree(decoding: json)
        } catch {
            throw HikaeError(.damaged, "the tree \(id.short) is damaged: \(error.message)")
        }
    }
}
