// Reading restored files again and comparing them with the hashes that the snapshot names.

import HikaeCore
import HikaeFormat
import HikaeRepository
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Verifies the files of a batch after it was written. A file that is not right is reported by name.
final class BatchVerifier: Sendable {
    private let files: [PlannedFile]
    private let blobs: [PlannedBlob]
    /// Where each file's blobs begin.
    private let starts: [Int]
    private let index: BlobIndex
    private let reporter: RestoreReporter
    private let cancellation: Cancellation
    private let isWanted: @Sendable (Int) -> Bool
    private let next = Atomic<Int>(0)

    /// `isWanted`: whether a file is to be looked at; those known to be broken are not.
    init(
        _ batch: RestoreBatch, index: BlobIndex, reporter: RestoreReporter, cancellation: Cancellation,
        isWanted: @escaping @Sendable (Int) -> Bool
    ) {
        files = batch.files
        blobs = batch.blobs
        var starts: [Int] = []
        var start = 0
        for file in batch.files {
            starts.append(start)
            start += Int(file.blobCount)
        }
        self.starts = starts
        self.index = index
        self.reporter = reporter
        self.cancellation = cancellation
        self.isWanted = isWanted
    }

    /// Verifies all files. Throws `.cancelled`.
    func run(workers: Int) throws(HikaeError) {
        runThreads(workers) { _ in
            var buffer: [UInt8] = []
            while !self.cancellation.isCancelled {
                let number = self.next.add(1, ordering: .relaxed).oldValue
                guard number < self.files.count else { return }
                guard self.isWanted(number) else { continue }
                do throws(HikaeError) {
                    try self.verify(number, &buffer)
                    self.reporter.count { $0.verified += 1 }
                } catch {
                    self.reporter.fail(error)
                }
            }
        }
        try cancellation.check()
    }

    private func verify(_ number: Int, _ buffer: inout [UInt8]) throws(HikaeError) {
        let file = files[number]
        let descriptor = try file.folder.withDescriptor { EntryName.open($0, file.name, O_RDONLY | O_NONBLOCK) }
        guard descriptor >= 0 else { throw .system("open for verification", file.path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system("read the metadata of", file.path) }
        guard status.st_mode & S_IFMT == S_IFREG, UInt64(clamping: status.st_size) == file.size else {
            throw HikaeError(.damaged, "\(file.path) has \(status.st_size) bytes after the restore, not \(file.size)")
        }
        for blob in blobs[starts[number]..<starts[number] + Int(file.blobCount)] {
            let entry = index.blob(at: Int(blob.position))
            let length = entry.plaintextLength
            if buffer.count < length { buffer = [UInt8](repeating: 0, count: length) }
            var done = 0
            while done < length {
                let count = buffer.withUnsafeMutableBytes {
                    pread(
                        descriptor, $0.baseAddress.map { $0 + done }, length - done,
                        off_t(clamping: blob.fileOffset) + off_t(done))
                }
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { throw .system("read for verification", file.path) }
                done += count
            }
            let found = buffer.withUnsafeBytes { Digest.blobID(UnsafeRawBufferPointer(rebasing: $0[..<length])) }
            guard found == entry.id else {
                throw HikaeError(
                    .damaged, "\(file.path) is not right after the restore, from byte \(blob.fileOffset) on")
            }
        }
    }
}
