// What a capture of a database server holds, and where each part of it is to go.

import HikaeCore
import HikaeDestination
import HikaeFormat

/// One database's dump in a snapshot, and the database it is to become.
struct ReturningDump {
    /// The database it was taken of.
    var origin: String
    var target: String
    var node: Node
    /// The script that makes the database; nil when there is none.
    var script: [UInt8]?
}

/// The parts of a capture.
struct DumpsOfContent {
    var dumps: [ReturningDump] = []
    var globals: [UInt8]?
    private static let scriptLimit = 64 << 20

    /// Throws `.notFound` when there is no dump in it, `.usage` when it cannot be said which one is meant.
    init(_ content: SnapshotContent, _ server: any DatabaseServer) throws(HikaeError) {
        let nodes = try content.nodes() ?? []
        let scripts = try content.nodes(at: [Array(DatabaseFileName.creationFolder.utf8)]) ?? []
        for node in nodes where node.kind == .file {
            if node.name == Array(server.globalsFile.utf8) {
                globals = try content.bytes(of: node, limit: Self.scriptLimit)
            } else if let database = DatabaseFileName.database(node.name) {
                var script: [UInt8]?
                if let found = scripts.first(where: { $0.name == node.name }) {
                    script = try content.bytes(of: found, limit: Self.scriptLimit)
                }
                dumps.append(ReturningDump(origin: database, target: database, node: node, script: script))
            }
        }
        guard !dumps.isEmpty else {
            throw HikaeError(.notFound, "there is no dump of a database in this snapshot")
        }
        guard let wanted = server.settings.database else { return }
        if dumps.count > 1 {
            dumps = dumps.filter { $0.origin == wanted }
            guard !dumps.isEmpty else {
                throw HikaeError(
                    .usage, "the snapshot holds several databases, and none is named \(wanted)",
                    hint: "Name one of them, or none to restore them all.")
            }
        }
        dumps[0].target = wanted
    }
}
