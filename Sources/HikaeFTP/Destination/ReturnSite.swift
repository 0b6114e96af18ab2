// The site that is filled or compared: its connections, its folder, how its names are written.

import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeSource
import Synchronization

/// A folder of the snapshot, and where it belongs on the site.
struct ReturnFolder: Sendable {
    var tree: BlobID
    var names: [[UInt8]]
    var path: RemotePath

    /// For people.
    var shown: String { "/" + names.map { Self.printable($0) }.joined(separator: "/") }

    /// For people: something in it.
    func shown(_ name: [UInt8]) -> String { (names.isEmpty ? "/" : shown + "/") + Self.printable(name) }

    /// Without what would steer a terminal.
    private static func printable(_ name: [UInt8]) -> String {
        String(
            String(decoding: name, as: UTF8.self).unicodeScalars.map {
                $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? "?" : Character($0)
            })
    }
}

/// Connections to a site for the way back.
final class ReturnSite: Sendable {
    let settings: FTPSettings
    let pool: ConnectionPool
    let listing: FolderListing
    let base: RemotePath
    /// How names are written there.
    let encoding: NameEncoding
    let features: ServerFeatures
    private let names: [[UInt8]]

    /// Connects, and looks at the folder. Throws `.notFound` when it is not there.
    static func open(_ settings: FTPSettings, _ watch: ReturnWatch) throws(HikaeError) -> ReturnSite {
        var access = try FTPAccess(settings, watch.cancellation)
        access.keepsToTLS12 = settings.security != .none
        do throws(HikaeError) {
            return try ReturnSite(access, watch)
        } catch {
            // A server may speak nothing older.
            guard access.keepsToTLS12, error.code == .unreachable, access.handshakes.hasFailed else { throw error }
            access.keepsToTLS12 = false
            return try ReturnSite(access, watch)
        }
    }

    private init(_ access: FTPAccess, _ watch: ReturnWatch) throws(HikaeError) {
        let settings = access.settings
        let pool = ConnectionPool(access, report: watch.report)
        let listing = FolderListing(now: SystemClock().now())
        do throws(HikaeError) {
            (base, features, names) = try pool.attempt(.first) { connection, _ throws(HikaeError) in
                let base = connection.base(of: settings.path, settings.encoding)
                let found = try listing.list(connection, base)
                return (base, connection.features, found.entries.map { $0.name })
            }
        } catch {
            pool.close()
            throw error
        }
        encoding = settings.encoding.fixed ?? NameDetection.encoding(of: names) ?? .utf8
        (self.settings, self.pool, self.listing) = (settings, pool, listing)
    }

    func close() { pool.close() }

    /// Who answers, once it was seen that something can be written and taken away again.
    func identify() throws(HikaeError) -> ServiceIdentity {
        // A name that nobody has.
        let name = Array(".hikae-probe-\(String(UInt64.random(in: 0 ... .max), radix: 36))".utf8)
        let isRemoved = try pool.attempt(.first) { connection, _ throws(HikaeError) in
            try connection.beginUpload(base, name, appends: false)
            try connection.finishUpload(base.appending(name).display)
            return try connection.commands([Array("DELE ".utf8) + base.appending(name).bytes])[0].isDone
        }
        var notes: [String] = []
        if !isRemoved { notes.append("nothing can be deleted there: \(base.appending(name).display) stays") }
        if !features.setsModifyTime { notes.append("no MFMT: files may bear the time of their restore") }
        if settings.security == .none { notes.append("no TLS: password and files travel in the clear") }
        return ServiceIdentity(software: features.software.isEmpty ? "FTP server" : features.software, notes: notes)
    }

    /// A name as it goes over the wire. Throws `.unsupported` for one that the site cannot bear.
    func wire(_ name: [UInt8], _ shown: String) throws(HikaeError) -> [UInt8] {
        try Self.wire(name, shown, encoding, host: settings.host, software: features.software)
    }

    static func wire(_ name: [UInt8], _ shown: String, _ encoding: NameEncoding, host: String, software: String)
        throws(HikaeError) -> [UInt8]
    {
        // A name that is no UTF-8 stands as the server had it that it came from.
        let wire = NameEncoding.isUTF8(name) ? encoding.encode(name) : name
        guard let wire, ListedEntry.isAllowed(wire) else {
            throw HikaeError(
                .unsupported, "\(shown) has a name that cannot be written in the encoding of \(host): it is left out")
        }
        // What is a name elsewhere leads out of the folder there.
        let isWindows = software.lowercased().contains("windows")
        // The second byte of a character of Shift_JIS may look like one of these, and is none: the name is judged.
        guard !isWindows || !name.contains(where: { $0 == 0x5C || $0 == 0x3A }) else {
            throw HikaeError(
                .unsupported, "\(shown) has a name that is a path at \(host), which runs Windows: it is left out")
        }
        return wire
    }

    /// What is in a folder, by the names on the wire; nil when there is no such folder.
    func entries(_ path: RemotePath) throws(HikaeError) -> [[UInt8]: ListedEntry]? {
        do throws(HikaeError) {
            let found = try pool.attempt { connection, _ throws(HikaeError) in try listing.list(connection, path) }
            return Dictionary(found.entries.map { ($0.name, $0) }) { first, _ in first }
        } catch  where error.code == .notFound {
            return nil
        }
    }

    /// Whether a listed time is the node's, as far as listings tell.
    func agrees(_ node: Node, _ entry: ListedEntry) -> Bool {
        guard let time = entry.time else { return false }
        var exact = node.mtime
        // Times go over the wire in whole seconds.
        exact.nanoseconds = time.precision == .second ? time.instant.nanoseconds : 0
        return listing.agrees(exact, time)
    }

    /// Whether a file holds what the node says, read back and compared. The sizes are equal.
    func holds(_ folder: RemotePath, _ name: [UInt8], _ node: Node, _ content: SnapshotContent, _ shown: String)
        throws(HikaeError) -> Bool
    {
        let transfer = Transfer(
            pool, folder, name, size: node.size, listed: nil, shown: shown, asksTime: false)
        defer { transfer.stop() }
        var buffer: [UInt8] = []
        var isEqual = true
        try content.read(node) { bytes throws(HikaeError) in
            var rest = bytes
            while isEqual, !rest.isEmpty {
                if buffer.count < rest.count { buffer = [UInt8](repeating: 0, count: rest.count) }
                let count = try transfer.read(to: &buffer, limit: rest.count)
                isEqual = count > 0 && buffer.withUnsafeBytes { $0[..<count].elementsEqual(rest[..<count]) }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
        guard isEqual else { return false }
        var one: [UInt8] = [0]
        return try transfer.read(to: &one, limit: 1) == 0
    }
}

extension Transfer {
    /// Reads into the start of `buffer`, at most `limit` bytes.
    fileprivate func read(to buffer: inout [UInt8], limit: Int) throws(HikaeError) -> Int {
        try buffer.withUnsafeMutableBufferPointer { (all) throws(HikaeError) -> Int in
            try read(into: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: all[..<limit])))
        }
    }
}
