// One restore into a bucket, or one comparison with it: several objects at a time.

import Crypto
import HikaeCore
import HikaeDestination
import HikaeFormat
import HikaeHTTP
import HikaeSource
import Synchronization

/// A file of the snapshot and the key it belongs to.
struct ReturnItem: Sendable {
    let key: [UInt8]
    let node: Node
}

/// What is done with one bucket, on several threads.
struct ReturnSession: Sendable {
    let client: S3Client
    private(set) var watch: ReturnWatch
    /// Whether the bucket was there when this began.
    let isBucketThere: Bool
    private let threads: Int
    private let base: [UInt8]

    init(_ settings: S3Settings, _ client: S3Client, _ watch: ReturnWatch, threads: Int, isBucketThere: Bool) {
        (self.client, self.watch, self.threads, self.isBucketThere) = (client, watch, threads, isBucketThere)
        base = ObjectPath.base(of: Array(settings.prefix.utf8))
    }

    /// The same, telling nobody of single items: for a look before the work, which tells of them again.
    var silent: ReturnSession {
        var silent = self
        silent.watch.report = { _ in }
        return silent
    }

    /// How what is there compares with what is wanted.
    enum State: Equatable {
        case missing
        case equal
        /// With the reason.
        case differs(String)
    }

    // The whole.

    func preview(_ content: SnapshotContent) throws(HikaeError) -> ReturnPreview {
        let isEmpty = try isEmpty()
        let preview = Mutex(ReturnPreview())
        try each(content, phase: "compare") { item throws(HikaeError) in
            let state = isEmpty ? .missing : try state(of: item, content)
            preview.withLock { preview in
                switch state {
                case .missing:
                    preview.items += 1
                    preview.bytes += item.node.size
                case .equal: preview.present += 1
                case .differs(let reason):
                    preview.items += 1
                    preview.bytes += item.node.size
                    preview.conflictCount += 1
                    if preview.conflicts.count < 1000 {
                        preview.conflicts.append("\(S3Client.shown(item.key)): \(reason)")
                    }
                }
            }
        }
        return preview.withLock { preview in
            preview.conflicts.sort()
            return preview
        }
    }

    func restore(_ content: SnapshotContent, _ options: ReturnOptions) throws(HikaeError) -> ReturnSummary {
        let isEmpty = try isEmpty()
        let summary = Mutex(ReturnSummary())
        let failures = try each(content, phase: "restore") { item throws(HikaeError) in
            if !isEmpty {
                let state = try state(of: item, content, isPresenceEnough: options.onlyMissing)
                if state == .equal || (state != .missing && options.onlyMissing) {
                    summary.withLock { $0.itemsSkipped += 1 }
                    return
                }
                if state != .missing, !options.replaces {
                    throw HikaeError(.refused, "\(S3Client.shown(item.key)) was put there meanwhile, and differs")
                }
            }
            try write(item, content)
            summary.withLock { summary in
                summary.itemsWritten += 1
                summary.bytesWritten += item.node.size
            }
        }
        return summary.withLock { summary in
            summary.errors = failures
            return summary
        }
    }

    func verify(_ content: SnapshotContent, facts: CaptureFacts?) throws(HikaeError) -> Verification {
        let found = Mutex(Verification())
        let present = Atomic<UInt64>(0)
        let failures = try each(content, phase: "verify") { item throws(HikaeError) in
            let difference = try difference(of: item, content, present)
            found.withLock { found in
                found.compared += 1
                if let difference {
                    found.differs("\(S3Client.shown(item.key)): \(difference)")
                } else {
                    found.equal += 1
                }
            }
        }
        var there: UInt64 = 0
        try client.list(prefix: base) { page throws(HikaeError) in
            there += UInt64(page.objects.count)
            try watch.cancellation.check()
            return true
        }
        var result = found.withLock { $0 }
        if failures > 0 { result.differs("\(failures) objects could not be compared; each was reported") }
        if let facts, facts.unit == .objects, facts.items != result.compared + failures {
            result.differs("the capture counted \(facts.items) objects, the snapshot has \(result.compared)")
        }
        let counted = present.load(ordering: .relaxed)
        result.extra = there > counted ? there - counted : 0
        result.methods = ["every object read back and compared by SHA-256, with its metadata"]
        result.differences.sort()
        return result
    }

    // One object.

    /// - Parameter isPresenceEnough: do not look closely at an object that is there: any difference will do.
    private func state(
        of item: ReturnItem, _ content: SnapshotContent, isPresenceEnough: Bool = false
    ) throws(HikaeError) -> State {
        guard let head = try client.head(item.key) else { return .missing }
        if isPresenceEnough { return .equal }
        guard head.contentLength == item.node.size else {
            return .differs("\(head.contentLength ?? 0) bytes are there, it has \(item.node.size)")
        }
        let attributes = ObjectAttributes(item.node)
        if let differing = attributes?.differences(from: head), !differing.isEmpty {
            return .differs("its metadata differ: \(differing.joined(separator: ", "))")
        }
        if let etag = attributes?["etag"], etag == head.etag { return .equal }
        // One that was stored in parts before has an ETag that the same bytes in the same parts give.
        var expected = try PartedETag(size: item.node.size)
        try content.read(item.node) { bytes throws(HikaeError) in expected.update(bytes) }
        return expected.finish() == head.etag ? .equal : .differs("its bytes differ, as its ETag tells")
    }

    private func write(_ item: ReturnItem, _ content: SnapshotContent) throws(HikaeError) {
        let headers = ObjectAttributes(item.node)?.headers ?? []
        let progress = watch.progress
        if PartPlan.isWhole(item.node.size) {
            let bytes = try content.bytes(of: item.node, limit: PartPlan.usual)
            guard UInt64(bytes.count) == item.node.size else { throw short(item) }
            try client.put(item.key, bytes, headers: headers)
            progress.add(bytes: bytes.count)
            return
        }
        let plan = try PartPlan(size: item.node.size)
        var upload = try MultipartUpload(client, item.key, headers: headers)
        do throws(HikaeError) {
            var part: [UInt8] = []
            var total: UInt64 = 0
            part.reserveCapacity(plan.partSize)
            try content.read(item.node) { bytes throws(HikaeError) in
                var rest = bytes[...]
                while !rest.isEmpty {
                    let taken = rest.prefix(plan.partSize - part.count)
                    part += taken
                    rest = rest.dropFirst(taken.count)
                    total += UInt64(taken.count)
                    guard part.count == plan.partSize else { continue }
                    try upload.add(part)
                    progress.add(bytes: part.count)
                    part.removeAll(keepingCapacity: true)
                }
            }
            if !part.isEmpty {
                try upload.add(part)
                progress.add(bytes: part.count)
            }
            guard total == item.node.size else { throw short(item) }
            try upload.complete()
        } catch {
            upload.abort()
            throw error
        }
    }

    private func short(_ item: ReturnItem) -> HikaeError {
        HikaeError(.damaged, "\(S3Client.shown(item.key)) has another length in the vault than its node says")
    }

    /// What differs, or nil.
    private func difference(
        of item: ReturnItem, _ content: SnapshotContent, _ present: borrowing Atomic<UInt64>
    ) throws(HikaeError) -> String? {
        let reader: ObjectReader
        do throws(HikaeError) {
            reader = try ObjectReader(client, item.key)
        } catch {
            guard error.code == .notFound else { throw error }
            return "it is missing"
        }
        present.add(1, ordering: .relaxed)
        if reader.size != item.node.size { return "\(reader.size) bytes are there, it has \(item.node.size)" }
        var theirs = SHA256()
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = try buffer.withMutableBytes { bytes throws(HikaeError) in try reader.read(into: bytes) }
            if count == 0 { break }
            buffer.withUnsafeBytes { theirs.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            watch.progress.add(bytes: count)
        }
        var ours = SHA256()
        try content.read(item.node) { bytes throws(HikaeError) in ours.update(bufferPointer: bytes) }
        guard theirs.finalize() == ours.finalize() else { return "its bytes differ" }
        let differing = ObjectAttributes(item.node)?.differences(from: reader.head) ?? []
        return differing.isEmpty ? nil : "its metadata differ: \(differing.joined(separator: ", "))"
    }

    private func isEmpty() throws(HikaeError) -> Bool {
        guard isBucketThere else { return true }
        var isEmpty = true
        try client.list(prefix: base, most: 1) { page throws(HikaeError) in
            isEmpty = page.objects.isEmpty
            return isEmpty
        }
        return isEmpty
    }

    // All objects.

    /// Calls `body` for each file of the content, on several threads. What hinders one is reported; returns how many
    /// could not be handled. Throws when that is the server's, or the vault's, and not the object's fault.
    @discardableResult
    private func each(
        _ content: SnapshotContent, phase: String, _ body: @escaping @Sendable (ReturnItem) throws(HikaeError) -> Void
    ) throws(HikaeError) -> UInt64 {
        watch.progress.begin(phase: phase)
        let queue = BoundedQueue<ReturnItem>(capacity: threads * 2)
        let failures = Atomic<UInt64>(0)
        let fatal = FirstError()
        let watch = watch
        let failed: @Sendable (HikaeError) -> Void = { error in
            switch error.code {
            case .cancelled, .accessDenied, .untrusted, .quota, .usage, .refused: fatal.set(error)
            case .unreachable where failures.load(ordering: .relaxed) > 64: fatal.set(error)
            default:
                failures.add(1, ordering: .relaxed)
                watch.report(error)
            }
        }
        let workers = (0..<threads).map { _ in
            RunningThread {
                while let item = queue.pop() {
                    guard fatal.value == nil else { continue }
                    do throws(HikaeError) {
                        try watch.cancellation.check()
                        watch.progress.currentItem = S3Client.shown(item.key)
                        try body(item)
                        watch.progress.add(files: 1)
                    } catch {
                        failed(error)
                    }
                }
            }
        }
        let walked = Result<Void, HikaeError> { () throws(HikaeError) in
            try content.walk { path, node throws(HikaeError) in
                if let error = fatal.value { throw error }
                guard path.first != ObjectPath.versions, node.kind != .dir else { return }
                guard node.kind == .file else {
                    return failed(
                        HikaeError(.unsupported, "\(node.displayName) is a \(node.kind.rawValue): no object can be one")
                    )
                }
                guard let key = ObjectPath.key(of: path), (base + key).count <= 1024 else {
                    return failed(HikaeError(.unsupported, "\(node.displayName) cannot be named by a key"))
                }
                queue.push(ReturnItem(key: base + key, node: node))
            }
        }
        queue.close()
        for worker in workers { worker.join() }
        try fatal.check()
        try walked.get()
        return failures.load(ordering: .relaxed)
    }
}
