// A repository behind restic's REST protocol: rest-server, Hikae's own vault server, rclone. Makes every request once;
// RetryingStore repeats what may succeed. A server that only takes new data in is no obstacle: what is there already and
// is the same has been saved.

public import HikaeCore
package import HikaeHTTP
public import HikaeStore
import Synchronization

/// A repository on a REST server.
public final class RESTStore: ObjectStore {
    public let location: String
    public let traits: StoreTraits
    let link: any RESTLink
    private let state = Mutex(State())

    private struct State {
        /// When a config was last seen here; nil: never.
        var seen: Double?
        /// This object laid the repository out, and nothing says yet that there is one.
        var isBegun = false
        /// Whether the server keeps what lies beside restic's files; nil: not asked yet.
        var keepsExtras: Bool?
    }

    /// Requests in flight unless the options say otherwise.
    static let usualConnections = 12
    /// Seconds for which a config that was seen answers for the repository's being there.
    private static let sightSeconds = 5.0

    /// The store at `location`. Asks for the password; opens no connection yet.
    public convenience init(_ location: RESTLocation, _ options: RemoteOptions) throws(HikaeError) {
        try self.init(location, options, patience: Patience())
    }

    /// - Parameter patience: how long the server may keep us waiting.
    package convenience init(_ location: RESTLocation, _ options: RemoteOptions, patience: Patience)
        throws(HikaeError)
    {
        let connections = options.connections > 0 ? options.connections : Self.usualConnections
        // Three more than for data: for trees, for the count of what is to come, for the renewal of locks.
        let transport = try HTTPTransport(
            host: location.host, port: location.port, place: location.origin,
            trust: ServerTrust(settings: options.trust), connections: connections + 3, patience: patience,
            cancellation: options.cancellation)
        var authorization: Secret?
        if let user = location.user ?? options.user {
            let password: Secret? =
                if let own = location.password { own } else if let provider = options.password { try provider() } else {
                    nil
                }
            authorization = BasicAuthorization.header(user, password ?? Secret(""))
        }
        let link = HTTPLink(
            transport: transport, base: location.origin + location.path, authorization: authorization)
        self.init(link, location: location.shown, connections: connections)
    }

    /// - Parameters:
    ///   - location: for people: no password in it.
    ///   - connections: requests worth having under way at once.
    package init(_ link: any RESTLink, location: String, connections: Int) {
        (self.link, self.location) = (link, location)
        traits = StoreTraits(isRemote: true, wantedConcurrency: connections)
    }

    deinit { link.close() }

    // MARK: Laying out

    /// Lays out an empty repository.
    public func create() throws(HikaeError) {
        if try hasConfig() { throw there() }
        var request = RESTRequest("POST", "")
        request.query = "?create=true"
        let answer = try send(request)
        // Who laid it out before, or lets nobody but an administrator, answers otherwise; the config will tell.
        guard answer.head.isSuccess || answer.head.status == 405 else {
            throw RESTWire.error(answer.head, "make a repository", location)
        }
        state.withLock { $0.isBegun = true }
    }

    private func there() -> HikaeError {
        HikaeError(
            .repositoryExists, "there is a repository at \(location) already",
            hint: "Use it as it is, or choose another path.")
    }

    private func gone() -> HikaeError {
        HikaeError(
            .noRepository, "there is no repository at \(location)",
            hint: "Check the address, and that the server's disk is attached. `hikae init` makes a new repository.")
    }

    private func noteSeen() { state.withLock { $0.seen = MonotonicTime.seconds() } }

    private func hasConfig() throws(HikaeError) -> Bool {
        let answer = try send(RESTRequest("HEAD", "config"))
        if answer.head.isSuccess {
            noteSeen()
            return true
        }
        guard answer.head.status == 404 else { throw RESTWire.error(answer.head, "look for a repository", location) }
        return false
    }

    /// Throws `.noRepository` unless there is one, or was a moment ago, or this object began one.
    private func confirm() throws(HikaeError) {
        let isKnown = state.withLock { state in
            state.isBegun || state.seen.map { MonotonicTime.seconds() - $0 < Self.sightSeconds } ?? false
        }
        if isKnown { return }
        guard try hasConfig() else { throw gone() }
    }

    /// The error for a file that is not there: the file's, or the whole repository's.
    private func missing(_ file: StoredFile) throws(HikaeError) -> HikaeError {
        if file == .config, !state.withLock({ $0.isBegun }) { throw gone() }
        try confirm()
        return HikaeError(.notFound, "there is no \(file) in \(location)")
    }

    // MARK: Files

    /// Stores a file, whole or not at all.
    public func save(_ file: StoredFile, _ content: UnsafeRawBufferPointer) throws(HikaeError) {
        try checkExtra(file.kind)
        if file == .config {
            if try hasConfig() { throw there() }
        } else if !state.withLock({ $0.seen != nil || $0.isBegun }) {
            try confirm()
        }
        var request = RESTRequest("POST", RESTWire.path(file))
        request.headers = [WireField("Content-Type", "application/octet-stream")]
        request.body = Array(content)
        let answer = try send(request)
        if answer.head.isSuccess {
            if file == .config { noteSeen() }
            return
        }
        switch answer.head.status {
        case 403, 409:
            if file == .config, try hasConfig() { throw there() }
            try accept(file, content, instead: RESTWire.error(answer.head, "save \(file)", location))
        case 400, 422:
            // The body was not what its name says when it arrived.
            throw HikaeError(
                .inputOutput, "\(location) did not receive \(file) as it was sent", isRetryable: true)
        case 404: throw gone()
        default: throw RESTWire.error(answer.head, "save \(file)", location)
        }
    }

    /// Whether a file that may not be replaced is there with these very bytes. If it is there with others it is removed
    /// and saved anew, where the server allows that.
    private func accept(_ file: StoredFile, _ content: UnsafeRawBufferPointer, instead refusal: HikaeError)
        throws(HikaeError)
    {
        let stored: [UInt8]
        do throws(HikaeError) {
            stored = try load(file)
        } catch {
            throw error.code == .notFound ? refusal : error
        }
        if stored.elementsEqual(content) { return }
        do throws(HikaeError) {
            try remove(file)
        } catch {
            guard error.code == .refused else { throw error }
            throw HikaeError(
                .damaged, "\(file) at \(location) is damaged, and the server does not let it be replaced",
                hint: "Remove or mend the file on the server itself.")
        }
        var request = RESTRequest("POST", RESTWire.path(file))
        request.headers = [WireField("Content-Type", "application/octet-stream")]
        request.body = Array(content)
        let answer = try send(request)
        guard answer.head.isSuccess else { throw RESTWire.error(answer.head, "save \(file)", location) }
    }

    /// The bytes of a file, or of a range of it.
    public func load(_ file: StoredFile, range: Range<UInt64>?) throws(HikaeError) -> [UInt8] {
        guard let range else {
            try checkExtra(file.kind)
            let answer = try send(RESTRequest("GET", RESTWire.path(file)), limit: RESTWire.largestFile)
            try check(answer, file)
            if file == .config { noteSeen() }
            return answer.body
        }
        guard range.count <= RESTWire.largestFile else {
            throw HikaeError(.limit, "\(range.count) bytes of \(file) are more than can be loaded at once")
        }
        var bytes = [UInt8](repeating: 0, count: range.count)
        try bytes.withMutableBytes { buffer throws(HikaeError) in
            try read(file, at: range.lowerBound, into: buffer)
        }
        return bytes
    }

    /// Fills a buffer from a file.
    public func read(
        _ file: StoredFile, at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer
    ) throws(HikaeError) {
        try checkExtra(file.kind)
        let end = offset + UInt64(buffer.count)
        guard !buffer.isEmpty else {
            let size = try size(file)
            guard offset <= size else { throw shorter(file, size, than: offset) }
            return
        }
        var request = RESTRequest("GET", RESTWire.path(file))
        request.headers = [RESTWire.range(offset..<end)]
        let answer = try send(request, limit: RESTWire.largestFile, into: buffer)
        switch answer.head.status {
        case 206:
            let part = RESTWire.contentRange(answer.head)
            guard answer.count <= buffer.count, part.map({ $0.lowerBound == offset }) ?? true else {
                throw HikaeError(
                    .protocolViolation, "\(location) was asked for some bytes of \(file) and sent others")
            }
            guard answer.count == buffer.count else {
                // Fewer than the answer itself speaks of were lost on the way; else the file has no more.
                if let part, answer.count < part.count {
                    throw HikaeError(
                        .unreachable, "\(file) from \(location) ended after \(answer.count) of \(part.count) bytes",
                        isRetryable: true)
                }
                throw shorter(file, offset + UInt64(answer.count), than: end)
            }
        case 200:
            // A server that knows no ranges sends everything.
            guard UInt64(answer.body.count) >= end else { throw shorter(file, UInt64(answer.body.count), than: end) }
            buffer.copyBytes(from: answer.body[Int(offset)..<Int(end)])
        case 416: throw shorter(file, try size(file), than: end)
        default: try check(answer, file)
        }
    }

    private func shorter(_ file: StoredFile, _ size: UInt64, than expected: UInt64) -> HikaeError {
        HikaeError(
            .damaged, "\(file) in \(location) is damaged: it has \(size) bytes where \(expected) are expected")
    }

    /// The length of a file in bytes.
    public func size(_ file: StoredFile) throws(HikaeError) -> UInt64 {
        try checkExtra(file.kind)
        let answer = try send(RESTRequest("HEAD", RESTWire.path(file)))
        try check(answer, file)
        guard let size = answer.head.contentLength else {
            throw HikaeError(.protocolViolation, "\(location) does not tell the size of \(file)")
        }
        return size
    }

    /// Removes a file.
    public func remove(_ file: StoredFile) throws(HikaeError) {
        try checkExtra(file.kind)
        let answer = try send(RESTRequest("DELETE", RESTWire.path(file)))
        if answer.head.isSuccess {
            // Many servers answer the same whether or not there was anything: rclone is one.
            return
        }
        guard answer.head.status != 404 else { throw try missing(file) }
        throw RESTWire.error(answer.head, "remove \(file)", location)
    }

    /// Nothing to do: what a server has acknowledged is kept.
    public func flush() throws(HikaeError) {}

    // MARK: Listing

    /// All files of a kind.
    public func list(_ kind: FileKind) throws(HikaeError) -> [StoredFileInfo] {
        guard kind != .config else { return [] }
        try checkExtra(kind)
        var request = RESTRequest("GET", RESTWire.path(kind))
        request.headers = [WireField("Accept", RESTWire.version2)]
        let answer = try send(request, limit: RESTWire.largestListing)
        guard answer.head.isSuccess else {
            guard answer.head.status == 404 else {
                throw RESTWire.error(answer.head, "list the \(kind.rawValue)s", location)
            }
            try confirm()
            return []
        }
        let files = try RESTWire.listing(answer.body)
        // An empty answer may come from a place where nothing is at all.
        guard !files.files.isEmpty else {
            // No locks are what a repository has most of the time: not worth another question.
            if kind == .lock, state.withLock({ $0.seen != nil }) { return [] }
            try confirm()
            return []
        }
        let known = files.files.compactMap { id, size in size.map { StoredFileInfo(id: id, size: $0) } }
        // Version 1 of the protocol has names only.
        return try known + sized(files.files.filter { $0.size == nil }.map { StoredFile(kind, $0.id) })
    }

    /// Files with their sizes, each asked for; those that have gone meanwhile are left out.
    private func sized(_ files: [StoredFile]) throws(HikaeError) -> [StoredFileInfo] {
        guard !files.isEmpty else { return [] }
        let found = Mutex<[StoredFileInfo]>([])
        let next = Atomic<Int>(0)
        let failure = FirstError()
        runThreads(min(max(1, traits.wantedConcurrency), files.count)) { [self] _ in
            while failure.value == nil {
                let number = next.add(1, ordering: .relaxed).oldValue
                guard number < files.count, let id = files[number].id else { return }
                do throws(HikaeError) {
                    let info = StoredFileInfo(id: id, size: try size(files[number]))
                    found.withLock { $0.append(info) }
                } catch { if error.code != .notFound { failure.set(error) } }
            }
        }
        try failure.check()
        return found.withLock { $0 }
    }

    // MARK: Asking

    /// Throws `.unsupported` for what lies beside restic's files, unless the server keeps that.
    private func checkExtra(_ kind: FileKind) throws(HikaeError) {
        guard kind.isExtra else { return }
        var keeps = state.withLock { $0.keepsExtras }
        if keeps == nil {
            let answer = try send(RESTRequest("GET", RESTWire.path(kind)), limit: RESTWire.largestListing)
            if answer.head.status >= 500 || answer.head.status == 401 || answer.head.status == 429 {
                throw RESTWire.error(answer.head, "ask for \(kind.rawValue)", location)
            }
            keeps = answer.head.isSuccess && answer.head["content-type"] == RESTWire.version2
            state.withLock { $0.keepsExtras = keeps }
        }
        guard keeps == true else {
            throw HikaeError(.unsupported, "the server at \(location) keeps restic's files only, no \(kind.rawValue)")
        }
    }

    private func check(_ answer: RESTAnswer, _ file: StoredFile) throws(HikaeError) {
        if answer.head.isSuccess { return }
        guard answer.head.status != 404 else { throw try missing(file) }
        throw RESTWire.error(answer.head, "read \(file)", location)
    }

    private func send(
        _ request: RESTRequest, limit: Int = RESTWire.largestAnswer, into buffer: UnsafeMutableRawBufferPointer? = nil
    ) throws(HikaeError) -> RESTAnswer {
        var request = request
        if !request.headers.contains(where: { $0.name == "Accept" }) {
            request.headers.append(WireField("Accept", RESTWire.version2))
        }
        return try link.exchange(request, limit: limit, into: buffer)
    }
}
