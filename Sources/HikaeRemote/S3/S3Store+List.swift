// Listings of a repository in a bucket. The packs of a large one are listed from sixteen sides at once.

public import HikaeCore
import HikaeS3
public import HikaeStore
import Synchronization

extension S3Store {
    /// All files of a kind.
    public func list(_ kind: FileKind) throws(HikaeError) -> [StoredFileInfo] {
        guard kind != .config else { return [] }
        var found: [StoredFileInfo] = []
        var isWhole = false
        let folder = "\(base)\(kind.folder)/"
        do throws(HikaeError) {
            try client.list(prefix: Array(folder.utf8)) { page throws(HikaeError) in
                for object in page.objects { if let info = info(object, kind) { found.append(info) } }
                isWhole = page.isLast
                return kind != .pack
            }
            if !isWhole, kind == .pack { found = try listPacks(folder) }
        } catch {
            guard error.code == .notFound else { throw error }
            throw vanished() ?? error
        }
        if found.isEmpty, let gone = vanished() { throw gone }
        if !found.isEmpty { noteSeen() }
        return found
    }

    /// The packs by the first digit of their names, several digits at a time.
    private func listPacks(_ folder: String) throws(HikaeError) -> [StoredFileInfo] {
        let found = Mutex<[StoredFileInfo]>([])
        let next = Atomic<Int>(0)
        let failure = FirstError()
        runThreads(min(8, max(1, traits.wantedConcurrency))) { [self] _ in
            while failure.value == nil {
                let digit = next.add(1, ordering: .relaxed).oldValue
                guard digit < 16 else { return }
                do throws(HikaeError) {
                    try client.list(prefix: Array("\(folder)\(String(digit, radix: 16))".utf8)) {
                        page throws(HikaeError) in
                        let infos = page.objects.compactMap { info($0, .pack) }
                        found.withLock { $0 += infos }
                        return failure.value == nil
                    }
                } catch { failure.set(error) }
            }
        }
        try failure.check()
        return found.withLock { $0 }
    }

    private func info(_ object: ListedObject, _ kind: FileKind) -> StoredFileInfo? {
        guard let file = file(object.key), file.kind == kind, let id = file.id else { return nil }
        return StoredFileInfo(id: id, size: object.size)
    }

    /// The file that a key is of; nil for what is no file of a repository.
    package func file(_ key: [UInt8]) -> StoredFile? {
        guard key.starts(with: base.utf8) else { return nil }
        let path = key.dropFirst(base.utf8.count)
        if path.elementsEqual("config".utf8) { return .config }
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        let name = path[path.index(after: slash)...]
        guard name.allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }),
            let id = FileID(hex: String(decoding: name, as: UTF8.self))
        else { return nil }
        for kind in FileKind.allCases where kind != .config {
            let file = StoredFile(kind, id)
            if path.elementsEqual(file.path.utf8) { return file }
        }
        return nil
    }
}
