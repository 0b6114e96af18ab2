// The requests that are made: opening, commands, a listing, a file down, a file up.

import CCurl
import HikaeCore

extension FTPConnection {
    /// Logs in when that is needed, and says what is said at the start of each connection.
    func open() throws(HikaeError) {
        guard needsOpening else { return }
        var commands: [[UInt8]] = knowsFeatures ? [] : [Array("FEAT".utf8), Array("SYST".utf8)]
        if knowsFeatures { commands = features.opening(access.settings.encoding) }
        let answers = try say(commands, ignoringRefusal: true)
        if !knowsFeatures {
            if answers.count == 2 {
                features = ServerFeatures(answers[0])
                let greeting = replies.replies.first.flatMap { $0.code == 220 ? $0.words : nil }
                let system = answers[1].isDone ? answers[1].words : ""
                features.software = [greeting ?? "", system].filter { !$0.isEmpty }.joined(separator: "; ")
            }
            var entry: UnsafeMutablePointer<CChar>?
            hikae_curl_get_string(easy, CURLINFO_FTP_ENTRY_PATH, &entry)
            if let entry { landing = RemotePath(String(cString: entry).isEmpty ? [] : Self.bytes(entry)) }
            knowsFeatures = true
            let rest = features.opening(access.settings.encoding)
            if !rest.isEmpty { _ = try say(rest, ignoringRefusal: true) }
        }
        hasOpened()
    }

    private static func bytes(_ text: UnsafeMutablePointer<CChar>) -> [UInt8] {
        var bytes: [UInt8] = []
        var next = text
        while next.pointee != 0, bytes.count < 4096 {
            bytes.append(UInt8(bitPattern: next.pointee))
            next += 1
        }
        return bytes
    }

    /// Says commands one after the other on an opened connection. Their replies, in order; those that refuse too.
    func commands(_ commands: [[UInt8]]) throws(HikaeError) -> [ServerReply] {
        try open()
        let replies = try say(commands, ignoringRefusal: true)
        guard replies.count == commands.count else {
            throw HikaeError(
                .protocolViolation,
                "the server at \(access.settings.host) answered \(replies.count) of"
                    + " \(commands.count) commands", isRetryable: true)
        }
        return replies
    }

    private func say(_ commands: [[UInt8]], ignoringRefusal: Bool) throws(HikaeError) -> [ServerReply] {
        let list = commands.reduce(nil as UnsafeMutablePointer<curl_slist>?) { list, command in
            Self.append(ignoringRefusal ? [0x2A] + command : command, to: list)
        }
        defer { curl_slist_free_all(list) }
        set(CURLOPT_NOBODY, 1)
        set(CURLOPT_FTP_FILEMETHOD, Int(CURLFTPMETHOD_NOCWD.rawValue))
        hikae_curl_set_pointer(easy, CURLOPT_QUOTE, list)
        defer {
            set(CURLOPT_NOBODY, 0)
            hikae_curl_set_pointer(easy, CURLOPT_QUOTE, nil)
        }
        // The root as a folder: libcurl says nothing of its own for it.
        try begin("//", .nothing)
        try drive()
        if let failure = requestFailure("log in") { throw failure }
        return Array(replies.replies.suffix(commands.count))
    }

    private static func append(_ command: [UInt8], to list: UnsafeMutablePointer<curl_slist>?)
        -> UnsafeMutablePointer<curl_slist>?
    {
        (command.map { CChar(bitPattern: $0) } + [0]).withUnsafeBufferPointer {
            curl_slist_append(list, $0.baseAddress)
        }
    }

    /// Lists a folder with a command, "MLSD", "LIST" or "LIST -a".
    func list(
        _ path: RemotePath, _ command: String, _ take: @escaping (UnsafeRawBufferPointer) throws(HikaeError) -> Void
    )
        throws(HikaeError)
    {
        try open()
        set(CURLOPT_FTP_FILEMETHOD, Int(CURLFTPMETHOD_SINGLECWD.rawValue))
        set(CURLOPT_CUSTOMREQUEST, command)
        defer { hikae_curl_set_pointer(easy, CURLOPT_CUSTOMREQUEST, nil) }
        try begin(path.address(nil), .listing(take))
        try drive()
        if let failure = requestFailure("list \(path.display)") { throw failure }
    }

    /// Asks for the size and the time of a file; nil for what the server does not tell.
    func ask(_ path: RemotePath) throws(HikaeError) -> (size: UInt64?, time: Timestamp?) {
        let answers = try commands(
            ["TYPE I", "SIZE ", "MDTM "].map { Array($0.utf8) + ($0.hasSuffix(" ") ? path.bytes : []) })
        let size = answers[1].code == 213 ? ListingText.size(answers[1].lines[0].filter { $0 != 0x20 }) : nil
        let time = answers[2].code == 213 ? MachineListing.time(answers[2].lines[0].filter { $0 != 0x20 }) : nil
        return (size, time?.instant)
    }

    // MARK: a file down

    /// Begins to fetch a file from a byte on.
    func beginDownload(_ folder: RemotePath, _ name: [UInt8], from offset: UInt64) throws(HikaeError) {
        try open()
        set(CURLOPT_FTP_FILEMETHOD, Int(CURLFTPMETHOD_SINGLECWD.rawValue))
        hikae_curl_set_offset(easy, CURLOPT_RESUME_FROM_LARGE, curl_off_t(offset))
        // libcurl resumes only where it asks for the size first.
        set(CURLOPT_IGNORE_CONTENT_LENGTH, offset > 0 ? 0 : 1)
        try begin(folder.address(name), .download)
    }

    /// Reads what came. 0 when the file has ended, and the server said that all was sent.
    func read(into buffer: UnsafeMutableRawBufferPointer, _ path: @autoclosure () -> String) throws(HikaeError) -> Int {
        if !spill.isEmpty {
            let part = min(spill.count, buffer.count)
            spill.withUnsafeBytes { buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<part])) }
            spill.removeFirst(part)
            return part
        }
        target = buffer
        filled = 0
        defer { target = UnsafeMutableRawBufferPointer(start: nil, count: 0) }
        if result == nil, isPaused {
            isPaused = false
            curl_easy_pause(easy, 0)
        }
        if filled == 0 { try drive { self.filled > 0 } }
        if filled > 0 { return filled }
        if let failure = requestFailure("read \(path())") { throw failure }
        return 0
    }

    // MARK: a file up

    /// Begins to send a file of that name; `appends` to what is there.
    func beginUpload(_ folder: RemotePath, _ name: [UInt8], appends: Bool) throws(HikaeError) {
        try open()
        set(CURLOPT_FTP_FILEMETHOD, Int(CURLFTPMETHOD_SINGLECWD.rawValue))
        hikae_curl_set_offset(easy, CURLOPT_RESUME_FROM_LARGE, 0)
        set(CURLOPT_APPEND, appends ? 1 : 0)
        set(CURLOPT_UPLOAD, 1)
        try begin(folder.address(name), .upload)
    }

    /// Sends bytes; returns when they are with libcurl. Throws what the server said against them.
    func write(_ bytes: UnsafeRawBufferPointer, _ path: @autoclosure () -> String) throws(HikaeError) {
        guard !bytes.isEmpty else { return }
        outgoing = bytes
        defer { outgoing = UnsafeRawBufferPointer(start: nil, count: 0) }
        resume()
        try drive { self.outgoing.isEmpty }
        if !outgoing.isEmpty {
            endUpload()
            throw requestFailure("write \(path())")
                ?? HikaeError(.unreachable, "the server ended the transfer of \(path())", isRetryable: true)
        }
    }

    /// Sends the end, and waits for the server to say that it has all.
    func finishUpload(_ path: @autoclosure () -> String) throws(HikaeError) {
        isLast = true
        resume()
        defer { endUpload() }
        try drive()
        if let failure = requestFailure("write \(path())") { throw failure }
    }

    /// Leaves upload mode, whatever became of it.
    func endUpload() {
        abandon()
        set(CURLOPT_UPLOAD, 0)
        set(CURLOPT_APPEND, 0)
    }

    private func resume() {
        guard isPaused, result == nil else { return }
        isPaused = false
        curl_easy_pause(easy, 0)
    }
}
