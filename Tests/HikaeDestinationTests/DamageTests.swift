// A repository that is not whole: what can be restored is, what cannot is named, and nothing wrong passes for right.

import Glibc
import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

@testable import HikaeDestination

@Suite("Restore from damaged repositories")
struct DamageTests {
    @Test("Files with a damaged blob are named once, all others are restored")
    func named() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        let blobs = (0..<6).map { number in (0..<5000).map { UInt8(truncatingIfNeeded: $0 * 7 + number) } }
        let tree = try vault.tree([
            vault.file("bad", Array(blobs[0...3]) + [blobs[1]]), vault.file("single", [blobs[1]]),
            vault.file("good", [blobs[0], blobs[2], blobs[4]]), vault.file("also", [blobs[5]]),
        ])
        try vault.damage(Digest.blobID(blobs[1]))
        let (summary, reports) = try vault.restore(tree, to: folder.path("out"))
        #expect(summary.errors == 2 && summary.files == 2)
        #expect(reports.count { $0.message.contains("/bad") } == 1)
        #expect(reports.count { $0.message.contains("/single") } == 1)
        #expect(try Files.read(folder.path("out/good")) == blobs[0] + blobs[2] + blobs[4])
        #expect(try Files.read(folder.path("out/also")) == blobs[5])
        #expect(!Files.exists(folder.path("out/single")))
        // What is there of the other has zeros in the gaps, and not the date of a whole file.
        let gap = [UInt8](repeating: 0, count: 5000)
        #expect(try Files.read(folder.path("out/bad")) == blobs[0] + gap + blobs[2] + blobs[3] + gap)
        var status = stat()
        #expect(lstat(folder.path("out/bad"), &status) == 0 && status.st_mtim.tv_sec != 1_340_179_200)
    }

    @Test("A file that is there stays when its replacement is damaged")
    func replacement() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        let blobs = (0..<3).map { number in (0..<5000).map { UInt8(truncatingIfNeeded: $0 * 3 + number) } }
        let tree = try vault.tree([vault.file("one", [blobs[1]]), vault.file("several", blobs)])
        try vault.damage(Digest.blobID(blobs[1]))
        for name in ["one", "several"] { try folder.write(name, "the old one") }
        let (summary, reports) = try vault.restore(tree, to: folder.path)
        #expect(summary.errors == 2 && summary.files == 0 && reports.allSatisfy { $0.message.contains("stays") })
        #expect(Files.names(in: folder.path) == ["one", "several"])
        for name in ["one", "several"] { #expect(try Files.read(folder.path(name)) == Array("the old one".utf8)) }
    }

    @Test("Another copy of a damaged blob is used")
    func copies() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        let blob = (0..<9000).map { UInt8(truncatingIfNeeded: $0) }
        let tree = try vault.tree([vault.file("f", [blob, [1]])])
        let first = try #require(vault.repository.index.lookup(Digest.blobID(blob), .data))
        var options = BlobWriter.Options()
        options.storesKnownBlobs = true
        let writer = try BlobWriter(vault.repository, options: options)
        let saver = writer.makeSaver()
        _ = try blob.withUnsafeBytes { try saver.save($0, .data) }
        saver.close()
        try writer.finish()
        #expect(vault.repository.index.copies(Digest.blobID(blob), .data).count == 2)
        let file = StoredFile(.pack, first.pack)
        var bytes = try vault.store.load(file)
        bytes[Int(first.offset) + 20] ^= 1
        try vault.store.remove(file)
        try vault.store.save(file, bytes)
        #expect(try vault.restore(tree, to: folder.path).reports.isEmpty)
        #expect(try Files.read(folder.path("f")) == blob + [1])
    }

    @Test("A pack that is gone costs the files in it and no others")
    func missingPack() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        let lost = try vault.file("lost", [[1, 2, 3]])
        let kept = try vault.file("kept", [[4, 5, 6]])
        let tree = try vault.tree([lost, kept])
        let location = try #require(vault.repository.index.lookup(lost.content?[0] ?? Digest.blobID([]), .data))
        try vault.store.remove(StoredFile(.pack, location.pack))
        let (summary, reports) = try vault.restore(tree, to: folder.path)
        #expect(summary.files == 1 && reports.count == 1 && reports[0].message.contains("/lost"))
    }

    @Test("A full disk stops the restore with a clear error", .enabled(if: geteuid() == 0, "mounts a filesystem"))
    func fullDisk() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        try Files.makeFolders(folder.path("disk"))
        let mount = try Command("mount", ["-t", "tmpfs", "-o", "size=1m", "none", folder.path("disk")]).run()
        if mount.status != 0 { return }
        defer { _ = try? Command("umount", [folder.path("disk")]).run() }
        var random = SeededGenerator(seed: 1)
        let blobs = (0..<8).map { _ in random.bytes(400_000) }
        for tree in [
            try vault.tree([vault.file("big", blobs)]),
            try vault.tree(blobs.enumerated().map { try vault.file("f\($0.offset)", [$0.element]) }),
        ] {
            let error = #expect(throws: HikaeError.self) { try vault.restore(tree, to: folder.path("disk")) }
            #expect(error?.code == .noSpace && error?.hint != nil)
            for name in Files.names(in: folder.path("disk")) { Files.remove(folder.path("disk/\(name)")) }
        }
    }

    @Test(
        "A disk that is full in the middle ends the restore, and keeps what was there",
        .enabled(if: geteuid() == 0, "mounts a filesystem"))
    func fullInTheMiddle() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        try Files.makeFolders(folder.path("disk"))
        let mount = try Command("mount", ["-t", "tmpfs", "-o", "size=24m", "none", folder.path("disk")]).run()
        if mount.status != 0 { return }
        defer { _ = try? Command("umount", [folder.path("disk")]).run() }
        var random = SeededGenerator(seed: 2)
        // Threads get 16 megabytes at a time: several batches are under way when the room is gone.
        var nodes: [Node] = []
        for number in 0..<60 {
            nodes.append(try vault.file("f\(number)", [random.bytes(600_000), random.bytes(600_000)]))
            try folder.write("disk/f\(number)", "precious \(number)")
        }
        let tree = try vault.tree(nodes)
        for workers in [1, 3] {
            var options = RestoreOptions()
            options.workers = workers
            let error = #expect(throws: HikaeError.self) { try vault.restore(tree, to: folder.path("disk"), options) }
            #expect(error?.code == .noSpace)
            let names = Files.names(in: folder.path("disk"))
            #expect(names.count == 60 && !names.contains { $0.hasPrefix(".hikae") }, "\(names)")
            for number in 0..<60 {
                let size = try Files.read(folder.path("disk/f\(number)")).count
                #expect(size == 1_200_000 || size == "precious \(number)".utf8.count, "f\(number) has \(size) bytes")
            }
        }
    }

    @Test("Verification finds a file that was changed behind the restore's back")
    func verification() throws {
        let vault = try Vault()
        let folder = try TemporaryDirectory()
        let blobs = [[UInt8](repeating: 1, count: 100), [UInt8](repeating: 2, count: 100)]
        let ids = try vault.save(blobs)
        try folder.write("right", Array(blobs.joined()))
        try folder.write("wrong", Array(blobs.reversed().joined()))
        try folder.write("short", blobs[0])
        let descriptor = open(folder.path, O_RDONLY | O_DIRECTORY)
        let target = TargetFolder(target: descriptor, existedBefore: true)
        let index = vault.repository.index
        var batch = RestoreBatch()
        for name in ["right", "wrong", "short", "missing"] {
            for (offset, id) in ids.enumerated() {
                let position = try #require(index.lookupPosition(id, .data))
                batch.blobs.append(
                    PlannedBlob(
                        pack: 0, offset: 0, length: 0, file: 0, position: UInt64(position),
                        fileOffset: UInt64(offset * 100)))
            }
            let node = try vault.file(name, blobs)
            batch.files.append(
                PlannedFile(
                    number: batch.files.count, folder: target, name: node.name, metadata: NodeMetadata(node), size: 200,
                    blobCount: 2,
                    replaces: false, link: nil))
        }
        let reports = Reports()
        let reporter = RestoreReporter(progress: Progress(), report: { reports.add($0) }, onItem: nil)
        let verifier = BatchVerifier(
            batch, index: index, reporter: reporter, cancellation: Cancellation(), isWanted: { _ in true })
        try verifier.run(workers: 2)
        #expect(reporter.summary.verified == 1 && reporter.summary.errors == 3)
        for name in ["wrong", "short", "missing"] { #expect(reports.all.contains { $0.message.contains(name) }) }
    }
}
