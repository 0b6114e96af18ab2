// One bit of every byte of every file of a repository turned over in turn: nothing crashes, nothing wrong is restored,
// check finds it, and repair saves the rest.

import HikaeCore
import HikaeFormat
import HikaeRepository
import HikaeStore
import HikaeTesting
import Testing

@Suite("A repository with one byte damaged")
struct FlippedByteTests {
    private let files: FileTree = [
        "mail/1": TestBytes.noise(60, seed: 1), "mail/2": TestBytes.text(800, seed: 2), "empty": [],
        "shared": TestBytes.noise(40, seed: 3),
    ]
    private let older: FileTree = ["shared": TestBytes.noise(40, seed: 3), "old": TestBytes.text(90, seed: 4)]

    private func scene() throws -> (store: MemoryStore, truths: [FileID: FileTree]) {
        let small = try SmallRepository()
        let first = try small.save(older, at: 1_340_000_000)
        let second = try small.save(files, at: 1_340_000_100)
        return (small.store, [first.id: older, second.id: files])
    }

    /// Restores every snapshot that can be: what is read must be the truth, to the byte.
    private func restore(_ store: MemoryStore, _ truths: [FileID: FileTree], _ place: String) throws -> Int {
        let repository = try Repository.open(store, password: Scene.password)
        try repository.loadIndex { _, _ in }
        var whole = 0
        for (id, truth) in truths {
            guard let snapshot = try? repository.snapshot(id) else { continue }
            let content = try? SmallRepository.content(of: snapshot.tree, in: repository)
            if let content {
                #expect(content == truth, "wrong bytes after \(place)")
                whole += 1
            }
        }
        return whole
    }

    @Test("is never restored wrongly, and check names what is damaged", arguments: FileKind.standard)
    func everyByte(kind: FileKind) throws {
        let (store, truths) = try scene()
        for (file, content) in store.files where file.kind == kind {
            for place in content.indices {
                let name = "\(file) at \(place) of \(content.count)"
                var bytes = content
                bytes[place] ^= UInt8(1) << UInt8(place % 8)
                store.damage(file, with: bytes)
                defer { store.damage(file, with: content) }
                let findings: Findings
                let report: CheckReport
                do {
                    (report, findings) = try Findings.check(store)
                } catch {
                    // Without its only key or its config a repository does not open: that is the finding.
                    #expect(kind == .key || kind == .config, "\(name): \(error)")
                    continue
                }
                #expect(!report.isSound, "check found nothing: \(name)")
                judge(file, findings, name)
                let whole = try restore(store, truths, name)
                if kind == .pack {
                    // Whoever cannot be restored in full is named.
                    let paths = Set(findings.errors.flatMap(\.paths).map { $0.prefix(8) })
                    let harmed = truths.count - whole
                    #expect(paths.count == harmed, "\(name): \(paths)")
                }
            }
        }
    }

    private func judge(_ file: StoredFile, _ findings: Findings, _ name: String) {
        switch file.kind {
        case .pack:
            #expect(findings.errors.allSatisfy { $0.pack == file.id }, "\(name): \(findings.errors)")
            for finding in findings.errors where finding.kind == .blobDamaged {
                #expect(finding.blob != nil && !finding.paths.isEmpty, "\(name): \(finding)")
            }
        case .index, .snapshot, .key: #expect(findings.errors.contains { $0.file == file }, "\(name)")
        default: break
        }
    }

    @Test("is repaired so far that all but the damaged file is there again")
    func repairEveryByte() throws {
        let (pristine, truths) = try scene()
        for (file, content) in pristine.files where file.kind == .pack || file.kind == .index {
            // Every third byte: the whole chain of repairs is run at each.
            for place in stride(from: 0, to: content.count, by: 3) {
                let name = "\(file) at \(place) of \(content.count)"
                let store = pristine.copy()
                var bytes = content
                bytes[place] ^= 0x41
                store.damage(file, with: bytes)
                try repair(store, name)
                let (report, findings) = try Findings.check(store)
                #expect(report.isSound, "\(name): \(findings.errors)")
                try expectSaved(store, truths, file.kind, name)
            }
        }
    }

    private func repair(_ store: MemoryStore, _ name: String) throws {
        let repository = try Repository.open(store, password: Scene.password)
        let repairer = Repairer(repository: repository)
        _ = try repairer.repairIndex()
        let report = try Findings.check(store).report
        if !report.damagedPacks.isEmpty { _ = try repairer.repairPacks(report.damagedPacks) }
        var unreadable: [FileID] = []
        let snapshots = try repository.snapshots { id, _ in unreadable.append(id) }
        _ = try repairer.repairSnapshots(snapshots, unreadable: unreadable, forget: true)
    }

    /// All files but those with the one damaged blob must be whole.
    private func expectSaved(
        _ store: MemoryStore, _ truths: [FileID: FileTree], _ kind: FileKind, _ name: String
    ) throws {
        let repository = try Repository.open(store, password: Scene.password)
        try repository.loadIndex()
        var lost = 0
        for (id, truth) in truths {
            let snapshot = try repository.snapshots().first { $0.id == id || $0.snapshot.original == id }
            guard let snapshot else {
                // Its root was the one damaged blob.
                lost += 1
                continue
            }
            let content = try SmallRepository.content(of: snapshot.snapshot.tree, in: repository)
            let harmed = truth.filter { content[$0.key] != $0.value }.keys
            for path in content.keys {
                let saved = content[path] ?? []
                let whole = truth[path] ?? []
                #expect(saved == whole || saved.count < whole.count, "\(name): \(path)")
            }
            // One blob is at most one file, or one folder.
            #expect(Set(harmed.map { $0.split(separator: "/")[0] }).count <= 1, "\(name): \(harmed)")
            if !harmed.isEmpty { lost += 1 }
        }
        if kind == .index { #expect(lost == 0, "\(name)") }
    }
}
