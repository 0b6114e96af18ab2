// One control connection, driven by libcurl: requests one after the other, each on the thread that asks.

import CCurl
import HikaeCore

/// A connection to the server, made when first needed and made again when it was lost.
///
/// `@unchecked Sendable` is sound because the pool gives a connection to one thread at a time, and handing over goes
/// through the pool's lock.
final class FTPConnection: @unchecked Sendable {
    /// What moves the data of the request in progress. Called on the thread that drives it.
    enum Flow {
        case nothing
        /// Received bytes go to a listing.
        case listing((UnsafeRawBufferPointer) throws(HikaeError) -> Void)
        /// Received bytes wait to be read.
        case download
        /// Bytes to send are handed over piece by piece.
        case upload
    }

    let access: FTPAccess
    let judge: CertificateJudge?
    let easy: UnsafeMutableRawPointer
    let multi: UnsafeMutableRawPointer

    /// Replies to the request in progress, or to the last.
    var replies = ReplyReader()
    var flow = Flow.nothing
    /// What a callback ran into.
    var failure: HikaeError?
    /// The request's result once it has ended.
    var result: CURLcode?
    private var isAdded = false
    /// Whether the request in progress began with a new connection.
    private(set) var isFresh = false
    /// Whether the commands that begin a connection are still to be said.
    private(set) var needsOpening = true
    /// What was found out at the first opening.
    var features = ServerFeatures()
    var knowsFeatures = false
    /// Where the login lands, from the server's root.
    var landing = RemotePath([])

    /// Where received bytes go, and how many have gone there.
    var target = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    var filled = 0
    /// Received bytes that did not fit.
    var spill: [UInt8] = []
    /// Bytes to send, and whether they are the last.
    var outgoing = UnsafeRawBufferPointer(start: nil, count: 0)
    var isLast = false
    var isPaused = false

    /// Makes the handles; connects to nothing yet.
    init(_ access: FTPAccess) throws(HikaeError) {
        self.access = access
        judge = access.settings.security == .none ? nil : try CertificateJudge(access.settings.certificate)
        guard Self.isReady, let easy = curl_easy_init(), let multi = curl_multi_init() else {
            throw HikaeError(.unsupported, "libcurl cannot be used on this system")
        }
        (self.easy, self.multi) = (easy, multi)
        hikae_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 2)
        try configure()
    }

    /// libcurl, made ready once a process.
    private static let isReady = curl_global_init(3) == CURLE_OK

    deinit {
        if isAdded { curl_multi_remove_handle(multi, easy) }
        curl_easy_cleanup(easy)
        curl_multi_cleanup(multi)
    }

    func set(_ option: CURLoption, _ value: Int) { hikae_curl_set_long(easy, option, value) }

    func set(_ option: CURLoption, _ text: String) {
        text.withCString { _ = hikae_curl_set_pointer(easy, option, $0) }
    }

    // MARK: one request

    /// Begins a request. Nothing moves until it is driven.
    func begin(_ address: String, _ flow: Flow) throws(HikaeError) {
        try access.cancellation.check()
        abandon()
        set(CURLOPT_URL, access.base + address)
        self.flow = flow
        replies = ReplyReader()
        (failure, result, isFresh, isPaused, isLast, filled) = (nil, nil, false, false, false, 0)
        spill.removeAll(keepingCapacity: true)
        guard curl_multi_add_handle(multi, easy) == CURLM_OK else {
            throw HikaeError(.unreachable, "libcurl cannot begin a request to \(access.settings.host)")
        }
        isAdded = true
    }

    /// Drives the request until it has ended or `condition` holds.
    func drive(until condition: () -> Bool) throws(HikaeError) {
        while result == nil {
            var running: CInt = 0
            let code = curl_multi_perform(multi, &running)
            var left: CInt = 0
            while let message = curl_multi_info_read(multi, &left) {
                if message.pointee.msg == CURLMSG_DONE { result = message.pointee.data.result }
            }
            if code != CURLM_OK, result == nil { result = CURLE_FAILED_INIT }
            if result != nil { end() }
            if result != nil || condition() { return }
            curl_multi_poll(multi, nil, 0, 500, nil)
            try access.cancellation.check()
        }
    }

    /// Drives the request to its end.
    func drive() throws(HikaeError) { try drive { false } }

    /// Takes the ended request off. A connection in order stays for the next one.
    private func end() {
        if isAdded { curl_multi_remove_handle(multi, easy) }
        isAdded = false
        flow = .nothing
        if isFresh { needsOpening = true }
    }

    /// Ends a request that is not wanted any more; its connection is closed.
    func abandon() {
        guard isAdded else { return }
        end()
        needsOpening = true
    }

    /// The commands that begin a connection were said.
    func hasOpened() { needsOpening = false }

    /// The first reply of a request is the greeting only when the connection is new.
    fileprivate func noteReply() {
        if replies.replies.count == 1, replies.replies[0].code == 220 { isFresh = true }
    }
}

// MARK: what libcurl calls

/// The connection behind a callback's data.
private func connection(_ data: UnsafeMutableRawPointer?) -> FTPConnection? {
    data.map { Unmanaged<FTPConnection>.fromOpaque($0).takeUnretainedValue() }
}

/// libcurl's CURL_WRITEFUNC_PAUSE and CURL_READFUNC_PAUSE.
private let pause = 0x1000_0001

extension FTPConnection {
    /// Sets what stays the same from request to request.
    private func configure() throws(HikaeError) {
        let me = Unmanaged.passUnretained(self).toOpaque()
        set(CURLOPT_NOSIGNAL, 1)
        hikae_curl_keep_sockets(easy)
        set(CURLOPT_PROTOCOLS_STR, "ftp,ftps")
        // No proxy from the environment may see the password.
        set(CURLOPT_PROXY, "")
        set(CURLOPT_USERNAME, access.user.text)
        set(CURLOPT_PASSWORD, access.password.text)
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_CONNECTTIMEOUT, min(30, access.settings.patience))
        set(CURLOPT_SERVER_RESPONSE_TIMEOUT, access.settings.patience)
        set(CURLOPT_LOW_SPEED_LIMIT, 1)
        set(CURLOPT_LOW_SPEED_TIME, access.settings.patience)
        set(CURLOPT_TCP_KEEPALIVE, 1)
        set(CURLOPT_BUFFERSIZE, 128 << 10)
        set(CURLOPT_UPLOAD_BUFFERSIZE, 128 << 10)
        // Each transfer has a port of its own, and with it an entry among the names that libcurl remembers; before each
        // transfer all of them are looked through. A large site would be read in the square of its files.
        set(CURLOPT_DNS_CACHE_TIMEOUT, 0)
        // Data comes from where the control connection goes, whatever address PASV names.
        set(CURLOPT_FTP_SKIP_PASV_IP, 1)
        // Sizes are in the listing: asking again would cost a round trip a file.
        set(CURLOPT_IGNORE_CONTENT_LENGTH, 1)
        set(CURLOPT_NOPROGRESS, 0)
        hikae_curl_set_progress(easy) { data, _, _, _, _ in
            connection(data)?.access.cancellation.isCancelled == true ? 1 : 0
        }
        hikae_curl_set_pointer(easy, CURLOPT_XFERINFODATA, me)
        hikae_curl_set_callback(easy, CURLOPT_HEADERFUNCTION) { bytes, _, count, data in
            guard let bytes, let connection = connection(data) else { return 0 }
            return connection.hear(UnsafeRawBufferPointer(start: bytes, count: count)) ? count : 0
        }
        hikae_curl_set_pointer(easy, CURLOPT_HEADERDATA, me)
        hikae_curl_set_callback(easy, CURLOPT_WRITEFUNCTION) { bytes, _, count, data in
            guard let bytes, let connection = connection(data) else { return 0 }
            return connection.receive(UnsafeRawBufferPointer(start: bytes, count: count))
        }
        hikae_curl_set_pointer(easy, CURLOPT_WRITEDATA, me)
        hikae_curl_set_callback(easy, CURLOPT_READFUNCTION) { bytes, size, count, data in
            guard let bytes, let connection = connection(data) else { return 0x1000_0000 }
            return connection.send(UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
        }
        hikae_curl_set_pointer(easy, CURLOPT_READDATA, me)
        if let judge { try configure(judge) }
    }

    private func configure(_ judge: CertificateJudge) throws(HikaeError) {
        set(CURLOPT_USE_SSL, Int(CURLUSESSL_ALL.rawValue))
        // TLS 1.2 or newer; or that one alone.
        set(CURLOPT_SSLVERSION, access.keepsToTLS12 ? 6 | 6 << 16 : 6)
        set(CURLOPT_SSL_VERIFYPEER, 1)
        // A pinned certificate may bear any name.
        set(CURLOPT_SSL_VERIFYHOST, judge.isPinned ? 0 : 2)
        if let file = access.settings.certificate.certificateAuthority {
            set(CURLOPT_CAINFO, file)
            hikae_curl_set_pointer(easy, CURLOPT_CAPATH, nil)
        }
        guard judge.install(in: easy) == CURLE_OK else {
            throw HikaeError(.unsupported, "this system's libcurl does not let certificates be judged")
        }
    }

    /// A line on the control connection.
    private func hear(_ line: UnsafeRawBufferPointer) -> Bool {
        guard replies.take(line) else {
            failure = HikaeError(
                .protocolViolation,
                "the server at \(access.settings.host) does not stop talking: "
                    + "more than \(ReplyReader.lineLimit) lines in one answer")
            return false
        }
        noteReply()
        return true
    }

    /// Bytes on the data connection.
    private func receive(_ bytes: UnsafeRawBufferPointer) -> Int {
        switch flow {
        case .nothing: return bytes.count
        case .upload: return 0
        case .listing(let take):
            do throws(HikaeError) {
                try take(bytes)
                return bytes.count
            } catch {
                failure = error
                return 0
            }
        case .download:
            let room = target.count - filled
            guard room > 0 else {
                isPaused = true
                return pause
            }
            let part = min(room, bytes.count)
            UnsafeMutableRawBufferPointer(rebasing: target[filled...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<part]))
            filled += part
            if part < bytes.count { spill.append(contentsOf: bytes[part...]) }
            return bytes.count
        }
    }

    /// Bytes wanted for the data connection.
    private func send(_ room: UnsafeMutableRawBufferPointer) -> Int {
        let part = min(room.count, outgoing.count)
        guard part > 0 else {
            if isLast { return 0 }
            isPaused = true
            return pause
        }
        room.copyMemory(from: UnsafeRawBufferPointer(rebasing: outgoing[..<part]))
        outgoing = UnsafeRawBufferPointer(rebasing: outgoing[part...])
        return part
    }
}
