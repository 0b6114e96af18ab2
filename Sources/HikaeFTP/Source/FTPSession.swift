// One reading of a site: its connections, its folders on their way, and what was counted.

import CCurl
import HikaeCore
import HikaeFormat
import HikaeSource
import Synchronization

/// One capture of one site.
final class FTPSession: CaptureSession {
    /// Folders in folders: what is deeper is a link that leads in circles, or malice.
    static let depthLimit = 100

    let pool: ConnectionPool
    let listing: FolderListing
    let context: CaptureContext
    let filter: PathFilter
    let encoding: FTPSettings.Encoding
    let base: RemotePath
    let ahead: ListingAhead
    private let settings: FTPSettings
    private let counts = Mutex(Counts())
    private let failure = FirstError()

    private struct Counts: Sendable {
        var groups: [[UInt8]: (items: UInt64, bytes: UInt64)] = [:]
    }

    /// Connects, and finds out where the site's folder is.
    init(_ settings: FTPSettings, _ context: CaptureContext) throws(HikaeError) {
        let access = try FTPAccess(settings, context.cancellation)
        filter = try PathFilter(settings.excludes)
        pool = ConnectionPool(access, report: context.report)
        listing = FolderListing(now: SystemClock().now())
        encoding = settings.encoding
        self.settings = settings
        self.context = context
        do throws(HikaeError) {
            base = try pool.attempt(.first) { connection, _ throws(HikaeError) in
                connection.base(of: settings.path, settings.encoding)
            }
        } catch {
            pool.close()
            throw error
        }
        ahead = ListingAhead(threads: settings.connections)
    }

    var root: any SourceDirectory {
        FTPFolder(self, path: base, names: [], place: filter.root, ancestors: [], order: [])
    }

    var readers: Int { settings.connections }

    /// Who answers, and whether the site's folder can be listed.
    func identify() throws(HikaeError) -> ServiceIdentity {
        _ = try pool.attempt(.first) { connection, _ throws(HikaeError) in try listing.list(connection, base) }
        return ServiceIdentity(software: software, notes: notes)
    }

    private var software: String {
        let name = pool.features?.0.software ?? ""
        return name.isEmpty ? "FTP server" : name
    }

    private var notes: [String] {
        var notes: [String] = []
        if let manner = listing.manner, manner.form == .list {
            notes.append(
                manner.asksTime
                    ? "no MLSD: listings tell times to the minute or the day only, exact ones are asked for file by file"
                    : "no MLSD and no MDTM: times are known to the minute or the day only")
        }
        if settings.security == .none { notes.append("no TLS: password and files travel in the clear") }
        return notes
    }

    /// The capture as a whole cannot be trusted.
    func fail(_ error: HikaeError) { failure.set(error) }

    // MARK: counting

    /// A file was listed.
    func count(_ top: [UInt8], bytes: UInt64) {
        counts.withLock { counts in
            // A site with very many folders at its top is counted as one.
            let key = counts.groups[top] != nil || counts.groups.count < 1000 ? top : []
            counts.groups[key, default: (0, 0)].items += 1
            counts.groups[key, default: (0, 0)].bytes &+= bytes
        }
    }

    /// A file was another size when it was read, or could not be read at all.
    func recount(_ top: [UInt8], listed: UInt64, read: UInt64?) {
        counts.withLock { counts in
            let key = counts.groups[top] != nil ? top : []
            guard var group = counts.groups[key] else { return }
            if read == nil { group.items -= 1 }
            group.bytes = group.bytes &- listed &+ (read ?? 0)
            counts.groups[key] = group
        }
    }

    func finish() throws(HikaeError) -> CaptureFacts {
        try failure.check()
        if let loss = pool.loss { throw loss }
        let groups = counts.withLock { $0.groups }
        var facts = CaptureFacts(unit: .files)
        for (name, group) in groups {
            facts.items += group.items
            facts.bytes &+= group.bytes
            facts.groups.append(
                CaptureFacts.Group(
                    name: "/" + String(decoding: name, as: UTF8.self), items: group.items, bytes: group.bytes))
        }
        facts.groups.sort { $0.name < $1.name }
        facts.tools = [CaptureFacts.Tool(name: "server", version: software)]
        if let version = curl_version() {
            let first = String(cString: version).split(separator: " ").first ?? ""
            facts.tools.append(
                CaptureFacts.Tool(name: "libcurl", version: String(first.drop { $0 != "/" }.dropFirst())))
        }
        facts.notes = notes
        return facts
    }

    func close() {
        pool.close()
        ahead.close()
    }
}

extension FTPConnection {
    /// The folder that a setting names, from the server's root.
    func base(of path: String, _ encoding: FTPSettings.Encoding) -> RemotePath {
        let name = Array(path.utf8)
        let wire = encoding.fixed?.encode(name) ?? name
        return path.hasPrefix("/") ? RemotePath(wire) : RemotePath(landing.bytes + [0x2F] + wire)
    }
}

extension FTPSettings.Encoding {
    /// The encoding that is always meant; nil when it is told from the names.
    var fixed: NameEncoding? {
        switch self {
        case .automatic: nil
        case .utf8: .utf8
        case .shiftJIS: .shiftJIS
        case .eucJP: .eucJP
        }
    }
}
