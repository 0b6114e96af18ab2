// `hikae dump`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeRepository

struct Dump: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a file, or a folder as a tar or zip archive.",
        discussion: """
            EXAMPLES
              hikae dump latest /etc/fstab
              hikae dump latest shop.sql | mariadb shop
              hikae dump latest /var/www > www.tar
              hikae dump latest:/var/www / | tar -x -C /tmp/www
              hikae dump --archive zip --target www.zip latest /var/www
            """)

    enum Format: String, CaseIterable, ExpressibleByArgument { case tar, zip }

    @Argument(
        help: .init("A snapshot's ID or its beginning, or `latest`; with `:folder`, a part.", valueName: "snapshot"))
    var snapshot: String

    @Argument(help: .init("The file or folder; / for the whole snapshot.", valueName: "path"))
    var path: String

    @Option(name: [.customShort("a", allowingJoined: true), .long], help: .init("tar or zip.", valueName: "format"))
    var archive = Format.tar

    @Option(
        name: [.customShort("t", allowingJoined: true), .long],
        help: .init("Write to this file instead of standard output.", valueName: "file"))
    var target: String?

    @OptionGroup(title: "What `latest` means") var selection: LatestOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        try Session.run(global, lock: .reading) { session throws(HikaeError) in
            let repository = session.repository
            let address = try repository.resolve(snapshot, selection.filter)
            try session.loadIndex()
            let root = try TreePath.folder(repository, address.snapshot.tree, address.subpath)
            let bytes = ArgumentBytes.bytes(path)
            let node = try TreePath.node(repository, root, bytes)
            let dumper = Dumper(repository: repository)
            if let node, node.kind == .file {
                var output = try makeOutput()
                try dumper.content(of: node) { piece throws(HikaeError) in try output.write(piece) }
                return try output.flush()
            }
            guard node == nil || node?.kind == .dir, let tree = node == nil ? root : node?.subtree else {
                throw HikaeError(
                    .usage, "\(Words.safe(bytes)) is a \(node?.kind.rawValue ?? "folder"), not a file or folder")
            }
            if target == nil, console.outputIsTerminal {
                throw HikaeError(
                    .usage, "an archive is not printed on a terminal",
                    hint: "Send it to a file or program, or use --target FILE.")
            }
            // As with restic, names in the archive begin with the path that was asked for.
            let prefix = TreePath.names(bytes).joined(separator: [UInt8(ascii: "/")])
            switch archive {
            case .tar: try dumper.tar(tree, prefix: Array(prefix), makeOutput())
            case .zip: try dumper.zip(tree, prefix: Array(prefix), makeOutput())
            }
        }
        return .done
    }

    private func makeOutput() throws(HikaeError) -> ArchiveOutput {
        guard let target else { return ArchiveOutput() }
        return try ArchiveOutput(path: target)
    }
}
