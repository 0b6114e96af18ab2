// One file's way down: begun, read, resumed where it broke, and its length checked at the end.

import CCurl
import HikaeCore

/// A file being fetched. Used by one thread at a time.
final class Transfer {
    private let pool: ConnectionPool
    private let folder: RemotePath
    private let name: [UInt8]
    /// As it was listed.
    private let size: UInt64
    private let listed: Timestamp?
    private let shown: String
    private let asksTime: Bool
    private let ticket: Int
    private var isRunning = false
    private var failures = 0
    private var breaks = 0
    /// What had been received when the transfer broke last.
    private var lastBreak: UInt64 = 0
    private var hasEnded = false
    /// Bytes handed out.
    private(set) var received: UInt64 = 0
    /// The file's exact time, where it was asked for and told.
    private(set) var time: Timestamp?

    /// - Parameter listed: the time that the listing told to the second; nil when it told none.
    init(
        _ pool: ConnectionPool, _ folder: RemotePath, _ name: [UInt8], size: UInt64, listed: Timestamp?, shown: String,
        asksTime: Bool
    ) {
        (self.pool, self.folder, self.name, self.size, self.listed) = (pool, folder, name, size, listed)
        (self.shown, self.asksTime) = (shown, asksTime)
        ticket = pool.ticket()
    }

    /// The file whole, or nil when it has become longer than `limit`.
    func whole(limit: Int) throws(HikaeError) -> [UInt8]? {
        var bytes: [UInt8] = []
        let expected = Int(size)
        return try pool.attempt { connection, progressed throws(HikaeError) in
            let before = bytes.count
            defer { progressed = bytes.count > before }
            connection.askTime(asksTime)
            try connection.beginDownload(folder, name, from: UInt64(before))
            var isTooLong = false
            while true {
                // One byte more than expected shows the end without a second buffer.
                let room = max(expected + 1 - bytes.count, 64 << 10)
                let start = bytes.count
                bytes.append(contentsOf: repeatElement(0, count: room))
                let count: Int
                do throws(HikaeError) {
                    count = try connection.read(appendingTo: &bytes, from: start, shown)
                } catch {
                    bytes.removeLast(room)
                    if before > 0, connection.hasRefusedResume { bytes = [] }
                    throw error
                }
                bytes.removeLast(room - count)
                if count == 0 { break }
                if bytes.count > limit {
                    isTooLong = true
                    break
                }
            }
            if isTooLong {
                connection.abandon()
                return nil
            }
            noteTime(connection)
            try check(UInt64(bytes.count), connection, wasResumed: before > 0)
            return bytes
        }
    }

    // MARK: as it is read

    /// Asks for the exact time where the listing has none; nothing is fetched yet.
    func start() throws(HikaeError) {
        guard asksTime else { return }
        let path = folder.appending(name)
        time = try pool.attempt { connection, _ throws(HikaeError) in try connection.ask(path).time }
    }

    /// Reads the next bytes; 0 at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(HikaeError) -> Int {
        guard !hasEnded, received < size else { return 0 }
        let buffer = UnsafeMutableRawBufferPointer(
            rebasing: buffer[..<min(buffer.count, Int(clamping: size - received))])
        while true {
            do throws(HikaeError) {
                let connection = try resume()
                do throws(HikaeError) {
                    let count = try connection.read(into: buffer, shown)
                    let total = received + UInt64(count)
                    if count == 0 || total >= size {
                        isRunning = false
                        if count == 0 { try check(received, connection, wasResumed: breaks > 0) }
                        // Who reads may ask for no more than was listed: the end is looked at before the last bytes go.
                        if count > 0 { try finish(connection, total) }
                        // Not before: what is not handed out because this failed must be fetched again.
                        received = total
                        hasEnded = true
                        pool.give(connection)
                        return count
                    }
                    received = total
                    pool.park(connection, ticket)
                    return count
                } catch {
                    isRunning = false
                    connection.abandon()
                    if received > 0, connection.hasRefusedResume {
                        pool.give(connection)
                        throw HikaeError(
                            .incomplete,
                            "the transfer of \(shown) broke, and the server cannot go on in the middle of"
                                + " a file")
                    }
                    pool.give(connection)
                    throw error
                }
            } catch {
                // A server that gives a few bytes each time must not be asked for ever.
                failures = received - lastBreak >= 64 << 10 ? 1 : failures + 1
                lastBreak = received
                breaks += 1
                guard error.isRetryable, failures < ConnectionPool.patience, breaks < 200 else { throw error }
                try pool.pause(Double(1 << failures) * 0.05)
            }
        }
    }

    /// All that was listed is there. What a file has gained since belongs to the next capture.
    private func finish(_ connection: FTPConnection, _ total: UInt64) throws(HikaeError) {
        var more: [UInt8] = [0]
        let hasMore = (try? connection.read(appendingTo: &more, from: 0, shown)) == 1
        if hasMore || connection.result == nil { connection.abandon() }
        try connection.access.cancellation.check()
        if breaks > 0 { try check(total, connection, wasResumed: true) }
    }

    /// Gives the connection back when nobody reads on.
    func stop() {
        guard isRunning, let connection = pool.unpark(ticket) else { return }
        isRunning = false
        connection.abandon()
        pool.give(connection)
    }

    /// The connection with the transfer in progress; begun anew where it was when somebody else took it.
    private func resume() throws(HikaeError) -> FTPConnection {
        if isRunning, let connection = pool.unpark(ticket) { return connection }
        isRunning = false
        let connection = try pool.take(.usual)
        do throws(HikaeError) {
            connection.askTime(false)
            try connection.beginDownload(folder, name, from: received)
        } catch {
            pool.give(connection)
            throw error
        }
        isRunning = true
        return connection
    }

    // MARK: the end

    private func noteTime(_ connection: FTPConnection) {
        guard asksTime, let told = connection.timeTold else { return }
        time = told
    }

    /// A file must have the length that was listed, or the one that the server tells now.
    private func check(_ count: UInt64, _ connection: FTPConnection, wasResumed: Bool) throws(HikaeError) {
        guard count != size || wasResumed else { return }
        let now = try connection.ask(folder.appending(name))
        if wasResumed {
            // Two parts of two different files would be worse than none.
            let known = listed ?? time
            if let known, let told = now.time, known.seconds != told.seconds {
                throw HikaeError(.incomplete, "\(shown) was changed while it was read, after its transfer had broken")
            }
            if count == size { return }
        } else if now.size == count {
            time = now.time ?? time
            return
        }
        throw HikaeError(
            .incomplete,
            "\(shown) ended after \(count) bytes; the listing says \(size)"
                + (now.size.map { ", the server now says \($0)" } ?? ""), isRetryable: (now.size ?? size) > count)
    }
}

extension FTPConnection {
    /// Reads into the end of `bytes`, from `start` on.
    fileprivate func read(appendingTo bytes: inout [UInt8], from start: Int, _ path: String) throws(HikaeError) -> Int {
        try bytes.withUnsafeMutableBufferPointer { (all) throws(HikaeError) -> Int in
            try read(into: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: all[start...])), path)
        }
    }

    /// Whether the next download asks for the file's time first.
    func askTime(_ asks: Bool) { set(CURLOPT_FILETIME, asks ? 1 : 0) }

    /// The time that the last download was told.
    var timeTold: Timestamp? {
        var seconds: curl_off_t = -1
        hikae_curl_get_offset(easy, CURLINFO_FILETIME_T, &seconds)
        return seconds >= 0 ? Timestamp(seconds: Int64(seconds)) : nil
    }

    /// Whether the server will not begin in the middle of a file.
    var hasRefusedResume: Bool {
        result == CURLE_FTP_COULDNT_USE_REST || result == CURLE_RANGE_ERROR || result == CURLE_BAD_DOWNLOAD_RESUME
    }
}
