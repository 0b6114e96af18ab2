// `hikae list`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore

struct List: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "List the IDs of the repository's own files and blobs.",
        discussion: """
            EXAMPLES
              hikae list snapshots
              hikae list packs
            """)

    enum Kind: String, CaseIterable, ExpressibleByArgument { case blobs, packs, index, snapshots, keys, locks }

    @Argument(help: "blobs, packs, index, snapshots, keys or locks.")
    var kind: Kind

    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        // A list of locks that always shows one's own would tell nobody anything.
        try Session.run(global, lock: kind == .locks ? .none : .reading) { session throws(HikaeError) in
            if kind == .blobs {
                try session.loadIndex()
                try session.repository.index.forEachEntry { _, _, blob throws(HikaeError) in
                    show(blob.type == .tree ? "tree" : "data", blob.id.hex, isTyped: true)
                }
            } else {
                for file in try session.repository.store.list(fileKind).sorted(by: { $0.id < $1.id }) {
                    show(fileKind.rawValue, file.id.hex, isTyped: false)
                }
            }
        }
        return .done
    }

    /// One line, or with `--json` one object a line, which always tells the type.
    private func show(_ type: String, _ id: String, isTyped: Bool) {
        guard global.json else { return console.print(isTyped ? "\(type) \(id)" : id) }
        console.printObject { json in
            json.member("type", type)
            json.member("id", id)
        }
    }

    private var fileKind: FileKind {
        switch kind {
        case .packs, .blobs: .pack
        case .index: .index
        case .snapshots: .snapshot
        case .keys: .key
        case .locks: .lock
        }
    }
}
