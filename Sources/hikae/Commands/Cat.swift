// `hikae cat`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore

struct Cat: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the repository's own files and blobs.",
        discussion: """
            For looking into a repository: config, masterkey, index, snapshot, key, lock, pack, blob or tree. Config, \
            index, snapshot, key and lock are printed as JSON; a pack as it is stored, encrypted; a blob as it was \
            saved. masterkey prints the key that opens everything: keep it as you keep the password.

            EXAMPLES
              hikae cat config
              hikae cat snapshot latest
              hikae cat tree latest:/var/www
              hikae cat blob 4bd0…
            """)

    enum Kind: String, CaseIterable, ExpressibleByArgument {
        case config, masterkey, index, snapshot, key, lock, pack, blob, tree
    }

    @Argument(help: "What to print: config, masterkey, index, snapshot, key, lock, pack, blob or tree.")
    var kind: Kind

    @Argument(help: .init("Its ID, or the beginning of it; a snapshot for `tree`.", valueName: "id"))
    var id: String?

    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        if id == nil, kind != .config, kind != .masterkey {
            throw HikaeError(.usage, "which \(kind.rawValue)? Give its ID.")
        }
        try Session.run(global, lock: .reading) { session throws(HikaeError) in try show(session, id ?? "") }
        return .done
    }

    private func show(_ session: Session, _ id: String) throws(HikaeError) {
        let repository = session.repository
        switch kind {
        case .config: printIndented(repository.config.encoded())
        case .masterkey: printIndented(masterKey(repository.key))
        case .index:
            console.write(
                try repository.loadUnpacked(StoredFile(.index, try repository.find(.index, prefix: id))) + [newline])
        case .snapshot: printIndented(try repository.resolveSnapshot(id).snapshot.encoded())
        case .key: printIndented(try repository.store.load(StoredFile(.key, try repository.find(.key, prefix: id))))
        case .lock:
            printIndented(try repository.loadUnpacked(StoredFile(.lock, try repository.find(.lock, prefix: id))))
        case .pack: try showPack(repository, id)
        case .blob: try showBlob(session, id)
        case .tree:
            let address = try repository.resolveSnapshot(id)
            try session.loadIndex()
            let tree = try TreePath.folder(repository, address.snapshot.tree, address.subpath)
            console.write(try repository.blob(tree, .tree))
        }
        try console.flush()
    }

    private func showPack(_ repository: Repository, _ id: String) throws(HikaeError) {
        let file = StoredFile(.pack, try repository.find(.pack, prefix: id))
        let bytes = try repository.store.load(file)
        if let wanted = file.id, Digest.fileID(bytes) != wanted {
            console.warn("Warning: the pack does not have the bytes that its name promises")
        }
        console.write(bytes)
    }

    private func showBlob(_ session: Session, _ id: String) throws(HikaeError) {
        guard let blob = BlobID(hex: id) else {
            throw HikaeError(
                .usage, "a blob's ID has 64 hexadecimal digits", hint: "`hikae find --blob` takes beginnings.")
        }
        try session.loadIndex()
        let index = session.repository.index
        for type in [BlobType.data, .tree] where index.contains(blob, type) {
            return console.write(try session.repository.blob(blob, type))
        }
        throw HikaeError(.notFound, "there is no blob \(blob.short)")
    }

    private func masterKey(_ key: CryptoKey) -> [UInt8] {
        key.encoded()
    }

    private func printIndented(_ json: [UInt8]) { console.write(JSONIndent.indented(json) + [newline]) }

    private var newline: UInt8 { UInt8(ascii: "\n") }
}
