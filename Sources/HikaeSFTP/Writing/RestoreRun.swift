// Puts a snapshot's content back over SFTP: folders, files, links; then modes and times of the folders.

import HikaeCore
import HikaeDestination
import HikaeFormat
import Synchronization

/// One restore. The walker decides, workers read the repository and start uploads, the channel's thread goes on.
final class RestoreRun: Sendable {
    /// Something to be made.
    struct Job: Sendable {
        var node: Node
        var path: [UInt8]
        var replaces: Bool
        var attempt = 0
    }

    private struct State {
        var summary = ReturnSummary()
        /// What is to be made once more, because the connection broke or a folder was not there yet.
        var again: [Job] = []
        var part = PartName()
        /// Files under other names whose writing a broken connection ended.
        var abandoned: [[UInt8]] = []
        /// A file was refused without a reason that the protocol can tell.
        var refused: (path: [UInt8], error: HikaeError, isWriting: Bool)?
    }

    let content: SnapshotContent
    let connection: SFTPConnection
    let options: ReturnOptions
    let watch: ReturnWatch
    let root: [UInt8]
    private let jobs = BoundedQueue<Job>(capacity: 256)
    private let gate: UploadGate
    private let failure = FirstError()
    private let state = Mutex(State())

    private static let workers = 4
    private static let smallSize: UInt64 = 256 << 10
    private static let attempts = 10

    init(
        _ content: SnapshotContent, _ connection: SFTPConnection, _ options: ReturnOptions, _ watch: ReturnWatch,
        root: [UInt8]
    ) throws(HikaeError) {
        self.content = content
        self.connection = connection
        self.options = options
        self.watch = watch
        self.root = root
        gate = UploadGate(count: min(128, try connection.channel().features.handles))
    }

    /// Writes everything; `exists` says whether the root is there.
    func run(exists: Bool) throws(HikaeError) -> ReturnSummary {
        let threads = (0..<Self.workers).map { _ in
            RunningThread { [self] in
                while let job = jobs.pop() {
                    if !isStopping { handle(job) }
                }
            }
        }
        var folders: [Job] = []
        do throws(HikaeError) {
            try walk(exists: exists, &folders)
        } catch {
            failure.set(error)
        }
        jobs.close()
        for thread in threads { thread.join() }
        gate.drain()
        try finishRounds()
        try finish(folders)
        return state.withLock { $0.summary }
    }

    private var isStopping: Bool { watch.cancellation.isCancelled || failure.value != nil }

    private func check() throws(HikaeError) {
        try watch.cancellation.check()
        let refused = state.withLock { state in
            defer { state.refused = nil }
            return state.refused
        }
        if let refused {
            if let full = fullness(refused.path, isWriting: refused.isWriting) {
                failure.set(full)
            } else {
                report(refused.error)
            }
        }
        try failure.check()
    }

    // MARK: - Walking

    private func walk(exists: Bool, _ folders: inout [Job]) throws(HikaeError) {
        var walk = TargetWalk(content, connection, watch.cancellation) { [self] error in report(error) }
        walk.leftover = { [self] path in connection.liveChannel?.send(.remove(path: path)) { _ in } }
        var list: [Job] = []
        try walk.run(root: root, exists: exists) { [self] item throws(HikaeError) in
            try check()
            watch.progress.currentItem = Printable.path(item.path)
            return try take(item, &list)
        }
        folders = list
    }

    private func take(_ item: TargetWalk.Item, _ folders: inout [Job]) throws(HikaeError) -> TargetWalk.Descent {
        let isFolder = item.node.kind == .dir
        switch item.relation {
        case .unsupported(let reason), .blocked(let reason):
            if options.onlyMissing, item.entry != nil {
                skip(item)
            } else {
                report(HikaeError(.refused, "\(Printable.path(item.path)) was not put back: \(reason)"))
            }
            return .skip
        case .same:
            if isFolder {
                if !options.onlyMissing { folders.append(Job(node: item.node, path: item.path, replaces: false)) }
                return .compare
            }
            if !options.onlyMissing, item.node.kind == .file { setMode(item) }
            skip(item)
            return .skip
        case .missing:
            let job = Job(node: item.node, path: item.path, replaces: false)
            guard isFolder else {
                jobs.push(job)
                return .skip
            }
            folders.append(job)
            makeFolder(job)
            return .allMissing
        case .differs(let reason):
            if options.onlyMissing {
                skip(item)
                if isFolder {
                    report(HikaeError(.refused, "what is in \(Printable.path(item.path)) was not put back: \(reason)"))
                }
                return .skip
            }
            guard options.replaces else {
                throw HikaeError(
                    .refused, "\(Printable.path(item.path)) is there already, and \(reason)",
                    hint: "Restore to an empty folder, only what is missing (--only-missing), or allow that things are "
                        + "replaced (--replace).")
            }
            let job = Job(node: item.node, path: item.path, replaces: true)
            guard isFolder else {
                jobs.push(job)
                return .skip
            }
            // A link or a file where a folder belongs: it is removed itself, never what it points to.
            try connection.perform { channel throws(HikaeError) in
                try channel.succeed(.remove(path: item.path), "remove", item.path)
            }
            folders.append(job)
            makeFolder(job)
            return .allMissing
        }
    }

    private func skip(_ item: TargetWalk.Item) {
        guard item.node.kind != .dir else { return }
        state.withLock { $0.summary.itemsSkipped += 1 }
        watch.progress.add(files: 1, bytes: Int(clamping: item.node.size))
    }

    /// A file that is there as it should be, but for its mode.
    private func setMode(_ item: TargetWalk.Item) {
        let wanted = FileMode.toSystemPermissions(item.node.mode)
        guard let there = item.entry?.attributes.mode, there & 0o7777 != wanted else { return }
        var attributes = FileAttributes()
        attributes.mode = wanted
        connection.liveChannel?.send(.setStatus(path: item.path, attributes: attributes)) { [self] answer in
            if case .reply(let reply) = answer, let error = reply.problem("set the mode of", item.path) {
                report(error)
            }
        }
    }

    // MARK: - Making

    private func makeFolder(_ job: Job) {
        var attributes = FileAttributes()
        attributes.mode = FileMode.toSystemPermissions(job.node.mode) | 0o700
        guard let channel = connection.liveChannel else { return tryAgain(job) }
        gate.enter(0)
        channel.send(.makeDirectory(path: job.path, attributes: attributes)) { [self] answer in
            switch answer {
            case .broken: tryAgain(job)
            case .reply(let reply):
                if let error = reply.problem("create the folder", job.path) { failed(job, error) }
            }
            gate.leave(0)
        }
    }

    private func handle(_ job: Job) {
        do throws(HikaeError) {
            try check()
            if job.attempt > 0, job.node.kind == .file, try connection.holds(job.node, at: job.path) {
                return written(job)
            }
            switch job.node.kind {
            case .symlink: try makeLink(job)
            case .file where job.node.size <= Self.smallSize: try upload(job)
            case .file:
                let large = LargeUpload(
                    content: content, connection: connection, progress: watch.progress,
                    cancellation: watch.cancellation)
                try large.run(job.node, placing(job))
                written(job, countsBytes: false)
            default: break
            }
        } catch {
            failed(job, error, isWriting: job.node.size > Self.smallSize)
        }
    }

    private func placing(_ job: Job) -> FileUpload.Placing {
        FileUpload.Placing(path: job.path, part: part(beside: job.path), replaces: job.replaces)
    }

    private func part(beside path: [UInt8]) -> [UInt8] {
        let folder = path.lastIndex(of: RemotePath.slash).map { Array(path[..<$0]) } ?? []
        return RemotePath.child(of: folder, state.withLock { $0.part.next() })
    }

    private func upload(_ job: Job) throws(HikaeError) {
        let bytes = try content.bytes(of: job.node, limit: Int(Self.smallSize))
        gate.enter(bytes.count)
        do throws(HikaeError) {
            let channel = try connection.channel()
            let placing = placing(job)
            let upload = FileUpload(placing, job.node.remoteAttributes, content: .owned(bytes), on: channel) {
                [self] failure in
                if let failure {
                    if failure.error.isRetryable { state.withLock { $0.abandoned.append(placing.part) } }
                    failed(job, failure.error, isWriting: failure.step == .write)
                } else {
                    written(job)
                }
                gate.leave(bytes.count)
            }
            upload.start()
        } catch {
            gate.leave(bytes.count)
            throw error
        }
    }

    private func makeLink(_ job: Job) throws(HikaeError) {
        try connection.perform { channel throws(HikaeError) in
            let path = job.replaces ? part(beside: job.path) : job.path
            do throws(HikaeError) {
                try channel.succeed(.makeLink(path: path, target: job.node.linkTarget), "create the link", job.path)
            } catch {
                guard !error.isRetryable else { throw error }
                // The answer to an earlier attempt may have been lost.
                guard try target(of: path, on: channel) == job.node.linkTarget else { throw error }
            }
            if job.replaces {
                let placing = FileUpload.Placing(path: job.path, part: path, replaces: true)
                for (request, isLast) in PartFile.placing(placing, channel.features) {
                    do throws(HikaeError) {
                        try channel.succeed(request, "put in its place", job.path)
                    } catch {
                        if isLast { throw error }
                    }
                }
            }
            if channel.features.setsLinkStatus {
                var attributes = job.node.remoteAttributes
                attributes.mode = nil
                do throws(HikaeError) {
                    try channel.succeed(
                        .setLinkStatus(path: job.path, attributes: attributes), "set the time of", job.path)
                } catch {
                    // A link's time is a nicety that not every file system has.
                    if error.isRetryable { throw error }
                }
            }
        }
        written(job)
    }

    /// Where a link points; nil when that cannot be told. Throws only when the connection broke: then it may be asked again.
    private func target(of path: [UInt8], on channel: SFTPChannel) throws(HikaeError) -> [UInt8]? {
        do throws(HikaeError) {
            return try channel.name(.readLink(path: path), path)
        } catch {
            if error.isRetryable { throw error }
            return nil
        }
    }

    // MARK: - What came of it

    private func written(_ job: Job, countsBytes: Bool = true) {
        state.withLock { state in
            state.summary.itemsWritten += 1
            state.summary.bytesWritten += job.node.size
        }
        watch.progress.add(files: 1, bytes: countsBytes ? Int(clamping: job.node.size) : 0)
    }

    private func failed(_ job: Job, _ error: HikaeError, isWriting: Bool = false) {
        if error.code == .cancelled || error.code == .noSpace || error.code == .quota { return failure.set(error) }
        if error.isRetryable || (error.code == .notFound && job.attempt == 0) { return tryAgain(job) }
        if error.code == .inputOutput, job.node.kind == .file {
            let mustReport = state.withLock { state in
                if let known = state.refused, known.isWriting || !isWriting { return true }
                state.refused = (job.path, error, isWriting)
                return false
            }
            if !mustReport { return }
        }
        // Made by an attempt whose answer was lost.
        if job.node.kind == .dir, job.attempt > 0 { return }
        report(error)
    }

    private func tryAgain(_ job: Job) {
        var job = job
        job.attempt += 1
        guard job.attempt <= Self.attempts else {
            return failure.set(
                HikaeError(
                    .unreachable, "\(Printable.path(job.path)) could not be written: the connection breaks each time"))
        }
        state.withLock { $0.again.append(job) }
    }

    private func report(_ error: HikaeError) {
        state.withLock { $0.summary.errors += 1 }
        watch.progress.errors.add(1, ordering: .relaxed)
        watch.report(error)
    }

    /// What was interrupted is made again, folders first, one round after the other.
    private func finishRounds() throws(HikaeError) {
        while true {
            try check()
            let round = state.withLock { state in
                defer { state.again = [] }
                return state.again
            }
            if round.isEmpty { return try clear() }
            for job in round.filter({ $0.node.kind == .dir }).sorted(by: { $0.path.count < $1.path.count }) {
                _ = try connection.channel()
                makeFolder(job)
            }
            gate.drain()
            for job in round where job.node.kind != .dir {
                try check()
                handle(job)
            }
            gate.drain()
        }
    }

    /// Removes what broken connections have left.
    private func clear() throws(HikaeError) {
        for _ in 0..<Self.attempts {
            let parts = state.withLock { state in
                defer { state.abandoned = [] }
                return state.abandoned
            }
            if parts.isEmpty { return }
            for part in parts {
                let channel = try connection.channel()
                gate.enter(0)
                channel.send(.remove(path: part)) { [self] answer in
                    if case .broken = answer { state.withLock { $0.abandoned.append(part) } }
                    gate.leave(0)
                }
            }
            gate.drain()
        }
    }

    /// Modes and times of the folders, the deepest first: nothing is written into them any more.
    private func finish(_ folders: [Job]) throws(HikaeError) {
        for job in folders.reversed() {
            let channel = try connection.channel()
            gate.enter(0)
            channel.send(.setStatus(path: job.path, attributes: job.node.remoteAttributes)) { [self] answer in
                switch answer {
                case .broken: tryAgain(job)
                case .reply(let reply):
                    if let error = reply.problem("set mode and time of", job.path) { report(error) }
                }
                gate.leave(0)
            }
        }
        gate.drain()
        let left = state.withLock { state in
            defer { state.again = [] }
            return state.again
        }
        for job in left {
            try connection.perform { channel throws(HikaeError) in
                try channel.succeed(
                    .setStatus(path: job.path, attributes: job.node.remoteAttributes), "set mode and time of", job.path)
            }
        }
        try failure.check()
    }

    /// Whether the disk is full, or something else keeps the server from writing: it has one word for all of them.
    /// Nil when it is none of our business but this file's.
    private func fullness(_ path: [UInt8], isWriting: Bool) -> HikaeError? {
        let space = try? connection.space(at: root)
        let written = state.withLock { $0.summary.itemsWritten }
        let hint = "\(written) items were written and stay. With more room, the same restore goes on where it stopped."
        if let space, space.bytes < 1 << 20 || space.files == 0 {
            return HikaeError(
                .noSpace, "\(connection.settings.address) has no space left: \(Printable.path(path)) was not written",
                hint: hint)
        }
        guard isWriting else { return nil }
        return HikaeError(
            .quota,
            "\(connection.settings.address) takes no more, most likely as the account's quota is used up:"
                + " \(Printable.path(path)) was not written", hint: hint)
    }
}

extension SFTPConnection {
    /// Room for us at a path, in bytes and files; nil when the server does not tell.
    func space(at path: [UInt8]) throws(HikaeError) -> (bytes: UInt64, files: UInt64)? {
        try perform { channel throws(HikaeError) in
            guard channel.features.tellsSpace else { return nil }
            return try channel.call(.space(path: path)) { reply throws(HikaeError) in
                guard case .extended(let bytes) = reply else { return nil }
                var reader = PacketReader(bytes)
                var figures: [UInt64] = []
                for _ in 0..<8 { figures.append(try reader.uint64()) }
                // Block size, fragment size, blocks, free, free for us, files, free, free for us.
                let (room, overflow) = figures[1].multipliedReportingOverflow(by: figures[4])
                return (overflow ? .max : room, figures[5] == 0 ? .max : figures[7])
            }
        }
    }
}
