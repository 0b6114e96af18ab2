// `hikae ls`

import ArgumentParser
import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeSource

struct Ls: HikaeSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "List the files in a snapshot.",
        discussion: """
            Without a directory everything is listed; with directories, these and what stands right in them, and with \
            --recursive what is below as well.

            EXAMPLES
              hikae ls latest
              hikae ls -l latest /home/anna
              hikae ls latest:/var/www --recursive
              hikae ls --host shop --json latest
            """)

    @Argument(
        help: .init("A snapshot's ID or its beginning, or `latest`; with `:folder`, a part.", valueName: "snapshot"))
    var snapshot: String

    @Argument(help: .init("Absolute paths of directories to list.", valueName: "directory"))
    var directories: [String] = []

    @Flag(name: .shortAndLong, help: "Show mode, owner, size and time.")
    var long = false

    @Flag(help: "List what is below the directories, too.")
    var recursive = false

    @Flag(help: "Show sizes as 1.5 KiB instead of bytes.")
    var humanReadable = false

    @OptionGroup(title: "What `latest` means") var selection: LatestOptions
    @OptionGroup var global: GlobalOptions

    func execute() throws(HikaeError) -> ExitStatus {
        let directories = try wantedDirectories()
        try Session.run(global, lock: .reading) { session throws(HikaeError) in
            let repository = session.repository
            let address = try repository.resolve(snapshot, selection.filter)
            try session.loadIndex()
            let root = try TreePath.folder(repository, address.snapshot.tree, address.subpath)
            head(address)
            try TreeWalk(repository: repository).walk(root) { path, node, _ throws(HikaeError) in
                let isInside = directories.isEmpty || directories.contains { isAtOrBelow(path, $0) }
                if isInside { show(node, path) }
                if directories.isEmpty || (isInside && recursive) { return .descend }
                return directories.contains { isAtOrBelow($0, path) } ? .descend : .skip
            }
        }
        return .done
    }

    private func head(_ address: SnapshotAddress) {
        if global.json {
            let json = SnapshotDisplay.json(address.id, address.snapshot) { json in
                json.member("message_type", "snapshot")
                json.member("struct_type", "snapshot")
            }
            console.write(json + [UInt8(ascii: "\n")])
            return
        }
        let filter = directories.map { Words.safe(ArgumentBytes.bytes($0)) }.joined(separator: " ")
        console.note("\(SnapshotDisplay.title(address.id, address.snapshot)) filtered by [\(filter)]:")
    }

    private func show(_ node: Node, _ path: [UInt8]) {
        if global.json {
            console.write(NodeDisplay.listing(node, path: path) + [UInt8(ascii: "\n")])
        } else {
            console.print(NodeDisplay.line(node, path: path, isLong: long, isHuman: humanReadable))
        }
    }

    private func wantedDirectories() throws(HikaeError) -> [[UInt8]] {
        var wanted: [[UInt8]] = []
        for directory in directories {
            let path = ArgumentBytes.bytes(directory)
            guard path.first == UInt8(ascii: "/") else {
                throw HikaeError(.usage, "\(Words.safe(path)) is no absolute path: directories begin with /")
            }
            wanted.append(LexicalPath.clean(path))
        }
        return wanted
    }

    /// Whether `path` is `directory` or stands below it.
    private func isAtOrBelow(_ path: [UInt8], _ directory: [UInt8]) -> Bool {
        if directory == [UInt8(ascii: "/")] { return true }
        guard path.starts(with: directory) else { return false }
        return path.count == directory.count || path[directory.count] == UInt8(ascii: "/")
    }
}
