// One file's way up: under a name of its own, resumed where it broke, its length checked, then renamed.

import HikaeCore
import HikaeDestination
import HikaeFormat
import Synchronization

/// Sends files to a site.
final class Upload: Sendable {
    /// From this size on a broken or interrupted transfer is gone on with; smaller ones begin anew.
    private static let resumeLimit: UInt64 = 1 << 20

    private let site: ReturnSite
    private let content: SnapshotContent
    private let watch: ReturnWatch
    /// What the server was found not to do, so that it is asked once.
    private let refused = Mutex<Set<String>>([])

    init(_ site: ReturnSite, _ content: SnapshotContent, _ watch: ReturnWatch) {
        (self.site, self.content, self.watch) = (site, content, watch)
    }

    /// Sends a file whole, then gives it its name, time and mode. Nothing is ever seen half under its own name, and
    /// what has that name already goes only when it may be replaced.
    func send(_ node: Node, _ folder: RemotePath, _ name: [UInt8], _ shown: String, replaces: Bool) throws(HikaeError) {
        let temporary = Self.temporaryName(node)
        let path = folder.appending(temporary)
        do throws(HikaeError) {
            var attempts = 0
            while try !bring(node, folder, temporary, shown), try !site.holds(folder, temporary, node, content, shown) {
                // Put together from two attempts, or found there, and not what it should be: all of it anew.
                discard(path)
                attempts += 1
                guard attempts < 3 else {
                    throw HikaeError(.incomplete, "\(shown) arrives with other bytes than were sent")
                }
            }
            if let size = try settle(node, path, folder.appending(name), shown, replaces: replaces) {
                var isSame = size == node.size
                if isSame { isSame = try site.holds(folder, name, node, content, shown) }
                discard(path)
                guard isSame else {
                    throw HikaeError(
                        .refused, "\(shown) is there, though it was not listed, and differs: it was not replaced",
                        hint: "Allow what differs to be replaced, or take it away first.")
                }
            }
        } catch {
            // A long one is kept, to be gone on with; what was refused only takes room.
            let mayGoOn = error.isRetryable || error.code == .cancelled
            if node.size < Self.resumeLimit || !mayGoOn { discard(path) }
            throw error
        }
        let final = folder.appending(name)
        try setTime(final, node)
        try setMode(final, node)
    }

    /// Sends a file under its working name until it has the length that it should have. False when some of it was
    /// there before the last attempt: then only its bytes can tell whether it is right.
    private func bring(_ node: Node, _ folder: RemotePath, _ temporary: [UInt8], _ shown: String) throws(HikaeError)
        -> Bool
    {
        let path = folder.appending(temporary)
        var isFirst = true
        var reached: UInt64 = 0
        var shortfalls = 0
        return try site.pool.attempt { connection, progressed throws(HikaeError) in
            var offset: UInt64 = 0
            if !isFirst || node.size >= Self.resumeLimit, node.size > 0 {
                let there = try connection.ask(path).size ?? 0
                offset = there <= node.size && node.size >= Self.resumeLimit ? there : 0
            }
            isFirst = false
            // What arrived since the last attempt counts, not what was sent.
            progressed = offset > reached
            reached = offset
            if offset < node.size || node.size == 0 {
                try transfer(node, connection, folder, temporary, from: offset, shown, lingering: shortfalls)
            }
            let size = try connection.ask(path).size
            guard size == nil || size == node.size else {
                _ = try connection.commands([Array("DELE ".utf8) + path.bytes])
                shortfalls += 1
                throw HikaeError(
                    .unreachable, "\(shown) arrived with \(size ?? 0) of \(node.size) bytes", isRetryable: true)
            }
            return offset == 0
        }
    }

    private func transfer(
        _ node: Node, _ connection: FTPConnection, _ folder: RemotePath, _ temporary: [UInt8], from offset: UInt64,
        _ shown: String, lingering shortfalls: Int
    ) throws(HikaeError) {
        try connection.beginUpload(folder, temporary, appends: offset > 0)
        var sent = 0
        do throws(HikaeError) {
            try content.read(node, from: offset) { bytes throws(HikaeError) in
                try connection.write(bytes, shown)
                sent += bytes.count
                watch.progress.add(bytes: bytes.count)
            }
            // Over TLS 1.3 a server that is busy may say its first words when we have closed already, and lose by that
            // what it has not read: the next time it is given longer.
            if shortfalls > 0 { try site.pool.pause(Double(1 << min(shortfalls, 5)) * 0.2) }
            try connection.finishUpload(shown)
        } catch {
            connection.endUpload()
            watch.progress.add(bytes: -sent)
            throw error
        }
    }

    /// The name that a file has while it comes in: the same whenever the same content is sent, so that it is found
    /// again.
    static func temporaryName(_ node: Node) -> [UInt8] {
        var hasher = FileHasher()
        hasher.update(node.name)
        for blob in node.content ?? [] { hasher.update(Array(blob.description.utf8)) }
        return Array(".hikae-\(hasher.finish().description.prefix(24)).part".utf8)
    }

    /// Gives what was sent its own name. Returns the size of what has that name already, when that may not go.
    private func settle(_ node: Node, _ path: RemotePath, _ final: RemotePath, _ shown: String, replaces: Bool)
        throws(HikaeError) -> UInt64?
    {
        let aside = RemotePath(path.bytes + Array(".old".utf8))
        var isRepeated = false
        var hasAside = false
        return try site.pool.attempt { connection, _ throws(HikaeError) in
            let words = ["TYPE I", "SIZE ", "SIZE "].map { Array($0.utf8) }
            let answers = try connection.commands([words[0], words[1] + path.bytes, words[2] + final.bytes])
            let there =
                answers[2].code == 213 ? ListingText.size(answers[2].lines[0].filter { $0 != 0x20 }) : nil
            // Carried out by the attempt before, whose answer was lost.
            let isDone = isRepeated && answers[1].code >= 500 && there == node.size
            isRepeated = true
            if !isDone {
                if let there, !replaces { return there }
                try rename(path, final, aside, connection, shown, mayMove: replaces, &hasAside)
            }
            if hasAside { _ = try connection.commands([Array("DELE ".utf8) + aside.bytes]) }
            return nil
        }
    }

    private func rename(
        _ path: RemotePath, _ final: RemotePath, _ aside: RemotePath, _ connection: FTPConnection, _ shown: String,
        mayMove: Bool, _ hasAside: inout Bool
    ) throws(HikaeError) {
        func move(_ one: RemotePath, to other: RemotePath) -> [[UInt8]] {
            [Array("RNFR ".utf8) + one.bytes, Array("RNTO ".utf8) + other.bytes]
        }
        let replies = try connection.commands(move(path, to: final))
        guard let refused = replies.first(where: { $0.code >= 400 }) else { return }
        let error = connection.refusal(refused, "rename what was sent to \(shown)")
        // Some servers do not rename onto what is there. The old file goes aside first, and away only when the new one
        // has its name: at no moment are both gone.
        guard mayMove, replies[0].code < 400 else { throw error }
        hasAside = true
        let steps = try connection.commands(move(final, to: aside) + move(path, to: final))
        if steps[3].isDone { return }
        hasAside = false
        if steps[1].isDone { _ = try connection.commands(move(aside, to: final)) }
        throw error
    }

    private func discard(_ path: RemotePath) {
        _ = try? site.pool.attempt { connection, _ throws(HikaeError) in
            try connection.commands([Array("DELE ".utf8) + path.bytes])
        }
    }

    /// Makes a folder.
    func makeFolder(_ path: RemotePath, _ shown: String) throws(HikaeError) {
        try site.pool.attempt(.first) { connection, _ throws(HikaeError) in
            let reply = try connection.commands([Array("MKD ".utf8) + path.bytes])[0]
            // After a broken connection it may be there already.
            guard !reply.isDone, (try? site.listing.list(connection, path)) == nil else { return }
            throw connection.refusal(reply, "make the folder \(shown)")
        }
    }

    /// Sets a file's time, where the server can.
    func setTime(_ path: RemotePath, _ node: Node) throws(HikaeError) {
        let date = CivilDate(secondsSince1970: node.mtime.seconds)
        guard (1970...9999).contains(date.year) else { return }
        func digits(_ number: Int, _ count: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, count - text.count)) + text
        }
        let time =
            digits(date.year, 4)
            + [date.month, date.day, date.hour, date.minute, date.second].map { digits($0, 2) }.joined()
        // Before MFMT was agreed on, servers took a time with MDTM.
        let command = site.features.setsModifyTime ? "MFMT" : "MDTM"
        try set(command, "\(command) \(time) ", path, "the times of files")
    }

    /// Sets a mode, where the server can.
    func setMode(_ path: RemotePath, _ node: Node) throws(HikaeError) {
        let bits = FileMode.toSystemPermissions(node.mode) & 0o777
        try set("SITE CHMOD", "SITE CHMOD \(String(bits, radix: 8)) ", path, "the modes of files")
    }

    private func set(_ what: String, _ command: String, _ path: RemotePath, _ words: String) throws(HikaeError) {
        guard !refused.withLock({ $0.contains(what) }) else { return }
        let reply = try site.pool.attempt { connection, _ throws(HikaeError) in
            try connection.commands([Array(command.utf8) + path.bytes])[0]
        }
        guard reply.code >= 400, refused.withLock({ $0.insert(what).inserted }) else { return }
        watch.report(
            HikaeError(
                .unsupported,
                "the server at \(site.settings.host) does not set \(words)"
                    + " (\(reply.code) \(reply.words))"))
    }
}
