// Reads back what stands at the destination and compares it with the snapshot, byte for byte.

import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeSource
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One comparison.
final class VerifyRun: Sendable {
    private struct Job: Sendable {
        var node: Node
        var path: [UInt8]
        var file: RemoteFile
    }

    private let content: SnapshotContent
    private let connection: SFTPConnection
    private let watch: ReturnWatch
    private let reading: Reading
    private let jobs = BoundedQueue<Job>(capacity: 128)
    private let failure = FirstError()
    private let result = Mutex(Verification())

    private static let workers = 4
    private static let bufferSize = 256 << 10

    init(_ content: SnapshotContent, _ connection: SFTPConnection, _ watch: ReturnWatch) {
        self.content = content
        self.connection = connection
        self.watch = watch
        reading = Reading(connection, excludes: PathFilter())
    }

    func run(root: [UInt8]) throws(HikaeError) -> Verification {
        let threads = (0..<Self.workers).map { _ in
            RunningThread { [self] in
                while let job = jobs.pop() {
                    guard failure.value == nil, !watch.cancellation.isCancelled else { continue }
                    do throws(HikaeError) { try compare(job) } catch { failure.set(error) }
                }
            }
        }
        do throws(HikaeError) {
            var walk = TargetWalk(content, connection, watch.cancellation) { [self] error in watch.report(error) }
            try walk.run(root: root, exists: true) { [self] item throws(HikaeError) in
                try failure.check()
                return take(item)
            }
            let extra = walk.extra
            result.withLock { $0.extra = extra }
        } catch {
            failure.set(error)
        }
        jobs.close()
        for thread in threads { thread.join() }
        try failure.check()
        try watch.cancellation.check()
        return result.withLock { result in
            result.methods = [
                "every file read back over SFTP and compared byte for byte with the snapshot",
                "kinds, modes, link targets and the times of files compared",
            ]
            return result
        }
    }

    private func take(_ item: TargetWalk.Item) -> TargetWalk.Descent {
        let path = Printable.path(item.path)
        watch.progress.currentItem = path
        guard let entry = item.entry else {
            note(item, "\(path) is missing")
            // What is in a missing folder is missing, too, and counted.
            return item.node.kind == .dir ? .allMissing : .skip
        }
        switch item.relation {
        case .missing, .unsupported: note(item, "\(path) is missing")
        case .blocked(let reason), .differs(let reason):
            guard item.node.kind == .file, entry.attributes.kind == .file,
                entry.attributes.size == item.node.size
            else {
                note(item, "\(path): \(reason)")
                return item.node.kind == .dir ? .allMissing : .skip
            }
            note(item, "\(path): \(reason)")
        case .same:
            if let difference = modeDifference(item.node, entry) {
                note(item, "\(path): \(difference)")
                return item.node.kind == .dir ? .compare : .skip
            }
            guard item.node.kind == .file else {
                equal(0)
                return item.node.kind == .dir ? .compare : .skip
            }
            let folder = item.path.lastIndex(of: RemotePath.slash).map { Array(item.path[..<$0]) } ?? []
            let file = RemoteFile(entry, in: folder, reading: reading, group: nil)
            file.expectOpening()
            jobs.push(Job(node: item.node, path: item.path, file: file))
        }
        return .skip
    }

    private func modeDifference(_ node: Node, _ entry: RemoteEntry) -> String? {
        guard node.kind != .symlink, let there = entry.attributes.mode else { return nil }
        let wanted = FileMode.toSystemPermissions(node.mode)
        guard there & 0o7777 != wanted else { return nil }
        return "its mode is \(String(there & 0o7777, radix: 8)) and not \(String(wanted, radix: 8))"
    }

    private func note(_ item: TargetWalk.Item, _ sentence: String) {
        result.withLock { result in
            result.compared += 1
            result.differs(sentence)
        }
        watch.progress.add(files: 1)
    }

    private func equal(_ bytes: UInt64) {
        result.withLock { result in
            result.compared += 1
            result.equal += 1
        }
        watch.progress.add(files: 1, bytes: Int(clamping: bytes))
    }

    private func compare(_ job: Job) throws(HikaeError) {
        // What the repository runs into ends the comparison; what the destination does is a difference.
        var difference: String?
        let reader: any SourceReader
        do throws(HikaeError) {
            reader = try job.file.open()
        } catch {
            return try differs(job, error)
        }
        var buffer = [UInt8](repeating: 0, count: Self.bufferSize)
        var remote: HikaeError?
        try content.read(job.node) { bytes throws(HikaeError) in
            guard difference == nil, remote == nil else { return }
            try watch.cancellation.check()
            var place = 0
            while place < bytes.count {
                let wanted = min(buffer.count, bytes.count - place)
                var count = 0
                do throws(HikaeError) {
                    count = try buffer.withMutableBytes { buffer throws(HikaeError) in
                        try reader.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
                    }
                } catch {
                    remote = error
                    return
                }
                let part = UnsafeRawBufferPointer(rebasing: bytes[place..<place + count])
                guard count > 0, Self.areEqual(buffer, part) else {
                    difference = "its bytes are not those of the snapshot"
                    return
                }
                place += count
            }
        }
        if let remote { return try differs(job, remote) }
        if let difference {
            result.withLock { result in
                result.compared += 1
                result.differs("\(Printable.path(job.path)): \(difference)")
            }
            watch.progress.add(files: 1)
        } else {
            equal(job.node.size)
        }
    }

    /// Whether a buffer begins with these bytes.
    private static func areEqual(_ buffer: [UInt8], _ part: UnsafeRawBufferPointer) -> Bool {
        guard let base = part.baseAddress else { return true }
        return buffer.withUnsafeBytes { $0.baseAddress.map { memcmp($0, base, part.count) == 0 } ?? false }
    }

    /// An error of one file is a difference; one of the connection ends it all.
    private func differs(_ job: Job, _ error: HikaeError) throws(HikaeError) {
        switch error.code {
        case .notFound, .permission, .incomplete, .inputOutput:
            result.withLock { result in
                result.compared += 1
                result.differs("\(Printable.path(job.path)) cannot be read back: \(error.message)")
            }
        default: throw error
        }
    }
}
